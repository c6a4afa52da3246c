//! The path and the parameters of MAIL and RCPT, split.

use super::command::Unreadable;

/// The inside of the path behind `keyword`, and the parameters behind it.
/// Blanks before the path are let pass, as many good clients write them.
pub(super) fn split_path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    let rest = rest.trim_start_matches(' ').strip_prefix('<')?;
    if !found.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.find(|c| {
        let is_end = c == '>' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && !escaped && c == '\\';
        is_end
    })?;
    let (path, parameters) = (rest.get(..end)?, rest.get(end + 1..)?);
    // `<a><b>` and `<a>SIZE=1` are nothing.
    let parted = parameters.is_empty() || parameters.starts_with(' ');
    // A blank outside of quotes is never meant, and would be trimmed away.
    (parted && path.trim() == path).then_some((path, parameters))
}

/// Gives every parameter to `take`, its key in upper case, each key once.
pub(super) fn for_each_parameter(
    text: &str,
    mut take: impl FnMut(&str, Option<&str>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut seen: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (key, value) = match word.split_once('=') {
            Some((key, value)) => (key.to_ascii_uppercase(), Some(value)),
            None => (word.to_ascii_uppercase(), None),
        };
        if seen.contains(&key) || seen.len() >= MAX_PARAMETERS {
            return Err(Unreadable::Parameter);
        }
        take(&key, value)?;
        seen.push(key);
    }
    Ok(())
}

pub(super) fn digits(text: &str) -> Option<u64> {
    let fits = (1..=MAX_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

const MAX_DIGITS: usize = 18;
const MAX_PARAMETERS: usize = 16;
