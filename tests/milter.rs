//! A mail server hands messages to the milter: what the judge gets to see,
//! and what the mail server is told.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may fall over")]

#[path = "harness/fake_judge.rs"]
mod fake_judge;
#[path = "harness/milter_client.rs"]
mod milter_client;

use std::{
    fs, io,
    num::NonZeroU64,
    os::unix::{fs::PermissionsExt, net},
    path::{Path, PathBuf},
    sync::Arc,
};

use sluse::{
    base::id::EventId,
    frontend::milter::{self, BindError, Listen, Listener, Settings},
    gate::{Fate as Verdict, Judge, Outcome},
    model::{Raw, Reply},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use self::{
    fake_judge::{FakeJudge, answer, deliver, everyone, outcome, parcel},
    milter_client::{Fate, MilterClient, POSTFIX_ACTIONS, POSTFIX_OPTIONS, frame, strings},
};

const KARI: &str = "<kari@cpm.example>";
const OLA: &str = "<ola@partner.example>";
const PER: &str = "<per@other.example>";
const MAIL: &[u8] = b"Date: now\r\nSubject:  hello\r\nX-Fold: a\r\n\tb\r\nX-None:\r\n\r\n\
    Hello.\r\n.\r\nBye.\r\n";

#[tokio::test]
async fn a_clean_message_passes_untouched() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    assert_eq!(server.submit(KARI, &[OLA, PER], MAIL).await, delivered(&[OLA, PER], MAIL));
    let seen = gateway.judge.seen();
    assert_eq!(*seen[0].raw, *MAIL);
    assert_eq!(seen[0].envelope.sender, KARI.parse().ok());
    assert_eq!(seen[0].envelope.recipients, [OLA.parse().unwrap(), PER.parse().unwrap()]);
    assert!(seen[0].channel.replaces && !seen[0].channel.answers_each);
}

#[tokio::test]
async fn the_judge_hears_of_every_answer_that_accepts() {
    let event = Some(EventId::from_keyed_hash(&[7; 32]));
    let judge = FakeJudge::new(move |taken| {
        let [first, rest @ ..] = &taken.envelope.recipients[..] else { panic!("nobody") };
        let to = std::slice::from_ref(first);
        let fate = match first.local() {
            "kept" => Verdict::Kept,
            "refused" => Verdict::Refused(Reply::new(550, "5.7.1", &["No"])),
            "deferred" => Verdict::Deferred(Reply::try_again()),
            _ => Verdict::Delivered(parcel(&taken.envelope.sender, to, &taken.raw)),
        };
        let mut answers = vec![answer(to, fate)];
        if !rest.is_empty() {
            answers.push(answer(rest, Verdict::Kept));
        }
        Outcome { event, answers }
    });
    let gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    let (kept, refused, deferred) = ("<kept@a.example>", "<refused@a.example>", "<deferred@a.b>");
    for to in [&[refused][..], &[deferred], &[OLA, kept, PER], &[kept]] {
        server.submit(KARI, to, MAIL).await;
    }
    let addresses = |all: &[&str]| all.iter().map(|to| to.parse().unwrap()).collect::<Vec<_>>();
    let heard = gateway.judge.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(Some(heard[0].event), event);
    assert_eq!(heard[0].accepted, addresses(&[OLA, kept, PER]));
    assert_eq!(heard[0].delivered, addresses(&[OLA]));
    assert_eq!((&heard[1].accepted, heard[1].delivered.len()), (&addresses(&[kept]), 0));
}

#[tokio::test]
async fn tcp_works_as_well() {
    let settings = Settings { listen: Listen::Inet("127.0.0.1".into(), 0), ..Settings::default() };
    let gateway = Gateway::start_with(deliver(), settings).await;
    let mut server = MilterClient::tcp(gateway.tcp.unwrap()).await.negotiate().await;
    assert_eq!(server.submit(KARI, &[OLA], MAIL).await, delivered(&[OLA], MAIL));
}

