//! What the next hop can do, by its reply to EHLO or LHLO.

use super::{reply::Reply, xforward::Attribute};

/// The extensions that matter here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Features {
    /// RFC 3461.
    pub(super) dsn: bool,
    /// RFC 6152.
    pub(super) eight_bit_mime: bool,
    /// RFC 2920.
    pub(super) pipelining: bool,
    /// RFC 1870.
    pub(super) size: bool,
    /// RFC 6531.
    pub(super) smtputf8: bool,
    /// RFC 3207.
    pub(super) starttls: bool,
    /// What it wants to know of the client; empty without XFORWARD.
    pub(super) xforward: Vec<Attribute>,
}

impl Features {
    /// Reads the keywords, whose case does not matter (RFC 5321 section
    /// 4.1.1.1). The first line is the name of the server.
    pub(super) fn of(reply: &Reply) -> Self {
        let mut features = Self::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "8BITMIME" => features.eight_bit_mime = true,
                "DSN" => features.dsn = true,
                "PIPELINING" => features.pipelining = true,
                "SIZE" => features.size = true,
                "SMTPUTF8" => features.smtputf8 = true,
                "STARTTLS" => features.starttls = true,
                "XFORWARD" => features.xforward = words.filter_map(Attribute::named).collect(),
                _ => {}
            }
        }
        features
    }
}
