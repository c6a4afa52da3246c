//! The frames between a worker and its parent. The module is private, so its
//! file is compiled into this target.

#![no_main]
#![allow(dead_code, unreachable_pub, reason = "only the readers are used here")]

use libfuzzer_sys::fuzz_target;
use sluse::{base, model};

#[path = "../../../src/worker/frame.rs"]
mod frame;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    if first % 2 == 0 {
        requests(rest);
        return;
    }
    if let Ok(answer) = frame::decode_answer(rest) {
        let again = frame::encode(&answer, 1 << 24).expect("an answer that was read");
        let (header, content) = again.split_at(frame::HEADER);
        let header = header.try_into().expect("five bytes");
        assert_eq!(frame::length_of(header, 1 << 24).ok(), Some(content.len()));
        let known = frame::decode_answer(content).expect("what was written");
        assert_eq!(known.extraction, answer.extraction);
        assert_eq!(known.pictures.len(), answer.pictures.len());
    }
});

/// Reads until something is wrong. The version byte is put right, as the
/// fuzzer would need long for it. A request that announces more bytes than
/// there are is not tried: its sender, the parent, is no stranger.
fn requests(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some(version) = bytes.get_mut(4) {
        *version = 1;
    }
    let mut input = &bytes[..];
    for _ in 0..16 {
        let content = input.get(frame::HEADER..).unwrap_or_default();
        let request = postcard::take_from_bytes::<frame::Request>(content);
        if request.is_ok_and(|(request, rest)| request.length as usize > rest.len()) {
            return;
        }
        match frame::read_request(&mut input) {
            Ok(Some((request, read))) => assert_eq!(request.length as usize, read.len()),
            Ok(None) | Err(_) => return,
        }
    }
}
