//! What the fuzz targets share: reading under small limits with the checks
//! that every reading must pass, and a grammar of messages that show an
//! identity number to their reader.
//!
//! A target fails by panicking. Numbers are synthetic, so a failure may print
//! the whole message.

pub mod choice;
pub mod coding;
pub mod letter;
pub mod packing;
pub mod page;
pub mod plant;
pub mod reading;
