//! Every sentence that people read, one file a language.
//!
//! A text that a language lacks does not compile. What stands in braces is
//! filled in by [`fill`]. The texts say "our policy", never "the law": what
//! the law asks is for the organisation to say, in its own guidance.

mod en;
mod nb;
mod nn;

use jiff::{Timestamp, tz::Offset};

use super::Language;
use crate::model::{Direction, GapKind, KeyTrouble, Level, Verdict};

macro_rules! words {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// The texts of one language.
        pub(crate) struct Words {
            $($(#[$doc])* pub(crate) $field: &'static str,)*
        }

        #[cfg(test)]
        impl Words {
            /// Each text with its name.
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($field), self.$field),)*]
            }
        }
    };
}

words! {
    /// Subject of a notice, by what happened.
    subject_asked, subject_deferred, subject_held, subject_mixed, subject_protected, subject_refused,
    subject_relayed,
    greeting,
    /// What happened, and whether anyone received it.
    lead_asked, lead_deferred, lead_held, lead_mixed, lead_nobody, lead_protected, lead_refused,
    lead_relayed,
    /// What a person adds.
    head_question, head_refusal,
    /// Why: the cause, then our policy.
    cause_finding, cause_gap,
    /// What became of it for one recipient.
    head_recipients, recipient, status,
    status_deferred, status_delivered, status_held, status_protected, status_refused,
    /// Why a key cannot be used.
    key_absent, key_invalid, key_malformed, key_no_enc, key_revoked, key_weak,
    method_unavailable, surface_uncovered,
    /// What was found.
    head_findings, count, and_more, hidden,
    kind_fnr, kind_dnr, kind_hnr, kind_fh, kind_duf, kind_synthetic,
    kind_birthdate, kind_mrz, kind_se, kind_dk, kind_fi,
    kind_orgnr, kind_phone, kind_hpr, kind_kid, kind_card, kind_account,
    kind_health, kind_union, kind_religion, kind_sexuality, kind_ethnicity, kind_politics,
    kind_biometrics, kind_genetics, kind_criminal, kind_social,
    kind_health_person, kind_social_person, kind_special_person,
    kind_password, kind_password_beside, kind_private_key, kind_token, kind_secret,
    kind_connection, kind_other,
    /// What could not be read.
    head_gaps,
    gap_ambiguous, gap_broken, gap_encrypted, gap_timed_out, gap_too_big, gap_too_deep,
    gap_unknown, gap_weak,
    /// Names of places.
    place_message, place_body, place_subject, place_page, place_paragraph, place_line,
    /// What to do now.
    head_choices, choice_encrypt, choice_remove, choice_channel, choice_readable, mistake, guidance,
    /// The personal link.
    act_held, act_refused, act_note,
    /// What happens to the held message.
    head_held, held_who, held_until, held_open,
    head_contact, contact, reference, read_more, legal, automatic,
    date, months,
    /// The digest for those who review.
    digest_none, digest_one, digest_many, digest_levels, digest_directions, digest_ages,
    digest_oldest, digest_link,
    level_critical, level_high, level_medium, level_low, level_none,
    direction_inbound, direction_internal, direction_outbound,
    age_day, age_days, age_week,
    /// The guidance page.
    page_title, page_lead, page_why_head, page_why, page_inside_head, page_inside,
    page_outside_head, page_outside, page_receiver_head, page_receiver,
    page_privacy_head, page_privacy, page_languages, page_skip,
    missing_title, missing_text,
}

