//! Which lines belong to each container of a list with dashes, with its comments?

use std::ops::Range;

use crate::cli::convert::text::Editor;
use crate::cli::manifest::Node;

/// The whole lines of each item: from the comments above its dash to the lines of the next item.
pub fn extents(editor: &Editor<'_>, list: &Node, from: usize) -> Vec<Range<usize>> {
    let source = editor.source;
    let items = list.items();
    let dash = source.position(list.span.start).column - 1;
    let mut starts = Vec::new();
    let mut after = from.min(source.line_start(list.span.start));
    for (at, item) in items.iter().enumerate() {
        let dash_line = if at == 0 { source.line_start(list.span.start) } else { dash_line(editor, after, item) };
        starts.push(with_comments(editor, after, dash_line));
        after = behind_comments(editor, source.next_line(item.whole().end.max(dash_line)), dash);
    }
    let ends = starts.iter().skip(1).copied().chain([after]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// The line of the item's dash: the first behind the item before that is neither empty nor a comment.
fn dash_line(editor: &Editor<'_>, after: usize, item: &Node) -> usize {
    let mut line = after;
    while line < item.whole().start {
        let text = editor.source.text[line..].lines().next().unwrap_or_default().trim();
        if !text.is_empty() && !text.starts_with('#') {
            break;
        }
        line = editor.source.next_line(line);
    }
    line.min(editor.source.line_start(item.whole().start))
}

/// The line behind the comments that follow an item and are indented deeper than its dash: a field that is switched off belongs to
/// the item above.
pub fn behind_comments(editor: &Editor<'_>, mut line: usize, dash: usize) -> usize {
    loop {
        let text = editor.source.text[line..].lines().next().unwrap_or_default();
        let comment = text.trim_start_matches(' ');
        if !comment.starts_with('#') || text.len() - comment.len() <= dash {
            return line;
        }
        line = editor.source.next_line(line);
    }
}

/// The line behind the empty lines: a block scalar before them may keep them.
pub fn behind_empty(editor: &Editor<'_>, mut line: usize) -> usize {
    while editor.source.text[line..].split_inclusive('\n').next().is_some_and(|text| text.trim().is_empty()) {
        line = editor.source.next_line(line);
    }
    line
}

/// The comments directly above a dash belong to its item.
fn with_comments(editor: &Editor<'_>, after: usize, dash_line: usize) -> usize {
    let mut start = dash_line;
    while start > after {
        let above = editor.source.line_start(start - 1);
        if above < after || !editor.source.text[above..start].trim_start().starts_with('#') {
            break;
        }
        start = above;
    }
    start
}
