//! `sluse formats`: what is read of which files.

use super::{Exit, args::Format, output::Output};
use crate::{model::Surface, worker::FormatRow};

/// Prints the table that the documentation shows.
///
/// # Errors
///
/// The output cannot be written.
pub fn run(format: Format, rows: &[FormatRow]) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    if format == Format::Text {
        output.line("| format | told by | what is read | findings stand in | what stays a gap | proven encryption |")?;
        output.line("|---|---|---|---|---|---|")?;
    }
    for row in rows {
        match format {
            Format::Json => output.json(row)?,
            Format::Text => output.line(format!(
                "| {} | {} | {} | {} | {} | {} |",
                row.name,
                row.told_by.replace('|', "\\|"),
                row.read,
                surfaces(row.surfaces),
                row.gaps,
                encryption(row)
            ))?,
        }
    }
    Ok(Exit::Ok)
}

fn surfaces(surfaces: &[Surface]) -> String {
    let word = |surface: &Surface| match surface {
        Surface::Body => "body",
        Surface::Cell => "cell",
        Surface::FileName => "file-name",
        Surface::FileText => "file-text",
        Surface::Header => "header",
        Surface::Metadata => "metadata",
    };
    if surfaces.len() == ALL {
        return "all".to_owned();
    }
    surfaces.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn encryption(row: &FormatRow) -> String {
    let weak = match row.weak {
        [] => String::new(),
        names => format!("weak: {}", names.join(", ")),
    };
    let parts = [row.proofs.join(", "), weak];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// How many surfaces there are.
const ALL: usize = 6;
