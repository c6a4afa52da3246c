//! The arguments, with the help texts.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
    value_parser,
};
use clap_complete::Shell;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::Offset,
};

use super::{examples, report::ReportCommand};
use crate::{
    base::id::EventId,
    model::{Address, Direction, Kind, LoginName, Role},
    store::{AuditRow, HeldId, HeldState, Inspector, QueuedId, WrongKey},
};

/// A gate in the mail path: finds unencrypted Norwegian identity numbers and
/// other sensitive data, and refuses, holds or encrypts.
#[derive(Debug, Parser)]
#[command(name = "sluse", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = examples::SLUSE, arg_required_else_help = true)]
pub struct Arguments {
    /// Settings file
    ///
    /// [default: /etc/sluse/sluse.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

impl Arguments {
    /// The settings file.
    pub fn config(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(DEFAULT_CONFIG))
    }
}

/// How to print.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say who may log in to the pages
    #[command(subcommand, after_help = examples::ACCOUNT)]
    Account(AccountCommand),
    /// Look into the audit log
    #[command(subcommand, after_help = examples::AUDIT)]
    Audit(AuditCommand),
    /// Check settings, rules and policy, and how Postfix is set
    ///
    /// Also runs the tests inside rule packs and policy. Nothing is changed, and
    /// no service is needed.
    #[command(after_help = examples::CHECK_CONFIG)]
    CheckConfig,
    /// Print completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Say what would happen to a message, or what happened to an event, and why
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainArguments),
    /// Print the formats that are read, and what of each
    #[command(after_help = examples::FORMATS)]
    Formats,
    /// Manage the certificates of recipients
    #[command(subcommand, after_help = examples::KEYS)]
    Keys(KeysCommand),
    /// Print the manual page
    #[command(after_help = examples::MAN)]
    Man,
    /// Look at mail that the gateway itself must send
    #[command(subcommand, after_help = examples::OUTBOX)]
    Outbox(OutboxCommand),
    /// Look at held messages and decide about them
    #[command(subcommand, after_help = examples::QUARANTINE)]
    Quarantine(QuarantineCommand),
    /// Make reports for authorities: about an incident, or how the gate is set
    #[command(subcommand, after_help = examples::REPORT)]
    Report(ReportCommand),
    /// Look at the rules
    #[command(subcommand, after_help = examples::RULES)]
    Rules(RulesCommand),
    /// Search files and messages, without a service and without settings
    ///
    /// The built-in rules are used, unless --config names a settings file. Nothing
    /// is sent or kept.
    #[command(after_help = examples::SCAN)]
    Scan(ScanArguments),
    /// Run the service
    #[command(after_help = examples::SERVE)]
    Serve,
    /// Show what was decided, and account for what was accepted
    ///
    /// The ledger counts recipients: each one that a client was told "accepted"
    /// about was delivered, or is held, in the outbox, or refused by mail.
    #[command(after_help = examples::STATS)]
    Stats {
        /// Check the ledger; exit with 1 and say where when it does not balance
        #[arg(long, conflicts_with = "days")]
        check: bool,
        /// How many days, today included
        #[arg(long, default_value_t = 7, value_name = "N", value_parser = value_parser!(u16).range(1..=3660))]
        days: u16,
    },
    /// Find, hand out, correct and erase what is kept about a person
    #[command(subcommand, after_help = examples::SUBJECT)]
    Subject(SubjectCommand),
    /// Read messages for the service; started by it
    #[command(hide = true)]
    Worker {
        /// Another task than messages
        #[arg(hide = true, trailing_var_arg = true)]
        task: Vec<OsString>,
    },
}

/// `sluse account`
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account and print the link that sets its password
    Add {
        /// What the person logs in with
        name: LoginName,
        /// What the person may do: administrator, approver, auditor, officer,
        /// reviewer, viewer
        #[arg(long, required = true, value_delimiter = ',', value_name = "ROLE")]
        roles: Vec<Role>,
    },
    /// Let nobody log in with an account any more
    Close {
        /// The account
        name: LoginName,
    },
    /// List the accounts
    List,
    /// Take the password away and print a link that sets a new one; open a closed
    /// account
    Reset {
        /// The account
        name: LoginName,
        /// Take the second factor away too, when authenticator and recovery codes
        /// are lost
        #[arg(long)]
        second_factor: bool,
    },
    /// Give other roles
    Roles {
        /// The account
        name: LoginName,
        /// The roles
        #[arg(long, required = true, value_delimiter = ',', value_name = "ROLE")]
        roles: Vec<Role>,
    },
}

/// `sluse audit`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print what proves deletions, erasures and legal holds
    #[command(after_help = examples::AUDIT_EVIDENCE)]
    Evidence(ExportArguments),
    /// Print the log, and write into it that this was done
    #[command(after_help = examples::AUDIT_EXPORT)]
    Export(ExportArguments),
    /// Print the public key that checkpoints are signed with
    Key,
    /// Sign the log now; the service does it once a day
    Sign,
    /// Prove that no row was altered, removed or put in
    #[command(after_help = examples::AUDIT_VERIFY)]
    Verify(VerifyArguments),
}

