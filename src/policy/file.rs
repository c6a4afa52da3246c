//! The policy file: TOML to routes and tests.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{
    cleared::Way,
    route::{RawRoute, Route},
    tests_in_file::PolicyTest,
};
use crate::{
    base::toml_text::{self, TomlError},
    model::MethodId,
};

/// A list of routes, ready to decide.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) routes: Vec<Route>,
    tests: Vec<PolicyTest>,
    hash: String,
}

impl Policy {
    /// Reads a policy file. Its own tests are in [`Policy::tests`]; whoever
    /// loads the file must run them and refuse the file when one fails.
    ///
    /// # Errors
    ///
    /// The file is not TOML, has an unknown key or value, or a route that
    /// contradicts itself.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyError> {
        let mut raw: RawPolicy = toml_text::parse(file, text)?;
        for (index, test) in raw.test.iter_mut().enumerate() {
            test.line = toml_text::line_at(text, &format!("test.{index}")).unwrap_or(1);
        }
        let routes = raw
            .route
            .into_iter()
            .enumerate()
            .map(|(index, route)| route.typed(file, text, index))
            .collect::<Result<Vec<_>, _>>()?;
        // As the hash of a rule pack is made.
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(text)[..8]);
        Ok(Self { routes, tests: raw.test, hash })
    }

    /// The policy that holds when no file is set.
    #[expect(clippy::expect_used, reason = "the text is part of the program and a test reads it")]
    pub fn built_in() -> Self {
        Self::parse("built-in policy", DEFAULT).expect("the built-in policy is valid")
    }

    /// The text of the built-in policy, to start one's own from.
    pub fn built_in_text() -> &'static str {
        DEFAULT
    }

    /// Every method that some route names, in no particular order.
    pub fn methods(&self) -> Vec<MethodId> {
        let named = |id: &MethodId| self.routes.iter().any(|route| route.methods.contains(id));
        MethodId::ALL.into_iter().filter(named).collect()
    }

    /// For how many days a route keeps what it holds, and what was released of
    /// it; none where the route does not say.
    pub fn keep_days(&self, route: &str) -> (Option<u32>, Option<u32>) {
        let route = self.routes.iter().find(|known| &*known.name == route);
        route.map_or((None, None), |route| (route.keep_days, route.keep_released_days))
    }

    /// How what this route lets go must be sent.
    pub fn way(&self, route: &str) -> Way {
        let strict = |known: &Route| &*known.name == route && known.require_tls;
        if self.routes.iter().any(strict) { Way::VerifiedTls } else { Way::Any }
    }

    /// The first route that lets nothing go but under verified TLS.
    pub fn strict_route(&self) -> Option<&str> {
        self.routes.iter().find(|route| route.require_tls).map(|route| &*route.name)
    }

    /// Whether the sender of what a route holds may let it through by giving a
    /// reason. No route does unless it says so.
    pub fn lets_override(&self, route: &str) -> bool {
        let mut named = self.routes.iter().filter(|known| &*known.name == route).peekable();
        named.peek().is_some() && named.all(|route| route.lets_override)
    }

    /// First 16 hex digits of the SHA-256 of the policy's text.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The tests that the file carries.
    pub fn tests(&self) -> &[PolicyTest] {
        &self.tests
    }
}

/// A policy file cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PolicyError {
    /// It cannot be read.
    #[error(transparent)]
    Text(#[from] TomlError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    #[serde(default)]
    route: Vec<RawRoute>,
    #[serde(default)]
    test: Vec<PolicyTest>,
}

