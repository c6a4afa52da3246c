//! A text as a picture that a camera reads, in SVG.
//!
//! Light and dark do not follow the theme of the page: some authenticators
//! read no inverted picture.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// The picture, without a size; empty for a text that is far too long.
pub(super) fn svg(text: &str, label: &str) -> String {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return String::new() };
    let size = code.size();
    let mut dark = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            // Writing to a string does not fail.
            let _ = write!(dark, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let side = size + 2 * QUIET;
    let label = label.replace(['&', '<', '>', '"'], " ");
    format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\" xmlns=\"http://www.w3.org/2000/svg\">\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/>\
         <path fill=\"#000\" d=\"{dark}\"/></svg>"
    )
}

/// Light modules around (ISO/IEC 18004, section 5.3.8).
const QUIET: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_a_square_of_modules() {
        let picture = svg("otpauth://totp/Sluse:kari?secret=GEZDGNBVGY3TQOJQ", "a \"code\"");
        assert!(picture.contains("viewBox=\"0 0 41 41\""), "{picture}");
        assert!(picture.contains("aria-label=\"a  code \""), "{picture}");
        // The corner of the first finder pattern.
        assert!(picture.contains("M4,4h1v1h-1z"), "{picture}");
        assert!(svg(&"x".repeat(5000), "").is_empty());
    }
}
