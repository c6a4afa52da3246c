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
