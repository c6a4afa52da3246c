//! OpenPGP, CMS and armour, as a file and as the only part of a message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    reading::file("a", bytes);
    for kind in ["application/pkcs7-mime", "application/pgp-encrypted", "text/plain"] {
        let mut message = format!("Content-Type: {kind}\r\n\r\n").into_bytes();
        message.extend_from_slice(bytes);
        reading::message(&message);
    }
});
