//! Values that must not reach a log, a page or a file: keys, passwords and
//! matched text.

use zeroize::Zeroize;

/// Holds a value that cannot be printed, serialised or debugged, and wipes it
/// when dropped.
///
/// ```compile_fail
/// println!("{}", sluse::base::secret::Secret::new(String::from("x")));
/// ```
/// ```compile_fail
/// println!("{:?}", sluse::base::secret::Secret::new(String::from("x")));
/// ```
/// ```compile_fail
/// serde_json::to_string(&sluse::base::secret::Secret::new(String::from("x")));
/// ```
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes a value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Lends the value. Each call is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Clone + Zeroize> Clone for Secret<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
