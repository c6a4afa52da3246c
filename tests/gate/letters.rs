//! What people send. Every number is synthetic.

/// Sure enough to refuse.
pub(crate) fn high() -> Vec<u8> {
    letter("Henvisning", "Pasienten med fødselsnummer 13827830652 er henvist til dere.")
}

/// Good evidence, without a word that says what it is.
pub(crate) fn medium() -> Vec<u8> {
    letter(
        "Som avtalt",
        "Hei, her er det du spurte etter:\r\n\r\n13827830652\r\n\r\nHa en fin dag!",
    )
}

/// Nothing to be found.
pub(crate) fn clean() -> Vec<u8> {
    letter("Hei", "Vi sees i morgen.\r\n..\r\n. og .\r\n")
}

/// Small and plain.
pub(crate) fn letter(subject: &str, body: &str) -> Vec<u8> {
    with(&[("Subject", subject)], body)
}

/// With these fields beside From and Date.
pub(crate) fn with(fields: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut mail = "From: Kari Nordmann <kari@cpm.example>\r\n\
                    Date: Mon, 23 Nov 2026 09:00:00 +0100\r\n"
        .to_owned();
    if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("message-id")) {
        mail.push_str("Message-ID: <brev@cpm.example>\r\n");
    }
    for (name, value) in fields {
        mail.push_str(&format!("{name}: {value}\r\n"));
    }
    mail.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
    mail.push_str(&format!("Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"));
    mail.into_bytes()
}

/// With an attachment that no reader knows. Read by a child process.
pub(crate) fn with_attachment(name: &str) -> Vec<u8> {
    format!(
        "From: kari@cpm.example\r\nSubject: Vedlegg\r\nMessage-ID: <vedlegg@cpm.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nSe vedlegg.\r\n\
         --b\r\nContent-Type: application/octet-stream\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nAAECAwQFBgcICQ==\r\n--b--\r\n"
    )
    .into_bytes()
}

pub(crate) const NUMBER: &str = "13827830652";