#[tokio::test]
async fn a_mail_server_that_wants_every_answer_gets_it() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = MilterClient::unix(&gateway.socket).await;
    let few = POSTFIX_OPTIONS & !0xF_F080;
    assert_eq!(server.offer(6, POSTFIX_ACTIONS, few).await, Some([6, 0x1B, 0x10_0303]));
    assert_eq!(server.submit(KARI, &[OLA], MAIL).await, delivered(&[OLA], MAIL));
}

#[tokio::test]
async fn steps_are_silent_when_the_mail_server_allows_it() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = MilterClient::unix(&gateway.socket).await;
    let agreed = server.offer(6, POSTFIX_ACTIONS, POSTFIX_OPTIONS).await;
    assert_eq!(agreed, Some([6, 0x1B, 0x1C_C383]));
}

#[tokio::test]
async fn reports_and_international_addresses_pass() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    let to = "<åse@blåbær.example>";
    assert_eq!(server.submit("<>", &[to], MAIL).await, delivered(&[to], MAIL));
    assert_eq!(gateway.judge.seen()[0].envelope.sender, None);
}

#[tokio::test]
async fn a_refusal_has_three_lines() {
    let lines = ["No, 100% sure", "Event bcd", "https://gate.example/e/bcd"];
    let verdict = Verdict::Refused(Reply::new(550, "5.7.1", &lines));
    let gateway = Gateway::start(everyone(verdict)).await;
    let mut server = gateway.connect().await;
    let reply = "550-5.7.1 No, 100% sure\r\n550-5.7.1 Event bcd\r\n\
        550 5.7.1 https://gate.example/e/bcd";
    assert_eq!(server.submit(KARI, &[OLA, PER], MAIL).await, Fate::Refused(reply.into()));
}

#[tokio::test]
async fn a_message_in_the_quarantine_is_discarded() {
    let gateway = Gateway::start(everyone(Verdict::Kept)).await;
    let mut server = gateway.connect().await;
    assert_eq!(server.submit(KARI, &[OLA, PER], MAIL).await, Fate::Discarded);
}

#[tokio::test]
async fn recipients_who_are_served_otherwise_are_taken_off() {
    let judge = FakeJudge::new(|taken| {
        let (rest, last) = taken.envelope.recipients.split_at(1);
        let copy = parcel(&taken.envelope.sender, last, &taken.raw);
        outcome(vec![answer(rest, Verdict::Kept), answer(last, Verdict::Delivered(copy))])
    });
    let gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    let again = "<ola@PARTNER.example>";
    assert_eq!(server.submit(KARI, &[OLA, PER, again], MAIL).await, delivered(&[PER], MAIL));
    assert_eq!(gateway.judge.seen()[0].envelope.recipients.len(), 2, "each recipient once");
}

#[tokio::test]
async fn an_encrypted_message_takes_the_place_of_the_plain_one() {
    let sealed = [
        &b"Date: now\r\nSubject: [...]\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted;\
            \r\n\tboundary=\"b\"\r\nX-None:\r\n\r\n"[..],
        &b"sealed line\r\n".repeat(20_000),
    ]
    .concat();
    let bytes: Raw = sealed.clone().into();
    let judge = FakeJudge::new(move |taken| {
        let recipients = &taken.envelope.recipients;
        let copy = parcel(&taken.envelope.sender, recipients, &bytes);
        outcome(vec![answer(recipients, Verdict::Delivered(copy))])
    });
    let gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    assert_eq!(server.submit(KARI, &[OLA], MAIL).await, delivered(&[OLA], &sealed));
}

