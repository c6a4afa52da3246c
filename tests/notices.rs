//! What people are told: who is told what, in which language, and what is
//! never said.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use sluse::{
    base::id::EventId,
    detect::{PackSource, Rules},
    model::{
        Address, Direction, Finding, Gap, GapKind, KeyTrouble, Level, Masked, MethodId, PartPath,
        Proof, Raw, Reason, Reply, Ruling, Span, Surface, Verdict,
    },
    notify::{
        Case, Language, Letterhead, LinkToken, NoticeError, PersonalLink, Settings, compose,
        may_notify, refusal, too_big,
    },
};

const NUMBER: &str = "13827830652";

fn event() -> EventId {
    EventId::from_keyed_hash(&[0x5A; 32])
}

fn kari() -> Address {
    "kari@cpm.example".parse().unwrap()
}

fn letterhead(settings: &str, public_url: Option<&str>) -> Letterhead {
    let settings: Settings = toml::from_str(settings).unwrap();
    let public_url = public_url.map(|url| url.parse().unwrap());
    settings.letterhead(&["cpm.example".to_owned()], public_url).unwrap()
}

fn usual() -> Letterhead {
    letterhead("contact = \"Brukerstøtte, telefon 22 00 00 00\"", Some("https://sluse.cpm.example"))
}

fn finding(kind: &str, path: PartPath) -> Finding {
    Finding {
        rule: "no.fnr".into(),
        kind: kind.into(),
        level: Level::High,
        surface: Surface::Cell,
        path,
        span: Span { start: 0, end: 11 },
        masked: Masked::of(NUMBER, 6),
        person: None,
        score: 95,
        words: Vec::new(),
    }
}

fn cell() -> PartPath {
    PartPath::root("message").child("liste.xlsx").child("Pasienter").child("C2")
}

fn ruling(to: &str, verdict: Verdict, reasons: Vec<Reason>) -> Ruling {
    let recipients = vec![to.parse().unwrap()];
    Ruling { recipients, verdict, route: "default".into(), reasons }
}

/// A list of patients: one recipient waits, another cannot have it at all.
fn story<'a>(sender: &'a Address, rulings: &'a [Ruling], findings: &'a [Finding]) -> Case<'a> {
    Case {
        event: event(),
        sender,
        rulings,
        findings,
        gaps: &[],
        expires_at: Some("2026-12-23T10:00:00Z".parse().unwrap()),
        now: "2026-11-23T10:00:00Z".parse().unwrap(),
        link: None,
        language: None,
        note: None,
        sample: "",
    }
}

/// What Python's `email` package makes of the mail.
fn parsed(bytes: &[u8]) -> Value {
    let script = "import sys, json, email, email.policy\n\
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
        p = [{'type': x.get_content_type(), 'text': x.get_content().replace('\\r', ''), 'charset': x.get_content_charset(),\n\
              'defects': len(x.defects)} for x in m.iter_parts()]\n\
        print(json.dumps({'type': m.get_content_type(), 'defects': len(m.defects), 'parts': p,\n\
              'headers': {k.lower(): str(v) for k, v in m.items()}}))\n";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn plain_text(case: &Case<'_>, letterhead: &Letterhead) -> String {
    let notice = compose(case, letterhead).unwrap();
    let mail = parsed(&notice.bytes);
    mail["parts"][0]["text"].as_str().unwrap().to_owned()
}

fn assert_in_order(text: &str, wanted: &[&str]) {
    let mut rest = text;
    for phrase in wanted {
        let at = rest.find(phrase).unwrap_or_else(|| panic!("no {phrase:?} in order in:\n{text}"));
        rest = &rest[at + phrase.len()..];
    }
}

