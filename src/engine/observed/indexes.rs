//! Which indexes are in a set? As few ranges as possible, and as text: `0-2,5,6`.
//!
//! `status.completedIndexes` and success policies have this text form. The meaning of a set is not known here.

use std::fmt;

/// Ranges from the first to the last index, ascending. No range touches the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexes(Vec<(u32, u32)>);

impl Indexes {
    /// The set in a text. Ignores what is not a range, and indexes from `completions` on.
    pub fn parse(text: &str, completions: u32) -> Self {
        text.split(',').filter_map(range).filter_map(|(first, last)| clip(first, last, completions)).collect()
    }

    /// The set without the indexes from `completions` on.
    pub fn below(&self, completions: u32) -> Self {
        Self(self.0.iter().filter_map(|(first, last)| clip(*first, *last, completions)).collect())
    }

    /// The set has this index.
    pub fn contains(&self, index: u32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < index);
        self.0.get(at).is_some_and(|(first, _)| *first <= index)
    }

    /// How many indexes the set has.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// The set has no index.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The indexes of both sets.
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    /// How many indexes are in both sets.
    pub fn overlap(&self, other: &Self) -> u32 {
        let (mut a, mut b, mut n) = (0, 0, 0);
        while let (Some(x), Some(y)) = (self.0.get(a), other.0.get(b)) {
            let (first, last) = (x.0.max(y.0), x.1.min(y.1));
            if first <= last {
                n += last - first + 1;
            }
            if x.1 < y.1 { a += 1 } else { b += 1 }
        }
        n
    }

    /// The indexes below `completions` that the set does not have, ascending.
    pub fn missing(&self, completions: u32) -> impl Iterator<Item = u32> {
        let starts = std::iter::once(0).chain(self.0.iter().map(|(_, last)| last.saturating_add(1)));
        let ends = self.0.iter().map(|(first, _)| *first).chain([completions]);
        starts.zip(ends).flat_map(move |(start, end)| start..end.min(completions))
    }
}

/// The ranges of a text whose first index is after their last one, as they are written. They have no index; `parse` ignores
/// them.
pub fn reversed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|text| range(text).is_some_and(|(first, last)| first > last))
}

/// `a` or `a-b`.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}

fn clip(first: u32, last: u32, completions: u32) -> Option<(u32, u32)> {
    (first <= last && first < completions).then(|| (first, last.min(completions - 1)))
}

impl FromIterator<(u32, u32)> for Indexes {
    /// From ranges in any order, which may overlap.
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }
}

impl FromIterator<u32> for Indexes {
    fn from_iter<I: IntoIterator<Item = u32>>(indexes: I) -> Self {
        indexes.into_iter().map(|i| (i, i)).collect()
    }
}

impl fmt::Display for Indexes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (first, last)) in self.0.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
