//! Tables: SQLite, serialised R, delimited text and dumps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file("a", bytes);
    if let Some(rest) = bytes.strip_prefix(b"SQLite") {
        reading::file_headed("a", b"SQLite format 3\0", rest);
    }
});
