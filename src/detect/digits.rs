//! What a character is to a reader of numbers: a digit, a separator, nothing
//! at all, or the end of the number.
//!
//! Digits of every script count by their value, and so do circled ones: a
//! person reads them all the same. Letters that look like digits do not.

use super::mask::{Block, Half};

/// What a character is between and in numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    /// Anything else: a number ends here.
    Break,
    /// A digit of this value.
    Digit(u8),
    /// Not seen by a person: zero width, soft hyphen, combining marks.
    Invisible,
    /// Something people put into numbers.
    Separator(Separator),
}

/// What separates groups of digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Separator {
    /// What stands between fields of a table: comma, semicolon, bar, quote.
    Cell,
    /// Colon.
    Colon,
    /// Hyphens, dashes and the minus sign (which Unicode files elsewhere).
    Dash,
    /// Full stop, middle dot, bullet.
    Dot,
    /// End of line.
    Line,
    /// Slashes.
    Slash,
    /// Blanks of any width.
    Space,
    /// Tabulator.
    Tab,
    /// Underscore.
    Underscore,
}

impl Separator {
    /// One bit for each, to collect those in a gap.
    pub(super) fn bit(self) -> u16 {
        1 << (self as u16)
    }

    /// The character that stands for all of its sort in layouts.
    pub(super) fn plain(self) -> u8 {
        match self {
            Self::Cell => b',',
            Self::Colon => b':',
            Self::Dash => b'-',
            Self::Dot => b'.',
            Self::Line => b'\n',
            Self::Slash => b'/',
            Self::Space => b' ',
            Self::Tab => b'\t',
            Self::Underscore => b'_',
        }
    }
}

/// Tells what a character is.
pub(super) fn sign(c: char) -> Sign {
    // What nearly all characters are comes first.
    match c {
        '0'..='9' => Sign::Digit(c as u8 - b'0'),
        'a'..='z' | 'A'..='Z' => Sign::Break,
        ' ' => Sign::Separator(Separator::Space),
        c => rare_sign(c),
    }
}

fn rare_sign(c: char) -> Sign {
    use Separator::{Cell, Colon, Dash, Dot, Line, Slash, Space, Tab, Underscore};
    let separator = match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Space,
        '\u{2800}' | '\u{3000}' | '\u{3164}' => Space,
        '\t' => Tab,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Line,
        '-' | '~' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2500}' => Dash,
        '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' | '\u{30fc}' => Dash,
        '.' | '\u{b7}' | '\u{2022}' | '\u{2024}' | '\u{2027}' | '\u{2219}' | '\u{ff0e}' => Dot,
        '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{ff0f}' => Slash,
        ':' | '\u{2236}' | '\u{ff1a}' => Colon,
        '_' | '\u{ff3f}' => Underscore,
        ',' | ';' | '|' | '"' | '\'' => Cell,
        c if c.is_ascii() && !c.is_ascii_control() => return Sign::Break,
        c if is_invisible(c) => return Sign::Invisible,
        c => return value(c).map_or(Sign::Break, Sign::Digit),
    };
    Sign::Separator(separator)
}

/// Where digits may start: at those of ASCII, and at the first bytes of UTF-8
/// from U+0640 on, where the others lie. Norwegian letters start lower.
#[inline]
pub(super) fn starts(block: Block) -> u64 {
    block.mask(|lane| lane.within(b'0', b'9').or(lane.at_least(0xD9)))
}

/// Digits, and the separators that nearly all groups of them have between them.
#[inline]
pub(super) fn plain(half: Half) -> u32 {
    half.mask(|lane| lane.within(b',', b';').or(lane.is(b' ')).or(lane.is(b'\n')))
}

/// The value of a digit outside ASCII.
fn value(c: char) -> Option<u8> {
    let code = u32::from(c);
    if let Some(offset) = code.checked_sub(MATHEMATICAL).filter(|offset| *offset < 50) {
        return u8::try_from(offset % 10).ok();
    }
    let decimal = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)]
        .last()
        .map(|zero| code - zero)
        .filter(|value| *value < 10);
    let enclosed = || ONES.iter().find_map(|one| code.checked_sub(*one).filter(|value| *value < 9));
    let circled_zero = matches!(code, 0x24EA | 0x24FF | 0x1F10B | 0x1F10C).then_some(0);
    let value = decimal.or_else(|| enclosed().map(|value| value + 1)).or(circled_zero)?;
    u8::try_from(value).ok()
}

/// Characters that take no room, or that mark the one before.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{ad}' | '\u{300}'..='\u{36f}'
        | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e01ef}')
}

/// Five alphabets of mathematical digits in a row.
const MATHEMATICAL: u32 = 0x1D7CE;

/// The zero of each run of ten decimal digits (general category Nd), and of
/// superscripts and subscripts from four on. Rising.
const ZEROS: &[u32] = &[
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0x2070, 0x2080, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50,
    0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
    0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50,
    0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
];

/// The one of each run of enclosed digits.
const ONES: &[u32] = &[0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_digits_of_every_script() {
        for (c, expected) in
            [('7', 7), ('７', 7), ('٧', 7), ('۷', 7), ('𝟕', 7), ('🯷', 7), ('⑦', 7), ('⓪', 0)]
        {
            assert_eq!(sign(c), Sign::Digit(expected), "{c}");
        }
    }

    #[test]
    fn letters_end_a_number() {
        for c in ['a', 'Å', 'O', 'l', '(', '+', '='] {
            assert_eq!(sign(c), Sign::Break, "{c}");
        }
    }

    #[test]
    fn knows_the_minus_sign_and_the_soft_hyphen() {
        assert_eq!(sign('\u{2212}'), Sign::Separator(Separator::Dash));
        assert_eq!(sign('\u{ad}'), Sign::Invisible);
    }

    #[test]
    fn what_is_plain_is_a_digit_or_a_separator() {
        for byte in 0..=u8::MAX {
            let told = plain(Half::at(&[byte], 0)) & 1 == 1;
            let either = matches!(sign(byte.into()), Sign::Digit(_) | Sign::Separator(_));
            assert!(!told || either, "{byte}");
            assert!(told || !b" 0123456789,;.:-/\n".contains(&byte), "{byte}");
        }
    }

    #[test]
    fn every_digit_starts_where_blocks_say() {
        for code in 0..=0x10_FFFF_u32 {
            let Some(c) = char::from_u32(code) else { continue };
            let mut buffer = [0; 4];
            let first = starts(Block::at(c.encode_utf8(&mut buffer).as_bytes(), 0)) & 1;
            let digit = matches!(sign(c), Sign::Digit(_));
            assert!(first == 1 || !digit, "{c}");
            assert!(first == 0 || digit || code > 0x3FF, "{c}");
        }
    }
}
