//! The fields of a header, one after the other, as they stand.
//!
//! Strict in one way only: it ends at the first line that is no field, because
//! what comes after might be read as a body by others. It decodes nothing.

/// A header field with its folded lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Field<'a> {
    /// Before the colon, as written.
    pub(super) name: &'a [u8],
    /// Between the colon and the last line end, folds included.
    pub(super) value: &'a [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

impl Field<'_> {
    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value without its folds, on one line.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(self.value);
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The fields from the top to the end of the header.
pub(super) fn all(raw: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let field = next(raw, at)?;
        at = field.end;
        Some(field)
    })
}

fn next(raw: &[u8], start: usize) -> Option<Field<'_>> {
    let mut end = start;
    loop {
        let line = raw.get(end..)?;
        end += memchr::memchr(b'\n', line).map_or(line.len(), |at| at + 1);
        if !matches!(raw.get(end), Some(b' ' | b'\t')) {
            break;
        }
    }
    let field = raw.get(start..end)?;
    let (name, value) = field.split_at(memchr::memchr(b':', field)?);
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    let value = value.get(1..)?;
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    is_name.then_some(Field { name, value, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_folded_fields_and_stops_at_the_body() {
        let raw = b"Received: from a\r\n by b;\r\n\tnow\r\nX:\r\n\r\nTo: body\r\n";
        let fields: Vec<_> = all(raw).collect();
        assert_eq!(fields.len(), 2);
        assert_eq!((fields[0].text().as_str(), fields[1].value), ("from a by b; now", &b""[..]));
        assert_eq!(&raw[fields[1].end..], b"\r\nTo: body\r\n");
    }

    #[test]
    fn stops_where_others_might_read_a_body() {
        for raw in [&b""[..], b"\r\nTo: x", b"no field\r\nTo: x", b"To x: y\r\n", b": y\r\n"] {
            assert_eq!(all(raw).count(), 0, "{raw:?}");
        }
        assert_eq!(all(b"To: x").count(), 1);
    }
}
