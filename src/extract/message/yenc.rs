//! yEnc: files in text, as Usenet writes them (yEnc draft 1.3).

use memchr::memmem;

/// A file found in text.
pub(super) struct YFile {
    pub(super) name: Vec<u8>,
    pub(super) bytes: Vec<u8>,
    /// The end was not found.
    pub(super) cut: bool,
}

/// The files in `text`, from each `=ybegin` line to its `=yend`; at most
/// [`FILES`].
pub(super) fn decode(text: &[u8]) -> Vec<YFile> {
    let mut files: Vec<YFile> = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memmem::find(rest, b"=ybegin ")) {
        let start = at + found;
        let line = line_end(text, start);
        let head = text.get(start..line).unwrap_or_default();
        let mut from = line;
        if text.get(line..).is_some_and(|rest| rest.starts_with(b"=ypart ")) {
            from = line_end(text, line);
        }
        let rest = text.get(from..).unwrap_or_default();
        let end = memmem::find(rest, b"\n=yend");
        let body = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let name = memmem::find(head, b"name=").and_then(|at| head.get(at + 5..));
        files.push(YFile {
            name: name.unwrap_or_default().trim_ascii().to_vec(),
            bytes: plain(body),
            cut: end.is_none(),
        });
        at = from + body.len();
        if files.len() >= FILES {
            break;
        }
    }
    files
}

/// Each byte is moved by 42; after `=` by 64 more.
fn plain(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut escaped = false;
    for byte in body {
        match byte {
            b'\r' | b'\n' => {}
            b'=' if !escaped => escaped = true,
            byte => {
                let moved = if std::mem::take(&mut escaped) { 64 + 42 } else { 42 };
                out.push(byte.wrapping_sub(moved));
            }
        }
    }
    out
}

fn line_end(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1)
}

/// More of them are not read.
pub(super) const FILES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_text_is_found() {
        let coded: Vec<u8> = b"fnr 22836014271".iter().map(|b| b.wrapping_add(42)).collect();
        let text = [
            b"Hei\r\n=ybegin line=128 size=15 name=a.txt\r\n",
            &coded[..],
            b"\r\n=yend size=15\r\n",
        ]
        .concat();
        let files = decode(&text);
        assert_eq!(files[0].bytes, b"fnr 22836014271");
        assert_eq!((files[0].name.as_slice(), files[0].cut), (&b"a.txt"[..], false));
    }

    #[test]
    fn signs_that_may_not_stand_are_escaped() {
        assert_eq!(plain(b"=\x6ER"), [4, 40]);
    }
}
