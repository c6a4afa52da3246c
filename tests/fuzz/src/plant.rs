//! What is planted: a synthetic number as people write it, between words.

use crate::choice::Choice;

/// A number with the words around it.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Such as `Fødselsnummer: `.
    pub before: &'static str,
    /// The number as it is written.
    pub written: String,
    /// What follows, up to the end of the line.
    pub after: &'static str,
}

impl Plant {
    /// Chooses number, form and words.
    pub fn new(choice: &mut Choice<'_>) -> Self {
        let number = choice.pick(NUMBERS);
        let (date, rest) = number.split_at(6);
        let written = match choice.up_to(5) {
            0 => number.to_owned(),
            1 => format!("{date} {rest}"),
            2 => format!("{date}-{rest}"),
            3 => format!("{date}\u{a0}{rest}"),
            4 => format!("{}.{}.{}-{rest}", &date[..2], &date[2..4], &date[4..]),
            _ => format!("{date}  {rest}"),
        };
        Self { before: choice.pick(BEFORE), written, after: choice.pick(AFTER) }
    }

    /// All of it on one line.
    pub fn sentence(&self) -> String {
        format!("{}{}{}", self.before, self.written, self.after)
    }

    /// With the number in digits only, for places that hold nothing else.
    pub fn digits(&self) -> String {
        self.written.chars().filter(char::is_ascii_digit).collect()
    }
}

/// Lines that name nobody and no other sort of number.
pub fn filler(choice: &mut Choice<'_>) -> String {
    let lines: Vec<_> = (0..choice.up_to(3)).map(|_| choice.pick(FILLER)).collect();
    lines.join("\r\n")
}

/// Synthetic (month + 80), all control digits and series right.
const NUMBERS: &[&str] =
    &["13827830652", "25909749304", "21885008809", "27894527698", "28876437645", "12908145028"];
const BEFORE: &[&str] =
    &["Fødselsnummer: ", "fnr ", "Personnummer ", "Gjelder ", "", "Pasient: ", "D-nr/fnr:\t"];
const AFTER: &[&str] = &["", ".", ", takk", " (se under)", " og mer", "!"];
const FILLER: &[&str] = &[
    "Hei,",
    "Møtet på mandag er flyttet til et større rom.",
    "Blåbær, fløte og kjøttkaker står på menyen i kantina.",
    "",
    "Vennlig hilsen oss",
    "-- ",
    "> Du skrev i forrige uke at alt var klart.",
    "= = =",
    "Lenke: https://www.example.org/a/b?c=d&e=f",
    "<b>Viktig</b> & bra",
];
