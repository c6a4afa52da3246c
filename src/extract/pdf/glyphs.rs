//! Names of characters and the encodings that come with PDF (ISO 32000-2,
//! annex D), as far as words and numbers need them.

use std::borrow::Cow;

/// One of the encodings a font can start from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Base {
    MacRoman,
    Standard,
    WinAnsi,
}

impl Base {
    /// The encoding called `name`.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"MacRomanEncoding" => Some(Self::MacRoman),
            b"StandardEncoding" => Some(Self::Standard),
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            _ => None,
        }
    }

    /// The character of a code.
    pub(super) fn char(self, code: u8) -> Option<char> {
        match (self, code) {
            (_, 0..=0x1F) => None,
            (Self::Standard, 0x27) => Some('’'),
            (Self::Standard, 0x60) => Some('‘'),
            (_, 0x20..=0x7E) => Some(char::from(code)),
            (Self::Standard, _) => {
                let found = STANDARD.binary_search_by_key(&code, |(code, _)| *code).ok()?;
                STANDARD.get(found).map(|(_, c)| *c)
            }
            (Self::MacRoman, _) => one(encoding_rs::MACINTOSH, code),
            (Self::WinAnsi, _) => one(encoding_rs::WINDOWS_1252, code),
        }
    }
}

fn one(encoding: &'static encoding_rs::Encoding, code: u8) -> Option<char> {
    encoding.decode_without_bom_handling(&[code]).0.chars().next()
}

/// A string outside page content: UTF-16, UTF-8 or PDFDocEncoding (7.9.2.2).
pub(super) fn text_string(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            Cow::Owned(encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned())
        }
        [0xFF, 0xFE, rest @ ..] => {
            Cow::Owned(encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned())
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
        },
    }
}

/// The character of a glyph name, after the rules of the Adobe glyph list.
pub(super) fn named(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    let base = name.split(['.', '_']).next().filter(|base| !base.is_empty()).unwrap_or(name);
    let mut chars = base.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(only);
    }
    let hex = base.strip_prefix("uni").filter(|hex| hex.len() >= 4).and_then(|hex| hex.get(..4));
    let hex = hex.or_else(|| base.strip_prefix('u').filter(|hex| (4..=6).contains(&hex.len())));
    if let Some(c) = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32)
    {
        return Some(c);
    }
    if let Ok(found) = NAMES.binary_search_by_key(&base, |(name, _)| name) {
        return NAMES.get(found).map(|(_, c)| *c);
    }
    // `oneoldstyle`, `onesuperior`, `onefitted` and their like.
    let digit = DIGITS
        .iter()
        .position(|digit| base.strip_prefix(digit).is_some_and(|kind| KINDS.contains(&kind)))?;
    char::from_digit(u32::try_from(digit).ok()?, 10)
}

/// A code inside a glyph name without meaning, such as `g49` or `C0031`.
pub(super) fn numbered(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let code: u8 = digits.parse().ok()?;
    (code >= 0x20).then(|| Base::WinAnsi.char(code)).flatten()
}

/// The width of a character in the fonts every viewer has, in thousandths.
pub(super) fn width(family: Family, c: char) -> f64 {
    let table = match family {
        Family::Courier => return 600.0,
        Family::Helvetica => HELVETICA,
        Family::Times => TIMES,
    };
    let at = usize::try_from(u32::from(c)).ok().and_then(|code| code.checked_sub(0x20));
    let found = at.and_then(|at| table.as_bytes().get(at));
    // Tens of thousandths, from `!` up.
    found.map_or(550.0, |code| f64::from(code - b'!') * 10.0 + 5.0)
}

/// A family of the standard fonts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Courier,
    Helvetica,
    Times,
}

impl Family {
    /// The family that the name of a font speaks of.
    pub(super) fn of(name: &[u8]) -> Self {
        let has = |word: &[u8]| memchr::memmem::find(name, word).is_some();
        if has(b"Courier") || has(b"Mono") || has(b"Consol") {
            Self::Courier
        } else if has(b"Times") || has(b"Serif") || has(b"Roman") {
            Self::Times
        } else {
            Self::Helvetica
        }
    }
}

