//! Reads pages: those of the document as it is shown, those of its earlier
//! revisions, and those that hang in no tree.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use super::{
    annotations,
    canvas::Canvas,
    document::{Document, Revision},
    filter::{self, Stop},
    interpret::Interpreter,
    layout,
    matrix::{self, Matrix},
    object::{Dict, Object, Stream},
    prints,
};
use crate::{
    extract::walk::{Place, Walk},
    model::{Fragment, GapKind, Mark},
};

/// All text of all pages.
pub(super) struct Pages<'d, 'b> {
    pub(super) interpreter: Interpreter<'d, 'b>,
    pub(super) count: usize,
    text: Text,
    more: Text,
    /// Which pages were read, by the definitions they are made of.
    read: HashSet<Vec<usize>>,
    visited: HashSet<usize>,
    /// Fonts by the names that content calls them, for content of no page.
    fonts: HashMap<Box<[u8]>, Object>,
}

/// A text with a mark for each page.
#[derive(Default)]
struct Text {
    text: String,
    marks: Vec<Mark>,
}

impl Text {
    fn add(&mut self, name: &str, text: &str) {
        if text.trim_ascii().is_empty() {
            return;
        }
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.marks.push(Mark { start, name: name.into(), heading: None });
        self.text.push_str(text);
        if !text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn push(self, walk: &mut Walk, place: &Place) {
        let mut fragment = Fragment::new(place.surface, place.path.clone(), self.text);
        fragment.marks = self.marks;
        walk.push(fragment);
    }
}

/// A page of a tree.
struct Page {
    index: usize,
    object: Rc<Object>,
    resources: Option<Rc<Object>>,
    area: f64,
}

impl<'d, 'b> Pages<'d, 'b> {
    /// Reads the pages of every revision.
    pub(super) fn read(walk: &mut Walk, place: &Place, document: &'d Document<'b>) -> Self {
        let mut pages = Self {
            interpreter: Interpreter::new(document),
            count: 0,
            text: Text::default(),
            more: Text::default(),
            read: HashSet::new(),
            visited: HashSet::new(),
            fonts: HashMap::new(),
        };
        for (age, revision) in document.revisions().into_iter().enumerate() {
            pages.interpreter.revision = revision;
            let mut number = 0;
            for page in tree(walk, document, revision) {
                number += 1;
                let name = match age {
                    0 => format!("page {number}"),
                    _ => format!("page {number} of an earlier revision"),
                };
                pages.visited.insert(page.index);
                if !pages.page(walk, place, &page, &name) {
                    return pages;
                }
            }
        }
        pages
    }

    /// Reads a page that hangs in no tree.
    pub(super) fn stray(&mut self, walk: &mut Walk, place: &Place, index: usize) {
        if self.visited.insert(index)
            && let Some(object) = self.interpreter.document.shared(index)
        {
            self.interpreter.revision = Revision { end: usize::MAX };
            let page = page(self.interpreter.document, self.interpreter.revision, index, object);
            self.page(walk, place, &page, "page in no tree");
        }
    }

    /// Reads content that belongs to no page, as far as it is content.
    pub(super) fn loose(&mut self, walk: &mut Walk, place: &Place, stream: &Stream, bytes: &[u8]) {
        self.interpreter.revision = Revision { end: usize::MAX };
        let own =
            self.interpreter.document.last(stream.dict.find(b"Resources").unwrap_or(&Object::Null));
        let all =
            Dict(self.fonts.iter().map(|(name, font)| (name.clone(), font.clone())).collect());
        let all = Dict(vec![(b"Font"[..].into(), Object::Dict(all))]);
        let resources = own.dict().unwrap_or(&all);
        let mut canvas = Canvas::default();
        self.interpreter.trouble = None;
        self.interpreter.run(walk, &mut canvas, (bytes, resources), Matrix::IDENTITY);
        self.put(walk, place, &canvas, "content in no page");
    }

    /// Hands over the text of all pages.
    pub(super) fn finish(self, walk: &mut Walk, place: &Place) {
        self.text.push(walk, place);
        self.more.push(walk, &place.child("read otherwise"));
    }

    /// Reads one page, once. `false` means that a limit was reached.
    fn page(&mut self, walk: &mut Walk, place: &Place, page: &Page, name: &str) -> bool {
        let document = self.interpreter.document;
        let revision = self.interpreter.revision;
        let Some(dict) = page.object.dict() else { return true };
        self.count += 1;
        let contents = document.get(revision, dict, b"Contents");
        let refs: Vec<&Object> = match (dict.find(b"Contents"), &*contents) {
            (_, Object::Array(list)) => list.iter().collect(),
            (Some(single), _) => vec![single],
            (None, _) => Vec::new(),
        };
        let mut made_of = vec![page.index];
        made_of.extend(refs.iter().filter_map(|object| match object {
            Object::Ref(number) => document.definition(revision, *number),
            _ => None,
        }));
        if !self.read.insert(made_of) {
            return true;
        }
        if !walk.entry(&place.path) {
            return false;
        }
        let mut content = Vec::new();
        self.interpreter.trouble = None;
        for object in refs {
            let object = document.resolve(revision, object);
            if let Some(stream) = object.stream() {
                self.interpreter.run.insert(stream.range.start);
                let decoded = filter::decode(walk, document, stream);
                self.interpreter.trouble = self.interpreter.trouble.or(decoded.stop);
                match content.is_empty() {
                    true => content = decoded.bytes,
                    false => content.extend_from_slice(&decoded.bytes),
                }
                content.push(b'\n');
            }
        }
        let none = Dict::default();
        let resources = page.resources.as_deref().and_then(Object::dict).unwrap_or(&none);
        self.learn_fonts(resources);
        let mut canvas = Canvas::default();
        self.interpreter.run(walk, &mut canvas, (&content, resources), Matrix::IDENTITY);
        annotations::draw(walk, &mut self.interpreter, &mut canvas, dict);
        if canvas.needs_ocr(page.area) {
            prints::hand_on(walk, (document, revision), &canvas, &place.path.child(name));
        }
        self.put(walk, place, &canvas, name);
        true
    }

