//! Tells where in a TOML text a value stands, so that an error that only shows
//! later can still name its line.
//!
//! Knows nothing of what the text means. What cannot be found gives the place
//! of the nearest table around it, or none.

use toml::de::{DeTable, DeValue};

/// The line, from 1, of the value at `path`: its keys, and numbers from 0 for
/// the elements of lists, joined by dots (`route.2.verdict`). When the last
/// key is absent, the line of what should hold it.
pub fn line_at(text: &str, path: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut steps = path.split('.');
    let first = steps.next()?;
    let (key, mut value) = document.get_ref().get_key_value(first)?;
    let mut start = key.span().start;
    for step in steps {
        let next = match value.get_ref() {
            DeValue::Table(table) => {
                table.get_key_value(step).map(|(key, value)| (key.span().start, value))
            }
            DeValue::Array(list) => {
                let element = step.parse::<usize>().ok().and_then(|index| list.get(index));
                element.map(|element| (element.span().start, element))
            }
            _ => None,
        };
        let Some((next_start, next_value)) = next else { break };
        (start, value) = (next_start, next_value);
    }
    Some(line_of(text, start))
}

/// The key whose value stands at the byte `offset`: the last one that begins
/// at or before it.
pub(super) fn key_at(text: &str, offset: usize) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let mut keys = Vec::new();
    collect(document.get_ref(), &mut keys);
    let before = keys.into_iter().filter(|(start, _)| *start <= offset);
    before.max_by_key(|(start, _)| *start).map(|(_, key)| key)
}

/// The line of a byte offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Recursion is safe: the TOML reader refuses text nested deeper than 80.
fn collect(table: &DeTable<'_>, keys: &mut Vec<(usize, String)>) {
    for (key, value) in table {
        keys.push((key.span().start, key.get_ref().to_string()));
        collect_value(value.get_ref(), keys);
    }
}

fn collect_value(value: &DeValue<'_>, keys: &mut Vec<(usize, String)>) {
    match value {
        DeValue::Table(table) => collect(table, keys),
        DeValue::Array(list) => {
            list.iter().for_each(|element| collect_value(element.get_ref(), keys));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a\n[gateway]\ndomains = [\n  \"x\",\n]\n[[route]]\nname = \"a\"\n\n\
                        [[route]]\nname = \"b\"\nwhen = { level = \"high\" }\n";

    #[test]
    fn finds_keys_in_tables_and_lists() {
        for (path, line) in [
            ("gateway", 2),
            ("gateway.domains", 3),
            ("gateway.domains.0", 4),
            ("gateway.mode", 2),
            ("route.0.name", 7),
            ("route.1", 9),
            ("route.1.name", 10),
            ("route.1.otherwise", 9),
            ("route.1.when.level", 11),
        ] {
            assert_eq!(line_at(TEXT, path), Some(line), "{path}");
        }
        assert_eq!(line_at(TEXT, "milter"), None);
        assert_eq!(line_at("not toml", "not"), None);
    }

    #[test]
    fn names_the_key_around_a_place() {
        for (place, key) in [("\"x\"", "domains"), ("\"high\"", "level"), ("\"b\"", "name")] {
            assert_eq!(key_at(TEXT, TEXT.find(place).unwrap()).as_deref(), Some(key));
        }
        assert_eq!(key_at(TEXT, 0), None);
    }
}
