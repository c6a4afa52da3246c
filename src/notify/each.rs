//! A setting that may differ from language to language.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::Language;

/// One value for every language, or one for each: `"x"` or `{ nb = "x" }`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Each<T> {
    en: Option<T>,
    nb: Option<T>,
    nn: Option<T>,
}

impl<T> Each<T> {
    /// The value for `language`; where there is none, that of the next best.
    pub fn of(&self, language: Language) -> Option<&T> {
        let [first, second, third] = match language {
            Language::En => [&self.en, &self.nb, &self.nn],
            Language::Nb => [&self.nb, &self.nn, &self.en],
            Language::Nn => [&self.nn, &self.nb, &self.en],
        };
        first.as_ref().or(second.as_ref()).or(third.as_ref())
    }

    /// The value for `language` and no other.
    pub fn only(&self, language: Language) -> Option<&T> {
        match language {
            Language::En => self.en.as_ref(),
            Language::Nb => self.nb.as_ref(),
            Language::Nn => self.nn.as_ref(),
        }
    }
}

impl<T> Default for Each<T> {
    fn default() -> Self {
        Self { en: None, nb: None, nn: None }
    }
}

impl<'de, T: Clone + Deserialize<'de>> Deserialize<'de> for Each<T> {
    /// By hand, because an untagged enum does not say what is wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<'de, T: Clone + Deserialize<'de>> Visitor<'de> for Either<T> {
    type Value = Each<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or a table of texts for nb, nn and en")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let value = T::deserialize(text.into_deserializer())?;
        Ok(Each { en: Some(value.clone()), nb: Some(value.clone()), nn: Some(value) })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let Table { en, nb, nn } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Each { en, nb, nn })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
struct Table<T> {
    #[serde(default = "none")]
    en: Option<T>,
    #[serde(default = "none")]
    nb: Option<T>,
    #[serde(default = "none")]
    nn: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Settings {
        name: Each<String>,
    }

    fn read(text: &str) -> Result<Each<String>, String> {
        toml::from_str::<Settings>(text).map(|s| s.name).map_err(|error| error.to_string())
    }

    #[test]
    fn is_one_text_or_one_for_each_language() {
        let same = read("name = \"A\"").unwrap();
        assert!(Language::ALL.iter().all(|language| same.of(*language).unwrap() == "A"));
        let each = read("name = { nb = \"B\", en = \"E\" }").unwrap();
        assert_eq!(each.of(Language::En).unwrap(), "E");
        assert_eq!(each.of(Language::Nn).unwrap(), "B");
        assert_eq!(each.only(Language::Nn), None);
        assert_eq!(Each::<String>::default().of(Language::Nb), None);
    }

    #[test]
    fn says_what_is_wrong() {
        let cases =
            [("name = 1", "a text, or a table"), ("name = { sv = \"x\" }", "unknown field `sv`")];
        for (text, hint) in cases {
            let error = read(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
