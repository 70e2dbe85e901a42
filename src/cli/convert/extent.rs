//! Which lines belong to each container of a list with dashes, and to each field, with their comments?

use std::ops::Range;
use std::sync::Arc;

use crate::cli::manifest::{Form, Node, Source, Style};

/// The whole lines of each item: from the comments above its dash to the lines of the next item.
pub fn extents(source: &Source, list: &Node, from: usize) -> Vec<Range<usize>> {
    let items = list.items();
    let dash = source.position(list.span.start).column - 1;
    let mut starts = Vec::new();
    let mut after = from.min(source.line_start(list.span.start));
    for (at, item) in items.iter().enumerate() {
        let dash_line = if at == 0 { source.line_start(list.span.start) } else { dash_line(source, after, item) };
        starts.push(with_comments(source, after, dash_line));
        after = source.next_line(item.whole().end.max(dash_line));
        if at + 1 == items.len() {
            after = behind_text(source, items, after, dash);
        }
        after = behind_comments(source, after, dash);
    }
    let ends = starts.iter().skip(1).copied().chain([after]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The line behind the empty lines that are text of a block scalar, or would be: all if an item ends in one that keeps them
/// (`|+`), else those with spaces.
fn behind_text(source: &Source, items: &[Arc<Node>], line: usize, dash: usize) -> usize {
    let headers: Vec<&str> = items.iter().filter_map(|item| last_block(source, item)).collect();
    let end = behind_empty(source, line);
    if headers.iter().any(|header| header.contains('+')) {
        return end;
    }
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let (mut next, mut after) = (line, line);
    while !headers.is_empty() && next < end {
        let is_text = spaces(line_at(source, next)) > dash;
        next = source.next_line(next);
        after = if is_text { next } else { after };
    }
    after
}

/// The indicators of the block scalar in which a value ends.
fn last_block<'a>(source: &'a Source, node: &Node) -> Option<&'a str> {
    match &node.form {
        Form::Scalar { style: Style::Block, .. } => line_at(source, node.span.start).split('#').next(),
        Form::Sequence { flow: false, items } => last_block(source, items.last()?),
        Form::Mapping { flow: false, entries } => last_block(source, &entries.last()?.value),
        _ => None,
    }
}

/// The rest of the line.
fn line_at(source: &Source, byte: usize) -> &str {
    source.text[byte..].lines().next().unwrap_or_default()
}

/// The line of the item's dash: the first behind the item before that is neither empty nor a comment.
fn dash_line(source: &Source, after: usize, item: &Node) -> usize {
    behind_comments_and_empty(source, after).min(source.line_start(item.whole().start))
}

/// The line behind the comments that follow an item or a field and are indented deeper than its dash or key: a field that is
/// switched off belongs to what stands above, also behind empty lines.
pub fn behind_comments(source: &Source, mut line: usize, column: usize) -> usize {
    loop {
        let next = behind_empty(source, line);
        let text = line_at(source, next);
        let comment = text.trim_start_matches(' ');
        if !comment.starts_with('#') || text.len() - comment.len() <= column {
            return line;
        }
        line = source.next_line(next);
    }
}

/// The line behind the empty lines: a block scalar before them may keep them.
pub fn behind_empty(source: &Source, mut line: usize) -> usize {
    while line < source.text.len() && line_at(source, line).trim().is_empty() {
        line = source.next_line(line);
    }
    line
}

/// The line behind the empty lines and all comments.
pub fn behind_comments_and_empty(source: &Source, mut line: usize) -> usize {
    while line < source.text.len() && matches!(line_at(source, line).trim_start().bytes().next(), None | Some(b'#')) {
        line = source.next_line(line);
    }
    line
}

/// The line where a field begins whose key begins its line: the comments directly above the key belong to the field.
pub fn field_line(source: &Source, map: &Node, at: usize) -> usize {
    let entries = map.entries();
    let line = source.line_start(entries[at].key.whole().start);
    let column = source.position(entries[at].key.whole().start).column - 1;
    let above = at.checked_sub(1).map(|above| entries[above].end());
    let after = above.map_or(0, |end| behind_comments(source, source.next_line(end), column));
    with_comments(source, after, line)
}

/// The comments directly above a line belong to it.
fn with_comments(source: &Source, after: usize, line: usize) -> usize {
    let mut start = line;
    while start > after {
        let above = source.line_start(start - 1);
        if above < after || !source.text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}
