//! A line as a person sees it, where that is not what stands there: without
//! hidden text, or with what is added to it. HTML and documents keep one beside
//! the text as it stands, so that decoys part no number.

/// One line that is being read.
#[derive(Default)]
pub(super) struct ShownLine {
    /// What is seen of it.
    pub(super) text: String,
    /// It is not what stands there.
    pub(super) differs: bool,
}

impl ShownLine {
    /// Begins a new line, and adds this one to `lines` if it differs.
    pub(super) fn end(&mut self, lines: &mut String) {
        if std::mem::take(&mut self.differs) && !self.text.trim().is_empty() {
            lines.push_str(&self.text);
            lines.push('\n');
        }
        self.text.clear();
    }
}
