//! What is one value of a YAML text, as it is written?

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::cli::manifest::scalar::{self, Style};

/// One value as it is written: its form, and the bytes of its text.
#[derive(Debug)]
pub struct Node {
    /// A scalar, a list, a map, or an alias.
    pub form: Form,
    /// The bytes from the first character of the value to its last, without anchor and tag. An absent value has no bytes.
    pub span: Range<usize>,
    /// The bytes of anchor and tag.
    pub properties: Option<Range<usize>>,
    /// The name after `&`.
    pub anchor: Option<String>,
    /// The tag, written out: `tag:yaml.org,2002:str` for `!!str`.
    pub tag: Option<String>,
    /// The levels of values below this one, those behind aliases too.
    pub(super) depth: usize,
}

/// How a value is written.
#[derive(Debug)]
pub enum Form {
    /// One text, number or word.
    Scalar {
        /// The text without quotes, escapes and indentation.
        text: String,
        /// The notation.
        style: Style,
    },
    /// A list.
    Sequence {
        /// Whether the list is written in brackets.
        flow: bool,
        /// The items.
        items: Vec<Arc<Node>>,
    },
    /// A map.
    Mapping {
        /// Whether the map is written in braces.
        flow: bool,
        /// The fields as they are written: merge keys and fields that are written twice too.
        entries: Vec<Entry>,
    },
    /// `*name`: what stands at the anchor.
    Alias {
        /// The name after `*`.
        name: String,
        /// The value at the anchor.
        target: Arc<Node>,
    },
}

/// One field of a map.
#[derive(Debug)]
pub struct Entry {
    /// The key.
    pub key: Arc<Node>,
    /// The value.
    pub value: Arc<Node>,
}

impl Entry {
    /// The byte behind the field: an absent value ends with its key.
    pub fn end(&self) -> usize {
        self.value.whole().end.max(self.key.whole().end)
    }

    /// Whether the field is a merge key (`<<`).
    pub fn is_merge(&self) -> bool {
        matches!(&self.key.form, Form::Scalar { text, style: Style::Plain } if text == "<<") && self.key.tag.is_none()
    }
}

impl Node {
    /// The bytes of the value with its anchor and tag.
    pub fn whole(&self) -> Range<usize> {
        let start = self.properties.as_ref().map_or(self.span.start, |properties| properties.start);
        let end = self.properties.as_ref().map_or(self.span.end, |properties| properties.end.max(self.span.end));
        start.min(self.span.start)..end
    }

    /// The value itself: behind an alias, what stands at the anchor.
    pub fn target(&self) -> &Self {
        match &self.form {
            Form::Alias { target, .. } => target.target(),
            _ => self,
        }
    }

    /// The fields of a map as they are written; of another value none.
    pub fn entries(&self) -> &[Entry] {
        match &self.target().form {
            Form::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a list; of another value none.
    pub fn items(&self) -> &[Arc<Self>] {
        match &self.target().form {
            Form::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// Whether the value is written in braces or brackets.
    pub fn is_flow(&self) -> bool {
        matches!(&self.form, Form::Mapping { flow: true, .. } | Form::Sequence { flow: true, .. })
    }

    /// The key as the name of a field. The keys of a map that are no text are read as kubectl reads them.
    pub fn key(&self) -> String {
        let mut unlimited = usize::MAX;
        match self.target().value(&mut unlimited) {
            Ok(Value::String(text)) => text,
            Ok(value) => value.to_string(),
            Err(_) => String::new(),
        }
    }

    /// The maps that the merge keys of this map add, the most important first.
    pub(super) fn merged(&self) -> Vec<&Self> {
        let merges = self.entries().iter().filter(|entry| entry.is_merge());
        merges
            .flat_map(|entry| if entry.value.items().is_empty() { vec![&*entry.value] } else { list(&entry.value) })
            .collect()
    }

    /// The value as the API server gets it. `left` counts down for each value, so that aliases of aliases end.
    pub(super) fn value(&self, left: &mut usize) -> Result<Value, TooLarge> {
        *left = left.checked_sub(1).ok_or(TooLarge)?;
        match &self.form {
            Form::Scalar { text, style } => Ok(scalar::value(text, *style, self.tag.as_deref())),
            Form::Sequence { items, .. } => items.iter().map(|item| item.value(left)).collect(),
            Form::Alias { target, .. } => target.value(left),
            Form::Mapping { entries, .. } => {
                let mut map = Map::new();
                for from in self.merged().into_iter().rev() {
                    if let Value::Object(fields) = from.value(left)? {
                        map.extend(fields);
                    }
                }
                for entry in entries.iter().filter(|entry| !entry.is_merge()) {
                    map.insert(entry.key.key(), entry.value.value(left)?);
                }
                Ok(Value::Object(map))
            }
        }
    }
}

fn list(node: &Node) -> Vec<&Node> {
    node.items().iter().map(|item| &**item).collect()
}

/// The aliases of a document repeat more than a document may have.
#[derive(Debug)]
pub(super) struct TooLarge;
