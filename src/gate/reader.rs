//! Hops 2 and 3: from bytes to a reading.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jiff::{Timestamp, tz::Offset};
use tokio::task::spawn_blocking;

use super::{GateError, Rulebook};
use crate::{
    base::secret::Secret,
    detect::Search,
    model::{
        Extraction, Finding, Fragment, Gap, GapKind, Kind, Level, PartPath, Raw, Reading, Surface,
    },
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
        bytes: &Raw,
        now: Timestamp,
    ) -> Result<Reading, GateError> {
        Ok(self.read_whole(kind, name, bytes, now).await?.0)
    }

    /// Reads `bytes`, and keeps what was read of them.
    ///
    /// # Errors
    ///
    /// As [`Reader::read`].
    pub(super) async fn read_whole(
        &self,
        kind: Kind,
        name: &str,
        bytes: &Raw,
        now: Timestamp,
    ) -> Result<(Reading, Vec<Fragment>), GateError> {
        let Extraction { fragments, gaps } = self.workers.read(kind, name, bytes).await?;
        let (book, bytes) = (Arc::clone(&self.book), bytes.clone());
        let key = self.person_key.clone();
        let text: usize = fragments.iter().map(|fragment| fragment.text.len()).sum();
        let length = text.max(bytes.len());
        let search = move || {
            let digest = bytes.digest();
            let find = || find(&book, (&fragments, &gaps), now, &key);
            match catch_unwind(AssertUnwindSafe(find)) {
                Ok(findings) => (Reading { digest, findings, gaps }, fragments),
                // It would panic again at every retry, so it is not an error:
                // what cannot be searched was not read, and policy decides.
                Err(_) => {
                    let gaps = vec![whole_gap(kind)];
                    (Reading { digest, findings: Vec::new(), gaps }, Vec::new())
                }
            }
        };
        // A long search would keep other sessions waiting for this thread.
        if length <= AT_ONCE { Ok(search()) } else { Ok(spawn_blocking(search).await?) }
    }

    /// Searches what was read before. A search that breaks down finds nothing.
    pub(super) fn search(
        &self,
        fragments: &[Fragment],
        gaps: &[Gap],
        now: Timestamp,
    ) -> Vec<Finding> {
        let find = || find(&self.book, (fragments, gaps), now, &self.person_key);
        catch_unwind(AssertUnwindSafe(find)).unwrap_or_default()
    }

    /// Whether a rule finds something sensitive in a short text, or breaks down
    /// over it. Weaker findings do not count: any long number could be an
    /// account.
    pub(super) fn finds_in(&self, text: &str, now: Timestamp) -> bool {
        let fragment = Fragment::new(Surface::Header, PartPath::root("text"), text);
        let find = || find(&self.book, (&[fragment], &[]), now, &self.person_key);
        let is_sensitive = |finding: &Finding| finding.level >= Level::Medium;
        catch_unwind(AssertUnwindSafe(find))
            .map_or(true, |findings| findings.iter().any(is_sensitive))
    }

    /// What is known of bytes that could not even be loaded: a reading of
    /// nothing, with one gap over all of it.
    pub fn unread(kind: GapKind, name: &str) -> Reading {
        let gaps = vec![Gap::new(kind, PartPath::root(name))];
        Reading { digest: [0; 32], findings: Vec::new(), gaps }
    }
}

fn find(
    book: &Rulebook,
    (fragments, gaps): (&[Fragment], &[Gap]),
    now: Timestamp,
    key: &Secret<[u8; 32]>,
) -> Vec<Finding> {
    let today = Offset::UTC.to_datetime(now).date();
    let synthetic = book.settings.detect.synthetic;
    book.rules.find(fragments, &Search { today, synthetic, key, gaps })
}

/// A gap over everything that was read.
fn whole_gap(kind: Kind) -> Gap {
    let name = match kind {
        Kind::File => "file",
        Kind::Message => "message",
        Kind::Text => "text",
    };
    Gap::new(GapKind::Broken, PartPath::root(name))
}

/// Bytes that are searched and hashed without leaving the thread.
const AT_ONCE: usize = 64 << 10;
