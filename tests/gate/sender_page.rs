//! The page behind a personal link, as Kari's browser and others see it.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use jiff::SignedDuration;
use sluse::{
    base::id::EventId,
    gate::Gate,
    store::HeldState,
    web::{People, Readiness, Settings, State, metrics, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    letters::{self, NUMBER},
    office::{KARI, OLA, Office, Plan, acts, held},
    sender_links::{Link, OVERRIDE, REASON, link_for, sent},
};

#[tokio::test]
async fn kari_reads_what_was_found_and_sends_it_encrypted() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    let page = pages.read(&path(&link)).await;
    assert_eq!(page.status(), "200");
    for text in [
        "E-posten din venter på gjennomgang",
        "<dt>ola@partner.example</dt>",
        "<dd>ikke sendt, venter på gjennomgang</dd>",
        "fødselsnummer (syntetisk testnummer), antall: 1",
        "138278*****  e-posten → ",
        "Bare de som har i oppgave",
        "Den slettes 23. desember 2026",
        "value=\"encrypt\"",
        "value=\"withdraw\"",
        "value=\"report\"",
        &link.event.to_string(),
    ] {
        assert!(page.body.contains(text), "{text} in\n{}", page.body);
    }
    for absent in ["value=\"override\"", NUMBER, "Som avtalt", "spurte", &link.text, "last opp"] {
        assert!(!page.body.contains(absent), "{absent} in\n{}", page.body);
    }

    let done = pages.post(&path(&link), "choice=encrypt").await;
    assert_eq!(done.status(), "303");
    assert_eq!(done.header("location"), format!("{}?lang=nb", link.text));
    let mail = sent(&office, &gate).await;
    assert_eq!((mail.len(), mail[0].recipients[0].as_str()), (1, OLA));
    assert!(mail[0].text().contains("BEGIN PGP MESSAGE"));

    let page = pages.read(&path(&link)).await;
    assert!(page.body.contains("Lenken er brukt"), "{}", page.body);
    assert!(page.body.contains("Du valgte å sende e-posten kryptert."));
    assert!(page.body.contains("<dd>sendt videre</dd>") && !page.body.contains("<form"));
    for choice in ["encrypt", "withdraw", "report"] {
        let again = pages.post(&path(&link), &format!("choice={choice}")).await;
        assert_eq!(again.status(), "409");
        assert!(again.body.contains("Lenken var brukt fra før"), "{}", again.body);
    }
    assert_eq!(sent(&office, &gate).await.len(), 1);
}

#[tokio::test]
async fn programs_that_follow_the_link_change_nothing() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    let before = gate.store().audit_rows().await.unwrap();
    let path = path(&link);
    for query in ["", "?choice=withdraw", "?choice=encrypt&lang=en"] {
        for verb in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
            pages.ask(&format!("{verb} {path}{query}"), "choice=withdraw").await;
        }
    }
    assert_eq!(gate.store().audit_rows().await.unwrap(), before);
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert_eq!(pages.post(&path, "choice=withdraw").await.status(), "303");
    assert_eq!(held(&gate).await[0].state, HeldState::Deleted);
    assert!(pages.read(&path).await.body.contains("Du trakk e-posten tilbake."));
}

#[tokio::test]
async fn whoever_has_no_link_learns_nothing() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    office.clock.advance(SignedDuration::from_hours(2));
    let foreign = link_for(&office, &gate, &[OLA], &letters::high()).await;
    let pages = Pages::open(&gate).await;
    let unknown = EventId::from_keyed_hash(&[9; 32]);
    let guess = "b".repeat(32);
    let cases = [
        (link.event, guess.as_str()),
        (link.event, &foreign.text),
        (link.event, &link.text[1..]),
        (link.event, "%3Cb%3E"),
        (unknown, &link.text),
        (unknown, &guess),
    ];
    for (event, token) in cases {
        pages.assert_guidance(event, token).await;
    }
    office.clock.advance(SignedDuration::from_hours(8 * 24));
    pages.assert_guidance(link.event, &link.text).await;
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
    assert_eq!(pages.read(&format!("/e/abc/{}", link.text)).await.status(), "404");
}

