//! How do containers move from `containers` to the end of `initContainers`, with their comments, and become native sidecars?

use std::ops::Range;
use std::sync::Arc;

use serde_json::json;

use crate::cli::convert::change::ALWAYS;
use crate::cli::convert::extent::{behind_comments, behind_empty, extents};
use crate::cli::convert::text::{Editor, in_braces, line_end};
use crate::cli::manifest::{Form, Node, Path};

const POLICY: &str = "restartPolicy";

/// Moves the containers with these names. `pod`: the path of the Pod's spec.
pub fn containers(editor: &mut Editor<'_>, pod: &Path, names: &[String]) -> Result<(), String> {
    let missing = || format!("{pod} has no containers");
    let map = editor.own(pod)?.ok_or_else(missing)?;
    let list = editor.own(&pod.then("containers"))?.ok_or_else(missing)?;
    let init = editor.own(&pod.then("initContainers"))?;
    let is_moved = |item: &Arc<Node>| names.contains(&name_of(item));
    if let Some(alias) = list.items().iter().find(|item| is_moved(item) && matches!(item.form, Form::Alias { .. })) {
        let line = editor.source.line(alias.span.start);
        return Err(format!(
            "line {line}: the container is an alias, so a change would reach other places: write it out"
        ));
    }
    match list.is_flow() {
        true => in_brackets(editor, (map, list, init), is_moved),
        false => in_lines(editor, (map, list, init), is_moved),
    }
}

fn name_of(item: &Node) -> String {
    let name = item.entries().iter().rev().find(|entry| entry.key.key() == "name");
    name.map(|entry| entry.value.key()).unwrap_or_default()
}

fn mixed(editor: &Editor<'_>, init: &Node) -> String {
    let line = editor.source.line(init.span.start);
    format!(
        "line {line}: one of initContainers and containers is written in brackets and the other is not: write both the same way"
    )
}

/// The text of a container in braces, with its policy.
fn with_policy(editor: &Editor<'_>, item: &Node) -> String {
    let text = editor.source.text[item.whole()].to_owned();
    if item.entries().iter().any(|entry| entry.key.key() == POLICY) {
        return text;
    }
    let Some(first) = item.entries().first() else { return text };
    let quoted = editor.source.text[first.key.span.clone()].starts_with('"');
    let end = first.value.whole().end - item.whole().start;
    let gap = item.entries().get(1).map(|second| second.key.whole().start - item.whole().start);
    let gap = gap.map(|start| &text[end..start]).filter(|gap| gap.trim() == ",").unwrap_or(", ");
    format!("{}{gap}{}{}", &text[..end], in_braces(POLICY, &json!(ALWAYS), quoted), &text[end..])
}

type Lists<'a> = (&'a Node, &'a Node, Option<&'a Node>);

fn in_brackets(
    editor: &mut Editor<'_>,
    (map, list, init): Lists<'_>,
    is_moved: impl Fn(&Arc<Node>) -> bool,
) -> Result<(), String> {
    let items = list.items();
    without_comments(editor, list)?;
    let moved: Vec<String> = items.iter().filter(|item| is_moved(item)).map(|item| with_policy(editor, item)).collect();
    let text = &editor.source.text;
    let gap = items.windows(2).next().map(|pair| &text[pair[0].whole().end..pair[1].whole().start]);
    let gap = gap.filter(|gap| gap.trim() == ",").unwrap_or(", ").to_owned();
    let joined = moved.join(&gap);
    match init {
        None => as_init_in_brackets(editor, map, list, &joined),
        Some(init) if init.items().is_empty() => editor.edits.replace(init.span.clone(), format!("[{joined}]")),
        Some(init) if !init.is_flow() => return Err(mixed(editor, init)),
        Some(init) => {
            let end = init.items().last().map_or(init.span.end - 1, |last| last.whole().end);
            editor.edits.insert(end, format!("{gap}{joined}"));
        }
    }
    for bytes in removed(items, is_moved) {
        editor.edits.replace(bytes, "");
    }
    Ok(())
}

