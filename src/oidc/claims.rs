//! What the claims about a person mean here.
//!
//! Only claims that were verified come to this place. A claim is looked up by
//! its whole name first, since some have addresses as names, and then as a
//! path with dots, as in `realm_access.roles`.

use serde_json::{Map, Value};

use super::settings::Settings;
use crate::model::{Address, LoginName, Role};

/// Somebody who logged in at a provider.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Who says so.
    pub issuer: String,
    /// What the provider calls the person, for ever and for nobody else.
    pub subject: String,
    /// Names that an account may get, the best first.
    pub names: Vec<LoginName>,
    /// Where the person gets mail, if that is told.
    pub email: Option<Address>,
    /// What the claims give.
    pub roles: Vec<Role>,
}

/// All claims about a person.
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    /// The claims that are missing here, from a less trusted place.
    pub(super) fn join(&mut self, others: Map<String, Value>) {
        for (name, value) in others {
            self.0.entry(name).or_insert(value);
        }
    }

    /// The first setting that the claims do not meet.
    pub(super) fn unmet(&self, settings: &Settings) -> Option<Unmet> {
        if !settings.acr.is_empty() && !self.has_one("acr", &settings.acr) {
            return Some(Unmet::Acr);
        }
        let mut required = settings.require.iter();
        let unmet = required.find(|(claim, values)| !self.has_one(claim, values));
        unmet.map(|(claim, _)| Unmet::Claim(claim.clone()))
    }

    /// The person that the claims are about.
    pub(super) fn person(&self, settings: &Settings, subject: &str) -> Person {
        let names: Vec<&str> = match &settings.name_claim {
            Some(claim) => vec![claim],
            None => vec!["preferred_username", "email"],
        };
        let names = names.into_iter().flat_map(|claim| self.texts(claim));
        let names = names.filter_map(|text| text.parse().ok());
        let email = self.texts("email").into_iter().find(|text| text.contains('@'));
        let mut roles: Vec<Role> = self
            .texts(&settings.roles_claim)
            .into_iter()
            .filter_map(|value| settings.roles.get(value))
            .flatten()
            .copied()
            .collect();
        roles.sort_unstable();
        roles.dedup();
        Person {
            issuer: settings.issuer.clone(),
            subject: subject.to_owned(),
            names: names.collect(),
            email: email.and_then(|text| text.parse().ok()),
            roles,
        }
    }

    fn has_one(&self, claim: &str, values: &[String]) -> bool {
        self.texts(claim).iter().any(|text| values.iter().any(|value| value == text))
    }

    /// The text of a claim, or the texts of its list.
    fn texts(&self, claim: &str) -> Vec<&str> {
        match self.value(claim) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn value(&self, claim: &str) -> Option<&Value> {
        if let Some(value) = self.0.get(claim) {
            return Some(value);
        }
        let mut steps = claim.split('.');
        let first = self.0.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    }
}

/// What a setting asks for and the claims do not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unmet {
    /// The way to log in.
    Acr,
    /// A claim.
    Claim(String),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(more: &str) -> Settings {
        let text = format!(
            "name = \"op\"\nissuer = \"https://op.example\"\nclient_id = \"sluse\"\n\
             client_secret_file = \"op.secret\"\nroles = {{ a = [\"reviewer\", \"viewer\"], \
             b = [\"officer\"] }}\n{more}"
        );
        toml::from_str(&text).unwrap()
    }

    fn claims(value: Value) -> Claims {
        Claims(value.as_object().unwrap().clone())
    }

    fn roles(settings: &Settings, value: Value) -> Vec<Role> {
        claims(value).person(settings, "s").roles
    }

    #[test]
    fn roles_come_from_a_text_a_list_or_a_path() {
        let plain = settings("");
        assert_eq!(roles(&plain, json!({ "roles": "b" })), [Role::Officer]);
        let all = [Role::Officer, Role::Reviewer, Role::Viewer];
        assert_eq!(roles(&plain, json!({ "roles": ["b", "a", "b", 7] })), all);
        for value in [json!({}), json!({ "roles": null }), json!({ "roles": { "b": true } })] {
            assert_eq!(roles(&plain, value), []);
        }
        let deep = settings("roles_claim = \"realm_access.roles\"");
        assert_eq!(roles(&deep, json!({ "realm_access": { "roles": ["b"] } })), [Role::Officer]);
        let address = settings("roles_claim = \"https://n.op.example/claims/roles\"");
        let value = json!({ "https://n.op.example/claims/roles": ["b"] });
        assert_eq!(roles(&address, value), [Role::Officer]);
    }

    #[test]
    fn a_name_that_holds_a_number_is_passed_over() {
        let value = json!({ "preferred_username": "13827830652", "email": "Kari@cpm.example" });
        let person = claims(value).person(&settings(""), "s");
        assert_eq!(
            person.names.iter().map(LoginName::as_str).collect::<Vec<_>>(),
            ["kari@cpm.example"]
        );
    }

    #[test]
    fn what_is_required_must_be_there() {
        let strict = settings("acr = [\"high\"]\nrequire = { tid = [\"t1\", \"t2\"] }");
        let unmet = |value| claims(value).unmet(&strict);
        assert_eq!(unmet(json!({ "acr": "high", "tid": "t2" })), None);
        assert_eq!(unmet(json!({ "acr": "low", "tid": "t2" })), Some(Unmet::Acr));
        assert_eq!(unmet(json!({ "tid": "t2" })), Some(Unmet::Acr));
        let other = Some(Unmet::Claim("tid".to_owned()));
        assert_eq!(unmet(json!({ "acr": "high", "tid": "t3" })), other);
        assert_eq!(unmet(json!({ "acr": "high" })), other);
    }
}
