//! From facts to rulings, and from a reading of what leaves to `Cleared`.

use super::{
    Cleared, Grounds, Mode, Policy,
    route::{Action, Route},
};
use crate::model::{
    Address, Channel, Direction, Envelope, GapKind, KeyTrouble, Level, MethodId, Offer, PartPath,
    Reading, Reason, Reviewer, Ruling, Verdict,
};

/// Everything a decision rests on.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// What the front-end can do.
    pub channel: Channel,
    /// Our own domains, lower case.
    pub domains: &'a [String],
    /// Sender and recipients.
    pub envelope: &'a Envelope,
    /// What the methods can do for each recipient.
    pub offers: &'a [Offer],
    /// What was found and what could not be read.
    pub reading: &'a Reading,
}

impl Policy {
    /// Decides for every recipient. The rulings cover all recipients, each
    /// once; those alike in verdict and reasons are one ruling.
    pub fn decide(&self, facts: &Facts<'_>) -> Vec<Ruling> {
        let mut rulings: Vec<Ruling> = Vec::new();
        for recipient in &facts.envelope.recipients {
            let ruling = self.decide_one(facts, recipient);
            let alike = |other: &&mut Ruling| {
                (other.verdict, &other.route, &other.reasons)
                    == (ruling.verdict, &ruling.route, &ruling.reasons)
            };
            match rulings.iter_mut().find(alike) {
                Some(other) => other.recipients.push(recipient.clone()),
                None => rulings.push(ruling),
            }
        }
        if must_be_alike(facts, &rulings) { strictest(facts, rulings) } else { rulings }
    }

    /// Clears bytes that leave as they came: every recipient must get
    /// `Deliver` for this reading.
    ///
    /// # Errors
    ///
    /// The rulings that forbid it.
    pub fn clear(&self, facts: &Facts<'_>) -> Result<Cleared, Vec<Ruling>> {
        let mut against = self.decide(facts);
        against.retain(|ruling| ruling.verdict != Verdict::Deliver);
        if !against.is_empty() {
            return Err(against);
        }
        let recipients = facts.envelope.recipients.clone();
        Ok(Cleared::new(facts.reading.digest, recipients, Grounds::Deliver))
    }

    /// Clears what a method made. `sealed` are the parts it encrypted: only
    /// proven encryption inside them is forgiven, everything else in `reading`
    /// must be clean.
    ///
    /// # Errors
    ///
    /// What still stands in the clear.
    pub fn clear_protected(
        &self,
        reading: &Reading,
        recipients: &[Address],
        method: MethodId,
        sealed: &[PartPath],
    ) -> Result<Cleared, Vec<Reason>> {
        let found = reading.findings.iter().filter(|finding| finding.level >= Level::Medium);
        let found = found.map(|finding| Reason::Finding(finding.rule.clone(), finding.level));
        let forgiven = |kind: &GapKind, path: &PartPath| {
            matches!(kind, GapKind::Encrypted(_)) && sealed.iter().any(|part| path.is_within(part))
        };
        let unread = reading.gaps.iter().filter(|gap| !forgiven(&gap.kind, &gap.path));
        let unread = unread.map(|gap| Reason::Gap(gap.kind.as_str()));
        let against: Vec<Reason> = found.chain(unread).collect();
        if !against.is_empty() {
            return Err(against);
        }
        Ok(Cleared::new(reading.digest, recipients.to_vec(), Grounds::Protect(method)))
    }

    /// Clears anything at all while only watching.
    pub fn clear_monitored(&self, mode: Mode, reading: &Reading, to: &Envelope) -> Option<Cleared> {
        match mode {
            Mode::Enforce => None,
            Mode::Monitor => {
                Some(Cleared::new(reading.digest, to.recipients.clone(), Grounds::Monitor))
            }
        }
    }

    /// Clears what a person released, after it was read again.
    pub fn clear_released(&self, reading: &Reading, to: &Envelope, by: &Reviewer) -> Cleared {
        let grounds = Grounds::Release(by.name().to_owned());
        Cleared::new(reading.digest, to.recipients.clone(), grounds)
    }

