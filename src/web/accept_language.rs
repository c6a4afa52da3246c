//! The language a browser asks for (RFC 9110 section 12.5.4).

use crate::notify::Language;

/// The best of our languages in the value of an `Accept-Language` header;
/// `None` when it names none of them.
pub(super) fn best(value: &str) -> Option<Language> {
    let wishes = value.split(',').take(MAX_WISHES).filter_map(wish);
    // The first of equals: `max_by` would take the last.
    wishes
        .fold(None, |best: Option<(Language, u16)>, next| match best {
            Some((_, weight)) if weight >= next.1 => best,
            _ => Some(next),
        })
        .map(|(language, _)| language)
}

/// A language with its weight in thousandths; nothing for those we lack and
/// those the reader refuses.
fn wish(text: &str) -> Option<(Language, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let language = parts.next()?.parse().ok()?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(weight) => thousandths(weight)?,
        None => 1000,
    };
    (weight > 0).then_some((language, weight))
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = decimals.bytes().all(|b| b.is_ascii_digit()) && decimals.len() <= 3;
    match whole {
        "1" if digits => Some(1000),
        "0" if digits => format!("{decimals:0<3}").parse().ok(),
        _ => None,
    }
}

const MAX_WISHES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_heaviest_we_have() {
        let cases = [
            ("nn-NO,nn;q=0.9,nb;q=0.8,en;q=0.5", Some(Language::Nn)),
            ("en-GB, nb;q=0.9", Some(Language::En)),
            ("de, no;q=0.7, en;q=0.3", Some(Language::Nb)),
            ("en;q=0.1, nn;q=0.25", Some(Language::Nn)),
            ("nb;q=0, en;q=0.001", Some(Language::En)),
            ("nb, nn", Some(Language::Nb)),
            ("de, fr;q=0.5, *", None),
            ("nb;q=7, nn;q=x, ;;,", None),
            ("", None),
        ];
        for (value, language) in cases {
            assert_eq!(best(value), language, "{value}");
        }
    }
}
