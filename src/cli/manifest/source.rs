//! What is a text, where are its lines, and what is said of a mistake in the text?

use std::fmt;
use std::path::PathBuf;

/// One file, or stdin.
#[derive(Debug)]
pub struct Source {
    /// The name for messages: the path as it was given, or `stdin`.
    pub name: String,
    /// The file; `None`: stdin.
    pub path: Option<PathBuf>,
    /// The text, with its byte-order mark and its line breaks as they are.
    pub text: String,
    /// Why there is no text, if the file of a folder could not be read.
    pub(super) unreadable: Option<String>,
    /// The first byte of each line.
    lines: Vec<usize>,
}

/// A place in a text, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters, from 1.
    pub column: usize,
}

impl Source {
    /// A text with its name. `path` is the file, if there is one.
    pub fn new(name: impl Into<String>, path: Option<PathBuf>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { name: name.into(), path, text, unreadable: None, lines }
    }

    /// A file without a text, and why.
    pub(super) fn unreadable(name: impl Into<String>, why: String) -> Self {
        Self { unreadable: Some(why), ..Self::new(name, None, "") }
    }

    /// The line and column of a byte. A byte behind the text is the end of the text.
    pub fn position(&self, byte: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.line_start(byte);
        let before = self.text.get(start..byte).unwrap_or_default();
        Position { line, column: before.trim_start_matches('\u{feff}').chars().count() + 1 }
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.position(byte).line
    }

    /// The first byte of the line in which the byte is. The byte-order mark is part of the first line.
    pub fn line_start(&self, byte: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= byte);
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The first byte of the next line, or the end of the text.
    pub fn next_line(&self, byte: usize) -> usize {
        let line = self.lines.partition_point(|start| *start <= byte);
        self.lines.get(line).copied().unwrap_or(self.text.len())
    }

    /// The line break that the text uses: `\r\n` if its first line ends so, else `\n`.
    pub fn line_break(&self) -> &'static str {
        let first = self.lines.get(1).map(|end| &self.text[..*end]);
        if first.is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }

    /// The mistake at a byte.
    pub fn fault(&self, byte: usize, what: impl Into<String>) -> Fault {
        Fault { file: self.name.clone(), position: self.position(byte), what: what.into() }
    }
}

/// A mistake in a text. It is shown as `file:line: sentence`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of the source.
    pub file: String,
    /// Where the mistake is.
    pub position: Position,
    /// The sentence.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.position.line, self.what)
    }
}

impl std::error::Error for Fault {}

/// Whether the text has the braces of a template that nobody has rendered.
pub fn has_template(text: &str) -> bool {
    text.contains("{{")
}
