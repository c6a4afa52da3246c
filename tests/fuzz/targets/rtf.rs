//! Rich text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file_headed("a", MAGIC, bytes);
});

const MAGIC: &[u8] = b"{\\rtf";