#[tokio::test]
async fn outcomes_that_a_milter_cannot_express_are_deferred() {
    type Rule = fn(&fake_judge::Taken) -> sluse::gate::Outcome;
    let rules: [(&str, Rule); 8] = [
        ("refused beside kept", |taken| {
            let (one, two) = taken.envelope.recipients.split_at(1);
            let no = Verdict::Refused(Reply::new(550, "5.7.1", &["no"]));
            outcome(vec![answer(one, no), answer(two, Verdict::Kept)])
        }),
        ("deferred beside refused", |taken| {
            let (one, two) = taken.envelope.recipients.split_at(1);
            let no = Verdict::Refused(Reply::new(550, "5.7.1", &["no"]));
            outcome(vec![answer(one, no), answer(two, Verdict::Deferred(Reply::try_again()))])
        }),
        ("different bytes", |taken| {
            let (one, two) = taken.envelope.recipients.split_at(1);
            let from = &taken.envelope.sender;
            let other = Raw::from(&b"A: 1\r\n\r\n"[..]);
            let first = Verdict::Delivered(parcel(from, one, &taken.raw));
            let second = Verdict::Delivered(parcel(from, two, &other));
            outcome(vec![answer(one, first), answer(two, second)])
        }),
        ("a recipient without an answer", |taken| {
            outcome(vec![answer(&taken.envelope.recipients[..1], Verdict::Kept)])
        }),
        ("no answer at all", |_| outcome(Vec::new())),
        ("a stranger among the answers", |taken| {
            let mut all = taken.envelope.recipients.clone();
            all.push("stranger@x.example".parse().unwrap());
            outcome(vec![answer(&all, Verdict::Kept)])
        }),
        ("a parcel for fewer than the answer says", |taken| {
            let all = &taken.envelope.recipients;
            let copy = parcel(&taken.envelope.sender, &all[..1], &taken.raw);
            outcome(vec![answer(all, Verdict::Delivered(copy))])
        }),
        ("a reply whose codes contradict each other", |taken| {
            let odd = Verdict::Refused(Reply::new(550, "4.7.1", &["odd"]));
            outcome(vec![answer(&taken.envelope.recipients, odd)])
        }),
    ];
    for (name, rule) in rules {
        let gateway = Gateway::start(FakeJudge::new(rule)).await;
        let fate = gateway.connect().await.submit(KARI, &[OLA, PER], MAIL).await;
        assert!(matches!(&fate, Fate::Refused(reply) if reply.starts_with("451 4.7.1")), "{name}");
    }
}

#[tokio::test]
async fn one_connection_carries_several_messages() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    assert_eq!(server.submit(KARI, &[OLA, PER], MAIL).await, delivered(&[OLA, PER], MAIL));
    let other = b"Subject: two\r\n\r\nSecond.\r\n";
    assert_eq!(server.submit("<>", &[PER], other).await, delivered(&[PER], other));
    assert_eq!(*gateway.judge.seen()[1].raw, *other);
}

#[tokio::test]
async fn nothing_of_an_aborted_message_remains() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    server.message(KARI, &[OLA, "<not an address"], MAIL).await;
    server.frame(b'A', b"").await;
    let other = b"Subject: two\r\n\r\nSecond.\r\n";
    assert_eq!(server.submit("<>", &[PER], other).await, delivered(&[PER], other));
    // The same without an abort: the next MAIL starts anew.
    server.message(KARI, &[OLA], MAIL).await;
    assert_eq!(server.submit("<>", &[PER], other).await, delivered(&[PER], other));
    assert_eq!(gateway.judge.seen().len(), 2);
}

#[tokio::test]
async fn a_mail_server_that_vanishes_leaves_nothing() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    server.message(KARI, &[OLA], MAIL).await;
    assert_eq!(server.hang_up().await, b"");
    assert_eq!(gateway.judge.seen().len(), 0);
    gateway.assert_good_session().await;
}

#[tokio::test]
async fn too_large_a_message_is_refused_for_good() {
    let message_bytes = NonZeroU64::new(u64::try_from(MAIL.len()).unwrap()).unwrap();
    let settings = Settings { message_bytes, ..Settings::default() };
    let gateway = Gateway::start_with(deliver(), settings).await;
    let mut server = gateway.connect().await;
    let larger = [MAIL, b"."].concat();
    let most = MAIL.len();
    let reply = format!("552 5.3.4 Message too big: at most {most} bytes can be checked here");
    assert_eq!(server.submit(KARI, &[OLA], &larger).await, Fate::Refused(reply));
    assert_eq!(gateway.judge.seen().len(), 0);
    assert_eq!(server.submit(KARI, &[OLA], MAIL).await, delivered(&[OLA], MAIL));
}