impl Words {
    /// The texts in `language`.
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &en::WORDS,
            Language::Nb => &nb::WORDS,
            Language::Nn => &nn::WORDS,
        }
    }

    /// What became of the message for a recipient.
    pub(crate) fn status(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Defer => self.status_deferred.to_owned(),
            Verdict::Deliver => self.status_delivered.to_owned(),
            Verdict::Hold => self.status_held.to_owned(),
            Verdict::Protect(method) => fill(self.status_protected, "method", method.as_str()),
            Verdict::Refuse => self.status_refused.to_owned(),
        }
    }

    /// Why a recipient's key cannot be used.
    pub(crate) fn trouble(&self, trouble: KeyTrouble) -> &'static str {
        match trouble {
            KeyTrouble::KeyAbsent => self.key_absent,
            KeyTrouble::KeyExpired => self.key_invalid,
            KeyTrouble::KeyMalformed => self.key_malformed,
            KeyTrouble::KeyNoEnc => self.key_no_enc,
            KeyTrouble::KeyRevoked => self.key_revoked,
            KeyTrouble::KeyWeak => self.key_weak,
            KeyTrouble::MethodUnavailable => self.method_unavailable,
            KeyTrouble::SurfaceUncovered => self.surface_uncovered,
        }
    }

    /// The kind of a finding. A rule that puts findings together goes by its
    /// own name: its kind is that of the first of them.
    pub(crate) fn kind(&self, rule: &str, kind: &str) -> String {
        let (name, series) = kind.split_once('+').map_or((kind, None), |(n, s)| (n, Some(s)));
        if let Some(words) = self.together(rule) {
            return words.to_owned();
        }
        let words = self.identifier(name).or_else(|| self.topic(rule)).unwrap_or(self.kind_other);
        match series {
            Some("65" | "80") => format!("{words} ({})", self.kind_synthetic),
            _ => words.to_owned(),
        }
    }

    fn together(&self, rule: &str) -> Option<&'static str> {
        Some(match rule {
            "no.health.person" => self.kind_health_person,
            "no.social.person" => self.kind_social_person,
            "no.special.person" => self.kind_special_person,
            "secret.password_beside" => self.kind_password_beside,
            _ => return None,
        })
    }

    /// What a value is, by the name of its kind.
    fn identifier(&self, kind: &str) -> Option<&'static str> {
        Some(match kind {
            "fnr" => self.kind_fnr,
            "dnr" => self.kind_dnr,
            "hnr" => self.kind_hnr,
            "fh" => self.kind_fh,
            "duf" => self.kind_duf,
            "se" => self.kind_se,
            "dk" => self.kind_dk,
            "fi" => self.kind_fi,
            "mrz" => self.kind_mrz,
            "name_birthdate" => self.kind_birthdate,
            "card" => self.kind_card,
            "account" | "iban" | "konto" => self.kind_account,
            "kid10" => self.kind_kid,
            "orgnr" => self.kind_orgnr,
            "phone" => self.kind_phone,
            "hpr" => self.kind_hpr,
            "password" => self.kind_password,
            "private_key" => self.kind_private_key,
            "token" => self.kind_token,
            "named" => self.kind_secret,
            "connection" => self.kind_connection,
            _ => return None,
        })
    }

    /// What a word is about, by the rule: all such findings are of one kind.
    fn topic(&self, rule: &str) -> Option<&'static str> {
        Some(match rule {
            "no.union" => self.kind_union,
            "no.religion" => self.kind_religion,
            "no.sexuality" => self.kind_sexuality,
            "no.ethnicity" => self.kind_ethnicity,
            "no.politics" => self.kind_politics,
            "no.biometrics" => self.kind_biometrics,
            "no.genetics" => self.kind_genetics,
            "no.criminal" => self.kind_criminal,
            "no.social" => self.kind_social,
            _ if rule.contains("card") => self.kind_card,
            _ if rule.contains("health") => self.kind_health,
            _ => return None,
        })
    }

    /// How grave the findings are.
    pub(crate) fn level(&self, level: Option<Level>) -> &'static str {
        match level {
            Some(Level::Critical) => self.level_critical,
            Some(Level::High) => self.level_high,
            Some(Level::Medium) => self.level_medium,
            Some(Level::Info | Level::Low) => self.level_low,
            None => self.level_none,
        }
    }

    /// Which way a message goes.
    pub(crate) fn direction(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Inbound => self.direction_inbound,
            Direction::Internal => self.direction_internal,
            Direction::Outbound => self.direction_outbound,
        }
    }

    /// Why something could not be read.
    pub(crate) fn gap(&self, kind: &GapKind) -> &'static str {
        match kind {
            GapKind::Ambiguous => self.gap_ambiguous,
            GapKind::Broken => self.gap_broken,
            GapKind::Encrypted(_) => self.gap_encrypted,
            GapKind::TimedOut => self.gap_timed_out,
            GapKind::TooBig => self.gap_too_big,
            GapKind::TooDeep => self.gap_too_deep,
            GapKind::Unknown => self.gap_unknown,
            GapKind::WeakEncryption(_) => self.gap_weak,
        }
    }

    /// The name of a place as people call it. Names that senders chose stay.
    pub(crate) fn place(&self, name: &str) -> String {
        let numbered = |prefix: &str| {
            let rest = name.strip_prefix(prefix)?.strip_prefix(' ')?;
            (!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
        };
        match name {
            "message" => self.place_message.to_owned(),
            "body" | "text" => self.place_body.to_owned(),
            "Subject" | "subject" => self.place_subject.to_owned(),
            _ => [
                ("page", self.place_page),
                ("paragraph", self.place_paragraph),
                ("line", self.place_line),
            ]
            .into_iter()
            .find_map(|(prefix, word)| numbered(prefix).map(|number| format!("{word} {number}")))
            .unwrap_or_else(|| name.to_owned()),
        }
    }

    /// A day, written out. Days turn at midnight UTC.
    pub(crate) fn day(&self, time: Timestamp) -> String {
        let date = Offset::UTC.to_datetime(time).date();
        let month = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
        let month = self.months.split(' ').nth(month).unwrap_or("");
        let text = fill(self.date, "day", &date.day().to_string());
        fill(&fill(&text, "month", month), "year", &date.year().to_string())
    }
}

