//! `sluse man`: the manual page, made from the same texts as `--help`, with the
//! example settings and policy at its end.

use clap::{Arg, Command, CommandFactory};
use roff::{Inline, Roff, bold, italic, roman};

use super::{
    Exit,
    args::{Arguments, DEFAULT_CONFIG},
    output::Output,
};

/// Prints one page: the program, every command, the files.
///
/// # Errors
///
/// The output cannot be written.
pub fn run() -> anyhow::Result<Exit> {
    let mut program = Arguments::command();
    program.build();
    let mut page = Roff::new();
    let version = format!("sluse {}", env!("CARGO_PKG_VERSION"));
    // Without a date: the same source makes the same page.
    page.control("TH", ["SLUSE", "8", "\"\"", &version, "Sluse"]);
    heading(&mut page, "NAME");
    page.text([roman("sluse - gate in the mail path that finds unencrypted identity numbers")]);
    heading(&mut page, "SYNOPSIS");
    page.text([bold("sluse"), roman(" [options] "), italic("command"), roman(" ...")]);
    heading(&mut page, "DESCRIPTION");
    paragraphs(&mut page, &about(&program));
    heading(&mut page, "OPTIONS");
    page.text([roman("Every command takes these:")]);
    options(&mut page, &program, |_| true);
    heading(&mut page, "COMMANDS");
    commands(&mut page, &mut program);
    heading(&mut page, "EXAMPLES");
    literal(&mut page, &after(&program));
    heading(&mut page, "EXIT STATUS");
    entries(&mut page, EXITS);
    heading(&mut page, "FILES");
    entries(&mut page, &[(DEFAULT_CONFIG, "The settings. Paths in it are taken from its folder.")]);
    entries(&mut page, FILES);
    heading(&mut page, "ENVIRONMENT");
    entries(&mut page, ENVIRONMENT);
    heading(&mut page, "EXAMPLE SETTINGS");
    literal(&mut page, SETTINGS);
    heading(&mut page, "EXAMPLE POLICY");
    literal(&mut page, POLICY);
    Output::new().raw(page.render().as_bytes())?;
    Ok(Exit::Ok)
}

/// Each command that does something, those inside other commands too.
fn commands(page: &mut Roff, parent: &mut Command) {
    for command in parent.get_subcommands_mut().filter(|c| !c.is_hide_set()) {
        if command.get_name() == "help" {
            continue;
        }
        if command.has_subcommands() {
            commands(page, command);
            if !after(command).is_empty() {
                let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
                page.control("SS", [&*name]);
                literal(page, &after(command));
            }
            continue;
        }
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        page.control("SS", [usage]);
        paragraphs(page, &about(command));
        options(page, command, |option| !option.is_global_set());
        if !after(command).is_empty() {
            page.control("PP", []);
            literal(page, &after(command));
        }
    }
}

fn heading(page: &mut Roff, text: &str) {
    page.control("SH", [text]);
}

fn paragraphs(page: &mut Roff, text: &str) {
    for (index, paragraph) in text.split("\n\n").enumerate() {
        if index > 0 {
            page.control("PP", []);
        }
        page.text([roman(paragraph.replace('\n', " "))]);
    }
}

/// Words, each with what it means.
fn entries(page: &mut Roff, entries: &[(&str, &str)]) {
    for (word, meaning) in entries {
        page.control("TP", []);
        page.text([italic(*word)]);
        page.text([roman(*meaning)]);
    }
}

/// Text as it stands.
fn literal(page: &mut Roff, text: &str) {
    page.control("nf", []);
    for line in text.lines() {
        page.text([roman(line)]);
    }
    page.control("fi", []);
}

fn options(page: &mut Roff, command: &Command, wanted: impl Fn(&Arg) -> bool) {
    let shown = |option: &&Arg| !option.is_hide_set() && wanted(option) && !is_help(option);
    for option in command.get_arguments().filter(shown) {
        page.control("TP", []);
        page.text(name(option));
        let help = option.get_long_help().or_else(|| option.get_help());
        let mut text = help.map(ToString::to_string).unwrap_or_default().replace("\n\n", " ");
        let values = option.get_possible_values();
        let values: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
        if !values.is_empty() {
            text.push_str(&format!("; one of {}", values.join(", ")));
        }
        let default: Vec<_> =
            option.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if !default.is_empty() {
            text.push_str(&format!(" [default: {}]", default.join(" ")));
        }
        page.text([roman(text)]);
    }
}

fn name(option: &Arg) -> Vec<Inline> {
    let mut name = Vec::new();
    if let Some(short) = option.get_short() {
        name.extend([bold(format!("-{short}")), roman(", ")]);
    }
    if let Some(long) = option.get_long() {
        name.push(bold(format!("--{long}")));
    }
    let takes_value = option.is_positional() || option.get_action().takes_values();
    let value = option.get_value_names().and_then(|names| names.first());
    match value {
        Some(value) if takes_value && name.is_empty() => name.push(italic(value.to_string())),
        Some(value) if takes_value => name.extend([roman(" "), italic(value.to_string())]),
        Some(_) | None => {}
    }
    name
}

/// `--help` and `--version` are said once.
fn is_help(option: &Arg) -> bool {
    option.get_id() == "help" || option.get_id() == "version"
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn after(command: &Command) -> String {
    command.get_after_help().map(ToString::to_string).unwrap_or_default()
}

const EXITS: &[(&str, &str)] = &[
    ("0", "Done, clean, or yes."),
    ("1", "Something was found, or the answer is no."),
    ("2", "The command was called wrongly."),
    ("3", "The settings, the rules or the policy are wrong."),
    ("4", "It failed and may work later."),
    ("5", "A file or folder may not be used."),
];
const FILES: &[(&str, &str)] = &[
    ("/etc/sluse/policy.toml", "The policy, where the settings name it."),
    ("/var/lib/sluse", "The state: back it up as a whole. Run the commands as its owner."),
    ("/var/lib/sluse/sluse.db", "The lists of held and queued mail, and the audit log."),
    ("/var/lib/sluse/sealed", "The content of held and queued mail, each under a key of its own."),
    ("/var/lib/sluse/certs", "The certificates of recipients."),
    (
        "/var/lib/sluse/master.key",
        "The master key, unless the settings or systemd name another. Without it nothing that is held can be read: keep a copy elsewhere.",
    ),
];
const ENVIRONMENT: &[(&str, &str)] = &[
    (
        "CREDENTIALS_DIRECTORY",
        "Set by systemd: the folder in which master.key is looked for first.",
    ),
    ("NO_COLOR", "When set, nothing is printed in colour."),
    ("SUDO_USER, USER, LOGNAME", "The name in the audit log, when --by does not give one."),
];
const SETTINGS: &str = include_str!("../../deploy/sluse.toml");
const POLICY: &str = include_str!("../../deploy/policy.toml");
