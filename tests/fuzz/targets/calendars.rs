//! Calendars, contacts, mailboxes and messages inside files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file("a", bytes);
    reading::text(bytes);
});
