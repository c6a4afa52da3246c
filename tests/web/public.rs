//! The pages for everybody, as a browser, a scraper and an attacker see them.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use sluse::{
    base::{id::EventId, measure},
    notify::Settings,
    web::{Readiness, State, metrics, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Switch(AtomicBool);

impl Readiness for Switch {
    fn ready(&self) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async { self.0.load(Ordering::Relaxed) })
    }
}

struct Listener {
    address: SocketAddr,
    ready: Arc<Switch>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Listener {
    async fn open(settings: &str, connections: usize) -> Self {
        let settings: Settings = toml::from_str(settings).unwrap();
        let letterhead = settings.letterhead(&["cpm.example".to_owned()], None).unwrap();
        let ready = Arc::new(Switch(AtomicBool::new(true)));
        let state = State::new(ready.clone(), metrics::install().unwrap(), letterhead);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(serve(listener, state, None, connections, shutdown));
        Self { address, ready, stop, task }
    }

    async fn usual() -> Self {
        Self::open("contact = \"<b>Brukerstøtte</b>\"", 64).await
    }

    /// Sends `request` and reads until the other side closes.
    async fn send(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may close before it has taken everything.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Answer { head: head.to_lowercase(), body: body.to_owned() }
    }

    async fn fetch(&self, path: &str, headers: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).await
    }
}

struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

fn page(hash: u8) -> String {
    format!("/e/{}", EventId::from_keyed_hash(&[hash; 32]))
}

#[tokio::test]
async fn says_that_it_lives_and_whether_it_is_ready() {
    let site = Listener::usual().await;
    assert_eq!(site.fetch("/livez", "").await.status(), "200");
    assert_eq!(site.fetch("/readyz", "").await.status(), "200");
    site.ready.0.store(false, Ordering::Relaxed);
    let answer = site.fetch("/readyz", "").await;
    assert_eq!((answer.status(), answer.body.as_str()), ("503", "not ready\n"));
    assert_eq!(site.fetch("/livez", "").await.status(), "200");
}

#[tokio::test]
async fn guides_the_reader_in_three_languages() {
    let site = Listener::usual().await;
    let cases = [
        ("", "", "nb", "Hvorfor ble e‑posten stanset?"),
        ("", "Accept-Language: nn-NO,nb;q=0.5\r\n", "nn", "Kvifor blei e‑posten stansa?"),
        ("", "Accept-Language: de, en;q=0.5\r\n", "en", "Why was the message stopped?"),
        ("?lang=nn", "Accept-Language: en\r\n", "nn", "Kva har skjedd?"),
        ("?x=1&lang=en", "", "en", "If you write to us from outside"),
        ("?lang=%00%ff", "", "nb", "Hva har skjedd?"),
    ];
    for (query, headers, language, phrase) in cases {
        let answer = site.fetch(&format!("{}{query}", page(1)), headers).await;
        assert_eq!(answer.status(), "200");
        assert_eq!(answer.header("content-language"), language);
        assert!(answer.body.contains(&format!("<html lang=\"{language}\">")), "{query} {headers}");
        assert!(answer.body.contains(phrase), "{query} {headers}: {}", answer.body);
        for other in ["nb", "nn", "en"] {
            assert!(answer.body.contains(&format!("href=\"?lang={other}\" lang=\"{other}\"")));
        }
    }
}

#[tokio::test]
async fn tells_the_same_about_every_event() {
    let site = Listener::usual().await;
    let (one, two) = (site.fetch(&page(1), "").await, site.fetch(&page(2), "").await);
    let neutral =
        |answer: &Answer, hash| answer.body.replace(page(hash).trim_start_matches("/e/"), "");
    assert_eq!(neutral(&one, 1), neutral(&two, 2));
    assert!(one.body.contains(page(1).trim_start_matches("/e/")));
}

#[tokio::test]
async fn knows_nothing_else() {
    let site = Listener::usual().await;
    let paths =
        ["/e/", "/e/abc", "/e/aaaaaaaaaaaaaaaaaaaa", "/e/13827830652", "/nothing", "/e/%3Cb%3E"];
    for path in paths {
        let answer = site.fetch(path, "").await;
        assert_eq!(answer.status(), "404", "{path}");
        assert!(answer.body.contains("Fant ikke siden"), "{path}");
        assert!(!answer.body.contains("13827830652"));
    }
    assert_eq!(
        site.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await.status(),
        "405"
    );
    let head = site.send(format!("HEAD {} HTTP/1.1\r\nHost: x\r\n\r\n", page(1)).as_bytes()).await;
    assert_eq!((head.status(), head.body.as_str()), ("200", ""));
}

