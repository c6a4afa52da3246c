//! The objects of PDF (ISO 32000-2, 7.3): values only, nothing is looked up.

use std::ops::Range;

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    Array(Vec<Object>),
    Bool(bool),
    Dict(Dict),
    Name(Box<[u8]>),
    Null,
    /// Whole and fractional numbers alike.
    Number(f64),
    /// The number of another object. Generations are not told apart.
    Ref(u32),
    Stream(Box<Stream>),
    String(Vec<u8>),
}

/// A dictionary in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dict(pub(super) Vec<(Box<[u8]>, Object)>);

/// A dictionary and where its bytes stand in the file, still packed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stream {
    pub(super) dict: Dict,
    pub(super) range: Range<usize>,
    /// The number and generation, from which keys are made.
    pub(super) id: (u32, u16),
}

impl Object {
    /// The entries, of a dictionary or a stream.
    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            Self::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn string(&self) -> Option<&[u8]> {
        match self {
            Self::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn stream(&self) -> Option<&Stream> {
        match self {
            Self::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number from zero up, such as a length.
    pub(super) fn count(&self) -> Option<usize> {
        let number = self.number()?;
        // Exact up to 2^53, and no file is longer.
        ((0.0..9e15).contains(&number)).then_some(number as usize)
    }
}

impl Dict {
    /// The value of `key`; of several the last, as most readers have it.
    pub(super) fn find(&self, key: &[u8]) -> Option<&Object> {
        self.0.iter().rev().find(|(name, _)| **name == *key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &[u8]) -> bool {
        self.find(key).is_some()
    }

    /// Whether `key` is the name `name`.
    pub(super) fn says(&self, key: &[u8], name: &[u8]) -> bool {
        self.find(key).and_then(Object::name) == Some(name)
    }
}
