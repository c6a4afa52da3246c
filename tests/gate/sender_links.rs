//! What Kari does with a message by the link in the notice about it.

use jiff::SignedDuration;
use sluse::{
    base::id::EventId,
    gate::{
        Became, Choice, Fate, FreeTextError, Gate, Obstacle, SenderAnswered as Answered, Standing,
    },
    notify::LinkToken,
    store::{HeldState, Kept},
};

use crate::{
    fake_hop::Arrival,
    letters::{self, NUMBER},
    office::{
        EVA, KARI, MILTER, OLA, Office, PER, Plan, acts, audit, fate, held, queued, stands_in,
        submit, submit_as, unmarked, vakt,
    },
};

#[tokio::test]
async fn kari_sends_it_encrypted_once() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let standing = link.standing(&gate).await.unwrap();
    assert_eq!(standing.choices, [Choice::Encrypt, Choice::Withdraw, Choice::Report]);
    assert_eq!(standing.findings[0].masked.as_str(), "138278*****");
    assert_eq!(standing.fates[0].became, Became::Held);
    assert_eq!(standing.held_until, Some(held(&gate).await[0].expires_at));

    assert_eq!(link.act(&gate, Choice::Encrypt, "").await, Answered::Done);
    let mail = sent(&office, &gate).await;
    assert_eq!((mail.len(), mail[0].recipients[0].as_str()), (1, OLA));
    assert!(mail[0].text().contains("BEGIN PGP MESSAGE") && !mail[0].text().contains(NUMBER));
    let row = row(&gate, link.event, "released").await;
    assert_eq!((row.actor.as_str(), &row.facts["encrypted"]), (KARI, &true.into()));

    for choice in [Choice::Encrypt, Choice::Withdraw, Choice::Report, Choice::Override] {
        assert_eq!(link.act(&gate, choice, REASON).await, Answered::Not(Obstacle::Used));
    }
    let standing = link.standing(&gate).await.unwrap();
    assert_eq!((standing.choices.len(), standing.used.unwrap().act.as_str()), (0, "released"));
    assert_eq!(standing.fates[0].became, Became::Sent);
    assert_eq!(sent(&office, &gate).await.len(), 1);
}

#[tokio::test]
async fn a_key_for_each_recipient_is_needed() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA, PER], &letters::medium()).await;
    assert!(!link.standing(&gate).await.unwrap().choices.contains(&Choice::Encrypt));
    let answered = link.act(&gate, Choice::Encrypt, "").await;
    assert_eq!(answered, Answered::Not(Obstacle::NotSealed));
    office.key(&gate, PER, None);
    assert_eq!(link.act(&gate, Choice::Encrypt, "").await, Answered::Done);
    assert_eq!(sent(&office, &gate).await.len(), 2);
}

#[tokio::test]
async fn no_method_is_used_that_the_policy_does_not_name() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"all\"\nverdict = \"hold\"\nwhen = { level = \"medium\" }\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let standing = link.standing(&gate).await.unwrap();
    assert_eq!(standing.choices, [Choice::Withdraw, Choice::Report]);
    let answered = link.act(&gate, Choice::Encrypt, "").await;
    assert_eq!(answered, Answered::Not(Obstacle::NotSealed));
}

#[tokio::test]
async fn what_is_reviewed_though_it_is_encrypted_is_not_sent_by_the_link() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"rival\"\nverdict = \"hold\"\n\
                  when = { recipient = \"*@partner.example\" }\n\
                  [[route]]\nname = \"n\"\nverdict = \"protect\"\nmethods = [\"openpgp\"]\n\
                  when = { level = \"high\" }\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::clean()).await;
    assert!(!link.standing(&gate).await.unwrap().choices.contains(&Choice::Encrypt));
    let answered = link.act(&gate, Choice::Encrypt, "").await;
    assert_eq!(answered, Answered::Not(Obstacle::NotSealed));
    assert!(sent(&office, &gate).await.is_empty());
}

#[tokio::test]
async fn kari_withdraws_it_and_nobody_is_written_to() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    assert_eq!(link.act(&gate, Choice::Withdraw, "").await, Answered::Done);
    while gate.deliver_due().await.unwrap() > 0 {}
    assert_eq!(office.hop.arrivals().len(), 1, "the first notice alone");
    assert_eq!(held(&gate).await[0].state, HeldState::Deleted);
    assert!(!stands_in(&office.state(), NUMBER.as_bytes()));
    assert_eq!(row(&gate, link.event, "deleted").await.actor, KARI);
    assert_eq!(link.act(&gate, Choice::Withdraw, "").await, Answered::Not(Obstacle::Used));
    let standing = link.standing(&gate).await.unwrap();
    assert_eq!((standing.fates[0].became, standing.held_until), (Became::Deleted, None));
}

