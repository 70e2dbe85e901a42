//! How is a text changed in a few places, with all other bytes as they were?

use std::ops::Range;

/// Replacements of bytes in one text.
#[derive(Clone, Debug, Default)]
pub struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Replaces these bytes. An empty range inserts; of two texts at one place, the first that was given stands first.
    pub fn replace(&mut self, bytes: Range<usize>, text: impl Into<String>) {
        self.0.push((bytes, text.into()));
    }

    /// Inserts the text before this byte.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All edits of two objects of one text.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The new text. `None`: two edits replace the same bytes, or a range is no range of this text.
    pub fn apply(&self, text: &str) -> Option<String> {
        self.apply_within(text, 0..text.len())
    }

    /// The new text of these bytes alone. `None`: as [`Self::apply`], or an edit is elsewhere.
    pub fn apply_within(&self, text: &str, piece: Range<usize>) -> Option<String> {
        let mut edits: Vec<_> = self.0.iter().collect();
        edits.sort_by_key(|(range, _)| (range.start, range.end)); // stable: insertions at one place keep their order
        let (mut done, mut at) = (String::with_capacity(piece.len() + 256), piece.start);
        for (range, new) in edits {
            done.push_str(text.get(at..range.start)?);
            done.push_str(new);
            at = range.end.max(range.start);
        }
        done.push_str(text.get(at..piece.end)?);
        Some(done)
    }
}
