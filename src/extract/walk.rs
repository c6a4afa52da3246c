//! One walk through a message: what was collected so far, and what it may
//! still cost. Readers put text and gaps here and hold nothing themselves.

use super::budget::{Budget, Overrun};
use crate::{
    base::limits::Limits,
    model::{Extraction, FirstReading, Fragment, Gap, GapKind, PartPath, Picture, Surface},
};

/// The state of one reading.
pub(super) struct Walk {
    pub(super) budget: Budget,
    containers: Containers,
    out: Extraction,
    pictures: Vec<Picture>,
    pictures_asked: bool,
    stopped: bool,
}

/// Whether archives and documents may be opened.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Containers {
    /// They become gaps: the reading runs in the daemon's own process.
    Closed,
    /// They are read.
    Opened,
}

/// Where bytes stand and what sort of text they hold if they are text.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) path: PartPath,
    pub(super) surface: Surface,
}

impl Place {
    pub(super) fn new(path: PartPath, surface: Surface) -> Self {
        Self { path, surface }
    }

    /// A place called `name` inside this one.
    pub(super) fn child(&self, name: &str) -> Self {
        Self { path: self.path.child(name), surface: self.surface }
    }
}

impl Walk {
    pub(super) fn new(limits: &Limits, containers: Containers) -> Self {
        Self {
            budget: Budget::new(limits),
            containers,
            out: Extraction::default(),
            pictures: Vec::new(),
            pictures_asked: limits.pictures.count > 0,
            stopped: false,
        }
    }

    /// Whether archives and documents may be opened here.
    pub(super) fn opens_containers(&self) -> bool {
        self.containers == Containers::Opened
    }

    /// Adds text, unless it is blank.
    pub(super) fn fragment(&mut self, surface: Surface, path: &PartPath, text: impl Into<String>) {
        self.push(Fragment::new(surface, path.clone(), text));
    }

    /// Adds text with its marks, unless it is blank.
    pub(super) fn push(&mut self, fragment: Fragment) {
        if fragment.text.trim_ascii().is_empty() {
            return;
        }
        // Marks point with 32 bits.
        if u32::try_from(fragment.text.len()).is_err() {
            self.gap(GapKind::TooBig, &fragment.path);
            return;
        }
        match self.budget.expand(fragment.text.len()) {
            Ok(()) => self.out.fragments.push(fragment),
            Err(overrun) => self.gap(overrun.into(), &fragment.path),
        }
    }

    /// Adds a gap. The same gap a second time in a row says nothing new.
    pub(super) fn gap(&mut self, kind: GapKind, path: &PartPath) {
        let recent = self.out.gaps.iter().rev().take(GAPS_COMPARED);
        let known = recent.into_iter().any(|gap| gap.kind == kind && gap.path == *path);
        if !known && self.out.gaps.len() < GAPS_KEPT {
            self.out.gaps.push(Gap::new(kind, path.clone()));
        }
    }

    /// Whether somebody else may read pictures: making them ready costs time.
    pub(super) fn hands_on_pictures(&self) -> bool {
        self.pictures_asked
    }

    /// Hands a picture on, or leaves a gap.
    pub(super) fn picture(&mut self, pixels: u64, picture: Picture) {
        if !self.pictures_asked {
            self.gap(GapKind::Unknown, &picture.path);
            return;
        }
        match self.budget.picture(pixels, picture.bytes.len()) {
            Ok(()) => self.pictures.push(picture),
            Err(overrun) => self.gap(overrun.into(), &picture.path),
        }
    }

    /// Runs `inner` one container down, or leaves a gap at `path`.
    pub(super) fn inside(&mut self, path: &PartPath, inner: impl FnOnce(&mut Self)) {
        match self.budget.enter() {
            Ok(()) => {
                inner(self);
                self.budget.leave();
            }
            Err(overrun) => self.overrun(overrun, path),
        }
    }

    /// Spends an entry; on overrun leaves one gap and answers `false`.
    pub(super) fn entry(&mut self, path: &PartPath) -> bool {
        match self.budget.entry() {
            Ok(()) => true,
            Err(overrun) => {
                self.overrun(overrun, path);
                false
            }
        }
    }

    /// Notes that a limit was reached. One gap for each limit is enough where
    /// nothing more can be read anyway.
    pub(super) fn overrun(&mut self, overrun: Overrun, path: &PartPath) {
        let final_one = matches!(overrun, Overrun::Entries | Overrun::Time);
        if final_one && std::mem::replace(&mut self.stopped, true) {
            return;
        }
        self.gap(overrun.into(), path);
    }

    /// Hands over what was collected, for readers of whom nobody asks more.
    #[cfg(test)]
    pub(super) fn finish(self) -> Extraction {
        self.hand_over().settle()
    }

    /// Hands over what was collected.
    pub(super) fn hand_over(mut self) -> FirstReading {
        super::proof::password::weaken(&mut self.out);
        FirstReading { extraction: self.out, pictures: self.pictures }
    }
}

const GAPS_COMPARED: usize = 4;
/// Far more than anyone reads; the first one already stops the message.
const GAPS_KEPT: usize = 1000;
