//! Text in one word of a mail command: xtext (RFC 3461 section 4).

use std::fmt::Write as _;

/// All but printable ASCII, and `+` and `=`, as `+` and two hexadecimal digits.
pub fn encode(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"+=".contains(&byte) {
            word.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(word, "+{byte:02X}");
        }
    }
    word
}

/// The text again, from hex digits in either case. What could end a line or a
/// word later is none, and neither is what is empty.
pub fn decode(word: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'+' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let code = digit()? * 16 + digit()?;
            bytes.push(u8::try_from(code).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_can_be_read_again() {
        for text in ["ola+x@partner.example", "a=b c", "bl\u{e5}"] {
            assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        }
        assert_eq!(encode("a+b"), "a+2Bb");
        assert_eq!(decode("a+2bb").as_deref(), Some("a+b"));
        for wrong in ["", "a+2", "+FF", "a+0D+0AMAIL", "+00"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
