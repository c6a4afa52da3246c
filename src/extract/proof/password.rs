//! Encryption whose password travels beside it does not protect.
//!
//! Looks in the open text of the same message for a password that is told, not
//! only announced: `passord: Var2026`, but not `passord sendes på SMS`.

use crate::model::{Extraction, GapKind, Proof};

/// Turns proofs of password encryption into weak ones when the password seems
/// to stand in the text.
pub(in crate::extract) fn weaken(extraction: &mut Extraction) {
    let by_password = |kind: &GapKind| matches!(kind, GapKind::Encrypted(proof) if proof.as_str().starts_with("zip-") || proof.as_str().starts_with("pdf-"));
    if !extraction.gaps.iter().any(|gap| by_password(&gap.kind)) {
        return;
    }
    if extraction.fragments.iter().any(|fragment| tells_password(&fragment.text)) {
        for gap in extraction.gaps.iter_mut().filter(|gap| by_password(&gap.kind)) {
            gap.kind = GapKind::WeakEncryption(Proof::new("password-beside"));
        }
    }
}

fn tells_password(text: &str) -> bool {
    let text = text.get(..SEARCHED).unwrap_or(text).to_lowercase();
    WORDS.iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let after = text.get(at + word.len()..).unwrap_or_default();
            let line = after.lines().next().unwrap_or_default();
            let near: String = line.chars().take(NEAR).collect();
            SIGNS.iter().any(|sign| near.split_once(sign).is_some_and(|(_, value)| is_value(value)))
        })
    })
}

/// Whether the first word could be a password: a digit in it, or in quotes.
fn is_value(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let quoted = word.starts_with(['"', '\'', '«', '“']) && word.chars().count() > 4;
    word.chars().count() >= 4 && (quoted || word.bytes().any(|b| b.is_ascii_digit()))
}

const WORDS: &[&str] =
    &["passord", "password", "passphrase", "passfrase", "pwd", "lösenord", "adgangskode"];
const SIGNS: &[&str] = &[":", "=", " er ", " is "];
const NEAR: usize = 60;
const SEARCHED: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_told_password_counts_and_an_announced_one_does_not() {
        assert!(tells_password("Passordet er Var2026."));
        assert!(tells_password("Password: hunter2"));
        assert!(!tells_password("Passord sendes på SMS."));
        assert!(!tells_password("Passord: sendes på SMS"));
    }
}