#[tokio::test]
async fn what_kari_types_is_not_repeated_where_it_may_hold_a_number() {
    let office = Office::new();
    let gate = Arc::new(office.gate_with(Plan { policy: Some(OVERRIDE), ..Plan::default() }).await);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    let path = path(&link);
    let words = format!("choice=override&words=Dette+er+ordre+{NUMBER}+fra+lageret");
    let page = pages.post(&path, &words).await;
    assert_eq!(page.status(), "422");
    assert!(page.body.contains("Skriv den uten. Ingenting av den er lagret."), "{}", page.body);
    assert!(!page.body.contains(NUMBER) && !page.body.contains("lageret"));

    let page = pages.post(&path, "choice=override&words=%3Cscript%3Ehei").await;
    assert_eq!(page.status(), "422");
    assert!(page.body.contains("minst 20 tegn."), "{}", page.body);
    assert!(
        !page.body.contains("<script") && page.body.contains("script&#62;hei"),
        "{}",
        page.body
    );
    assert!(page.body.contains("required minlength=\"20\""));

    let reason = format!("choice=override&words={}", REASON.replace(' ', "+"));
    assert_eq!(pages.post(&path, &reason).await.status(), "303");
    assert_eq!(sent(&office, &gate).await.len(), 1);
    assert!(acts(&gate, link.event).await.contains(&"overridden".to_owned()));
    assert!(pages.read(&path).await.body.contains("Du sendte e-posten likevel"));
}

#[tokio::test]
async fn names_that_strangers_chose_are_only_text() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let name = "<img src=x onerror=alert(1)>.dwg";
    let link = link_for(&office, &gate, &[OLA], &letters::with_attachment(name)).await;
    let pages = Pages::open(&gate).await;
    let page = pages.read(&path(&link)).await;
    assert!(page.body.contains("img src=x onerror"), "{}", page.body);
    assert!(!page.body.contains("<img"), "{}", page.body);
    for remote in ["<script", "<link", "src=\"", "url(", "@import", " style="] {
        assert!(!page.body.contains(remote), "{remote}");
    }
}

#[tokio::test]
async fn the_page_speaks_three_languages_and_tells_nobody_its_address() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    office.key(&gate, OLA, None);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    for (language, text) in [
        ("nb", "Jeg har fjernet opplysningene"),
        ("nn", "Eg har fjerna opplysningane"),
        ("en", "I removed it"),
    ] {
        let page = pages.read(&format!("{}?lang={language}", path(&link))).await;
        assert!(
            page.body.contains(text) && page.body.contains(&format!("<html lang=\"{language}\""))
        );
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"));
        assert_eq!(page.header("referrer-policy"), "strict-origin");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-frame-options"), "deny");
    }
    let page = pages.read(&format!("/e/{}", link.event)).await;
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert!(page.header("content-security-policy").contains("form-action 'none'"));
}

#[tokio::test]
async fn of_a_refused_message_the_page_shows_what_the_log_has() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let link = link_for(&office, &gate, &[OLA], &letters::high()).await;
    let pages = Pages::open(&gate).await;
    let page = pages.read(&path(&link)).await;
    for text in ["E-posten din ble ikke sendt", "<dt>1 mottaker</dt>", "138278*****", "\"report\""]
    {
        assert!(page.body.contains(text), "{text} in\n{}", page.body);
    }
    for absent in ["\"encrypt\"", "\"withdraw\"", "\"override\"", "venter", NUMBER] {
        assert!(!page.body.contains(absent), "{absent} in\n{}", page.body);
    }
    assert_eq!(pages.post(&path(&link), "choice=encrypt").await.status(), "409");
    let words = "choice=report&words=Et+ordrenummer+%C3%A5+nei";
    assert_eq!(pages.post(&path(&link), words).await.status(), "303");
    let rows = gate.store().event_audit(link.event).await.unwrap();
    let row = rows.iter().find(|row| row.act == "wrong-alarm").unwrap();
    assert_eq!((row.actor.as_str(), &row.facts["comment"]), (KARI, &"Et ordrenummer å nei".into()));
}

