//! The servers before and behind misbehave.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    Gate, at_both_gates,
    books::{close_books, under_load},
    harness::{
        PATIENCE,
        client::Client,
        samples::{NUMBER, letter, sample},
        sink::Manner,
        site::Site,
        sluse::Plan,
        trial::{Account, Trial},
    },
};

at_both_gates! {
    a_next_hop_that_says_no_for_a_while_gets_everything_once,
    a_postfix_whose_parts_are_killed_loses_nothing,
    a_thousand_recipients_are_all_served,
    idle_and_slow_clients_leave_room_for_others,
    bombs_in_between_stop_no_other_mail,
}

fn a_next_hop_that_says_no_for_a_while_gets_everything_once(gate: Gate) {
    let mut site = Site::open(gate.plan());
    let trial = Trial::new("nei", 60);
    under_load(&mut site, &trial, 4, |site| {
        site.sink.behave(Manner::Refuse(451));
        std::thread::park_timeout(Duration::from_millis(300));
        site.sink.behave(Manner::Accept);
    });
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
}

#[test]
fn the_relay_passes_on_what_its_next_hop_answers() {
    let site = Site::open(Plan { direct: true, ..Gate::Relay.plan() });
    for code in [451, 550, 421] {
        site.sink.behave(Manner::Refuse(code));
        let reply = site.send(&letter("videre", "Alt vel."));
        // A server that says goodbye may say yes to the next try.
        assert_eq!(reply.code, if code == 550 { 550 } else { 451 }, "{code}: {reply:?}");
        assert!(code == 421 || reply.text().contains("Not today"), "{reply:?}");
    }
    site.sink.behave(Manner::Accept);
    assert_eq!(site.send(&letter("til-slutt", "Alt vel.")).code, 250);
    assert_eq!(site.sink.arrivals().len(), 1);
}

#[test]
fn a_next_hop_that_hangs_up_unanswered_costs_the_relay_a_copy_each_time() {
    let mut site = Site::open(Plan { direct: true, ..Gate::Relay.plan() });
    // So many that some are left when the last strike comes.
    let trial = Trial::new("brutt", 200);
    let strikes = 5;
    under_load(&mut site, &trial, strikes, |site| {
        let before = site.sink.closed();
        site.sink.behave(Manner::Close);
        crate::harness::until("the next hop to hang up", PATIENCE, || {
            (site.sink.closed() > before).then_some(())
        });
        site.sink.behave(Manner::Accept);
    });
    let account = close_books(&site, &trial);
    assert!(account.duplicated <= site.sink.closed(), "{account}");
    let account = Account { duplicated: 0, ..account };
    assert!(account.is_perfect(), "{account}");
}

fn a_postfix_whose_parts_are_killed_loses_nothing(gate: Gate) {
    let mut site = Site::open(gate.plan());
    let trial = Trial::new("postfix", 100);
    let mut killed = 0;
    let programs = ["smtpd", "cleanup", "qmgr", "smtp"];
    let mut turn = 0;
    under_load(&mut site, &trial, 12, |site| {
        killed += site.postfix.kill(programs[turn % programs.len()]);
        turn += 1;
    });
    let account = close_books(&site, &trial);
    println!("{killed} parts killed; {account}");
    assert!(killed > 0);
    // Postfix itself delivers again what it could not note as delivered.
    assert!(account.duplicated <= killed, "{account}");
    let account = Account { duplicated: 0, ..account };
    assert!(account.is_perfect(), "{account}");
}

fn a_thousand_recipients_are_all_served(gate: Gate) {
    let site = Site::open(gate.plan());
    let mut mail = letter("tusen", "Alt vel med dere alle.");
    mail.recipients = (0..1_000).map(|n| format!("mottaker{n}@partner.example")).collect();
    let reply = site.send(&mail);
    assert_eq!(reply.code, 250, "{reply:?}");
    let ours = |id: Option<String>| id.as_deref() == Some("<tusen@cpm.example>");
    let all = || {
        let arrived = site.sink.arrivals().into_iter().filter(|one| ours(one.header("Message-ID")));
        let mut all: Vec<String> = arrived.flat_map(|one| one.recipients).collect();
        all.sort();
        all
    };
    crate::harness::until("all thousand", PATIENCE, || (all().len() >= 1_000).then_some(()));
    mail.recipients.sort();
    assert_eq!(all(), mail.recipients);

    let mut mail = letter("tusen-hemmeligheter", &format!("Fødselsnummer {NUMBER}"));
    mail.recipients = (0..1_000).map(|n| format!("mottaker{n}@partner.example")).collect();
    let reply = site.send(&mail);
    assert_eq!(reply.code, 550, "{reply:?}");
}

fn idle_and_slow_clients_leave_room_for_others(gate: Gate) {
    let site = Site::open(gate.plan());
    let idle: Vec<_> =
        (0..40).map(|_| TcpStream::connect(("127.0.0.1", site.gate)).unwrap()).collect();
    let mut slow = Client::connect(site.gate).unwrap();
    slow.command("MAIL FROM:<kari@cpm.example>").unwrap();
    let start = Instant::now();
    let trial = Trial::new("plass", 20);
    trial.send(site.gate, 4, PATIENCE);
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account} in {:?}", start.elapsed());
    drop(idle);
}

fn bombs_in_between_stop_no_other_mail(gate: Gate) {
    let site = Site::open(gate.plan());
    let bomb = bomb();
    let trial = Trial::new("bombe", 40);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..3 {
                let text = format!("Vedlegg {n}\r\n\r\n");
                let mut mail = letter(&format!("selve-bomben-{n}"), &text);
                let head = String::from_utf8(mail.bytes).unwrap();
                let head = head
                    .replace("text/plain; charset=utf-8", "application/gzip; name=a.gz")
                    .replace("8bit", "base64");
                mail.bytes = format!("{}{bomb}\r\n", head.split("Vedlegg").next().unwrap()).into();
                let reply = site.send(&mail);
                assert_eq!(reply.code, 250, "held as unscannable: {reply:?}");
            }
        });
        scope.spawn(|| trial.send(site.gate, 4, PATIENCE));
    });
    let account = close_books(&site, &trial);
    assert!(account.is_perfect(), "{account}");
    let held = site.sluse.held();
    let bombs = held.iter().filter(|item| item["message_id"].to_string().contains("selve-bomben"));
    assert_eq!(bombs.count(), 3, "{held:#?}");
}

/// A gigabyte of nothing in gzip, in base64.
fn bomb() -> String {
    use std::process::{Command, Stdio};
    let mut gzip = Command::new("sh")
        .args(["-c", "head -c 1000000000 /dev/zero | gzip -9 | base64"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    gzip.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    gzip.wait().unwrap();
    text.replace('\n', "\r\n")
}

#[test]
fn the_relay_answers_who_stops_in_the_middle_and_keeps_nothing() {
    let site = Site::open(Gate::Relay.plan());
    let mail = sample("clean-multipart");
    for stop in [10, mail.bytes.len() / 2, mail.bytes.len() - 1] {
        let mut stream = TcpStream::connect(("127.0.0.1", site.gate)).unwrap();
        let dialogue = "EHLO a\r\nMAIL FROM:<kari@cpm.example>\r\nRCPT TO:<ola@partner.example>\r\n\
                        DATA\r\n";
        stream.write_all(dialogue.as_bytes()).unwrap();
        stream.write_all(&mail.bytes[..stop]).unwrap();
        drop(stream);
    }
    site.settle();
    site.arrivals(0, "clean-multipart@cpm.example");
    assert_eq!(site.sluse.held().len(), 0);
}