const DEFAULT: &str = include_str!("default.toml");

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> String {
        Policy::parse("policy.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_policy_is_valid() {
        assert_eq!(Policy::built_in().methods(), [MethodId::Openpgp, MethodId::Smime]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = error_of("[[route]]\nname = \"a\"\nverdict = \"hold\"\nwehn = {}\n");
        assert!(error.starts_with("policy.toml:4: wehn: unknown field `wehn`"), "{error}");
        assert!(error.ends_with("did you mean `when`?"), "{error}");
    }

    #[test]
    fn protect_needs_methods() {
        let error = error_of("[[route]]\nname = \"a\"\nverdict = \"protect\"\n");
        assert!(error.contains("route \"a\""), "{error}");
        assert!(error.contains("methods"), "{error}");
    }

    #[test]
    fn the_line_is_that_of_the_route_at_fault() {
        let right = "[[route]]\nname = \"a\"\nverdict = \"hold\"\n";
        let error = error_of(&format!("{right}[[route]]\nname = \"b\"\nverdict = \"protect\"\n"));
        assert!(error.starts_with("policy.toml:6: verdict: route \"b\": protect needs"), "{error}");
    }

    #[test]
    fn a_wrong_word_in_a_list_or_alone_is_named() {
        for direction in ["\"outbuond\"", "[\"inbound\", \"outbuond\"]"] {
            let error = error_of(&format!(
                "[[route]]\nname = \"a\"\nverdict = \"hold\"\ndirection = {direction}\n"
            ));
            assert!(error.starts_with("policy.toml:4: direction: unknown variant"), "{error}");
            assert!(error.ends_with("did you mean `outbound`?"), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_protected_is_never_delivered() {
        let text = "[[route]]\nname = \"a\"\nverdict = \"protect\"\nmethods = [\"openpgp\"]\n\
                    otherwise = \"deliver\"\n";
        assert!(error_of(text).contains("otherwise"), "{}", error_of(text));
    }

    #[test]
    fn a_route_may_say_how_long_it_keeps_what_it_holds() {
        let route = "[[route]]\nname = \"a\"\nverdict = \"hold\"\n";
        let text = format!("{route}keep_days = 90\nkeep_released_days = 7\n");
        let policy = Policy::parse("policy.toml", &text).unwrap();
        assert_eq!(policy.keep_days("a"), (Some(90), Some(7)));
        assert_eq!(policy.keep_days("b"), (None, None));
        let error = error_of(&format!("{route}keep_days = 0\n"));
        assert!(error.starts_with("policy.toml:4: keep_days: route \"a\": must be"), "{error}");
        let refusing = "[[route]]\nname = \"a\"\nverdict = \"refuse\"\nkeep_released_days = 7\n";
        assert!(error_of(refusing).contains("only a route that holds"), "{}", error_of(refusing));
    }

    #[test]
    fn no_sender_lets_anything_through_unless_a_route_says_so() {
        let route = "[[route]]\nname = \"a\"\nverdict = \"hold\"\n";
        assert!(!Policy::parse("p", route).unwrap().lets_override("a"));
        let policy = Policy::parse("p", &format!("{route}override = true\n")).unwrap();
        assert!(policy.lets_override("a") && !policy.lets_override("default"));
        for value in ["\"yes\"", "1", "[\"sender\"]"] {
            let error = error_of(&format!("{route}override = {value}\n"));
            assert!(error.contains("expected a boolean"), "{error}");
        }
        let refusing = "[[route]]\nname = \"a\"\nverdict = \"refuse\"\noverride = true\n";
        assert!(error_of(refusing).contains("only what is held"), "{}", error_of(refusing));
    }

    #[test]
    fn a_route_may_want_verified_tls() {
        let route = "[[route]]\nname = \"a\"\nverdict = \"deliver\"\n";
        let policy = Policy::parse("p", &format!("{route}require_tls = true\n")).unwrap();
        assert_eq!((policy.way("a"), policy.way("default")), (Way::VerifiedTls, Way::Any));
        assert_eq!(policy.strict_route(), Some("a"));
        assert_eq!(Policy::built_in().strict_route(), None);
        let refusing = "[[route]]\nname = \"a\"\nverdict = \"refuse\"\nrequire_tls = true\n";
        assert!(error_of(refusing).contains("only what may be sent"), "{}", error_of(refusing));
    }

    #[test]
    fn an_unknown_method_is_refused() {
        let text = "[[route]]\nname = \"a\"\nverdict = \"protect\"\nmethods = [\"pgp\"]\n";
        assert!(error_of(text).contains("openpgp, smime, pdf or pickup"), "{}", error_of(text));
    }
}
