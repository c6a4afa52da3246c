//! Proof of encryption by the structure of the bytes. Labels, names and armour
//! lines prove nothing.
//!
//! What turns out to lie open is read. The proof of ZIP members stands with
//! the ZIP reader, which has their headers.

pub(super) mod armour;
pub(super) mod cms;
mod der;
pub(super) mod openpgp;
mod packets;
pub(super) mod password;
