//! The objects of a file by their numbers, as one of its revisions has them.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    ops::Deref,
    rc::Rc,
};

use super::{
    crypt::Crypt,
    filter,
    lexer::{Fault, Lexer},
    object::{Dict, Object, Stream},
    scan::{self, Scan, Starts},
};
use crate::extract::walk::Walk;

/// A file, its objects found and nothing read yet.
pub(super) struct Document<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) scan: Scan,
    pub(super) crypt: Crypt,
    definitions: Vec<Definition>,
    by_number: HashMap<u32, Vec<usize>>,
    starts: Starts,
    /// Unpacked object streams.
    packed: Vec<Vec<u8>>,
    cache: RefCell<Cache>,
}

#[derive(Default)]
struct Cache {
    objects: HashMap<usize, Rc<Object>>,
    bytes: usize,
}

/// One definition of an object; its index is its name.
struct Definition {
    id: (u32, u16),
    source: Source,
    at: usize,
    /// Where in the file, for packed objects where their stream is.
    order: usize,
    nested: bool,
}

#[derive(Clone, Copy)]
enum Source {
    File,
    Packed(usize),
}

/// The part of the file that one revision sees: everything before a point.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Revision {
    pub(super) end: usize,
}

/// An object in its place or looked up.
pub(super) enum Held<'o> {
    Direct(&'o Object),
    Shared(Rc<Object>),
}

impl Deref for Held<'_> {
    type Target = Object;

    fn deref(&self) -> &Object {
        match self {
            Self::Direct(object) => object,
            Self::Shared(object) => object,
        }
    }
}

impl<'a> Document<'a> {
    /// Finds all objects outside object streams.
    pub(super) fn new(bytes: &'a [u8], walk: &Walk) -> Self {
        let (scan, starts) = scan::scan(bytes, walk);
        let mut document = Self {
            bytes,
            definitions: Vec::with_capacity(scan.found.len()),
            by_number: HashMap::new(),
            scan,
            starts,
            crypt: Crypt::None,
            packed: Vec::new(),
            cache: RefCell::default(),
        };
        for found in &document.scan.found {
            document.definitions.push(Definition {
                id: found.id,
                source: Source::File,
                at: found.at,
                order: found.at,
                nested: found.nested,
            });
        }
        document.index();
        document
    }

    /// Decrypts everything that is read from now on.
    pub(super) fn decrypt_with(&mut self, crypt: Crypt) {
        self.crypt = crypt;
        self.cache = RefCell::default();
    }

