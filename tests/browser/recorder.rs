//! Stands between the browser and Sluse, and keeps every answer as it was
//! given: also those of downloads, of frames, and without JavaScript.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// One request with its answer.
#[derive(Clone)]
pub(crate) struct Exchange {
    /// `GET /path` or `POST /path`.
    pub(crate) asked: String,
    /// Headers and body.
    pub(crate) answer: Vec<u8>,
}

impl Exchange {
    /// The body as text.
    pub(crate) fn body(&self) -> String {
        let text = String::from_utf8_lossy(&self.answer);
        text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

/// A listener that passes everything on.
pub(crate) struct Recorder {
    listener: TcpListener,
    /// Where browsers reach it.
    pub(crate) port: u16,
    kept: Arc<Mutex<Vec<Exchange>>>,
}

impl Recorder {
    /// Takes a port.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port, kept: Arc::default() }
    }

    /// Passes on to that port from now on.
    pub(crate) fn lead_to(&self, port: u16) {
        let listener = self.listener.try_clone().unwrap();
        let kept = Arc::clone(&self.kept);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A browser that goes away in the middle is no failure.
                thread::spawn(move || pass(stream, port, &kept).ok());
            }
        });
    }

    /// All that was asked and answered so far.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.kept.lock().unwrap().clone()
    }
}

/// Sluse answers one request a connection.
fn pass(browser: TcpStream, port: u16, kept: &Mutex<Vec<Exchange>>) -> io::Result<()> {
    let mut first = [0_u8; 16 << 10];
    let length = (&browser).read(&mut first)?;
    if length == 0 {
        return Ok(());
    }
    let head = String::from_utf8_lossy(&first[..length]).into_owned();
    let mut words = head.split_ascii_whitespace();
    let asked = format!("{} {}", words.next().unwrap_or(""), words.next().unwrap_or(""));
    let sluse = TcpStream::connect(("127.0.0.1", port))?;
    (&sluse).write_all(&first[..length])?;
    let (mut from, mut to) = (browser.try_clone()?, sluse.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    let mut answer = Vec::new();
    (&sluse).read_to_end(&mut answer)?;
    kept.lock().unwrap().push(Exchange { asked, answer: answer.clone() });
    (&browser).write_all(&answer)?;
    browser.shutdown(Shutdown::Both)
}
