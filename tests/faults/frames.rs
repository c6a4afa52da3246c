//! Frames that no mail server sends, by the thousand, at the milter socket of a
//! running service: it lives, needs no more memory, and judges the next message
//! rightly. `SLUSE_FUZZ_FRAMES=1000000` sends so many.

use std::{
    env,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    Gate,
    harness::{PATIENCE, samples::sample, site::Site},
    soak::{Dice, Usage},
};

#[test]
fn fuzzed_frames_hurt_nobody() {
    let frames = env::var("SLUSE_FUZZ_FRAMES").ok().and_then(|text| text.parse().ok());
    let frames: usize = frames.unwrap_or(4000);
    let site = Site::open(Gate::Milter.plan());
    let pid = site.sluse.pid();
    // What is made at first use is there after the first tenth.
    let mut sent = storm(&site, frames / 10, 1);
    let start = Usage::of(&site);
    sent += storm(&site, frames - frames / 10, 2);
    let end = Usage::of(&site);
    println!("{sent} frames; at first {start}, at last {end}");
    assert!(sent >= frames && site.sluse.pid() == pid);
    assert!(end.kib <= start.kib + start.kib / 5, "at first {start}, at last {end}");
    assert!(end.files <= start.files + CONNECTIONS, "at first {start}, at last {end}");
    let panics = site.sluse.log.all().into_iter().filter(|line| line.contains("panicked"));
    assert_eq!(panics.collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(site.send(&sample("number-in-body")).code, 550);
    assert_eq!(site.send(&sample("clean-text")).code, 250);
}

/// Sends so many frames or some more, and tells how many.
fn storm(site: &Site, frames: usize, seed: u64) -> usize {
    let path = site.sluse.milter.strip_prefix("unix:").unwrap();
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        for number in 1..=CONNECTIONS {
            let (sent, number) = (&sent, u64::try_from(number).unwrap());
            scope.spawn(move || {
                let mut dice = Dice((seed << 32) | (number * 0x9e37_79b9));
                while sent.load(Ordering::Relaxed) < frames {
                    sent.fetch_add(one_connection(path, &mut dice), Ordering::Relaxed);
                }
            });
        }
    });
    sent.into_inner()
}

/// Some frames on one connection, which then ends; how many they were.
fn one_connection(path: &str, dice: &mut Dice) -> usize {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    if !dice.one_in(4) {
        bytes.extend_from_slice(b"\0\0\0\x0dO\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff");
    }
    let count = 1 + dice.index(60);
    for _ in 0..count {
        frame(dice, &mut bytes);
    }
    // It may hang up on us early.
    let _ = stream.write_all(&bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answers) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "the connection does not end");
    }
    count
}

/// One frame: most are as they should be up to one thing.
fn frame(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let good: [(u8, &[u8]); 13] = [
        (b'C', b"mx.example\x004\x00\x19192.0.2.7\0"),
        (b'D', b"Mi\0ABC123\0"),
        (b'H', b"mx.example\0"),
        (b'M', b"<kari@cpm.example>\0SIZE=100\0"),
        (b'R', b"<ola@partner.example>\0"),
        (b'T', b""),
        (b'L', b"Subject\0 Hei\0"),
        (b'N', b""),
        (b'B', b"Vi ses i morgen.\r\n"),
        (b'E', b""),
        (b'A', b""),
        (b'K', b""),
        (b'Q', b""),
    ];
    // The last three end the message or the connection.
    let known = if dice.one_in(8) { good.len() } else { good.len() - 3 };
    let (command, payload) = good[dice.index(known)];
    let (mut command, mut payload) = (command, payload.to_vec());
    match dice.index(12) {
        0 => command = dice.byte(),
        1 => payload = (0..dice.index(300)).map(|_| dice.byte()).collect(),
        2 => payload.truncate(dice.index(payload.len() + 1)),
        3 if !payload.is_empty() => {
            let at = dice.index(payload.len());
            payload[at] = dice.byte();
        }
        4 => payload.extend((0..dice.index(2000)).map(|_| b'x')),
        _ => {}
    }
    let length = u32::try_from(payload.len() + 1).unwrap();
    let told = match dice.index(100) {
        0 => 0,
        1 => length - 1,
        2 => length + 1 + u32::from(dice.byte()),
        3 => (1 << 20) + u32::from(dice.byte()),
        4 => u32::MAX - u32::from(dice.byte()),
        _ => length,
    };
    bytes.extend_from_slice(&told.to_be_bytes());
    bytes.push(command);
    bytes.append(&mut payload);
}

const CONNECTIONS: usize = 4;