#[tokio::test]
async fn a_legal_hold_keeps_it_from_being_withdrawn() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let id = held(&gate).await[0].id;
    gate.store().keep(id, Kept::ByLaw, &vakt()).await.unwrap();
    let answered = link.act(&gate, Choice::Withdraw, "").await;
    assert_eq!(answered, Answered::Not(Obstacle::KeptByLaw));
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert_eq!(link.act(&gate, Choice::Report, "").await, Answered::Done, "the link still works");
}

#[tokio::test]
async fn kari_says_that_it_is_wrong_and_those_who_review_can_read_it() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    for number in [NUMBER, "138278 30652", "se 13 82 78-306 52 her", "tlf. 0047 22 00 00 00"] {
        let answered = link.act(&gate, Choice::Report, number).await;
        assert_eq!(answered, Answered::Not(Obstacle::Text(FreeTextError::Sensitive)), "{number}");
    }
    let words = "Dette er et ordrenummer\r\nfra <b>lageret</b>.";
    assert_eq!(link.act(&gate, Choice::Report, words).await, Answered::Done);
    let row = row(&gate, link.event, "wrong-alarm").await;
    assert_eq!(row.actor, KARI);
    assert_eq!(row.facts["comment"], "Dette er et ordrenummer fra <b>lageret</b>.");
    assert_eq!(row.facts["rules"][0], "no.fnr");
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert!(!audit(&gate).await.iter().any(|(_, facts)| facts.to_string().contains("306")));
}

#[tokio::test]
async fn of_a_refused_message_kari_sees_what_was_found_and_can_only_object() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA, PER], &letters::high()).await;
    let standing = link.standing(&gate).await.unwrap();
    assert_eq!(standing.choices, [Choice::Report]);
    assert!(standing.findings.iter().any(|found| found.masked.as_str() == "138278*****"));
    let fate = &standing.fates[0];
    assert_eq!((fate.became, fate.number, fate.recipients.len()), (Became::Refused, 2, 0));
    for choice in [Choice::Encrypt, Choice::Override, Choice::Withdraw] {
        let answered = link.act(&gate, choice, REASON).await;
        assert!(
            matches!(answered, Answered::Not(Obstacle::NotHeld | Obstacle::NotLet)),
            "{choice:?}"
        );
    }
    assert_eq!(link.act(&gate, Choice::Report, "").await, Answered::Done);
}

pub(crate) const OVERRIDE: &str = "[[route]]\nname = \"numbers\"\nverdict = \"refuse\"\n\
                        when = { level = \"high\" }\n\
                        [[route]]\nname = \"maybe\"\nverdict = \"hold\"\noverride = true\n\
                        when = { level = \"medium\" }\n";
pub(crate) const REASON: &str = "Avtalt med mottakeren, det er et ordrenummer.";

#[tokio::test]
async fn kari_lets_it_through_with_a_reason_where_the_route_lets_her() {
    let office = Office::new();
    let gate = office.gate_with(Plan { policy: Some(OVERRIDE), ..Plan::default() }).await;
    let link = link_for(&office, &gate, &[OLA, PER], &letters::medium()).await;
    assert!(link.standing(&gate).await.unwrap().choices.contains(&Choice::Override));
    let short = link.act(&gate, Choice::Override, "  haster                  ").await;
    assert_eq!(short, Answered::Not(Obstacle::Short));
    let number = format!("Nummeret {NUMBER} er et ordrenummer hos oss.");
    let answered = link.act(&gate, Choice::Override, &number).await;
    assert_eq!(answered, Answered::Not(Obstacle::Text(FreeTextError::Sensitive)));
    assert!(sent(&office, &gate).await.is_empty());

    assert_eq!(link.act(&gate, Choice::Override, REASON).await, Answered::Done);
    let mail = sent(&office, &gate).await;
    assert_eq!((mail.len(), mail[0].recipients.len()), (1, 2));
    assert_eq!(unmarked(&mail[0].bytes), letters::medium());
    let row = row(&gate, link.event, "overridden").await;
    assert_eq!((row.actor.as_str(), &row.facts["purpose"]), (KARI, &REASON.into()));
    assert_eq!((&row.facts["persons_now"], &row.facts["encrypted"]), (&1.into(), &false.into()));

    // The same again is another message to be held, not let through.
    let reply = submit(&gate, &[OLA, PER], &letters::medium()).await;
    assert_eq!(reply.event, Some(link.event));
    assert_eq!(link.act(&gate, Choice::Override, REASON).await, Answered::Not(Obstacle::Used));
    assert_eq!(sent(&office, &gate).await.len(), 1);
}

