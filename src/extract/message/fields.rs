//! Header fields as they stand in the bytes (RFC 5322 section 2.2), with
//! everything that readers might understand in two ways.

use memchr::memchr;

/// One header field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// As written, without white space around it.
    pub(super) name: &'a [u8],
    /// As written, folds and all.
    pub(super) value: &'a [u8],
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether the structure of the message hangs on it.
    pub(super) fn is_structural(&self) -> bool {
        STRUCTURAL.iter().any(|name| self.is(name))
    }

    /// The value on one line: line ends of folds are taken out.
    pub(super) fn unfolded(&self) -> Vec<u8> {
        let trimmed = self.value.trim_ascii();
        trimmed.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect()
    }
}

/// The head of an entity.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) fields: Vec<Field<'a>>,
    /// Lines that belong to no field.
    pub(super) stray: Vec<&'a [u8]>,
    /// Readers may disagree about where fields begin and end.
    pub(super) ambiguous: bool,
}

impl<'a> Head<'a> {
    /// Reads `bytes` up to the first empty line.
    pub(super) fn parse(bytes: &'a [u8]) -> Self {
        let mut head = Self { ambiguous: has_odd_bytes(bytes), ..Self::default() };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (line, next) = logical_line(rest);
            at += next;
            if line.trim_ascii().is_empty() {
                // White space alone ends the head for some and not for others.
                head.ambiguous |= line.iter().any(|b| matches!(b, b' ' | b'\t'));
                continue;
            }
            head.take(line);
        }
        head
    }

    /// The fields called `name`.
    pub(super) fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h Field<'a>> {
        self.fields.iter().filter(move |field| field.is(name))
    }

    fn take(&mut self, line: &'a [u8]) {
        let first = self.fields.is_empty() && self.stray.is_empty();
        if first && (line.starts_with(b"From ") || line.starts_with(b">From ")) {
            // The separator line of mailbox files.
            self.stray.push(line);
            return;
        }
        let Some(colon) = memchr(b':', line) else {
            self.ambiguous |= true;
            self.stray.push(line);
            return;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        let field = Field { name: name.trim_ascii(), value };
        let odd_name =
            name.len() != field.name.len() || field.name.iter().any(|b| !b.is_ascii_graphic());
        // Some end the head at such a line and show the rest as the body.
        self.ambiguous |= odd_name;
        self.ambiguous |= hides_field(&field);
        self.fields.push(field);
    }
}

/// The line up to the next one that does not start with white space, and
/// where that next one starts.
fn logical_line(bytes: &[u8]) -> (&[u8], usize) {
    let mut end = 0;
    loop {
        match bytes.get(end..).and_then(|rest| memchr(b'\n', rest)) {
            Some(newline) => end += newline + 1,
            None => return (bytes, bytes.len()),
        }
        let folded = matches!(bytes.get(end), Some(b' ' | b'\t'));
        if !folded {
            return (&bytes[..end], end);
        }
    }
}

/// A continuation line that would be a structural field without its blank.
fn hides_field(field: &Field<'_>) -> bool {
    let signature = field.name.to_ascii_lowercase().ends_with(b"-signature");
    let mut lines = field.value.split(|b| *b == b'\n');
    lines.next();
    lines.any(|line| {
        let line = line.trim_ascii_start();
        let Some(colon) = memchr(b':', line) else { return false };
        let (name, value) = (line[..colon].trim_ascii_end(), &line[colon + 1..]);
        STRUCTURAL.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            && !(signature && lists_names(value))
    })
}

/// Whether `body` starts with a field that says how to read it.
pub(super) fn goes_on(body: &[u8]) -> bool {
    body.split(|b| *b == b'\n').next().is_some_and(is_structural)
}

/// Whether `body` starts with fields of which one says how to read it.
pub(super) fn goes_on_later(body: &[u8]) -> bool {
    let head = body.get(..body_start(body)).unwrap_or_default();
    let is_field = |line: &&[u8]| {
        let name = memchr(b':', line).map_or(&[][..], |colon| &line[..colon]);
        let plain =
            !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
        plain || matches!(line.first(), Some(b' ' | b'\t'))
    };
    head.split(|b| *b == b'\n').take_while(is_field).any(is_structural)
}

