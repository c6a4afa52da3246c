//! Printing: text with colour on a terminal only, and JSON lines.
//!
//! When the reader is gone (`sluse … | head`), the error that comes back has
//! the kind `BrokenPipe`; the program then ends without a word, but not with
//! status 0: what was not printed was not said to be clean.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

use serde::Serialize;

/// Standard output.
pub struct Output {
    out: io::StdoutLock<'static>,
    colour: bool,
}

impl Output {
    /// Takes standard output.
    pub fn new() -> Self {
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out: io::stdout().lock(), colour }
    }

    /// Prints one line.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn line(&mut self, text: impl AsRef<str>) -> io::Result<()> {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// Prints one JSON object on a line.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let text = serde_json::to_string(value)?;
        self.line(text)
    }

    /// Prints bytes as they are.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// `text` in the colour of its meaning, on a terminal.
    pub fn tinted(&self, text: &str, tint: Tint) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match tint {
            Tint::Bad => "31",
            Tint::Doubt => "33",
            Tint::Good => "32",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

impl Default for Output {
    fn default() -> Self {
        Self::new()
    }
}

/// What a colour means.
#[derive(Clone, Copy, Debug)]
pub enum Tint {
    /// Found, failed.
    Bad,
    /// Not known.
    Doubt,
    /// Clean, done.
    Good,
}

/// Tells the caller something on standard error. When nobody reads that, there
/// is nobody to tell.
pub fn remark(text: impl Display) {
    drop(writeln!(io::stderr(), "sluse: {text}"));
}
