//! Mailboxes: messages one after the other, each behind a line `From …`
//! (RFC 4155).

use memchr::memmem;

use crate::extract::walk::{Place, Walk};

/// Whether `bytes` hold several messages.
pub(in crate::extract) fn is_mailbox(bytes: &[u8]) -> bool {
    bytes.starts_with(b"From ") && next(bytes, 1).is_some()
}

/// Reads each message in `bytes`.
pub(in crate::extract) fn read(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut start = 0;
    for number in 1_u32.. {
        let end = next(bytes, start + 1).unwrap_or(bytes.len());
        let message = bytes.get(start..end).unwrap_or_default();
        if !walk.entry(&place.path) {
            return;
        }
        let path = place.path.child(&format!("message {number}"));
        let line = memchr::memchr(b'\n', message).map_or(message.len(), |at| at + 1);
        walk.fragment(place.surface, &path, String::from_utf8_lossy(&message[..line]));
        super::read(walk, &path, &unquoted(&message[line..]));
        if end == bytes.len() {
            return;
        }
        start = end;
    }
}

/// Where the next message starts, from `from` on: a line `From …` with a
/// header field after it.
fn next(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memmem::find_iter(rest, b"\nFrom ").map(|at| from + at + 1).find(|start| {
        let line = bytes.get(*start..).unwrap_or_default();
        let head = memchr::memchr(b'\n', line).and_then(|end| line.get(end + 1..));
        let name = head
            .unwrap_or_default()
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'-');
        let length = name.count();
        length > 0 && head.and_then(|head| head.get(length)) == Some(&b':')
    })
}

/// Takes the mark off lines that would look like a new message.
fn unquoted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|b| *b == b'\n') {
        let quoted = line.starts_with(b">") && line.trim_ascii_start().len() == line.len();
        let bare = line.iter().position(|b| *b != b'>').and_then(|at| line.get(at..));
        let is_from = quoted && bare.is_some_and(|bare| bare.starts_with(b"From "));
        out.extend_from_slice(if is_from { &line[1..] } else { line });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::{content, walk::Containers},
        model::{PartPath, Surface},
    };

    #[test]
    fn every_message_is_read() {
        let bytes = b"From a@b.example Mon Nov 23 2026\nSubject: one\nFrom: a@b.example\n\nHei\n\
            >From here\n\nFrom c@d.example Mon Nov 23 2026\nSubject: two\nFrom: c@d.example\n\
            Content-Transfer-Encoding: base64\n\nZm5yIDIyODM2MDE0Mjcx\n";
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        let place = Place::new(PartPath::root("a.mbox"), Surface::FileText);
        content::read(&mut walk, &place, bytes);
        let read = walk.finish();
        let found = read.fragments.iter().find(|f| f.text.contains("fnr 22836014271")).unwrap();
        assert_eq!(found.path.to_string(), "a.mbox > message 2 > body");
        assert!(read.fragments.iter().any(|f| f.text.contains("\nFrom here")));
        assert_eq!(read.gaps, []);
    }
}
