//! What a message can do to its reader, and what becomes of the next one.
//!
//! This program is parent and child at once: started as `worker` it is a child
//! with a reader that does whatever the message tells it to.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may fall over")]

use std::{
    fs,
    future::Future,
    io,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, ExitCode, exit},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use sluse::{
    base::limits::Limits,
    model::{Extraction, FirstReading, Fragment, GapKind, Kind, PartPath, Picture, Raw, Surface},
    worker::{OcrSettings, Settings, WorkerError, Workers, run_child_with, run_helper},
};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((role, [])) if role == "worker" => return run_child_with(obedient_reader),
        Some((role, task)) if role == "worker" => return run_helper(task),
        Some((role, _)) if role == "stdin" => return obedient_tesseract(),
        _ => {}
    }
    story("a file is read and found under its name", a_file_is_read);
    story("a hang costs its own message only", a_hang_costs_its_own_message_only);
    story("a crash costs its own message only", a_crash_costs_its_own_message_only);
    story("a child that merely dies is not the end", a_child_that_merely_dies_is_not_the_end);
    story("a panic is a gap and the child lives on", a_panic_is_a_gap);
    story("a memory hog is stopped", a_memory_hog_is_stopped);
    story("an endless recursion is stopped", an_endless_recursion_is_stopped);
    story("an answer that is none is a gap", an_answer_that_is_none_is_a_gap);
    story("a child can reach nothing", a_child_can_reach_nothing);
    story("a child knows nothing of us", a_child_knows_nothing_of_us);
    story("a child is replaced after its share", a_child_is_replaced_after_its_share);
    story("a child killed in its sleep is replaced", a_child_killed_in_its_sleep_is_replaced);
    quiet_story("a child with nothing to do is ended", a_child_with_nothing_to_do_is_ended);
    story("callers queue and all are served", callers_queue_and_all_are_served);
    story("an abandoned message frees its place", an_abandoned_message_frees_its_place);
    story("a pool that stopped leaves no child", a_pool_that_stopped_leaves_no_child);
    story("a missing program is nobody's gap", a_missing_program_is_nobodys_gap);
    story("too large a file is not even sent", too_large_a_file_is_not_even_sent);
    story("the real program answers", the_real_program_answers);
    story("a picture is read by another program", a_picture_is_read_by_another_program);
    story("a picture that hangs it is a gap", a_picture_that_hangs_it_is_a_gap);
    story("a picture that breaks it is a gap", a_picture_that_breaks_it_is_a_gap);
    story("the other program can reach nothing", the_other_program_can_reach_nothing);
    story("pictures nobody asked for are gaps", pictures_nobody_asked_for_are_gaps);
    ExitCode::SUCCESS
}

/// What the child does with a message.
fn obedient_reader(kind: Kind, name: &str, bytes: &[u8], _: &Limits) -> FirstReading {
    if let Some(picture) = bytes.strip_prefix(b"picture ") {
        let path = PartPath::root(name);
        let picture = Picture { path, bytes: picture.to_vec(), pages: 1 };
        return FirstReading { extraction: Extraction::default(), pictures: vec![picture] };
    }
    let text = match str::from_utf8(bytes).unwrap_or("") {
        "hang" => loop {
            std::hint::spin_loop();
        },
        "crash" => exit(3),
        "crash unless fresh" if SERVED.load(Ordering::Relaxed) > 0 => exit(3),
        "panic" => panic!("the reader stumbles"),
        "hog" => hog(),
        "recurse" => recurse(0).to_string(),
        "garble" => {
            io::Write::write_all(&mut io::stdout(), b"\0\0\0\x05\x01junk!").unwrap();
            exit(0)
        }
        "break out" => break_out(),
        "who" => format!("{} {}", std::process::id(), std::env::vars_os().count()),
        other => format!("{kind:?} {name} {other}"),
    };
    SERVED.fetch_add(1, Ordering::Relaxed);
    let fragment = Fragment::new(Surface::FileText, PartPath::root(name), text);
    Extraction { fragments: vec![fragment], gaps: Vec::new() }.into()
}

/// What the program that reads pictures does with one.
fn obedient_tesseract() -> ExitCode {
    let mut picture = String::new();
    io::Read::read_to_string(&mut io::stdin(), &mut picture).unwrap();
    let word = match picture.as_str() {
        "hang" => loop {
            std::hint::spin_loop();
        },
        "crash" => return ExitCode::from(3),
        "flood" => loop {
            io::Write::write_all(&mut io::stdout(), &[b'x'; 4096]).unwrap();
        },
        "chat" => return print("that is a nice picture\n"),
        "break out" => break_out().replace(' ', "_"),
        other => other.to_owned(),
    };
    let page = "1\t1\t0\t0\t0\t0\t0\t0\t900\t400\t-1\t";
    print(&format!("level\tand so on\n{page}\n5\t1\t1\t1\t1\t1\t0\t0\t90\t40\t96\t{word}\n"))
}

fn print(answer: &str) -> ExitCode {
    print!("{answer}");
    ExitCode::SUCCESS
}

