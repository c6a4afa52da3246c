//! The one door through which anything is decompressed.
