//! A Sluse with its pages, mail that comes and goes, and browsers as plain as
//! they can be: they keep cookies, follow nothing and run nothing.

#![allow(dead_code, reason = "each area of pages uses a part of it")]

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{
    client::{self, Mail, Reply},
    sink::Sink,
    sluse::{Plan, Sluse},
};

/// Everything that one test needs, in a folder of its own.
pub(crate) struct Place {
    /// The program under test, a relay before `sink`.
    pub(crate) sluse: Sluse,
    /// Where all mail ends up.
    pub(crate) sink: Sink,
    _dir: TempDir,
}

impl Place {
    /// Starts it with the default settings.
    pub(crate) fn open() -> Self {
        Self::with(Plan::default())
    }

    /// Starts it with other settings. A password is enough to log in, unless
    /// the settings have their own `[accounts]`.
    pub(crate) fn with(plan: Plan) -> Self {
        let dir = TempDir::with_prefix("sluse-").unwrap();
        let sink = Sink::open();
        let mut plan = Plan { direct: true, smtp: "smtp:", ..plan };
        if !plan.more.contains("[accounts]") {
            plan.more.push_str("\n[accounts]\nsecond_factor = \"offered\"\n");
        }
        let mut sluse = Sluse::settle(dir.path(), plan, sink.port);
        sluse.start();
        Self { sluse, sink, _dir: dir }
    }

    /// A message comes in.
    pub(crate) fn send(&self, mail: &Mail) -> Reply {
        client::send(self.sluse.smtp, mail)
    }

    /// A browser that nobody is logged in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(self.sluse.web)
    }

    /// Makes an account with these roles, sets its password through the link,
    /// and logs in.
    pub(crate) fn with_account(&self, name: &str, roles: &str) -> Browser {
        let link = self.invite(name, roles);
        let mut browser = self.browser();
        let answer = browser.send(&link, &[("password", PASSWORD), ("again", PASSWORD)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser.log_in(name, PASSWORD);
        browser
    }

    /// What the audit log says that somebody did, in order.
    pub(crate) fn acts(&self, name: &str) -> Vec<String> {
        let rows = self.sluse.run(&["audit", "export", "--by", "test"]).objects();
        let own = rows.into_iter().filter(|row| row["actor"] == name);
        own.map(|row| row["act"].as_str().unwrap().to_owned()).collect()
    }

    /// Makes an account, and gives the path of its link.
    pub(crate) fn invite(&self, name: &str, roles: &str) -> String {
        let ran = self.sluse.run(&["account", "add", name, "--roles", roles]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().trim_start_matches(ORIGIN).to_owned()
    }
}

/// A browser. Each comes from a page of ours unless told otherwise.
pub(crate) struct Browser {
    port: u16,
    /// What stands in the `Origin` of forms; nothing where empty.
    pub(crate) origin: String,
    /// Further header lines, each with its line end.
    pub(crate) headers: String,
    /// Its cookies, as `name=value`.
    pub(crate) cookies: Vec<String>,
    /// The secret of the session, from the last page that had one.
    pub(crate) csrf: String,
}

impl Browser {
    /// One that has been nowhere.
    pub(crate) fn at(port: u16) -> Self {
        Self {
            port,
            origin: ORIGIN.to_owned(),
            headers: String::new(),
            cookies: Vec::new(),
            csrf: String::new(),
        }
    }

    /// Logs in, which must succeed.
    pub(crate) fn log_in(&mut self, name: &str, password: &str) {
        let answer = self.send("/login", &[("name", name), ("password", password)]);
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert_eq!(self.get("/me").status, 200);
    }

    /// Looks at a page.
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// Sends a form of a page, with the secret of the session.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let fields: Vec<(&str, &str)> =
            fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        self.send(path, &fields)
    }

    /// Sends a form as it stands.
    pub(crate) fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let origin = match self.origin.as_str() {
            "" => String::new(),
            origin => format!("Origin: {origin}\r\n"),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\n{origin}Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n",
            body.len()
        );
        self.ask(&head, &body)
    }

    /// Sends JSON, as a program does.
    pub(crate) fn call(&mut self, path: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n"
        );
        self.ask(&head, &body)
    }

    /// Sends a request, and keeps the cookies and the secret of the answer.
    fn ask(&mut self, head: &str, body: &str) -> Answer {
        let cookies = match self.cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", self.cookies.join("; ")),
        };
        let request = format!(
            "{head}Host: sluse.cpm.example\r\nConnection: close\r\n{cookies}{}\r\n{body}",
            self.headers
        );
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let answer = Answer::read(&bytes);
        for set in answer.headers("set-cookie") {
            let pair = set.split(';').next().unwrap();
            let name = pair.split('=').next().unwrap().to_owned();
            self.cookies.retain(|kept| kept.split('=').next() != Some(&name));
            if !pair.ends_with('=') {
                self.cookies.push(pair.to_owned());
            }
        }
        if let Some((_, rest)) = answer.body.split_once("name=\"csrf\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        answer
    }
}

/// What a browser was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let bytes = bytes[end + 4..].to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        Self { status, head, body, bytes }
    }

    /// The values of a header field.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of a header field.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> &'a str {
        self.headers(name).next().unwrap_or("").trim()
    }
}

/// Percent-encoded for a form.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// What browsers name as the place that our forms come from.
pub(crate) const ORIGIN: &str = "https://sluse.cpm.example";
/// The password of every account here.
pub(crate) const PASSWORD: &str = "blå elv under brua";
