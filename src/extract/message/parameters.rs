//! Values with parameters: Content-Type and Content-Disposition (RFC 2045
//! section 5.1, RFC 2231), read as generously as mail programs do.

use std::borrow::Cow;

use super::encoded_word;
use crate::extract::text::charset;

/// A value and its parameters.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The value before the first semicolon, in lower case.
    pub(super) main: String,
    all: Vec<Parameter>,
    /// Written in a way that readers may understand differently.
    pub(super) ambiguous: bool,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    value: Vec<u8>,
    /// White space, lone quotes or the like around the value.
    odd: bool,
}

impl Parameters {
    /// Parses the unfolded `value`. Comments are skipped.
    pub(super) fn parse(value: &[u8]) -> Self {
        let mut scanner = Scanner { rest: value, commented: false };
        let main = scanner.token(b";");
        let mut parameters = Self {
            main: String::from_utf8_lossy(&main.text).trim().to_ascii_lowercase(),
            ..Self::default()
        };
        while !scanner.rest.is_empty() && parameters.all.len() < MOST {
            scanner.rest = scanner.rest.get(1..).unwrap_or_default();
            let name = scanner.token(b";=");
            if scanner.rest.first() != Some(&b'=') {
                continue;
            }
            scanner.rest = &scanner.rest[1..];
            let value = scanner.token(b";");
            let odd =
                value.odd || name.text.last() == Some(&b' ') || value.text.first() == Some(&b' ');
            let name = String::from_utf8_lossy(&name.text).trim().to_ascii_lowercase();
            if let Some(inside) = value.inside() {
                // For some the value ends with its quotes, for others not.
                let value = inside.to_vec();
                parameters.all.push(Parameter { name: name.clone(), value, odd });
            }
            let text = if value.quoted { value.text } else { value.text.trim_ascii().to_vec() };
            let piece = name.contains('*') && !value.quoted;
            let first = text.iter().position(u8::is_ascii_whitespace).filter(|_| piece);
            // For some a piece ends at a blank, for others not.
            let cut = first.map(|end| text[..end].to_vec());
            parameters.all.push(Parameter { name: name.clone(), value: text, odd });
            parameters.all.extend(cut.map(|value| Parameter { name, value, odd }));
        }
        parameters.ambiguous = scanner.commented && parameters.main.starts_with("multipart/")
            || !scanner.rest.is_empty()
            || parameters.main.contains([',', '"', '=', '\0']);
        parameters
    }

    /// The first value called `name`, simple form.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        self.all.iter().find(|p| p.name == name).map(|p| p.value.as_slice())
    }

    /// All values called `name`, in every form: simple, with encoded words,
    /// extended, and in numbered pieces (RFC 2231 section 3), decoded.
    pub(super) fn decoded(&self, name: &str) -> Vec<String> {
        let mut values: Vec<String> = Vec::new();
        for parameter in &self.all {
            if parameter.name == name {
                values.push(encoded_word::decode(&parameter.value));
            } else if parameter.name.strip_prefix(name) == Some("*") {
                values.extend(extended(&[(0, true, &parameter.value)]));
            }
        }
        let mut pieces: Vec<Piece<'_>> = self
            .all
            .iter()
            .filter_map(|parameter| {
                let index = parameter.name.strip_prefix(name)?.strip_prefix('*')?;
                let (index, encoded) =
                    index.strip_suffix('*').map_or((index, false), |index| (index, true));
                Some((index.parse().ok()?, encoded, parameter.value.as_slice()))
            })
            .collect();
        pieces.sort_by_key(|(index, _, _)| *index);
        if !pieces.is_empty() {
            values.extend(extended(&pieces));
        }
        // Of a piece that is there twice, some take the first, some the last, and some
        // both, sorted by what they say.
        if pieces.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            let mut sorted = pieces.clone();
            sorted.sort_by_key(|(index, _, value)| (*index, *value));
            values.extend(extended(&sorted));
            let of_each =
                |pieces: &mut Vec<_>| pieces.dedup_by_key(|(index, ..): &mut Piece<'_>| *index);
            let mut last: Vec<_> = pieces.iter().rev().copied().collect();
            of_each(&mut last);
            last.reverse();
            of_each(&mut pieces);
            values.extend(extended(&pieces));
            values.extend(extended(&last));
        }
        values.retain(|value| !value.trim().is_empty());
        values.dedup();
        values
    }

    /// All parameters as text, one a line.
    pub(super) fn everything(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut text = String::new();
        for parameter in &self.all {
            let name = parameter.name.split('*').next().unwrap_or_default();
            let file = matches!(name, "name" | "filename");
            if file || name == parameter.name || names.contains(&name) {
                continue;
            }
            names.push(name);
            for value in self.decoded(name) {
                text.push_str(&value);
                text.push('\n');
            }
        }
        text
    }

    /// Whether `name` is there more than once or in a form that readers may
    /// understand differently.
    pub(super) fn is_odd(&self, name: &str) -> bool {
        let mut seen = 0;
        for parameter in &self.all {
            let Some(form) = parameter.name.strip_prefix(name) else { continue };
            if form.is_empty() {
                seen += 1;
            }
            if (form.is_empty() && parameter.odd) || form.starts_with('*') {
                return true;
            }
        }
        seen > 1
    }

    /// Whether there are so many parameters that not all were read.
    pub(super) fn overflows(&self) -> bool {
        self.all.len() >= MOST
    }
}

