//! RTF cut into its tokens. Line ends mean nothing and are left out here.

/// One token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token<'a> {
    /// `}`
    Close,
    /// `\'xx`
    Hex(u8),
    /// `{`
    Open,
    /// The raw bytes after `\binN`; fewer when the file is cut.
    Raw(&'a [u8]),
    /// `\` and one sign.
    Symbol(u8),
    /// Plain bytes without line ends.
    Text(&'a [u8]),
    /// `\word`, with its number.
    Word(&'a [u8], Option<i32>),
}

/// The tokens of a file, one by one.
pub(super) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What has not been cut yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn control(&mut self, rest: &'a [u8]) -> Token<'a> {
        let letters = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        if letters == 0 {
            return self.symbol(rest);
        }
        let (word, tail) = rest.split_at(letters);
        let (number, length) = number(tail);
        self.at += letters + length;
        if tail.get(length) == Some(&b' ') {
            self.at += 1;
        }
        if word == b"bin" {
            let wanted = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
            let rest = self.rest();
            let raw = rest.get(..wanted).unwrap_or(rest);
            self.at += raw.len();
            return Token::Raw(raw);
        }
        Token::Word(word, number)
    }

    fn symbol(&mut self, rest: &'a [u8]) -> Token<'a> {
        let Some(sign) = rest.first() else { return Token::Text(b"") };
        self.at += 1;
        if *sign != b'\'' {
            return Token::Symbol(*sign);
        }
        let digit = |at: usize| rest.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (digit(1), digit(2)) {
            (Some(high), Some(low)) => {
                self.at += 2;
                Token::Hex(u8::try_from(high * 16 + low).unwrap_or_default())
            }
            _ => Token::Text(b""),
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.rest();
        let first = *rest.first()?;
        match first {
            b'{' | b'}' => {
                self.at += 1;
                Some(if first == b'{' { Token::Open } else { Token::Close })
            }
            b'\\' => {
                self.at += 1;
                let rest = self.rest();
                Some(self.control(rest))
            }
            b'\r' | b'\n' | 0 => {
                let blank = |b: &&u8| matches!(b, b'\r' | b'\n' | 0);
                self.at += rest.iter().take_while(blank).count();
                Some(Token::Text(b""))
            }
            _ => {
                let special = |b: &u8| matches!(b, b'{' | b'}' | b'\\' | b'\r' | b'\n' | 0);
                let length = rest.iter().position(special).unwrap_or(rest.len());
                self.at += length;
                Some(Token::Text(rest.get(..length).unwrap_or_default()))
            }
        }
    }
}

/// The number after a control word, and how many bytes it takes.
fn number(tail: &[u8]) -> (Option<i32>, usize) {
    let sign = usize::from(tail.first() == Some(&b'-'));
    let digits = tail.iter().skip(sign).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return (None, 0);
    }
    let length = sign + digits;
    let text = tail.get(..length).and_then(|text| std::str::from_utf8(text).ok());
    (text.and_then(|text| text.parse().ok()), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_words_numbers_and_raw_bytes() {
        let all: Vec<_> = Tokens::new(b"{\\b0 a\\'f8\\u-5?\\~\\bin3 {}\\x}").collect();
        assert_eq!(
            all,
            [
                Token::Open,
                Token::Word(b"b", Some(0)),
                Token::Text(b"a"),
                Token::Hex(0xF8),
                Token::Word(b"u", Some(-5)),
                Token::Text(b"?"),
                Token::Symbol(b'~'),
                Token::Raw(b"{}\\"),
                Token::Text(b"x"),
                Token::Close,
            ]
        );
    }
}
