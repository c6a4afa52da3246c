//! How fast messages and files are read into text, finding aside. Prints ms of
//! processor time a message and MB/s of one core, best of several rounds.
//!
//! `cargo bench --bench extract` measures messages made here, like those of
//! cases b, c and d of a mail filter rig (HTML; a document; documents, a table
//! and a picture), and every file in `tests/fixtures/extract`. `cargo bench
//! --bench extract -- PATH…` measures real ones: `.eml` is a message, all else
//! a file. Beside a rig, give the corpus of a case: the figure is the part of
//! the filter's own time that reading takes, as the workers spend it.

#![expect(clippy::expect_used, reason = "a benchmark has nobody to tell")]

use std::{
    fs,
    hint::black_box,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::BASE64;
use rustix::time::{ClockId, clock_gettime};
use sluse::{base::limits::Limits, extract, model::Kind};

fn main() {
    let paths: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter(|argument| !argument.to_string_lossy().starts_with("--"))
        .map(PathBuf::from)
        .collect();
    if !paths.is_empty() {
        real(&paths);
        return;
    }
    let mut random = Random(4711);
    println!("{:28} {:>9} {:>9} {:>9}", "", "KB", "ms", "MB/s");
    let b = html_message(&mut random);
    measure("b: HTML", Kind::Message, &[b]);
    let docx = document(&mut random, 180_000);
    let pdf = pages(&mut random, 400_000);
    measure("c: docx", Kind::Message, &[with_files(&mut random, &[("a.docx", &docx)])]);
    measure("c: pdf", Kind::Message, &[with_files(&mut random, &[("a.pdf", &pdf)])]);
    let docx = document(&mut random, 600_000);
    let pdf = pages(&mut random, 900_000);
    let table = words(&mut random, 500_000).into_bytes();
    let picture = [b"\x89PNG\r\n\x1A\n", &random.bytes(2_300_000)[..]].concat();
    let files: [(&str, &[u8]); 4] =
        [("a.docx", &docx), ("b.pdf", &pdf), ("c.csv", &table), ("d.png", &picture)];
    measure("d: docx, pdf, csv, png", Kind::Message, &[with_files(&mut random, &files)]);
    let mut fixtures: Vec<PathBuf> = fs::read_dir(Path::new(FIXTURES))
        .expect("the fixtures are in the repository")
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    fixtures.sort();
    for path in fixtures {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        measure(&name, kind(&path), &[fs::read(&path).expect("a fixture can be read")]);
    }
}

/// One line for all messages together and one for all files together.
fn real(paths: &[PathBuf]) {
    println!("{:28} {:>9} {:>9} {:>9}", "", "KB", "ms", "MB/s");
    for (name, wanted) in [("messages", Kind::Message), ("files", Kind::File)] {
        let of_kind = paths.iter().filter(|path| kind(path) == wanted);
        let all: Vec<Vec<u8>> =
            of_kind.map(|path| fs::read(path).expect("a path given can be read")).collect();
        if !all.is_empty() {
            measure(&format!("{} {name}, each", all.len()), wanted, &all);
        }
    }
}

fn kind(path: &Path) -> Kind {
    if path.extension().is_some_and(|it| it == "eml") { Kind::Message } else { Kind::File }
}

fn measure(name: &str, kind: Kind, all: &[Vec<u8>]) {
    let limits = Limits::default();
    let size: usize = all.iter().map(Vec::len).sum();
    let mut best = f64::MAX;
    let start = processor_time();
    let mut rounds = 0;
    while rounds < 3 || (rounds < 200 && processor_time() - start < ENOUGH) {
        let before = processor_time();
        for bytes in all {
            black_box(extract::read(kind, "file", black_box(bytes), &limits));
        }
        best = best.min((processor_time() - before).as_secs_f64());
        rounds += 1;
    }
    let count = all.len() as f64;
    println!(
        "{name:28} {:9.1} {:9.3} {:9.0}",
        size as f64 / count / 1e3,
        best / count * 1e3,
        size as f64 / best / 1e6
    );
}

/// Of this process: other work on the machine does not count.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn html_message(random: &mut Random) -> Vec<u8> {
    let text = words(random, 6000);
    let mut html = String::from("<html><head><style>p{margin:0}</style></head><body>");
    for line in text.lines() {
        html.push_str("<p class=3D\"MsoNormal\"><span style=3D\"font-size:11.0pt\">");
        html.push_str(line);
        html.push_str("</span></p>\r\n");
    }
    let part = |subtype: &str, content: &str| {
        format!(
            "--=b\r\nContent-Type: text/{subtype}; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n{content}\r\n"
        )
    };
    let plain = part("plain", &text.replace('\n', "\r\n"));
    let html = part("html", &html);
    format!(
        "{HEAD}Content-Type: multipart/alternative; boundary=\"=b\"\r\n\r\n{plain}{html}--=b--\r\n"
    )
    .into_bytes()
}

