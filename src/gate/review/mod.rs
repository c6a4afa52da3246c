//! What people see of held messages, and what they ask for.
//!
//! Content is opened only for somebody with a name and a purpose, and shown
//! with every value masked unless it is revealed, which leaves a row in the
//! audit log before anything is read. Text that people type is kept for years,
//! so it must hold no identity number.

mod alarm;
mod ask;
mod hide;
mod look;
mod page_of;
mod structure;
mod wishes;

pub use self::{
    hide::{Piece, hidden},
    look::{Content, Look, Passage, Place, Seen},
    structure::Branch,
    wishes::{Actor, Granted, Wish},
};
