//! HTML that shows a number: in text, cells, attributes and titles, cut by
//! tags that do not part words, with entities for any of its characters.

use crate::{choice::Choice, plant::Plant};

/// A page that shows `plant`, if any.
pub fn page(choice: &mut Choice<'_>, plant: Option<&Plant>) -> String {
    let (open, close) = choice.pick(AROUND);
    let tags = !LITERAL.contains(&open);
    let shown = plant.map(|plant| shown(choice, plant, tags)).unwrap_or_default();
    let head = choice.pick(HEADS);
    let middle = format!("{open}{shown}{close}");
    let tail = choice.pick(TAILS);
    format!("{head}<p>Hei på deg</p>\r\n{middle}\r\n<p>Hilsen</p>{tail}")
}

/// The sentence in markup, with tags in it only where they are tags.
fn shown(choice: &mut Choice<'_>, plant: &Plant, tagged: bool) -> String {
    let (before, after) = (escape(plant.before), escape(plant.after));
    if tagged && choice.once_in(6) {
        let sentence = format!("{before}{}{after}", plant.written);
        return match choice.up_to(3) {
            0 => format!("<img src=\"a.png\" alt=\"{sentence}\">"),
            1 => format!("<a href=\"https://example.org\" title='{sentence}'>her</a>"),
            2 => format!("<input type=\"text\" value=\"{sentence}\">"),
            _ => format!("<td>Fødselsnummer</td><td>{}</td>", plant.written),
        };
    }
    let (tags, codes) = (choice.pick(&[1000, 5, 2]), choice.pick(&[1000, 5, 2, 1]));
    let mut number = String::new();
    let mut opened: Option<&str> = None;
    for c in plant.written.chars() {
        if tagged && choice.once_in(tags) {
            match opened.take() {
                Some(name) => number += &format!("</{name}>"),
                None => match choice.up_to(5) {
                    0 => number += "<!-- x -->",
                    1 => number += "<wbr>",
                    2 => number += "&#8203;",
                    _ => {
                        let name = choice.pick(&["b", "span", "i", "font", "u"]);
                        number += &format!("<{name}>");
                        opened = Some(name);
                    }
                },
            }
        }
        let code = c as u32;
        match choice.once_in(codes).then(|| choice.up_to(3)) {
            Some(0) => number += &format!("&#{code};"),
            Some(1) => number += &format!("&#x{code:x};"),
            Some(2) => number += &format!("&#X{code:04X};"),
            Some(_) => number += &format!("&#{code:07};"),
            None if c == '\u{a0}' => number += "&nbsp;",
            None => number.push(c),
        }
    }
    if let Some(name) = opened {
        number += &format!("</{name}>");
    }
    format!("{before}{number}{after}")
}

/// Text as it stands in markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

const HEADS: &[&str] = &[
    "<html><body>",
    "<!DOCTYPE html>\r\n<html lang=nb><head><title>Hei</title><style>p { color: red }</style></head><body>",
    "",
    "<HTML><HEAD><META http-equiv=\"Content-Type\" content=\"text/html\"></HEAD><BODY bgcolor=white>",
    "<!-- <p> --><div>",
    "<html><script>if (1 < 2) { alert('</p>') }</script><body>",
];
const TAILS: &[&str] = &["</body></html>", "", "</div></body>", "</html>\r\n<!-- end"];
const AROUND: &[(&str, &str)] = &[
    ("<p>", "</p>"),
    ("<div><span>", "</span></div>"),
    ("<table><tr><td>", "</td></tr></table>"),
    ("<ul><li>", "</ul>"),
    ("<pre>", "</pre>"),
    ("<h1>", "</h1>"),
    ("<blockquote type=cite>", "</blockquote>"),
    ("<title>", "</title>"),
    ("<details><summary>x</summary>", "</details>"),
    ("<textarea>", "</textarea>"),
    ("", ""),
];
/// What is between these is text, tags and all.
const LITERAL: &[&str] = &["<title>", "<textarea>"];
