//! Whole files, from bytes to text and gaps.
