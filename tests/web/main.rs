//! The web listener: the pages for everybody, and those for people who log in.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../harness/mod.rs"]
mod harness;

mod api;
mod factor;
mod login;
mod officer;
mod oidc;
mod op;
mod people;
mod place;
mod public;
mod queue;
mod roles;
