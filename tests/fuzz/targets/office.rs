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
    let members = bytes.split(|byte| *byte == 0x1E).take(MOST).map(|member| {
        let newline = member.iter().position(|byte| *byte == b'\n').unwrap_or(member.len());
        let (name, content) = member.split_at(newline);
        let name = name.get(..80).unwrap_or(name);
        (String::from_utf8_lossy(name).into_owned(), content.get(1..).unwrap_or_default())
    });
    let members: Vec<_> = members.collect();
    let members: Vec<_> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    reading::file("a", &packing::zip(&members, false));
});

const MOST: usize = 40;
