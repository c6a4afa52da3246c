//! What the style sheets of a page hide or add, by class, name or tag:
//! `.k{display:none}`, `.q::before{content:"12"}` (CSS 2.1).
//!
//! Of a selector only the last part counts, and no rule outweighs another:
//! what may be hidden is read with it and without it.

use std::collections::HashMap;

use html5ever::tokenizer::Tag;

use super::veil::{Hiding, hiding};

/// All style sheets of a page.
#[derive(Default)]
pub(super) struct Sheet {
    /// By `.class`, `#name` or tag.
    effects: HashMap<String, Effect>,
    /// There was more than is kept.
    pub(super) is_full: bool,
}

/// What a style does to an element.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Effect {
    /// What it holds is not seen.
    pub(super) hiding: Option<Hiding>,
    /// Text shown before what it holds.
    pub(super) before: String,
    /// Text shown behind it.
    pub(super) after: String,
}

/// Where a rule of a style sheet applies.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Spot {
    After,
    Before,
    Element,
}

impl Sheet {
    /// What stands in the `style` elements of `page`.
    pub(super) fn of(page: &str) -> Self {
        let mut sheet = Self::default();
        if memchr::memchr(b'{', page.as_bytes()).is_none() {
            return sheet;
        }
        let mut rest = page;
        while let Some(start) = find_tag(rest, "<style") {
            rest = rest.get(start..).unwrap_or_default();
            let end = find_tag(rest, "</style").unwrap_or(rest.len());
            let (style, after) = rest.split_at(end);
            if let Some((_, rules)) = style.split_once('>') {
                sheet.add(&without_comments(rules));
            }
            rest = after;
        }
        sheet
    }

    /// All that it does to the element of `tag`.
    pub(super) fn effect(&self, tag: &Tag) -> Effect {
        let mut all = Effect::default();
        if self.effects.is_empty() {
            return all;
        }
        let attribute = |name: &str| {
            let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            found.map_or("", |attribute| &*attribute.value)
        };
        let classes = attribute("class").split_whitespace().map(|class| format!(".{class}"));
        let names = [tag.name.to_string(), format!("#{}", attribute("id"))];
        for effect in classes.chain(names).filter_map(|key| self.effects.get(&key)) {
            all.hiding = all.hiding.max(effect.hiding);
            // One is enough: no page grows by many times its length.
            for (all, text) in [(&mut all.before, &effect.before), (&mut all.after, &effect.after)]
            {
                if all.is_empty() {
                    all.clone_from(text);
                }
            }
        }
        all
    }

    fn add(&mut self, rules: &str) {
        let mut rest = rules;
        while let Some((selectors, after)) = rest.split_once('{') {
            let selectors = selectors.rsplit(['}', ';']).next().unwrap_or(selectors).trim();
            // Those of `@media` stand inside it.
            if selectors.starts_with('@') {
                rest = after;
                continue;
            }
            let (body, after) = after.split_once('}').unwrap_or((after, ""));
            rest = after;
            let declared = (hiding(body), content(body));
            for selector in selectors.split(',') {
                self.rule(selector, &declared);
            }
        }
    }

    fn rule(&mut self, selector: &str, (hiding, shown): &(Option<Hiding>, String)) {
        let parts = selector.split([' ', '>', '+', '~', '\t', '\n', '\r']);
        let last = parts.rev().find(|part| !part.is_empty()).unwrap_or("");
        let (element, pseudo) = last.split_once(':').unwrap_or((last, ""));
        let spot = match pseudo.trim_start_matches(':') {
            "" => Spot::Element,
            "after" => Spot::After,
            "before" => Spot::Before,
            _ => return,
        };
        let useful = if spot == Spot::Element { hiding.is_some() } else { !shown.is_empty() };
        if !useful || element.is_empty() {
            return;
        }
        let key = element.rfind(['.', '#']).and_then(|at| element.get(at..));
        let key = key.map_or_else(|| element.to_ascii_lowercase(), str::to_owned);
        if self.effects.len() >= EFFECTS && !self.effects.contains_key(&key) {
            self.is_full = true;
            return;
        }
        let effect = self.effects.entry(key).or_default();
        match spot {
            Spot::After => shown.clone_into(&mut effect.after),
            Spot::Before => shown.clone_into(&mut effect.before),
            Spot::Element => effect.hiding = effect.hiding.max(*hiding),
        }
    }
}