    /// Unpacks object streams. Needs the key, if there is one.
    pub(super) fn unpack(&mut self, walk: &mut Walk) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for index in 0..self.scan.found.len() {
            let found = &self.scan.found[index];
            if !found.is_packed || !seen.insert(found.at) {
                continue;
            }
            let order = found.at;
            let nested = found.nested;
            let Some(object) = self.load(index) else { continue };
            let Some(stream) = object.stream() else { continue };
            let decoded = filter::decode(walk, self, stream);
            if !nested {
                self.scan.broken |= decoded.is_broken();
                self.scan.overrun = self.scan.overrun.or(decoded.overrun());
            }
            self.add_packed(&stream.dict, decoded.bytes, order, nested)?;
        }
        self.index();
        Ok(())
    }

    /// Lists the objects of one object stream (7.5.7).
    fn add_packed(
        &mut self,
        dict: &Dict,
        bytes: Vec<u8>,
        order: usize,
        nested: bool,
    ) -> Result<(), Fault> {
        let first = dict.find(b"First").and_then(|first| self.last(first).count()).unwrap_or(0);
        let source = Source::Packed(self.packed.len());
        let mut lexer = Lexer::new(&bytes, 0);
        while lexer.at < first {
            lexer.renew();
            let number = lexer.object()?.and_then(|object| object.count());
            let offset = lexer.object()?.and_then(|object| object.count());
            let (Some(number), Some(offset)) = (number, offset) else { break };
            let Ok(number) = u32::try_from(number) else { break };
            if self.definitions.len() >= OBJECTS {
                return Err(Fault::TooBig);
            }
            let at = first.saturating_add(offset);
            self.definitions.push(Definition { id: (number, 0), source, at, order, nested });
        }
        self.packed.push(bytes);
        Ok(())
    }

    fn index(&mut self) {
        self.by_number.clear();
        let mut order: Vec<usize> = (0..self.definitions.len()).collect();
        // Objects inside streams come first: they count only where no other is.
        order.sort_by_key(|index| {
            let definition = &self.definitions[*index];
            (!definition.nested, definition.order, definition.at)
        });
        for index in order {
            self.by_number.entry(self.definitions[index].id.0).or_default().push(index);
        }
    }

    /// The number of definitions.
    pub(super) fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether the definition stands in the file itself, outside all streams.
    pub(super) fn is_open(&self, index: usize) -> bool {
        let definition = &self.definitions[index];
        matches!(definition.source, Source::File) && !definition.nested
    }

    /// Reads one definition, decrypted.
    pub(super) fn load(&self, index: usize) -> Option<Object> {
        let definition = self.definitions.get(index)?;
        match definition.source {
            Source::File => {
                let (object, _) =
                    scan::body(self.bytes, definition.at, definition.id, &self.starts).ok()?;
                let mut object = object?;
                self.crypt.open_strings(&mut object, definition.id);
                Some(object)
            }
            Source::Packed(stream) => {
                Lexer::new(self.packed.get(stream)?, definition.at).object().ok()?
            }
        }
    }

    /// The definition of object `number` in `revision`.
    pub(super) fn definition(&self, revision: Revision, number: u32) -> Option<usize> {
        let all = self.by_number.get(&number)?;
        let seen = |index: &&usize| self.definitions[**index].order < revision.end;
        all.iter().rev().find(seen).or_else(|| all.last()).copied()
    }

    /// Reads one definition, or remembers it.
    pub(super) fn shared(&self, index: usize) -> Option<Rc<Object>> {
        if let Some(object) = self.cache.borrow().objects.get(&index) {
            return Some(Rc::clone(object));
        }
        let start = self.definitions.get(index)?.at;
        let object = Rc::new(self.load(index)?);
        // Not exact; it only keeps a file of huge objects from being kept whole.
        let next = self.definitions.get(index + 1).map_or(start, |next| next.at);
        let size = next.saturating_sub(start).max(SMALL);
        if size > CACHED {
            return Some(object);
        }
        let mut cache = self.cache.borrow_mut();
        cache.bytes += size;
        if cache.bytes > CACHED {
            *cache = Cache { bytes: size, ..Cache::default() };
        }
        cache.objects.insert(index, Rc::clone(&object));
        Some(object)
    }

    /// Follows `object` if it is a reference.
    pub(super) fn resolve<'o>(&self, revision: Revision, object: &'o Object) -> Held<'o> {
        let Object::Ref(number) = object else { return Held::Direct(object) };
        let mut number = *number;
        for _ in 0..HOPS {
            let found = self.definition(revision, number).and_then(|index| self.shared(index));
            match found {
                Some(found) => match &*found {
                    Object::Ref(next) => number = *next,
                    _ => return Held::Shared(found),
                },
                None => break,
            }
        }
        Held::Direct(&Object::Null)
    }

    /// Follows `object` in the last revision.
    pub(super) fn last<'o>(&self, object: &'o Object) -> Held<'o> {
        self.resolve(Revision { end: usize::MAX }, object)
    }

    /// The value of `key`, followed.
    pub(super) fn get<'o>(&self, revision: Revision, dict: &'o Dict, key: &[u8]) -> Held<'o> {
        dict.find(key).map_or(Held::Direct(&Object::Null), |value| self.resolve(revision, value))
    }

    /// The still packed bytes of a stream.
    pub(super) fn raw(&self, stream: &Stream) -> &'a [u8] {
        self.bytes.get(stream.range.clone()).unwrap_or_default()
    }

    /// All revisions, the last one first.
    pub(super) fn revisions(&self) -> Vec<Revision> {
        let mut ends: Vec<usize> = vec![usize::MAX];
        let last_object = self.definitions.iter().map(|found| found.order).max().unwrap_or(0);
        ends.extend(self.scan.ends.iter().rev().filter(|end| **end <= last_object));
        if ends.len() > REVISIONS {
            ends.drain(REVISIONS / 2..ends.len() - REVISIONS / 2);
        }
        ends.into_iter().map(|end| Revision { end }).collect()
    }

    /// The value of `key` in the trailer of `revision`; each trailer may leave
    /// out what an earlier one said.
    pub(super) fn trailer(&self, revision: Revision, key: &[u8]) -> Option<&Object> {
        let trailers = self.scan.trailers.iter().rev();
        trailers.filter(|(at, _)| *at < revision.end).find_map(|(_, dict)| dict.find(key))
    }

    /// The definitions that any trailer calls `key`.
    pub(super) fn all(&self, key: &[u8]) -> HashSet<usize> {
        let named = self.scan.trailers.iter().filter_map(|(_, dict)| dict.find(key));
        let numbers = named.filter_map(|object| match object {
            Object::Ref(number) => self.by_number.get(number),
            _ => None,
        });
        numbers.flatten().copied().collect()
    }
}

const HOPS: usize = 16;
const OBJECTS: usize = 400_000;
const REVISIONS: usize = 32;
/// Bytes of the file whose objects are kept.
const CACHED: usize = 2 << 20;
const SMALL: usize = 64;
