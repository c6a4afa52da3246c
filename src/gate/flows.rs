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
    /// Notes that a log-in came back. Not twice, and not when too many did.
    pub(super) fn spend(&self, flow: &Flow, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= MOST {
            all.retain(|_, until| *until >= now.as_second());
        }
        if all.len() >= MOST || all.contains_key(flow.attempt.state()) {
            return false;
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
