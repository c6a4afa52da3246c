//! Numbers in cells as a person sees them.

/// A number format, as far as identity numbers need it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::extract) struct Format {
    /// The code reduced to zeros and what stands between them; empty when the
    /// format is another.
    zeros: String,
    /// The number is that of a day.
    is_date: bool,
}

impl Format {
    /// Reads a format code such as `00000000000` or `000000\ 00000`.
    pub(in crate::extract) fn parse(code: &str) -> Self {
        let first = code.split(';').next().unwrap_or_default();
        if is_date(first) {
            return Self::date();
        }
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
        if count < 6 { Self::default() } else { Self { zeros, is_date: false } }
    }

    /// The formats of dates that need no code (ECMA-376 part 1 section 18.8.30),
    /// by number.
    pub(in crate::extract) fn built_in() -> impl Iterator<Item = (u16, Self)> {
        [14, 15, 16, 17, 22].into_iter().map(|number| (number, Self::date()))
    }

    fn date() -> Self {
        Self { zeros: String::new(), is_date: true }
    }

    /// The stored value `text` as shown.
    pub(in crate::extract) fn show(&self, text: &str) -> String {
        let plain = plain(text);
        if let Some(day) = self.is_date.then(|| day(&plain)).flatten() {
            return day;
        }
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

/// Whether a format code is that of a date with day, month and year.
fn is_date(code: &str) -> bool {
    let mut letters = String::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => drop(chars.find(|c| *c == '"')),
            '[' => drop(chars.find(|c| *c == ']')),
            c => letters.push(c.to_ascii_lowercase()),
        }
    }
    ['d', 'm', 'y'].iter().all(|part| letters.contains(*part))
}

/// The day of a number, as Norwegians write it: day 1 is the first of 1900, and
/// that year has a day too many (ECMA-376 part 1 section 18.17.4.1).
fn day(number: &str) -> Option<String> {
    let number = number.split('.').next()?.parse().ok().filter(|day| (1..=LAST).contains(day))?;
    let days = if number < 60 { number + 1 } else { number };
    let date = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days)).ok()?;
    Some(date.strftime("%d.%m.%Y").to_string())
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

/// The last day of 9999.
const LAST: i64 = 2_958_465;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_days_as_dates() {
        let date = Format::parse("[$-414]d/\\ mmmm\\ yyyy;@");
        for (number, shown) in [
            ("1", "01.01.1900"),
            ("61", "01.03.1900"),
            ("20562", "17.04.1956"),
            ("20562.75", "17.04.1956"),
            ("22836014271", "22836014271"),
            ("0", "0"),
        ] {
            assert_eq!(date.show(number), shown);
        }
        assert!(Format::built_in().all(|(_, format)| format == date));
        assert_eq!(Format::parse("0\" mdy\"").show("20562"), "20562");
    }

    #[test]
    fn shows_what_the_format_says() {
        assert_eq!(Format::parse("00000000000").show("5926044798"), "05926044798");
        assert_eq!(Format::parse("000000\\ 00000").show("5926044798"), "059260 44798");
        assert_eq!(Format::parse("#,##0.00").show("12.5"), "12.5");
        assert_eq!(Format::default().show("2.2836014271E10"), "22836014271");
        assert_eq!(Format::default().show("22836014271.0000002"), "22836014271");
    }
}
