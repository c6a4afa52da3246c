//! Choices made by the bytes of the fuzzer. When they run out every choice is
//! the first one, so whatever is built ends.

use arbitrary::Unstructured;

/// A source of choices.
pub struct Choice<'a>(Unstructured<'a>);

impl<'a> Choice<'a> {
    /// Choices made by `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// A number from 0 to `most`.
    pub fn up_to(&mut self, most: usize) -> usize {
        self.0.int_in_range(0..=most).unwrap_or(0)
    }

    /// One of `from`, which is not empty.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.up_to(from.len() - 1)]
    }

    /// True once in `times`; never when the bytes have run out.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.up_to(times - 1) == times - 1
    }
}
