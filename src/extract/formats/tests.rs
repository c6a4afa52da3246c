//! Holds the table against the code and the fixtures.

use std::{fs, path::Path};

use super::*;
use crate::{
    base::limits::Limits,
    extract::read,
    model::{Extraction, GapKind, Kind},
};

/// Does not compile when a format is new.
fn number_of(format: Format) -> usize {
    match format {
        Format::Ar
        | Format::Bmp
        | Format::Bzip2
        | Format::Cab
        | Format::Cms
        | Format::Compound
        | Format::Cpio
        | Format::Gif
        | Format::Gzip
        | Format::Heif
        | Format::Html
        | Format::Jpeg
        | Format::Lzip
        | Format::Lzma
        | Format::OpenPgp
        | Format::Pdf
        | Format::Png
        | Format::RObject
        | Format::Rar
        | Format::SevenZip
        | Format::Rtf
        | Format::Sqlite
        | Format::Tar
        | Format::Text
        | Format::Tiff
        | Format::Tnef
        | Format::Unknown
        | Format::Webp
        | Format::Xml
        | Format::Xz
        | Format::Zip
        | Format::Zstandard => format as usize,
    }
}

#[test]
fn each_fixture_is_told_and_read_as_its_row_says() {
    let mut tried = Vec::new();
    for entry in fs::read_dir(root().join("tests/fixtures/formats")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let id = name.split('.').next().unwrap();
        let known = KNOWN.iter().find(|known| known.id == id);
        let known = known.unwrap_or_else(|| panic!("{name} is in no row"));
        let bytes = fs::read(&path).unwrap();
        assert_eq!(sniff::format(&bytes), known.format, "{name}");
        check(&name, known, &read(Kind::File, &name, &bytes, &Limits::default()));
        tried.push(known.id);
    }
    for known in KNOWN {
        assert!(tried.contains(&known.id), "{}: no fixture", known.id);
    }
}

/// What is told to be read is; what is told to be a gap is one.
fn check(name: &str, known: &Known, read: &Extraction) {
    for fragment in &read.fragments {
        let expected = fragment.surface == Surface::FileName;
        assert!(expected || known.surfaces.contains(&fragment.surface), "{name}: {fragment:?}");
    }
    for proof in read.gaps.iter().filter_map(|gap| gap.kind.proof()) {
        let mut names = known.proofs.iter().chain(known.weak);
        assert!(names.any(|name| *name == proof.as_str()), "{name}: {proof:?}");
    }
    if known.gaps.starts_with("always") {
        assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Unknown), "{name}");
    } else if known.id == "sealed-office" {
        assert!(matches!(&read.gaps[..], [gap] if gap.kind.proof().is_some()), "{name}");
    } else {
        assert_eq!(read.gaps, [], "{name}");
        // Whoever takes plain runs out of any bytes has not read the format.
        let found = read.fragments.iter().any(|fragment| {
            let place = fragment.path.names();
            place.last().is_none_or(|last| *last != "strings") && has_number(&fragment.text)
        });
        assert!(found, "{name}: {:?}", read.fragments);
    }
}

fn has_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 11)
}

#[test]
fn each_format_that_is_told_apart_has_a_row() {
    let mut rows: Vec<usize> = KNOWN.iter().map(|known| number_of(known.format)).collect();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows, (0..=number_of(Format::Zstandard)).collect::<Vec<_>>());
}

/// Finds the names of proofs in the source.
#[test]
fn each_name_of_encryption_is_in_the_table() {
    let mut open = vec![root().join("src/extract")];
    let mut found = 0;
    let mut missing = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for name in
                text.split("Proof::new(\"").skip(1).filter_map(|rest| rest.split('"').next())
            {
                found += 1;
                let mut all = KNOWN.iter().flat_map(|known| known.proofs.iter().chain(known.weak));
                if !all.any(|known| *known == name) {
                    missing.push(format!("{}: {name}", path.display()));
                }
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(found > 10);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
