//! Where in a message something stands: `message > list.xlsx > Pasienter > C2`.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path of names from the whole to a part. Cheap to copy and to extend.
///
/// File and sheet names come from strangers and may hold an identity number
/// themselves, so each name is masked when it joins the path: of nine digits
/// or more, all but the first four become `*`. Control characters and line
/// ends become blanks, and a name is cut at 120 characters.
#[derive(Clone)]
pub struct PartPath(Arc<Node>);

struct Node {
    parent: Option<PartPath>,
    name: Box<str>,
}

impl PartPath {
    /// A path of one name.
    pub fn root(name: &str) -> Self {
        Self(Arc::new(Node { parent: None, name: safe_name(name) }))
    }

    /// The path of a part named `name` inside this one.
    pub fn child(&self, name: &str) -> Self {
        Self(Arc::new(Node { parent: Some(self.clone()), name: safe_name(name) }))
    }

    /// The names from the whole to the part.
    pub fn names(&self) -> Vec<&str> {
        let mut names = vec![&*self.0.name];
        let mut node = &self.0.parent;
        while let Some(path) = node {
            names.push(&path.0.name);
            node = &path.0.parent;
        }
        names.reverse();
        names
    }

    /// Whether this part is `whole` or lies inside it.
    pub fn is_within(&self, whole: &Self) -> bool {
        self.names().starts_with(&whole.names())
    }
}

impl fmt::Display for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" > "))
    }
}

impl fmt::Debug for PartPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for PartPath {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names()
    }
}

impl Eq for PartPath {}

impl Drop for Node {
    /// Unlinks parents one by one: a path thousands of names long must not
    /// overflow the stack.
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(PartPath(node)) = next {
            next = Arc::into_inner(node).and_then(|mut node| node.parent.take());
        }
    }
}

impl Serialize for PartPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.names().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PartPath {
    /// Reads the machine form only: the readable one may hold ` > ` in a name.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = if deserializer.is_human_readable() {
            vec![String::deserialize(deserializer)?]
        } else {
            Vec::<String>::deserialize(deserializer)?
        };
        let mut names = names.iter();
        let first = names.next().ok_or_else(|| serde::de::Error::custom("empty part path"))?;
        Ok(names.fold(Self::root(first), |path, name| path.child(name)))
    }
}

/// Masks digits and takes out what could break a line. Digits of every script
/// count: U+0660 and its like read as numbers too.
fn safe_name(name: &str) -> Box<str> {
    let many = name.chars().filter(|c| c.is_numeric()).count() >= DIGITS_MASKED;
    let mut seen = 0;
    let mut safe = String::with_capacity(name.len().min(2 * MAX_CHARS));
    for c in name.chars().take(MAX_CHARS) {
        let shown = match c {
            c if c.is_numeric() => {
                seen += 1;
                if many && seen > DIGITS_SHOWN { '*' } else { c }
            }
            c if c.is_control() => ' ',
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => ' ',
            c => c,
        };
        safe.push(shown);
    }
    safe.into_boxed_str()
}

const DIGITS_MASKED: usize = 9;
const DIGITS_SHOWN: usize = 4;
const MAX_CHARS: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_from_the_whole_to_the_part() {
        let path = PartPath::root("message").child("list.xlsx").child("Pasienter").child("C2");
        assert_eq!(path.to_string(), "message > list.xlsx > Pasienter > C2");
        assert!(path.is_within(&PartPath::root("message").child("list.xlsx")));
        assert!(!path.is_within(&PartPath::root("message").child("list")));
    }

    #[test]
    fn masks_a_number_in_a_file_name() {
        let path = PartPath::root("message").child("epikrise_138278 30652.pdf");
        assert_eq!(path.to_string(), "message > epikrise_1382** *****.pdf");
    }

    #[test]
    fn keeps_a_date_in_a_file_name() {
        let path = PartPath::root("rapport 2026-11-23.pdf");
        assert_eq!(path.to_string(), "rapport 2026-11-23.pdf");
    }

    #[test]
    fn survives_a_very_long_path() {
        let mut path = PartPath::root("a");
        for _ in 0..200_000 {
            path = path.child("a");
        }
        drop(path);
    }

    #[test]
    fn crosses_the_worker_border() {
        let path = PartPath::root("message").child("a > b");
        let bytes = postcard::to_stdvec(&path).unwrap();
        assert_eq!(postcard::from_bytes::<PartPath>(&bytes).unwrap(), path);
    }
}