/// The strings that `content` shows, where there are figures in them.
fn content(declarations: &str) -> String {
    let Some((_, value)) = declarations.split_once("content") else { return String::new() };
    let mut shown = String::new();
    let mut rest = value;
    while let Some(start) = rest.find(['"', '\'']) {
        let quote = rest.as_bytes()[start];
        rest = rest.get(start + 1..).unwrap_or_default();
        let mut chars = rest.char_indices().peekable();
        let mut end = rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => shown.extend(escaped(&mut chars)),
                c if u32::from(c) == u32::from(quote) => {
                    end = at + 1;
                    break;
                }
                c => shown.push(c),
            }
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    let fits = shown.len() <= CONTENT && shown.bytes().any(|byte| byte.is_ascii_digit());
    if fits { shown } else { String::new() }
}

/// What stands behind a backslash: up to six hexadecimal digits and a blank, or
/// the character itself.
fn escaped(chars: &mut std::iter::Peekable<std::str::CharIndices<'_>>) -> Option<char> {
    let mut code = None;
    for _ in 0..6 {
        let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(16)) else { break };
        code = Some(code.unwrap_or(0) * 16 + digit);
        chars.next();
    }
    match code {
        Some(code) => {
            chars.next_if(|(_, c)| c.is_whitespace());
            char::from_u32(code)
        }
        None => chars.next().map(|(_, c)| c),
    }
}

/// Rules or declarations without the comments in them.
pub(super) fn without_comments(rules: &str) -> String {
    let mut out = String::with_capacity(rules.len());
    let mut rest = rules;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace("<!--", " ").replace("-->", " ")
}

/// Where a tag begins, however it is written.
fn find_tag(text: &str, tag: &str) -> Option<usize> {
    memchr::memchr_iter(b'<', text.as_bytes()).find(|at| {
        let here = text.as_bytes().get(*at..*at + tag.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

/// More of them are not kept.
const EFFECTS: usize = 10_000;
/// Bytes that a style may show: a number, and words before it.
const CONTENT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(rules: &str, key: &str) -> Effect {
        let sheet = Sheet::of(&format!("<html><STYLE type='text/css'>{rules}</Style>"));
        sheet.effects.get(key).cloned().unwrap_or_default()
    }

    #[test]
    fn knows_what_is_hidden() {
        for rules in [
            ".k{display:none}",
            "p > i.k, .m { color: red; display : none }",
            "<!-- /* .x{ */ @media screen { .k{visibility:hidden} } -->",
            "@import 'x.css'; a:hover{color:red} .k{font-size:0px}",
        ] {
            assert_eq!(effect(rules, ".k").hiding, Some(Hiding::Sure), "{rules}");
        }
        for rules in
            [".k{display:block}", ".k:hover{display:none}", ".k{font-size:0.8em;opacity:0.5}"]
        {
            assert_eq!(effect(rules, ".k").hiding, None, "{rules}");
        }
        assert_eq!(effect("#k{opacity:0}", "#k").hiding, Some(Hiding::Sure));
        assert_eq!(effect("I{opacity:0.1}", "i").hiding, Some(Hiding::Sure));
        assert_eq!(effect(".k{color: #FFF}", ".k").hiding, Some(Hiding::Faint));
    }

    #[test]
    fn tells_when_it_is_full() {
        let rule = |at: usize| format!(".a{at}{{opacity:0}}");
        let page = |rules: usize| (0..rules).map(rule).collect::<String>();
        let sheet = |rules| Sheet::of(&format!("<style>{}</style>", page(rules)));
        assert!(!sheet(EFFECTS).is_full);
        assert!(sheet(EFFECTS + 1).is_full);
    }

    #[test]
    fn knows_what_is_added() {
        let added =
            effect(".q::before{content:\"22 \\36 0\\0031 4271\"} .q:after{content:'7'}", ".q");
        assert_eq!((added.before.as_str(), added.after.as_str()), ("22 6014271", "7"));
        assert_eq!(effect(".q::before{content:\"\u{2022}\"}", ".q"), Effect::default());
    }

    #[test]
    fn survives_what_is_cut_off() {
        for rules in ["", "{", "}", ".k{", ".k{content:\"", "@media{", "/*", ".k{content:'\\", ","]
        {
            let _ = effect(rules, ".k");
        }
    }
}