#[tokio::test]
async fn no_route_lets_a_sender_override_by_itself() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    assert!(!link.standing(&gate).await.unwrap().choices.contains(&Choice::Override));
    let answered = link.act(&gate, Choice::Override, REASON).await;
    assert_eq!(answered, Answered::Not(Obstacle::NotLet));
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
}

#[tokio::test]
async fn the_policy_of_today_decides_about_an_override() {
    let office = Office::new();
    let gate = office.gate_with(Plan { policy: Some(OVERRIDE), ..Plan::default() }).await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let stricter = "[[route]]\nname = \"now\"\nverdict = \"refuse\"\n\
                    when = { level = \"medium\", recipient = \"ola@*\" }\n\
                    [[route]]\nname = \"maybe\"\nverdict = \"hold\"\noverride = true\n";
    gate.reload(office.book(&Plan { policy: Some(stricter), ..Plan::default() }).unwrap());
    let answered = link.act(&gate, Choice::Override, REASON).await;
    assert_eq!(answered, Answered::Not(Obstacle::NotLet));
    assert!(sent(&office, &gate).await.is_empty());
}

#[tokio::test]
async fn many_persons_need_a_second_person() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"all\"\nverdict = \"hold\"\noverride = true\n\
                  when = { level = \"medium\" }\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    let many = ["13827830652", "14871171824", "15830570117", "02815849658", "08835111351"];
    for (persons, answered) in [(4, Answered::Done), (5, Answered::Proposed)] {
        let letter = letters::letter("Som avtalt", &many[..persons].join("\r\n\r\n"));
        let link = link_for(&office, &gate, &[OLA], &letter).await;
        assert_eq!(link.act(&gate, Choice::Override, REASON).await, answered);
        office.clock.advance(SignedDuration::from_hours(2));
    }
    let event = held(&gate).await[0].event;
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    let row = row(&gate, event, "proposed").await;
    assert_eq!((row.actor.as_str(), &row.facts["purpose"]), (KARI, &REASON.into()));
    assert_eq!(sent(&office, &gate).await.len(), 1);
}

#[tokio::test]
async fn only_the_link_that_kari_got_opens_anything_and_only_for_a_week() {
    let office = Office::new();
    let gate = office.gate().await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    submit_as(&gate, MILTER, Some(EVA), &[OLA], &letters::medium()).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    let arrivals = office.hop.arrivals();
    let eva = arrivals.iter().find(|mail| mail.recipients[0] == EVA).unwrap();
    let eva = Link::in_mail(eva);

    let guess = LinkToken::from_keyed_hash(&[7; 32]);
    let unknown = EventId::from_keyed_hash(&[7; 32]);
    for (event, token) in [
        (link.event, &guess),
        (link.event, &eva.token),
        (eva.event, &link.token),
        (unknown, &link.token),
    ] {
        assert!(gate.standing(event, token).await.unwrap().is_none());
        let answered = gate.act_by_link(event, token, Choice::Withdraw, "").await.unwrap();
        assert_eq!(answered, Answered::Unknown);
    }
    office.clock.advance(SignedDuration::from_hours(7 * 24));
    assert!(link.standing(&gate).await.is_some());
    office.clock.advance(SignedDuration::from_hours(24));
    assert!(link.standing(&gate).await.is_none());
    assert_eq!(link.act(&gate, Choice::Withdraw, "").await, Answered::Unknown);
    assert_eq!(held(&gate).await.iter().filter(|held| held.state == HeldState::Held).count(), 2);
}

#[tokio::test]
async fn the_link_ends_with_what_is_held() {
    let office = Office::new();
    let policy = "[[route]]\nname = \"a\"\nverdict = \"hold\"\nkeep_days = 2\n\
                  when = { level = \"medium\" }\n";
    let gate = office.gate_with(Plan { policy: Some(policy), ..Plan::default() }).await;
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let text = plain(&office.hop.arrivals()[0]);
    assert!(text.contains("Den slettes 25. november 2026"), "{text}");
    assert!(text.contains("virker til og med 25. november 2026"), "{text}");
    office.clock.advance(SignedDuration::from_hours(48));
    assert!(link.standing(&gate).await.is_none());
}

