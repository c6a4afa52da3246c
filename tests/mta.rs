//! Mail through Exim, OpenSMTPD, Sendmail and Dovecot with Sluse beside them,
//! by the recipes of `deploy/`: what is clean arrives byte for byte, and what
//! is refused comes back as a report that a person can use.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

use harness::{
    PATIENCE,
    client::{self, Mail},
    lines::Lines,
    mta::{Doors, Kind, Mta},
    postfix::Postfix,
    samples::{KARI, NUMBER, sample},
    sink::{Arrival, Sink},
    sluse::{Plan, Sluse},
    until,
};
use tempfile::TempDir;

#[test]
fn exim_sends_everything_through_the_relay() {
    let site = Site::relay(Kind::Exim);
    site.clean_mail_is_untouched();
    site.refused_mail_comes_back();
}

#[test]
fn opensmtpd_sends_everything_through_the_relay() {
    let site = Site::relay(Kind::OpenSmtpd);
    site.clean_mail_is_untouched();
    site.refused_mail_comes_back();
}

#[test]
fn postfix_asks_the_relay_before_its_queue() {
    let site = Site::postfix("smtp:", |port| {
        (format!("\n  -o smtpd_proxy_filter=127.0.0.1:{port}"), String::new())
    });
    site.clean_mail_is_untouched();
    let reply = client::send(site.front, &sample("number-in-body"));
    assert_eq!(reply.code, 550, "{reply:?}");
}

#[test]
fn postfix_asks_by_lmtp_behind_its_queue() {
    let recipe = include_str!("../deploy/postfix/master.cf.content-filter");
    let site = Site::postfix("lmtp:", |port| {
        let filter = format!("\n  -o content_filter=sluse:[127.0.0.1]:{port}");
        // The tests' Postfix runs in no chroot.
        (filter, recipe.replace("y       -       10", "n       -       10"))
    });
    site.clean_mail_is_untouched();
    site.refused_mail_comes_back();
}

#[test]
fn sendmail_asks_the_milter() {
    let site = Site::milter(Kind::Sendmail);
    site.clean_mail_is_untouched();
    // Sendmail refuses in the session; the report is written by whoever sends.
    let dir = TempDir::with_prefix("sluse-").unwrap();
    let doors = Postfix::doors();
    let home = format!("transport_maps=inline:{{cpm.example=smtp:[127.0.0.1]:{}}}", site.sink.port);
    let sender = Postfix::start_with(dir.path(), doors, "", site.front, [&home, ""]);
    assert_eq!(client::send(sender.behind, &sample("number-in-body")).code, 250);
    site.report();
}

#[test]
fn dovecot_takes_by_lmtp_what_came_by_lmtp() {
    let dir = TempDir::with_prefix("sluse-").unwrap();
    let doors = Doors::to(0);
    let dovecot = Mta::start(Kind::Dovecot, dir.path(), doors, "");
    let letters = dovecot.host.join("mail/kari/new");
    let by_unix_socket = format!("lmtp:unix:{}", dovecot.host.join("lmtp").display());
    let hops = [format!("lmtp:127.0.0.1:{}", doors.front), by_unix_socket];
    for (before, hop) in hops.iter().enumerate() {
        let state = TempDir::with_prefix("sluse-").unwrap();
        let plan = Plan { smtp: "lmtp:", ..Plan::default() };
        let mut sluse = Sluse::settle_before(state.path(), plan, hop);
        sluse.start();
        let mail = inbound(sample("clean-text"));
        let replies = client::send_lmtp(sluse.smtp, &mail);
        assert!(replies.iter().all(|reply| reply.code == 250), "{hop}: {replies:?}");
        let found = until("the letter in its mailbox", PATIENCE, || {
            let files = std::fs::read_dir(&letters).ok()?.flatten();
            let found: Vec<_> = files.map(|file| std::fs::read(file.path()).unwrap()).collect();
            (found.len() > before).then_some(found)
        });
        // Dovecot keeps letters with line feeds alone, under its own trace fields.
        let sent = String::from_utf8(mail.bytes).unwrap().replace("\r\n", "\n");
        for letter in found {
            let letter = String::from_utf8(letter).unwrap();
            assert!(letter.ends_with(&sent), "{hop}: {letter}");
        }
        let replies = client::send_lmtp(sluse.smtp, &inbound(sample("number-in-body")));
        assert!(replies.iter().all(|reply| reply.code == 550), "{hop}: {replies:?}");
    }
}

/// A mail server with Sluse at its side.
struct Site {
    /// Where mail comes in.
    front: u16,
    /// Where mail comes in that does not pass Sluse.
    behind: u16,
    log: Lines,
    sluse: Sluse,
    sink: Sink,
    _server: Server,
    _dir: TempDir,
}

