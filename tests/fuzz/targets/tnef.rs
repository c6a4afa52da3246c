//! TNEF, the winmail.dat of Outlook.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file_headed("a", MAGIC, bytes);
});

const MAGIC: &[u8] = b"\x78\x9F\x3E\x22";
