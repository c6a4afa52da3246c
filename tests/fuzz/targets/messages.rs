//! Whole messages from raw bytes: no panic, no hang, no limit broken.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::judge(bytes);
});
