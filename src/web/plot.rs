//! Plots as SVG that stands in the page: made here, without a script, in the
//! colours of the page. Each has its figures as a table beside it, for those
//! who read rather than look.

use askama::Template;

/// Bars, and the figures that they stand for.
#[derive(Template)]
#[template(path = "plot.html")]
pub(super) struct Plot {
    /// Its name in the page.
    id: &'static str,
    title: &'static str,
    /// What is counted.
    unit: &'static str,
    /// What the column of labels is called.
    of: &'static str,
    /// What opens the table.
    table: &'static str,
    bars: Vec<Bar>,
    upright: bool,
}

/// One bar.
pub(super) struct Bar {
    label: String,
    /// The label below a column; empty where there is no room for it.
    mark: String,
    value: u64,
    /// Where it is and how long, from its label on.
    at: u64,
    length: u64,
}

/// The words on a plot.
pub(super) struct Words {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) of: &'static str,
    pub(super) table: &'static str,
}

impl Plot {
    /// Bars that lie, one below the other, each with its label.
    pub(super) fn lying(words: Words, values: Vec<(String, u64)>) -> Self {
        Self::new(words, values, ROOM, 1, ROW)
    }

    /// Columns that stand side by side. Every seventh has its label below.
    pub(super) fn upright(words: Words, values: Vec<(String, u64)>) -> Self {
        let step = WIDTH / u64::try_from(values.len().max(1)).unwrap_or(1);
        Self { upright: true, ..Self::new(words, values, HEIGHT, 7, step) }
    }

    fn new(words: Words, values: Vec<(String, u64)>, room: u64, marked: usize, step: u64) -> Self {
        let most = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(1);
        let last = values.len().saturating_sub(1);
        let bars = values.into_iter().enumerate().map(|(index, (label, value))| {
            let at = step * u64::try_from(index).unwrap_or(0);
            // A label ends below its column, and must not begin outside.
            let is_marked = (last - index).is_multiple_of(marked) && at >= LABEL;
            let mark = if is_marked { label.clone() } else { String::new() };
            // Something is never shown as nothing.
            Bar { label, mark, value, at, length: (value * room).div_ceil(most) }
        });
        let Words { id, title, unit, of, table } = words;
        Self { id, title, unit, of, table, bars: bars.collect(), upright: false }
    }

    /// What it shows.
    pub(super) fn title(&self) -> &'static str {
        self.title
    }

    /// The plot as it stands in a page; nothing when it cannot be drawn.
    pub(super) fn drawn(&self) -> String {
        self.render().unwrap_or_default()
    }

    /// Whether there is nothing to see.
    pub(super) fn is_empty(&self) -> bool {
        self.bars.iter().all(|bar| bar.value == 0)
    }

    fn height(&self) -> u64 {
        let rows = u64::try_from(self.bars.len()).unwrap_or(0);
        if self.upright { HEIGHT + 28 } else { ROW * rows.max(1) }
    }

    fn step(&self) -> u64 {
        (WIDTH / u64::try_from(self.bars.len().max(1)).unwrap_or(1)).saturating_sub(3).max(2)
    }

    /// The highest bar in words, which tells most of what there is to see.
    fn peak(&self) -> String {
        // The first of the highest.
        let highest = self.bars.iter().rev().max_by_key(|bar| bar.value);
        highest.map(|bar| format!("{}: {} {}", bar.label, bar.value, self.unit)).unwrap_or_default()
    }
}

/// Units of the drawing, which is as wide as the page lets it be.
const WIDTH: u64 = 640;
const HEIGHT: u64 = 140;
const ROW: u64 = 26;
/// What the label of a column takes.
const LABEL: u64 = 60;
/// What a lying bar may take, beside label and figure.
const ROOM: u64 = 340;
