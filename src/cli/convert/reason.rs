//! Why can't an object be changed in its notation, and on which line is the reason?

use serde_json::Value;

use crate::cli::convert::change::Change;
use crate::cli::convert::check;
use crate::cli::convert::work::at;
use crate::cli::manifest::edit::Edits;
use crate::cli::manifest::{Entry, Form, Node, Object, Path, Source, Step};

/// Why no line of the object can be edited, if so.
pub fn no_lines(object: &Object<'_>) -> Option<String> {
    let text = object.document.source.text.get(object.document.range.clone())?;
    let is_cr = !object.node.is_flow() && text.contains('\r') && !text.contains('\n');
    is_cr.then(|| "has lines that end in CR alone: end them in LF or CRLF".to_owned())
}

/// Why the text with these edits is not the change.
pub fn why_not(object: &Object<'_>, change: &Change, edits: &Edits) -> String {
    let source = &object.document.source;
    if let Some(alias) = object.document.alias_of(&object.node.span) {
        let line = source.line(alias);
        return format!(
            "has an anchor that the alias on line {line} repeats, and the change would reach both or stand between them: write \
             the alias out"
        );
    }
    if let Some(key) = behind_question_mark(source, object.node) {
        let (line, key) = (source.line(key.span.start), key.key());
        return format!(
            "line {line}: the key {key} stands behind a question mark: write {key}: with its value behind the colon"
        );
    }
    let expected = change.of(object.value);
    let path = check::said(object, edits).and_then(|said| difference(&said, &expected));
    match path.map(|path| as_written(object, change, &expected, path)) {
        Some(path) => format!(
            "line {}: {path} would change too: write this field in another way, for example in quotes",
            object.line(&path)
        ),
        None => "can't be changed in this notation: write it in block style, without anchors".into(),
    }
}

/// The first key that is written as `? key`.
fn behind_question_mark<'a>(source: &Source, node: &'a Node) -> Option<&'a Node> {
    let is_behind = |key: &Node| source.text[..key.whole().start].trim_end_matches(' ').ends_with('?');
    let in_entry = |entry: &'a Entry| match is_behind(&entry.key) {
        true => Some(&*entry.key),
        false => behind_question_mark(source, &entry.value),
    };
    match &node.form {
        Form::Mapping { flow: false, entries } => entries.iter().find_map(in_entry),
        Form::Sequence { flow: false, items } => items.iter().find_map(|item| behind_question_mark(source, item)),
        _ => None,
    }
}

/// The first value that differs.
fn difference(one: &Value, other: &Value) -> Option<Path> {
    let deeper = |step: Step, one: &Value, other: &Value| {
        difference(one, other).map(|path| Path(std::iter::once(step).chain(path.0).collect()))
    };
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = other.keys().chain(one.keys().filter(|key| !other.contains_key(*key)));
            let value = |of: &serde_json::Map<String, Value>, key: &str| of.get(key).cloned().unwrap_or_default();
            keys.map(|key| deeper(key.as_str().into(), &value(one, key), &value(other, key))).find_map(|path| path)
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).enumerate().find_map(|(index, (one, other))| deeper(index.into(), one, other))
        }
        _ => (one != other).then(Path::default),
    }
}

/// Where the field of a container that has moved is written in the text.
fn as_written(object: &Object<'_>, change: &Change, expected: &Value, path: Path) -> Path {
    let pod = change.kind.template().then("spec");
    let item = pod.len() + 2;
    if !path.starts_with(&pod) || path.len() < item {
        return path;
    }
    let name = &at(expected, &path[..item])["name"];
    let place = ["initContainers", "containers"].into_iter().find_map(|list| {
        let all = at(object.value, &pod.then(list)).as_array()?;
        Some(pod.then(list).then(all.iter().position(|container| container["name"] == *name)?))
    });
    place.map_or(path.clone(), |place| Path(place.0.into_iter().chain(path[item..].iter().cloned()).collect()))
}
