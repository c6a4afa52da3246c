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
    frontend::{milter, smtp},
    gate::{self, Rulebook, RulebookError},
    model::address::ParseAddressError,
    notify, oidc, protect, relay, web, worker,
};

/// All settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) accounts: gate::AccountSettings,
    #[serde(default)]
    pub(super) detect: detect::Settings,
    #[serde(default)]
    pub(super) digest: gate::DigestSettings,
    #[serde(default)]
    pub(super) dkim: Vec<protect::DkimSettings>,
    #[serde(default)]
    pub(super) extract: worker::OcrSettings,
    pub(super) gateway: gate::GatewaySettings,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) log: logging::Settings,
    pub(super) milter: Option<milter::Settings>,
    #[serde(default)]
    pub(super) notify: notify::Settings,
    pub(super) reinject: Option<relay::Settings>,
    #[serde(default)]
    pub(super) review: gate::ReviewSettings,
    pub(super) smtp: Option<smtp::Settings>,
    pub(super) web: Option<web::Settings>,
    #[serde(default)]
    pub(super) worker: worker::Settings,
}

impl Config {
    /// Where people reach the pages, as links begin.
    pub(super) fn pages(&self) -> String {
        let web = self.web.as_ref();
        let url = web.and_then(|web| web.public_url.as_ref()).map(|url| url.as_str().to_owned());
        let here = || web.and_then(|web| web.listen).map(|listen| format!("http://{listen}"));
        url.or_else(here).unwrap_or_default()
    }

