//! Hops 2 and 3: from bytes to a reading.

use std::sync::Arc;

use jiff::{Timestamp, tz::Offset};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use super::{GateError, Rulebook};
use crate::{
    base::secret::Secret,
    detect::Search,
    model::{Extraction, Gap, GapKind, Kind, PartPath, Reading},
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
    ///
    /// # Errors
    ///
    /// There is no reader now, or the search was cut off at shutdown.
    pub async fn read(
        &self,
        kind: Kind,
        name: &str,
        bytes: &Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Reading, GateError> {
        let Extraction { fragments, gaps } = self.workers.read(kind, name, bytes).await?;
        let (book, bytes) = (Arc::clone(&self.book), Arc::clone(bytes));
        let key = self.person_key.clone();
        let length: usize = fragments.iter().map(|fragment| fragment.text.len()).sum();
        let search = move || {
            let findings = book.rules.find(
                &fragments,
                &Search {
                    today: Offset::UTC.to_datetime(now).date(),
                    synthetic: book.settings.detect.synthetic,
                    key: &key,
                    gaps: &gaps,
                },
            );
            Reading { digest: Sha256::digest(&bytes).into(), findings, gaps }
        };
        // A long search would keep other sessions waiting for this thread.
        if length <= AT_ONCE { Ok(search()) } else { Ok(spawn_blocking(search).await?) }
    }

    /// What is known of bytes that could not even be loaded: a reading of nothing, with one gap over all of it.
    pub fn unread(kind: GapKind, name: &str) -> Reading {
        let gaps = vec![Gap::new(kind, PartPath::root(name))];
        Reading { digest: [0; 32], findings: Vec::new(), gaps }
    }
}

/// Bytes of text that are searched without leaving the thread.
const AT_ONCE: usize = 64 << 10;