#[test]
fn a_held_message_is_explained_in_bokmaal() {
    let rulings = [
        ruling("ola@partner.example", Verdict::Hold, vec![]),
        ruling(
            "per@annen.example",
            Verdict::Refuse,
            vec![Reason::Key(MethodId::Openpgp, KeyTrouble::KeyAbsent)],
        ),
    ];
    let findings = [finding("fnr+80", cell()), finding("fnr+80", cell())];
    let sender = kari();
    assert_in_order(
        &plain_text(&story(&sender, &rulings, &findings), &usual()),
        &[
            "Hei!",
            "Ingen av mottakerne har fått e-posten",
            "våre retningslinjer",
            "ola@partner.example: ikke sendt, venter på gjennomgang",
            "per@annen.example: ikke sendt; openpgp: vi har ingen krypteringsnøkkel",
            "fødselsnummer (syntetisk testnummer), antall: 2",
            "138278*****  e-posten → liste.xlsx → Pasienter → C2",
            "1. Send opplysningene kryptert.",
            "2. Fjern opplysningene",
            "3. Bruk en annen kanal",
            "Mener du at dette er feil?",
            "Bare de som har i oppgave",
            "Den slettes 23. desember 2026",
            "Brukerstøtte, telefon 22 00 00 00",
            &event().to_string(),
            &format!("\nhttps://sluse.cpm.example/e/{}\n", event()),
        ],
    );
}

#[test]
fn the_same_is_said_in_nynorsk_and_english() {
    let rulings = [ruling("ola@partner.example", Verdict::Hold, vec![])];
    let findings = [finding("dnr", cell())];
    let sender = kari();
    let case = story(&sender, &rulings, &findings);
    let nynorsk = Case { language: Some(Language::Nn), ..case };
    assert_in_order(
        &plain_text(&nynorsk, &usual()),
        &[
            "ventar på gjennomgang",
            "retningslinjene våre",
            "ikkje send, ventar på gjennomgang",
            "D-nummer, tal: 1",
            "Kva kan du gjere no?",
            "Han blir sletta 23. desember 2026",
        ],
    );
    let english = Case { language: Some(Language::En), ..case };
    assert_in_order(
        &plain_text(&english, &usual()),
        &[
            "Hello,",
            "None of the recipients has received it yet.",
            "our policy",
            "not sent, waiting for review",
            "Norwegian D number, count: 1",
            "138278*****  the message → liste.xlsx",
            "What can you do now?",
            "It is deleted on 23 December 2026",
        ],
    );
}

/// A rule that is shipped without words for what it finds would be told of as
/// "other data".
#[test]
fn whatever_a_shipped_rule_finds_has_words_in_every_language() {
    let optional = include_str!("../rules/secrets.toml");
    let optional = PackSource { name: "secrets.toml".into(), text: optional.into() };
    let packs: Vec<_> = Rules::builtin().into_iter().chain([optional]).collect();
    let mut findings = Vec::new();
    for row in Rules::load(&packs).unwrap().table() {
        // Rules that put findings together have the kind of one of them.
        let kinds = if row.kinds.is_empty() { vec!["none".to_owned()] } else { row.kinds.clone() };
        let named = kinds.iter().map(|kind| finding(kind, cell()));
        findings.extend(named.map(|finding| Finding { rule: row.rule.clone(), ..finding }));
    }
    assert!(findings.len() > 30);
    let (rulings, sender) = ([ruling("ola@partner.example", Verdict::Hold, vec![])], kari());
    for (language, unnamed) in [
        (Language::Nb, "andre beskyttede"),
        (Language::Nn, "andre verna"),
        (Language::En, "other protected"),
    ] {
        let told = |findings: &[Finding]| {
            let case = story(&sender, &rulings, findings);
            plain_text(&Case { language: Some(language), ..case }, &usual())
        };
        assert!(told(&[finding("unheard of", cell())]).contains(unnamed), "{language}");
        let text = told(&findings);
        assert!(!text.contains(unnamed), "{language}:\n{text}");
    }
}

