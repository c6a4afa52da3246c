//! Affine maps from one coordinate system to another (ISO 32000-2, 8.3.3).

use super::object::Object;

/// `a b c d e f` of the standard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn translate(x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y])
    }

    /// Six numbers, if there are so many.
    pub(super) fn of(numbers: &[f64]) -> Option<Self> {
        numbers.get(..6)?.try_into().ok().map(Self)
    }

    /// The matrix in an array of numbers.
    pub(super) fn from_object(object: &Object) -> Option<Self> {
        let numbers: Vec<f64> = object.array()?.iter().filter_map(Object::number).collect();
        Self::of(&numbers)
    }

    /// First this map, then `next`.
    pub(super) fn then(self, next: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = next.0;
        Self([
            a * p + b * r,
            a * q + b * s,
            c * p + d * r,
            c * q + d * s,
            e * p + f * r + t,
            e * q + f * s + u,
        ])
    }

    pub(super) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// How much areas grow.
    pub(super) fn area(self) -> f64 {
        let [a, b, c, d, ..] = self.0;
        (a * d - b * c).abs()
    }
}

/// A rectangle as `left, bottom, right, top`.
pub(super) fn rectangle(object: &Object) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = object.array()?.iter().filter_map(Object::number).collect();
    let [a, b, c, d] = numbers.get(..4)?.try_into().ok()?;
    Some([f64::min(a, c), f64::min(b, d), f64::max(a, c), f64::max(b, d)])
}
