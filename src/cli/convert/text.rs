//! How is a field of an object written into the text, in the notation and with the indentation that the text has?

use serde_json::Value;

use crate::cli::convert::extent::{behind_comments, field_line};
use crate::cli::manifest::edit::Edits;
use crate::cli::manifest::{Form, Node, Object, Path, Source, Step, Style};

/// Where new text may stand, if there is a choice. Block scalars that keep their last lines and anchors make some of the
/// ways wrong; `file` tries them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// A new field stands behind the field before it, and not before the field after it.
    pub behind: bool,
    /// New init containers stand before the containers; behind other init containers, before the empty lines that follow.
    pub init_first: bool,
}

/// All ways, the nicest first.
pub const WAYS: [Way; 4] = [
    Way { behind: true, init_first: true },
    Way { behind: false, init_first: true },
    Way { behind: true, init_first: false },
    Way { behind: false, init_first: false },
];

/// The edits of one object.
pub struct Editor<'a> {
    pub(super) object: &'a Object<'a>,
    pub(super) source: &'a Source,
    pub(super) way: Way,
    pub(super) edits: Edits,
}

impl<'a> Editor<'a> {
    /// No edits yet.
    pub fn new(object: &'a Object<'a>, way: Way) -> Self {
        Self { object, source: &object.document.source, way, edits: Edits::default() }
    }

    /// The edits.
    pub fn done(self) -> Edits {
        self.edits
    }

    /// The line break, and `width` spaces.
    pub(super) fn new_line(&self, width: usize) -> String {
        format!("{}{}", self.source.line_break(), " ".repeat(width))
    }

    /// The spaces before a node that begins its line, or the characters before another node.
    pub(super) fn column(&self, node: &Node) -> usize {
        self.source.position(node.whole().start).column - 1
    }

    fn line(&self, node: &Node) -> usize {
        self.source.line(node.whole().start)
    }

