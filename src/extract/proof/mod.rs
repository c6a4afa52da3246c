//! Proof of encryption by the structure of the bytes. Labels, names and armour
//! lines prove nothing.
//!
//! What turns out to lie open is read.

pub(super) mod armour;
pub(super) mod cms;
pub(super) mod openpgp;
