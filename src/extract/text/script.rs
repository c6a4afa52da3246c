//! What scripts build their texts from. Scripts are not run: the usual ways to
//! write a string so that it cannot be read are undone where they stand.

/// The script with strings written in one, characters for their codes; `None`
/// where there is nothing of the sort.
pub(super) fn spelled_out(script: &str) -> Option<String> {
    let characters = characters(script);
    let text = characters.as_deref().unwrap_or(script);
    joined_strings(text).or(characters)
}

/// Strings that `+` joins as one string.
fn joined_strings(script: &str) -> Option<String> {
    memchr::memchr(b'+', script.as_bytes())?;
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    let mut changed = false;
    while let Some((before, after)) = rest.split_once('+') {
        let (left, right) = (before.trim_end(), after.trim_start());
        let quote = left.chars().next_back().filter(|c| matches!(c, '"' | '\''));
        match (quote, right.strip_prefix(['"', '\''])) {
            (Some(_), Some(right)) => {
                out.push_str(left.get(..left.len() - 1).unwrap_or_default());
                (rest, changed) = (right, true);
            }
            _ => {
                out.push_str(before);
                out.push('+');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Strings in place of `fromCharCode(50, 0x31)`.
fn characters(script: &str) -> Option<String> {
    let mut pieces = script.split("fromCharCode(");
    let mut out = pieces.next()?.to_owned();
    let mut changed = false;
    for piece in pieces {
        let (codes, after) = piece.split_once(')').unwrap_or((piece, ""));
        let code = |code: &str| {
            let code = code.trim();
            match code.strip_prefix("0x").or_else(|| code.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => code.parse().ok(),
            }
        };
        out.push('"');
        out.extend(codes.split(',').filter_map(code).filter_map(char::from_u32));
        out.push('"');
        out.push_str(after);
        changed = true;
    }
    changed.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_is_joined() {
        let joined = spelled_out("a = \"228\" + '360' +\n\"14271\"; b = c + \"x\"").unwrap();
        assert_eq!(joined, "a = \"22836014271\"; b = c + \"x\"");
        assert_eq!(spelled_out("a = 1 + 2"), None);
    }

    #[test]
    fn reads_codes() {
        let read = spelled_out("x(String.fromCharCode(50,0x32, 56)+\"36\"+'0')").unwrap();
        assert_eq!(read, "x(String.\"228360')");
        assert!(spelled_out("fromCharCode(").is_some());
    }
}
