//! A host that mail may want to call home to. It writes down who does, and
//! shows a page with all the ways of doing so, to prove that they work.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::corpus;

/// A listener until the program ends.
pub(crate) struct Beacon {
    /// Where it listens.
    pub(crate) base: String,
    hits: Arc<Mutex<BTreeSet<String>>>,
}

impl Beacon {
    /// Starts it.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let hits = Arc::new(Mutex::new(BTreeSet::new()));
        let (kept, page) = (Arc::clone(&hits), corpus::remote_page(&base));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, page) = (Arc::clone(&kept), page.clone());
                // Whoever only connects is written down, too.
                thread::spawn(move || answer(stream, &page, &kept).ok());
            }
        });
        Self { base, hits }
    }

    /// What was asked for since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.hits.lock().unwrap()).into_iter().collect()
    }
}

fn answer(stream: TcpStream, page: &str, kept: &Mutex<BTreeSet<String>>) -> std::io::Result<()> {
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("connected only").to_owned();
    let body = if path == "/control" { page } else { "" };
    if path != "/control" {
        kept.lock().unwrap().insert(path);
    }
    let length = body.len();
    write!(
        &stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
}
