//! The three cookies: the session, the note that a person has logged in with
//! this browser before, and a log-in that is under way at a provider.

use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::HEXLOWER;

use super::People;
use crate::gate::AccessToken;

impl People {
    /// What the session cookie of a request holds.
    pub(super) fn session_cookie(&self, headers: &HeaderMap) -> Option<String> {
        cookie(headers, &self.named("session"))
    }

    /// Sets the session cookie.
    pub(super) fn session_set(&self, token: &AccessToken) -> Option<HeaderValue> {
        self.set("session", token.expose(), "")
    }

    /// Ends the session cookie.
    pub(super) fn session_end(&self) -> Option<HeaderValue> {
        self.set("session", "", "; Max-Age=0")
    }

    /// What is sealed of a log-in under way at a provider.
    pub(super) fn flow_cookie(&self, headers: &HeaderMap) -> Option<String> {
        cookie(headers, &self.named("flow"))
    }

    /// Seals a log-in under way into the browser, for ten minutes.
    pub(super) fn flow_set(&self, flow: &str) -> Option<HeaderValue> {
        self.set("flow", flow, "; Max-Age=600")
    }

    /// Ends the cookie of a log-in under way.
    pub(super) fn flow_end(&self) -> Option<HeaderValue> {
        self.set("flow", "", "; Max-Age=0")
    }

    /// Whether the person called `name` has logged in with this browser.
    pub(super) fn knows(&self, headers: &HeaderMap, name: &str) -> bool {
        let known = cookie(headers, &self.named("known"));
        known.is_some_and(|known| known == self.known_mark(name))
    }

    /// Notes that the person called `name` has logged in with this browser.
    pub(super) fn known_set(&self, name: &str) -> Option<HeaderValue> {
        self.set("known", &self.known_mark(name), "; Max-Age=31536000")
    }

    fn known_mark(&self, name: &str) -> String {
        let name = name.trim().to_lowercase();
        HEXLOWER.encode(&self.gate.store().mac("known browser", name.as_bytes()))
    }

    /// Under HTTPS the prefix keeps other hosts of the domain from setting it
    /// (RFC 6265bis, section 4.1.3.2).
    fn named(&self, name: &str) -> String {
        if self.is_secure() { format!("__Host-sluse-{name}") } else { format!("sluse-{name}") }
    }

    /// `Lax`, since people come by links in mail.
    fn set(&self, name: &str, value: &str, more: &str) -> Option<HeaderValue> {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let name = self.named(name);
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
        HeaderValue::from_str(&text).ok()
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}
