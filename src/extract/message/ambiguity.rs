//! The gate for heads that two mail programs would read differently.
//!
//! Follows the classes of the published attacks on MIME parsers: several or
//! damaged structural fields, encodings that only look known, boundaries that
//! can be cut in two ways. Ordinary mail, however old its program, passes.

use super::{
    fields::{Field, Head},
    parameters::Parameters,
    transfer::Encoding,
};

/// What the structural fields of an entity say.
pub(super) struct Mime {
    pub(super) content_type: Parameters,
    pub(super) disposition: Parameters,
    pub(super) encoding: Encoding,
    /// Readers may disagree about this entity.
    pub(super) ambiguous: bool,
}

impl Mime {
    /// Reads the structural fields of `head`. Where there are several of a
    /// kind the last one counts, as for the parser.
    pub(super) fn of(head: &Head<'_>) -> Self {
        let content_type = parameters(head, "Content-Type");
        let disposition = parameters(head, "Content-Disposition");
        let (encoding, odd_encoding) = encoding(head);
        let multipart = content_type.main.starts_with("multipart/");
        let ambiguous = head.ambiguous
            || odd_encoding
            || content_type.ambiguous
            || content_type.overflows()
            || disposition.overflows()
            || differ(head, "Content-Type")
            || differ(head, "Content-Transfer-Encoding")
            || differ(head, "Content-Disposition")
            || is_odd_charset(&content_type)
            || disposition.value("boundary").is_some()
            || has_encoded_words(head)
            || (multipart && odd_multipart(&content_type, encoding));
        Self { content_type, disposition, encoding, ambiguous }
    }

    /// Whether `body` has the delimiter of a multipart that its type, perhaps
    /// misspelt, does not announce: some readers look for nothing else.
    pub(super) fn hides_parts(&self, body: &[u8]) -> bool {
        let boundary = self.content_type.value("boundary").unwrap_or_default();
        let delimiter = [b"--", boundary].concat();
        !boundary.is_empty()
            && !self.content_type.main.starts_with("multipart/")
            && memchr::memmem::find_iter(body, &delimiter)
                .any(|at| at.checked_sub(1).is_none_or(|before| body[before] == b'\n'))
    }

    /// The names of the file, in every form and place that readers show.
    pub(super) fn file_names(&self) -> Vec<String> {
        let mut names = self.disposition.decoded("filename");
        // The parameter of one field in the other stands there where a line end is lost.
        let others = [(&self.content_type, "name"), (&self.content_type, "filename")];
        for (field, parameter) in others.into_iter().chain([(&self.disposition, "name")]) {
            for name in field.decoded(parameter) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Whether the sender meant it as a file.
    pub(super) fn is_attachment(&self) -> bool {
        self.disposition.main == "attachment"
    }
}

fn parameters(head: &Head<'_>, name: &str) -> Parameters {
    let field = head.all(name).last();
    field.map_or_else(Parameters::default, |field| Parameters::parse(&field.unfolded()))
}

/// Whether there are several fields called `name` that say different things.
fn differ(head: &Head<'_>, name: &str) -> bool {
    let mut values = head.all(name).map(Field::unfolded);
    let first = values.next();
    values.any(|value| first.as_ref().is_some_and(|first| !first.eq_ignore_ascii_case(&value)))
}

fn encoding(head: &Head<'_>) -> (Encoding, bool) {
    let Some(field) = head.all("Content-Transfer-Encoding").last() else {
        return (Encoding::Identity, false);
    };
    let written = String::from_utf8_lossy(&field.unfolded()).trim().to_ascii_lowercase();
    let encoding = Encoding::named(&written);
    if encoding != Encoding::Unknown {
        return (encoding, false);
    }
    // A comment, a parameter or quotes: some read past them, some do not.
    let bare = Parameters::parse(written.as_bytes());
    let bare = bare.main.trim_matches(['"', '\'', ' ', '.', ',']);
    (Encoding::named(bare), true)
}

fn odd_multipart(content_type: &Parameters, encoding: Encoding) -> bool {
    let boundary = content_type.value("boundary").unwrap_or_default();
    let odd_end = |end: Option<&u8>| end.is_none_or(|b| b.is_ascii_whitespace());
    let wild = |b: &u8| !b.is_ascii_graphic() && *b != b' ' || matches!(b, b'"' | b'\\' | b';');
    content_type.is_odd("boundary")
        || odd_end(boundary.first())
        || odd_end(boundary.last())
        || boundary.iter().any(wild)
        || boundary.len() > LONGEST_BOUNDARY
        || !matches!(encoding, Encoding::Identity | Encoding::QuotedPrintable)
}

fn is_odd_charset(content_type: &Parameters) -> bool {
    let charset = content_type.value("charset");
    content_type.main.starts_with("text/") && charset.is_some() && {
        let twice = content_type.decoded("charset");
        twice.len() > 1 && twice.iter().any(|other| !other.eq_ignore_ascii_case(&twice[0]))
    }
}

/// Encoded words do not belong into structural fields; in a file name they are
/// common, elsewhere some programs decode them and some do not.
fn has_encoded_words(head: &Head<'_>) -> bool {
    head.all("Content-Transfer-Encoding").chain(head.all("Content-Type")).any(|field| {
        let value = field.unfolded();
        let lower = value.to_ascii_lowercase();
        let main = lower.split(|b| *b == b';').next().unwrap_or_default();
        memchr::memmem::find(main, b"=?").is_some()
            || memchr::memmem::find(&lower, b"boundary==?").is_some()
            || memchr::memmem::find(&lower, b"boundary=\"=?").is_some() && lower.ends_with(b"?=\"")
    })
}

/// RFC 2046 allows 70; some programs write a little more.
const LONGEST_BOUNDARY: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ambiguous(head: &str) -> bool {
        Mime::of(&Head::parse(head.as_bytes())).ambiguous
    }

    #[test]
    fn ordinary_heads_pass() {
        for head in [
            "Content-Type: text/plain; charset=\"iso-8859-1\"; format=flowed\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n",
            "Content-Type: multipart/mixed;\r\n boundary=\"----=_NextPart_000_0012_01D5.\"\r\n\r\n",
            "Content-Type: application/pdf;\r\n\tname=\"=?utf-8?Q?a=C3=A6.pdf?=\"\r\n\r\n",
            "Subject: Hei\r\n\r\n",
        ] {
            assert!(!is_ambiguous(head), "{head}");
        }
    }

    #[test]
    fn tricks_do_not() {
        for head in [
            "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
            "Content-Transfer-Encoding: base64 (x)\r\n\r\n",
            "Content-Transfer-Encoding: \"base64\"\r\n\r\n",
            "Content-Transfer-Encoding: =?utf-8?Q?base64?=\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n",
            "Content-Type: multipart/mixed\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n",
            "Content-Type: text/plain; charset=utf-16; charset=utf-7\r\n\r\n",
            "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=a\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        ] {
            assert!(is_ambiguous(head), "{head}");
        }
    }
}
