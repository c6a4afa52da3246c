//! Whole messages, from bytes to text and gaps.

use std::{fs, path::Path};

use super::{is_plain_message, read};
use crate::{
    base::limits::Limits,
    model::{Extraction, Fragment, GapKind, Kind, Proof, Surface},
};

#[test]
fn a_number_in_a_cell_has_its_cell_and_heading() {
    let read = fixture("numeric-cells");
    let sheet = holding(&read, "28839436361");
    let at = u32::try_from(sheet.text.find("28839436361").unwrap()).unwrap();
    let mark = sheet.marks.iter().find(|mark| mark.start == at).unwrap();
    assert_eq!((sheet.surface, &*mark.name), (Surface::Cell, "B2"));
    assert_eq!(sheet.headings[mark.heading.unwrap() as usize], "fnr");
    assert!(sheet.path.to_string().starts_with("message > liste.xlsx > "));
}

#[test]
fn runs_of_a_document_are_joined() {
    let read = fixture("docx-runs");
    let document = holding(&read, "06888123391");
    assert_eq!(document.path.to_string(), "message > notat.docx");
    assert!(document.marks.iter().any(|mark| mark.name.starts_with("paragraph ")));
    assert!(read.gaps.is_empty());
}

#[test]
fn a_missing_end_costs_nothing() {
    holding(&fixture("no-closing-boundary"), "18889618953");
}

#[test]
fn two_encodings_are_both_tried_and_told() {
    let read = fixture("two-encodings");
    holding(&read, "21848331543");
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous));
}

#[test]
fn blank_lines_before_the_head_hide_nothing() {
    let head = "From: a@b.example\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n";
    for blanks in ["\r\n", "\n\n", " \r\n", "\t", "\0", "From a@b.example Mon\r\n\r\n"] {
        holding(
            &message(format!("{blanks}{head}\r\nZm5yIDIyODM2MDE0Mjcx\r\n").as_bytes()),
            "22836014271",
        );
    }
}

#[test]
fn a_charset_counts_for_files_that_are_no_text_too() {
    let ebcdic = "=86=95=99=40=f2=f2=f8=f3=f6=f0=f1=f4=f2=f7=f1=25=81=81=81=81=81";
    for charset in ["cp500", "\"IBM037\""] {
        for name in ["image/png", "application/octet-stream"] {
            let text = format!(
                "Content-Type: {name}; charset={charset}\r\n\
                 Content-Transfer-Encoding: quoted-printable\r\n\r\n{ebcdic}\r\n"
            );
            holding(&message(text.as_bytes()), "fnr 22836014271");
        }
    }
}

#[test]
fn a_false_mark_hides_no_charset() {
    let head = "Content-Type: text/plain; charset=cp037\r\nContent-Transfer-Encoding: base64";
    let text = format!("{head}\r\n\r\n//7icJKFmYWVekCXhZmilpWVpJSUhZlA8fn58PP28Pn2+fFL\r\n");
    holding(&message(text.as_bytes()), "personnummer 19903609691");
    let ascii = b"Content-Type: text/plain; charset=cp037\r\n\r\n\xFF\xFEfnr 22836014271 a\r\n";
    holding(&message(ascii), "fnr 22836014271");
}

#[test]
fn what_stands_between_a_return_and_a_line_feed_splits_no_number() {
    let head = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain\r\n";
    for tail in ["\"", "xyz", " 7 "] {
        let text = format!("{head}\r\nfnr 2283=\r\n60=\r{tail}\n14271\r\n");
        holding(&message(text.as_bytes()), "fnr 22836014271");
    }
}

#[test]
fn two_equal_signs_hide_no_digits() {
    let head = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain\r\n";
    holding(&message(format!("{head}\r\nfnr ==22836014271\r\n").as_bytes()), "fnr 22836014271");
}

#[test]
fn a_nul_splits_no_escape_and_no_number() {
    let head = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html\r\n";
    for text in ["fnr 2283=\0\r\n6014271", "fnr 2283=3\x006014271", "fnr 228\x0036014271"] {
        holding(&message(format!("{head}\r\n<p>{text}</p>\r\n").as_bytes()), "fnr 22836014271");
    }
}

#[test]
fn a_file_name_in_another_field_is_read() {
    let head = "Content-Type: text/plain; charset=utf-8Content-Disposition: attachment;\r\n";
    let name = " filename*1=\"836014271.txt\";\r\n filename*0=\"fnr 22\"\r\n";
    let read = message(format!("{head}{name}\r\nHei\r\n").as_bytes());
    assert_eq!(holding(&read, "fnr 22836014271").surface, Surface::FileName);
}

#[test]
fn comments_of_html_split_no_number_in_damaged_text() {
    let text = "Subject: x\r\n\r\n\u{fc}p>fnr 228360<!-- x -->14271 <7p>\r\n";
    holding(&message(text.as_bytes()), "fnr 22836014271");
}

#[test]
fn quoted_printable_under_base64_is_read() {
    let text = data_encoding::BASE64.encode(b"fnr 228=33=36014271");
    let raw = format!("Content-Transfer-Encoding: base64\r\n\r\n{text}\r\n");
    let read = message(raw.as_bytes());
    assert!(read.fragments.iter().any(|fragment| fragment.text.contains("fnr 22836014271")));
}

