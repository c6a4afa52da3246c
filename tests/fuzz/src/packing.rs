//! Files that show a number to whoever opens them: plain formats, office
//! documents of the smallest sort, and archives around any of them.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};

use crate::{
    choice::Choice,
    page,
    plant::{Plant, filler},
};

/// A file as it is attached.
pub struct File {
    /// Its name.
    pub name: String,
    /// Its true type.
    pub mime: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A file that shows `plant`, if any, packed at most `depth` times.
pub fn file(choice: &mut Choice<'_>, plant: Option<&Plant>, depth: usize) -> File {
    if depth > 0 && choice.once_in(4) {
        let inner = file(choice, plant, depth - 1);
        return packed(choice, inner);
    }
    let sentence = plant.map(Plant::sentence).unwrap_or_else(|| "Ingenting her".into());
    let digits = plant.map(Plant::digits).unwrap_or_else(|| "42".into());
    let escaped = page::escape(&sentence);
    let (name, mime, text) = match choice.up_to(10) {
        0 => ("notat.txt", "text/plain", format!("{}\r\n{sentence}\r\n", filler(choice))),
        1 => ("side.html", "text/html", page::page(choice, plant)),
        2 => {
            let cut = choice.pick(&[";", ",", "\t"]);
            let text = format!("Navn{cut}Fødselsnummer\r\nA{cut}{digits}\r\n");
            ("liste.csv", "text/csv", text)
        }
        3 => {
            ("svar.json", "application/json", format!("{{\"a\": [1, {{\"fnr\": \"{digits}\"}}]}}"))
        }
        4 => ("svar.xml", "text/xml", format!("<?xml version=\"1.0\"?><a><b>{escaped}</b></a>")),
        5 => (
            "kort.vcf",
            "text/vcard",
            format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nNOTE:{sentence}\r\nEND:VCARD\r\n"),
        ),
        6 => (
            "mote.ics",
            "text/calendar",
            format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:{sentence}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            ),
        ),
        7 => ("notat.rtf", "application/rtf", rich_text(choice, &sentence)),
        8 => return document(choice, &escaped),
        9 => return sheet(choice, &escaped, &digits),
        _ => return open_document(choice, &escaped),
    };
    let bytes = match choice.up_to(5) {
        4 if mime == "text/plain" => wide(&text),
        5 if text.chars().all(|c| (c as u32) < 256) && mime.starts_with("text/p") => {
            text.chars().map(|c| c as u8).collect()
        }
        _ => text.into_bytes(),
    };
    File { name: name.into(), mime, bytes }
}

fn wide(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn rich_text(choice: &mut Choice<'_>, sentence: &str) -> String {
    let (escapes, groups) = (choice.pick(&[1000, 4, 1]), choice.pick(&[1000, 4]));
    let mut out = String::from("{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Arial;}}\\f0 ");
    for c in sentence.chars() {
        if choice.once_in(groups) {
            out += choice.pick(&["{\\b }", "\\i0 ", "{\\*\\x y}", "\r\n"]);
        }
        match c {
            c if !c.is_ascii() || choice.once_in(escapes) => {
                out += &format!("\\'{:02x}", c as u32 & 0xFF);
            }
            '\\' | '{' | '}' => out += &format!("\\{c}"),
            c => out.push(c),
        }
    }
    out + "\\par}"
}

/// A word processor document whose text may be cut into runs.
fn document(choice: &mut Choice<'_>, escaped: &str) -> File {
    let every = choice.pick(&[1000, 6, 2]);
    let mut runs = String::from("<w:r><w:t xml:space=\"preserve\">");
    for piece in pieces(choice, escaped, every) {
        runs += &piece;
        runs += "</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">";
    }
    let body = format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p>{runs}</w:t></w:r></w:p></w:body></w:document>"
    );
    let members = [
        (
            "[Content_Types].xml",
            types(
                "/word/document.xml",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            ),
        ),
        ("_rels/.rels", relations("word/document.xml")),
        ("word/document.xml", body),
    ];
    office(choice, "brev.docx", &members)
}

/// A workbook with the number in a cell: shared, inline or a number.
fn sheet(choice: &mut Choice<'_>, escaped: &str, digits: &str) -> File {
    let cell = match choice.up_to(2) {
        0 => "<c r=\"B2\" t=\"s\"><v>0</v></c>".to_owned(),
        1 => format!("<c r=\"B2\" t=\"inlineStr\"><is><t>{escaped}</t></is></c>"),
        _ => format!("<c r=\"B2\"><v>{digits}</v></c>"),
    };
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let members = [
        (
            "[Content_Types].xml",
            types(
                "/xl/workbook.xml",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            ),
        ),
        ("_rels/.rels", relations("xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Ark1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relations("worksheets/sheet1.xml")),
        ("xl/sharedStrings.xml", format!("<sst xmlns=\"{MAIN}\"><si><t>{escaped}</t></si></sst>")),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "<worksheet xmlns=\"{MAIN}\"><sheetData><row r=\"2\">{cell}</row></sheetData></worksheet>"
            ),
        ),
    ];
    office(choice, "liste.xlsx", &members)
}