/// Puts `value` where `{name}` stands.
pub(crate) fn fill(text: &str, name: &str, value: &str) -> String {
    text.replace(&format!("{{{name}}}"), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        text.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase).collect()
    }

    /// Fails when a text of `language` uses one of `foreign`.
    fn assert_none(language: Language, foreign: &[&str]) {
        for (name, text) in Words::of(language).all() {
            for word in words_of(text) {
                assert!(!foreign.contains(&word.as_str()), "{language} {name}: {word} in: {text}");
            }
        }
    }

    #[test]
    fn each_language_has_every_text() {
        let names = |language| {
            Words::of(language)
                .all()
                .into_iter()
                .map(|(name, text)| {
                    assert!(!text.trim().is_empty(), "{language} {name} is empty");
                    let braces: Vec<_> =
                        text.match_indices('{').map(|(at, _)| &text[at..]).collect();
                    (name, braces.len())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(names(Language::Nb), names(Language::Nn));
        assert_eq!(names(Language::Nb), names(Language::En));
    }

    #[test]
    fn keeps_the_languages_apart() {
        let english = [
            "and",
            "been",
            "has",
            "message",
            "not",
            "of",
            "or",
            "please",
            "sent",
            "the",
            "this",
            "was",
            "what",
            "who",
            "you",
            "your",
            "with",
            "it",
            "is",
            "key",
            "attachment",
        ];
        let only_nb = [
            "ikke",
            "hva",
            "hvem",
            "hvis",
            "noen",
            "noe",
            "bare",
            "ble",
            "en",
            "et",
            "gjøre",
            "være",
            "fra",
            "mottakeren",
            "mottakerne",
            "slettes",
            "jeg",
            "hvorfor",
            "opplysninger",
            "hvordan",
            "enn",
            "dere",
        ];
        let only_nn = [
            "ikkje",
            "kva",
            "kven",
            "nokon",
            "noko",
            "berre",
            "vart",
            "vert",
            "ein",
            "eit",
            "gjere",
            "vere",
            "frå",
            "mottakaren",
            "mottakarane",
            "dykk",
            "eg",
            "kvifor",
            "korleis",
        ];
        for norwegian in [Language::Nb, Language::Nn] {
            assert_none(norwegian, &english);
        }
        assert_none(Language::Nn, &only_nb);
        assert_none(Language::Nb, &only_nn);
        assert_none(Language::En, &only_nb.into_iter().filter(|w| *w != "en").collect::<Vec<_>>());
        assert_none(Language::En, &["og", "er", "på", "av", "det", "som"]);
    }

    #[test]
    fn speaks_of_our_policy_and_blames_nobody() {
        for language in Language::ALL {
            for (name, text) in Words::of(language).all() {
                let words = words_of(text);
                for word in [
                    "law",
                    "illegal",
                    "lov",
                    "loven",
                    "lova",
                    "ulovlig",
                    "ulovleg",
                    "violation",
                    "brudd",
                    "brot",
                ] {
                    assert!(!words.iter().any(|w| w == word), "{language} {name}: {text}");
                }
            }
        }
    }

    #[test]
    fn writes_a_day_out() {
        let day: Timestamp = "2026-12-07T23:59:00Z".parse().unwrap();
        assert_eq!(Words::of(Language::Nb).day(day), "7. desember 2026");
        assert_eq!(Words::of(Language::En).day(day), "7 December 2026");
    }

    #[test]
    fn names_kinds_and_places() {
        let words = Words::of(Language::Nb);
        assert_eq!(words.kind("no.fnr", "fnr+80"), "fødselsnummer (syntetisk testnummer)");
        assert_eq!(words.kind("no.fnr", "dnr+40"), "D-nummer");
        assert_eq!(words.kind("no.health", "term"), "helseopplysninger");
        assert_eq!(words.kind("no.health.person", "fnr"), "helseopplysninger om en person");
        assert_eq!(words.kind("no.union", "term"), "medlemskap i fagforening");
        assert_eq!(words.kind("x.y", "z"), "andre beskyttede personopplysninger");
        assert_eq!(words.place("page 3"), "side 3");
        assert_eq!(words.place("page three"), "page three");
    }
}