/// One character for each of U+0020 to U+007E: its width, see [`width`].
const HELVETICA: &str = r##"<<DXXyc4BBG[<B<<XXXXXXXXXX<<[[[X~cciic^ni<ScXtincnic^iccc^<<<OXBXXSXX<XX77S7tXXXXBS<XSiSSSB;B["##;
const TIMES: &str = r##":BISStn3BBSY:B:<SSSSSSSSSS<<YYYM}icci^XiiBGi^yiiXicX^iiii^B<BOSBMSMSMBSS<<S<nSSSSBG<SSiSSMQ5QW"##;
const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const KINDS: &[&str] = &[
    "",
    "alt",
    "circle",
    "denominator",
    "fitted",
    "inferior",
    "lining",
    "numerator",
    "oldstyle",
    "superior",
    "tabular",
    "tf",
];
/// The upper half of the standard encoding.
const STANDARD: &[(u8, char)] = &[
    (0xA1, '¡'),
    (0xA2, '¢'),
    (0xA3, '£'),
    (0xA4, '⁄'),
    (0xA5, '¥'),
    (0xA6, 'ƒ'),
    (0xA7, '§'),
    (0xA8, '¤'),
    (0xA9, '\''),
    (0xAA, '“'),
    (0xAB, '«'),
    (0xAC, '‹'),
    (0xAD, '›'),
    (0xAE, 'ﬁ'),
    (0xAF, 'ﬂ'),
    (0xB1, '–'),
    (0xB2, '†'),
    (0xB3, '‡'),
    (0xB4, '·'),
    (0xB6, '¶'),
    (0xB7, '•'),
    (0xB8, '‚'),
    (0xB9, '„'),
    (0xBA, '”'),
    (0xBB, '»'),
    (0xBC, '…'),
    (0xBD, '‰'),
    (0xBF, '¿'),
    (0xC1, '`'),
    (0xC2, '´'),
    (0xC3, 'ˆ'),
    (0xC4, '˜'),
    (0xC5, '¯'),
    (0xC6, '˘'),
    (0xC7, '˙'),
    (0xC8, '¨'),
    (0xCA, '˚'),
    (0xCB, '¸'),
    (0xCD, '˝'),
    (0xCE, '˛'),
    (0xCF, 'ˇ'),
    (0xD0, '—'),
    (0xE1, 'Æ'),
    (0xE3, 'ª'),
    (0xE8, 'Ł'),
    (0xE9, 'Ø'),
    (0xEA, 'Œ'),
    (0xEB, 'º'),
    (0xF1, 'æ'),
    (0xF5, 'ı'),
    (0xF8, 'ł'),
    (0xF9, 'ø'),
    (0xFA, 'œ'),
    (0xFB, 'ß'),
];
/// From the Adobe glyph list, by name.
const NAMES: &[(&str, char)] = &[
    ("AE", 'Æ'),
    ("Aacute", 'Á'),
    ("Acircumflex", 'Â'),
    ("Adieresis", 'Ä'),
    ("Agrave", 'À'),
    ("Aring", 'Å'),
    ("Atilde", 'Ã'),
    ("Cacute", 'Ć'),
    ("Ccaron", 'Č'),
    ("Ccedilla", 'Ç'),
    ("Ccircumflex", 'Ĉ'),
    ("Dcaron", 'Ď'),
    ("Dcroat", 'Đ'),
    ("Eacute", 'É'),
    ("Ecaron", 'Ě'),
    ("Ecircumflex", 'Ê'),
    ("Edieresis", 'Ë'),
    ("Egrave", 'È'),
    ("Eng", 'Ŋ'),
    ("Eth", 'Ð'),
    ("Euro", '€'),
    ("Gcedilla", 'Ģ'),
    ("Gcircumflex", 'Ĝ'),
    ("Hcircumflex", 'Ĥ'),
    ("Iacute", 'Í'),
    ("Icircumflex", 'Î'),
    ("Idieresis", 'Ï'),
    ("Igrave", 'Ì'),
    ("Itilde", 'Ĩ'),
    ("Jcircumflex", 'Ĵ'),
    ("Kcedilla", 'Ķ'),
    ("Lacute", 'Ĺ'),
    ("Lcaron", 'Ľ'),
    ("Lcedilla", 'Ļ'),
    ("Lslash", 'Ł'),
    ("Nacute", 'Ń'),
    ("Ncaron", 'Ň'),
    ("Ncedilla", 'Ņ'),
    ("Ntilde", 'Ñ'),
    ("OE", 'Œ'),
    ("Oacute", 'Ó'),
    ("Ocircumflex", 'Ô'),
    ("Odieresis", 'Ö'),
    ("Ograve", 'Ò'),
    ("Oslash", 'Ø'),
    ("Otilde", 'Õ'),
    ("Racute", 'Ŕ'),
    ("Rcaron", 'Ř'),
    ("Rcedilla", 'Ŗ'),
    ("Sacute", 'Ś'),
    ("Scaron", 'Š'),
    ("Scedilla", 'Ş'),
    ("Scircumflex", 'Ŝ'),
    ("Tbar", 'Ŧ'),
    ("Tcaron", 'Ť'),
    ("Tcedilla", 'Ţ'),
    ("Thorn", 'Þ'),
    ("Uacute", 'Ú'),
    ("Ucircumflex", 'Û'),
    ("Udieresis", 'Ü'),
    ("Ugrave", 'Ù'),
    ("Utilde", 'Ũ'),
    ("Wcircumflex", 'Ŵ'),
    ("Yacute", 'Ý'),
    ("Ycircumflex", 'Ŷ'),
    ("Ydieresis", 'Ÿ'),
    ("Zacute", 'Ź'),
    ("Zcaron", 'Ž'),
    ("aacute", 'á'),
    ("acircumflex", 'â'),
    ("acute", '´'),
    ("adieresis", 'ä'),
    ("ae", 'æ'),
    ("agrave", 'à'),
    ("ampersand", '&'),
    ("aring", 'å'),
    ("asciicircum", '^'),
    ("asciitilde", '~'),
    ("asterisk", '*'),
    ("at", '@'),
    ("atilde", 'ã'),
    ("backslash", '\\'),
    ("bar", '|'),
    ("braceleft", '{'),
    ("braceright", '}'),
    ("bracketleft", '['),
    ("bracketright", ']'),
    ("bullet", '•'),
    ("cacute", 'ć'),
    ("caron", 'ˇ'),
    ("ccaron", 'č'),
    ("ccedilla", 'ç'),
    ("ccircumflex", 'ĉ'),
    ("cedilla", '¸'),
    ("colon", ':'),
    ("comma", ','),
    ("copyright", '©'),
    ("dcaron", 'ď'),
    ("dcroat", 'đ'),
    ("degree", '°'),
    ("dieresis", '¨'),
    ("divide", '÷'),
    ("dollar", '$'),
    ("dotlessi", 'ı'),
    ("eacute", 'é'),
    ("ecaron", 'ě'),
    ("ecircumflex", 'ê'),
    ("edieresis", 'ë'),
    ("egrave", 'è'),
    ("eight", '8'),
    ("ellipsis", '…'),
    ("emdash", '—'),
    ("endash", '–'),
    ("eng", 'ŋ'),
    ("equal", '='),
    ("eth", 'ð'),
    ("exclam", '!'),
    ("ff", 'ﬀ'),
    ("ffi", 'ﬃ'),
    ("ffl", 'ﬄ'),
    ("fi", 'ﬁ'),
    ("figuredash", '‒'),
    ("figurespace", '\u{2007}'),
    ("five", '5'),
    ("fl", 'ﬂ'),
    ("four", '4'),
    ("fraction", '⁄'),
    ("gcedilla", 'ģ'),
    ("gcircumflex", 'ĝ'),
    ("germandbls", 'ß'),
    ("grave", '`'),
    ("greater", '>'),
    ("guillemotleft", '«'),
    ("guillemotright", '»'),
    ("hcircumflex", 'ĥ'),
    ("hyphen", '-'),
    ("iacute", 'í'),
    ("icircumflex", 'î'),
    ("idieresis", 'ï'),
    ("igrave", 'ì'),
    ("itilde", 'ĩ'),
    ("jcircumflex", 'ĵ'),
    ("kcedilla", 'ķ'),
    ("lacute", 'ĺ'),
    ("lcaron", 'ľ'),
    ("lcedilla", 'ļ'),
    ("less", '<'),
    ("lslash", 'ł'),
    ("macron", '¯'),
    ("minus", '-'),
    ("mu", 'µ'),
    ("multiply", '×'),
    ("nacute", 'ń'),
    ("nbspace", ' '),
    ("ncaron", 'ň'),
    ("ncedilla", 'ņ'),
    ("nine", '9'),
    ("nonbreakingspace", ' '),
    ("ntilde", 'ñ'),
    ("numbersign", '#'),
    ("oacute", 'ó'),
    ("ocircumflex", 'ô'),
    ("odieresis", 'ö'),
    ("oe", 'œ'),
    ("ograve", 'ò'),
    ("one", '1'),
    ("onehalf", '½'),
    ("oslash", 'ø'),
    ("otilde", 'õ'),
    ("paragraph", '¶'),
    ("parenleft", '('),
    ("parenright", ')'),
    ("percent", '%'),
    ("period", '.'),
    ("periodcentered", '·'),
    ("plus", '+'),
    ("question", '?'),
    ("quotedbl", '"'),
    ("quotedblbase", '„'),
    ("quotedblleft", '“'),
    ("quotedblright", '”'),
    ("quoteleft", '‘'),
    ("quoteright", '’'),
    ("quotesinglbase", '‚'),
    ("quotesingle", '\''),
    ("racute", 'ŕ'),
    ("rcaron", 'ř'),
    ("rcedilla", 'ŗ'),
    ("registered", '®'),
    ("ring", '˚'),
    ("sacute", 'ś'),
    ("scaron", 'š'),
    ("scedilla", 'ş'),
    ("scircumflex", 'ŝ'),
    ("section", '§'),
    ("semicolon", ';'),
    ("seven", '7'),
    ("sfthyphen", '\u{ad}'),
    ("six", '6'),
    ("slash", '/'),
    ("space", ' '),
    ("sterling", '£'),
    ("tbar", 'ŧ'),
    ("tcaron", 'ť'),
    ("tcedilla", 'ţ'),
    ("thorn", 'þ'),
    ("three", '3'),
    ("trademark", '™'),
    ("two", '2'),
    ("uacute", 'ú'),
    ("ucircumflex", 'û'),
    ("udieresis", 'ü'),
    ("ugrave", 'ù'),
    ("underscore", '_'),
    ("utilde", 'ũ'),
    ("wcircumflex", 'ŵ'),
    ("yacute", 'ý'),
    ("ycircumflex", 'ŷ'),
    ("ydieresis", 'ÿ'),
    ("zacute", 'ź'),
    ("zcaron", 'ž'),
    ("zero", '0'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names_of_digits_and_letters() {
        let digit = |name: &str| named(name.as_bytes());
        assert_eq!(digit("seven"), Some('7'));
        assert_eq!(digit("seven.lf"), Some('7'));
        assert_eq!(digit("sevenoldstyle"), Some('7'));
        assert_eq!(digit("uni0037"), Some('7'));
        assert_eq!(digit("u1F600"), Some('😀'));
        assert_eq!(digit("oslash"), Some('ø'));
        assert_eq!(digit("sevenths"), None);
        assert_eq!(numbered(b"g55"), Some('7'));
    }

    #[test]
    fn tables_are_sorted_and_whole() {
        assert!(NAMES.is_sorted_by_key(|(name, _)| name));
        assert!(STANDARD.is_sorted_by_key(|(code, _)| code));
        assert_eq!((HELVETICA.len(), TIMES.len()), (95, 95));
        assert_eq!(width(Family::Helvetica, '0'), 555.0);
        assert_eq!(Base::Standard.char(0xF9), Some('ø'));
    }
}