/// Messages that this child has read.
static SERVED: AtomicU32 = AtomicU32::new(0);

fn hog() -> String {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(vec![1; 8 << 20]);
    }
}

fn recurse(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + page[7] }
}

/// Tries every door and tells which ones opened.
fn break_out() -> String {
    let (file, folder) = ("/tmp/sluse-worker-test-file", "/tmp/sluse-worker-test-folder");
    let doors: [(&str, bool); 12] = [
        ("read a file", fs::read("/etc/hostname").is_ok()),
        ("read itself", fs::read("/proc/self/status").is_ok()),
        ("list a folder", fs::read_dir("/").is_ok()),
        ("write a file", fs::write(file, "x").is_ok()),
        ("make a folder", fs::create_dir(folder).is_ok()),
        ("connect by tcp", !is_denied(TcpStream::connect("127.0.0.1:9"))),
        ("listen on tcp", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("send by udp", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("connect by unix", !is_denied(UnixStream::connect("/run/none"))),
        ("make a pair", UnixStream::pair().is_ok()),
        ("start a program", Command::new("/bin/true").status().is_ok()),
        ("start a thread", thread::Builder::new().spawn(|| ()).is_ok()),
    ];
    let _ = (fs::remove_file(file), fs::remove_dir(folder));
    let open: Vec<_> = doors.iter().filter(|(_, opened)| *opened).map(|(door, _)| *door).collect();
    format!("open: {}", open.join(", "))
}

fn is_denied<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

async fn a_file_is_read() {
    let pool = pool(Settings::default());
    assert_eq!(read(&pool, "hello").await, Ok("File a.txt hello".to_owned()));
}

async fn a_hang_costs_its_own_message_only() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "hang").await, Err(GapKind::TimedOut));
    assert_eq!(read(&pool, "next").await, Ok("File a.txt next".to_owned()));
}

async fn a_crash_costs_its_own_message_only() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "crash").await, Err(GapKind::TimedOut));
    assert_eq!(read(&pool, "next").await, Ok("File a.txt next".to_owned()));
}

async fn a_child_that_merely_dies_is_not_the_end() {
    let pool = pool(one_child());
    let before = child_of(&pool).await;
    let answer = read(&pool, "crash unless fresh").await;
    assert_eq!(answer, Ok("File a.txt crash unless fresh".to_owned()));
    assert_ne!(child_of(&pool).await, before);
}

async fn a_panic_is_a_gap() {
    let pool = pool(one_child());
    let before = child_of(&pool).await;
    assert_eq!(read(&pool, "panic").await, Err(GapKind::Broken));
    assert_eq!(child_of(&pool).await, before);
}

async fn a_memory_hog_is_stopped() {
    let pool = pool(Settings { memory: 256 << 20, ..one_child() });
    assert_eq!(read(&pool, "hog").await, Err(GapKind::TooBig));
    assert_eq!(read(&pool, "next").await, Ok("File a.txt next".to_owned()));
}

async fn an_endless_recursion_is_stopped() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "recurse").await, Err(GapKind::TooBig));
    assert_eq!(read(&pool, "next").await, Ok("File a.txt next".to_owned()));
}

async fn an_answer_that_is_none_is_a_gap() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "garble").await, Err(GapKind::TimedOut));
    assert_eq!(read(&pool, "next").await, Ok("File a.txt next".to_owned()));
}

async fn a_child_can_reach_nothing() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "break out").await, Ok("open: ".to_owned()));
    let outside = break_out();
    assert_eq!(outside.matches(", ").count(), 11, "the doors are real: {outside}");
}

async fn a_child_knows_nothing_of_us() {
    let pool = pool(one_child());
    let answer = read(&pool, "who").await.unwrap();
    assert!(answer.ends_with(" 0"), "environment variables in the child: {answer}");
}

async fn a_child_is_replaced_after_its_share() {
    let pool = pool(Settings { messages: 2, ..one_child() });
    let first = child_of(&pool).await;
    assert_eq!(child_of(&pool).await, first);
    assert_ne!(child_of(&pool).await, first);
    assert!(!is_alive(first));
}

async fn a_child_killed_in_its_sleep_is_replaced() {
    let pool = pool(one_child());
    let first = child_of(&pool).await;
    let pid = rustix::process::Pid::from_raw(first).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert_ne!(child_of(&pool).await, first);
}

async fn a_child_with_nothing_to_do_is_ended() {
    let pool = pool(one_child());
    let first = child_of(&pool).await;
    assert_eq!(child_of(&pool).await, first);
    tokio::time::pause();
    // Its watcher may begin to count only after the first of these steps.
    let mut steps = 0;
    while is_alive(first) {
        assert!(steps < 10_000, "it was never ended");
        tokio::time::advance(Duration::from_secs(5)).await;
        thread::sleep(Duration::from_millis(1));
        steps += 1;
    }
    tokio::time::resume();
    assert_ne!(child_of(&pool).await, first);
}

