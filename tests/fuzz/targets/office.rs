//! Office documents (Office Open XML and OpenDocument). A ZIP archive is read
//! as it is; anything else is the members of one, apart by `0x1E`, each with
//! its name on the first line, so that the XML is within reach of the fuzzer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::{packing, reading};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PK") {
        reading::file("a", bytes);
        return;
    }
    let members = packing::members(bytes, b"\x1e");
    let members: Vec<_> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    reading::file("a", &packing::zip(&members, false));
});