    fn decide_one(&self, facts: &Facts<'_>, recipient: &Address) -> Ruling {
        let sender = facts.envelope.sender.as_ref();
        let direction = Direction::of(sender, recipient, facts.domains);
        let fits = |route: &&Route| route.matches(direction, sender, recipient, facts.reading);
        let recipients = vec![recipient.clone()];
        let mut reasons = reasons(facts.reading);
        let Some(route) = self.routes.iter().find(fits) else {
            let verdict = if is_quiet(facts.reading) { Verdict::Deliver } else { Verdict::Hold };
            return Ruling { recipients, verdict, route: "default".into(), reasons };
        };
        let verdict = match choose(facts, route, recipient) {
            Ok(verdict) => verdict,
            Err(troubles) => {
                reasons.extend(troubles);
                plain_verdict(route.otherwise)
            }
        };
        Ruling { recipients, verdict, route: route.name.clone(), reasons }
    }
}

/// The verdict of a route, or why none of its methods serves the recipient.
fn choose(facts: &Facts<'_>, route: &Route, to: &Address) -> Result<Verdict, Vec<Reason>> {
    if route.action != Action::Protect {
        return Ok(plain_verdict(route.action));
    }
    let alone = facts.envelope.recipients.len() == 1 && facts.channel.replaces;
    if !facts.channel.splits() && !alone {
        return Err(vec![Reason::NotSplit]);
    }
    let mut troubles = Vec::new();
    for method in &route.methods {
        match usable(facts, *method, to) {
            Ok(()) => return Ok(Verdict::Protect(*method)),
            Err(trouble) => troubles.push(Reason::Key(*method, trouble)),
        }
    }
    Err(troubles)
}

/// Whether `method` can serve `to` and reaches every place where something
/// was found.
fn usable(facts: &Facts<'_>, method: MethodId, to: &Address) -> Result<(), KeyTrouble> {
    let mut offers = facts.offers.iter();
    let offer = offers.find(|offer| offer.method == method && offer.recipient == *to);
    let offer = offer.ok_or(KeyTrouble::MethodUnavailable)?;
    offer.key.as_ref().map_err(|trouble| *trouble)?;
    let mut found = facts.reading.findings.iter().filter(|finding| finding.level >= Level::Medium);
    if found.all(|finding| offer.covers.contains(&finding.surface)) {
        Ok(())
    } else {
        Err(KeyTrouble::SurfaceUncovered)
    }
}

/// `Protect` without a method is not a verdict; `choose` handles it before.
fn plain_verdict(action: Action) -> Verdict {
    match action {
        Action::Defer => Verdict::Defer,
        Action::Deliver => Verdict::Deliver,
        Action::Hold | Action::Protect => Verdict::Hold,
        Action::Refuse => Verdict::Refuse,
    }
}

/// Whether the recipients cannot be treated apart. A front-end that answers
/// once for all can still send copies on another way, but then a refusal beside
/// other verdicts must be told by mail, and outsiders are never mailed.
fn must_be_alike(facts: &Facts<'_>, rulings: &[Ruling]) -> bool {
    if rulings.len() < 2 || facts.channel.answers_each {
        return false;
    }
    let sender_is_ours = facts
        .envelope
        .sender
        .as_ref()
        .is_some_and(|sender| facts.domains.iter().any(|domain| domain == sender.domain()));
    let defers = rulings.iter().any(|ruling| ruling.verdict == Verdict::Defer);
    let refuses = rulings.iter().any(|ruling| ruling.verdict == Verdict::Refuse);
    !facts.channel.reinjects || defers || (refuses && !sender_is_ours)
}

fn strictest(facts: &Facts<'_>, rulings: Vec<Ruling>) -> Vec<Ruling> {
    let mut rulings = rulings;
    if rulings.iter().all(|ruling| ruling.verdict == rulings[0].verdict) {
        return rulings;
    }
    rulings.sort_by_key(|ruling| std::cmp::Reverse(strictness(ruling.verdict)));
    rulings.truncate(1);
    for ruling in &mut rulings {
        ruling.recipients = facts.envelope.recipients.clone();
        ruling.reasons.push(Reason::NotSplit);
    }
    rulings
}

fn strictness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deliver => 0,
        Verdict::Protect(_) => 1,
        Verdict::Hold => 2,
        Verdict::Refuse => 3,
        Verdict::Defer => 4,
    }
}

fn is_quiet(reading: &Reading) -> bool {
    reading.level() < Some(Level::Medium)
        && reading.gaps.iter().all(|gap| matches!(gap.kind, GapKind::Encrypted(_)))
}

