//! What tesseract answers: a table of words, each with how sure it is of it,
//! from 0 to 100.

/// One page of a picture.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    /// The shorter side in pixels.
    side: u32,
    /// Letters and digits of words that it is sure of, and of the others.
    sure: usize,
    unsure: usize,
    has_unsure_number: bool,
    line: Option<[u32; 3]>,
}

impl Page {
    /// The words, line by line.
    pub(super) fn text(&self) -> &str {
        self.text.trim_end()
    }

    /// Whether there are any.
    pub(super) fn has_words(&self) -> bool {
        self.sure + self.unsure > 0
    }

    /// Whether what is written was read rather than guessed. Letters that lie
    /// on their side or are too small come out as words of low confidence.
    pub(super) fn is_sure(&self) -> bool {
        let little = self.unsure < LITTLE || self.unsure * 5 <= self.sure;
        little && !self.has_unsure_number
    }

    /// The same for a page on which no lines were found: a photograph, where
    /// leaves and bricks pass for a letter or two. It shows no text, if it is
    /// large enough for letters that can be told from each other.
    pub(super) fn is_sure_of_little(&self) -> bool {
        self.is_sure() && (self.has_words() || self.side >= SIDE)
    }

    fn add(&mut self, line: [u32; 3], confidence: f32, word: &str) {
        if word.trim().is_empty() {
            return;
        }
        let before = self.line.replace(line);
        match before {
            None => {}
            Some(before) if before == line => self.text.push(' '),
            Some(before) if before[..2] == line[..2] => self.text.push('\n'),
            Some(_) => self.text.push_str("\n\n"),
        }
        self.text.push_str(word);
        let signs = word.chars().filter(|c| c.is_alphanumeric()).count();
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if confidence >= SURE {
            self.sure += signs;
        } else {
            self.unsure += signs;
            self.has_unsure_number |= digits >= NUMBER;
        }
    }
}

/// Reads the table; none when it is not one.
pub(super) fn pages(table: &str) -> Option<Vec<Page>> {
    let mut pages: Vec<Page> = Vec::new();
    for row in table.lines().skip_while(|row| row.starts_with("level\t")) {
        let mut fields = row.splitn(FIELDS, '\t');
        let mut number = || fields.next()?.parse::<u32>().ok();
        let [level, _page, block, paragraph, line] =
            [number()?, number()?, number()?, number()?, number()?];
        let [_word, _left, _top, width, height] =
            [number()?, number()?, number()?, number()?, number()?];
        let confidence: f32 = fields.next()?.parse().ok()?;
        match level {
            1 => pages.push(Page { side: width.min(height), ..Page::default() }),
            5 => pages.last_mut()?.add([block, paragraph, line], confidence, fields.next()?),
            _ => {}
        }
    }
    (!pages.is_empty()).then_some(pages)
}

const FIELDS: usize = 12;
/// Words that are right have 80 and more, garbage has less than 60.
const SURE: f32 = 60.0;
/// Signs of doubtful words that may stand beside good ones, or alone.
const LITTLE: usize = 8;
/// Digits of a word that may be part of a number.
const NUMBER: usize = 4;
/// A smaller picture without words could hold letters that are too small.
const SIDE: u32 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn table(words: &[(u32, f32, &str)]) -> String {
        let mut rows =
            "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\t\
                        height\tconf\ttext\n1\t1\t0\t0\t0\t0\t0\t0\t900\t400\t-1\t\n"
                .to_owned();
        for (line, confidence, word) in words {
            rows += &format!("5\t1\t1\t1\t{line}\t1\t40\t40\t151\t25\t{confidence}\t{word}\n");
        }
        rows
    }

    fn page(words: &[(u32, f32, &str)]) -> Page {
        pages(&table(words)).unwrap().remove(0)
    }

    #[test]
    fn words_come_in_lines() {
        let page = page(&[(1, 96.5, "Fnr"), (1, 96.0, "228360 14271"), (2, 90.0, "Hei")]);
        assert_eq!(page.text(), "Fnr 228360 14271\nHei");
        assert!(page.has_words() && page.is_sure());
    }

    #[test]
    fn guesses_are_no_reading() {
        let on_its_side = page(&[(1, 25.0, "CHO9TCYSEBET"), (1, 48.0, "AUS")]);
        assert!(!on_its_side.is_sure());
        let smudged = page(&[(1, 92.0, "Journal"), (2, 49.0, "22836014271")]);
        assert!(!smudged.is_sure());
        let bricks = page(&[(1, 31.0, "av"), (2, 12.0, "¥e")]);
        assert!(bricks.is_sure_of_little());
    }

    #[test]
    fn a_page_without_words_is_read_when_it_is_large() {
        assert!(page(&[(1, 95.0, " ")]).is_sure_of_little());
        let small = table(&[]).replace("\t400\t", "\t150\t");
        assert!(!pages(&small).unwrap()[0].is_sure_of_little());
    }

    #[test]
    fn something_else_is_no_table() {
        for text in
            ["", "level\tpage_num\n", "Fnr 22836014271\n", "5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t9"]
        {
            assert!(pages(text).is_none(), "{text}");
        }
    }
}