#[tokio::test]
async fn nonsense_that_is_posted_does_nothing() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    let long = format!("choice=report&words={}", "a".repeat(70_000));
    for body in ["", "choice=", "choice=release", "words=x", "%FF%FE", "choice[]=encrypt", &long] {
        let page = pages.post(&path(&link), body).await;
        assert_eq!(page.status(), "422", "{body}");
        assert!(page.body.contains("Velg én av delene på siden."), "{}", page.body);
    }
    let page = pages.post(&path(&link), &format!("choice=report&words={}", "a".repeat(3000))).await;
    assert!(page.body.contains("Teksten er for lang."), "{}", page.body);
    assert!(!acts(&gate, link.event).await.contains(&"wrong-alarm".to_owned()));
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing_even_with_the_link() {
    let office = Office::new();
    let gate = Arc::new(office.gate().await);
    let link = link_for(&office, &gate, &[OLA], &letters::medium()).await;
    let pages = Pages::open(&gate).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
        let line = format!("POST {}", path(&link));
        let page = pages.ask_from(origin, &line, "choice=withdraw").await;
        assert_eq!(page.status(), "403", "{origin}");
    }
    assert_eq!(held(&gate).await[0].state, HeldState::Held);
}

/// The web listener over a gate.
struct Pages(SocketAddr);

struct Always;

impl Readiness for Always {
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async { true })
    }
}

impl Pages {
    async fn open(gate: &Arc<Gate>) -> Self {
        let letterhead = gate.book().settings.letterhead.clone();
        let state = State::new(Arc::new(Always), metrics::install().unwrap(), letterhead);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let people = Some(People::new(Arc::clone(gate), &Settings::default(), state.clone()));
        tokio::spawn(serve(listener, state, people, 16, std::future::pending()));
        Self(address)
    }

    async fn read(&self, path: &str) -> Page {
        self.ask(&format!("GET {path}"), "").await
    }

    async fn post(&self, path: &str, body: &str) -> Page {
        self.ask(&format!("POST {path}"), body).await
    }

    async fn ask(&self, line: &str, body: &str) -> Page {
        self.ask_from(&format!("http://{}", self.0), line, body).await
    }

    async fn ask_from(&self, origin: &str, line: &str, body: &str) -> Page {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
            host = self.0,
        );
        // It may answer before it has taken everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Page { head: head.to_owned(), body: body.to_owned() }
    }

    /// Looking and posting show what everybody sees.
    async fn assert_guidance(&self, event: EventId, token: &str) {
        let bare = self.read(&format!("/e/{event}")).await;
        assert!(bare.body.contains("Hvorfor ble e‑posten stanset?"));
        let path = format!("/e/{event}/{token}");
        let pages = [self.read(&path).await, self.post(&path, "choice=withdraw").await];
        for page in pages {
            assert_eq!(page.body, bare.body, "{path}");
            assert_eq!(page.without_date(), bare.without_date(), "{path}");
        }
    }
}

struct Page {
    head: String,
    body: String,
}

impl Page {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = found.unwrap_or_else(|| panic!("no {name} in {}", self.head)).1;
        if name == "location" { value.to_owned() } else { value.to_lowercase() }
    }

    fn without_date(&self) -> Vec<&str> {
        self.head.lines().filter(|line| !line.starts_with("date: ")).collect()
    }
}

fn path(link: &Link) -> String {
    format!("/e/{}/{}", link.event, link.text)
}