/// Its number, whether it is encoded, and what it says.
type Piece<'a> = (u32, bool, &'a [u8]);

/// Joins pieces and decodes `charset'language'text` with its percent signs; in
/// two ways where the charset may be a lie.
fn extended(pieces: &[Piece<'_>]) -> Vec<String> {
    let mut bytes = Vec::new();
    let mut label = None;
    for (at, (_, encoded, value)) in pieces.iter().enumerate() {
        let mut value = *value;
        if !encoded {
            bytes.extend_from_slice(value);
            continue;
        }
        if at == 0
            && let Some(set_end) = memchr::memchr(b'\'', value)
            && let Some(language_end) = memchr::memchr(b'\'', &value[set_end + 1..])
        {
            label = std::str::from_utf8(&value[..set_end]).ok();
            value = &value[set_end + language_end + 2..];
        }
        percent_decode(value, &mut bytes);
    }
    if label.is_none() && memchr::memmem::find(&bytes, b"=?").is_some() {
        return vec![encoded_word::decode(&bytes)];
    }
    charset::all(&bytes, label).into_iter().map(Cow::into_owned).collect()
}

/// Appends `value` with `%XX` decoded (RFC 3986 section 2.1) to `bytes`.
pub(in crate::extract) fn percent_decode(value: &[u8], bytes: &mut Vec<u8>) {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        let pair = (*byte == b'%').then(|| (digit(value.get(at + 1)), digit(value.get(at + 2))));
        if let Some((Some(high), Some(low))) = pair {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
}

struct Scanner<'a> {
    rest: &'a [u8],
    commented: bool,
}

#[derive(Default)]
struct Token {
    text: Vec<u8>,
    quoted: bool,
    /// How much of the text stood in its first quotes.
    inside: usize,
    odd: bool,
}

impl Token {
    /// What stands in the quotes, where more follows them.
    fn inside(&self) -> Option<&[u8]> {
        let inside = self.text.get(..self.inside)?;
        (self.quoted && self.inside < self.text.len()).then_some(inside)
    }
}

impl Scanner<'_> {
    /// Reads up to one of `ends`, past quoted strings and comments.
    fn token(&mut self, ends: &[u8]) -> Token {
        let mut token = Token::default();
        while let Some(byte) = self.rest.first().copied() {
            match byte {
                b if ends.contains(&b) => break,
                b'"' => {
                    let blank = token.text.trim_ascii().is_empty();
                    let first = blank && !token.quoted;
                    token.odd |= !blank;
                    if blank {
                        token.text.clear();
                        token.quoted = true;
                    }
                    self.quoted(&mut token);
                    token.inside = if first { token.text.len() } else { token.inside };
                    continue;
                }
                b'(' if ends != b";=" => {
                    self.comment();
                    continue;
                }
                b'\'' | 0 => token.odd = true,
                _ => {}
            }
            if !(token.quoted && byte.is_ascii_whitespace()) {
                token.text.push(byte);
            }
            self.rest = &self.rest[1..];
        }
        token
    }

    fn quoted(&mut self, token: &mut Token) {
        let mut escaped = false;
        for (at, byte) in self.rest.iter().enumerate().skip(1) {
            match byte {
                b'"' if !escaped => {
                    token.odd |= token.text.last().is_some_and(u8::is_ascii_whitespace);
                    self.rest = &self.rest[at + 1..];
                    return;
                }
                b'\\' if !escaped => {
                    escaped = true;
                    continue;
                }
                _ => {}
            }
            escaped = false;
            token.text.push(*byte);
        }
        token.odd = true;
        self.rest = &[];
    }

    fn comment(&mut self) {
        self.commented = true;
        let mut depth = 0_usize;
        let mut escaped = false;
        for (at, byte) in self.rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[at + 1..];
                return;
            }
        }
        self.rest = &[];
    }
}

