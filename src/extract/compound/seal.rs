//! Encrypted Office packages (MS-OFFCRYPTO 2.3): proof, and the package itself
//! where the password is the one that Office tries by itself.
//!
//! Proven is what has a sound description of an accepted cipher, and a package
//! of the length it says that looks like nothing else. All other ways that
//! claim to protect are told as weak.

use super::seal_key::{self, Attempt, Scheme};
use crate::{
    extract::{
        content, sniff, strings,
        walk::{Place, Walk},
    },
    model::{GapKind, Proof},
};

/// Reads the package `sealed`, described by `description`.
pub(super) fn read(walk: &mut Walk, place: &Place, description: Option<&[u8]>, sealed: &[u8]) {
    if let Some(open) = lies_open(sealed) {
        walk.gap(GapKind::Ambiguous, &place.path);
        walk.inside(&place.path, |walk| content::read(walk, place, open));
        return;
    }
    let scheme = description.and_then(Scheme::parse);
    let Some(scheme) = scheme.filter(|_| is_sound(sealed)) else {
        let name = if description.is_none() { "office-rights" } else { "office-damaged" };
        walk.gap(GapKind::WeakEncryption(Proof::new(name)), &place.path);
        strings::read(walk, place, sealed);
        return;
    };
    match seal_key::try_default(walk, &scheme, sealed) {
        Attempt::Opened(bytes) => {
            if let Err(overrun) = walk.budget.expand(bytes.len()) {
                walk.overrun(overrun, &place.path);
                return;
            }
            walk.inside(&place.path, |walk| content::read(walk, place, &bytes));
        }
        Attempt::Refused => {
            let kind = match scheme.weakness() {
                None => GapKind::Encrypted(Proof::new(format!("office-aes{}", scheme.bits()))),
                Some(name) => GapKind::WeakEncryption(Proof::new(name)),
            };
            walk.gap(kind, &place.path);
        }
        Attempt::TooCostly => {
            // Whoever waits longer may find that the default opens it.
            let proof = Proof::new("office-password-untried");
            walk.gap(GapKind::WeakEncryption(proof), &place.path);
        }
    }
}

/// The package, if it is not encrypted at all.
fn lies_open(sealed: &[u8]) -> Option<&[u8]> {
    let candidates = [Some(sealed), sealed.get(8..)];
    let open = |bytes: &&[u8]| {
        !matches!(sniff::format(bytes), sniff::Format::Unknown | sniff::Format::OpenPgp)
    };
    let found = candidates.into_iter().flatten().find(open)?;
    (!found.trim_ascii().is_empty()).then_some(found)
}

/// Length, then whole blocks that hold it, spread as cipher text is.
fn is_sound(sealed: &[u8]) -> bool {
    let Some((length, blocks)) = sealed.split_first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*length);
    let held = blocks.len() as u64;
    // Packages are filled to a block; some programs add one more, or round up
    // to a segment.
    let whole = held.is_multiple_of(16) && length > 0 && length <= held && held - length <= SEGMENT;
    whole && is_spread(blocks)
}

/// Whether the bytes take so many values as random ones do.
fn is_spread(bytes: &[u8]) -> bool {
    let sample = bytes.get(..SAMPLE).unwrap_or(bytes);
    let mut seen = [false; 256];
    for byte in sample {
        seen[usize::from(*byte)] = true;
    }
    let values = seen.iter().filter(|seen| **seen).count();
    let zeros = memchr::memchr_iter(0, sample).count();
    // 4096 random bytes miss no value; 512 take 221 of them.
    let wanted = if sample.len() >= SAMPLE { 250 } else { sample.len() / 3 };
    values >= wanted.min(200) && zeros * 16 < sample.len().max(64)
}

const SEGMENT: u64 = 4096 + 16;
const SAMPLE: usize = 4096;
