//! Archives: containers of files.

pub(super) mod zip;
mod zip_directory;