#[tokio::test]
async fn what_is_no_address_is_deferred() {
    let gateway = Gateway::start(deliver()).await;
    let mut server = gateway.connect().await;
    for (from, to) in [("<kari@", OLA), ("", OLA), (KARI, "<>"), (KARI, "<a b@c d>")] {
        let fate = server.submit(from, &[to], MAIL).await;
        assert!(is_451(&fate), "{from} {to}: {fate:?}");
    }
    assert_eq!(gateway.judge.seen().len(), 0);
}

#[tokio::test]
async fn a_judge_that_panics_defers_its_message_only() {
    let gateway = Gateway::start(FakeJudge::new(|_| panic!("the judge stumbles"))).await;
    let mut server = gateway.connect().await;
    assert!(is_451(&server.submit(KARI, &[OLA], MAIL).await));
    assert!(is_451(&server.submit(KARI, &[OLA], MAIL).await), "on the same connection");
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_takes_too_long_defers_the_message() {
    let (judge, _release) = FakeJudge::waiting();
    let gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    let before = tokio::time::Instant::now();
    assert!(is_451(&server.submit(KARI, &[OLA], MAIL).await));
    assert_eq!(before.elapsed().as_secs(), 60);
    assert!(gateway.judge.is_idle(), "the late judging was ended");
}

#[tokio::test]
async fn a_message_that_is_being_judged_is_answered_before_the_end() {
    let (judge, release) = FakeJudge::waiting();
    let mut gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    server.message(KARI, &[OLA], MAIL).await;
    let answer = tokio::spawn(async move { server.finish(&[OLA], MAIL).await });
    gateway.judge.entered().await;
    gateway.stop.take().unwrap().send(()).unwrap();
    release.notify_one();
    assert_eq!(answer.await.unwrap(), delivered(&[OLA], MAIL));
    gateway.running.await.unwrap().unwrap();
    assert!(!gateway.socket.exists(), "the socket goes with the service");
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let (judge, _release) = FakeJudge::waiting();
    let mut gateway = Gateway::start(judge).await;
    let mut server = gateway.connect().await;
    server.message(KARI, &[OLA], MAIL).await;
    server.frame(b'E', b"").await;
    gateway.judge.entered().await;
    let before = tokio::time::Instant::now();
    gateway.stop.take().unwrap().send(()).unwrap();
    gateway.running.await.unwrap().unwrap();
    assert_eq!(before.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn malformed_frames_hurt_nobody_else() {
    let gateway = Gateway::start(deliver()).await;
    let shapes = shapes();
    assert!(shapes.len() >= 33, "{}", shapes.len());
    for (name, bytes) in shapes {
        let mut server = MilterClient::unix(&gateway.socket).await;
        server.raw(&bytes).await;
        let said = server.hang_up().await;
        assert!(!accepts(&said), "{name}: {said:?}");
        assert_eq!(gateway.judge.seen().len(), 0, "{name}");
        gateway.assert_good_session().await;
        gateway.judge.forget();
    }
}

#[tokio::test]
async fn idle_and_slow_connections_do_not_keep_others_waiting() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let gateway = Gateway::start(deliver()).await;
    let mut idle = Vec::new();
    for n in 0..1000 {
        let server = MilterClient::unix(&gateway.socket).await;
        idle.push(if n % 2 == 0 { server.negotiate().await } else { server });
    }
    let mut slow = gateway.connect().await;
    let mut bytes = frame(b'M', &strings(&[KARI]));
    bytes.extend(frame(b'R', &strings(&[OLA])));
    bytes.extend(frame(b'L', &strings(&["Subject", " slow"])));
    bytes.extend(frame(b'N', b""));
    for byte in bytes {
        slow.raw(&[byte]).await;
        tokio::task::yield_now().await;
    }
    gateway.assert_good_session().await;
    let message = b"Subject: slow\r\n\r\n";
    assert_eq!(slow.finish(&[OLA], message).await, delivered(&[OLA], message));
}

#[tokio::test]
async fn a_stale_socket_is_taken_over_and_a_live_one_is_not() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("milter.sock");
    drop(net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let listener = bind(&path).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(matches!(bind(&path).await, Err(BindError::InUse(_))));
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn only_a_socket_is_replaced_and_only_in_a_folder() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("precious");
    fs::write(&file, "text").unwrap();
    assert!(matches!(bind(&file).await, Err(BindError::NotASocket(_))));
    assert_eq!(fs::read(&file).unwrap(), b"text");
    let nowhere = folder.path().join("none/milter.sock");
    assert!(matches!(bind(&nowhere).await, Err(BindError::NoFolder(_))));
}

/// What a broken or hostile client may send. None of it may be accepted.
fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let hello = |version: u32, actions: u32, options: u32| {
        frame(b'O', &[version, actions, options].map(u32::to_be_bytes).concat())
    };
    let after = |rest: &[u8]| [&hello(6, POSTFIX_ACTIONS, POSTFIX_OPTIONS)[..], rest].concat();
    let mail = frame(b'M', &strings(&[KARI]));
    let rcpt = frame(b'R', &strings(&[OLA]));
    let header = frame(b'L', &strings(&["Subject", " x"]));
    let end = frame(b'E', b"");
    let join = |frames: &[&[u8]]| after(&frames.concat());
    vec![
        ("nothing at all", Vec::new()),
        ("half a length", vec![0, 0]),
        ("zero length", after(&[0, 0, 0, 0])),
        ("zero length with a command", after(&[0, 0, 0, 0, b'M'])),
        ("huge length", after(&[0xFF, 0xFF, 0xFF, 0xFF, b'B'])),
        ("length just over a mebibyte", after(&[0, 0x10, 0, 2, b'B'])),
        ("cut in the payload", after(&[0, 0, 0, 9, b'M', b'<'])),
        ("cut before the command", after(&[0, 0, 0, 9])),
        ("unknown command", after(&frame(b'z', b"x"))),
        ("command of zero", after(&frame(0, b""))),
        ("text of another protocol", b"EHLO mail.example\r\nQUIT\r\n".to_vec()),
        ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("negotiation without words", frame(b'O', b"")),
        ("negotiation cut short", frame(b'O', &[0, 0, 0, 6, 0, 0])),
        ("version 0", hello(0, POSTFIX_ACTIONS, POSTFIX_OPTIONS)),
        ("version 2 with its options", hello(2, 0x3F, 0x7F)),
        ("no actions offered", hello(6, 0, POSTFIX_OPTIONS)),
        ("no options offered", hello(6, POSTFIX_ACTIONS, 0)),
        ("odd flags and a message out of order", {
            [hello(u32::MAX, u32::MAX, u32::MAX), rcpt.clone(), end.clone()].concat()
        }),
        ("negotiation twice", join(&[&hello(6, POSTFIX_ACTIONS, POSTFIX_OPTIONS), &end])),
        ("no negotiation", [&mail[..], &rcpt, &header, &frame(b'N', b""), &end].concat()),
        ("end before MAIL", join(&[&end])),
        ("end before RCPT", join(&[&mail, &end])),
        ("RCPT before MAIL", join(&[&rcpt, &end])),
        ("header before MAIL", join(&[&header, &end])),
        ("body before MAIL", join(&[&frame(b'B', b"text"), &end])),
        ("header after body", join(&[&mail, &rcpt, &frame(b'B', b"text"), &header, &end])),
        ("MAIL without NUL", join(&[&frame(b'M', b"<kari@cpm.example>"), &rcpt, &end])),
        ("MAIL without content", join(&[&frame(b'M', b""), &rcpt, &end])),
        ("RCPT without NUL", join(&[&mail, &frame(b'R', b"<ola@partner.example>"), &end])),
        ("header without NUL", join(&[&mail, &rcpt, &frame(b'L', b"Subject x"), &end])),
        ("header without value", join(&[&mail, &rcpt, &frame(b'L', b"Subject\0"), &end])),
        ("header without name", join(&[&mail, &rcpt, &frame(b'L', b"\0 x\0"), &end])),
        ("header with a header inside", {
            let inside = frame(b'L', b"Subject\0 x\nBcc: y\0");
            join(&[&mail, &rcpt, &inside, &frame(b'N', b""), &end])
        }),
        ("name with a colon", join(&[&mail, &rcpt, &frame(b'L', b"A:b\0 x\0"), &end])),
        ("addresses that are no text", {
            join(&[&frame(b'M', b"<\xff\xfe@x>\0"), &rcpt, &header, &frame(b'N', b""), &end])
        }),
        ("body with the end", join(&[&mail, &rcpt, &header, &frame(b'E', b"more text")])),
        ("macros without a stage", join(&[&frame(b'D', b""), &mail])),
        ("macros of an unknown stage", join(&[&frame(b'D', b"?i\0x\0"), &mail, &end])),
        ("macros without NUL", join(&[&frame(b'D', b"Mi"), &mail, &end])),
        ("quit in the middle", join(&[&mail, &rcpt, &header, &frame(b'Q', b""), &end])),
        ("quit for a new connection", join(&[&mail, &rcpt, &frame(b'K', b""), &rcpt, &end])),
        ("abort and end", join(&[&mail, &rcpt, &header, &frame(b'A', b""), &end])),
    ]
}

/// Whether the milter's words hold an accept, a continue or a discard after
/// the negotiation.
fn accepts(mut said: &[u8]) -> bool {
    while let [a, b, c, d, command, rest @ ..] = said {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
        if matches!(command, b'a' | b'd') {
            return true;
        }
        said = rest.get(length.saturating_sub(1)..).unwrap_or_default();
    }
    false
}

fn delivered(to: &[&str], message: &[u8]) -> Fate {
    let to = to.iter().map(|to| (*to).to_owned()).collect();
    Fate::Delivered { to, message: message.to_vec() }
}

fn is_451(fate: &Fate) -> bool {
    matches!(fate, Fate::Refused(reply) if reply.starts_with("451 4.7.1"))
}

async fn bind(path: &Path) -> Result<Listener, BindError> {
    let listen = Listen::Unix(path.to_owned());
    Listener::bind(&Settings { listen, ..Settings::default() }).await
}

/// A running milter with a fake judge.
struct Gateway {
    judge: Arc<FakeJudge>,
    socket: PathBuf,
    tcp: Option<std::net::SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<io::Result<()>>,
    _folder: TempDir,
}

impl Gateway {
    async fn start(judge: FakeJudge) -> Self {
        Self::start_with(judge, Settings::default()).await
    }

    async fn start_with(judge: FakeJudge, mut settings: Settings) -> Self {
        let (judge, folder) = (Arc::new(judge), TempDir::new().unwrap());
        let socket = folder.path().join("milter.sock");
        if matches!(settings.listen, Listen::Unix(_)) {
            settings.listen = Listen::Unix(socket.clone());
        }
        let listener = Listener::bind(&settings).await.unwrap();
        let (tcp, (stop, stopped)) = (listener.tcp_address(), oneshot::channel::<()>());
        let shutdown = async { stopped.await.unwrap_or_default() };
        let dyn_judge: Arc<dyn Judge> = Arc::clone(&judge) as Arc<dyn Judge>;
        let running = tokio::spawn(milter::serve(listener, dyn_judge, settings, shutdown));
        Self { judge, socket, tcp, stop: Some(stop), running, _folder: folder }
    }

    async fn connect(&self) -> MilterClient {
        MilterClient::unix(&self.socket).await.negotiate().await
    }

    async fn assert_good_session(&self) {
        let mut server = self.connect().await;
        assert_eq!(server.submit(KARI, &[OLA], MAIL).await, delivered(&[OLA], MAIL));
    }
}
