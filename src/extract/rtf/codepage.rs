//! The charsets that RTF and old Office files name by number.

use encoding_rs::{Encoding, WINDOWS_1252};

/// The charset of a Windows code page; Windows-1252 where it is not known.
pub(in crate::extract) fn of_number(number: u32) -> &'static Encoding {
    let label = match number {
        866 => "ibm866",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        1200 => "utf-16le",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10000 => "macintosh",
        28592..=28606 => return latin(number),
        65001 => "utf-8",
        _ => "windows-1252",
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

/// The code page of a font by its `\fcharset`; `None` is that of the document.
pub(super) fn of_font(charset: i32) -> Option<u32> {
    Some(match charset {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

/// ISO 8859 by its part.
fn latin(number: u32) -> &'static Encoding {
    let label = format!("iso-8859-{}", number.saturating_sub(28590));
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}
