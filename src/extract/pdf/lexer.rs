//! Reads objects and operators from bytes (ISO 32000-2, 7.2 and 7.3).
//!
//! As lenient as viewers are: strange numbers, missing ends and stray brackets
//! are passed over. What nests too deep or has too many items is a fault.

use super::object::{Dict, Object};

/// A position in bytes that hold objects.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    nodes: usize,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(super) enum Item<'a> {
    /// A bracket that closes nothing, or the one that was waited for.
    Close(u8),
    Object(Object),
    /// An operator or a keyword.
    Word(&'a [u8]),
}

/// Why objects cannot be read on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    TooBig,
    TooDeep,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, nodes: 0 }
    }

    /// The next object or word; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item<'a>>, Fault> {
        self.item(0)
    }

    /// Starts counting items anew, where many objects follow each other.
    pub(super) fn renew(&mut self) {
        self.nodes = 0;
    }

    /// The next object alone, references made whole; `None` where there is
    /// none.
    pub(super) fn object(&mut self) -> Result<Option<Object>, Fault> {
        let Some(Item::Object(first)) = self.next()? else { return Ok(None) };
        let Some(number) = reference(&first) else { return Ok(Some(first)) };
        let after = self.at;
        if let Some(Item::Object(Object::Number(_))) = self.next()?
            && let Some(Item::Word(b"R")) = self.next()?
        {
            return Ok(Some(Object::Ref(number)));
        }
        self.at = after;
        Ok(Some(first))
    }

    pub(super) fn skip_blanks(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                self.at += memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            } else if is_blank(byte) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn item(&mut self, depth: usize) -> Result<Option<Item<'a>>, Fault> {
        self.skip_blanks();
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(Fault::TooBig);
        }
        let Some(byte) = self.peek() else { return Ok(None) };
        let item = match byte {
            b'/' => Item::Object(Object::Name(self.name())),
            b'(' => Item::Object(Object::String(self.literal())),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                Item::Object(Object::Dict(pairs(self.items(b'>', depth)?)))
            }
            b'<' => Item::Object(Object::String(self.hex())),
            b'[' => {
                self.at += 1;
                Item::Object(Object::Array(self.items(b']', depth)?))
            }
            b'>' if self.bytes.get(self.at + 1) == Some(&b'>') => {
                self.at += 2;
                Item::Close(b'>')
            }
            b']' | b')' | b'}' | b'{' | b'>' => {
                self.at += 1;
                Item::Close(byte)
            }
            _ => self.word(),
        };
        Ok(Some(item))
    }

    /// Items up to `close`, or to the end.
    fn items(&mut self, close: u8, depth: usize) -> Result<Vec<Object>, Fault> {
        if depth >= DEPTH {
            return Err(Fault::TooDeep);
        }
        let mut items = Vec::new();
        loop {
            let before = self.at;
            match self.item(depth + 1)? {
                None => return Ok(items),
                Some(Item::Close(found)) if found == close => return Ok(items),
                Some(Item::Close(_)) => {}
                Some(Item::Object(object)) => items.push(object),
                Some(Item::Word(b"R")) => {
                    let found = items.len().checked_sub(2).and_then(|at| reference(&items[at]));
                    if let Some(number) = found {
                        items.truncate(items.len() - 2);
                        items.push(Object::Ref(number));
                    }
                }
                // The closing bracket is missing.
                Some(Item::Word(b"endobj" | b"endstream" | b"stream" | b"obj")) => {
                    self.at = before;
                    return Ok(items);
                }
                Some(Item::Word(_)) => {}
            }
        }
    }

    fn name(&mut self) -> Box<[u8]> {
        self.at += 1;
        let raw = self.regular();
        if memchr::memchr(b'#', raw).is_none() {
            return raw.into();
        }
        let mut name = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let [byte, more @ ..] = rest {
            let code = (*byte == b'#')
                .then(|| Some(hex_digit(*more.first()?)? << 4 | hex_digit(*more.get(1)?)?));
            match code.flatten() {
                Some(code) => {
                    name.push(code);
                    rest = more.get(2..).unwrap_or_default();
                }
                None => {
                    name.push(*byte);
                    rest = more;
                }
            }
        }
        name.into()
    }

    /// Bytes up to a blank or a bracket.
    fn regular(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|b| !is_regular(*b)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn word(&mut self) -> Item<'a> {
        let word = self.regular();
        if word.is_empty() {
            // Not reached: all other bytes are handled before.
            self.at += 1;
        }
        match word {
            b"true" => Item::Object(Object::Bool(true)),
            b"false" => Item::Object(Object::Bool(false)),
            b"null" => Item::Object(Object::Null),
            _ => number(word).map_or(Item::Word(word), |n| Item::Object(Object::Number(n))),
        }
    }

    /// `( … )` with its escapes (7.3.4.2).
    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut bytes = Vec::new();
        let mut open = 1_usize;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr3(b'(', b')', b'\\', rest) else {
                bytes.extend_from_slice(rest);
                self.at = self.bytes.len().max(self.at);
                return bytes;
            };
            let (plain, mark) = rest.split_at(length);
            bytes.extend_from_slice(plain);
            self.at += length + 1;
            match mark.first() {
                Some(b'(') => open += 1,
                Some(b')') => {
                    open -= 1;
                    if open == 0 {
                        return bytes;
                    }
                }
                _ => {
                    self.escape(&mut bytes);
                    continue;
                }
            }
            bytes.extend(mark.first());
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        match byte {
            b'n' => bytes.push(b'\n'),
            b'r' => bytes.push(b'\r'),
            b't' => bytes.push(b'\t'),
            b'b' => bytes.push(8),
            b'f' => bytes.push(12),
            b'\n' => {}
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                // High overflow is ignored, says the standard.
                bytes.push((code & 0xFF) as u8);
            }
            _ => bytes.push(byte),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        unhex(&rest[..end])
    }
}

