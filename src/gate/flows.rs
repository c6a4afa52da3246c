//! Log-ins that are under way at a provider.
//!
//! What must come back unchanged goes along in the browser, sealed: so only
//! the browser that began a log-in can end it, and nothing is kept of those
//! that are never ended. Each one counts once, for ten minutes.

use std::{collections::HashMap, sync::Mutex};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::AccountError;
use crate::{oidc::Attempt, store::Store};

/// One log-in under way.
#[derive(Deserialize, Serialize)]
pub(super) struct Flow {
    pub(super) attempt: Attempt,
    pub(super) next: String,
    provider: String,
    until: i64,
}

impl Flow {
    /// One that begins now.
    pub(super) fn new(provider: &str, attempt: Attempt, next: &str, now: Timestamp) -> Self {
        let until = now.saturating_add(FLOW).unwrap_or(now).as_second();
        let next = if next.len() > MAX_NEXT { "/" } else { next };
        Self { attempt, next: next.to_owned(), provider: provider.to_owned(), until }
    }

    /// As the browser keeps it.
    pub(super) fn seal(&self, store: &Store) -> Result<String, AccountError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| AccountError::Random)?;
        let plain = Zeroizing::new(serde_json::to_vec(self).map_err(|_| AccountError::Random)?);
        let payload = Payload { msg: &plain, aad: self.provider.as_bytes() };
        let sealed = cipher(store).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| AccountError::Random)?;
        Ok(BASE64URL_NOPAD.encode(&[&nonce[..], &sealed].concat()))
    }

    /// Opens what a browser brought, when it is for this provider and not over.
    pub(super) fn open(store: &Store, text: &str, provider: &str, now: Timestamp) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: provider.as_bytes() };
        let plain = cipher(store).decrypt(&XNonce::from(*nonce), payload).ok()?;
        let flow: Self = serde_json::from_slice(&Zeroizing::new(plain)).ok()?;
        (flow.until >= now.as_second()).then_some(flow)
    }
}

/// States that came back.
#[derive(Default)]
pub(super) struct Spent(Mutex<HashMap<String, i64>>);

impl Spent {
    /// Notes that a log-in came back; not twice. Where too many did, the one
    /// that ends first is forgotten: to refuse would let whoever begins log-ins
    /// without end keep others out, and a code still counts once at its provider.
    pub(super) fn spend(&self, flow: &Flow, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= MOST {
            all.retain(|_, until| *until >= now.as_second());
        }
        if all.contains_key(flow.attempt.state()) {
            return false;
        }
        if all.len() >= MOST {
            let first = all.iter().min_by_key(|(_, until)| **until).map(|(state, _)| state.clone());
            if let Some(state) = first {
                all.remove(&state);
            }
        }
        all.insert(flow.attempt.state().to_owned(), flow.until);
        true
    }
}

fn cipher(store: &Store) -> XChaCha20Poly1305 {
    let key = Zeroizing::new(store.mac("log-in at a provider", b"seal"));
    XChaCha20Poly1305::new((&*key).into())
}

const FLOW: SignedDuration = SignedDuration::from_mins(10);
const MAX_NEXT: usize = 1024;
const MOST: usize = 100_000;
const NONCE: usize = 24;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::base::clock::SystemClock;

    fn flow(now: Timestamp) -> Flow {
        let attempt = r#"{"nonce":"n","state":"s","verifier":"v"}"#;
        Flow::new("op", serde_json::from_str(attempt).unwrap(), "/me", now)
    }

    #[tokio::test]
    async fn a_flow_opens_for_ten_minutes_and_for_its_provider_alone() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), None, Arc::new(SystemClock)).await.unwrap();
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let sealed = flow(now).seal(&store).unwrap();
        assert!(!sealed.contains("verifier") && sealed != flow(now).seal(&store).unwrap());
        let opened = |provider, seconds| {
            Flow::open(&store, &sealed, provider, now + SignedDuration::from_secs(seconds))
        };
        assert!(opened("op", 600).is_some_and(|flow| flow.next == "/me"));
        assert!(opened("op", 601).is_none() && opened("other", 0).is_none());
        let other = tempfile::tempdir().unwrap();
        let other = Store::open(other.path(), None, Arc::new(SystemClock)).await.unwrap();
        assert!(Flow::open(&other, &sealed, "op", now).is_none(), "sealed by another key");
    }

    #[test]
    fn a_flow_counts_once() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let spent = Spent::default();
        assert!(spent.spend(&flow(now), now));
        assert!(!spent.spend(&flow(now), now));
    }

    #[test]
    fn a_flood_of_flows_keeps_nobody_out() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let until = now.as_second() + 600;
        let flood = (0..MOST).map(|number| (number.to_string(), until - i64::from(number == 7)));
        let spent = Spent(Mutex::new(flood.collect()));
        assert!(spent.spend(&flow(now), now));
        assert!(!spent.spend(&flow(now), now));
        let all = spent.0.into_inner().unwrap();
        assert_eq!(all.len(), MOST);
        assert!(!all.contains_key("7") && all.contains_key("8"));
    }
}