    /// Reads and checks the settings file.
    pub(super) fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let file = path.to_string_lossy();
        let mut config: Self = toml_text::parse(&file, &text)?;
        config.settle(path);
        match config.fault() {
            Some(fault) => Err(TomlError::at(&file, &text, &fault.path, fault.what)
                .with_hint(fault.hint)
                .into()),
            None => Ok(config),
        }
    }

    /// What the gate needs of it.
    pub(super) fn gate(&self) -> Result<gate::Settings, ConfigError> {
        let public_url = self.web.as_ref().and_then(|web| web.public_url.clone());
        let domains = &self.gateway.domains;
        let letterhead = self.notify.letterhead(domains, public_url);
        Ok(gate::Settings {
            accounts: self.accounts.clone(),
            detect: self.detect.clone(),
            digest: self.digest.clone(),
            gateway: self.gateway.clone(),
            letterhead: letterhead.map_err(ConfigError::Domain)?,
            limits: self.limits.clone(),
            review: self.review.clone(),
        })
    }

    /// Where copies, released messages and notices go, if anywhere.
    pub(super) fn outbound(&self) -> Option<relay::Settings> {
        self.reinject.clone().or_else(|| self.smtp.as_ref().map(smtp::Settings::relay))
    }

    /// Things that are allowed but that an administrator should know.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.reinject.is_none() && self.smtp.is_none() {
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
        for path in oidc::open_to_all(&self.accounts.oidc) {
            let path = path.display();
            warnings.push(format!(
                "[[accounts.oidc]] client_secret_file: anybody on this machine can read {path}"
            ));
        }
        if let Some(provider) = self.accounts.trusts_blindly() {
            warnings.push(format!(
                "[[accounts.oidc]] {}: [accounts] second_factor is \"required\", but nothing asks the \
                 provider for one; name acr values, or require amr or acrs",
                provider.name
            ));
        }
        for path in protect::open_to_all(&self.dkim) {
            let path = path.display();
            warnings.push(format!("[[dkim]] key: anybody on this machine can read {path}"));
        }
        if self.gateway.mode == crate::policy::Mode::Monitor {
            warnings.push("[gateway] mode = \"monitor\": every message passes".to_owned());
        }
        warnings
    }

    /// Domains in lower case; relative paths from the folder of the settings
    /// file.
    fn settle(&mut self, file: &Path) {
        for domain in &mut self.gateway.domains {
            *domain = domain.trim_end_matches('.').to_lowercase();
        }
        let settle = |path: &mut PathBuf| *path = gate::beside(file, path);
        self.gateway.policy.iter_mut().for_each(settle);
        self.gateway.master_key.iter_mut().for_each(settle);
        self.gateway.rules.iter_mut().for_each(settle);
        settle(&mut self.gateway.state);
        if let Some(smtp) = &mut self.smtp {
            [
                &mut smtp.authorities,
                &mut smtp.certificate,
                &mut smtp.key,
                &mut smtp.next_hop_authorities,
                &mut smtp.next_hop_certificate,
                &mut smtp.next_hop_key,
            ]
            .into_iter()
            .flatten()
            .for_each(settle);
        }
        if let Some(hop) = &mut self.reinject {
            [&mut hop.authorities, &mut hop.certificate, &mut hop.key]
                .into_iter()
                .flatten()
                .for_each(settle);
        }
        self.dkim.iter_mut().for_each(|dkim| settle(&mut dkim.key));
        self.accounts.oidc.iter_mut().flat_map(oidc::Settings::paths).for_each(settle);
    }

    /// What the types cannot rule out.
    fn fault(&self) -> Option<Fault> {
        let gateway = &self.gateway;
        if gateway.domains.is_empty() {
            let hint = "name your own mail domains: domains = [\"cpm.example\"]";
            return fault("gateway.domains", "no domain is given", hint);
        }
        if let Some(domain) = gateway.domains.iter().find(|domain| !is_domain(domain)) {
            let what = format!("{domain:?} is not a domain name");
            return fault(
                "gateway.domains",
                what,
                "write it without @ or *, as in \"cpm.example\"",
            );
        }
        if self.milter.is_none() && self.smtp.is_none() {
            let hint = "add [milter] with listen = \"unix:/run/sluse/milter.sock\"";
            return fault("gateway", "there is nothing to listen on", hint);
        }
        let unreadable = |path: &PathBuf| {
            let error = fs::metadata(path).err()?;
            Some(format!("cannot read {}: {error}", path.display()))
        };
        if let Some(what) = gateway.policy.as_ref().and_then(unreadable) {
            return fault("gateway.policy", what, FROM_THIS_FOLDER);
        }
        if let Some(what) = gateway.rules.iter().find_map(unreadable) {
            return fault("gateway.rules", what, FROM_THIS_FOLDER);
        }
        if let Err(error @ RulebookError::NoPacks(_)) = Rulebook::packs(&gateway.rules) {
            let hint = "leave the key out to use the built-in packs";
            return fault("gateway.rules", error.to_string(), hint);
        }
        if let Err(error) = protect::Signers::open(&self.dkim) {
            let path = format!("dkim.{}.{}", error.entry, error.setting());
            return fault(path, error.to_string(), "see [[dkim]] in the example settings");
        }
        let is_ours = |domain: &str| gateway.domains.iter().any(|own| own == domain);
        if let Some(to) = self.digest.recipients.iter().find(|to| !is_ours(to.domain())) {
            let what = format!("{to} is in none of your own domains");
            return fault("digest.recipients", what, "a digest goes to your own people");
        }
        let hop = self.smtp_fault().or_else(|| self.reinject_fault());
        hop.or_else(|| self.provider_fault()).or_else(|| self.number_fault())
    }

    fn provider_fault(&self) -> Option<Fault> {
        let all = &self.accounts.oidc;
        if let Some(at) = oidc::twice(all) {
            let hint = "each provider has a name and an issuer of its own";
            return fault(format!("accounts.oidc.{at}.name"), "a provider is there twice", hint);
        }
        let is_reached = self.web.as_ref().is_some_and(|web| web.public_url.is_some());
        if !all.is_empty() && !is_reached {
            let what = "nobody can come back from a provider without [web] public_url";
            return fault("accounts.oidc", what, "public_url = \"https://sluse.cpm.example\"");
        }
        let mut faults = all.iter().enumerate().filter_map(|(at, one)| Some((at, one.fault()?)));
        let (at, oidc::Fault { key, what, hint }) = faults.next()?;
        fault(format!("accounts.oidc.{at}.{key}"), what, hint)
    }

    fn smtp_fault(&self) -> Option<Fault> {
        let smtp::Fault { key, what, hint } = self.smtp.as_ref()?.fault()?;
        fault(format!("smtp.{key}"), what, hint)
    }

    fn reinject_fault(&self) -> Option<Fault> {
        let relay::Fault { part, what, hint } = self.reinject.as_ref()?.fault()?;
        let key = match part {
            relay::Part::Certificate => "certificate",
            relay::Part::Key => "key",
            relay::Part::Tls => "tls",
        };
        fault(format!("reinject.{key}"), what, hint)
    }

    fn ocr_fault(&self) -> Option<Fault> {
        let ocr = &self.extract;
        let zeros = [
            ("extract.ocr_pictures", u64::from(ocr.ocr_pictures), "write 20"),
            ("extract.ocr_pixels", ocr.ocr_pixels, "write 25000000"),
            ("extract.ocr_seconds", u64::from(ocr.ocr_seconds), "write 10"),
            ("extract.ocr_message_seconds", u64::from(ocr.ocr_message_seconds), "write 20"),
        ];
        if let Some((path, _, hint)) = zeros.into_iter().find(|(_, value, _)| *value == 0) {
            return fault(path, "must be above 0", hint);
        }
        let is_on = ocr.ocr == worker::Engine::Tesseract;
        let together = self.limits.seconds.saturating_add(ocr.ocr_message_seconds);
        if is_on && together > MAX_SECONDS {
            let what = format!("must be at most {MAX_SECONDS} together with limits.seconds");
            let hint = "write 20; a milter must answer within 60 seconds";
            return fault("extract.ocr_message_seconds", what, hint);
        }
        None
    }

    fn number_fault(&self) -> Option<Fault> {
        let (limits, worker) = (&self.limits, &self.worker);
        let zeros = [
            ("gateway.hops", u64::from(self.gateway.hops), "write 50"),
            ("gateway.keep_days", u64::from(self.gateway.keep_days), "write 365"),
            ("gateway.keep_audit_days", u64::from(self.gateway.keep_audit_days), "write 1826"),
            ("gateway.keep_record_days", u64::from(self.gateway.keep_record_days), "write 365"),
            ("gateway.keep_released_days", u64::from(self.gateway.keep_released_days), "write 30"),
            ("limits.message_bytes", limits.message_bytes, "write 67108864 (64 MiB)"),
            ("limits.expanded_bytes", limits.expanded_bytes, "write 268435456 (256 MiB)"),
            ("limits.ratio", u64::from(limits.ratio), "write 1000"),
            ("limits.depth", u64::from(limits.depth), "write 16"),
            ("limits.entries", u64::from(limits.entries), "write 20000"),
            ("worker.messages", u64::from(worker.messages), "write 1000"),
        ];
        if let Some((path, _, hint)) = zeros.into_iter().find(|(_, value, _)| *value == 0) {
            return fault(path, "must be above 0", hint);
        }
        if limits.seconds == 0 || limits.seconds > MAX_SECONDS {
            let hint = "write 8; a milter must answer within 60 seconds";
            return fault("limits.seconds", format!("must be 1 to {MAX_SECONDS}"), hint);
        }
        if worker.processes == 0 || worker.processes > MAX_PROCESSES {
            return fault("worker.processes", format!("must be 1 to {MAX_PROCESSES}"), "write 2");
        }
        if worker.memory < MIN_MEMORY {
            let hint = "write 536870912 (512 MiB)";
            return fault("worker.memory", "too little to read a message", hint);
        }
        if let Some(fault) = self.ocr_fault() {
            return Some(fault);
        }
        if self.web.as_ref().is_some_and(|web| web.connections == 0) {
            return fault("web.connections", "must be above 0", "write 256");
        }
        None
    }
}