/// Each rule once with its highest level, each kind of gap once.
fn reasons(reading: &Reading) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut findings: Vec<_> = reading.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    for finding in findings {
        let known =
            |reason: &Reason| matches!(reason, Reason::Finding(rule, _) if *rule == finding.rule);
        if !reasons.iter().any(known) {
            reasons.push(Reason::Finding(finding.rule.clone(), finding.level));
        }
    }
    for gap in &reading.gaps {
        let reason = Reason::Gap(gap.kind.as_str());
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, Gap, Masked, Proof, Span, Surface};

    const RELAY: Channel =
        Channel { answers_each: true, passes_some: true, reinjects: true, replaces: true };
    const MILTER: Channel =
        Channel { answers_each: false, passes_some: true, reinjects: false, replaces: true };
    const SPLIT: Channel =
        Channel { answers_each: false, passes_some: true, reinjects: true, replaces: true };
    const ALL: &[Surface] = &[Surface::Body, Surface::Header];

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn finding(level: Level, surface: Surface) -> Finding {
        Finding {
            rule: "no.fnr".into(),
            kind: "fnr+80".into(),
            level,
            surface,
            path: PartPath::root("message"),
            span: Span { start: 0, end: 11 },
            masked: Masked::of("13827830652", 6),
            person: None,
            score: 95,
            words: Vec::new(),
        }
    }

    fn reading(findings: Vec<Finding>, gaps: Vec<GapKind>) -> Reading {
        let gaps = gaps.into_iter().map(|kind| Gap::new(kind, PartPath::root("message"))).collect();
        Reading { digest: [7; 32], findings, gaps }
    }

    fn key(recipient: &str, covers: &'static [Surface]) -> Offer {
        let recipient = address(recipient);
        Offer { method: MethodId::Openpgp, recipient, covers, key: Ok("A".to_owned()) }
    }

    struct Case {
        channel: Channel,
        from: &'static str,
        to: &'static [&'static str],
        offers: Vec<Offer>,
        reading: Reading,
    }

    impl Case {
        fn verdicts(&self) -> Vec<(Vec<String>, Verdict)> {
            let envelope = Envelope {
                sender: Some(address(self.from)),
                recipients: self.to.iter().map(|to| address(to)).collect(),
            };
            let domains = ["cpm.example".to_owned()];
            let facts = Facts {
                channel: self.channel,
                domains: &domains,
                envelope: &envelope,
                offers: &self.offers,
                reading: &self.reading,
            };
            let rulings = Policy::built_in().decide(&facts);
            let names =
                |ruling: &Ruling| ruling.recipients.iter().map(|to| to.to_string()).collect();
            rulings.iter().map(|ruling| (names(ruling), ruling.verdict)).collect()
        }
    }

    fn high() -> Reading {
        reading(vec![finding(Level::High, Surface::Body)], vec![])
    }

    #[test]
    fn kari_sends_a_number_out_and_each_recipient_gets_its_own_verdict() {
        let case = Case {
            channel: RELAY,
            from: "kari@cpm.example",
            to: &["key@a.example", "none@b.example"],
            offers: vec![key("key@a.example", ALL)],
            reading: high(),
        };
        assert_eq!(
            case.verdicts(),
            [
                (vec!["key@a.example".to_owned()], Verdict::Protect(MethodId::Openpgp)),
                (vec!["none@b.example".to_owned()], Verdict::Refuse),
            ]
        );
    }

    #[test]
    fn a_milter_that_cannot_split_takes_the_strictest() {
        let case = Case {
            channel: MILTER,
            from: "kari@cpm.example",
            to: &["key@a.example", "none@b.example"],
            offers: vec![key("key@a.example", ALL)],
            reading: high(),
        };
        let both = vec!["key@a.example".to_owned(), "none@b.example".to_owned()];
        assert_eq!(case.verdicts(), [(both, Verdict::Refuse)]);
    }

    #[test]
    fn a_number_where_the_method_does_not_reach_is_not_protected() {
        let case = Case {
            channel: RELAY,
            from: "kari@cpm.example",
            to: &["key@a.example"],
            offers: vec![key("key@a.example", &[Surface::Body])],
            reading: reading(vec![finding(Level::High, Surface::Header)], vec![]),
        };
        assert_eq!(case.verdicts()[0].1, Verdict::Refuse);
    }

    #[test]
    fn an_outsider_is_refused_in_the_session_even_beside_others() {
        let text =
            "[[route]]\nname = \"a\"\nverdict = \"refuse\"\nwhen = { recipient = \"a@*\" }\n";
        let envelope = Envelope {
            sender: Some(address("x@out.example")),
            recipients: vec![address("a@cpm.example"), address("b@cpm.example")],
        };
        let reading = reading(vec![], vec![]);
        let domains = ["cpm.example".to_owned()];
        let facts = Facts {
            channel: SPLIT,
            domains: &domains,
            envelope: &envelope,
            offers: &[],
            reading: &reading,
        };
        let rulings = Policy::parse("p", text).unwrap().decide(&facts);
        assert_eq!(rulings.len(), 1);
        assert_eq!(rulings[0].verdict, Verdict::Refuse);
        assert_eq!(rulings[0].recipients.len(), 2);
    }

    #[test]
    fn the_default_policy_decides_as_the_design_says() {
        let encrypted = || GapKind::Encrypted(Proof::new("openpgp"));
        let medium = || vec![finding(Level::Medium, Surface::Body)];
        let out = ("kari@cpm.example", "ola@partner.example");
        let inward = ("ola@partner.example", "kari@cpm.example");
        for ((from, to), reading, verdict) in [
            (out, high(), Verdict::Refuse),
            (inward, high(), Verdict::Refuse),
            (out, reading(medium(), vec![]), Verdict::Hold),
            (inward, reading(medium(), vec![]), Verdict::Hold),
            (out, reading(vec![], vec![GapKind::Unknown]), Verdict::Hold),
            (inward, reading(vec![], vec![GapKind::Unknown]), Verdict::Hold),
            (out, reading(vec![], vec![encrypted()]), Verdict::Deliver),
            (out, reading(vec![], vec![encrypted(), GapKind::Broken]), Verdict::Hold),
            (out, reading(vec![], vec![]), Verdict::Deliver),
        ] {
            let to: &'static [&'static str] = if to.starts_with("ola") {
                &["ola@partner.example"]
            } else {
                &["kari@cpm.example"]
            };
            let case = Case { channel: RELAY, from, to, offers: vec![], reading };
            assert_eq!(case.verdicts()[0].1, verdict, "{from} {:?}", case.reading);
        }
    }

    #[test]
    fn what_no_route_names_is_held_when_in_doubt() {
        let policy = Policy::parse("p", "").unwrap();
        let envelope = Envelope { sender: None, recipients: vec![address("a@b.example")] };
        for (reading, verdict) in [
            (reading(vec![], vec![]), Verdict::Deliver),
            (reading(vec![finding(Level::Low, Surface::Body)], vec![]), Verdict::Deliver),
            (high(), Verdict::Hold),
            (reading(vec![], vec![GapKind::TimedOut]), Verdict::Hold),
        ] {
            let facts = Facts {
                channel: RELAY,
                domains: &[],
                envelope: &envelope,
                offers: &[],
                reading: &reading,
            };
            assert_eq!(policy.decide(&facts)[0].verdict, verdict, "{reading:?}");
            assert_eq!(policy.clear(&facts).is_ok(), verdict == Verdict::Deliver);
        }
    }

    #[test]
    fn only_gaps_in_sealed_parts_are_forgiven() {
        let policy = Policy::built_in();
        let sealed = [PartPath::root("message").child("encrypted.asc")];
        let gap = |path: PartPath, kind| Reading {
            digest: [0; 32],
            findings: vec![],
            gaps: vec![Gap::new(kind, path)],
        };
        let encrypted = || GapKind::Encrypted(Proof::new("openpgp"));
        let to = [address("a@b.example")];
        let clear = |reading: &Reading| {
            policy.clear_protected(reading, &to, MethodId::Openpgp, &sealed).is_ok()
        };
        assert!(clear(&gap(sealed[0].clone(), encrypted())));
        assert!(!clear(&gap(sealed[0].clone(), GapKind::Unknown)));
        assert!(!clear(&gap(PartPath::root("message").child("other"), encrypted())));
        assert!(!clear(&high()));
    }

    #[test]
    fn monitor_mode_alone_clears_what_was_found() {
        let to = Envelope { sender: None, recipients: vec![address("a@b.example")] };
        let policy = Policy::built_in();
        assert!(policy.clear_monitored(Mode::Enforce, &high(), &to).is_none());
        assert!(policy.clear_monitored(Mode::Monitor, &high(), &to).is_some());
    }
}
