//! Records of fixed width, where numbers stand side by side without a sign
//! between them.
//!
//! Where every line has the same shape, the stretches of digits in which a
//! birth date could start an identity number in every line are read as columns
//! of their own.

/// The columns of `text` that could hold identity numbers, each cut free;
/// `None` when the text has no records of fixed width.
pub(super) fn cut(text: &str) -> Option<String> {
    let lines: Vec<&[u8]> =
        text.lines().take(LINES).map(str::as_bytes).filter(|line| !line.is_empty()).collect();
    let first = lines.first()?;
    if lines.len() < 2 || !(NUMBER..=WIDEST).contains(&first.len()) {
        return None;
    }
    if lines.iter().any(|line| line.len() != first.len()) {
        return None;
    }
    let digits: Vec<bool> =
        (0..first.len()).map(|at| lines.iter().all(|line| line[at].is_ascii_digit())).collect();
    let free = |at: Option<usize>| at.and_then(|at| digits.get(at)).is_none_or(|digit| !digit);
    let mut starts = Vec::new();
    for start in 0..=first.len() - NUMBER {
        let inside = digits[start..start + NUMBER].iter().all(|digit| *digit);
        // What stands free is found without help.
        let alone = free(start.checked_sub(1)) && free(Some(start + NUMBER));
        if inside && !alone && lines.iter().all(|line| is_date(&line[start..start + NUMBER])) {
            starts.push(start);
        }
    }
    if starts.is_empty() || starts.len() > COLUMNS {
        return None;
    }
    let mut out = String::new();
    for line in lines {
        for start in &starts {
            out.push_str(&String::from_utf8_lossy(&line[*start..*start + NUMBER]));
            out.push('\t');
        }
        out.push('\n');
    }
    Some(out)
}

/// Whether six digits are a date as identity numbers write it: day, with 40
/// more, month, with 40, 65 or 80 more.
fn is_date(number: &[u8]) -> bool {
    let two = |at: usize| {
        let digit = |at: usize| number.get(at).map_or(0, |b| u32::from(b - b'0'));
        digit(at) * 10 + digit(at + 1)
    };
    matches!(two(0), 1..=31 | 41..=71) && matches!(two(2), 1..=12 | 41..=52 | 66..=77 | 81..=92)
}

const NUMBER: usize = 11;
const WIDEST: usize = 1024;
/// More than any record has.
const COLUMNS: usize = 16;
const LINES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_cut_free() {
        let text = "000172283601427120261123K\r\n000181884480553120261123M\r\n";
        assert!(cut(text).unwrap().contains("22836014271\t"));
    }

    #[test]
    fn other_text_is_left_alone() {
        assert_eq!(cut("one line\n"), None);
        assert_eq!(cut("Hei Kari\nHei Olav\n"), None);
        assert_eq!(cut("22836014271\n18844805531\n"), None);
        assert_eq!(cut("99999999999999\n88888888888888\n"), None);
    }
}
