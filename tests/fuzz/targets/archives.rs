//! Archives and compressed files. Checksums that would stop the fuzzer at the
//! door are put right first.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sluse_fuzz::reading;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    mend_seven_zip(&mut bytes);
    mend_tar(&mut bytes);
    reading::file("a", &bytes);
});

/// The start header of 7z names the checksums of the next header and of itself.
fn mend_seven_zip(bytes: &mut [u8]) -> Option<()> {
    if !bytes.starts_with(b"7z\xBC\xAF\x27\x1C") {
        return None;
    }
    let number = |at: usize| {
        let number = u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?);
        usize::try_from(number).ok()
    };
    let start = number(12)?.checked_add(32)?;
    let next = bytes.get(start..start.checked_add(number(20)?)?)?;
    let sum = crc32fast::hash(next).to_le_bytes();
    bytes.get_mut(28..32)?.copy_from_slice(&sum);
    let sum = crc32fast::hash(bytes.get(12..32)?).to_le_bytes();
    bytes.get_mut(8..12)?.copy_from_slice(&sum);
    Some(())
}

/// The sum over a tar header, for the first header only.
fn mend_tar(bytes: &mut [u8]) -> Option<()> {
    if bytes.get(257..262)? != b"ustar" {
        return None;
    }
    let head = bytes.get_mut(..512)?;
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(())
}
