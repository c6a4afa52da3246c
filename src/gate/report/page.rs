//! The reports as documents of their own, to be read, printed and kept. They
//! load nothing: the style stands in them.

use askama::Template;
use jiff::{Timestamp, tz::Offset};

use super::{
    evidence::Evidence,
    slip::{Scope, Slip},
    texts::{Texts, act_text, fate_text},
};
use crate::{
    model::Direction,
    notify::{Language, words::Words},
    policy::RouteTold,
};

/// The style that stands in every report, whose hash a page must allow.
pub const STYLE: &str = include_str!("../../../templates/report.css");

/// The report about a slip as an HTML document.
///
/// # Errors
///
/// Never for a template that compiles; kept so that nobody must unwrap.
pub fn slip_page(slip: &Slip, language: Language) -> Result<String, askama::Error> {
    let (texts, words) = (Texts::of(language), Words::of(language));
    SlipPage { texts, words, language, slip, style: STYLE }.render()
}

/// The evidence as an HTML document.
///
/// # Errors
///
/// As [`slip_page`].
pub fn evidence_page(evidence: &Evidence, language: Language) -> Result<String, askama::Error> {
    let (texts, words) = (Texts::of(language), Words::of(language));
    EvidencePage { texts, words, language, evidence, style: STYLE }.render()
}

#[derive(Template)]
#[template(path = "report_slip.html")]
struct SlipPage<'a> {
    texts: &'static Texts,
    words: &'static Words,
    language: Language,
    slip: &'a Slip,
    style: &'static str,
}

impl SlipPage<'_> {
    fn scope(&self) -> String {
        match self.slip.scope {
            Scope::Event(event) => format!("{} {event}", self.texts.scope_event),
            Scope::Period { from, to } => {
                format!("{} {} {}", shown(&from), self.texts.to, shown(&to))
            }
        }
    }

    fn direction(&self, word: &str) -> String {
        let all = [Direction::Inbound, Direction::Internal, Direction::Outbound];
        let known = all.into_iter().find(|direction| direction.as_str() == word);
        known.map_or(word, |direction| self.texts.direction(direction)).to_owned()
    }

    fn actor<'b>(&'b self, actor: &'b str) -> &'b str {
        if actor == crate::model::event::GATE { self.texts.gate } else { actor }
    }
}

#[derive(Template)]
#[template(path = "report_evidence.html")]
struct EvidencePage<'a> {
    texts: &'static Texts,
    words: &'static Words,
    language: Language,
    evidence: &'a Evidence,
    style: &'static str,
}

impl EvidencePage<'_> {
    /// When a route decides, in words.
    fn when(&self, route: &RouteTold) -> String {
        let texts = self.texts;
        let mut parts: Vec<String> = Vec::new();
        if !route.direction.is_empty() {
            let words = route.direction.iter().map(|direction| texts.direction(*direction));
            parts.push(words.collect::<Vec<_>>().join(", "));
        }
        let mut add = |text: &str, value: String| {
            if !value.is_empty() {
                parts.push(text.replacen("{}", &value, 1));
            }
        };
        add(
            texts.when_level,
            route.level.map(|level| texts.level(level).to_owned()).unwrap_or_default(),
        );
        add(texts.when_rules, route.rules.join(", "));
        let gaps: Vec<&str> = route.gaps.iter().map(|name| gap(name, self.words)).collect();
        add(texts.when_gaps, gaps.join(", "));
        add(texts.when_persons, route.persons.map(|least| least.to_string()).unwrap_or_default());
        add(texts.when_recipients, route.recipients.join(", "));
        add(texts.when_senders, route.senders.join(", "));
        if parts.is_empty() { texts.always.to_owned() } else { parts.join("; ") }
    }

    /// What a route asks for, in words.
    fn verdict(&self, route: &RouteTold) -> String {
        let methods: Vec<&str> = route.methods.iter().map(|method| method.as_str()).collect();
        let verdict = self.word(route.verdict).replacen("{}", &methods.join(", "), 1);
        match route.otherwise {
            Some(otherwise) => {
                format!("{verdict}, {} {}", self.texts.otherwise, self.word(otherwise))
            }
            None => verdict,
        }
    }

    fn word(&self, verdict: &str) -> &'static str {
        match verdict {
            "defer" => self.texts.defer,
            "deliver" => self.texts.deliver,
            "protect" => self.texts.protect,
            "refuse" => self.texts.refuse,
            _hold => self.texts.hold,
        }
    }

    /// For how long a route keeps what it holds; nothing for those that hold
    /// nothing.
    fn kept(&self, route: &RouteTold) -> String {
        if route.verdict != "hold" && route.otherwise != Some("hold") {
            return String::new();
        }
        let usual = self.evidence.retention;
        let held = route.keep_days.unwrap_or(usual.held);
        let released = route.keep_released_days.unwrap_or(usual.released);
        format!("{} / {}", self.days(&held), self.days(&released))
    }

    fn days(&self, days: &u32) -> String {
        self.texts.days.replacen("{}", &days.to_string(), 1)
    }

    fn four_eyes(&self) -> String {
        match self.evidence.four_eyes_persons {
            0 => self.texts.four_eyes_off.to_owned(),
            least => self.texts.four_eyes.replacen("{}", &least.to_string(), 1),
        }
    }

    fn broken(&self, row: &i64) -> String {
        self.texts.audit_broken.replacen("{}", &row.to_string(), 1)
    }
}

/// A time as people read it; always UTC, as the log has it.
fn shown(time: &Timestamp) -> String {
    let time = Offset::UTC.to_datetime(*time);
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}

/// The name of a kind of gap, in words.
fn gap<'a>(name: &'a str, words: &'static Words) -> &'a str {
    match name {
        "ambiguous" => words.gap_ambiguous,
        "broken" => words.gap_broken,
        "encrypted" => words.gap_encrypted,
        "timed-out" => words.gap_timed_out,
        "too-big" => words.gap_too_big,
        "too-deep" => words.gap_too_deep,
        "unknown" => words.gap_unknown,
        "weak-encryption" => words.gap_weak,
        other => other,
    }
}