#[test]
fn the_language_is_the_senders_then_the_messages_then_ours() {
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Refuse, vec![])], kari());
    let case = story(&sender, &rulings, &[]);
    let nynorsk = "Hei, her er lista eg ikkje fekk sendt i går. Venleg helsing Kari";
    let guessed = Case { sample: nynorsk, ..case };
    assert!(plain_text(&guessed, &usual()).contains("blei stansa"));
    let chosen = Case { language: Some(Language::En), ..guessed };
    assert!(plain_text(&chosen, &usual()).contains("was stopped"));
    assert!(plain_text(&case, &usual()).contains("ble stanset"));
    let english_house = letterhead("language = \"en\"", None);
    assert!(plain_text(&case, &english_house).contains("was stopped"));
}

#[test]
fn the_mail_is_sound_marked_and_complete_in_both_forms() {
    let rulings = [ruling("ola@partner.example", Verdict::Hold, vec![])];
    let path = PartPath::root("message").child("<b>liste</b> & co.xlsx");
    let findings = [finding("fnr", path)];
    let sender = kari();
    let notice = compose(&story(&sender, &rulings, &findings), &usual()).unwrap();
    assert_eq!(notice.envelope.sender, None);
    assert_eq!(notice.envelope.recipients, [sender]);

    let mail = parsed(&notice.bytes);
    assert_eq!((&mail["type"], &mail["defects"]), (&"multipart/alternative".into(), &0.into()));
    let headers = &mail["headers"];
    assert_eq!(headers["auto-submitted"], "auto-replied");
    assert_eq!(headers["x-sluse-notice"], event().to_string());
    assert_eq!(headers["to"], "kari@cpm.example");
    assert_eq!(headers["from"], "postmaster@cpm.example");
    let subject = format!("E-posten din venter på gjennomgang [{}]", event());
    assert_eq!(headers["subject"], subject);
    assert_eq!(headers["date"], "Mon, 23 Nov 2026 10:00:00 -0000");

    let parts = mail["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!((&parts[0]["type"], &parts[1]["type"]), (&"text/plain".into(), &"text/html".into()));
    let html = parts[1]["text"].as_str().unwrap();
    assert!(html.contains("<html lang=\"nb\">") && html.contains("<th scope=\"col\">"));
    assert!(!html.contains("<b>liste") && html.contains("liste"), "{html}");
    for remote in ["<img", "<script", "<link", "src=", "url(", "@import"] {
        assert!(!html.contains(remote), "{remote}");
    }
    assert!(html.len() < 100 << 10);
    assert!(notice.bytes.split(|b| *b == b'\n').all(|line| line.len() <= 998));
    assert!(notice.bytes.is_ascii());
}

#[test]
fn the_sender_alone_gets_a_link_to_act_by() {
    let rulings = [ruling("ola@partner.example", Verdict::Hold, vec![])];
    let (findings, sender) = ([finding("fnr", cell())], kari());
    let token = LinkToken::from_keyed_hash(&[0xC3; 32]);
    let until = "2026-11-30T10:00:00Z".parse().unwrap();
    let link = Some(PersonalLink { token: &token, until });
    let url = format!("https://sluse.cpm.example/e/{}/{}", event(), "rf".repeat(16));
    for (language, day) in [
        (Language::Nb, "Den virker til og med 30. november 2026 og kan brukes én gang."),
        (Language::Nn, "Ho verkar til og med 30. november 2026 og kan brukast éin gong."),
        (Language::En, "It works until 30 November 2026, that day included, and can be used once."),
    ] {
        let case = Case { language: Some(language), link, ..story(&sender, &rulings, &findings) };
        let mail = parsed(&compose(&case, &usual()).unwrap().bytes);
        assert_in_order(mail["parts"][0]["text"].as_str().unwrap(), &[&format!("\n{url}\n"), day]);
        let html = mail["parts"][1]["text"].as_str().unwrap();
        assert!(html.contains(&format!("<a href=\"{url}\">{url}</a>")), "{html}");
        let without = plain_text(&case, &letterhead("", None));
        assert!(!without.contains("http") && !without.contains(day), "{without}");
    }
}

#[test]
fn the_same_case_makes_the_same_bytes() {
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Hold, vec![])], kari());
    let case = story(&sender, &rulings, &[]);
    let (first, second) = (compose(&case, &usual()).unwrap(), compose(&case, &usual()).unwrap());
    assert_eq!(first.bytes, second.bytes);
}

