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

/// A compound file with these streams.
fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    for (path, bytes) in streams {
        let storage = std::path::Path::new(path).parent().unwrap();
        file.create_storage_all(storage).unwrap();
        file.create_stream(path).unwrap().write_all(bytes).unwrap();
    }
    file.into_inner().into_inner()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn all_text(read: &Extraction) -> String {
    read.fragments
        .iter()
        .map(|fragment| format!("{}: {}\n", fragment.path, fragment.text))
        .collect()
}

#[test]
fn tells_a_password_from_the_one_that_excel_tries() {
    let sealed = walked(include_bytes!("../../../tests/fixtures/extract/e12.xlsx"));
    assert_eq!(sealed.gaps[0].kind, GapKind::Encrypted(Proof::new("office-aes256")));
    assert_eq!(sealed.gaps.len(), 1);
    let open = walked(include_bytes!("../../../tests/fixtures/extract/e14_velvet.xlsx"));
    assert!(open.gaps.is_empty());
    assert!(all_text(&open).contains("15928526523"));
}

#[test]
fn does_not_believe_in_a_package_that_lies_open() {
    let info: &[u8] = b"\x04\0\x04\0\x40\0\0\0<encryption/>";
    let open = [&20_u64.to_le_bytes()[..], b"fnr 22836014271     "].concat();
    let read = walked(&compound(&[("/EncryptionInfo", info), ("/EncryptedPackage", &open)]));
    assert_eq!(read.gaps[0].kind, GapKind::Ambiguous);
    assert!(all_text(&read).contains("22836014271"));
    let zeros = [&64_u64.to_le_bytes()[..], &[0; 64]].concat();
    let read = walked(&compound(&[("/EncryptionInfo", info), ("/EncryptedPackage", &zeros)]));
    let damaged = GapKind::WeakEncryption(Proof::new("office-damaged"));
    assert_eq!(read.gaps[0].kind, damaged);
}

#[test]
fn reads_all_sheets_and_what_their_formats_show() {
    let read = walked(include_bytes!("../../../tests/fixtures/extract/hidden-sheet.xls"));
    let sheet = |path: &str| {
        read.fragments.iter().find(|fragment| fragment.path.to_string() == path).unwrap()
    };
    assert_eq!(sheet("x > Åpent").text, "Navn\tFødselsnummer\nOla Eksempel\t05926044798");
    assert_eq!(sheet("x > Skjult").text, "Navn\tFødselsnummer\nOla Eksempel\t22836014271");
    assert_eq!(sheet("x > Skjult").headings[1], "Fødselsnummer");
    assert!(read.gaps.is_empty());
}

#[test]
fn reads_an_outlook_item_with_its_attachments() {
    let attached = "/__attach_version1.0_#00000000/__substg1.0_";
    let inner = "/__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_0037001F";
    let read = walked(&compound(&[
        ("/__substg1.0_0037001F", &wide("Emne")),
        ("/__substg1.0_1000001F", &wide("Født 22836014271")),
        ("/__recip_version1.0_#00000000/__substg1.0_3001001F", &wide("Ola Eksempel")),
        (&format!("{attached}3707001F"), &wide("liste.txt")),
        (&format!("{attached}37010102"), b"fnr 05926044798 og mer"),
        (inner, &wide("Indre emne")),
    ]));
    let text = all_text(&read);
    for line in [
        "x > subject: Emne",
        "x > body: Født 22836014271",
        "x > recipient 1 > properties: Ola Eksempel",
        "x > liste.txt: fnr 05926044798 og mer",
        "x > attachment 2 > subject: Indre emne",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(read.gaps.is_empty());
}

#[test]
fn says_so_of_files_it_does_not_know() {
    let noise: Vec<u8> =
        (0..5000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let read = walked(&compound(&[("/Innhold", &noise)]));
    assert_eq!(read.gaps[0].kind, GapKind::Unknown);
    let read = walked(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 fnr 22836014271");
    assert_eq!(read.gaps[0].kind, GapKind::Broken);
    assert!(all_text(&read).contains("22836014271"));
}
