//! Numbers in cells as a person sees them.

/// A number format, as far as identity numbers need it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::extract) struct Format {
    /// The code reduced to zeros and what stands between them; empty when the
    /// format is another.
    zeros: String,
}

impl Format {
    /// Reads a format code such as `00000000000` or `000000\ 00000`.
    pub(in crate::extract) fn parse(code: &str) -> Self {
        let first = code.split(';').next().unwrap_or_default();
        let mut zeros = String::new();
        let mut chars = first.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => zeros.extend(chars.next()),
                '"' => {}
                '0' | '#' => zeros.push('0'),
                ' ' | '-' | '.' | '/' | '\u{a0}' => zeros.push(c),
                _ => return Self::default(),
            }
        }
        let count = zeros.bytes().filter(|b| *b == b'0').count();
        if count < 6 { Self::default() } else { Self { zeros } }
    }

    /// The stored value `text` as shown.
    pub(in crate::extract) fn show(&self, text: &str) -> String {
        let plain = plain(text);
        if self.zeros.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit()) {
            return plain;
        }
        let mut digits = plain.bytes().rev();
        let mut shown: Vec<char> = Vec::new();
        for c in self.zeros.chars().rev() {
            shown.push(if c == '0' { char::from(digits.next().unwrap_or(b'0')) } else { c });
        }
        shown.extend(digits.map(char::from));
        shown.iter().rev().collect()
    }
}

/// The stored value without exponent, as far as 15 digits carry.
fn plain(text: &str) -> String {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.to_owned();
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value.abs() < 1e15 => {
            let whole = (value - value.round()).abs() < 1e-6;
            if whole { format!("{:.0}", value.round()) } else { format!("{value}") }
        }
        Ok(_) | Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_the_format_says() {
        assert_eq!(Format::parse("00000000000").show("5926044798"), "05926044798");
        assert_eq!(Format::parse("000000\\ 00000").show("5926044798"), "059260 44798");
        assert_eq!(Format::parse("#,##0.00").show("12.5"), "12.5");
        assert_eq!(Format::default().show("2.2836014271E10"), "22836014271");
        assert_eq!(Format::default().show("22836014271.0000002"), "22836014271");
    }
}