/// Whether a line begins a field that says how to read what follows.
fn is_structural(line: &[u8]) -> bool {
    let name = memchr(b':', line).map_or(&[][..], |colon| line[..colon].trim_ascii_end());
    STRUCTURAL.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Whether this goes on as a list of field names does (RFC 6376 section 3.5,
/// `h`), and no reader could take it for a type, an encoding or a version.
fn lists_names(value: &[u8]) -> bool {
    let list = value.split(|b| *b == b';').next().unwrap_or_default();
    list.trim_ascii().split(|b| *b == b':').all(|name| {
        let name = name.trim_ascii();
        name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && !VALUES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// NUL, a CR without LF, or both kinds of line end in one head.
fn has_odd_bytes(head: &[u8]) -> bool {
    if memchr(0, head).is_some() {
        return true;
    }
    let (mut pairs, mut bare) = (0_usize, 0_usize);
    for newline in memchr::memchr_iter(b'\n', head) {
        let pair = newline.checked_sub(1).and_then(|cr| head.get(cr)) == Some(&b'\r');
        if pair { pairs += 1 } else { bare += 1 }
    }
    let returns = memchr::memchr_iter(b'\r', head).count();
    returns != pairs || (pairs > 0 && bare > 0)
}

/// Where the body starts: after the first empty line, or at the end.
pub(super) fn body_start(bytes: &[u8]) -> usize {
    let mut line_start = 0;
    for newline in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(line_start..newline).unwrap_or_default();
        if line.is_empty() || line == b"\r" {
            return newline + 1;
        }
        line_start = newline + 1;
    }
    bytes.len()
}

const STRUCTURAL: &[&str] =
    &["Content-Disposition", "Content-Transfer-Encoding", "Content-Type", "MIME-Version"];

/// What structural fields say in one word.
const VALUES: &[&str] = &[
    "7bit",
    "8bit",
    "attachment",
    "base64",
    "binary",
    "form-data",
    "inline",
    "quoted-printable",
    "uuencode",
    "x-uue",
    "x-uuencode",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_folded_fields() {
        let head = Head::parse(b"Subject: en\r\n to\r\nTo: a@b\r\n\r\n");
        assert_eq!(head.fields[0].unfolded(), b"en to");
        assert!(head.fields[1].is("to") && !head.ambiguous);
    }

    #[test]
    fn notices_what_readers_disagree_about() {
        let odd: &[&[u8]] = &[
            b"Content-Type : text/plain\r\n\r\n",
            b"To: x\r\n Content-Type: text/plain\r\n\r\n",
            b"To: x\nSubject: y\r\n\r\n",
            b"To: x\rSubject: y\r\n\r\n",
            b"To: \0x\r\n\r\n",
            b"no colon here\r\n\r\n",
            b"To: x\r\n> and so: on\r\n\r\n",
        ];
        for head in odd {
            assert!(Head::parse(head).ambiguous, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn a_signature_may_list_names_and_nothing_more() {
        for (lines, ambiguous) in [
            ("Content-Type:From:To;\r\n\tbh=a/b=;", false),
            ("Content-Transfer-Encoding : From : To :\r\n\tDate;", false),
            ("MIME-Version:", false),
            ("Content-Type: text/plain", true),
            ("Content-Transfer-Encoding:base64", true),
            ("Content-Transfer-Encoding: Base64; x:From", true),
            ("Content-Disposition:attachment;", true),
            ("MIME-Version:1.0", true),
        ] {
            for (name, ambiguous) in [("DKIM-Signature", ambiguous), ("To", true)] {
                let head = format!("{name}: a=x; h=Subject:\r\n\t{lines}\r\n\r\n");
                assert_eq!(Head::parse(head.as_bytes()).ambiguous, ambiguous, "{head}");
            }
        }
    }

    #[test]
    fn takes_a_mailbox_line_calmly() {
        assert!(!Head::parse(b"From kari@x Mon Nov 23\r\nTo: x\r\n\r\n").ambiguous);
    }
}