#[tokio::test]
async fn looking_changes_nothing() {
    let office = Office::new();
    let gate = office.gate().await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let before = gate.store().audit_rows().await.unwrap();
    for _ in 0..5 {
        assert_eq!(link.standing(&gate).await.unwrap().choices.len(), 3);
    }
    assert_eq!(gate.store().audit_rows().await.unwrap(), before);
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
}

#[tokio::test]
async fn two_clicks_at_two_gates_do_it_once() {
    let office = Office::new();
    let gate = office.gate().await;
    let other = office.gate().await;
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let (one, two, three) = tokio::join!(
        link.act(&gate, Choice::Report, "feil"),
        link.act(&other, Choice::Report, "feil"),
        link.act(&gate, Choice::Withdraw, ""),
    );
    let done = [one, two, three].into_iter().filter(|one| *one == Answered::Done).count();
    assert_eq!(done, 1);
    let acts = acts(&gate, link.event).await;
    let done = acts.iter().filter(|act| ["wrong-alarm", "deleted"].contains(&act.as_str()));
    assert_eq!(done.count(), 1, "{acts:?}");
}

#[tokio::test]
async fn the_secret_of_the_link_stands_in_the_notice_alone() {
    let office = Office::new();
    let gate = office.gate().await;
    let log = crate::office::Log::start();
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    assert_eq!(link.act(&gate, Choice::Report, "feil").await, Answered::Done);
    assert_eq!(link.text.len(), 32);
    assert!(!stands_in(&office.state(), link.text.as_bytes()));
    assert!(!log.text().contains(&link.text));
    let refused = submit(&gate, &[OLA], &letters::high()).await;
    let Fate::Refused(reply) = fate(&refused, OLA) else { panic!("{refused:?}") };
    while gate.deliver_due().await.unwrap() > 0 {}
    let link = Link::in_mail(office.hop.arrivals().last().unwrap());
    assert_eq!(Some(link.event), refused.event);
    assert!(!reply.lines.join("").contains(&link.text), "{reply:?}");
    let items = queued(&gate).await;
    assert!(items.iter().all(|item| !format!("{item:?}").contains(&link.text)));
}

/// The link in a notice.
pub(crate) struct Link {
    pub(crate) event: EventId,
    pub(crate) token: LinkToken,
    pub(crate) text: String,
}

impl Link {
    fn in_mail(mail: &Arrival) -> Self {
        let text = plain(mail);
        let start = "\nhttps://sluse.cpm.example/e/";
        let mut links = text.split(start).skip(1).filter_map(|rest| rest.lines().next());
        let personal = links.find(|link| link.contains('/')).unwrap_or_else(|| panic!("{text}"));
        assert!(start.len() + personal.len() <= 100, "{personal}");
        let (event, token) = personal.split_once('/').unwrap();
        let text = token.to_owned();
        Self { event: event.parse().unwrap(), token: LinkToken::parse(token).unwrap(), text }
    }

    async fn standing(&self, gate: &Gate) -> Option<Standing> {
        gate.standing(self.event, &self.token).await.unwrap()
    }

    async fn act(&self, gate: &Gate, choice: Choice, words: &str) -> Answered {
        gate.act_by_link(self.event, &self.token, choice, words).await.unwrap()
    }
}

/// A mail with its long lines put together again.
fn plain(mail: &Arrival) -> String {
    mail.text().replace("=\r\n", "").replace("\r\n", "\n")
}

/// Kari sends `raw`, and finds this link in the notice about it.
pub(crate) async fn link_for(office: &Office, gate: &Gate, to: &[&str], raw: &[u8]) -> Link {
    submit(gate, to, raw).await;
    while gate.deliver_due().await.unwrap() > 0 {}
    Link::in_mail(office.hop.arrivals().last().unwrap())
}

/// What arrived that is no notice.
pub(crate) async fn sent(office: &Office, gate: &Gate) -> Vec<Arrival> {
    while gate.deliver_due().await.unwrap() > 0 {}
    let mut arrived = office.hop.arrivals();
    arrived.retain(|mail| !mail.sender.is_empty());
    arrived
}

async fn row(gate: &Gate, event: EventId, act: &str) -> sluse::store::AuditRow {
    let mut rows = gate.store().event_audit(event).await.unwrap();
    rows.retain(|row| row.act == act);
    assert_eq!(rows.len(), 1, "{act}");
    rows.remove(0)
}
