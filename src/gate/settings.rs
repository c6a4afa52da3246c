//! What the gate needs to know about the organisation: `[gateway]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::{AccountSettings, DigestSettings};
use crate::{base::limits::Limits, detect, notify::Letterhead, policy::Mode};

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySettings {
    /// Our own domains. A sender inside makes a message outbound, a recipient
    /// inside makes it inbound, both make it internal.
    pub domains: Vec<String>,
    /// How many servers a message may have passed through; one that has passed
    /// through more goes in circles and is refused.
    #[serde(default = "default_hops")]
    pub hops: u16,
    /// Days that a held message is kept.
    #[serde(default = "default_keep_days")]
    pub keep_days: u32,
    /// Days that rows of the audit log and counters are kept.
    #[serde(default = "default_keep_audit_days")]
    pub keep_audit_days: u32,
    /// Days that records without content are kept.
    #[serde(default = "default_keep_record_days")]
    pub keep_record_days: u32,
    /// Days that a held message is kept once it is released.
    #[serde(default = "default_keep_released_days")]
    pub keep_released_days: u32,
    /// The file with the master key; made at the first start when absent.
    pub master_key: Option<PathBuf>,
    /// Whether decisions are carried out.
    #[serde(default)]
    pub mode: Mode,
    /// The policy file; the built-in policy when absent.
    pub policy: Option<PathBuf>,
    /// Files or folders with rule packs; the built-in packs when absent.
    #[serde(default)]
    pub rules: Vec<PathBuf>,
    /// The folder for database, sealed content, outbox and certificates.
    #[serde(default = "default_state")]
    pub state: PathBuf,
}

impl GatewaySettings {
    /// Settings of no organisation, for `scan`.
    pub fn nowhere() -> Self {
        Self {
            domains: Vec::new(),
            hops: default_hops(),
            keep_days: default_keep_days(),
            keep_audit_days: default_keep_audit_days(),
            keep_record_days: default_keep_record_days(),
            keep_released_days: default_keep_released_days(),
            master_key: None,
            mode: Mode::Enforce,
            policy: None,
            rules: Vec::new(),
            state: default_state(),
        }
    }
}

/// `[review]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReviewSettings {
    /// From so many persons or findings on, a second person must agree before
    /// a message leaves. 0: never.
    pub four_eyes_persons: u32,
}

impl ReviewSettings {
    /// From how many on, if ever.
    pub(super) fn four_eyes(&self) -> Option<usize> {
        usize::try_from(self.four_eyes_persons).ok().filter(|least| *least > 0)
    }
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self { four_eyes_persons: 5 }
    }
}

/// What the gate is set to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[accounts]`
    pub accounts: AccountSettings,
    /// `[detect]`
    pub detect: detect::Settings,
    /// `[digest]`
    pub digest: DigestSettings,
    /// `[gateway]`
    pub gateway: GatewaySettings,
    /// `[limits]`
    pub limits: Limits,
    /// `[review]`
    pub review: ReviewSettings,
    /// What stands on everything we write: `[notify]` and `[web] public_url`.
    pub letterhead: Letterhead,
}

fn default_hops() -> u16 {
    50
}

fn default_keep_days() -> u32 {
    365
}

/// Five years.
fn default_keep_audit_days() -> u32 {
    1826
}

fn default_keep_record_days() -> u32 {
    365
}

fn default_keep_released_days() -> u32 {
    30
}

fn default_state() -> PathBuf {
    PathBuf::from("/var/lib/sluse")
}
