//! Which documents does a text have, which objects does a document have, and where is a field of an object?

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use serde_json::de::IoRead;

use crate::cli::manifest::build;
use crate::cli::manifest::node::Node;
use crate::cli::manifest::path::{Path, Step};
use crate::cli::manifest::source::{Fault, Source};

/// The values of one document, with all that aliases repeat.
const MOST_VALUES: usize = 1_000_000;
/// Lists in lists.
const MOST_LISTS: usize = 8;

/// One YAML document.
#[derive(Debug)]
pub struct Document {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes of the document: from the `---` or the beginning of the text to the next `---` or the end of the text.
    pub range: Range<usize>,
    /// The value as it is written; `None`: the document is empty or has comments only.
    pub root: Option<Arc<Node>>,
    /// The value as the API server gets it.
    pub value: Value,
    aliases: Vec<(Range<usize>, usize)>,
}

/// One object of a document.
#[derive(Clone, Debug)]
pub struct Object<'a> {
    /// The document.
    pub document: &'a Document,
    /// Where the object is in the document: nowhere deeper, or `items[3]` of a List.
    pub path: Path,
    /// The object as it is written.
    pub node: &'a Node,
    /// The object as the API server gets it.
    pub value: &'a Value,
    /// Whether the object is written behind an alias.
    pub shared: bool,
}

/// A field of an object as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The key; `None`: the field is an item of a list, or the object itself.
    pub key: Option<&'a Node>,
    /// The value; it may be an alias ([`Node::target`]).
    pub value: &'a Node,
    /// Whether the field is written elsewhere in the document: behind an alias, or in a map that a merge key adds.
    pub shared: bool,
}

/// The documents of a text, and of a document that is no YAML what is wrong, in their order.
pub fn documents(source: &Arc<Source>) -> Vec<Result<Document, Fault>> {
    if let Some(why) = &source.unreadable {
        return vec![Err(source.fault(0, why.as_str()))];
    }
    let pieces = pieces(&source.text);
    let raw: Vec<_> = pieces.into_iter().flat_map(|piece| build::documents(source, piece)).collect();
    let starts: Vec<_> = raw.iter().flatten().map(|raw| raw.start).collect();
    let next = |start: usize| starts.iter().copied().find(|other| *other > start).unwrap_or(source.text.len());
    raw.into_iter().map(|raw| raw.and_then(|raw| document(source, raw.start..next(raw.start), raw))).collect()
}

fn document(source: &Arc<Source>, range: Range<usize>, raw: build::Raw) -> Result<Document, Fault> {
    let mut left = MOST_VALUES;
    let value = raw.root.as_ref().map(|root| root.value(&mut left)).transpose();
    let value = value.map_err(|_| source.fault(range.start, "the aliases repeat more than 1000000 values"))?;
    let mut value = value.unwrap_or(Value::Null);
    name_items(&mut value);
    Ok(Document { source: source.clone(), range, root: raw.root, value, aliases: raw.aliases })
}

/// The items of a JobList, as the API server answers it, have neither kind nor version: those of the list tell them, as for kubectl.
fn name_items(list: &mut Value) {
    let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
    let Some(kind) = kind.map(Value::from) else { return };
    let version = list["apiVersion"].clone();
    let items = list.get_mut("items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten().filter_map(Value::as_object_mut).filter(|item| !item.contains_key("kind")) {
        item.insert("kind".into(), kind.clone());
        item.insert("apiVersion".into(), version.clone());
    }
}

/// A file may have several JSON objects without anything between them, which YAML does not know.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let whole = std::iter::once(0..text.len()).collect();
    if !text[start..].trim_start().starts_with('{') {
        return whole;
    }
    let mut stream =
        serde_json::Deserializer::new(IoRead::new(&text.as_bytes()[start..])).into_iter::<serde::de::IgnoredAny>();
    let mut ends = Vec::new();
    while let Some(object) = stream.next() {
        match object {
            Ok(_) => ends.push(start + stream.byte_offset()),
            Err(_) => return whole,
        }
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut pieces: Vec<_> = starts.zip(ends.iter().copied()).map(|(start, end)| start..end).collect();
    if let Some(last) = pieces.last_mut() {
        last.end = text.len();
    }
    if pieces.len() > 1 { pieces } else { whole }
}

