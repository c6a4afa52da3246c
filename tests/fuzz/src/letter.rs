//! Messages by grammar: any mail program shows the reader the number in them.
//!
//! What is chosen: where the number stands, the nesting of parts, charset and
//! transfer encoding of each, and the way each header field is written. All of
//! it is valid or so common that programs agree about it.

use crate::{
    choice::Choice,
    coding::{self, Coded},
    packing::{self, File},
    page,
    plant::{Plant, filler},
};

/// A message that shows `plant` to its reader.
pub struct Letter {
    /// The message.
    pub bytes: Vec<u8>,
    /// What it shows.
    pub plant: Plant,
}

impl Letter {
    /// Writes a message by the choices made.
    pub fn new(choice: &mut Choice<'_>) -> Self {
        let plant = Plant::new(choice);
        let in_head = choice.once_in(5);
        let depth = choice.up_to(3);
        let body = entity(choice, depth, (!in_head).then_some(&plant));
        let bytes = message(choice, in_head.then_some(&plant), body);
        let bytes = if choice.once_in(4) { with_bare_lines(&bytes) } else { bytes };
        Self { bytes, plant }
    }
}

/// A part of a message: fields and a body.
struct Entity {
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Entity {
    /// Writes the part with its fields in some order and case.
    fn write(mut self, choice: &mut Choice<'_>, out: &mut Vec<u8>) {
        if self.fields.len() > 1 && choice.once_in(3) {
            self.fields.reverse();
        }
        for (name, value) in self.fields {
            let name = coding::shouted(choice, name);
            let gap = choice.pick(&[": ", ":", ":  ", ":\t"]);
            out.extend(format!("{name}{gap}{value}\r\n").into_bytes());
        }
        out.extend(b"\r\n");
        out.extend(self.body);
    }
}

/// The whole message around its body.
fn message(choice: &mut Choice<'_>, plant: Option<&Plant>, mut body: Entity) -> Vec<u8> {
    let shown = plant.map(Plant::sentence);
    let spot = choice.up_to(5);
    let mut field = |at: usize, usual: &str| match &shown {
        Some(sentence) if at == spot => coding::header_value(choice, sentence),
        _ => usual.to_owned(),
    };
    let from = match (&shown, spot) {
        (Some(_), 1) => format!("{} <a@cpm.example>", field(1, "").replace('@', "")),
        _ => "Post <post@cpm.example>".to_owned(),
    };
    let from = match plant {
        Some(plant) if spot == 1 && plant.written.is_ascii() && from.contains('.') => {
            format!("\"{}\" <a@cpm.example>", plant.written)
        }
        _ => from,
    };
    let mut fields = vec![("From", from), ("Subject", field(0, "Hei"))];
    fields.push(("To", "ola@partner.example".into()));
    for (at, name) in [(2, "Comments"), (3, "Keywords"), (4, "X-Note"), (5, "Thread-Topic")] {
        if shown.is_some() && spot == at {
            fields.push((name, field(at, "")));
        }
    }
    if !choice.once_in(4) {
        fields.push(("MIME-Version", choice.pick(&["1.0", "1.0 (x)", " 1.0"]).into()));
    }
    if choice.once_in(3) {
        let line = "from mx by example.org; Mon, 23 Nov 2026 10:00:00 +0100";
        fields.insert(0, ("Received", line.into()));
    }
    fields.append(&mut body.fields);
    let mut out = Vec::new();
    Entity { fields, body: body.body }.write(choice, &mut out);
    out
}

/// A part that shows `plant`, if any, nested at most `depth` deep.
fn entity(choice: &mut Choice<'_>, depth: usize, plant: Option<&Plant>) -> Entity {
    match choice.up_to(if depth == 0 { 3 } else { 8 }) {
        0 | 1 => plain(choice, plant),
        2 => markup(choice, plant),
        3 => attachment(choice, plant),
        4 => enclosed(choice, depth, plant),
        _ => multipart(choice, depth, plant),
    }
}

fn plain(choice: &mut Choice<'_>, plant: Option<&Plant>) -> Entity {
    let sentence = plant.map(Plant::sentence).unwrap_or_else(|| "Alt vel".into());
    let (before, after) = (filler(choice), filler(choice));
    let text = match choice.up_to(7) {
        7 => format!(
            "-----BEGIN PGP MESSAGE-----\r\n\r\n{sentence}\r\n-----END PGP MESSAGE-----\r\n{after}"
        ),
        6 => format!("> {before}\r\n>> {sentence}\r\n{after}\r\n"),
        _ => format!("{before}\r\n{sentence}\r\n{after}\r\n"),
    };
    let coded = coding::charset(choice, &text);
    let flowed = choice.pick(&["", "", "; format=flowed", "; FORMAT=Flowed; delsp=no"]);
    text_part(choice, "text/plain", coded, flowed)
}

fn markup(choice: &mut Choice<'_>, plant: Option<&Plant>) -> Entity {
    let text = page::page(choice, plant);
    let coded = coding::charset(choice, &text);
    text_part(choice, "text/html", coded, "")
}

fn text_part(choice: &mut Choice<'_>, main: &str, coded: Coded, more: &str) -> Entity {
    let (body, transfer) = coding::transfer(choice, &coded);
    let unlabelled = coded.charset.is_none() && main == "text/plain" && choice.once_in(2);
    let mut fields = Vec::new();
    if !unlabelled {
        let main = coding::shouted(choice, main);
        let charset = coded.charset.map(|charset| {
            let gap = choice.pick(&["; ", ";", ";\r\n ", ";\r\n\t", " ; "]);
            let value = coding::shouted(choice, charset);
            let quoted = choice.once_in(2);
            let value = if quoted { format!("\"{value}\"") } else { value };
            format!("{gap}{}={value}", coding::shouted(choice, "charset"))
        });
        fields.push(("Content-Type", format!("{main}{}{more}", charset.unwrap_or_default())));
    }
    transfer_field(choice, &mut fields, transfer);
    if choice.once_in(6) {
        fields.push(("Content-Disposition", "inline".into()));
    }
    Entity { fields, body }
}

fn transfer_field(
    choice: &mut Choice<'_>,
    fields: &mut Vec<(&'static str, String)>,
    transfer: Option<&str>,
) {
    if let Some(transfer) = transfer {
        let value = coding::shouted(choice, transfer);
        let blank = choice.pick(&["", "", " ", "\t"]);
        fields.push(("Content-Transfer-Encoding", format!("{value}{blank}")));
    }
}

/// A file; its name may be what shows the number.
fn attachment(choice: &mut Choice<'_>, plant: Option<&Plant>) -> Entity {
    let in_name = plant.filter(|_| choice.once_in(4));
    let in_file = plant.filter(|_| in_name.is_none());
    let File { mut name, mime, bytes } = packing::file(choice, in_file, 2);
    if let Some(plant) = in_name {
        name = format!("fnr {}.{}", plant.written.replace('.', " "), choice.pick(&["pdf", "txt"]));
    }
    let mime = match choice.up_to(5) {
        0 | 1 => packing::OCTETS,
        2 => "application/x-unknown",
        3 => "image/png",
        4 => "application/pdf",
        _ => mime,
    };
    let mut kind = mime.to_owned();
    let mut disposition = choice.pick(&["attachment", "Attachment", "inline"]).to_owned();
    let in_kind = choice.once_in(4);
    let shown = if choice.once_in(5) {
        coding::quoted_encoded_word(choice, if in_kind { "name" } else { "filename" }, &name)
    } else {
        coding::parameter(choice, if in_kind { "name" } else { "filename" }, &name)
    };
    let gap = choice.pick(&["; ", ";\r\n ", ";", ";\r\n\t"]);
    let field = if in_kind { &mut kind } else { &mut disposition };
    field.push_str(gap);
    field.push_str(&shown);
    let body = coding::base64(choice, &bytes);
    let mut fields = vec![("Content-Type", kind)];
    if !in_kind || choice.once_in(2) {
        fields.push(("Content-Disposition", disposition));
    }
    transfer_field(choice, &mut fields, Some("base64"));
    Entity { fields, body }
}

/// A message inside the message.
fn enclosed(choice: &mut Choice<'_>, depth: usize, plant: Option<&Plant>) -> Entity {
    let in_head = choice.once_in(4);
    let (head, rest) = if in_head { (plant, None) } else { (None, plant) };
    let inner = entity(choice, depth - 1, rest);
    let body = message(choice, head, inner);
    let mut fields = vec![("Content-Type", "message/rfc822".to_owned())];
    if choice.once_in(3) {
        fields.push(("Content-Disposition", "attachment; filename=\"melding.eml\"".into()));
    }
    Entity { fields, body }
}

fn multipart(choice: &mut Choice<'_>, depth: usize, plant: Option<&Plant>) -> Entity {
    let boundary = choice.pick(BOUNDARIES);
    // No part may hold a delimiter of another.
    let boundary = format!("{boundary}{depth}");
    let kind = choice.pick(KINDS);
    let parts = choice.up_to(2) + 1;
    let planted = choice.up_to(parts - 1);
    let mut body = Vec::new();
    body.extend(
        choice.pick(&["", "This is a multi-part message in MIME format.\r\n", "\r\n"]).bytes(),
    );
    for part in 0..parts {
        let entity = entity(choice, depth - 1, plant.filter(|_| part == planted));
        let padding = choice.pick(&["", "", " ", "\t "]);
        body.extend(format!("--{boundary}{padding}\r\n").into_bytes());
        entity.write(choice, &mut body);
        if !body.ends_with(b"\r\n") || !choice.once_in(3) {
            body.extend(b"\r\n");
        }
    }
    if !choice.once_in(8) {
        body.extend(format!("--{boundary}--\r\n").into_bytes());
        body.extend(choice.pick(&["", "\r\n", "Slutt\r\n"]).bytes());
    }
    let quoted = choice.once_in(2) || boundary.contains(['=', ' ', '/', ':', '?']);
    let value = if quoted { format!("\"{boundary}\"") } else { boundary };
    let gap = choice.pick(&["; ", ";\r\n ", ";\r\n\t", ";"]);
    let name = coding::shouted(choice, "boundary");
    let more = choice.pick(&["", "; charset=utf-8", "; type=\"text/html\""]);
    let main = coding::shouted(choice, kind);
    let field = if choice.once_in(2) {
        format!("{main}{gap}{name}={value}{more}")
    } else {
        format!("{main}{more}{gap}{name}={value}")
    };
    Entity { fields: vec![("Content-Type", field)], body }
}

/// All line ends as single line feeds, as some programs store mail.
fn with_bare_lines(bytes: &[u8]) -> Vec<u8> {
    let pairs = bytes.iter().zip(bytes.iter().skip(1).chain([&0]));
    pairs.filter(|pair| *pair != (&b'\r', &b'\n')).map(|(byte, _)| *byte).collect()
}

const BOUNDARIES: &[&str] =
    &["=_x", "----=_NextPart_000_", "b", "0000000000", "a/b:c?d", "Apple-Mail-", "it's(ok)+_,-"];
const KINDS: &[&str] = &[
    "multipart/mixed",
    "multipart/alternative",
    "multipart/related",
    "multipart/report; report-type=delivery-status",
    "multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256",
    "multipart/encrypted; protocol=\"application/pgp-encrypted\"",
    "multipart/parallel",
    "multipart/x-unknown",
];
