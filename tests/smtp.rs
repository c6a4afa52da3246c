//! Mail servers and others talk with the SMTP and LMTP front-end: what the
//! judge and the next hop get to see, and what the client is told.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may fall over")]

#[path = "smtp/attacks.rs"]
mod attacks;
#[path = "smtp/chunks.rs"]
mod chunks;
#[path = "smtp/client.rs"]
mod client;
#[path = "smtp/dialogues.rs"]
mod dialogues;
#[path = "harness/fake_judge.rs"]
mod fake_judge;
#[path = "smtp/gateway.rs"]
mod gateway;
#[path = "smtp/hop.rs"]
mod hop;
#[path = "smtp/limits.rs"]
mod limits;
#[path = "smtp/outcomes.rs"]
mod outcomes;
#[path = "smtp/pieces.rs"]
mod pieces;
#[path = "smtp/plain.rs"]
mod plain;
#[path = "smtp/service.rs"]
mod service;
#[path = "smtp/sockets.rs"]
mod sockets;
#[path = "smtp/tls.rs"]
mod tls;

pub(crate) const MAIL: &[u8] = b"Date: now\r\nSubject:  hello\r\nX-Fold: a\r\n\tb\r\n\r\n\
    Hello.\r\n..\r\nBye.\r\n";
