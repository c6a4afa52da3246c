//! What scripts build their texts from. Scripts are not run: the usual ways to
//! write a string so that it cannot be read are undone where they stand.

/// The script with strings written in one, and characters for their codes;
/// `None` where there is nothing of the sort.
pub(super) fn spelled_out(script: &str) -> Option<String> {
    let has = |sign: &str| memchr::memmem::find(script.as_bytes(), sign.as_bytes()).is_some();
    if !["+", "\\x", CODES].into_iter().any(has) {
        return None;
    }
    let spelled_out = joined(&characters(&escapes(script)));
    (spelled_out != script).then_some(spelled_out)
}

/// A script with its literals put together: `"0688" + "53"`.
pub(in crate::extract) fn joined(script: &str) -> String {
    let mut out = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        out.push_str(before);
        let quote = quoted.get(..1).unwrap_or_default();
        let after = quoted.get(1..).unwrap_or_default();
        let next = after.trim_start().strip_prefix('+').map(str::trim_start);
        match next.and_then(|next| next.strip_prefix(['"', '\''])) {
            Some(next) => rest = next,
            None => {
                out.push_str(quote);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Characters in place of `\x32`.
fn escapes(script: &str) -> String {
    let mut pieces = script.split("\\x");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let code = piece.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code.zip(piece.get(2..)) {
            Some((code, rest)) => {
                out.push(char::from(code));
                out.push_str(rest);
            }
            None => {
                out.push_str("\\x");
                out.push_str(piece);
            }
        }
    }
    out
}

/// Strings in place of `fromCharCode(50, 0x31)`.
fn characters(script: &str) -> String {
    let mut pieces = script.split(CODES);
    let mut out = pieces.next().unwrap_or_default().to_owned();
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
    }
    out
}

const CODES: &str = "fromCharCode(";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_literals_together() {
        assert_eq!(joined("var p = \"068853\" + '22989';"), "var p = \"06885322989';");
        assert_eq!(joined("a + \"b\""), "a + \"b\"");
    }

    #[test]
    fn joins_what_is_joined() {
        let joined = spelled_out("a = \"228\" + '360' +\n\"14271\"; b = c + \"x\"").unwrap();
        assert_eq!(joined, "a = \"22836014271\"; b = c + \"x\"");
        assert_eq!(spelled_out("a = 1 + 2"), None);
    }

    #[test]
    fn reads_escapes() {
        assert_eq!(spelled_out("'\\x32\\x32\\x38' \\x \\xå").as_deref(), Some("'228' \\x \\xå"));
    }

    #[test]
    fn reads_codes() {
        let read = spelled_out("x(String.fromCharCode(50,0x32, 56)+\"36\"+'0')").unwrap();
        assert_eq!(read, "x(String.\"228360')");
        assert!(spelled_out("fromCharCode(").is_some());
    }
}
