//! Hops 2 and 3: from bytes to a reading.

use std::sync::Arc;

use jiff::{Timestamp, tz::Offset};
use sha2::{Digest, Sha256};

use super::Rulebook;
use crate::{
    base::secret::Secret,
    detect::Search,
    model::{Extraction, Kind, Reading},
    worker::Workers,
};

/// Reads bytes by one set of rules. The only maker of [`Reading`].
pub struct Reader {
    workers: Arc<Workers>,
    book: Arc<Rulebook>,
    person_key: Secret<[u8; 32]>,
}

impl Reader {
    /// A reader by the rules in `book`; persons are told apart by hashes under
    /// `person_key`.
    pub fn new(workers: Arc<Workers>, book: Arc<Rulebook>, person_key: Secret<[u8; 32]>) -> Self {
        Self { workers, book, person_key }
    }

    /// Reads `bytes` as `kind`. `name` is the file name, for the path.
    pub async fn read(&self, kind: Kind, name: &str, bytes: &Arc<[u8]>, now: Timestamp) -> Reading {
        let Extraction { fragments, gaps } = self.workers.read(kind, name, bytes).await;
        let search = Search {
            today: Offset::UTC.to_datetime(now).date(),
            synthetic: self.book.settings.detect.synthetic,
            key: &self.person_key,
        };
        let findings = self.book.rules.find(&fragments, &search);
        Reading { digest: Sha256::digest(bytes).into(), findings, gaps }
    }
}
