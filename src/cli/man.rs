//! `sluse man`: the manual page, made from the same texts as `--help`.

use clap::CommandFactory;
use clap_mangen::Man;

use super::{Exit, args::Arguments, output::Output};

/// Prints the page of the program, then one section for each command.
///
/// # Errors
///
/// The output cannot be written.
pub fn run() -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    let command = Arguments::command();
    let man = Man::new(command.clone()).section("8").manual("Sluse");
    man.render(&mut page)?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        page.extend_from_slice(
            format!(".SH \"SLUSE {}\"\n", sub.get_name()).to_uppercase().as_bytes(),
        );
        let man = Man::new(sub.clone());
        man.render_description_section(&mut page)?;
        man.render_options_section(&mut page)?;
        man.render_subcommands_section(&mut page)?;
    }
    Output::new().raw(&page)?;
    Ok(Exit::Ok)
}
