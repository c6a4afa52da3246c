//! Hop 2 on its way: what a reader saw, and the pictures that it had to pass
//! on. Travels from the reading child to its parent and no further.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Extraction, Gap, GapKind, PartPath};

/// What was read, and what another program may still read.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct FirstReading {
    /// Text and gaps.
    pub extraction: Extraction,
    /// Pictures. Each is a gap until it was read.
    pub pictures: Vec<Picture>,
}

impl FirstReading {
    /// What there is when nobody reads the pictures: a gap for each.
    pub fn settle(self) -> Extraction {
        let mut extraction = self.extraction;
        for picture in self.pictures {
            extraction.leave_gap(GapKind::Unknown, picture.path);
        }
        extraction
    }
}

impl From<Extraction> for FirstReading {
    fn from(extraction: Extraction) -> Self {
        Self { extraction, pictures: Vec::new() }
    }
}

/// A picture whose pixels may show text.
#[derive(Deserialize, Serialize)]
pub struct Picture {
    /// Where it stands: several pictures of one place are read as one.
    pub path: PartPath,
    /// The file, of a format that is told by its first bytes.
    pub bytes: Vec<u8>,
    /// How many pages the file has.
    pub pages: u32,
}

impl fmt::Debug for Picture {
    /// Shows where, never what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}, {} bytes)", self.path, self.bytes.len())
    }
}

impl Extraction {
    /// Adds a gap, unless the same one is there.
    pub fn leave_gap(&mut self, kind: GapKind, path: PartPath) {
        let gap = Gap::new(kind, path);
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_nobody_read_is_a_gap() {
        let path = PartPath::root("message").child("scan.tif");
        let picture = || Picture { path: path.clone(), bytes: vec![1], pages: 1 };
        let reading = FirstReading { pictures: vec![picture(), picture()], ..Default::default() };
        let gaps = reading.settle().gaps;
        assert_eq!(gaps, [Gap::new(GapKind::Unknown, path)]);
    }
}
