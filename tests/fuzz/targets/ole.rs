//! Compound documents: doc, xls, ppt, msg and what else is in them. Bytes that
//! start with `@` are the streams of one, apart by [`APART`], each with its
//! path on the first line, so that their content is within reach of the fuzzer.

#![no_main]

use std::{
    io::{Cursor, Write},
    path::Path,
};

use cfb::CompoundFile;
use libfuzzer_sys::fuzz_target;
use sluse_fuzz::{packing, reading};

fuzz_target!(|bytes: &[u8]| {
    match bytes.strip_prefix(b"@") {
        Some(streams) => {
            reading::file("a", &compound(streams).expect("memory does not fail"));
        }
        None => {
            reading::file_headed("a", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", bytes);
        }
    }
});

fn compound(streams: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut file = CompoundFile::create(Cursor::new(Vec::new()))?;
    for (path, bytes) in packing::members(streams, APART) {
        // The writer asserts what the names are that it takes.
        let names = path.split('/').map(fit).filter(|name| !name.is_empty());
        let path = Path::new("/").join(names.collect::<Vec<_>>().join("/"));
        if let Some(storage) = path.parent() {
            let _ = file.create_storage_all(storage);
        }
        if let Ok(mut stream) = file.create_stream(&path) {
            stream.write_all(bytes)?;
        }
    }
    Ok(file.into_inner().into_inner())
}

/// A name that a compound file can have.
fn fit(name: &str) -> String {
    let fits =
        |c: &char| c.is_ascii_alphanumeric() || "_-# \u{1}\u{3}\u{5}\u{6}\u{9}.<".contains(*c);
    let name: String = name.chars().filter(fits).take(31).collect();
    if name.trim_matches('.').is_empty() { String::new() } else { name }
}

const APART: &[u8] = b"\x1e\x1f\x1e\x1f";