#[test]
fn nothing_is_said_of_what_went_through() {
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Deliver, vec![])], kari());
    let compose = |rulings| compose(&story(&sender, rulings, &[]), &usual());
    assert!(matches!(compose(&rulings), Err(NoticeError::Nothing)));
    assert!(matches!(compose(&[]), Err(NoticeError::Nothing)));
}

#[test]
fn no_notice_answers_a_notice() {
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Hold, vec![])], kari());
    let notice = compose(&story(&sender, &rulings, &[]), &usual()).unwrap();
    assert!(may_notify(&notice.bytes, Some(&sender), Direction::Internal).is_err());
    assert!(may_notify(b"Subject: hei\r\n\r\n", Some(&sender), Direction::Internal).is_ok());
}

#[test]
fn what_could_not_be_read_is_named_and_proven_encryption_is_not() {
    let rulings = [ruling("ola@partner.example", Verdict::Hold, vec![])];
    let at = |name| PartPath::root("message").child(name);
    let gaps = [
        Gap::new(GapKind::Unknown, at("tegning.dwg")),
        Gap::new(GapKind::Encrypted(Proof::new("zip-aes256")), at("hemmelig.zip")),
        Gap::new(GapKind::WeakEncryption(Proof::new("zipcrypto")), at("gammel.zip")),
    ];
    let sender = kari();
    let text = plain_text(&Case { gaps: &gaps, ..story(&sender, &rulings, &[]) }, &usual());
    assert_in_order(&text, &["tegning.dwg: ukjent filtype", "gammel.zip: kryptert på en måte"]);
    assert!(!text.contains("hemmelig.zip"));
    assert!(text.contains("Send innholdet i et vanlig filformat"));
}

#[test]
fn many_findings_stay_readable() {
    let rulings = [ruling("ola@partner.example", Verdict::Hold, vec![])];
    let findings: Vec<Finding> = (0..500).map(|_| finding("fnr", cell())).collect();
    let sender = kari();
    let text = plain_text(&story(&sender, &rulings, &findings), &usual());
    assert!(text.contains("antall: 500") && text.contains("og 490 til"));
    assert_eq!(text.matches("138278*****").count(), 10);
}

#[test]
fn the_organisations_own_guidance_stands_among_the_choices() {
    let house = letterhead(
        "guidance_url = \"https://intranett.cpm.example/kryptering\"\n\
         guidance = { nb = \"Bruk Filsluse for store lister.\" }",
        None,
    );
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Hold, vec![])], kari());
    let text = plain_text(&story(&sender, &rulings, &[]), &house);
    assert_in_order(
        &text,
        &["3. Bruk", "Bruk Filsluse", "\nhttps://intranett.cpm.example/kryptering\n", "Mener du"],
    );
    assert!(!text.contains("/e/"));
}