/// Writes containers in brackets as the init containers of a Pod that has none, with the blanks of `list` in its brackets.
fn as_init_in_brackets(editor: &mut Editor<'_>, map: &Node, list: &Node, joined: &str) {
    let Some(at) = map.entries().iter().position(|entry| entry.key.key() == "containers") else { return };
    let (entry, items, text) = (&map.entries()[at], list.items(), &editor.source.text);
    let start = entry.key.whole().start;
    let key = text[entry.key.span.clone()].replace("containers", "initContainers");
    let before = &text[list.span.start + 1..items.first().map_or(list.span.end - 1, |item| item.whole().start)];
    let after = &text[items.last().map_or(list.span.start + 1, |item| item.whole().end)..list.span.end - 1];
    let new = format!("{key}: [{before}{joined}{after}]");
    if map.is_flow() {
        let blank = &text[map.span.start + 1..start];
        let blank = &blank[blank.trim_end().len()..];
        let blank = if blank.contains('\n') { blank } else { " " };
        editor.edits.insert(start, format!("{new},{blank}"));
    } else {
        let spaces = " ".repeat(editor.column(&entry.key));
        editor.insert_above(map, at, &format!("{spaces}{new}{}", editor.source.line_break()));
    }
}

/// Refuses comments between items in brackets: nothing says to which item a comment belongs.
fn without_comments(editor: &Editor<'_>, list: &Node) -> Result<(), String> {
    let ends = list.items().iter().map(|item| item.whole().end);
    let from = std::iter::once(list.span.start + 1).chain(ends);
    let to = list.items().iter().map(|item| item.whole().start).chain([list.span.end]);
    let comment = from.zip(to).find_map(|(from, to)| Some(from + editor.source.text.get(from..to)?.find('#')?));
    comment.map_or(Ok(()), |at| {
        Err(format!(
            "line {}: a comment stands between containers in brackets: write the containers one below the other, each with a dash",
            editor.source.line(at)
        ))
    })
}

/// The bytes of the items in brackets that go, each with one comma.
fn removed(items: &[Arc<Node>], is_moved: impl Fn(&Arc<Node>) -> bool) -> Vec<Range<usize>> {
    let stays: Vec<bool> = items.iter().map(|item| !is_moved(item)).collect();
    let last = stays.iter().rposition(|stays| *stays).unwrap_or(0);
    let bytes = |at: usize| {
        let whole = items[at].whole();
        // Before the last that stays: up to the next item. Behind it: from the end of the item before.
        if at < last { whole.start..items[at + 1].whole().start } else { items[at - 1].whole().end..whole.end }
    };
    (0..items.len()).filter(|at| !stays[*at] && items.len() > 1).map(bytes).collect()
}

fn in_lines(
    editor: &mut Editor<'_>,
    (map, list, init): Lists<'_>,
    is_moved: impl Fn(&Arc<Node>) -> bool,
) -> Result<(), String> {
    let key = map.entries().iter().find(|entry| entry.key.key() == "containers");
    let from = key.map_or(list.span.start, |entry| editor.source.next_line(entry.key.whole().end));
    let extents = extents(editor.source, list, from);
    let dash = editor.source.position(list.span.start).column - 1;
    let moved: Vec<(Range<usize>, String)> = list
        .items()
        .iter()
        .zip(&extents)
        .filter(|(item, _)| is_moved(item))
        .map(|(item, extent)| (extent.clone(), as_sidecar(editor, item, extent)))
        .collect();
    let text: String = moved.iter().map(|(_, text)| text.as_str()).collect();
    match init.filter(|init| !init.items().is_empty()) {
        Some(init) if init.is_flow() => return Err(mixed(editor, init)),
        Some(init) => behind_init(editor, init, &text, dash),
        None => {
            let end = extents.last().map_or(editor.source.text.len(), |last| last.end);
            as_init(editor, (map, list, init), &text, end)?;
        }
    }
    for (bytes, _) in moved {
        editor.edits.replace(bytes, "");
    }
    Ok(())
}

