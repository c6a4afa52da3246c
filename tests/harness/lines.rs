//! The output of a running program, line by line, to look at and to wait for.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Lines read so far; clones see the same lines.
#[derive(Clone, Default)]
pub(crate) struct Lines {
    shared: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Lines {
    /// Collects what comes out of `source` from now on, until it ends.
    pub(crate) fn follow(&self, source: impl Read + Send + 'static) {
        let lines = self.clone();
        thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                lines.shared.0.lock().unwrap().push(text);
                lines.shared.1.notify_all();
                line.clear();
            }
        });
    }

    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.shared.0.lock().unwrap().clone()
    }

    /// How many lines so far.
    pub(crate) fn len(&self) -> usize {
        self.shared.0.lock().unwrap().len()
    }

    /// Waits for a line after the first `skip` that `fits`.
    pub(crate) fn wait(
        &self,
        skip: usize,
        limit: Duration,
        fits: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let end = Instant::now() + limit;
        let mut seen = skip;
        let mut lines = self.shared.0.lock().unwrap();
        loop {
            if let Some(line) = lines.iter().skip(seen).find(|line| fits(line)) {
                return Some(line.clone());
            }
            seen = lines.len().max(skip);
            let left = end.checked_duration_since(Instant::now())?;
            lines = self.shared.1.wait_timeout(lines, left).unwrap().0;
        }
    }
}
