//! `sluse rules`: the table of rules and the tests inside the packs.

use super::{
    Exit,
    args::{Format, RulesCommand},
    output::{Output, Tint},
};
use crate::detect::{PackSource, Rules};

/// Runs `sluse rules` on these packs.
///
/// # Errors
///
/// A pack is not valid or the output cannot be written.
pub fn run(command: &RulesCommand, format: Format, packs: &[PackSource]) -> anyhow::Result<Exit> {
    match command {
        RulesCommand::List { .. } => list(format, packs),
        RulesCommand::Test { .. } => test(format, packs),
    }
}

/// The table that the documentation shows.
fn list(format: Format, packs: &[PackSource]) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    let table = Rules::load(packs)?.table();
    if format == Format::Text {
        output.line("| rule | finds | kinds | levels | pack |\n|---|---|---|---|---|")?;
    }
    for row in table {
        let levels: Vec<&str> = row.levels.iter().map(|level| level.as_str()).collect();
        match format {
            Format::Json => output.json(&row)?,
            Format::Text => output.line(format!(
                "| {} | {} | {} | {} | {} |",
                row.rule,
                row.title,
                row.kinds.join(", "),
                levels.join(", "),
                row.pack
            ))?,
        }
    }
    Ok(Exit::Ok)
}

/// Every test with its outcome, so that a pack that does not load shows why.
fn test(format: Format, packs: &[PackSource]) -> anyhow::Result<Exit> {
    let mut output = Output::new();
    let reports = Rules::check(packs)?;
    let failed = reports.iter().filter(|report| !report.passed).count();
    for report in &reports {
        match format {
            Format::Json => output.json(report)?,
            Format::Text => {
                let word = match report.passed {
                    true => output.tinted("pass", Tint::Good),
                    false => output.tinted("FAIL", Tint::Bad),
                };
                let place = format!("{} test {}", report.rule, report.number);
                output.line(format!("{word}  {place}: wants {}", report.wanted))?;
                if !report.passed {
                    output.line(format!("      found {} in {:?}", report.found, report.text))?;
                }
            }
        }
    }
    if format == Format::Text {
        output.line(format!("{} passed, {failed} failed", reports.len() - failed))?;
    }
    Ok(if failed == 0 { Exit::Ok } else { Exit::Negative })
}
