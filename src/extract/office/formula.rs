//! What a formula spells out, as far as it is made of constants.
//!
//! Not a calculator: texts, numbers and `CHAR` that a formula strings together
//! are joined, anything else parts them.

/// The constants of `formula` joined; `None` when they hold too few digits.
pub(super) fn spelled(formula: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = formula.trim_start_matches("of:").trim_start_matches(['=', '+']);
    while let Some(c) = rest.chars().next() {
        rest = match c {
            '"' => text(rest, &mut out),
            '0'..='9' => number(rest, &mut out),
            'A'..='Z' | 'a'..='z' | '_' | '$' => word(rest, &mut out),
            '&' | ',' | ';' | '(' | ')' | ' ' => &rest[1..],
            _ => {
                out.push('\n');
                &rest[c.len_utf8()..]
            }
        };
    }
    let digits = out.bytes().filter(u8::is_ascii_digit).count();
    (digits >= DIGITS).then_some(out)
}

/// A text; a quote in it is doubled.
fn text<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let mut rest = rest.strip_prefix('"').unwrap_or(rest);
    loop {
        let Some((piece, after)) = rest.split_once('"') else {
            out.push_str(rest);
            return "";
        };
        out.push_str(piece);
        match after.strip_prefix('"') {
            Some(more) => {
                out.push('"');
                rest = more;
            }
            None => return after,
        }
    }
}

fn number<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    out.push_str(&rest[..end]);
    &rest[end..]
}

/// The name of a cell parts what it stands between; that of a function does
/// not. `CHAR(49)` is a character.
fn word<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.');
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let Some(arguments) = after.strip_prefix('(') else {
        if !name.eq_ignore_ascii_case("true") && !name.eq_ignore_ascii_case("false") {
            out.push('\n');
        }
        return after;
    };
    let name = name.rsplit('.').next().unwrap_or(name);
    if !["char", "unichar"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return arguments;
    }
    let Some((code, after)) = arguments.split_once(')') else { return arguments };
    match code.trim().parse::<u32>().ok().and_then(char::from_u32) {
        Some(c) => {
            out.push(c);
            after
        }
        None => arguments,
    }
}

/// No identity number has fewer.
const DIGITS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_joined() {
        let same = Some("22836014271".to_owned());
        assert_eq!(spelled("\"228360\"&\"14271\""), same);
        assert_eq!(spelled("CONCATENATE(\"228360\", 14271)"), same);
        assert_eq!(spelled("=_xlfn.TEXTJOIN(\"\",TRUE,\"228360\";\"14271\")"), same);
        assert_eq!(spelled("CHAR(50)&CHAR(50)&\"836014271\""), same);
    }

    #[test]
    fn references_part_them() {
        assert_eq!(spelled("\"228360\"&A1&\"14271\"").as_deref(), Some("228360\n14271"));
        assert_eq!(spelled("SUM(A1:B2000)"), None);
        assert_eq!(spelled("\"say \"\"12\""), None);
    }
}
