//! Decides what happens to a message, from facts alone: no I/O, no clock.

mod cleared;

pub use self::cleared::{Cleared, Grounds, Parcel, StoredParcelError, WrongBytes};