#[test]
fn the_organisation_signs_in_the_language_of_the_reader() {
    let house = letterhead(
        "organisation = { nb = \"Eksempelregisteret\", en = \"The Example Registry\" }\n\
         signature = { nb = \"Hilsen sikkerhetsgruppen\", en = \"Regards, the security group\" }\n\
         contact = { nb = \"brukerstøtte\", en = \"the help desk\" }\n\
         guidance_url = { nb = \"https://cpm.example/nb\", en = \"https://cpm.example/en\" }\n\
         legal_url = \"https://cpm.example/retningslinjer\"\n",
        None,
    );
    let (rulings, sender) = ([ruling("o@p.example", Verdict::Hold, vec![])], kari());
    let told = |language| {
        let case = Case { language: Some(language), ..story(&sender, &rulings, &[]) };
        plain_text(&case, &house)
    };
    assert_in_order(
        &told(Language::Nb),
        &[
            "\nhttps://cpm.example/nb\n",
            "Kontakt: brukerstøtte\n",
            "\nHva retningslinjene våre bygger på:\nhttps://cpm.example/retningslinjer\n",
            "\n-- \nHilsen sikkerhetsgruppen\nEksempelregisteret\nDenne meldingen",
        ],
    );
    let english = told(Language::En);
    assert_in_order(
        &english,
        &[
            "\nhttps://cpm.example/en\n",
            "Contact: the help desk\n",
            "\n-- \nRegards, the security group\nThe Example Registry\nThis notice",
        ],
    );
    assert!(!english.contains("sikkerhetsgruppen"));
    // Nynorsk has no signature of its own, and takes the rest from Bokmål.
    assert_in_order(&told(Language::Nn), &["brukerstøtte", "\n-- \nEksempelregisteret\nDenne"]);
    let reply = refusal(event(), Direction::Outbound, &[], &house);
    assert!(reply.lines[1].contains("Help: the help desk"), "{reply:?}");
}

#[test]
fn an_odd_sender_address_cannot_add_a_header() {
    let rulings = [ruling("o@p.example", Verdict::Hold, vec![])];
    for odd in ["\"a, b\" <x>@cpm.example", "æøå@cpm.example", "a:b;c@cpm.example"] {
        let sender: Address = odd.parse().unwrap();
        let notice = compose(&story(&sender, &rulings, &[]), &usual()).unwrap();
        assert_eq!(notice.envelope.recipients, [sender]);
        let mail = parsed(&notice.bytes);
        assert_eq!(mail["headers"].as_object().unwrap().len(), 10, "{odd}");
        assert_eq!(mail["type"], "multipart/alternative");
    }
}

#[test]
fn an_insider_reads_what_stood_in_the_way_and_an_outsider_the_way_forward() {
    let reasons = [
        Reason::Finding("no.fnr".into(), Level::High),
        Reason::Key(MethodId::Openpgp, KeyTrouble::KeyAbsent),
    ];
    let inside = refusal(event(), Direction::Outbound, &reasons, &usual());
    assert_eq!((inside.code, inside.enhanced), (550, "5.7.1"));
    assert!(inside.lines[0].contains("no key to encrypt it"));
    assert_eq!(inside.lines[1], format!("https://sluse.cpm.example/e/{}", event()));
    assert!(inside.lines[1].len() <= 60);
    assert!(inside.lines[2].contains("Brukerstoette"));

    let outside = refusal(event(), Direction::Inbound, &reasons, &usual());
    assert!(outside.lines[0].contains("another channel"));
    assert!(!outside.lines[0].contains("key"));
}

#[test]
fn a_number_that_encryption_does_not_reach_is_not_a_lack_of_keys() {
    let reasons = [
        Reason::Finding("no.fnr".into(), Level::High),
        Reason::Key(MethodId::Openpgp, KeyTrouble::SurfaceUncovered),
        Reason::Key(MethodId::Smime, KeyTrouble::MethodUnavailable),
    ];
    let reply = refusal(event(), Direction::Outbound, &reasons, &usual());
    assert!(reply.lines[0].contains("encryption does not reach"), "{reply:?}");
    assert!(reply.lines[0].contains("Remove it") && !reply.lines[0].contains("no key"));
}

#[test]
fn without_pages_a_refusal_names_whom_to_ask() {
    let reply = refusal(event(), Direction::Inbound, &[], &letterhead("", None));
    let text = reply.lines.join("\n");
    assert!(!text.contains("http") && text.contains("postmaster@cpm.example"));
    assert!(text.contains(&event().to_string()));
}

#[test]
fn an_oversized_message_is_told_the_limit() {
    let reply = too_big(64 << 20);
    assert_eq!((reply.code, reply.enhanced), (552, "5.3.4"));
    assert!(reply.lines[0].contains("64 MiB"));
}

