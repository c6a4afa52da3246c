//! A temporary folder with settings, and the real program run in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with `sluse.toml` in it.
pub(crate) struct Place(TempDir);

impl Place {
    /// A folder with settings that are enough to run every command.
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("sluse.toml", SETTINGS);
        place
    }

    /// The path of `name` in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs the program with the settings of the folder.
    pub(crate) fn sluse(&self, arguments: &[&str]) -> Answer {
        let arguments = [arguments, &["--config", "sluse.toml"]].concat();
        run(self.0.path(), &arguments, None)
    }

    /// Runs the program in the folder without naming settings.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Answer {
        run(self.0.path(), arguments, None)
    }

    /// The same, with standard input.
    pub(crate) fn fed(&self, arguments: &[&str], input: &[u8]) -> Answer {
        run(self.0.path(), arguments, Some(input))
    }
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its exit status.
    pub(crate) status: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it said on standard error.
    pub(crate) said: String,
}

impl Answer {
    /// Its output, one JSON object a line.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The program, not yet started, in `folder`. It finds no Postfix and no name of
/// a person around it.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluse"));
    command.current_dir(folder).env_clear().env("PATH", "/nowhere").env("USER", "kari");
    command
}

/// Runs the program in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> Answer {
    let mut command = program(folder);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = command.spawn().unwrap();
    if let Some(input) = input {
        // Who does not want the input may have ended already.
        drop(child.stdin.take().unwrap().write_all(input));
    }
    let output = child.wait_with_output().unwrap();
    Answer {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        said: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) const SETTINGS: &str = "\
[gateway]
domains = [\"cpm.example\"]
state = \"state\"
[milter]
listen = \"unix:/nowhere/milter.sock\"
";
