//! The ground everything stands on: identifiers, limits, secrets and the
//! clock. Knows nothing of mail and does no I/O beyond reading the time.

pub mod clock;
pub mod id;
pub mod limits;
pub mod measure;
pub mod network;
pub mod secret;
mod toml_place;
pub mod toml_text;
pub mod xtext;