async fn callers_queue_and_all_are_served() {
    let pool = Arc::new(pool(Settings::default()));
    let ask = |n: usize| {
        let pool = Arc::clone(&pool);
        tokio::spawn(async move { (n, read(&pool, &format!("caller {n}")).await) })
    };
    let calls: Vec<_> = (0..40).map(ask).collect();
    for call in calls {
        let (n, answer) = call.await.unwrap();
        assert_eq!(answer, Ok(format!("File a.txt caller {n}")));
    }
}

async fn an_abandoned_message_frees_its_place() {
    let pool = pool(one_child());
    let first = child_of(&pool).await;
    let mut hanging = Box::pin(read(&pool, "hang"));
    tokio::select! {
        biased;
        _ = &mut hanging => panic!("a hang has no answer"),
        () = tokio::task::yield_now() => {}
    }
    drop(hanging);
    assert_ne!(child_of(&pool).await, first);
}

async fn a_pool_that_stopped_leaves_no_child() {
    let pool = pool(one_child());
    let child = child_of(&pool).await;
    pool.stop().await;
    assert!(!is_alive(child));
    assert!(matches!(try_to_read(&pool).await, Err(WorkerError::Stopped)));
}

async fn a_missing_program_is_nobodys_gap() {
    let pool = Workers::new(PathBuf::from("/nonexistent/sluse"), one_child(), limits());
    assert!(matches!(try_to_read(&pool).await, Err(WorkerError::Start(_))));
}

async fn too_large_a_file_is_not_even_sent() {
    let limits = Limits { message_bytes: 4, ..limits() };
    let pool = Workers::new(PathBuf::from("/nonexistent/sluse"), one_child(), limits);
    assert_eq!(read(&pool, "hello").await, Err(GapKind::TooBig));
}

async fn the_real_program_answers() {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_sluse"));
    let pool = Workers::new(program, Settings::default(), limits());
    let bytes = Raw::from(&b"one line of text\r\n"[..]);
    let extraction = pool.read(Kind::File, "a.txt", &bytes).await.unwrap();
    assert!(extraction.fragments.iter().any(|fragment| fragment.text.contains("one line")));
    assert!(extraction.gaps.is_empty());
    pool.stop().await;
}

async fn a_picture_is_read_by_another_program() {
    let pool = seeing_pool();
    assert_eq!(read(&pool, "picture letters").await, Ok("letters".to_owned()));
}

async fn a_picture_that_hangs_it_is_a_gap() {
    let pool = seeing_pool();
    assert_eq!(read(&pool, "picture hang").await, Err(GapKind::TimedOut));
    assert_eq!(read(&pool, "picture next").await, Ok("next".to_owned()));
}

async fn a_picture_that_breaks_it_is_a_gap() {
    let pool = seeing_pool();
    for picture in ["picture crash", "picture flood", "picture chat"] {
        assert_eq!(read(&pool, picture).await, Err(GapKind::Unknown), "{picture}");
    }
}

async fn the_other_program_can_reach_nothing() {
    let answer = read(&seeing_pool(), "picture break out").await;
    // It is a program, and programs are installed where all can read.
    assert_eq!(answer, Ok("open:_".to_owned()));
}

async fn pictures_nobody_asked_for_are_gaps() {
    let pool = pool(one_child());
    assert_eq!(read(&pool, "picture letters").await, Err(GapKind::Unknown));
}

fn seeing_pool() -> Workers {
    let ocr = OcrSettings {
        ocr_program: std::env::current_exe().unwrap(),
        ocr_seconds: 2,
        ..OcrSettings::switched_on()
    };
    pool(one_child()).with_ocr(ocr)
}

fn story<F: Future<Output = ()>>(title: &str, told: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(told());
    println!("{title} ... ok");
}

/// A story in which the clock can be moved: all of it runs on one thread.
fn quiet_story<F: Future<Output = ()>>(title: &str, told: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(told());
    println!("{title} ... ok");
}

fn pool(settings: Settings) -> Workers {
    Workers::new(std::env::current_exe().unwrap(), settings, limits())
}

fn one_child() -> Settings {
    Settings { processes: 1, ..Settings::default() }
}

fn limits() -> Limits {
    Limits { seconds: 2, ..Limits::default() }
}

/// The text that was read, or the one gap over the whole file.
async fn read(pool: &Workers, text: &str) -> Result<String, GapKind> {
    let bytes = Raw::from(text.as_bytes());
    let extraction = pool.read(Kind::File, "a.txt", &bytes).await.unwrap();
    match (&extraction.fragments[..], &extraction.gaps[..]) {
        ([fragment], []) => Ok(fragment.text.clone()),
        ([], [gap]) if gap.path == PartPath::root("a.txt") => Err(gap.kind.clone()),
        _ => panic!("neither one text nor one gap: {extraction:?}"),
    }
}

async fn try_to_read(pool: &Workers) -> Result<Extraction, WorkerError> {
    let bytes = Raw::from(&b"hello"[..]);
    pool.read(Kind::File, "a.txt", &bytes).await
}

/// The process number of the child that answers next.
async fn child_of(pool: &Workers) -> i32 {
    let answer = read(pool, "who").await.unwrap();
    answer.split(' ').next().unwrap().parse().unwrap()
}

fn is_alive(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}/cmdline")).exists()
}