/// What is wrong with a value.
struct Fault {
    /// Its keys, joined by dots.
    path: String,
    what: String,
    hint: &'static str,
}

fn fault(path: impl Into<String>, what: impl Into<String>, hint: &'static str) -> Option<Fault> {
    Some(Fault { path: path.into(), what: what.into(), hint })
}

/// Whether mail can have this domain (RFC 1035 section 2.3.1, letters of every
/// script allowed).
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let letters = label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        letters && (1..=63).contains(&label.len())
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The settings cannot be used.
#[derive(Debug, Error)]
pub(super) enum ConfigError {
    /// The first domain makes no address.
    #[error("[gateway] domains: no address can be made of the first")]
    Domain(#[source] ParseAddressError),
    /// The file cannot be read.
    #[error("cannot read the settings file {} (--config names another)", path.display())]
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

const FROM_THIS_FOLDER: &str = "correct the path; it is taken from the folder of this file";
/// Under the 60 s that a milter has for a message, with room for the rest.
const MAX_SECONDS: u32 = 50;
/// As many as the pool takes.
const MAX_PROCESSES: usize = 256;
const MIN_MEMORY: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    const EXAMPLE: &str = include_str!("../../deploy/sluse.toml");
    const LEAST: &str = "[gateway]\ndomains = [\"cpm.example\"]\n[milter]\n[web]\n\
        [smtp]\nlisten = \"127.0.0.1:7014\"\nnext_hop = \"127.0.0.1:10026\"\n";

    /// The example with every line in use that shows a setting.
    fn in_full() -> String {
        let shown = |line: &str| {
            let name = line.strip_prefix('#')?.split(" = ").next()?;
            let is_name =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let is_section = line.starts_with("#[smtp") || line.starts_with("#[[");
            (is_name || is_section).then(|| line[1..].to_owned())
        };
        let lines = EXAMPLE.lines().map(|line| shown(line).unwrap_or_else(|| line.to_owned()));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_shows_the_defaults() {
        let mut shown: Config = toml::from_str(&in_full()).unwrap();
        let provider = shown.accounts.oidc.pop().unwrap();
        assert_eq!(provider.scopes, ["openid", "profile", "email"]);
        assert!(provider.roles_claim == "roles" && !provider.userinfo);
        let least: Config = toml::from_str(LEAST).unwrap();
        assert_eq!(shown.limits, least.limits);
        for (shown, default) in [
            (format!("{:?}", shown.worker), format!("{:?}", least.worker)),
            (format!("{:?}", shown.log), format!("{:?}", least.log)),
            (format!("{:?}", shown.detect), format!("{:?}", least.detect)),
            (format!("{:?}", shown.accounts), format!("{:?}", least.accounts)),
            (format!("{:?}", shown.digest.hour), format!("{:?}", least.digest.hour)),
            (format!("{:?}", shown.digest.timezone), format!("{:?}", least.digest.timezone)),
            (format!("{:?}", shown.digest.weekdays), format!("{:?}", least.digest.weekdays)),
            (format!("{:?}", shown.extract), format!("{:?}", least.extract)),
            (format!("{:?}", shown.notify.language), format!("{:?}", least.notify.language)),
        ] {
            assert_eq!(shown, default);
        }
        let (shown_web, web) = (shown.web.unwrap(), least.web.unwrap());
        assert_eq!(shown_web.connections, web.connections);
        assert_eq!(shown.gateway.hops, least.gateway.hops);
        assert_eq!(shown.gateway.keep_days, least.gateway.keep_days);
        assert_eq!(shown.gateway.keep_audit_days, least.gateway.keep_audit_days);
        assert_eq!(shown.gateway.keep_record_days, least.gateway.keep_record_days);
        assert_eq!(shown.gateway.keep_released_days, least.gateway.keep_released_days);
        assert_eq!(shown.gateway.state, least.gateway.state);
        assert_eq!(shown.gateway.mode, least.gateway.mode);
        let listen = least.milter.clone().unwrap().listen;
        let milter = milter::Settings { listen, ..shown.milter.unwrap() };
        assert_eq!(format!("{milter:?}"), format!("{:?}", least.milter.unwrap()));
        let smtp = least.smtp.unwrap();
        let text = |settings: smtp::Settings| format!("{settings:?}");
        let shown_smtp = smtp::Settings {
            connector: Vec::new(),
            hello: None,
            certificate: None,
            key: None,
            authorities: None,
            next_hop_tls: None,
            next_hop_authorities: None,
            next_hop_certificate: None,
            next_hop_key: None,
            ..shown.smtp.unwrap()
        };
        assert_eq!(text(shown_smtp), text(smtp));
        let (_, built_in) = Policy::built_in_text().split_once("[[route]]").unwrap();
        assert!(include_str!("../../deploy/policy.toml").contains(built_in.trim()), "policy.toml");
    }

    #[test]
    fn the_example_names_every_setting() {
        let sections = [
            "accounts", "detect", "digest", "extract", "gateway", "limits", "log", "milter",
            "notify", "reinject",
        ];
        let full = in_full().replace("[[dkim]]", "[dkim]");
        let full = full.replace("[[accounts.oidc]]", "[accounts.oidc]");
        let sections = sections.into_iter().chain(["accounts.oidc"]);
        for section in sections.chain(["smtp", "smtp.limits", "web", "worker"]) {
            // A wrong key is answered with the list of the right ones.
            let least = match section {
                "smtp.limits" => "[smtp]\nlisten = \"127.0.0.1:0\"\nnext_hop = \"a:25\"\n",
                _ => "",
            };
            let head = match section {
                "accounts.oidc" => "[[accounts.oidc]]".to_owned(),
                section => format!("[{section}]"),
            };
            let wrong = format!("{least}{head}\nno_such_setting = 1\n");
            let complaint = toml::from_str::<Config>(&wrong).unwrap_err().message().to_owned();
            let (_, expected) = complaint.split_once("expected").unwrap();
            let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
            let (_, rest) = full.split_once(&format!("\n[{section}]\n")).unwrap();
            let own = rest.split("\n[").next().unwrap();
            assert!(!names.is_empty());
            for name in names {
                let is_section = full.contains(&format!("[{section}.{name}]"));
                assert!(
                    is_section || own.lines().any(|line| line.starts_with(&format!("{name} = "))),
                    "{section} {name}"
                );
            }
        }
    }
}
