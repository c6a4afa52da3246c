//! Embedded files as OLE wraps them: the object of version 1 (MS-OLEDS 2.2.5)
//! and the package of the Packager, with the names it keeps.

use crate::{
    extract::{
        content, strings,
        text::charset,
        walk::{Place, Walk},
    },
    model::Surface,
};

/// Reads an OLE 1 object; what is none is read by content.
pub(in crate::extract) fn read_object(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let Some((class, data)) = object(bytes) else {
        content::read(walk, place, bytes);
        return;
    };
    // Class and link source, and what follows: a picture of the object.
    let head = bytes.len().saturating_sub(data.len());
    strings::read(walk, &place.child("object"), bytes.get(..head).unwrap_or_default());
    if class.eq_ignore_ascii_case(b"Package") {
        read_package(walk, place, data);
    } else {
        content::read(walk, place, data);
    }
}

/// Reads the stream `\u{1}Ole10Native`.
pub(super) fn read_native(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let data = bytes.get(4..).unwrap_or_default();
    if data.starts_with(&[2, 0]) {
        read_package(walk, place, data);
    } else {
        content::read(walk, place, data);
    }
}

/// Type, label, path, temporary path, data; the names again in UTF-16.
fn read_package(walk: &mut Walk, place: &Place, bytes: &[u8]) {
    let mut cut = Cut(bytes.get(2..).unwrap_or_default());
    let parsed = (|| {
        let label = cut.zero_ended()?;
        let path = cut.zero_ended()?;
        cut.take(4)?;
        let temporary = cut.sized()?;
        let data = cut.sized()?;
        Some((label, path, temporary, data))
    })();
    let Some((label, path, temporary, data)) = parsed else {
        content::read(walk, place, bytes);
        return;
    };
    let place = place.child(&charset::decode(label, None));
    for name in [label, path, temporary] {
        walk.fragment(
            Surface::FileName,
            &place.path,
            charset::decode(name, None).trim_matches('\0'),
        );
    }
    strings::read(walk, &Place::new(place.path.clone(), Surface::FileName), cut.0);
    content::read(walk, &place, data);
}

fn object(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut cut = Cut(bytes);
    cut.take(4)?;
    if cut.take(4)? != [2, 0, 0, 0] {
        return None;
    }
    let class = cut.sized()?;
    cut.sized()?;
    cut.sized()?;
    let class = class.strip_suffix(b"\0").unwrap_or(class);
    let printable = !class.is_empty() && class.iter().all(u8::is_ascii_graphic);
    let size = usize::try_from(u32::from_le_bytes(cut.take(4)?.try_into().ok()?)).ok()?;
    // Cut objects are opened all the same.
    printable.then(|| (class, cut.0.get(..size).unwrap_or(cut.0)))
}

/// What has not been read yet.
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(piece)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        self.take(usize::try_from(length).ok()?)
    }

    fn zero_ended(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.0)?;
        let piece = self.take(end)?;
        self.take(1)?;
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::limits::Limits,
        extract::walk::Containers,
        model::{Extraction, PartPath},
    };

    fn walked(read: impl FnOnce(&mut Walk, &Place)) -> Extraction {
        let mut walk = Walk::new(&Limits::default(), Containers::Opened);
        read(&mut walk, &Place::new(PartPath::root("x"), Surface::FileText));
        walk.finish()
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_le_bytes()[..], bytes].concat()
    }

    #[test]
    fn reads_a_packaged_file_and_its_name() {
        let package = [
            &b"\x02\0liste.txt\0C:\\liste.txt\0\0\0\x03\0"[..],
            &sized(b"C:\\Temp\\liste.txt\0"),
            &sized(b"fnr 22836014271"),
        ]
        .concat();
        let object =
            [&[1, 5, 0, 0, 2, 0, 0, 0][..], &sized(b"Package\0"), &[0; 8], &sized(&package)];
        let read = walked(|walk, place| read_object(walk, place, &object.concat()));
        let text = |surface| read.fragments.iter().find(|f| f.surface == surface).unwrap();
        assert_eq!(text(Surface::FileText).text, "fnr 22836014271");
        assert_eq!(text(Surface::FileName).path.to_string(), "x > liste.txt");
    }

    #[test]
    fn reads_what_only_claims_to_be_an_object() {
        let read = walked(|walk, place| read_object(walk, place, b"fnr 22836014271"));
        assert_eq!(read.fragments[0].text, "fnr 22836014271");
    }
}
