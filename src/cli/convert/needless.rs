//! Which fields does the API server ignore in a Job or CronJob, and reject in a SidecarJob or SidecarCronJob? How do these
//! fields leave the text?
//!
//! - Fields without a value: templates print `volumes:` with nothing behind it. A Job loses such a field; the schema of a
//!   SidecarJob wants a list, and server-side apply rejects the object.
//! - `spec.jobTemplate.metadata` of a CronJob: only labels and annotations reach its Jobs.

use serde_json::Value;

use crate::cli::convert::text::{Editor, line_end};
use crate::cli::manifest::{Entry, Form, Node, Path, Source, Style};
use crate::cli::workload::Kind;

/// The fields of `spec.jobTemplate.metadata` that a SidecarCronJob has.
const OF_RUN: [&str; 2] = ["annotations", "labels"];

/// Removes the needless fields from the value of an object of this kind.
pub fn dropped(kind: Kind, object: &mut Value) {
    let Some(spec) = object.get_mut("spec") else { return };
    nulls(spec);
    let run = spec.get_mut("jobTemplate").filter(|_| kind.is_schedule());
    if let Some(fields) = run.and_then(|run| run.get_mut("metadata")).and_then(Value::as_object_mut) {
        fields.retain(|field, _| OF_RUN.contains(&field.as_str()));
    }
}

/// A map whose fields are all null becomes an empty map.
fn nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(nulls),
        _ => {}
    }
}

/// Removes the needless fields from the text. What an alias repeats stays: `file` finds that the text then says something else
/// than the value, and refuses the object.
pub fn removed(editor: &mut Editor<'_>, kind: Kind) {
    let run = kind.run().then("metadata");
    for entry in editor.object.node.entries().iter().filter(|entry| entry.key.key() == "spec") {
        without_nulls(editor, &entry.value, &Path::default().then("spec"), &run);
    }
}

fn without_nulls(editor: &mut Editor<'_>, node: &Node, path: &Path, run: &Path) {
    match &node.form {
        Form::Sequence { items, .. } => {
            items.iter().enumerate().for_each(|(at, item)| without_nulls(editor, item, &path.then(at), run));
        }
        Form::Mapping { entries, flow } => {
            let of_run = |entry: &Entry| OF_RUN.contains(&entry.key.key().as_str());
            let goes = |entry: &Entry| is_null(&entry.value) || path == run && !of_run(entry);
            let stays: Vec<bool> = entries.iter().map(|entry| !goes(entry)).collect();
            match stays.iter().rposition(|stays| *stays) {
                None if entries.is_empty() => {}
                None => editor.edits.replace(node.span.clone(), "{}"),
                Some(last) if *flow => in_braces(editor, entries, &stays, last),
                Some(_) => in_lines(editor, entries, &stays),
            }
            for (entry, _) in entries.iter().zip(&stays).filter(|(_, stays)| **stays) {
                without_nulls(editor, &entry.value, &path.then(entry.key.key().as_str()), run);
            }
        }
        Form::Scalar { .. } | Form::Alias { .. } => {}
    }
}

fn is_null(node: &Node) -> bool {
    let words = ["", "~", "null", "Null", "NULL"];
    let is_word = matches!(&node.form, Form::Scalar { text, style: Style::Plain } if words.contains(&text.as_str()));
    is_word && node.properties.is_none()
}

/// The end of a field. An absent value has no bytes, and the parser puts it behind the comment that follows: the colon ends
/// such a field.
fn end(source: &Source, entry: &Entry) -> usize {
    let (key, value) = (entry.key.whole().end, entry.value.whole());
    match value.is_empty() {
        true => source.text[key..].find(':').map_or(key, |colon| key + colon + 1),
        false => value.end,
    }
}

/// Before the last field that stays: up to the next field. Behind it: from the end of the field before.
fn in_braces(editor: &mut Editor<'_>, entries: &[Entry], stays: &[bool], last: usize) {
    for at in (0..entries.len()).filter(|at| !stays[*at]) {
        let bytes = match at < last {
            true => entries[at].key.whole().start..entries[at + 1].key.whole().start,
            false => end(editor.source, &entries[at - 1])..end(editor.source, &entries[at]),
        };
        editor.edits.replace(bytes, "");
    }
}

/// A line goes whole, unless it has something else: the dash of a list, or a comment.
fn in_lines(editor: &mut Editor<'_>, entries: &[Entry], stays: &[bool]) {
    let source = editor.source;
    for (entry, _) in entries.iter().zip(stays).filter(|(_, stays)| !**stays) {
        let (start, end) = (entry.key.whole().start, end(source, entry));
        let line_end = end + line_end(&source.text[end..]);
        let comment = source.text[end..line_end].find('#').map(|at| end + at);
        let is_alone = source.text[source.line_start(start)..start].trim().is_empty();
        match comment {
            None if is_alone => editor.edits.replace(source.line_start(start)..source.next_line(line_end), ""),
            None => editor.edits.replace(start..line_end, ""),
            Some(comment) => editor.edits.replace(start..comment, ""),
        }
    }
}