/// `sluse audit export` and `sluse audit evidence`
#[derive(Args, Debug)]
pub struct ExportArguments {
    /// From this row, day or time on
    #[arg(long, value_name = "ROW|TIME")]
    pub from: Option<ExportBound>,
    /// Up to this row, day or time, which is included
    #[arg(long, value_name = "ROW|TIME")]
    pub to: Option<ExportBound>,
    /// The form of the rows
    #[arg(long = "as", value_enum, default_value_t = ExportAs::Jsonl, value_name = "KIND")]
    pub kind: ExportAs,
    /// Who acts
    #[command(flatten)]
    pub person: Person,
}

/// `sluse audit verify`
#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// An exported log (JSON lines) in the place of the store
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Check the file by this public key alone, without a store
    #[arg(long, requires = "file", value_name = "KEY", value_parser = public_key)]
    pub key: Option<String>,
    /// Checkpoints that were kept elsewhere, such as lines of the service log
    #[arg(long, conflicts_with = "file", value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// The form of exported rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ExportAs {
    /// A table for spreadsheets
    Csv,
    /// One JSON object a line; the form that can be verified
    Jsonl,
}

/// Where an export begins or ends.
#[derive(Clone, Debug)]
pub enum ExportBound {
    /// A row of the log.
    Row(i64),
    /// A time; a day is given by its two ends.
    Time([Timestamp; 2]),
}

impl ExportBound {
    /// Whether `row` lies before it as a beginning.
    pub fn is_after(&self, row: &AuditRow) -> bool {
        match self {
            Self::Row(first) => row.seq < *first,
            Self::Time([first, _]) => row.at < *first,
        }
    }

    /// Whether `row` lies behind it as an end.
    pub fn is_before(&self, row: &AuditRow) -> bool {
        match self {
            Self::Row(last) => row.seq > *last,
            Self::Time([_, last]) => row.at > *last,
        }
    }
}

impl fmt::Display for ExportBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(row) => row.fmt(f),
            Self::Time([first, _]) => first.fmt(f),
        }
    }
}

impl FromStr for ExportBound {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not a row (1..), a day such as 2026-11-23 or a time (UTC)".to_owned();
        if let Ok(row) = text.parse::<i64>() {
            return if row >= 1 { Ok(Self::Row(row)) } else { Err(wrong()) };
        }
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::Time([time, time]));
        }
        let day: Date = text.parse().map_err(|_| wrong())?;
        let start = |day: Date| Offset::UTC.to_timestamp(day.to_datetime(Time::midnight()));
        let first = start(day).map_err(|_| wrong())?;
        let next = day.tomorrow().ok().and_then(|day| start(day).ok()).ok_or_else(wrong)?;
        let last = next.checked_sub(SignedDuration::from_millis(1)).map_err(|_| wrong())?;
        Ok(Self::Time([first, last]))
    }
}

/// `sluse explain`
#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// A message file, `-` for standard input, or an event
    #[arg(value_name = "FILE|EVENT")]
    pub subject: String,
    /// Envelope sender; without it the null sender
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Address>,
    /// Envelope recipient; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub to: Vec<Address>,
}

impl ExplainArguments {
    /// The event that is meant, unless a file of that name exists.
    pub fn event(&self) -> Option<EventId> {
        let is_file = std::path::Path::new(&self.subject).exists();
        if is_file { None } else { self.subject.parse().ok() }
    }
}

/// `sluse keys`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Take certificates into use
    Import {
        /// Files with OpenPGP certificates, `-` for standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Use it for this address, whatever user IDs it carries
        #[arg(long, value_name = "ADDRESS")]
        pin: Option<Address>,
    },
    /// List the certificates
    List,
    /// Say which certificate would be used for an address, or why none
    Lookup {
        /// The recipient
        address: Address,
    },
    /// Take a certificate out of use
    Remove {
        /// Its fingerprint
        fingerprint: String,
    },
}

/// `sluse outbox`
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Give an item up; its content is destroyed
    Drop {
        /// The item
        id: QueuedId,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// List what waits, and what became of the rest
    List,
    /// Try an item again now
    Retry {
        /// The item
        id: QueuedId,
    },
}

