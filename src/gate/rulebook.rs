//! Rules, policy and settings, loaded and tested together. A message is judged
//! by exactly one rulebook.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use thiserror::Error;

use super::{GateError, Reader, Settings, beside};
use crate::{
    base::secret::Secret,
    detect::{PackSource, RuleError, Rules},
    model::{Channel, Envelope, Kind, MethodId, Offer, Raw, Surface},
    policy::{Facts, Policy, PolicyError, PolicyTest},
    worker::Workers,
};

/// What messages are judged by.
pub struct Rulebook {
    /// The policy.
    pub policy: Policy,
    /// The rules.
    pub rules: Rules,
    /// The settings.
    pub settings: Settings,
}

impl Rulebook {
    /// Loads rules and policy as `settings` name them. Rule packs run the tests
    /// inside them; [`Rulebook::test_policy`] runs those of the policy.
    ///
    /// # Errors
    ///
    /// A file cannot be read, is not valid, or a test inside it fails.
    pub fn load(settings: Settings) -> Result<Self, RulebookError> {
        let packs = Self::packs(&settings.gateway.rules)?;
        let rules = Rules::load(&packs)?;
        let policy = match &settings.gateway.policy {
            Some(file) => {
                let text = read_text(file)?;
                Policy::parse(&file.to_string_lossy(), &text)?
            }
            None => Policy::built_in(),
        };
        Ok(Self { policy, rules, settings })
    }

    /// The packs at `paths`: files as they are, of folders every `*.toml` below, in
    /// the order of their names. The built-in packs when `paths` is empty.
    ///
    /// # Errors
    ///
    /// A file or folder cannot be read, or a folder holds no pack.
    pub fn packs(paths: &[PathBuf]) -> Result<Vec<PackSource>, RulebookError> {
        if paths.is_empty() {
            return Ok(Rules::builtin());
        }
        let mut files = Vec::new();
        for path in paths {
            let before = files.len();
            collect(path, &mut files)?;
            if files.len() == before {
                return Err(RulebookError::NoPacks(path.clone()));
            }
        }
        let load = |path: &PathBuf| {
            Ok(PackSource { name: path.to_string_lossy().into_owned(), text: read_text(path)? })
        };
        files.iter().map(load).collect()
    }

    /// The built-in rules and policy, for `scan` without settings.
    ///
    /// # Errors
    ///
    /// Never for a released build; the rules are tested with it.
    pub fn built_in(settings: Settings) -> Result<Self, RulebookError> {
        let rules = Rules::load(&Rules::builtin())?;
        Ok(Self { policy: Policy::built_in(), rules, settings })
    }

    /// Runs the tests that the policy file carries.
    ///
    /// # Errors
    ///
    /// The first test that fails, or whose message cannot be read.
    pub async fn test_policy(
        self: &Arc<Self>,
        workers: &Arc<Workers>,
        now: Timestamp,
    ) -> Result<(), RulebookError> {
        let Some(file) = &self.settings.gateway.policy else { return Ok(()) };
        let reader = Reader::new(Arc::clone(workers), Arc::clone(self), Secret::new([0; 32]));
        for (index, test) in self.policy.tests().iter().enumerate() {
            let path = beside(file, Path::new(&test.message));
            let raw: Raw = match fs::read(&path) {
                Ok(raw) => raw.into(),
                Err(source) => {
                    let (file, line) = (file.clone(), test.line);
                    return Err(RulebookError::Message { file, line, path, source });
                }
            };
            let reading = reader.read(Kind::Message, "", &raw, now).await;
            let reading = reading.map_err(|error| RulebookError::Unread(Box::new(error)))?;
            let envelope = Envelope { sender: test.from.clone(), recipients: test.to.clone() };
            let offers = assumed_offers(test);
            let facts = Facts {
                channel: EVERYTHING,
                domains: &self.settings.gateway.domains,
                envelope: &envelope,
                offers: &offers,
                reading: &reading,
            };
            test.check(&self.policy, &facts).map_err(|what| RulebookError::Test {
                file: file.clone(),
                line: test.line,
                number: index + 1,
                message: test.message.clone(),
                what,
            })?;
        }
        Ok(())
    }
}

/// Why rules or policy cannot be used.
#[derive(Debug, Error)]
pub enum RulebookError {
    /// The message of a test cannot be opened.
    #[error(
        "{}:{line}: message: cannot read {} (hint: the path is taken from the folder of this file)",
        file.display(), path.display()
    )]
    Message {
        /// The policy file.
        file: PathBuf,
        /// The line of the test.
        line: usize,
        /// The message.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder of rule packs holds none: with no rules everything would pass.
    #[error("no rule pack (*.toml) in {}", .0.display())]
    NoPacks(PathBuf),
    /// The policy file is not valid.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A rule pack is not valid.
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The message of a test cannot be read now.
    #[error("a test message cannot be read")]
    Unread(#[source] Box<GateError>),
    /// A test in the policy file fails.
    #[error(
        "{}:{line}: expect: test {number} ({message}): {what}; hint: correct the route or the test",
        file.display()
    )]
    Test {
        /// The policy file.
        file: PathBuf,
        /// The line of the test.
        line: usize,
        /// Which test, from 1.
        number: usize,
        /// The message of the test.
        message: String,
        /// What was decided instead.
        what: String,
    },
}

/// The tests of a policy are about routes, not about what a front-end lacks.
const EVERYTHING: Channel =
    Channel { answers_each: true, passes_some: true, reinjects: true, replaces: true };

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), RulebookError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|e| unreadable(path, e))?;
    let entries = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut entries: Vec<PathBuf> =
        entries.collect::<Result<_, _>>().map_err(|e| unreadable(path, e))?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|extension| extension == "toml") {
            files.push(entry);
        }
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String, RulebookError> {
    fs::read_to_string(path).map_err(|e| unreadable(path, e))
}

fn unreadable(path: &Path, source: io::Error) -> RulebookError {
    RulebookError::Read { path: path.to_owned(), source }
}

/// In a test every recipient has a key for each method that it names.
fn assumed_offers(test: &PolicyTest) -> Vec<Offer> {
    let offer = |method: MethodId, recipient| Offer {
        method,
        recipient,
        covers: &[
            Surface::Body,
            Surface::Cell,
            Surface::FileName,
            Surface::FileText,
            Surface::Header,
            Surface::Metadata,
        ],
        key: Ok("assumed by the test".to_owned()),
    };
    test.with.iter().flat_map(|m| test.to.iter().map(|to| offer(*m, to.clone()))).collect()
}
