//! A whole site with mail in its quarantine, people with accounts, and the
//! scripts that use its pages in chromium.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    harness::{
        PATIENCE,
        client::Mail,
        samples::{KARI, OLA},
        sink::Arrival,
        site::Site,
        sluse::Plan,
        until,
    },
    recorder::Recorder,
};

/// Everything that one story needs.
pub(crate) struct Stage {
    /// Postfix, Sluse and the world.
    pub(crate) site: Site,
    /// What the pages said.
    pub(crate) recorder: Recorder,
    /// Where browsers reach the pages.
    pub(crate) base: String,
}

impl Stage {
    /// Starts it. Whatever holds a number is held, so that people decide.
    pub(crate) fn open() -> Self {
        let recorder = Recorder::open();
        let base = format!("http://127.0.0.1:{}", recorder.port);
        let plan =
            Plan { policy: POLICY.into(), reinject: true, url: base.clone(), ..Plan::default() };
        let site = Site::open(plan);
        recorder.lead_to(site.sluse.web);
        Self { site, recorder, base }
    }

    /// Makes an account, and gives the link with which its person begins.
    pub(crate) fn invite(&self, name: &str, roles: &str) -> String {
        let ran = self.site.sluse.run(&["account", "add", name, "--roles", roles]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    }

    /// A message comes in and is held; gives its identifier.
    pub(crate) fn hold(&self, mail: &Mail) -> String {
        let before = self.site.sluse.held().len();
        let reply = self.site.send(mail);
        assert_eq!(reply.code, 250, "{reply:?}");
        let held = self.site.sluse.held();
        assert_eq!(held.len(), before + 1, "{held:#?}");
        let newest = held.iter().max_by_key(|one| one["at"].as_str().map(str::to_owned));
        newest.and_then(|one| one["id"].as_str()).expect("an identifier").to_owned()
    }

    /// Runs a script of `tests/browser` in chromium. It fails the test when it
    /// fails, and gives what it reports.
    pub(crate) fn play(&self, script: &str, mut facts: Value) -> Value {
        facts["base"] = json!(self.base);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        assert!(
            folder.join("node_modules/playwright-core").is_dir()
                && folder.join("node_modules/axe-core").is_dir(),
            "the browser tests need two packages of npm: npm install --prefix tests/browser"
        );
        assert!(Path::new(CHROMIUM).exists(), "{CHROMIUM} is missing: apt-get install chromium");
        let played = Command::new("timeout")
            .args(["--kill-after=5", "400", "node"])
            .arg(folder.join(script))
            .env("SLUSE_STAGE", facts.to_string())
            .env("SLUSE_CHROMIUM", CHROMIUM)
            .stdin(Stdio::null())
            .output()
            .expect("timeout of coreutils");
        let said = String::from_utf8_lossy(&played.stdout).into_owned();
        let cried = String::from_utf8_lossy(&played.stderr);
        assert!(played.status.success(), "{script}:\n{said}\n{cried}");
        let (story, report) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end()));
        println!("{script}:\n{story}\n{report}");
        serde_json::from_str(report).expect("the last line is the report")
    }

    /// Fails when an answer holds one of these numbers, save those to requests
    /// that `may` allows. Gives how many answers were read.
    pub(crate) fn assert_masked(&self, numbers: &[&str], may: impl Fn(&str) -> bool) -> usize {
        let exchanges = self.recorder.exchanges();
        for exchange in exchanges.iter().filter(|exchange| !may(&exchange.asked)) {
            let body = exchange.body();
            for form in numbers.iter().flat_map(|number| forms(number)) {
                assert!(
                    !body.contains(&form) && !dense(&body).contains(&form),
                    "{} shows {form}",
                    exchange.asked
                );
            }
        }
        exchanges.len()
    }

    /// What became of things, oldest first.
    pub(crate) fn audit(&self) -> Vec<Value> {
        let mut rows = self.site.sluse.run(&["audit", "export"]).objects();
        rows.sort_by_key(|row| row["seq"].as_u64());
        rows
    }

    /// The message that reached the world with this Message-ID.
    pub(crate) fn arrived(&self, id: &str) -> Arrival {
        let mark = format!("<{id}@cpm.example>");
        let fits = |mail: &Arrival| mail.header("Message-ID").as_deref() == Some(&mark);
        let found = self.site.sink.wait(1, PATIENCE, fits);
        let [mail] = &found[..] else { panic!("{} of {id}", found.len()) };
        mail.clone()
    }

    /// The link of the first administrator, as it stands in the log.
    pub(crate) fn first_link(&self) -> String {
        until("the link", PATIENCE, || {
            let lines = self.site.sluse.log.all();
            let line = lines.into_iter().find(|line| line.contains("/welcome/"))?;
            let (_, rest) = line.split_once("/welcome/")?;
            Some(format!("{}/welcome/{}", self.base, rest.split('"').next()?))
        })
    }
}

/// A message from Kari to Ola whose header and body are given.
pub(crate) fn mail(id: &str, header: &str, body: &str) -> Mail {
    let text = format!(
        "From: Kari Nordmann <{KARI}>\nTo: Ola Nordmann <{OLA}>\n\
         Date: Mon, 23 Nov 2026 12:00:00 +0100\nMessage-ID: <{id}@cpm.example>\n\
         MIME-Version: 1.0\n{header}\n\n{body}\n"
    );
    let bytes = text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    Mail { sender: KARI.to_owned(), recipients: vec![OLA.to_owned()], bytes }
}

/// The number as such, and inside BASE64 wherever it may begin.
fn forms(number: &str) -> Vec<String> {
    let inside = |shift: usize| {
        let text = format!("{}{number}", "x".repeat(shift));
        let code = data_encoding::BASE64.encode(text.as_bytes());
        // The first and last letters depend on the neighbours.
        let end = text.len() / 3 * 4;
        code[usize::from(shift > 0) * 4..end].to_owned()
    };
    [number.to_owned()].into_iter().chain((0..3).map(inside)).collect()
}

/// Without tags, and without what may part digits.
fn dense(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut in_tag = false;
    for c in body.replace("&nbsp;", "").replace("&#160;", "").chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if in_tag || c.is_whitespace() || "-.".contains(c) => {}
            c => out.push(c),
        }
    }
    out
}

const CHROMIUM: &str = "/usr/bin/chromium";

const POLICY: &str = r#"
[[route]]
name = "identity numbers and health"
when = { level = "medium" }
verdict = "hold"
"#;
