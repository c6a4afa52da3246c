//! What the digit scanner looks for, and what it finds: digits that may be one
//! number, and how they are written.

use std::ops::Range;

use super::validators::Validator;

/// Digits that may be one number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Candidate {
    /// The values, 0 to 9.
    pub(super) digits: Values,
    /// Where it stands, in bytes.
    pub(super) place: Range<usize>,
    /// How it is written.
    pub(super) layout: Layout,
    /// Whether it reads as a part of a decimal number.
    pub(super) decimal: bool,
}

/// A few digits, in place: candidates are many.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Values {
    values: [u8; MOST_DIGITS],
    length: usize,
}

impl Values {
    /// The first values, as many as a number can have.
    pub(super) fn of(digits: impl Iterator<Item = u8>) -> Self {
        let mut values = [0; MOST_DIGITS];
        let slots = values.iter_mut().zip(digits);
        let length = slots.map(|(slot, digit)| *slot = digit).count();
        Self { values, length }
    }
}

impl std::ops::Deref for Values {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.values.get(..self.length).unwrap_or_default()
    }
}

/// How the digits of a candidate are grouped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    /// In groups that people make for this sort of number.
    Grouped,
    /// In other groups, or with a border of table cells inside.
    Odd,
    /// Without any separator.
    Plain,
    /// Every digit apart from the next.
    Spaced,
}

/// A sort of candidate: how many digits, and where people group them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    /// How many digits.
    pub(super) digits: usize,
    /// After how many digits a separator is usual, rising.
    pub(super) groups: &'static [usize],
}

/// Shapes by how many digits they have.
pub(super) struct Shapes {
    by_length: [Vec<Form>; MOST_DIGITS + 1],
    /// One bit for each length that some shape has.
    lengths: u32,
}

/// A shape, ready to compare.
pub(super) struct Form {
    pub(super) shape: Shape,
    /// One bit for each place where a separator is usual.
    pub(super) usual: u32,
    /// The bit of the place where the halves of the number meet.
    pub(super) halves: u32,
}

impl Shapes {
    /// Takes shapes in.
    pub(super) fn of(shapes: impl IntoIterator<Item = Shape>) -> Self {
        let mut by_length = [const { Vec::new() }; MOST_DIGITS + 1];
        let mut lengths = 0;
        for shape in shapes {
            if let Some(forms) = by_length.get_mut(shape.digits) {
                let usual = shape.groups.iter().fold(0, |bits, group| bits | 1 << (group & 31));
                forms.push(Form { shape, usual, halves: 1 << (shape.main_split() & 31) });
                lengths |= 1 << shape.digits;
            }
        }
        Self { by_length, lengths }
    }

    /// Those with this number of digits, up to the most.
    #[inline]
    pub(super) fn of_length(&self, digits: usize) -> &[Form] {
        match self.lengths >> (digits & 31) & 1 {
            0 => &[],
            _ => self.by_length.get(digits).map_or(&[], Vec::as_slice),
        }
    }
}

impl Validator {
    /// What the digit scanner looks for on its behalf.
    pub(super) fn shapes(&self) -> impl Iterator<Item = Shape> {
        let groups = self.groups;
        self.lengths.iter().map(move |digits| Shape { digits: *digits, groups })
    }
}

impl Shape {
    /// Where the halves of the number meet.
    pub(super) fn main_split(&self) -> usize {
        self.groups.iter().copied().find(|group| group * 2 >= self.digits).unwrap_or(0)
    }
}

/// The most digits that a shape may have.
pub(super) const MOST_DIGITS: usize = 20;