fn open_document(choice: &mut Choice<'_>, escaped: &str) -> File {
    let every = choice.pick(&[1000, 5]);
    let spans = pieces(choice, escaped, every).join("</text:span><text:span>");
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:text><text:p><text:span>{spans}</text:span></text:p></office:text></office:body></office:document-content>"
    );
    let members = [
        ("mimetype", "application/vnd.oasis.opendocument.text".to_owned()),
        ("content.xml", content),
    ];
    office(choice, "brev.odt", &members)
}

/// The text in pieces, entities left whole.
fn pieces(choice: &mut Choice<'_>, escaped: &str, every: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut entity = false;
    for c in escaped.chars() {
        if !entity && choice.once_in(every) {
            pieces.push(String::new());
        }
        entity = (entity || c == '&') && c != ';';
        pieces.last_mut().expect("never empty").push(c);
    }
    pieces
}

fn types(part: &str, content: &str) -> String {
    format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"{part}\" ContentType=\"{content}\"/></Types>"
    )
}

fn relations(target: &str) -> String {
    let sort = if target.starts_with("work") { "worksheet" } else { "officeDocument" };
    format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{sort}\" Target=\"{target}\"/></Relationships>"
    )
}

fn office(choice: &mut Choice<'_>, name: &str, members: &[(&str, String)]) -> File {
    let members: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let squeeze = !choice.once_in(2);
    File { name: name.into(), mime: OCTETS, bytes: zip(&members, squeeze) }
}

/// An archive around a file.
fn packed(choice: &mut Choice<'_>, inner: File) -> File {
    let (ending, mime, bytes) = match choice.up_to(3) {
        0 => (".gz", "application/gzip", gzip(&inner.bytes)),
        1 => (".tar", "application/x-tar", tar(&inner.name, &inner.bytes)),
        2 => (".tgz", "application/gzip", gzip(&tar(&inner.name, &inner.bytes))),
        _ => {
            let other = ("les.txt", &b"Se den andre filen."[..]);
            let own = (inner.name.as_str(), &inner.bytes[..]);
            let members = if choice.once_in(2) { vec![other, own] } else { vec![own, other] };
            (".zip", "application/zip", zip(&members, choice.once_in(2)))
        }
    };
    File { name: format!("{}{ending}", inner.name), mime, bytes }
}

/// A ZIP archive of `members`, stored or deflated.
pub fn zip(members: &[(&str, &[u8])], squeeze: bool) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let packed = if squeeze { deflate(bytes) } else { bytes.to_vec() };
        let mut entry = Vec::new();
        entry.extend([20, 0, 0, 0, if squeeze { 8 } else { 0 }, 0, 0, 0, 0x21, 0x58]);
        entry.extend(crc32fast::hash(bytes).to_le_bytes());
        entry.extend((packed.len() as u32).to_le_bytes());
        entry.extend((bytes.len() as u32).to_le_bytes());
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&entry);
        directory.extend([0; 10]);
        directory.extend((out.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(entry);
        out.extend(name.as_bytes());
        out.extend(packed);
    }
    let (start, length) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(
        [(members.len() as u16).to_le_bytes(), (members.len() as u16).to_le_bytes()].concat(),
    );
    out.extend(length.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    out.extend(deflate(bytes));
    out.extend(crc32fast::hash(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    let mut put = |at: usize, text: &[u8]| head[at..at + text.len()].copy_from_slice(text);
    put(0, &name.as_bytes()[..name.len().min(99)]);
    put(100, b"0000644\0000000000\0000000000\0");
    put(124, format!("{:011o}\0", bytes.len()).as_bytes());
    put(136, b"00000000000\0        0");
    put(257, b"ustar\x0000");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut out = head.to_vec();
    out.extend(bytes);
    out.resize(out.len().next_multiple_of(512) + 1024, 0);
    out
}

/// The members that `bytes` are, apart by `apart`: a name on the first line,
/// then the content. At most forty.
pub fn members<'a>(bytes: &'a [u8], apart: &[u8]) -> Vec<(String, &'a [u8])> {
    let mut members = Vec::new();
    let mut rest = Some(bytes);
    while let Some(from) = rest.filter(|_| members.len() < 40) {
        let end = from.windows(apart.len()).position(|window| window == apart);
        let member = &from[..end.unwrap_or(from.len())];
        rest = end.and_then(|end| from.get(end + apart.len()..));
        let newline = member.iter().position(|byte| *byte == b'\n').unwrap_or(member.len());
        let (name, content) = member.split_at(newline);
        let name = String::from_utf8_lossy(name.get(..80).unwrap_or(name)).into_owned();
        members.push((name, content.get(1..).unwrap_or_default()));
    }
    members
}

/// The type that says nothing.
pub const OCTETS: &str = "application/octet-stream";
