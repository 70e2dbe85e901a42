//! How do the parser's events become the nodes of each document?

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use crate::cli::manifest::node::{Entry, Form, Node};
use crate::cli::manifest::scalar::Style;
use crate::cli::manifest::source::{Fault, Source, has_template};

/// Deeper than the parser lets brackets or indentation nest, so that only aliases of aliases reach it.
const MOST_LEVELS: usize = 600;
/// A key of JSON may stand on the next line after much space.
const KEY_LOOKAHEAD: usize = 16 * 1024;

/// One document before its values are read.
pub(super) struct Raw {
    /// The first byte: of the text, or of the `---`.
    pub start: usize,
    /// The node; `None`: the document is empty.
    pub root: Option<Arc<Node>>,
    /// The nodes that aliases repeat, and where the alias is.
    pub aliases: Vec<(Range<usize>, usize)>,
}

/// The documents of one piece of the text, which begins at byte `base`.
pub(super) fn documents(source: &Source, piece: Range<usize>) -> Vec<Result<Raw, Fault>> {
    let text = &source.text[piece.clone()];
    let options = granit_parser::options! {
        emit_anchor_events: true, emit_comments: false, simple_key_max_lookahead: KEY_LOOKAHEAD,
        block_scalar_eof_without_line_feed: true
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut all = Vec::new();
    let mut builder = Builder::new(source, piece.start, piece.start);
    let mut ended = piece.start;
    while let Some(event) = parser.next_event() {
        match event.map_err(|error| unreadable(source, piece.start, builder.raw.start, &error)) {
            Ok((Event::DocumentStart(explicit, _), span)) => {
                let at = piece.start + bytes(&span).start;
                builder = Builder::new(source, piece.start, if explicit { at } else { ended });
            }
            Ok((Event::DocumentEnd, span)) => {
                all.push(builder.end());
                ended = piece.start + bytes(&span).end;
            }
            Ok((event, span)) => builder.take(event, &span),
            Err(fault) => {
                all.push(Err(fault));
                if !matches!(parser.proceed_next_document(), Ok(true)) {
                    break;
                }
            }
        }
    }
    all
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

/// What the parser says, and the template that is probably the cause.
fn unreadable(source: &Source, base: usize, start: usize, error: &ScanError) -> Fault {
    let at = base + error.marker().byte_offset().unwrap_or_default();
    let end = source.text[start..].find("\n---").map_or(source.text.len(), |length| start + length).max(at);
    match source.text.get(start..end).and_then(template) {
        Some(template) => source.fault(start + template, TEMPLATE),
        None => source.fault(at, format!("no YAML: {}", error.info())),
    }
}

/// Where braces stand in the place of a line or of a value. In quotes and in a block scalar, braces are text.
fn template(text: &str) -> Option<usize> {
    let begins = |(at, _): &(usize, &str)| {
        let before = text[..*at].rsplit('\n').next().unwrap_or_default().trim_end();
        before.is_empty() || before.ends_with([':', '-'])
    };
    text.match_indices("{{").find(begins).map(|(at, _)| at)
}

const TEMPLATE: &str = "{{ begins a template, which must be rendered first, for example by helm template";

type Properties = (Option<Range<usize>>, Option<String>, Option<String>);

/// A list or map that has not ended.
struct Open {
    map: bool,
    flow: bool,
    /// The end of what stands before.
    from: usize,
    start: usize,
    anchor: usize,
    properties: Properties,
    children: Vec<Arc<Node>>,
}

struct Builder<'a> {
    source: &'a Source,
    base: usize,
    raw: Raw,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Arc<Node>>,
    /// The anchored scalar whose `Anchor` event follows.
    last: Option<(usize, Arc<Node>)>,
    /// The end of what was read.
    at: usize,
    fault: Option<Fault>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source, base: usize, start: usize) -> Self {
        let raw = Raw { start, root: None, aliases: Vec::new() };
        Self { source, base, raw, open: Vec::new(), anchors: BTreeMap::new(), last: None, at: start, fault: None }
    }

    fn end(&mut self) -> Result<Raw, Fault> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => {
                let start = self.raw.start;
                Ok(std::mem::replace(&mut self.raw, Raw { start, root: None, aliases: Vec::new() }))
            }
        }
    }

    fn take(&mut self, event: Event<'_>, span: &Span) {
        let range = bytes(span);
        let range = range.start + self.base..range.end + self.base;
        let tag = event.tag().map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        let tagged = span.tag_span().map(|span| bytes(&span)).map(|r| r.start + self.base..r.end + self.base);
        let properties = (tagged, None, tag);
        match event {
            Event::Scalar(text, style, anchor, _) => self.scalar(&text, style, anchor, range, properties),
            Event::SequenceStart(style, anchor, _) => self.open(false, style, anchor, &range, properties),
            Event::MappingStart(style, anchor, _) => self.open(true, style, anchor, &range, properties),
            Event::SequenceEnd | Event::MappingEnd => self.close(&range),
            Event::Anchor(_, name) => self.anchor(&name, &range),
            Event::Alias(anchor) => self.alias(anchor, range),
            _ => {}
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, range: Range<usize>, properties: Properties) {
        let (style, span) = match style {
            ScalarStyle::Plain if range.is_empty() && properties.0.is_none() => (Style::Plain, self.absent(range)),
            ScalarStyle::Plain => (Style::Plain, range),
            ScalarStyle::Literal | ScalarStyle::Folded => (Style::Block, self.block(&range, &properties)),
            _ => (Style::Quoted, range),
        };
        // The parser writes `~` for an absent value.
        let text = if style == Style::Plain && span.is_empty() { "" } else { text };
        let form = Form::Scalar { text: text.to_owned(), style };
        if anchor == 0 { self.put(node(form, span, properties)) } else { self.pending(form, span, anchor, properties) }
    }

    /// An absent value of a field stands behind the colon, and not behind the comment that follows.
    fn absent(&self, range: Range<usize>) -> Range<usize> {
        let is_value = self.open.last().is_some_and(|open| open.map && open.children.len() % 2 == 1);
        let behind = self.source.text.get(self.at..).filter(|_| is_value).unwrap_or_default();
        let colon = self.at + behind.len() - behind.trim_start().len();
        if self.source.text[colon..].starts_with(':') { colon + 1..colon + 1 } else { range }
    }

    /// The anchor's name comes with the next event.
    fn pending(&mut self, form: Form, span: Range<usize>, anchor: usize, properties: Properties) {
        self.at = self.at.max(span.end);
        self.last = Some((anchor, Arc::new(node(form, span, properties))));
    }

    /// A block scalar from its `|` or `>` to the last character that is no space.
    fn block(&self, content: &Range<usize>, properties: &Properties) -> Range<usize> {
        let from = properties.0.as_ref().map_or(self.at, |tag| tag.end.max(self.at));
        let text = &self.source.text;
        let before = text.get(from..content.start).unwrap_or_default();
        let header = without_comments(before).rfind(['|', '>']).map_or(content.start, |at| from + at);
        let head = text.get(header..content.end).unwrap_or_default();
        header..header + head.trim_end().len()
    }

    fn open(&mut self, map: bool, style: StructureStyle, anchor: usize, range: &Range<usize>, properties: Properties) {
        let (from, flow) = (self.at, style == StructureStyle::Flow);
        self.at = self.at.max(range.end);
        self.open.push(Open { map, flow, from, start: range.start, anchor, properties, children: Vec::new() });
    }

    fn anchor(&mut self, name: &str, range: &Range<usize>) {
        let add = |properties: &mut Properties| {
            let tag = properties.0.take();
            let (start, end) =
                tag.map_or((range.start, range.end), |t| (t.start.min(range.start), t.end.max(range.end)));
            (properties.0, properties.1) = (Some(start..end), Some(name.to_owned()));
        };
        if let Some((anchor, scalar)) = self.last.take() {
            let Some(Node { form, span, properties, tag, .. }) = Arc::into_inner(scalar) else { return };
            let mut properties = (properties, None, tag);
            add(&mut properties);
            let scalar = Arc::new(node(form, span, properties));
            self.anchors.insert(anchor, scalar.clone());
            self.put_shared(scalar);
        } else if let Some(open) = self.open.last_mut() {
            add(&mut open.properties);
        }
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) {
        let name = self.source.text.get(range.start + 1..range.end).unwrap_or_default().to_owned();
        match self.anchors.get(&anchor).cloned() {
            Some(target) => {
                self.raw.aliases.push((target.whole(), range.start));
                self.put(node(Form::Alias { name, target }, range, (None, None, None)));
            }
            None => {
                self.wrong(range.start, format!("*{name} is an alias of the value in which the alias stands"));
                self.put(node(Form::Scalar { text: String::new(), style: Style::Plain }, range, (None, None, None)));
            }
        }
    }

    fn close(&mut self, range: &Range<usize>) {
        let Some(open) = self.open.pop() else { return };
        let start = self.start(&open);
        let Open { map, flow, anchor, properties, children, .. } = open;
        let end =
            if flow && !range.is_empty() { range.end } else { children.last().map_or(start, |last| last.whole().end) };
        let form = match map {
            false => Form::Sequence { flow, items: children },
            true => Form::Mapping { flow, entries: self.entries(&children) },
        };
        let done = Arc::new(self.within_limit(node(form, start..end.max(start), properties)));
        if anchor != 0 {
            self.anchors.insert(anchor, done.clone());
        }
        self.put_shared(done);
    }

    /// The parser begins a block list that is not indented below its key behind the first `-`.
    fn start(&self, open: &Open) -> usize {
        let below_key = self.open.last().is_some_and(|parent| parent.map);
        if open.map || open.flow || !below_key {
            return open.start;
        }
        let from = open.properties.0.as_ref().map_or(open.from, |properties| properties.end.max(open.from));
        let before = self.source.text.get(from..open.start).unwrap_or_default();
        without_comments(before).find('-').map_or(open.start, |dash| from + dash)
    }

    fn entries(&mut self, children: &[Arc<Node>]) -> Vec<Entry> {
        let pairs = children.chunks_exact(2).map(|pair| Entry { key: pair[0].clone(), value: pair[1].clone() });
        let entries: Vec<Entry> = pairs.collect();
        let complex = entries.iter().find(|entry| !matches!(entry.key.target().form, Form::Scalar { .. }));
        if let Some(entry) = complex {
            let at = entry.key.span.start;
            let before = self.source.text.get(at.saturating_sub(1)..=at).unwrap_or_default();
            let what = if has_template(before) { TEMPLATE } else { "the name of a field must be a text" };
            self.wrong(at, what);
        }
        entries
    }

    /// Nothing in place of a value that is too deep: whoever walks the values may call itself for each level.
    fn within_limit(&mut self, deep: Node) -> Node {
        if deep.depth <= MOST_LEVELS {
            return deep;
        }
        self.wrong(deep.span.start, format!("more than {MOST_LEVELS} levels of values"));
        node(Form::Scalar { text: String::new(), style: Style::Plain }, deep.span, (None, None, None))
    }

    fn put(&mut self, node: Node) {
        self.put_shared(Arc::new(node));
    }

    fn put_shared(&mut self, node: Arc<Node>) {
        self.at = self.at.max(node.span.end);
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.raw.root = Some(node).filter(|node| !is_absent(node)),
        }
    }

    /// The first mistake is told.
    fn wrong(&mut self, at: usize, what: impl Into<String>) {
        self.fault.get_or_insert_with(|| self.source.fault(at, what));
    }
}

fn is_absent(node: &Node) -> bool {
    matches!(&node.form, Form::Scalar { text, style: Style::Plain } if text.is_empty())
}

fn node(form: Form, span: Range<usize>, (properties, anchor, tag): Properties) -> Node {
    let depth = match &form {
        Form::Scalar { .. } => 0,
        Form::Sequence { items, .. } => 1 + items.iter().map(|item| item.depth).max().unwrap_or(0),
        Form::Mapping { entries, .. } => {
            1 + entries.iter().map(|entry| entry.key.depth.max(entry.value.depth)).max().unwrap_or(0)
        }
        Form::Alias { target, .. } => 1 + target.depth,
    };
    Node { form, span, properties, anchor, tag, depth }
}

/// The text with each comment as spaces, byte for byte.
fn without_comments(text: &str) -> String {
    let mut in_comment = false;
    let mut before = ' ';
    let mut bytes = String::with_capacity(text.len());
    for c in text.chars() {
        in_comment = c != '\n' && (in_comment || c == '#' && before.is_whitespace());
        before = c;
        if in_comment { bytes.extend(std::iter::repeat_n(' ', c.len_utf8())) } else { bytes.push(c) }
    }
    bytes
}