#[tokio::test]
async fn forbids_the_browser_what_a_page_does_not_need() {
    let site = Listener::usual().await;
    for path in ["/", "/nothing", "/livez", "/readyz", "/metrics", &page(1)] {
        let answer = site.fetch(path, "").await;
        let policy = answer.header("content-security-policy");
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert!(!answer.head.contains("server:") && !answer.head.contains("sluse"), "{path}");
    }
}

#[tokio::test]
async fn the_style_is_the_one_the_policy_allows_and_the_page_needs_nothing_else() {
    let site = Listener::usual().await;
    let answer = site.fetch(&page(1), "").await;
    let style = answer.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = BASE64.encode(&Sha256::digest(style));
    let policy = answer.header("content-security-policy");
    assert!(policy.contains(&format!("'sha256-{}'", hash.to_lowercase())), "{policy}");
    for remote in ["<script", "<img", "<link", "src=", "url(", "@import", " style=", " on"] {
        let tags: Vec<&str> = answer.body.split('<').filter(|tag| tag.contains(remote)).collect();
        let text_only =
            tags.iter().all(|tag| tag.find('>').is_some_and(|end| !tag[..end].contains(remote)));
        assert!(remote == " on" && text_only || tags.is_empty(), "{remote}: {tags:?}");
    }
    assert!(
        answer.body.contains("&#60;b&#62;Brukerstøtte")
            || answer.body.contains("&lt;b&gt;Brukerstøtte")
    );
    for landmark in ["<main id=\"main\"", "<nav aria-label=", "<header>", "<h1>", "class=\"skip\""]
    {
        assert!(answer.body.contains(landmark), "{landmark}");
    }
}

#[tokio::test]
async fn counts_for_a_scraper_on_this_machine_only() {
    let site = Listener::usual().await;
    ::metrics::counter!(measure::MESSAGES, "direction" => "outbound", "verdict" => "refuse")
        .increment(1);
    ::metrics::histogram!(measure::SCAN_SECONDS).record(0.002);
    let answer = site.fetch("/metrics", "").await;
    assert_eq!(answer.status(), "200");
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "# TYPE sluse_messages_total counter",
        "sluse_messages_total{direction=\"outbound\",verdict=\"refuse\"} 1",
        "# TYPE sluse_scan_duration_seconds histogram",
        "sluse_scan_duration_seconds_bucket{le=\"0.0025\"} 1",
        "sluse_build_info{version=",
    ] {
        assert!(answer.body.contains(line), "{line} in\n{}", answer.body);
    }
    assert_eq!(site.fetch("/metrics", "X-Forwarded-For: 192.0.2.1\r\n").await.status(), "404");
}

#[tokio::test]
async fn idle_connections_do_not_keep_others_out() {
    let site = Listener::open("", 4).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
        idle.push(stream);
    }
    assert_eq!(site.fetch("/livez", "").await.status(), "200");
    // The oldest were closed to make room.
    let mut rest = Vec::new();
    let _ = idle[0].read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn answers_after_nonsense() {
    let site = Listener::usual().await;
    let many = "X-A: b\r\n".repeat(1000);
    let long = "a".repeat(100_000);
    let requests = [
        format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
        format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
        "\u{1}\u{2}\u{3}\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".to_owned(),
    ];
    for request in requests {
        let answer = site.send(request.as_bytes()).await;
        assert!(matches!(answer.status(), "" | "400" | "414" | "431"), "{}", answer.head);
        assert_eq!(site.fetch("/livez", "").await.status(), "200");
    }
}

#[tokio::test]
async fn ends_when_told() {
    let site = Listener::usual().await;
    let idle = TcpStream::connect(site.address).await.unwrap();
    drop(idle);
    site.stop.send(()).unwrap();
    site.task.await.unwrap();
    assert!(TcpStream::connect(site.address).await.is_err());
}

/// WCAG 2.2, 1.4.3: 4.5 to 1 for text of every size, in both themes.
#[test]
fn every_colour_of_text_can_be_read_on_every_ground() {
    let style = include_str!("../../templates/page.css");
    let themes: Vec<&str> = style.lines().filter(|line| line.contains("--ink:")).collect();
    assert_eq!(themes.len(), 2);
    for theme in themes {
        for text in ["ink", "soft", "mark"] {
            for ground in ["paper", "card"] {
                let (light, dark) = (luminance(theme, text), luminance(theme, ground));
                let ratio = (light.max(dark) + 0.05) / (light.min(dark) + 0.05);
                assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.1} in {theme}");
            }
        }
    }
}

fn luminance(theme: &str, name: &str) -> f64 {
    let hex = theme.split(&format!("--{name}: #")).nth(1).unwrap();
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}
