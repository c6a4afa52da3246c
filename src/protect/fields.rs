//! Cuts a message into header fields and body without changing a byte.
//!
//! Lenient on purpose: whatever is not a header field starts the body, so that
//! it travels inside the encryption. Nothing here can fail, and the pieces put
//! together are always the whole message again.

/// A message cut in two, borrowing from it.
pub(super) struct Pieces<'a> {
    /// The fields of the header, in order.
    pub(super) fields: Vec<Field<'a>>,
    /// Everything after the empty line that ends the header.
    pub(super) body: &'a [u8],
}

impl<'a> Pieces<'a> {
    /// Cuts `raw`. A bare LF ends a line as CR LF does.
    pub(super) fn of(raw: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut rest = raw;
        loop {
            let line = first_line(rest);
            if matches!(line, b"\r\n" | b"\n") {
                return Self { fields, body: &rest[line.len()..] };
            }
            let Some(name) = field_name(line) else {
                return Self { fields, body: rest };
            };
            let end = field_end(rest, line.len());
            let (whole, after) = rest.split_at(end);
            fields.push(Field { name, raw: whole });
            rest = after;
        }
    }
}

/// One header field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    name: &'a [u8],
    /// Name, colon, value and folded lines, with all line ends.
    pub(super) raw: &'a [u8],
}

impl<'a> Field<'a> {
    /// Whether the field has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether the name of the field starts like this.
    pub(super) fn starts(&self, prefix: &str) -> bool {
        let start = self.name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    }

    /// What stands after the colon, up to the last line end.
    pub(super) fn value(&self) -> &'a [u8] {
        let colon = self.raw.iter().position(|byte| *byte == b':');
        let value = colon.map_or(&[][..], |colon| &self.raw[colon + 1..]);
        trim_line_end(value)
    }
}

/// The bytes without the one line end that they may close with.
pub(super) fn trim_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |lf| lf + 1);
    &bytes[..end]
}

/// The end of the field whose first line has `first` bytes: lines that start
/// with a blank belong to it.
fn field_end(bytes: &[u8], first: usize) -> usize {
    let mut end = first;
    while matches!(bytes.get(end), Some(b' ' | b'\t')) {
        let line = first_line(&bytes[end..]);
        end += line.len();
    }
    end
}

/// The name before the colon (RFC 5322 section 2.2), or nothing when the line
/// starts no field. Blanks before the colon are the obsolete form.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(pieces: &Pieces<'_>) -> Vec<u8> {
        pieces.fields.iter().flat_map(|field| field.raw.to_vec()).collect()
    }

    #[test]
    fn keeps_folded_lines_with_their_field() {
        let pieces = Pieces::of(b"Subject: a\r\n b\r\n\tc\r\nTo : x\r\n\r\nbody\r\n");
        assert_eq!(pieces.fields.len(), 2);
        assert_eq!(pieces.fields[0].value(), b" a\r\n b\r\n\tc");
        assert!(pieces.fields[1].is("to"));
        assert_eq!(pieces.body, b"body\r\n");
    }

    #[test]
    fn what_is_no_field_starts_the_body() {
        let raw = b"From: a\r\nnot a field\r\nTo: b\r\n\r\nbody";
        let pieces = Pieces::of(raw);
        assert_eq!(pieces.fields.len(), 1);
        assert_eq!([whole(&pieces), pieces.body.to_vec()].concat(), raw);
    }

    #[test]
    fn stands_any_bytes() {
        for raw in [&b""[..], b"\n", b"\r\n", b"a", b":", b" x: y\r\n", b"a:", b"a: b\n c"] {
            let pieces = Pieces::of(raw);
            assert!(whole(&pieces).len() + pieces.body.len() <= raw.len(), "{raw:?}");
        }
        assert_eq!(Pieces::of(b"a: b\n\nc").body, b"c");
    }
}
