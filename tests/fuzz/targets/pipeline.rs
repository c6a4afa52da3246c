//! Whole messages by grammar, each with a number that its reader would see:
//! never clean, never called encrypted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::{choice::Choice, letter::Letter, reading};

fuzz_target!(|bytes: &[u8]| {
    let letter = Letter::new(&mut Choice::new(bytes));
    let (verdict, extraction) = reading::judge(&letter.bytes);
    assert!(
        matches!(verdict, reading::Verdict::Sensitive | reading::Verdict::Unscannable),
        "{verdict:?} with {:?} in:\n{}\n\nread:\n{}",
        letter.plant,
        String::from_utf8_lossy(&letter.bytes),
        reading::told(&extraction)
    );
});
