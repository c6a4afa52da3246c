//! What pages say, in three languages side by side.
//!
//! Each area of pages has one file of texts. A text that a language lacks does
//! not compile. Texts say "our policy", never "the law".

pub(super) use crate::notify::texts::texts;

#[cfg(test)]
mod tests {
    use super::super::{
        dashboard_texts::DashboardTexts,
        frame_texts::FrameTexts,
        officer,
        oidc_texts::OidcTexts,
        people_texts::{FactorTexts, PeopleTexts},
        queue_texts::QueueTexts,
        token_texts::TokenTexts,
    };

    /// Every area of pages.
    fn all() -> Vec<(&'static str, [&'static str; 3])> {
        [
            DashboardTexts::all(),
            FactorTexts::all(),
            FrameTexts::all(),
            OidcTexts::all(),
            PeopleTexts::all(),
            TokenTexts::all(),
            QueueTexts::all(),
            officer::all_texts(),
        ]
        .concat()
    }

    #[test]
    fn every_text_is_there_and_the_norwegian_ones_hold_no_english() {
        for (name, [nb, nn, en]) in all() {
            assert!(!nb.is_empty() && !nn.is_empty() && !en.is_empty(), "{name}");
            for text in [nb, nn] {
                let words = text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
                let english: Vec<_> =
                    words.filter(|word| ENGLISH.contains(&word.as_str())).collect();
                assert!(english.is_empty(), "{name}: {english:?} in {text:?}");
            }
        }
    }

    /// Words that stand in hardly any English sentence of ours without, and in
    /// no Norwegian one.
    const ENGLISH: &[&str] = &[
        "account",
        "again",
        "and",
        "are",
        "attachment",
        "audit",
        "cannot",
        "choose",
        "delete",
        "deleted",
        "download",
        "encrypted",
        "erase",
        "event",
        "export",
        "finding",
        "have",
        "here",
        "language",
        "mail",
        "message",
        "not",
        "of",
        "password",
        "persons",
        "preview",
        "purpose",
        "queue",
        "reason",
        "recipient",
        "recipients",
        "reject",
        "release",
        "report",
        "reveal",
        "review",
        "rules",
        "save",
        "search",
        "sender",
        "settings",
        "show",
        "subject",
        "the",
        "this",
        "was",
        "what",
        "when",
        "who",
        "with",
        "you",
        "your",
    ];
}
