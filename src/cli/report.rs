//! `sluse report`: reports for authorities, as a document or as JSON.

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::{
    Exit,
    args::{ExportBound, Person},
    output::{Output, remark},
    reviewer,
};
use crate::{
    base::id::EventId,
    gate::{
        Gate,
        report::{Scope, evidence_page, slip_page},
    },
    notify::Language,
};

/// `sluse report`
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Rules, policy, retention, keys and audit log, for an assessment (DPIA)
    Evidence {
        /// The form of the report
        #[command(flatten)]
        form: ReportForm,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
    /// What an incident was, for a notification; shows no content
    ///
    /// About one message, or about all with findings in a time.
    Slip {
        /// The message
        #[arg(value_name = "EVENT", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
        event: Option<EventId>,
        /// From this day or time on
        #[arg(long, value_name = "TIME", value_parser = time_bound)]
        from: Option<ExportBound>,
        /// Up to this day or time, which is included
        #[arg(long, value_name = "TIME", requires = "from", value_parser = time_bound)]
        to: Option<ExportBound>,
        /// The form of the report
        #[command(flatten)]
        form: ReportForm,
        /// Who acts
        #[command(flatten)]
        person: Person,
    },
}

/// The form of a report.
#[derive(Args, Debug)]
pub struct ReportForm {
    /// A document to print, or JSON
    #[arg(long = "as", value_enum, default_value_t = ReportAs::Html, value_name = "KIND")]
    pub kind: ReportAs,
    /// The language of the document: nb, nn or en
    #[arg(long, default_value_t = Language::Nb, value_name = "LANGUAGE")]
    pub language: Language,
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ReportAs {
    /// One document, which loads nothing
    Html,
    /// One JSON object
    Json,
}

/// Runs `sluse report`.
///
/// # Errors
///
/// The store failed or the output cannot be written.
pub async fn run(command: &ReportCommand, gate: &Gate) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    match command {
        ReportCommand::Evidence { form, person } => {
            let by = reviewer(gate, person, "evidence report, on the command line")?;
            let evidence = gate.evidence(&by).await?;
            match form.kind {
                ReportAs::Html => output.line(evidence_page(&evidence, form.language)?)?,
                ReportAs::Json => output.json(&evidence)?,
            }
            let holds = evidence.audit.first_bad.is_none() && evidence.ledger_balances;
            Ok(if holds { Exit::Ok } else { Exit::Negative })
        }
        ReportCommand::Slip { event, from, to, form, person } => {
            let by = reviewer(gate, person, "incident report, on the command line")?;
            let scope = match event {
                Some(event) => Scope::Event(*event),
                None => period(from.as_ref(), to.as_ref(), gate.now()),
            };
            let slip = gate.slip(scope, &by).await?;
            match form.kind {
                ReportAs::Html => output.line(slip_page(&slip, form.language)?)?,
                ReportAs::Json => output.json(&slip)?,
            }
            if slip.cut {
                remark("there was more than a report takes; make the time shorter");
            }
            Ok(if slip.messages == 0 { Exit::Negative } else { Exit::Ok })
        }
    }
}

fn period(from: Option<&ExportBound>, to: Option<&ExportBound>, now: Timestamp) -> Scope {
    let time = |bound: Option<&ExportBound>, which: usize| match bound {
        Some(ExportBound::Time(times)) => times.get(which).copied(),
        Some(ExportBound::Row(_)) | None => None,
    };
    Scope::Period {
        from: time(from, 0).unwrap_or(Timestamp::UNIX_EPOCH),
        to: time(to, 1).unwrap_or(now),
    }
}

fn time_bound(text: &str) -> Result<ExportBound, String> {
    match text.parse()? {
        ExportBound::Row(_) => Err("not a day such as 2026-11-23 or a time (UTC)".to_owned()),
        time @ ExportBound::Time(_) => Ok(time),
    }
}
