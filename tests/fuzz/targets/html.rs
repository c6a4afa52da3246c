//! Pages and plain text under any charset label: limits kept, marks sound.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let at = usize::from(*first);
    let charset = CHARSETS[at % CHARSETS.len()];
    let kind = if at < 192 { "text/html" } else { "text/plain; format=flowed; delsp=yes" };
    let mut message = format!("Content-Type: {kind}; charset={charset}\r\n\r\n").into_bytes();
    message.extend_from_slice(rest);
    reading::message(&message);
    reading::text(rest);
});

const CHARSETS: &[&str] = &[
    "utf-8",
    "iso-8859-1",
    "utf-16",
    "utf-16be",
    "utf-7",
    "iso-2022-jp",
    "gb18030",
    "hz-gb-2312",
    "ibm865",
    "utf-32",
    "x-unknown",
    "shift_jis",
    "macintosh",
    "euc-kr",
    "big5",
    "us-ascii",
];
