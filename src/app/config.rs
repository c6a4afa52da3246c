//! The settings file: each part owns its section, this only adds them up.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use super::logging;
use crate::{
    base::{
        limits::Limits,
        toml_text::{self, TomlError},
    },
    detect,
    frontend::milter,
    gate,
    model::address::ParseAddressError,
    notify, relay, web, worker,
};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) detect: detect::Settings,
    pub(super) gateway: gate::GatewaySettings,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) log: logging::Settings,
    pub(super) milter: Option<milter::Settings>,
    #[serde(default)]
    pub(super) notify: notify::Settings,
    pub(super) reinject: Option<relay::Settings>,
    pub(super) smtp: Option<SmtpSettings>,
    pub(super) web: Option<web::Settings>,
    #[serde(default)]
    pub(super) worker: worker::Settings,
}

impl Config {
    /// Reads and checks the settings file.
    pub(super) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file = path.to_string_lossy();
        let mut config: Self = toml_text::parse(&file, &text)?;
        config.check(&file, &text)?;
        config.settle_paths(path);
        Ok(config)
    }

    /// What the gate needs of it.
    pub(super) fn gate(&self) -> Result<gate::Settings, ConfigError> {
        let public_url = self.web.as_ref().and_then(|web| web.public_url.clone());
        let domains = &self.gateway.domains;
        let letterhead = self.notify.letterhead(domains, public_url);
        Ok(gate::Settings {
            detect: self.detect.clone(),
            gateway: self.gateway.clone(),
            letterhead: letterhead.map_err(ConfigError::Domain)?,
            limits: self.limits.clone(),
        })
    }

    /// Things that are allowed but that an administrator should know.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.smtp.is_some() {
            warnings.push(
                "[smtp]: this version has no SMTP listener yet; the section is not used".to_owned(),
            );
        }
        if self.reinject.is_none() {
            warnings.push(
                "[reinject] is not set: recipients cannot be treated apart, held mail cannot be \
                 released and no notices are sent"
                    .to_owned(),
            );
        }
        if self.web.is_none() {
            warnings.push(
                "[web] is not set: refusals carry no link to guidance, and there is no /readyz \
                 or /metrics"
                    .to_owned(),
            );
        }
        if self.gateway.mode == crate::policy::Mode::Monitor {
            warnings.push("[gateway] mode = \"monitor\": every message passes".to_owned());
        }
        warnings
    }

    fn check(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        let fail = |key: &str, what: &str, hint: &str| {
            Err(ConfigError::Text(TomlError::at_key(file, text, key, what).with_hint(hint)))
        };
        if self.gateway.domains.is_empty() {
            let hint = "name your own mail domains: domains = [\"cpm.example\"]";
            return fail("domains", "no domain is given", hint);
        }
        for domain in &mut self.gateway.domains {
            *domain = domain.trim_end_matches('.').to_lowercase();
            if domain.is_empty() || domain.contains(['@', ' ', '*', '/']) {
                return fail("domains", "not a domain name", "write it without @, as cpm.example");
            }
        }
        if self.gateway.keep_days == 0 {
            return fail("keep_days", "held mail must be kept for a day at least", "write 365");
        }
        if self.milter.is_none() && self.smtp.is_none() {
            let hint = "add [milter] with listen = \"unix:/run/sluse/milter.sock\"";
            return fail("gateway", "there is nothing to listen on", hint);
        }
        if self.limits.seconds == 0 || self.limits.seconds > MAX_SECONDS {
            return fail("seconds", "must be 1 to 50", "the mail server waits 60 seconds at most");
        }
        if self.worker.processes == 0 {
            return fail("processes", "at least one reader is needed", "write 2");
        }
        if self.worker.memory < MIN_MEMORY {
            return fail("memory", "too little to read a message", "write 536870912 (512 MiB)");
        }
        Ok(())
    }

    /// Relative paths are taken from the folder of the settings file.
    fn settle_paths(&mut self, file: &Path) {
        let settle = |path: &mut PathBuf| *path = gate::beside(file, path);
        self.gateway.policy.iter_mut().for_each(settle);
        self.gateway.master_key.iter_mut().for_each(settle);
        self.gateway.rules.iter_mut().for_each(settle);
        settle(&mut self.gateway.state);
    }
}

/// `[smtp]`: read so that a settings file for a later version loads; see
/// [`Config::warnings`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the SMTP front-end comes with its own issue")]
pub(super) struct SmtpSettings {
    listen: std::net::SocketAddr,
    next_hop: relay::HostPort,
}

/// The settings cannot be used.
#[derive(Debug, Error)]
pub(super) enum ConfigError {
    /// The first domain makes no address.
    #[error("[gateway] domains: no address can be made of the first")]
    Domain(#[source] ParseAddressError),
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not valid.
    #[error(transparent)]
    Text(#[from] TomlError),
}

/// Under the 60 s that a milter has for a message, with room for the rest.
const MAX_SECONDS: u32 = 50;
const MIN_MEMORY: u64 = 64 << 20;
