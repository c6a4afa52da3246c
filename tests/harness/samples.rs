//! The sample mails, each with its envelope.
//!
//! All persons, places and numbers in them are made up; identity numbers are
//! synthetic (month + 80). The files have LF line ends and travel with CR LF.

use super::client::Mail;

/// The sample of this name with its envelope, as a client would send it.
pub(crate) fn sample(name: &str) -> Mail {
    let known = ENVELOPES.iter().find(|(known, ..)| *known == name);
    let (_, sender, recipients, text) = known.expect("a sample of that name");
    Mail {
        sender: (*sender).to_owned(),
        recipients: recipients.iter().map(|one| (*one).to_owned()).collect(),
        bytes: text.replace('\n', "\r\n").into_bytes(),
    }
}

/// A small message of its own, named by `id` in its Message-ID.
pub(crate) fn letter(id: &str, text: &str) -> Mail {
    let bytes = format!(
        "From: Kari Nordmann <{KARI}>\r\nTo: Ola Nordmann <{OLA}>\r\nSubject: Sak {id}\r\n\
         Date: Mon, 23 Nov 2026 12:00:00 +0100\r\nMessage-ID: <{id}@cpm.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    );
    Mail { sender: KARI.to_owned(), recipients: vec![OLA.to_owned()], bytes: bytes.into_bytes() }
}

/// Inside; writes most of the samples.
pub(crate) const KARI: &str = "kari@cpm.example";
/// Outside; has a certificate where a test gives him one.
pub(crate) const OLA: &str = "ola@partner.example";
/// Outside; never has a certificate.
pub(crate) const PER: &str = "per@partner.example";

/// The identity number in the samples (synthetic).
pub(crate) const NUMBER: &str = "13827830652";

macro_rules! sample {
    ($name:literal, $from:expr, $to:expr) => {
        ($name, $from, $to, include_str!(concat!("../fixtures/samples/", $name, ".eml")))
    };
}

type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

const ENVELOPES: [Row; 15] = [
    sample!("already-encrypted", KARI, &[OLA]),
    sample!("clean-multipart", KARI, &[OLA]),
    sample!("clean-text", KARI, &[OLA]),
    sample!("inbound-number", OLA, &[KARI]),
    sample!("medium-finding", KARI, &[OLA]),
    sample!("null-sender", "", &[OLA]),
    sample!("number-in-body", KARI, &[PER]),
    sample!("number-in-display-name", KARI, &[OLA]),
    sample!("number-in-docx-in-zip", KARI, &[PER]),
    sample!("number-in-subject", KARI, &[PER]),
    sample!("odd-display-names", KARI, &[OLA]),
    sample!("recipient-with-key", KARI, &[OLA]),
    sample!("subject-with-key", KARI, &[OLA]),
    sample!("two-recipients", KARI, &[OLA, PER]),
    sample!("unscannable", KARI, &[OLA]),
];