/// Runs until it is dropped.
enum Server {
    Other(#[expect(dead_code, reason = "held")] Mta),
    Postfix(#[expect(dead_code, reason = "held")] Postfix),
}

impl Site {
    fn relay(kind: Kind) -> Self {
        Self::open(kind, Plan { smtp: "smtp:", ..Plan::default() }, |sluse| sluse.smtp.to_string())
    }

    fn milter(kind: Kind) -> Self {
        let plan = Plan { reinject: true, ..Plan::default() };
        Self::open(kind, plan, |_| "local:/host/milter.sock".to_owned())
    }

    fn open(kind: Kind, plan: Plan, filter: impl Fn(&Sluse) -> String) -> Self {
        let dir = TempDir::with_prefix("sluse-").unwrap();
        let sink = Sink::open();
        let doors = Doors::to(sink.port);
        let mut sluse = Sluse::settle(dir.path(), plan, doors.behind);
        sluse.start();
        let mta = Mta::start(kind, dir.path(), doors, &filter(&sluse));
        let log = mta.log.clone();
        let Doors { front, behind, .. } = doors;
        Self { front, behind, log, sluse, sink, _server: Server::Other(mta), _dir: dir }
    }

    /// `filter` gives more options for the gate, and more services.
    fn postfix(dialect: &'static str, filter: impl Fn(u16) -> (String, String)) -> Self {
        let dir = TempDir::with_prefix("sluse-").unwrap();
        let sink = Sink::open();
        let doors = Postfix::doors();
        let plan = Plan { smtp: dialect, ..Plan::default() };
        let mut sluse = Sluse::settle(dir.path(), plan, doors.1);
        sluse.start();
        let (options, services) = filter(sluse.smtp);
        let more = ["smtpd_authorized_xforward_hosts = 127.0.0.0/8", &services];
        let postfix = Postfix::start_with(dir.path(), doors, &options, sink.port, more);
        let log = postfix.log.clone();
        let (front, behind) = doors;
        Self { front, behind, log, sluse, sink, _server: Server::Postfix(postfix), _dir: dir }
    }

    /// Clean mail arrives as it does when it takes the way around Sluse. That
    /// is byte for byte, but Sendmail folds long address fields anew.
    fn clean_mail_is_untouched(&self) {
        for name in ["clean-text", "clean-multipart", "odd-display-names", "already-encrypted"] {
            let mail = sample(name);
            let id = format!("<{name}@");
            for port in [self.behind, self.front] {
                let reply = client::send(port, &mail);
                assert_eq!(reply.code, 250, "{name}: {reply:?}");
            }
            let fits = |arrival: &Arrival| {
                arrival.header("Message-ID").is_some_and(|own| own.starts_with(&id))
            };
            let arrived = self.arrivals(2, name, fits);
            assert_eq!(arrived[0].without_trace(), arrived[1].without_trace(), "{name}");
            assert!(arrived.iter().all(|one| one.recipients == mail.recipients), "{name}");
            if name != "odd-display-names" {
                assert!(arrived[1].is_untouched(&mail.bytes), "{name}: {}", arrived[1].text());
            }
        }
    }

    /// Mail with a number is taken by the server, and its sender hears of it.
    fn refused_mail_comes_back(&self) {
        let reply = client::send(self.front, &sample("number-in-body"));
        assert_eq!(reply.code, 250, "{reply:?}");
        self.report();
    }

    /// The report names the event, and its link is in one piece.
    fn report(&self) {
        let report = self.arrival("the report", |arrival| {
            let to_sender = arrival.sender.is_empty() && arrival.recipients == [KARI];
            to_sender && arrival.header("X-Sluse-Notice").is_none()
        });
        let text = report.text();
        let link = "https://sluse.cpm.example/e/";
        let (_, rest) = text.split_once(link).unwrap_or_else(|| panic!("no link: {text}"));
        let event: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert_eq!(self.sluse.page(&format!("/e/{event}")).0, 200, "{event}: {text}");
        let told = text.split("--").find(|part| part.contains("550")).unwrap();
        assert!(!told.contains(NUMBER), "{told}");
    }

    fn arrival(&self, what: &str, fits: impl Fn(&Arrival) -> bool) -> Arrival {
        self.arrivals(1, what, fits).remove(0)
    }

    fn arrivals(&self, count: usize, what: &str, fits: impl Fn(&Arrival) -> bool) -> Vec<Arrival> {
        let found = self.sink.wait(count, PATIENCE, fits);
        assert_eq!(
            found.len(),
            count,
            "{what} at the sink; {:#?}\n{:#?}\n{:#?}",
            self.log.all(),
            self.sluse.log.all(),
            self.sink.arrivals().iter().map(Arrival::text).collect::<Vec<_>>()
        );
        found
    }
}

/// The same message, from outside to one of ours.
fn inbound(mail: Mail) -> Mail {
    Mail { sender: "ola@partner.example".to_owned(), recipients: vec![KARI.to_owned()], ..mail }
}
