//! Parts behind a multipart that was never closed.
//!
//! The delimiter of an outer multipart ends all that is open inside it
//! (RFC 2046, 5.1.2). Our parser looks for the inner delimiter alone and takes
//! the rest of the message for text of the last part, where encoded words and
//! transfer encodings would go unread. That is a gap, and what comes behind
//! each such delimiter is read as the part it is.

use super::remains::{Covered, Delimiter};
use crate::{
    extract::walk::Walk,
    model::{GapKind, PartPath},
};

/// Reads the parts that `body` swallowed, a part of the multiparts in
/// `covered`. Leaves a gap where there are any.
pub(super) fn read(walk: &mut Walk, path: &PartPath, body: &[u8], covered: &Covered) {
    let (mut at, mut start) = (0, None);
    let mut number = 0;
    for line in body.split_inclusive(|b| *b == b'\n') {
        let here = at;
        at += line.len();
        let Some(delimiter) = covered.delimiter(line) else { continue };
        walk.gap(GapKind::Ambiguous, path);
        part(walk, path, (&mut number, start.and_then(|start| body.get(start..here))));
        start = (delimiter == Delimiter::Opening).then_some(at);
    }
    part(walk, path, (&mut number, start.and_then(|start| body.get(start..))));
}

fn part(walk: &mut Walk, path: &PartPath, (number, bytes): (&mut usize, Option<&[u8]>)) {
    if let Some(bytes) = bytes.filter(|bytes| !bytes.trim_ascii().is_empty()) {
        *number += 1;
        let path = path.child(&format!("part behind {number}"));
        walk.inside(&path, |walk| super::read(walk, &path, bytes));
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        base::limits::Limits,
        extract,
        model::{Extraction, GapKind, Kind},
    };

    fn read(message: &str) -> Extraction {
        let message = message.replace('\n', "\r\n");
        extract::read(Kind::Message, "", message.as_bytes(), &Limits::default())
    }

    /// Found by fuzzing: the inner multipart is not closed, and the name of the
    /// file behind it stands in encoded words.
    #[test]
    fn an_outer_delimiter_ends_an_unclosed_multipart() {
        let read = read(concat!(
            "Subject: Hei\nContent-Type: multipart/mixed; boundary=\"=_x2\"\n\n",
            "--=_x2\nContent-Type: multipart/report; boundary=inner1\n\n",
            "--inner1\nContent-Type: text/plain\n\nAlt vel\n\n",
            "--=_x2 \nContent-Type: text/plain; name=\"=?utf-8?B?Zm5yIDEyOTA4MTQ1?=\n",
            " =?utf-8?B?MDI4LnR4dA==?=\"\nContent-Transfer-Encoding: quoted-printable\n\n",
            "fnr 2590=\n9749304\n--=_x2--\n",
        ));
        let shown = |text: &str| read.fragments.iter().any(|part| part.text.contains(text));
        assert!(shown("fnr 12908145028.txt"));
        assert!(shown("fnr 25909749304"));
        assert!(read.gaps.iter().any(|gap| gap.kind == GapKind::Ambiguous));
    }

    #[test]
    fn a_closed_multipart_swallows_nothing() {
        let read = read(concat!(
            "Subject: Hei\nContent-Type: multipart/mixed; boundary=outer\n\n",
            "--outer\nContent-Type: multipart/alternative; boundary=inner\n\n",
            "--inner\nContent-Type: text/plain\n\nAlt vel\n-- \nOss\n--inner--\n\n",
            "--outer\nContent-Type: text/plain\n\nIgjen\n--outer--\n",
        ));
        assert!(read.gaps.is_empty(), "{:?}", read.gaps);
    }
}