/// Digits in a row, whatever stands between them but letters.
fn longest_number(text: &str) -> usize {
    text.split(char::is_alphabetic)
        .map(|run| run.chars().filter(char::is_ascii_digit).count())
        .max()
        .unwrap_or(0)
}

fn assert_short_and_plain(reply: &Reply, url: &str) {
    let wire: usize = reply.lines.iter().map(|line| line.len() + "550-5.7.1 \r\n".len()).sum();
    let text = reply.lines.join("\n");
    assert!(reply.lines.len() <= 3 && wire <= 512, "{text}");
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains(&format!("{url}/e/")), "{text}");
    let runs = text.split(|c: char| !c.is_ascii_digit());
    assert!(runs.map(str::len).max().unwrap_or(0) < 6, "{text}");
}

fn any_reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        Just(Reason::Finding("no.fnr".into(), Level::High)),
        Just(Reason::Gap("unknown")),
        Just(Reason::Key(MethodId::Smime, KeyTrouble::KeyExpired)),
        Just(Reason::Key(MethodId::Openpgp, KeyTrouble::SurfaceUncovered)),
        Just(Reason::NotSplit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_refusal_is_short_plain_and_has_its_reference(
        hash in any::<[u8; 32]>(),
        way in 0..3_usize,
        reasons in proptest::collection::vec(any_reason(), 0..4),
        contact in "[a-zæøåA-Z ,.+@]{1,60}[0-9]{0,5}[ a-z]{1,50}x",
    ) {
        let direction = [Direction::Inbound, Direction::Internal, Direction::Outbound][way];
        let url = "https://sluse.nordre-follo.kommune.no";
        let house = letterhead(&format!("contact = \"{contact}\""), Some(url));
        let event = EventId::from_keyed_hash(&hash);
        let reply = refusal(event, direction, &reasons, &house);
        assert_short_and_plain(&reply, url);
        prop_assert!(reply.lines.join(" ").contains(&event.to_string()));
    }

    /// The number may be cut anywhere and spread over address, folder, file
    /// and cell: the notice never puts it together.
    #[test]
    fn no_notice_holds_a_whole_number(
        cut in 1..10_usize,
        glue in prop_oneof![Just(""), Just(" "), Just("-"), Just("."), Just("_")],
        end in prop_oneof![Just(""), Just(".pdf"), Just(" ")],
        language in 0..3_usize,
    ) {
        let (head, tail) = NUMBER.split_at(cut);
        let whole = format!("{head}{glue}{tail}");
        let path = PartPath::root("message").child(head).child(&format!("{tail}{end}")).child(&whole);
        let to = format!("{}@partner.example", whole.replace(' ', "."));
        let rulings = [ruling(&to, Verdict::Hold, vec![])];
        let (findings, sender) = ([finding("fnr+80", path.clone())], kari());
        let gaps = [Gap::new(GapKind::Broken, path)];
        let case = Case {
            gaps: &gaps,
            language: Some(Language::ALL[language]),
            expires_at: None::<Timestamp>,
            sample: NUMBER,
            ..story(&sender, &rulings, &findings)
        };
        let notice = compose(&case, &usual()).unwrap();
        let text = decoded(&notice.bytes);
        prop_assert!(!text.contains(NUMBER) && !text.contains(tail_of(tail)), "{}", text);
        for line in text.lines() {
            prop_assert!(longest_number(line) < 9, "{}", line);
        }
    }
}

/// A tail too short to give anything away is no proof either way.
fn tail_of(tail: &str) -> &str {
    if tail.len() >= 7 { tail } else { NUMBER }
}

/// The body with quoted-printable undone.
fn decoded(bytes: &Raw) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(!text.contains("base64"), "the notice is quoted-printable");
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    let body = body.replace("=\r\n", "");
    let mut pieces = body.split('=');
    let mut bytes = pieces.next().unwrap().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                bytes.extend_from_slice(&piece.as_bytes()[2..]);
            }
            _ => bytes.extend_from_slice(piece.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
