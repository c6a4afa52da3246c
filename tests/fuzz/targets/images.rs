//! Pictures and what is written beside them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file("a", bytes);
});
