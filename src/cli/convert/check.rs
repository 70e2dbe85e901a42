//! Does the text with the edits of an object say exactly the change? If not, why, and on which line?
//!
//! Reading a List anew for each of its objects would take minutes for a thousand Jobs. So an object of a List is checked in its
//! own lines first, and `file` reads the whole text once when all edits are made. Only if that text is wrong are the objects
//! whose values stand elsewhere too (anchors and aliases) checked in their whole document, one by one.

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use crate::cli::convert::extent::behind_comments_and_empty;
use crate::cli::convert::work::place;
use crate::cli::manifest::edit::Edits;
use crate::cli::manifest::{Document, Fault, Object, Source, documents};

/// Where an object of a List is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// In its own lines, if these can be read alone.
    Quick,
    /// In the whole document, if an alias could reach it.
    Thorough,
}

/// The documents of a text.
pub fn read(text: &str) -> Vec<Result<Document, Fault>> {
    documents(&Arc::new(Source::new("", None, text)))
}

/// Whether the text with these edits gives the object this value, and leaves all others.
pub fn says(object: &Object<'_>, edits: &Edits, expected: &Value, care: Care) -> bool {
    let in_document = || {
        let mut all = object.document.value.clone();
        *place(&mut all, &object.path) = expected.clone();
        value(object, edits, object.document.range.clone(), "").is_some_and(|value| value == all)
    };
    if object.path.is_empty() {
        return in_document();
    }
    let is_reached = object.document.alias_of(&object.node.span).is_some();
    match care {
        Care::Thorough if is_reached || !stands_alone(object) => in_document(),
        _ => in_lines(object, edits).is_some_and(|value| value == *expected) || !stands_alone(object),
    }
}

/// The value that the text with these edits gives the object, as far as its own lines tell.
pub fn said(object: &Object<'_>, edits: &Edits) -> Option<Value> {
    match object.path.is_empty() {
        true => value(object, edits, object.document.range.clone(), ""),
        false => in_lines(object, edits),
    }
}

/// Whether the lines of the object have its value without the rest of the document.
fn stands_alone(object: &Object<'_>) -> bool {
    in_lines(object, &Edits::default()).is_some_and(|value| value == *object.value)
}

/// The value of the object's lines with these edits. What the list tells of its items (kind and version) is told here too.
fn in_lines(object: &Object<'_>, edits: &Edits) -> Option<Value> {
    let (bytes, indentation) = lines(object);
    let mut value = value(object, edits, bytes, &indentation)?;
    let fields = value.as_object_mut()?;
    if !fields.contains_key("kind") {
        fields.extend(["kind", "apiVersion"].map(|field| (field.to_owned(), object.value[field].clone())));
    }
    Some(value)
}

/// The lines of an item, and the spaces that its first line needs instead of the dash.
fn lines(object: &Object<'_>) -> (Range<usize>, String) {
    let (source, whole) = (&object.document.source, object.node.whole());
    if object.node.is_flow() {
        return (whole, String::new());
    }
    let end = behind_comments_and_empty(source, source.next_line(whole.end));
    let column = source.position(whole.start).column - 1;
    (whole.start..end.min(object.document.range.end), " ".repeat(column))
}

fn value(object: &Object<'_>, edits: &Edits, bytes: Range<usize>, before: &str) -> Option<Value> {
    let text = edits.apply_within(&object.document.source.text, bytes)?;
    // The range of a document takes in a document behind it that is no YAML.
    let first = read(&format!("{before}{text}")).into_iter().next()?;
    first.ok().map(|document| document.value)
}
