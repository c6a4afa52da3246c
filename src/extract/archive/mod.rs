//! Archives: containers of files, and single packed files.

pub(super) mod foreign;
pub(super) mod gzip;
pub(super) mod seven_zip;
pub(super) mod stream;
pub(super) mod tar;
pub(super) mod unix;
pub(super) mod zip;
mod zip_directory;

use self::stream::Packing;
use super::{
    sniff::Format,
    walk::{Place, Walk},
};

/// Reads `bytes` at `place` as the archive that `format` says.
pub(super) fn read(walk: &mut Walk, place: &Place, bytes: &[u8], format: Format) {
    match format {
        Format::Ar => unix::read_ar(walk, place, bytes),
        Format::Bzip2 => stream::read(walk, place, bytes, Packing::Bzip2),
        Format::Cab => foreign::read_cab(walk, place, bytes),
        Format::Cpio => unix::read_cpio(walk, place, bytes),
        Format::Gzip => gzip::read(walk, place, bytes),
        Format::Lzip => stream::read(walk, place, bytes, Packing::Lzip),
        Format::Lzma => stream::read(walk, place, bytes, Packing::Lzma),
        Format::Rar => foreign::read_rar(walk, place, bytes),
        Format::SevenZip => seven_zip::read(walk, place, bytes),
        Format::Tar => tar::read(walk, place, bytes),
        Format::Xz => stream::read(walk, place, bytes, Packing::Xz),
        Format::Zstandard => stream::read(walk, place, bytes, Packing::Zstandard),
        _ => zip::read(walk, place, bytes),
    }
}
