//! Where messages come in: each front-end turns its protocol into a message
//! with its envelope, asks the gate, and turns the outcome into answers.
//!
//! A front-end decides nothing. What goes wrong at its edge becomes a
//! temporary failure and one log line, never an accept.

mod asking;
pub mod milter;
mod path;
pub mod smtp;
mod unix;
mod wish;
