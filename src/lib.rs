//! Sluse: a gate in the mail path that lets nothing through until it is clean,
//! encrypted, or released by a person.
//!
//! Imports point down: `base ← model ← extract | detect | policy ← worker,
//! protect, store, relay, notify, oidc ← gate ← frontend, web, cli, jobs ← app`.
//! `tests/layers.rs` holds this. `ARCHITECTURE.md` has the picture.

#![forbid(unsafe_code)]

pub mod app;
pub mod base;
pub mod cli;
pub mod detect;
pub mod extract;
pub mod frontend;
pub mod gate;
pub mod jobs;
pub mod model;
pub mod notify;
pub mod oidc;
pub mod policy;
pub mod protect;
pub mod relay;
pub mod store;
pub mod web;
pub mod worker;
