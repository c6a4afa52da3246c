use super::*;
use crate::{
    base::limits::Limits,
    extract::walk::Containers,
    model::{Extraction, PartPath},
};

fn walked(bytes: &[u8]) -> Extraction {
    let mut walk = Walk::new(&Limits::default(), Containers::Opened);
    read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText), bytes);
    walk.finish()
}

/// The text at `path`.
fn text(bytes: &[u8], path: &str) -> String {
    let read = walked(bytes);
    let all = read.fragments.iter().filter(|fragment| fragment.path.to_string() == path);
    all.map(|fragment| fragment.text.as_str()).collect::<Vec<_>>().join("|")
}

#[test]
fn joins_a_number_whatever_splits_it() {
    for body in [
        "228360{\\b 14271}",
        "\\'32\\'32\\'38\\'33\\'36\\'30\\'31\\'34\\'32\\'37\\'31",
        "2\r\n2\r\n8\r\n3\r\n6\r\n0\r\n1\r\n4\r\n2\r\n7\r\n1",
        "22836\\u48?14271",
        "22836\\uc2\\u48\\'30\\'3014271",
        "22836{\\*\\bkmkstart 9}0{\\*\\unknown 77}14271",
        "22836{\\footnote 5}0\\-14271",
        "{\\upr{228}{\\*\\ud 22836014271}}",
        "{\\field{\\*\\fldinst HYPERLINK \"x\"}{\\fldrslt 22836014271}}",
    ] {
        let file = format!("{{\\rtf1\\ansi {body}}}");
        assert_eq!(text(file.as_bytes(), "x"), "22836014271", "{body}");
    }
}

#[test]
fn reads_letters_of_any_code_page() {
    assert_eq!(text(b"{\\rtf1\\ansi\\ansicpg1252 F\\'f8dt\\~i}", "x"), "Født\u{a0}i");
    let cyrillic = b"{\\rtf1{\\fonttbl{\\f0 A;}{\\f1\\fcharset204 B;}}\\f1\\'ef\\f0\\'ef}";
    assert_eq!(text(cyrillic, "x"), "пï");
    assert_eq!(text(b"{\\rtf1\\u-10179?\\u-8704?}", "x"), "\u{1F600}");
}

#[test]
fn keeps_hidden_text_apart_and_together() {
    let file = b"{\\rtf1 228360\\v 99\\v0 14271}";
    assert_eq!(text(file, "x"), "2283609914271|22836014271");
    assert_eq!(text(file, "x > hidden text").trim(), "99");
}

#[test]
fn reads_what_stands_beside_the_body() {
    let file = b"{\\rtf1{\\info{\\title Tittel 1}{\\author Per}}{\\header topp}\
        {\\*\\annotation merk}{\\shp{\\*\\shpinst{\\shptxt boks}}}\\trowd a\\cell b\\cell\\row}";
    assert_eq!(text(file, "x > properties"), "Tittel 1\nPer\n");
    assert_eq!(text(file, "x > headers"), "topp\n");
    assert_eq!(text(file, "x > comments"), "merk\n");
    assert_eq!(text(file, "x > text boxes"), "boks\n");
    assert_eq!(text(file, "x"), "a\tb\t\n");
}

#[test]
fn opens_objects() {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x} ")).collect::<String>();
    let object = hex(b"fnr 22836014271");
    let file = format!("{{\\rtf1{{\\object{{\\*\\objdata {object}}}}}}}");
    assert_eq!(text(file.as_bytes(), "x > object 1"), "fnr 22836014271");
    let raw = b"{\\rtf1{\\object{\\*\\objdata\\bin15 fnr 22836014271}}}";
    assert_eq!(text(raw, "x > object 1"), "fnr 22836014271");
}

#[test]
fn ends_where_it_must() {
    assert_eq!(text(b"{\\rtf1 a}22836014271", "x > after the end"), "22836014271");
    assert_eq!(text(b"{\\rtf1 {a", "x"), "a");
    let twice = b"{\\rtf1 a}}{\\rtf1 228360\\b 14271}";
    assert_eq!(walked(twice).gaps[0].kind, GapKind::Ambiguous);
    let deep = [b"{\\rtf1 ".as_slice(), &b"{".repeat(100_000), b"22836014271"].concat();
    let read = walked(&deep);
    assert_eq!(read.gaps[0].kind, GapKind::TooDeep);
    assert_eq!(read.fragments[0].text, "22836014271");
}
