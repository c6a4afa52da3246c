//! The milter listener behind a real socket: whatever a peer sends, the
//! connection ends, each answer is a whole frame, and the next peer is served.

#![no_main]

use std::{
    future::{Future, pending},
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use libfuzzer_sys::fuzz_target;
use sluse::{
    frontend::milter::{Listen, Listener, Settings, serve},
    gate::{Answer, Fate, Judge, Outcome, Taken},
};
use sluse_fuzz::choice::Choice;
use tokio::runtime::Runtime;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let sent = if first % 4 == 0 { rest.to_vec() } else { dialogue(rest) };
    let mut stream = UnixStream::connect(socket()).expect("a listener that goes on");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // It may hang up on us early.
    let _ = stream.write_all(&sent);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answers = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answers) {
        let timed_out = matches!(error.kind(), std::io::ErrorKind::WouldBlock);
        assert!(!timed_out, "the connection does not end");
    }
    assert_frames(&answers);
});

/// Keeps what is small, and defers all else.
struct Sieve;

impl Judge for Sieve {
    fn judge(&self, taken: Taken) -> Pin<Box<dyn Future<Output = Outcome> + Send + '_>> {
        Box::pin(async move {
            let Taken { envelope, raw, .. } = taken;
            assert!(raw.len() as u64 <= Settings::default().message_bytes.get());
            assert!(!envelope.recipients.is_empty(), "judged without recipients");
            let mut known = envelope.recipients.clone();
            known.dedup();
            assert_eq!(known.len(), envelope.recipients.len(), "a recipient twice in a row");
            if raw.len() % 2 == 0 {
                return Outcome::deferred(None, envelope.recipients);
            }
            let answer = Answer { recipients: envelope.recipients, fate: Fate::Kept };
            Outcome { event: None, answers: vec![answer] }
        })
    }
}

/// The socket of the one listener of this process.
fn socket() -> &'static PathBuf {
    static SERVER: OnceLock<(PathBuf, Runtime)> = OnceLock::new();
    let (path, _) = SERVER.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("sluse-fuzz-{}.sock", std::process::id()));
        let settings = Settings { listen: Listen::Unix(path.clone()), ..Settings::default() };
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(Listener::bind(&settings)).expect("a free socket");
        runtime.spawn(serve(listener, Arc::new(Sieve), settings, pending()));
        (path, runtime)
    });
    path
}

/// Frames with right lengths: a negotiation, then commands in any order.
fn dialogue(bytes: &[u8]) -> Vec<u8> {
    let mut choice = Choice::new(bytes);
    let mut sent = Vec::new();
    if !choice.once_in(16) {
        let options = choice.pick(&[0x1F_FFFF_u32, 0x0F_F080, 0, 0xFFFF_FFFF]);
        let words = [6, 0x1FF, options].map(u32::to_be_bytes).concat();
        frame(&mut sent, b'O', &words);
    }
    for _ in 0..choice.up_to(24) {
        let (command, payload) = choice.pick(STEPS);
        let mut payload = payload.to_vec();
        for _ in 0..choice.up_to(3) {
            let byte = u8::try_from(choice.up_to(255)).unwrap_or(0);
            match choice.up_to(3) {
                0 if !payload.is_empty() => {
                    let at = choice.up_to(payload.len() - 1);
                    payload[at] = byte;
                }
                1 if !payload.is_empty() => payload.truncate(choice.up_to(payload.len() - 1)),
                2 => payload.extend_from_slice(&payload.clone()),
                _ => {}
            }
        }
        frame(&mut sent, command, &payload);
    }
    sent
}

fn frame(out: &mut Vec<u8>, command: u8, payload: &[u8]) {
    out.extend((payload.len() as u32 + 1).to_be_bytes());
    out.push(command);
    out.extend_from_slice(payload);
}

fn assert_frames(mut answers: &[u8]) {
    while let Some((length, rest)) = answers.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        assert!(length > 0 && length <= rest.len(), "half an answer");
        assert!(rest[0].is_ascii_alphabetic() || b"+-2".contains(&rest[0]), "answer {}", rest[0]);
        answers = &rest[length..];
    }
    assert!(answers.is_empty(), "half a length");
}

const STEPS: &[(u8, &[u8])] = &[
    (b'M', b"<kari@cpm.example>\0SIZE=10\0"),
    (b'R', b"<ola@partner.example>\0"),
    (b'R', b"<per@other.example>\0NOTIFY=NEVER\0"),
    (b'D', b"M{auth_authen}\0kari\0i\x004F1\0"),
    (b'D', b"Ci\x004F1\0{client_addr}\x00192.0.2.1\0"),
    (b'C', b"mx.example\x004\x00\x19192.0.2.1\0"),
    (b'C', b"localhost\0U"),
    (b'H', b"mx.example\0"),
    (b'L', b"Subject\0 Hei\0"),
    (b'L', b"X-A\0b\n\tc\0"),
    (b'T', b""),
    (b'N', b""),
    (b'B', b"Hei.\r\n"),
    (b'B', b"\r\n.\r\n"),
    (b'E', b""),
    (b'E', b"last\r\n"),
    (b'A', b""),
    (b'K', b""),
    (b'Q', b""),
    (b'U', b"HELO\0"),
    (b'O', b"\0\0\0\x06\0\0\x01\xff\0\x1f\xff\xff"),
];
const PATIENCE: Duration = Duration::from_secs(10);