#[test]
fn tags_of_enriched_text_part_no_number() {
    let raw = b"Content-Type: text/enriched\r\n\r\nfnr 228<bold>36014</bold>271<nl>1<x>2\r\n";
    let read = message(raw);
    let has = |text: &str| read.fragments.iter().any(|fragment| fragment.text.contains(text));
    assert!(has("fnr 22836014271\n") && has("1<x>2"));
}

#[test]
fn quoted_printable_without_its_label_is_read() {
    holding(&message(b"Subject: x\r\n\r\nfnr 228360=\r\n14271\r\n"), "fnr 22836014271");
}

#[test]
fn parts_without_a_multipart_are_read() {
    let body = "--a\r\nContent-Transfer-Encoding: BASE64\r\n\r\nZm5yID@@IyODM2@@MDE0Mjcx\r\n--a--";
    holding(&message(format!("Subject: x\r\n\r\n{body}\r\n").as_bytes()), "fnr 22836014271");
}

#[test]
fn quotes_in_a_name_split_no_number() {
    holding(
        &message(b"To: \"fnr 2283\"60 142\" \"71\" <a@b.example>\r\n\r\nHei\r\n"),
        "fnr 228360 14271",
    );
}

#[test]
fn comments_in_a_field_split_no_number() {
    holding(&message(b"Reply-To: fnr 2283(x)6014271\r\n\r\nHei\r\n"), "fnr 22836014271");
    holding(
        &message(b"To: \"fnr 2283\" \"60 14271\" <a@b.example>\r\n\r\nHei\r\n"),
        "228360 14271",
    );
}

#[test]
fn a_blank_line_in_the_head_hides_nothing() {
    let raw = b"Subject: Hei\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        Zm5yIDIyODM2MDE0Mjcx\r\n--b--\r\n";
    let read = message(raw);
    holding(&read, "fnr 22836014271");
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous));
}

#[test]
fn a_blank_line_before_the_head_that_counts_hides_nothing() {
    let zip = "77u/UEsDBBQAAAAAAAAAIQA8IU4V";
    let read = message(
        format!(
            "Message-ID: <a@b.example>\r\n\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\
             MIME-Version: 1.0\r\nContent-Type: application/zip\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{zip}\r\n"
        )
        .as_bytes(),
    );
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous), "{:?}", read.gaps);
    let quoted = "Content-Type: text/plain\r\n\r\nFra: Ola\r\nContent-Type: text/html\r\n";
    assert!(message(quoted.as_bytes()).gaps.is_empty());
}

#[test]
fn parts_of_a_misspelt_multipart_are_told() {
    for main in [":multipart/mixed", "multipart-mixed", "\u{b7}multipart/mixed", "application/x"] {
        let part = "--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                    personnummer 228360=C2=A014271.\r\n--b--\r\n";
        let of = |boundary: &str| {
            message(format!("Content-Type:{main}; boundary={boundary}\r\n\r\n{part}").as_bytes())
        };
        let told = |read: &Extraction| read.gaps.iter().any(|g| g.kind == GapKind::Ambiguous);
        assert!(told(&of("b")) && !told(&of("c")), "{main:?}");
    }
}

#[test]
fn a_part_ends_where_the_outer_one_goes_on() {
    let raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
        Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\
        Content-Type: application/octet-stream\r\n\r\nLogo\r\n--a\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nZm5yIDIyODM2MDE0Mjcx\r\n--a--\r\nHei\r\n";
    let read = message(raw);
    holding(&read, "fnr 22836014271");
    assert!(read.fragments.iter().all(|fragment| !fragment.text.contains("--a")));
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
}

#[test]
fn a_message_file_may_begin_with_blank_lines() {
    let raw = b"Content-Type: application/octet-stream\r\n\r\n\r\nFrom: a@b.example\r\n\
        Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nZm5yIDIyODM2MDE0Mjcx\r\n";
    holding(&message(raw), "fnr 22836014271");
}

#[test]
fn a_part_behind_the_end_is_read_and_told() {
    let raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
        Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\nLogo\r\n--a--\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nfnr 2283601=34271\r\n--a--\r\n";
    let read = message(raw);
    holding(&read, "fnr 22836014271");
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous));
}

#[test]
fn a_head_behind_a_blank_line_shows_its_file_names() {
    let raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\
        Content-Disposition: attachment; filename*=utf-8''fnr%2022%3836014271\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\nHei\r\n--a--\r\n";
    holding(&message(raw), "fnr 22836014271");
}

#[test]
fn a_body_behind_a_second_head_in_a_text_is_decoded() {
    let mut raw = b"Content-Type: text/plain\r\n\r\nHei\r\n-)-x\r\n\r\nSubject: b\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    // `fnr 259137 07535`, two characters a line.
    for pair in b"Zm5yIDI1OTEzNyAwNzUzNQ==".chunks(2) {
        raw.extend_from_slice(pair);
        raw.extend_from_slice(b"\r\n");
    }
    holding(&message(&raw), "fnr 259137 07535");
}