fn with_files(random: &mut Random, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut message = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=\"=b\"\r\n\r\n\
         --=b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        words(random, 1500).replace('\n', "\r\n")
    );
    for (name, bytes) in files {
        message.push_str(&format!(
            "--=b\r\nContent-Type: application/octet-stream\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
        ));
        for line in BASE64.encode(bytes).as_bytes().chunks(76) {
            message.push_str(&String::from_utf8_lossy(line));
            message.push_str("\r\n");
        }
    }
    message.push_str("--=b--\r\n");
    message.into_bytes()
}

/// A docx with `size` bytes of text, and a picture.
fn document(random: &mut Random, size: usize) -> Vec<u8> {
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document><w:body>");
    for line in words(random, size).lines() {
        body.push_str("<w:p><w:pPr><w:rPr><w:lang w:val=\"nb-NO\"/></w:rPr></w:pPr><w:r>");
        body.push_str("<w:t xml:space=\"preserve\">");
        body.push_str(line);
        body.push_str("</w:t></w:r></w:p>");
    }
    body.push_str("</w:body></w:document>");
    let picture = [b"\xFF\xD8\xFF\xE0", &random.bytes(size / 3)[..]].concat();
    let members: [(&str, &[u8]); 3] = [
        ("[Content_Types].xml", b"<?xml version=\"1.0\"?><Types/>"),
        ("word/document.xml", body.as_bytes()),
        ("word/media/image1.jpeg", &picture),
    ];
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .and_then(|()| Ok(archive.write_all(bytes)?))
            .expect("memory can be written to");
    }
    archive.finish().expect("memory can be written to").into_inner()
}

/// A pdf with `size` bytes of text, 45 lines a page.
fn pages(random: &mut Random, size: usize) -> Vec<u8> {
    let text = words(random, size);
    let lines: Vec<&str> = text.lines().collect();
    let mut file = b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n\
        3 0 obj << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> \
        endobj\n"
        .to_vec();
    let mut kids = String::new();
    for (number, page) in lines.chunks(45).enumerate() {
        let (page_id, content_id) = (4 + 2 * number, 5 + 2 * number);
        kids.push_str(&format!("{page_id} 0 R "));
        let mut content = b"BT /F1 10 Tf 50 780 Td 14 TL\n".to_vec();
        for line in page {
            content.push(b'(');
            // Letters above ASCII are one byte here.
            content.extend(line.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')));
            content.extend_from_slice(b") '\n");
        }
        content.extend_from_slice(b"ET");
        let packed = deflated(&content);
        let objects = format!(
            "{page_id} 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources \
             << /Font << /F1 3 0 R >> >> /Contents {content_id} 0 R >> endobj\n\
             {content_id} 0 obj << /Length {} /Filter /FlateDecode >>\nstream\n",
            packed.len()
        );
        file.extend_from_slice(objects.as_bytes());
        file.extend_from_slice(&packed);
        file.extend_from_slice(b"\nendstream endobj\n");
    }
    let end = format!(
        "2 0 obj << /Type /Pages /Kids [{kids}] >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
    );
    file.extend_from_slice(end.as_bytes());
    file
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}

/// Words in lines of about 70, with a number here and there.
fn words(random: &mut Random, size: usize) -> String {
    let mut text = String::with_capacity(size + 80);
    let mut line = 0;
    while text.len() < size {
        let before = text.len();
        match random.below(30) {
            0 => text.push_str(&format!("{:02}.{:02}.2026", random.below(31), random.below(12))),
            _ => text.push_str(WORDS[random.below(WORDS.len() as u64) as usize]),
        }
        line += text.len() - before + 1;
        text.push(if line > 70 { '\n' } else { ' ' });
        line = if line > 70 { 0 } else { line };
    }
    text
}

/// xorshift, the same at every start.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.below(1 << 20) & 0xFF) as u8).collect()
    }
}

/// What all rounds of one line take.
const ENOUGH: Duration = Duration::from_millis(400);
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/extract");
const HEAD: &str = "From: Kari <kari@cpm.example>\r\nTo: Ola <ola@partner.example>\r\n\
    Subject: rapport\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
    Message-ID: <1@cpm.example>\r\nMIME-Version: 1.0\r\n";
const WORDS: [&str; 16] = [
    "og",
    "på",
    "møtet",
    "avdelingen",
    "vi",
    "søknaden",
    "ikke",
    "år",
    "behandling",
    "er",
    "å",
    "vedlagt",
    "hilsen",
    "informasjon",
    "barnehagen",
    "fylkeskommunen",
];
