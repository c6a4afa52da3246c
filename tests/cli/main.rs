//! The program as an administrator meets it: arguments, output, exit status.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod formats;
mod gnupg;
mod help;
mod keys;
mod place;
mod quarantine;
mod report;
mod rules;
mod scan;
mod settings;
mod store;
mod subject;