#[test]
fn the_parts_of_a_file_that_should_be_a_multipart_show_their_file_names() {
    let raw = b"Content-Type: application/octet-stream\r\n\r\n--a\r\n\
        Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64\r\n\
        Content-Disposition: attachment; filename*0*=utf-8''fnr%20138278%20;\
        filename*01=\"30652.t\";filename*2*=xt\r\n\r\nTcO4dGV0IGVyIGZseXR0ZXQu\r\n\r\n--a--\r\n";
    holding(&message(raw), "fnr 138278 30652.txt");
}

#[test]
fn stray_escapes_hide_no_digits() {
    let raw = b"Content-Transfer-Encoding: quoted-printable\r\n\r\nfnr =?==?=22836014271\r\n";
    holding(&message(raw), "22836014271");
}

#[test]
fn a_file_that_the_directory_hides_is_read() {
    let read = fixture("zip-unlisted-file");
    holding(&read, "10844516342");
    assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous));
}

#[test]
fn encryption_is_proven_and_what_stands_beside_is_read() {
    let proven = GapKind::Encrypted(Proof::new("openpgp"));
    let sealed = fixture("pgp-mime");
    assert_eq!(sealed.gaps.iter().map(|gap| &gap.kind).collect::<Vec<_>>(), [&proven]);
    let beside = fixture("armour-then-text");
    assert!(beside.gaps.iter().any(|gap| gap.kind == proven));
    holding(&beside, "109077");
}

#[test]
fn the_label_of_a_signed_message_is_not_believed() {
    let read = fixture("signed-says-enveloped");
    holding(&read, "25854411058");
    assert!(read.gaps.is_empty());
}

#[test]
fn a_file_name_is_read_and_masked_in_paths() {
    let read = fixture("file-name");
    let name = holding(&read, "19850662455");
    assert_eq!(name.surface, Surface::FileName);
    assert!(!name.path.to_string().contains("19850662455"));
}

#[test]
fn ordinary_mail_has_no_gaps() {
    assert!(fixture("neutral").gaps.is_empty());
}

#[test]
fn every_header_field_is_read() {
    let raw =
        b"Subject: =?utf-8?Q?fnr_228360?=\r\n =?utf-8?Q?14271?=\r\nX-Unknown: sak 7\r\n\r\nHei\r\n";
    assert!(is_plain_message(raw));
    let read = message(raw);
    assert_eq!(holding(&read, "22836014271").path.to_string(), "message > Subject");
    assert_eq!(holding(&read, "sak 7").path.to_string(), "message > X-Unknown");
    assert_eq!(holding(&read, "Hei").path.to_string(), "message > body");
}

#[test]
fn what_stands_outside_all_parts_is_read() {
    let raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\nfnr 22836014271\r\n--b\r\n\r\nHei\r\n--b--\r\nsak 7\r\n";
    let read = message(raw);
    holding(&read, "22836014271");
    holding(&read, "sak 7");
    assert!(read.gaps.is_empty(), "{:?}", read.gaps);
}

#[test]
fn no_message_at_all_is_never_clean() {
    let read = message(b"fnr 22836014271");
    holding(&read, "22836014271");
    assert!(!read.gaps.is_empty());
}

#[test]
fn a_message_read_in_process_opens_no_container() {
    // Wrongly plain or not, a reading with closed containers leaves a gap.
    let limits = Limits::default();
    let mut walk = super::Walk::new(&limits, super::Containers::Closed);
    let path = crate::model::PartPath::root("x");
    super::content::read(&mut walk, &super::Place::new(path, Surface::FileText), b"PK\x03\x04rest");
    assert_eq!(walk.finish().gaps[0].kind, GapKind::Unknown);
}

#[test]
fn limits_become_gaps() {
    let small = Limits { message_bytes: 10, ..Limits::default() };
    let read = read(Kind::Message, "", b"Subject: too long\r\n\r\n", &small);
    assert_eq!(read.gaps[0].kind, GapKind::TooBig);
    let mut raw = b"Hei\r\n".to_vec();
    for _ in 0..50 {
        raw = [&b"Content-Type: message/rfc822\r\n\r\n"[..], &raw].concat();
    }
    assert!(message(&raw).gaps.iter().any(|gap| gap.kind == GapKind::TooDeep));
}

#[test]
fn a_body_that_is_only_text_gives_one_fragment() {
    let raw = b"Content-Type: text/plain; charset=utf-8\r\n\r\nfnr 22836014271\r\n";
    let read = message(raw);
    assert_eq!(read.fragments.iter().filter(|f| f.text.contains("22836014271")).count(), 1);
}

fn fixture(name: &str) -> Extraction {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/extract");
    message(&fs::read(path.join(name).with_extension("eml")).unwrap())
}

fn message(raw: &[u8]) -> Extraction {
    read(Kind::Message, "", raw, &Limits::default())
}

fn holding<'a>(read: &'a Extraction, text: &str) -> &'a Fragment {
    let found = read.fragments.iter().find(|fragment| fragment.text.contains(text));
    found.unwrap_or_else(|| panic!("not found in {:?}", read.fragments))
}