    /// The map or list at a path that may be edited; `None`: absent.
    pub(super) fn own(&self, path: &Path) -> Result<Option<&'a Node>, String> {
        let Some(found) = self.object.find(path) else { return Ok(None) };
        let alias = matches!(found.value.form, Form::Alias { .. });
        if found.shared || alias {
            return Err(format!(
                "line {}: {path} is written elsewhere (an alias or a merge key), so a change would reach other places: write it out",
                self.object.line(path)
            ));
        }
        Ok(Some(found.value))
    }

    /// Writes a field of the map at `path`. Maps that are missing are written too.
    pub(super) fn put(&mut self, path: &Path, field: &str, value: &Value) -> Result<(), String> {
        let Some(map) = self.own(path)? else {
            let Some((last, above)) = path.split_last() else { return Err("no object".into()) };
            let Step::Key(name) = last else { return Err(format!("{path} is missing")) };
            let mut around = serde_json::Map::new();
            around.insert(field.to_owned(), value.clone());
            return self.put(&Path(above.to_vec()), &name.clone(), &Value::Object(around));
        };
        if let Some(there) = self.own(&path.then(field))? {
            return self.replace(there, value);
        }
        let before =
            ["template", "spec"].into_iter().find(|key| map.entries().iter().any(|entry| entry.key.key() == *key));
        let is_metadata = path.0.last() == Some(&"metadata".into()) || path.0.last() == Some(&"annotations".into());
        self.insert(map, before.filter(|_| !is_metadata), (field, value))
    }

    fn replace(&mut self, there: &Node, value: &Value) -> Result<(), String> {
        let Form::Scalar { style, .. } = &there.form else {
            return Err(format!("line {}: there is a value already", self.line(there)));
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let new = match style {
            Style::Quoted => Value::String(text).to_string(),
            _ => scalar(&text, false),
        };
        self.edits.replace(there.span.clone(), new);
        Ok(())
    }

    /// Writes a field into a map that does not have it: before the field `before`, or as the last one.
    pub(super) fn insert(&mut self, map: &Node, before: Option<&str>, field: (&str, &Value)) -> Result<(), String> {
        let entries = map.entries();
        let at =
            before.and_then(|key| entries.iter().position(|entry| entry.key.key() == key)).unwrap_or(entries.len());
        match &map.form {
            Form::Mapping { flow: true, .. } => self.insert_in_braces(map, at, field),
            Form::Mapping { .. } => {
                let lines = self.lines(field.0, field.1);
                let at = if self.way.behind || at < entries.len() { at } else { 0 };
                self.insert_lines(map, at, &lines);
            }
            Form::Scalar { text, style: Style::Plain } if map.properties.is_none() => {
                let flow = format!("{{{}}}", in_braces(field.0, field.1, false));
                match text.as_str() {
                    "" => {
                        let below = self.source.line_start(map.span.start);
                        let line = &self.source.text[below..map.span.start];
                        let line = line.trim_start_matches('\u{feff}');
                        let width = line.len() - line.trim_start_matches([' ', '-']).len();
                        let width = width + 2;
                        let text: String =
                            self.lines(field.0, field.1).iter().map(|line| self.new_line(width) + line).collect();
                        let end_of_line = map.span.start + line_end(&self.source.text[map.span.start..]);
                        self.edits.insert(end_of_line, text);
                    }
                    _ => self.edits.replace(map.span.clone(), flow),
                }
            }
            _ => return Err(format!("line {}: a map is expected here", self.line(map))),
        }
        Ok(())
    }

    /// Whole lines of a block map before its entry `at`.
    fn insert_lines(&mut self, map: &Node, at: usize, lines: &[String]) {
        let entries = map.entries();
        let Some(first) = entries.first() else { return };
        let width = self.column(&first.key);
        let previous = at.checked_sub(1).map(|at| &entries[at]);
        match (previous, entries.get(at)) {
            (Some(previous), next) if self.way.behind || next.is_none() => {
                // Behind the last field, a comment in the column of the fields is one that is switched off.
                let column = if next.is_none() { width.saturating_sub(1) } else { width };
                let behind = behind_comments(self.source, self.source.next_line(previous.end()), column);
                let last = self.source.line_start(behind - 1);
                let text: String = lines.iter().map(|line| self.new_line(width) + line).collect();
                self.edits.insert(last + line_end(&self.source.text[last..]), text);
            }
            (_, Some(_)) => {
                let line_break = self.source.line_break();
                let spaces = " ".repeat(width);
                let text: String = lines.iter().map(|line| format!("{spaces}{line}{line_break}")).collect();
                self.insert_above(map, at, &text);
            }
            _ => {}
        }
    }

    /// Inserts whole lines above a field of a block map, and above the comments of the field.
    pub(super) fn insert_above(&mut self, map: &Node, at: usize, lines: &str) {
        let key = &map.entries()[at].key;
        let start = key.whole().start;
        if self.source.text[self.source.line_start(start)..start].trim_start_matches(' ').is_empty() {
            self.edits.insert(field_line(self.source, map, at), lines);
        } else {
            // The key stands behind a dash.
            let spaces = " ".repeat(self.column(key));
            self.edits.insert(start, format!("{}{spaces}", lines.trim_start_matches(' ')));
        }
    }

    fn insert_in_braces(&mut self, map: &Node, at: usize, (field, value): (&str, &Value)) {
        let entries = map.entries();
        let quoted = entries.first().is_some_and(|entry| self.source.text[entry.key.span.clone()].starts_with('"'));
        let quoted = quoted || entries.is_empty() && self.object.node.is_flow() && self.is_json();
        let new = in_braces(field, value, quoted);
        let gap = |start: usize| {
            let before = &self.source.text[map.span.start + 1..start];
            let blank = &before[before.trim_end().len()..];
            if blank.contains('\n') { blank.to_owned() } else { " ".to_owned() }
        };
        match (entries.get(at), entries.last()) {
            (Some(next), _) => {
                let start = next.key.whole().start;
                self.edits.insert(start, format!("{new},{}", gap(start)));
            }
            (None, Some(last)) => {
                let (start, end) = (last.key.whole().start, last.end());
                self.edits.insert(end, format!(",{}{new}", gap(start)));
            }
            (None, None) => self.edits.replace(map.span.clone(), format!("{{{new}}}")),
        }
    }

    fn is_json(&self) -> bool {
        let first = self.object.node.entries().first();
        first.is_some_and(|entry| self.source.text[entry.key.span.clone()].starts_with('"'))
    }

    /// A field as lines without the indentation of its map.
    fn lines(&self, field: &str, value: &Value) -> Vec<String> {
        let field = scalar(field, false);
        match value {
            Value::Object(fields) => {
                let inner =
                    fields.iter().flat_map(|(name, value)| self.lines(name, value)).map(|line| format!("  {line}"));
                std::iter::once(format!("{field}:")).chain(inner).collect()
            }
            Value::Array(items) => {
                let names = items.iter().filter_map(|item| item["name"].as_str());
                let names = names.map(|name| format!("- name: {}", scalar(name, false)));
                std::iter::once(format!("{field}:")).chain(names).collect()
            }
            other => vec![format!("{field}: {}", scalar(&text(other), false))],
        }
    }

    /// Removes a field of the object, if there is one.
    pub(super) fn remove(&mut self, field: &str) -> Result<(), String> {
        let entries = self.object.node.entries();
        let Some(at) = entries.iter().position(|entry| entry.key.key() == field) else { return Ok(()) };
        let end_of = |at: usize| entries[at].end();
        let start = entries[at].key.whole().start;
        if self.object.node.is_flow() {
            let bytes = match (entries.get(at + 1), at.checked_sub(1)) {
                (Some(next), _) => start..next.key.whole().start,
                (None, Some(before)) => end_of(before)..end_of(at),
                (None, None) => start..end_of(at),
            };
            self.edits.replace(bytes, "");
            return Ok(());
        }
        let line = self.source.line_start(start);
        if !self.source.text[line..start].trim().is_empty() {
            return Err(format!(
                "line {}: {field} can't be removed, because it stands behind the dash of a list",
                self.source.line(start)
            ));
        }
        self.edits.replace(line..self.source.next_line(end_of(at)), "");
        Ok(())
    }
}

/// The bytes to the end of the line, without the line break.
pub(super) fn line_end(text: &str) -> usize {
    let line = text.find('\n').map_or(text, |at| &text[..at]);
    line.strip_suffix('\r').unwrap_or(line).len()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A field in braces.
pub(super) fn in_braces(field: &str, value: &Value, quoted: bool) -> String {
    let name = if quoted { Value::from(field).to_string() } else { scalar(field, true) };
    format!("{name}: {}", flow(value, quoted))
}

fn flow(value: &Value, quoted: bool) -> String {
    let fields = |fields: &serde_json::Map<String, Value>| {
        fields.iter().map(|(name, value)| in_braces(name, value, quoted)).collect::<Vec<_>>().join(", ")
    };
    match value {
        Value::Object(map) => format!("{{{}}}", fields(map)),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| flow(item, quoted)).collect::<Vec<_>>().join(", "))
        }
        other if quoted => other.to_string(),
        other => scalar(&text(other), true),
    }
}

/// A text without quotes if it is read back as this text, else in quotes.
fn scalar(text: &str, in_flow: bool) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_') || c == ',' && !in_flow;
    let words = ["yes", "no", "on", "off", "true", "false", "null", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(letters)
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}