/// Adds the lines of containers to those of the init containers.
fn behind_init(editor: &mut Editor<'_>, init: &Node, text: &str, dash: usize) {
    let to = editor.source.position(init.span.start).column - 1;
    let at = behind_comments(editor.source, editor.source.next_line(init.whole().end), to);
    let at = if editor.way.init_first { at } else { behind_empty(editor.source, at) };
    insert_lines(editor, at, &shifted(text, dash, to));
}

/// Writes the lines of containers as the init containers of a Pod that has none. `end`: of the containers.
fn as_init(editor: &mut Editor<'_>, (map, list, init): Lists<'_>, text: &str, end: usize) -> Result<(), String> {
    let Some(at) = map.entries().iter().position(|entry| entry.key.key() == "containers") else { return Ok(()) };
    if let Some(empty) = init {
        return fill(editor, empty, text);
    }
    if map.is_flow() {
        return Err(mixed(editor, list));
    }
    let spaces = " ".repeat(editor.column(&map.entries()[at].key));
    let lines = format!("{spaces}initContainers:{}{text}", editor.source.line_break());
    match editor.way.init_first {
        true => editor.insert_above(map, at, &lines),
        false => insert_lines(editor, end, &lines),
    }
    Ok(())
}

/// `initContainers: []`, or nothing behind the colon.
fn fill(editor: &mut Editor<'_>, empty: &Node, text: &str) -> Result<(), String> {
    if empty.properties.is_some() {
        return Err(mixed(editor, empty));
    }
    let before = &editor.source.text[..empty.span.start];
    let (start, end) = (before.trim_end_matches(' ').len(), empty.span.end);
    let text = text.trim_end_matches(['\n', '\r']);
    editor.edits.replace(start..end, "");
    let end_of_line = end + line_end(&editor.source.text[end..]);
    editor.edits.insert(end_of_line, format!("{}{text}", editor.source.line_break()));
    Ok(())
}

/// Inserts whole lines, also at the end of a text whose last line has no line break.
fn insert_lines(editor: &mut Editor<'_>, at: usize, text: &str) {
    let line_break = editor.source.line_break();
    let open = at == editor.source.text.len() && !editor.source.text.ends_with('\n');
    let text = if open { format!("{line_break}{}", text.trim_end_matches(['\n', '\r'])) } else { text.to_owned() };
    editor.edits.insert(at, text);
}

/// The lines of an item with its policy, and with a line break at the end.
fn as_sidecar(editor: &Editor<'_>, item: &Node, extent: &Range<usize>) -> String {
    let mut text = editor.source.text[extent.clone()].to_owned();
    let has_policy = item.entries().iter().any(|entry| entry.key.key() == POLICY);
    if item.is_flow() {
        let whole = item.whole();
        let new = with_policy(editor, item);
        text = format!(
            "{}{new}{}",
            &editor.source.text[extent.start..whole.start],
            &editor.source.text[whole.end..extent.end]
        );
    } else if !has_policy && let Some(entry) = item.entries().iter().find(|entry| entry.key.key() == "name") {
        let end = entry.value.whole().end;
        let at = end + line_end(&editor.source.text[end..]) - extent.start;
        let at = at.min(text.len());
        let line_break = match &text[at..] {
            rest if rest.starts_with("\r\n") => "\r\n",
            rest if rest.starts_with('\n') => "\n",
            _ => editor.source.line_break(),
        };
        let width = editor.column(&item.entries()[0].key);
        text.insert_str(at, &format!("{line_break}{}{POLICY}: {ALWAYS}", " ".repeat(width)));
    }
    if !text.ends_with('\n') {
        text.push_str(editor.source.line_break());
    }
    text
}

/// The lines with the dash in another column. Lines of spaces move too: in a block scalar, the spaces behind its indentation are
/// text.
fn shifted(text: &str, from: usize, to: usize) -> String {
    let line = |line: &str| match line.starts_with(' ') || !line.trim().is_empty() {
        false => line.to_owned(),
        true if to >= from => format!("{}{line}", " ".repeat(to - from)),
        true => {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            line[spaces.min(from - to)..].to_owned()
        }
    };
    text.split_inclusive('\n').map(line).collect()
}
