//! One route: for whom, when, and what then.

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use super::{RouteTold, file::PolicyError};
use crate::{
    base::toml_text::TomlError,
    model::{Address, Direction, Finding, Gap, Level, MethodId, Reading},
};

/// One route of a policy, checked.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) name: Arc<str>,
    pub(super) direction: Vec<Direction>,
    pub(super) when: When,
    pub(super) action: Action,
    pub(super) methods: Vec<MethodId>,
    pub(super) otherwise: Action,
    pub(super) keep_days: Option<u32>,
    pub(super) keep_released_days: Option<u32>,
    pub(super) lets_override: bool,
    pub(super) require_tls: bool,
}

impl Route {
    /// The route as plain values.
    pub(super) fn told(&self) -> RouteTold {
        let protects = self.action == Action::Protect;
        RouteTold {
            name: Arc::clone(&self.name),
            direction: self.direction.clone(),
            level: self.when.level,
            rules: self.when.rules.clone(),
            gaps: self.when.gap.iter().map(|name| name.0.clone()).collect(),
            persons: self.when.persons,
            recipients: self.when.recipient.0.clone(),
            senders: self.when.sender.0.clone(),
            verdict: self.action.as_str(),
            methods: self.methods.clone(),
            otherwise: protects.then(|| self.otherwise.as_str()),
            keep_days: self.keep_days,
            keep_released_days: self.keep_released_days,
        }
    }

    /// Whether this route decides about `recipient`.
    pub(super) fn matches(
        &self,
        direction: Direction,
        sender: Option<&Address>,
        recipient: &Address,
        reading: &Reading,
    ) -> bool {
        let direction_fits = self.direction.is_empty() || self.direction.contains(&direction);
        direction_fits && self.when.holds(sender, recipient, reading)
    }
}

/// The conditions of a route; all that are given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct When {
    /// A finding of at least this level.
    level: Option<Level>,
    /// A finding by one of these rules; `*` stands for anything.
    rules: Vec<String>,
    /// A gap of one of these kinds.
    gap: Vec<GapName>,
    /// At least so many distinct persons.
    persons: Option<usize>,
    /// Recipients, as addresses in which `*` stands for anything.
    recipient: Patterns,
    /// Senders, likewise.
    sender: Patterns,
}

impl When {
    fn holds(&self, sender: Option<&Address>, recipient: &Address, reading: &Reading) -> bool {
        let finding_fits = |finding: &Finding| {
            self.level.is_none_or(|level| finding.level >= level)
                && (self.rules.is_empty() || self.rules.iter().any(|r| glob(r, &finding.rule)))
        };
        let wants_finding = self.level.is_some() || !self.rules.is_empty();
        let gap_fits = |gap: &Gap| self.gap.iter().any(|name| name.0 == gap.kind.as_str());
        (!wants_finding || reading.findings.iter().any(finding_fits))
            && (self.gap.is_empty() || reading.gaps.iter().any(gap_fits))
            && self.persons.is_none_or(|least| reading.persons() >= least)
            && self.recipient.fit(Some(recipient))
            && self.sender.fit(sender)
    }
}

/// What a route asks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Defer,
    Deliver,
    Hold,
    Protect,
    Refuse,
}

impl Action {
    fn as_str(self) -> &'static str {
        match self {
            Self::Defer => "defer",
            Self::Deliver => "deliver",
            Self::Hold => "hold",
            Self::Protect => "protect",
            Self::Refuse => "refuse",
        }
    }
}

/// A route as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRoute {
    name: String,
    #[serde(default)]
    direction: Option<OneOrMany<Direction>>,
    #[serde(default)]
    when: When,
    verdict: Action,
    #[serde(default)]
    methods: Vec<MethodId>,
    otherwise: Option<Action>,
    keep_days: Option<u32>,
    keep_released_days: Option<u32>,
    #[serde(default, rename = "override")]
    lets_override: bool,
    #[serde(default)]
    require_tls: bool,
}