    fn put(&mut self, walk: &mut Walk, place: &Place, canvas: &Canvas, name: &str) {
        let path = || place.path.child(name);
        match self.interpreter.trouble {
            Some(Stop::Over(overrun)) => walk.overrun(overrun, &path()),
            Some(Stop::Broken) => walk.gap(GapKind::Broken, &path()),
            Some(Stop::Picture | Stop::Unknown) => walk.gap(GapKind::Unknown, &path()),
            None => {}
        }
        if canvas.is_full {
            walk.gap(GapKind::TooBig, &path());
        }
        if canvas.has_unread_text() {
            walk.gap(GapKind::Unknown, &path());
        }
        let reading = layout::read(canvas);
        self.text.add(name, &reading.lines);
        self.more.add(name, &reading.more);
    }

    fn learn_fonts(&mut self, resources: &Dict) {
        let fonts = self.interpreter.document.get(self.interpreter.revision, resources, b"Font");
        for (name, font) in fonts.dict().into_iter().flat_map(|fonts| &fonts.0) {
            if self.fonts.len() < FONTS {
                self.fonts.entry(name.clone()).or_insert_with(|| font.clone());
            }
        }
    }
}

/// The pages of one revision in order.
fn tree(walk: &Walk, document: &Document<'_>, revision: Revision) -> Vec<Page> {
    let root = document.trailer(revision, b"Root").map(|root| document.resolve(revision, root));
    let mut pages = Vec::new();
    if let Some(root) = root.as_deref().and_then(Object::dict) {
        grow(walk, (document, revision), root, &mut pages);
    }
    if !pages.is_empty() {
        return pages;
    }
    // Without a trailer: any catalogue will do.
    for index in 0..document.len().min(SEARCHED) {
        if walk.budget.in_time().is_err() {
            break;
        }
        let found = document.is_open(index).then(|| document.load(index)).flatten();
        let Some(dict) = found.as_ref().and_then(Object::dict) else { continue };
        if dict.says(b"Type", b"Catalog") {
            grow(walk, (document, revision), dict, &mut pages);
        }
    }
    pages
}

/// Adds the pages under the catalogue `root`.
fn grow(
    walk: &Walk,
    (document, revision): (&Document<'_>, Revision),
    root: &Dict,
    pages: &mut Vec<Page>,
) {
    let Some(Object::Ref(first)) = root.find(b"Pages") else { return };
    let mut seen = HashSet::new();
    let mut open: Vec<(usize, Option<Rc<Object>>, f64)> = Vec::new();
    open.extend(document.definition(revision, *first).map(|index| (index, None, A4)));
    while let Some((index, inherited, area)) = open.pop() {
        // Whoever called looks at the clock too, and tells.
        if !seen.insert(index) || pages.len() >= PAGES || walk.budget.in_time().is_err() {
            continue;
        }
        let Some(object) = document.shared(index) else { continue };
        let Some(dict) = object.dict() else { continue };
        let resources = own_resources(document, revision, dict).or(inherited);
        let area = own_area(document, revision, dict).unwrap_or(area);
        let kids = document.get(revision, dict, b"Kids");
        let Some(kids) = kids.array() else {
            pages.push(Page { index, object: Rc::clone(&object), resources, area });
            continue;
        };
        for kid in kids.iter().rev() {
            if let Object::Ref(number) = kid
                && let Some(index) = document.definition(revision, *number)
            {
                open.push((index, resources.clone(), area));
            }
        }
    }
}

/// A page by itself; what it inherits is looked up from below.
fn page(document: &Document<'_>, revision: Revision, index: usize, object: Rc<Object>) -> Page {
    let mut resources = None;
    let mut area = None;
    let mut node = Rc::clone(&object);
    for _ in 0..ANCESTORS {
        let Some(dict) = node.dict() else { break };
        resources = resources.or_else(|| own_resources(document, revision, dict));
        area = area.or_else(|| own_area(document, revision, dict));
        let Some(Object::Ref(parent)) = dict.find(b"Parent") else { break };
        let parent =
            document.definition(revision, *parent).and_then(|index| document.shared(index));
        let Some(parent) = parent else { break };
        node = parent;
    }
    Page { index, object, resources, area: area.unwrap_or(A4) }
}

fn own_resources(document: &Document<'_>, revision: Revision, dict: &Dict) -> Option<Rc<Object>> {
    match dict.find(b"Resources")? {
        Object::Ref(number) => document.shared(document.definition(revision, *number)?),
        direct => Some(Rc::new(direct.clone())),
    }
}

fn own_area(document: &Document<'_>, revision: Revision, dict: &Dict) -> Option<f64> {
    let [left, bottom, right, top] = matrix::rectangle(&document.get(revision, dict, b"MediaBox"))?;
    Some((right - left) * (top - bottom)).filter(|area| *area > 0.0)
}

const FONTS: usize = 2000;
const PAGES: usize = 100_000;
const SEARCHED: usize = 50_000;
const ANCESTORS: usize = 32;
/// Square points of a page of unknown size.
const A4: f64 = 595.0 * 842.0;
