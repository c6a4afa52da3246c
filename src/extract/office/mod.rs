//! Office documents.
