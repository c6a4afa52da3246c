//! Reads the pixels of pictures with Debian's tesseract, when switched on.
//!
//! Every picture has a process of its own, shut in before tesseract starts in
//! it: no network, no file but the program and its data, bounded memory and
//! time. A picture that was read to its end, and well, adds its text. All else
//! (a failure, an overrun, letters that were guessed) leaves the gap that the
//! picture was, and adds what text there is.
//!
//! What is printed is read; handwriting, and letters that lie on their side,
//! mostly are not, and then stay a gap.

mod helper;
mod settings;
mod tesseract;
mod words;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{sync::Semaphore, time::Instant};
use tracing::warn;

pub use self::{
    helper::run as run_helper,
    settings::{Engine, Languages, LanguagesError, Settings},
    tesseract::{Absent, look_for},
};
use self::{
    tesseract::{Layout, Trouble},
    words::{Page, pages},
};
use crate::model::{Extraction, FirstReading, Fragment, GapKind, Picture, Surface};

/// Reads pictures.
pub(super) struct Ocr {
    /// This program, which shuts the other one in.
    program: PathBuf,
    settings: Settings,
    memory: u64,
    turns: Semaphore,
}

impl Ocr {
    /// A reader that runs at most `processes` of its helpers at a time, each
    /// with `memory` bytes.
    pub(super) fn new(program: &Path, settings: Settings, processes: usize, memory: u64) -> Self {
        let program = program.to_owned();
        Self { program, settings, memory, turns: Semaphore::new(processes) }
    }

    /// Reads the pictures of one message and adds their text.
    pub(super) async fn finish(&self, reading: FirstReading) -> Extraction {
        let deadline = Instant::now() + self.settings.message_time();
        let mut extraction = reading.extraction;
        for (number, picture) in reading.pictures.into_iter().enumerate() {
            // The child said so; it is not believed.
            let granted = u32::try_from(number).is_ok_and(|n| n < self.settings.ocr_pictures);
            let gap = match granted {
                true => self.read(&picture, deadline, &mut extraction).await,
                false => Some(GapKind::TooBig),
            };
            if let Some(gap) = gap {
                extraction.leave_gap(gap, picture.path);
            }
        }
        extraction
    }

    /// Reads one picture, and names the gap that stays.
    async fn read(
        &self,
        picture: &Picture,
        deadline: Instant,
        extraction: &mut Extraction,
    ) -> Option<GapKind> {
        let deadline = deadline.min(Instant::now() + self.settings.picture_time());
        match self.look(picture, deadline, extraction).await {
            Ok(Look::Read) => None,
            Ok(Look::Guessed) => Some(GapKind::Unknown),
            Err(trouble) => {
                warn!(reason = %trouble, "a picture could not be read");
                Some(trouble.gap())
            }
        }
    }

    async fn look(
        &self,
        picture: &Picture,
        deadline: Instant,
        extraction: &mut Extraction,
    ) -> Result<Look, Trouble> {
        let whole = self.run(picture, Layout::Page, deadline).await?;
        add(extraction, picture, &whole);
        let mut read = is_complete(picture, &whole);
        if !whole.iter().all(|page| page.has_words()) {
            // A page without a layout may still hold a word somewhere.
            let scattered = self.run(picture, Layout::Scattered, deadline).await?;
            add(extraction, picture, &scattered);
            read &= whole.len() == scattered.len();
            read &= whole.iter().zip(&scattered).all(|(whole, scattered)| {
                if whole.has_words() { whole.is_sure() } else { scattered.is_sure_of_little() }
            });
        } else {
            read &= whole.iter().all(Page::is_sure);
        }
        Ok(if read { Look::Read } else { Look::Guessed })
    }

    async fn run(
        &self,
        picture: &Picture,
        layout: Layout,
        deadline: Instant,
    ) -> Result<Vec<Page>, Trouble> {
        let turn = tokio::time::timeout_at(deadline, self.turns.acquire());
        let _turn = turn.await.map_err(|_| Trouble::Overrun)?.map_err(|_| Trouble::Overrun)?;
        let run = tesseract::Run { settings: &self.settings, memory: self.memory, layout };
        let table = run.read(&self.program, &picture.bytes, deadline).await?;
        pages(&table).ok_or(Trouble::Answer)
    }
}

/// What came of a picture.
enum Look {
    /// Letters were guessed, or pages are missing.
    Guessed,
    /// It was read to its end.
    Read,
}

fn is_complete(picture: &Picture, pages: &[Page]) -> bool {
    u32::try_from(pages.len()).is_ok_and(|count| count >= picture.pages.max(1))
}

/// Adds the text of a picture, once: the same picture may come in two shapes.
fn add(extraction: &mut Extraction, picture: &Picture, pages: &[Page]) {
    let text: Vec<&str> = pages.iter().map(Page::text).filter(|text| !text.is_empty()).collect();
    let path = picture.path.child("ocr");
    let fragment = Fragment::new(Surface::FileText, path, text.join("\n\n"));
    if !fragment.text.is_empty() && !extraction.fragments.contains(&fragment) {
        extraction.fragments.push(fragment);
    }
}

impl Settings {
    fn message_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.ocr_message_seconds))
    }

    fn picture_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.ocr_seconds))
    }
}