impl RawRoute {
    /// Checks that the parts of the route fit together.
    /// `index` is its place in the file, from 0.
    pub(super) fn typed(self, file: &str, text: &str, index: usize) -> Result<Route, PolicyError> {
        let name = self.name;
        let fail = |key, what: &str, hint: &str| {
            let path = format!("route.{index}.{key}");
            let error = TomlError::at(file, text, &path, format!("route {name:?}: {what}"));
            Err(PolicyError::Text(error.with_hint(hint)))
        };
        let otherwise = self.otherwise.unwrap_or(Action::Refuse);
        if self.verdict == Action::Protect && self.methods.is_empty() {
            return fail("verdict", "protect needs methods", "add methods = [\"openpgp\"]");
        }
        if self.verdict != Action::Protect && !self.methods.is_empty() {
            return fail("methods", "only protect takes methods", "set verdict = \"protect\"");
        }
        if self.verdict != Action::Protect && self.otherwise.is_some() {
            return fail("otherwise", "only protect takes otherwise", "remove the key");
        }
        if matches!(otherwise, Action::Deliver | Action::Protect) {
            let what = "what cannot be protected may only be refused, held or deferred";
            return fail("otherwise", what, "write \"refuse\", \"hold\" or \"defer\"");
        }
        let holds = [self.verdict, otherwise].contains(&Action::Hold);
        let kept = [("keep_days", self.keep_days), ("keep_released_days", self.keep_released_days)];
        for (key, days) in kept {
            if days.is_some() && !holds {
                let hint = "remove the key, or set verdict = \"hold\"";
                return fail(key, "only a route that holds keeps mail", hint);
            }
            if days == Some(0) {
                return fail(key, "must be above 0", "write a number of days");
            }
        }
        if self.require_tls && self.verdict == Action::Refuse {
            let hint = "remove the key: nothing of what is refused is sent";
            return fail("require_tls", "only what may be sent can be sent under TLS", hint);
        }
        if self.lets_override && !holds {
            let hint = "remove the key, or set verdict = \"hold\"";
            return fail("override", "only what is held can be let through by its sender", hint);
        }
        Ok(Route {
            name: name.into(),
            direction: self.direction.map(OneOrMany::into_vec).unwrap_or_default(),
            when: self.when,
            action: self.verdict,
            methods: self.methods,
            otherwise,
            keep_days: self.keep_days,
            keep_released_days: self.keep_released_days,
            lets_override: self.lets_override,
            require_tls: self.require_tls,
        })
    }
}

/// A value or a list of values.
#[derive(Clone, Debug)]
pub(super) enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    /// By hand, because an untagged enum does not say what is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = OneOrMany<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(OneOrMany::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(OneOrMany::Many)
    }
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values,
        }
    }
}

/// Address patterns; none at all fits everybody.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "OneOrMany<String>")]
struct Patterns(Vec<String>);

impl Patterns {
    fn fit(&self, address: Option<&Address>) -> bool {
        let key = address.map(Address::key).unwrap_or_default();
        self.0.is_empty() || self.0.iter().any(|pattern| glob(pattern, &key))
    }
}

impl From<OneOrMany<String>> for Patterns {
    fn from(patterns: OneOrMany<String>) -> Self {
        Self(patterns.into_vec().iter().map(|pattern| pattern.to_lowercase()).collect())
    }
}

/// The name of a kind of gap.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct GapName(String);

impl TryFrom<String> for GapName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if GAP_NAMES.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        Err(format!("unknown variant `{name}`, expected one of `{}`", GAP_NAMES.join("`, `")))
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any run of
/// characters. Linear in the text for each `*`.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

const GAP_NAMES: [&str; 8] = [
    "ambiguous",
    "broken",
    "encrypted",
    "timed-out",
    "too-big",
    "too-deep",
    "unknown",
    "weak-encryption",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in [("no.*", "no.fnr"), ("*@nav.no", "a@nav.no"), ("*", ""), ("a", "a")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("no.*", "se.pnr"), ("*@nav.no", "a@nav.no.x"), ("a", "ab"), ("ab*b", "ab")]
        {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
