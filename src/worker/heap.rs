//! Makes the C library give memory back after a large message.
//!
//! Left alone, glibc learns from the first large buffers to keep all later
//! ones, and has threads keep theirs apart: after some messages of 5 MB the
//! service held 120 MB for good. What it keeps can be bounded by variables that
//! it reads before `main`, and in no other way without unsafe code; so the
//! service starts itself over with them, once. Where that fails it runs as
//! before and only holds more memory. Children are left as they are, because
//! that is faster, and because they are ended when they have nothing to do.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Starts this program over with a bounded heap. Does nothing where the
/// environment says something about the heap already. Must run before anything
/// else was begun: all that stays is the process and its open files.
pub fn bound_heap() {
    let told = SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some());
    let (false, Ok(program)) = (told || !cfg!(target_env = "gnu"), env::current_exe()) else {
        return;
    };
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into());
    let mut again = Command::new(program);
    // Returns only when it fails.
    let _ = again.arg0(name).args(arguments).envs(SETTINGS).exec();
}

/// What glibc is told; other C libraries ignore it.
const SETTINGS: [(&str, &str); 3] = [
    // Threads share two heaps.
    ("MALLOC_ARENA_MAX", "2"),
    // Bytes: larger buffers come from the system and go back to it at once.
    ("MALLOC_MMAP_THRESHOLD_", "262144"),
    // Bytes that may stay free at the end of the first heap.
    ("MALLOC_TRIM_THRESHOLD_", "131072"),
];