impl Document {
    /// The objects: the document itself, or the items of a List, if it is a map at all.
    pub fn objects(&self) -> Vec<Object<'_>> {
        let mut objects = Vec::new();
        if let Some(root) = &self.root {
            let whole = Object { document: self, path: Path::default(), node: root, value: &self.value, shared: false };
            whole.list(&mut objects, MOST_LISTS);
        }
        objects
    }

    /// The line of the first value, or of the document.
    pub fn line(&self) -> usize {
        self.source.line(self.root.as_ref().map_or(self.range.start, |root| root.whole().start))
    }

    /// The byte of an alias that repeats some of these bytes elsewhere in the document.
    pub fn alias_of(&self, bytes: &Range<usize>) -> Option<usize> {
        let overlaps = |anchored: &Range<usize>| anchored.start < bytes.end && bytes.start < anchored.end;
        let inside = |anchored: &Range<usize>| anchored.start <= bytes.start && bytes.end <= anchored.end;
        self.aliases.iter().find(|(anchored, _)| overlaps(anchored) || inside(anchored)).map(|(_, alias)| *alias)
    }
}

impl<'a> Object<'a> {
    fn list(self, objects: &mut Vec<Self>, left: usize) {
        let is_list = self.kind().ends_with("List") && self.value["items"].is_array() && left > 0;
        if !is_list {
            if self.value.is_object() {
                objects.push(self);
            }
            return;
        }
        let items = Path(vec![Step::from("items")]);
        for (at, value) in self.value["items"].as_array().into_iter().flatten().enumerate() {
            if let Some(found) = self.find(&items.then(at)) {
                let path = Path(self.path.iter().cloned().chain(items.then(at).0).collect());
                let shared = self.shared || found.shared || !std::ptr::eq(found.value, found.value.target());
                let item = Object { document: self.document, path, node: found.value.target(), value, shared };
                item.list(objects, left - 1);
            }
        }
    }

    fn word(&self, field: &str) -> &'a str {
        self.value[field].as_str().unwrap_or_default()
    }

    /// `kind`, or nothing.
    pub fn kind(&self) -> &'a str {
        self.word("kind")
    }

    /// `apiVersion`, or nothing.
    pub fn api_version(&self) -> &'a str {
        self.word("apiVersion")
    }

    /// `metadata.name`, or `metadata.generateName`, or nothing.
    pub fn name(&self) -> &'a str {
        let word = |field: &str| self.value["metadata"][field].as_str().filter(|name| !name.is_empty());
        word("name").or_else(|| word("generateName")).unwrap_or_default()
    }

    /// `metadata.namespace`, or nothing.
    pub fn namespace(&self) -> &'a str {
        self.value["metadata"]["namespace"].as_str().unwrap_or_default()
    }

    /// The name of the text.
    pub fn file(&self) -> &'a str {
        &self.document.source.name
    }

    /// The line on which the object begins.
    pub fn first_line(&self) -> usize {
        self.document.source.line(self.node.whole().start)
    }

    /// Where a field is written; `None`: the object has no such field.
    pub fn find(&self, path: &[Step]) -> Option<Found<'a>> {
        let mut found = Found { key: None, value: self.node, shared: self.shared };
        for step in path {
            found = below(found, step)?;
        }
        Some(found)
    }

    /// The line of a field, or of the nearest parent that is there.
    pub fn line(&self, path: &[Step]) -> usize {
        let nearest = (0..=path.len()).rev().find_map(|length| self.find(&path[..length]));
        let node = nearest.map_or(self.node, |found| found.key.unwrap_or(found.value));
        self.document.source.line(node.whole().start)
    }

    /// The mistake at a field, or at the nearest parent that is there.
    pub fn fault(&self, path: &[Step], what: impl Into<String>) -> Fault {
        let nearest = (0..=path.len()).rev().find_map(|length| self.find(&path[..length]));
        let node = nearest.map_or(self.node, |found| found.key.unwrap_or(found.value));
        self.document.source.fault(node.whole().start, what)
    }
}

/// The value one step below. Of a field that is written twice, the last one counts, as for kubectl.
fn below<'a>(from: Found<'a>, step: &Step) -> Option<Found<'a>> {
    let node = from.value.target();
    let shared = from.shared || !std::ptr::eq(node, from.value);
    match step {
        Step::Index(index) => node.items().get(*index).map(|item| Found { key: None, value: item, shared }),
        Step::Key(key) => {
            let own = node.entries().iter().rev().find(|entry| !entry.is_merge() && entry.key.key() == *key);
            match own {
                Some(entry) => Some(Found { key: Some(&*entry.key), value: &entry.value, shared }),
                None => node
                    .merged()
                    .into_iter()
                    .find_map(|from| below(Found { key: None, value: from, shared: true }, step)),
            }
        }
    }
}
