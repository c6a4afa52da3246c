//! `[[accounts.oidc]]`: one provider of log-ins, and what its claims mean here.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use openidconnect::url::{Host, Url};
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{base::secret::Secret, model::Role};

/// `[[accounts.oidc]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Short name of the provider, as it stands in paths and the audit log.
    pub name: ProviderName,
    /// What people know it by; the name when absent.
    pub label: Option<String>,
    /// Who signs the tokens, as it stands in them.
    pub issuer: String,
    /// What the provider calls us.
    pub client_id: String,
    /// The file with the secret that goes with `client_id`.
    pub client_secret_file: PathBuf,
    /// What is asked for, besides `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// The claim whose values give roles.
    #[serde(default = "default_roles_claim")]
    pub roles_claim: String,
    /// The roles that each value of that claim gives.
    pub roles: BTreeMap<String, Vec<Role>>,
    /// The claim that an account is named by when it is made;
    /// `preferred_username` and then `email` when absent.
    pub name_claim: Option<String>,
    /// How the person may have logged in there (`acr`); in any way when empty.
    #[serde(default)]
    pub acr: Vec<String>,
    /// Claims that must have one of the values given, such as the tenant.
    #[serde(default)]
    pub require: BTreeMap<String, Vec<String>>,
    /// Whether claims are fetched from the userinfo endpoint as well.
    #[serde(default)]
    pub userinfo: bool,
    /// Certificates that vouch for the provider; those of this machine when
    /// absent.
    pub authorities: Option<PathBuf>,
}

impl Settings {
    /// What people know it by.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(self.name.as_str())
    }

    /// Whether the settings ask for a way to log in, so that the provider owes
    /// the second factor.
    pub fn asks_how(&self) -> bool {
        let how = ["acr", "acrs", "amr"];
        !self.acr.is_empty() || self.require.keys().any(|claim| how.contains(&claim.as_str()))
    }

    /// Whether anybody on this machine can read the secret.
    pub fn secret_is_open(&self) -> bool {
        fs::metadata(&self.client_secret_file).is_ok_and(|file| file.mode() & 0o007 != 0)
    }

    /// What the types cannot rule out.
    pub fn fault(&self) -> Option<Fault> {
        let is_line = |text: &str| !text.trim().is_empty() && !text.contains(char::is_control);
        if let Some(label) = &self.label
            && (!is_line(label) || label.chars().count() > MAX_LABEL)
        {
            return fault("label", "must be 1 to 40 characters in one line", "label = \"Feide\"");
        }
        match Url::parse(&self.issuer) {
            Ok(url) if is_safe(&url) && url.query().is_none() && url.fragment().is_none() => {}
            Ok(_) | Err(_) => {
                let what = format!("{:?} is not an https:// address", self.issuer);
                let hint = "http:// is for a provider on this machine alone (127.0.0.1, ::1)";
                return fault("issuer", what, hint);
            }
        }
        if !is_line(&self.client_id) {
            return fault("client_id", "is empty", "the provider tells it when you register us");
        }
        if let Err(error) = self.secret() {
            let hint = "a file that the service alone can read, with the secret in its first line";
            return fault("client_secret_file", error.to_string(), hint);
        }
        if self.roles.is_empty() || self.roles.values().any(Vec::is_empty) {
            let hint = "roles = { \"Sluse.Reviewer\" = [\"reviewer\"] }";
            return fault("roles", "nobody would get a role", hint);
        }
        if self.require.values().any(Vec::is_empty) {
            let hint = "require = { tid = [\"the id of your tenant\"] }";
            return fault("require", "a claim with no value that would do", hint);
        }
        None
    }

    /// Reads the secret: the first line of the file.
    pub(super) fn secret(&self) -> Result<Secret<String>, SecretError> {
        let path = &self.client_secret_file;
        let failed = |source| SecretError::Unreadable { path: path.clone(), source };
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        match text.lines().next().map(str::trim) {
            Some(line) if !line.is_empty() => Ok(Secret::new(line.to_owned())),
            Some(_) | None => Err(SecretError::Empty(path.clone())),
        }
    }

    /// Paths from the folder of the settings file.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        std::iter::once(&mut self.client_secret_file).chain(self.authorities.as_mut())
    }
}

/// Whether an address is one that nobody on the way can read or change: HTTPS,
/// or HTTP that does not leave this machine.
pub(super) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(_)) | None => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none();
    is_bare
        && url.host().is_some()
        && (url.scheme() == "https" || url.scheme() == "http" && is_here)
}

/// Lower-case letters, digits and hyphens, 1 to 32.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub struct ProviderName(String);

impl ProviderName {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ProviderName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let is_name = (1..=32).contains(&text.len()) && text.bytes().all(fits);
        if is_name { Ok(Self(text)) } else { Err(NameError) }
    }
}

/// The text is no name of a provider.
#[derive(Clone, Copy, Debug, Error)]
#[error("the name of a provider is 1 to 32 of a-z, 0-9 and -")]
pub struct NameError;

/// What is wrong with a setting.
pub struct Fault {
    /// The setting.
    pub key: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to write.
    pub hint: &'static str,
}

/// The secret of the client cannot be used.
#[derive(Debug, Error)]
pub enum SecretError {
    /// There is nothing in the file.
    #[error("{0} is empty")]
    Empty(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn fault(key: &'static str, what: impl Into<String>, hint: &'static str) -> Option<Fault> {
    Some(Fault { key, what: what.into(), hint })
}

/// The first two providers with one name or one issuer, if there are such: the
/// later of them.
pub fn twice(all: &[Settings]) -> Option<usize> {
    (1..all.len()).find(|at| {
        let (one, before) = (&all[*at], &all[..*at]);
        before.iter().any(|other| other.name == one.name || other.issuer == one.issuer)
    })
}

/// The file whose secret anybody on this machine can read.
pub fn open_to_all(all: &[Settings]) -> impl Iterator<Item = &Path> {
    let open = all.iter().filter(|settings| settings.secret_is_open());
    open.map(|settings| settings.client_secret_file.as_path())
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn default_roles_claim() -> String {
    "roles".to_owned()
}

const MAX_LABEL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_counts_on_this_machine_only() {
        for (text, wanted) in [
            ("https://login.example/x/v2.0", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://login.example", false),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1@evil.example", false),
            ("https://name:word@login.example", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(Url::parse(text).is_ok_and(|url| is_safe(&url)), wanted, "{text}");
        }
    }

    #[test]
    fn a_name_is_a_word_of_a_path() {
        for (text, wanted) in
            [("entra", true), ("id-porten", true), ("", false), ("a/b", false), ("Feide", false)]
        {
            assert_eq!(ProviderName::try_from(text.to_owned()).is_ok(), wanted, "{text}");
        }
    }
}
