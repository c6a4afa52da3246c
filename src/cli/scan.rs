//! `sluse scan`: searches files without a service.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Exit, InputError,
    args::{Format, ScanArguments},
    input,
    output::{Output, Tint, remark},
};
use crate::{
    gate::Reader,
    model::{Finding, Gap, GapKind, Kind, Level, Masked, PartPath, Reading, Surface},
};

/// Searches every path and prints the results in order.
///
/// # Errors
///
/// The output cannot be written.
pub async fn run(
    arguments: &ScanArguments,
    format: Format,
    reader: &Reader,
    limit: u64,
    now: Timestamp,
) -> anyhow::Result<Exit> {
    if arguments.paths.iter().filter(|path| input::is_standard(path)).count() > 1 {
        // The second would be empty, and so called clean.
        remark("standard input can be read once only: give `-` once");
        return Ok(Exit::Usage);
    }
    let mut output = Output::new();
    let mut exit = Exit::Ok;
    let kind = arguments.kind.map(Kind::from);
    let scans = arguments.paths.iter().map(|path| scan(path, kind, reader, limit, now));
    let mut scans = stream::iter(scans).buffered(AT_ONCE);
    while let Some(scanned) = scans.next().await {
        if let Some(error) = &scanned.error {
            match error {
                Unread::File(error) => remark(format_args!("{error}: {}", error.source)),
                Unread::NoReader(error) => {
                    remark(format_args!("{}: {error:#}", scanned.path.display()));
                }
            }
        }
        exit = exit.max(scanned.exit());
        match format {
            Format::Json => output.json(&scanned.to_json())?,
            Format::Text => print(&mut output, &scanned)?,
        }
    }
    Ok(exit)
}

struct Scanned {
    path: PathBuf,
    reading: Reading,
    error: Option<Unread>,
    ms: u128,
}

impl Scanned {
    fn verdict(&self) -> Verdict {
        let proven = |gap: &Gap| matches!(gap.kind, GapKind::Encrypted(_));
        if self.reading.level() >= Some(Level::Medium) {
            Verdict::Sensitive
        } else if !self.reading.gaps.iter().all(proven) {
            Verdict::Unscannable
        } else if !self.reading.gaps.is_empty() {
            Verdict::Encrypted
        } else {
            Verdict::Clean
        }
    }

    fn exit(&self) -> Exit {
        match (&self.error, self.verdict()) {
            (Some(Unread::File(error)), _) => Exit::from(error),
            (Some(Unread::NoReader(_)), _) => Exit::Temporary,
            (None, Verdict::Clean | Verdict::Encrypted) => Exit::Ok,
            (None, Verdict::Sensitive | Verdict::Unscannable) => Exit::Negative,
        }
    }

    /// The proof of the first encrypted part.
    fn protection(&self) -> &str {
        let mut gaps = self.reading.gaps.iter();
        let encrypted = gaps.find(|gap| matches!(gap.kind, GapKind::Encrypted(_)));
        encrypted.and_then(|gap| gap.kind.proof()).map_or("none", |proof| proof.as_str())
    }

    fn to_json(&self) -> Line<'_> {
        Line {
            path: self.path.display().to_string(),
            verdict: self.verdict(),
            protection: self.protection(),
            findings: self.reading.findings.iter().map(FoundLine::from).collect(),
            gaps: self.reading.gaps.iter().map(GapLine::from).collect(),
            persons: self.reading.persons(),
            ms: self.ms,
        }
    }
}

/// Why a path was not read, when it is not for what is in it.
enum Unread {
    File(InputError),
    NoReader(anyhow::Error),
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Clean,
    Encrypted,
    Sensitive,
    Unscannable,
}

/// The line of DESIGN section 4.
#[derive(Serialize)]
struct Line<'a> {
    path: String,
    verdict: Verdict,
    protection: &'a str,
    findings: Vec<FoundLine<'a>>,
    gaps: Vec<GapLine<'a>>,
    persons: usize,
    ms: u128,
}

#[derive(Serialize)]
struct FoundLine<'a> {
    rule: &'a str,
    kind: &'a str,
    level: Level,
    surface: Surface,
    path: &'a PartPath,
    start: u32,
    end: u32,
    masked: &'a Masked,
}

impl<'a> From<&'a Finding> for FoundLine<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            rule: &finding.rule,
            kind: &finding.kind,
            level: finding.level,
            surface: finding.surface,
            path: &finding.path,
            start: finding.span.start,
            end: finding.span.end,
            masked: &finding.masked,
        }
    }
}

#[derive(Serialize)]
struct GapLine<'a> {
    kind: &'a str,
    path: &'a PartPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a str>,
}

impl<'a> From<&'a Gap> for GapLine<'a> {
    fn from(gap: &'a Gap) -> Self {
        Self {
            kind: gap.kind.as_str(),
            path: &gap.path,
            proof: gap.kind.proof().map(|proof| proof.as_str()),
        }
    }
}

async fn scan(
    path: &Path,
    kind: Option<Kind>,
    reader: &Reader,
    limit: u64,
    now: Timestamp,
) -> Scanned {
    let started = Instant::now();
    let kind = kind.unwrap_or_else(|| kind_of(path));
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let (reading, error) = match input::load(path, limit) {
        Ok(Some(bytes)) => match reader.read(kind, &name, &bytes.into(), now).await {
            Ok(reading) => (reading, None),
            Err(error) => {
                (Reader::unread(GapKind::TimedOut, &name), Some(Unread::NoReader(error.into())))
            }
        },
        Ok(None) => (Reader::unread(GapKind::TooBig, &name), None),
        Err(error) => (Reader::unread(GapKind::Broken, &name), Some(Unread::File(error))),
    };
    Scanned { path: path.to_owned(), reading, error, ms: started.elapsed().as_millis() }
}

fn kind_of(path: &Path) -> Kind {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("eml") => Kind::Message,
        _ => Kind::File,
    }
}

fn print(output: &mut Output, scanned: &Scanned) -> std::io::Result<()> {
    let (word, tint) = match scanned.verdict() {
        Verdict::Clean => ("clean", Tint::Good),
        Verdict::Encrypted => ("encrypted", Tint::Good),
        Verdict::Sensitive => ("sensitive", Tint::Bad),
        Verdict::Unscannable => ("unscannable", Tint::Doubt),
    };
    let word = output.tinted(word, tint);
    output.line(format!("{}: {word} ({} ms)", scanned.path.display(), scanned.ms))?;
    for finding in &scanned.reading.findings {
        output.line(format!("  {}", describe(finding)))?;
    }
    for gap in &scanned.reading.gaps {
        let proof = gap.kind.proof().map_or_else(String::new, |p| format!(" ({})", p.as_str()));
        output.line(format!("  not read: {}{proof}, {}", gap.kind.as_str(), gap.path))?;
    }
    Ok(())
}

/// One finding in one line, as `scan`, `explain` and `quarantine show` print it.
pub(super) fn describe(finding: &Finding) -> String {
    format!(
        "{} {} {} {}, {} at {}",
        finding.level, finding.rule, finding.kind, finding.masked, finding.path, finding.span.start
    )
}

/// Files read at the same time; the pool of readers sets the real limit.
const AT_ONCE: usize = 4;