/// Hexadecimal digits to bytes; everything else between them is passed over.
pub(super) fn unhex(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for digit in text.iter().filter_map(|b| hex_digit(*b)) {
        match high.take() {
            Some(first) => bytes.push(first << 4 | digit),
            None => high = Some(digit),
        }
    }
    bytes.extend(high.map(|first| first << 4));
    bytes
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    let bracket = matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}');
    !is_blank(byte) && !bracket && byte != b'/' && byte != b'%'
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn reference(object: &Object) -> Option<u32> {
    let number = object.number()?;
    (number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number))
        .then_some(number as u32)
}

/// Numbers as viewers take them: doubled signs and a second point end nothing.
fn number(word: &[u8]) -> Option<f64> {
    let (first, rest) = word.split_first()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.')
        || !rest.iter().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-'))
    {
        return None;
    }
    let text = std::str::from_utf8(word).ok()?;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let negative = text.starts_with('-');
    let digits = text.trim_start_matches(['+', '-']);
    let cut = digits.find('-').unwrap_or(digits.len());
    let second = digits.match_indices('.').nth(1).map_or(cut, |(at, _)| at.min(cut));
    let number: f64 = digits.get(..second)?.parse().unwrap_or(0.0);
    Some(if negative { -number } else { number })
}

/// A flat list as keys and values. A key without a value is dropped.
fn pairs(items: Vec<Object>) -> Dict {
    let mut dict = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let Some(key) = items.next() {
        if let Object::Name(key) = key
            && let Some(value) = items.next()
        {
            dict.push((key, value));
        }
    }
    Dict(dict)
}

const DEPTH: usize = 64;
/// An item takes about 32 bytes.
const NODES: usize = 1 << 21;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Object {
        Lexer::new(text, 0).object().unwrap().unwrap()
    }

    #[test]
    fn reads_strings_as_viewers_do() {
        assert_eq!(read(b"(a(b)\\)\\061\\\n2)").string(), Some(&b"a(b))12"[..]));
        assert_eq!(read(b"<31 3 2 3>").string(), Some(&b"120"[..]));
        assert_eq!(read(b"/A#42c").name(), Some(&b"ABc"[..]));
    }

    #[test]
    fn reads_dictionaries_and_references() {
        let object = read(b"<< /A 1 0 R /B [2 0 R -.5 --7] % no\n/C << /D null >> >>");
        let dict = object.dict().unwrap();
        assert_eq!(dict.find(b"A"), Some(&Object::Ref(1)));
        let expected = [Object::Ref(2), Object::Number(-0.5), Object::Number(-7.0)];
        assert_eq!(dict.find(b"B").unwrap().array(), Some(&expected[..]));
        assert_eq!(dict.find(b"C").unwrap().dict().unwrap().0.len(), 1);
        assert_eq!(read(b"7 0 R"), Object::Ref(7));
    }

    #[test]
    fn ends_where_nesting_does_not() {
        let deep = b"<</A".repeat(50_000);
        assert_eq!(Lexer::new(&deep, 0).object(), Err(Fault::TooDeep));
        assert_eq!(read(b"[1 2 endobj").array().unwrap().len(), 2);
    }
}
