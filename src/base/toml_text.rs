//! Reads TOML written by people, and tells them where it is wrong.
//!
//! Every file of settings, policy and rules comes in through here, so that an
//! error always names file, line, key and what to do.

use std::fmt;

use serde::de::DeserializeOwned;
use thiserror::Error;
use toml::de::DeTable;

use super::toml_place;
pub use super::toml_place::line_at;

/// Reads `text`, which came from `file`, into a typed value.
///
/// # Errors
///
/// The text is not TOML, a key is unknown or missing, or a value does not fit.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, TomlError> {
    toml::from_str(text).map_err(|error| {
        // Of what is not TOML the reader names the last fault, which is often
        // only a consequence of the first.
        let (_, faults) = DeTable::parse_recoverable(text);
        let first = faults.into_iter().min_by_key(|fault| fault.span().map(|span| span.start));
        explain(file, text, &first.unwrap_or(error))
    })
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub struct TomlError {
    /// The file as named by whoever opened it.
    pub file: String,
    /// The line, from 1; none when the fault is not at one place.
    pub line: Option<usize>,
    /// The key at fault, when it can be told.
    pub key: Option<String>,
    /// What is wrong, lower case.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl TomlError {
    /// An error about the value at `path` that only showed after the text was
    /// read. `path` is as in `gateway.domains` or `route.2.verdict`, where
    /// elements of lists count from 0.
    pub fn at(file: &str, text: &str, path: &str, what: impl Into<String>) -> Self {
        let key = path.rsplit('.').find(|step| step.parse::<usize>().is_err());
        Self {
            file: file.to_owned(),
            line: toml_place::line_at(text, path),
            key: key.map(str::to_owned),
            what: what.into(),
            hint: None,
        }
    }

    /// The same error with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.what)?;
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {hint}")?;
        }
        Ok(())
    }
}

fn explain(file: &str, text: &str, error: &toml::de::Error) -> TomlError {
    let start = error.span().map(|span| span.start.min(text.len()));
    let line = start.map(|at| toml_place::line_of(text, at));
    let line_text = line.and_then(|number| text.lines().nth(number - 1)).unwrap_or("");
    let message = plain(error.message().lines().next().unwrap_or("cannot be read"));
    let quoted = quoted_words(&message);
    let around = start.and_then(|at| toml_place::key_at(text, at));
    let key = match quoted.first() {
        Some(field) if message.contains("field") => Some(field.clone()),
        _ => around.or_else(|| key_of(line_text).map(str::to_owned)),
    };
    let hint = hint(&message, &quoted);
    TomlError { file: file.to_owned(), line, key, what: message, hint: Some(hint) }
}

/// What to do about `message`, in which `quoted` stand between backticks.
fn hint(message: &str, quoted: &[String]) -> String {
    let starts = |with: &str| message.starts_with(with);
    match quoted.split_first() {
        Some((found, known)) if starts("unknown field") || starts("unknown variant") => {
            advise(found, known)
        }
        _ if starts("missing field") => "add this key".to_owned(),
        _ if starts("invalid socket address") => {
            "write address and port, as in \"127.0.0.1:8025\"".to_owned()
        }
        _ if starts("duplicate") => "keep one of the two".to_owned(),
        _ if starts("invalid type") || starts("invalid value") => type_hint(message).to_owned(),
        _ => SEE_EXAMPLES.to_owned(),
    }
}

/// Leaves out the names of our own types, which mean nothing to the reader.
fn plain(message: &str) -> String {
    match message.split_once("expected struct ") {
        Some((found, _)) => format!("{found}expected a table"),
        None => message.to_owned(),
    }
}

/// The key that a line of broken TOML sets, or the table that it opens.
fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    let key = match line.strip_prefix('[') {
        Some(table) => table.trim_start_matches('[').split(']').next()?,
        None => line.split(['=', ':', ' ']).next()?,
    };
    let key = key.trim().trim_matches('"');
    (!key.is_empty() && !key.starts_with('#')).then_some(key)
}

fn quoted_words(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn advise(found: &str, known: &[String]) -> String {
    let nearest = known.iter().min_by_key(|name| distance(found, name));
    match nearest {
        Some(name) if distance(found, name) <= (found.len() / 3).max(1) => {
            format!("did you mean `{name}`?")
        }
        Some(_) => format!("known here: {}", known.join(", ")),
        None => "nothing is expected here".to_owned(),
    }
}

fn type_hint(message: &str) -> &'static str {
    let wanted = message.rsplit_once("expected ").map_or("", |(_, wanted)| wanted);
    let wants_number = |name: &str| {
        let bits = name.strip_prefix(['u', 'i']).unwrap_or("");
        bits == "size" || bits.parse::<u8>().is_ok()
    };
    if wanted.contains("string") {
        "write the value in double quotes"
    } else if wanted.contains("sequence") {
        "write a list: [\"…\", \"…\"]"
    } else if wanted.contains("boolean") {
        "write true or false, without quotes"
    } else if wanted.contains("nonzero") {
        "write a whole number above 0, without quotes"
    } else if wants_number(wanted) {
        "write a whole number of at least 0, without quotes"
    } else if wanted.contains("table") {
        "write the keys of this table below [its name]"
    } else {
        SEE_EXAMPLES
    }
}

/// How many single edits or swaps of neighbours lead from one word to the
/// other (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, far) | (far, 0) => far,
                _ => {
                    let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let edited = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    let swaps = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swaps { edited.min(rows[i - 2][j - 2] + 1) } else { edited }
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

const SEE_EXAMPLES: &str = "the example at the end of `sluse man` shows how it is written";

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code, reason = "only read through Debug")]
        listen: String,
        #[allow(dead_code, reason = "only read through Debug")]
        next_hop: Option<String>,
    }

    fn error_of(text: &str) -> String {
        parse::<Sample>("a.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn names_file_line_key_and_advice() {
        assert_eq!(
            error_of("listen = \"x\"\nnext_hops = \"y\"\n"),
            "a.toml:2: next_hops: unknown field `next_hops`, expected `listen` or `next_hop`; \
             hint: did you mean `next_hop`?"
        );
    }

    #[test]
    fn tells_what_kind_of_value_is_wanted() {
        let error = error_of("# the socket\nlisten = 25\n");
        assert!(error.starts_with("a.toml:2: listen: invalid type"), "{error}");
        assert!(error.ends_with("hint: write the value in double quotes"), "{error}");
    }

    #[test]
    fn names_the_key_of_a_value_on_several_lines() {
        let error = error_of("listen = \"x\"\nnext_hop = [\n  \"y\",\n]\n");
        assert!(error.starts_with("a.toml:2: next_hop: invalid type"), "{error}");
    }

    #[test]
    fn tells_what_is_missing() {
        let error = error_of("next_hop = \"y\"\n");
        assert!(error.contains(": listen: missing field `listen`; hint: add this key"), "{error}");
    }

    #[test]
    fn tells_where_the_text_is_not_toml() {
        let error = error_of("listen = \"x\"\nnext_hop = y\n");
        assert!(error.starts_with("a.toml:2: next_hop: "), "{error}");
    }
}
