//! The parameters of MAIL and RCPT by which a sender says what he wishes to be
//! told (RFC 3461).
//!
//! Values go on to the next hop as they were written, so they are checked to be
//! one word of the form that their RFC gives, and are not decoded.

use std::str;

use crate::model::{Ret, Wish};

/// Notes a parameter, its key in upper case. `None` when its value is wrong or
/// it is another parameter.
pub(super) fn note(wish: &mut Wish, key: &str, value: &str) -> Option<()> {
    let kept = || Some(value.to_owned());
    match key {
        "ENVID" if value.len() <= 100 && is_xtext(value) => wish.envid = kept(),
        "NOTIFY" if is_notify(value) => wish.notify = kept(),
        "ORCPT" if is_orcpt(value) => wish.orcpt = kept(),
        "RET" if value.eq_ignore_ascii_case("FULL") => wish.ret = Some(Ret::Full),
        "RET" if value.eq_ignore_ascii_case("HDRS") => wish.ret = Some(Ret::Headers),
        _ => return None,
    }
    Some(())
}

/// RFC 3461 section 4.1.
fn is_notify(text: &str) -> bool {
    let is_word = |word: &str| {
        ["SUCCESS", "FAILURE", "DELAY"].iter().any(|known| word.eq_ignore_ascii_case(known))
    };
    text.eq_ignore_ascii_case("NEVER") || (text.len() <= 30 && text.split(',').all(is_word))
}

/// RFC 3461 section 4.2, with the characters of RFC 6533 section 3.
fn is_orcpt(text: &str) -> bool {
    let Some((kind, address)) = text.split_once(';') else { return false };
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_kind = !kind.is_empty() && kind.chars().all(is_atom);
    text.len() <= 500 && is_kind && is_xtext(address)
}

/// RFC 3461 section 4.
fn is_xtext(text: &str) -> bool {
    let mut bytes = text.bytes();
    let hex = |bytes: &mut str::Bytes<'_>| {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        bytes.next().is_some_and(is_hex)
    };
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'+' => hex(&mut bytes) && hex(&mut bytes),
            b'=' => false,
            _ => byte.is_ascii_graphic(),
        };
        if !fits {
            return false;
        }
    }
    !text.is_empty()
}