/// `sluse quarantine`
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// Destroy held messages; nobody is told
    #[command(after_help = examples::QUARANTINE_DELETE)]
    Delete {
        /// The messages, as `quarantine list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<HeldId>,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// Keep held messages whatever their time: place a legal hold
    #[command(after_help = examples::QUARANTINE_KEEP)]
    Keep {
        /// The messages, as `quarantine list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<HeldId>,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// List the legal holds, newest first
    #[command(after_help = examples::QUARANTINE_KEEP)]
    Kept,
    /// Lift legal holds; the time of the messages counts again
    #[command(after_help = examples::QUARANTINE_KEEP)]
    Lift {
        /// The messages, as `quarantine list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<HeldId>,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// List held messages, newest first
    #[command(after_help = examples::QUARANTINE_LIST)]
    List {
        /// Only those in this state
        #[arg(long, value_name = "STATE", value_parser = words(STATES).try_map(|word| word.parse::<HeldState>()))]
        state: Option<HeldState>,
        /// Only those of this direction
        #[arg(long, value_name = "DIRECTION", value_parser = words(DIRECTIONS).try_map(direction))]
        direction: Option<Direction>,
        /// At most so many
        #[arg(long, default_value_t = 1000, value_name = "N", value_parser = value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Refuse held messages; an internal sender is told
    #[command(after_help = examples::QUARANTINE_REJECT)]
    Reject {
        /// The messages, as `quarantine list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<HeldId>,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// Set held messages free
    #[command(after_help = examples::QUARANTINE_RELEASE)]
    Release {
        /// The messages, as `quarantine list` names them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<HeldId>,
        /// Encrypt for each recipient
        #[arg(long)]
        encrypt: bool,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// Show a held message: masked, unless --reveal
    #[command(after_help = examples::QUARANTINE_SHOW)]
    Show {
        /// The message
        id: HeldId,
        /// Print the message itself; this is logged and needs --reason
        #[arg(long, requires = "reason")]
        reveal: bool,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
}

/// Who acts, and why; both go into the audit log.
#[derive(Args, Clone, Debug)]
pub struct Person {
    /// Your name in the audit log; your login name when left out
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// `sluse rules`
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Print the table of rules
    List {
        /// Rule packs or folders; the built-in packs when left out
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Run the tests inside rule packs
    Test {
        /// Rule packs or folders; the built-in packs when left out
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
}

/// `sluse subject`
#[derive(Debug, Subcommand)]
pub enum SubjectCommand {
    /// Note what is wrong in a held message
    Correct {
        /// The message, as `quarantine list` names it
        id: HeldId,
        /// A file with what is wrong and what is right, `-` for standard input
        #[arg(long, value_name = "FILE")]
        note: PathBuf,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// Erase the messages of a person; what is under a legal hold stays
    Erase {
        /// Whom to look for
        #[command(flatten)]
        whom: Whom,
        /// Of what is found, only this message; may be given several times, and
        /// must be with --name, since others may have the name
        #[arg(long, value_name = "EVENT", required_unless_present_any = ["address", "number"])]
        only: Vec<EventId>,
    },
    /// Write what is kept about a person into a folder or a ZIP file
    Export {
        /// Whom to look for
        #[command(flatten)]
        whom: Whom,
        /// The folder, or a file that ends in .zip; it must not be there yet
        #[arg(long, value_name = "FOLDER|ZIP")]
        out: PathBuf,
    },
    /// List what is kept about a person
    Find {
        /// Whom to look for
        #[command(flatten)]
        whom: Whom,
    },
}

/// The person that a request is about.
#[derive(Args, Clone, Debug)]
pub struct Whom {
    /// As sender or recipient
    #[arg(long, value_name = "ADDRESS", group = "subject")]
    pub address: Option<Address>,
    /// All words of a name, in one text; reads everything that is held
    #[arg(long, value_name = "NAME", group = "subject")]
    pub name: Option<String>,
    /// An identity number; `-` takes it from standard input
    #[arg(long, value_name = "NUMBER", group = "subject", value_parser = identity_number, required_unless_present_any = ["address", "name"])]
    pub number: Option<String>,
    /// Who acts
    #[command(flatten)]
    pub person: Person,
}

/// `sluse scan`
#[derive(Args, Debug)]
pub struct ScanArguments {
    /// Files to search, `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// What the files are; without it `.eml` is a message and all else a file
    #[arg(long = "as", value_enum, value_name = "KIND")]
    pub kind: Option<ScanKind>,
    /// Read pictures too, with tesseract
    #[arg(long)]
    pub ocr: bool,
}

/// What a file is read as.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ScanKind {
    /// A file, told by its content
    File,
    /// A mail message
    Message,
    /// Plain text
    Text,
}

impl From<ScanKind> for Kind {
    fn from(kind: ScanKind) -> Self {
        match kind {
            ScanKind::File => Self::File,
            ScanKind::Message => Self::Message,
            ScanKind::Text => Self::Text,
        }
    }
}

fn direction(word: String) -> Result<Direction, String> {
    [Direction::Inbound, Direction::Internal, Direction::Outbound]
        .into_iter()
        .find(|direction| direction.as_str() == word)
        .ok_or(word)
}

/// Less than this is in half the mail there is, which would be erased.
pub(super) fn identity_number(text: &str) -> Result<String, &'static str> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text == "-" || digits >= 9 {
        return Ok(text.to_owned());
    }
    Err("an identity number has at least 9 digits")
}

fn public_key(text: &str) -> Result<String, WrongKey> {
    Inspector::with_public_key(text).map(|_| text.to_owned())
}

fn words(words: &'static [&'static str]) -> PossibleValuesParser {
    PossibleValuesParser::new(words)
}

/// Where settings are looked for.
pub const DEFAULT_CONFIG: &str = "/etc/sluse/sluse.toml";

const DIRECTIONS: &[&str] = &["inbound", "internal", "outbound"];
const STATES: &[&str] = &["deleted", "held", "rejected", "released"];
