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
#[derive(Clone, Default)]
pub(super) struct Values {
    /// Behind the last is anything.
    values: [u8; MOST_DIGITS],
    length: usize,
}

impl Values {
    /// The first values, as many as a number can have.
    pub(super) fn of(digits: impl Iterator<Item = u8>) -> Self {
        let mut values = Self::default();
        values.extend(digits);
        values
    }

    /// The first `length` of `values`.
    #[inline]
    pub(super) fn whole(values: [u8; MOST_DIGITS], length: usize) -> Self {
        Self { values, length }
    }

    /// The first `length` values of those that `value` tells of all places; no
    /// place is skipped, which is quicker.
    #[inline]
    pub(super) fn picked<T>(
        places: &[T; MOST_DIGITS],
        length: usize,
        value: impl Fn(&T) -> u8,
    ) -> Self {
        let mut values = [0; MOST_DIGITS];
        let some = if length <= USUAL { USUAL } else { MOST_DIGITS };
        values.iter_mut().zip(places).take(some).for_each(|(to, place)| *to = value(place));
        Self { values, length }
    }

    /// Adds values, up to as many as a number can have.
    #[inline]
    pub(super) fn extend(&mut self, digits: impl Iterator<Item = u8>) {
        let slots = self.values.iter_mut().skip(self.length).zip(digits);
        self.length += slots.map(|(slot, digit)| *slot = digit).count();
    }
}

impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Values {}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
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
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// How many digits.
    pub(super) digits: usize,
    /// After how many digits a separator is usual, rising.
    pub(super) groups: &'static [usize],
    /// What such digits may be.
    pub(super) role: Role,
}

/// What digits of a shape may be.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// The date of a number written in two places.
    Date,
    /// The same, in groups of which the first is the year.
    DateByYear,
    /// All but the leading zero that a spreadsheet took for padding.
    LostZero,
    /// What comes after the date.
    Rest,
    /// A whole number with this checksum.
    Whole(&'static Validator),
}

impl Role {
    /// Whether digits written like this may be it.
    #[inline]
    pub(super) fn takes(self, layout: Layout) -> bool {
        match self {
            Self::Date => matches!(layout, Layout::Grouped | Layout::Plain),
            Self::DateByYear => layout == Layout::Grouped,
            Self::LostZero | Self::Rest => layout == Layout::Plain,
            Self::Whole(_) => true,
        }
    }
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

    /// The fewest digits that any has.
    #[inline]
    pub(super) fn least(&self) -> usize {
        self.lengths.trailing_zeros() as usize
    }

    /// Those with this number of digits, up to the most.
    #[inline]
    pub(super) fn of_length(&self, digits: usize) -> &[Form] {
        match u64::from(self.lengths) >> digits.min(63) & 1 {
            0 => &[],
            _ => self.by_length.get(digits).map_or(&[], Vec::as_slice),
        }
    }
}

impl Validator {
    /// What the digit scanner looks for on its behalf.
    pub(super) fn shapes(&'static self) -> impl Iterator<Item = Shape> {
        let (groups, role) = (self.groups, Role::Whole(self));
        self.lengths.iter().map(move |digits| Shape { digits: *digits, groups, role })
    }
}

impl Shape {
    /// Where the halves of the number meet.
    pub(super) fn main_split(&self) -> usize {
        self.groups.iter().copied().find(|group| group * 2 >= self.digits).unwrap_or(0)
    }
}

/// Few numbers have more digits.
const USUAL: usize = 12;
/// The most digits that a shape may have.
pub(super) const MOST_DIGITS: usize = 20;