/// No honest field has more.
const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_shape_of_a_file_name() {
        let names: &[(&[u8], &str)] = &[
            (b"attachment; filename=a.txt", "a.txt"),
            (b"attachment; filename=\"a b.txt\"", "a b.txt"),
            (b"attachment; filename=\"=?utf-8?Q?=C3=A6.txt?=\"", "æ.txt"),
            (b"attachment; filename*=utf-8''%C3%A6.txt", "æ.txt"),
            (b"a; filename*1=\"b.txt\"; filename*0*=iso-8859-1'no'%E6", "æb.txt"),
        ];
        for (value, name) in names {
            assert_eq!(Parameters::parse(value).decoded("filename"), [*name]);
        }
    }

    #[test]
    fn a_piece_that_is_there_twice_hides_no_name() {
        let value =
            b"a; filename*1*=058; filename*0=\"fnr \"; filename*2=.txt; filename*2*=450%2016714";
        let names = Parameters::parse(value).decoded("filename");
        for name in ["fnr 058.txt", "fnr 058450 16714"] {
            assert!(names.iter().any(|known| known == name), "{names:?}");
        }
        let value = b"a; name*1*=%2030652 x; name*0*=utf-8''fnr%20138278 y; name*2*=.txt z";
        let names = Parameters::parse(value).decoded("name");
        assert!(names.iter().any(|name| name == "fnr 138278 30652.txt"), "{names:?}");
        let value = b"a; filename*00=\"fnr 22\"; filename*3=\"14271\"; filename*3=\"836 0\"";
        let names = Parameters::parse(value).decoded("filename");
        assert!(names.iter().any(|name| name == "fnr 2214271836 0"), "{names:?}");
    }

    #[test]
    fn what_follows_the_quotes_hides_no_name() {
        let value = b"a; name*1=\"836014271\" name=x.txt; name*0=\"fnr 22\"";
        let names = Parameters::parse(value).decoded("name");
        assert!(names.iter().any(|name| name == "fnr 22836014271"), "{names:?}");
        let value = Parameters::parse(b"a; charset=\"utf-8\" x; b=c");
        assert_eq!(value.value("charset"), Some(&b"utf-8"[..]));
    }

    #[test]
    fn a_false_charset_hides_no_name() {
        let names = Parameters::parse(b"a; filename*=utf-16be''fnr%2022836014271");
        assert!(names.decoded("filename").contains(&"fnr 22836014271".to_owned()));
    }

    #[test]
    fn notices_odd_boundaries() {
        let odd: &[&[u8]] = &[
            b"multipart/mixed; boundary=a; boundary=b",
            b"multipart/mixed; boundary='a'",
            b"multipart/mixed; boundary=\"a",
            b"multipart/mixed; boundary=\"a \"",
            b"multipart/mixed; boundary = a",
            b"multipart/mixed; boundary*0=a",
        ];
        for value in odd {
            assert!(Parameters::parse(value).is_odd("boundary"), "{}", value.escape_ascii());
        }
        assert!(!Parameters::parse(b"multipart/mixed;\t boundary=\"=_a\"").is_odd("boundary"));
    }

    #[test]
    fn skips_comments() {
        let parameters = Parameters::parse(b"text/plain (a; charset=x); charset=utf-8");
        assert_eq!(parameters.value("charset"), Some(&b"utf-8"[..]));
    }
}
