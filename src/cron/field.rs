//! What does one of the five fields say? A set of numbers, and whether the field was a star.
//!
//! The parser behaves as robfig/cron v3, oddities included: a list may have empty entries (`1,,2`, and `,` alone, which
//! never fires); the parser ignores what follows the hyphen after a star (`*-5`); `+5` is 5; `?` is a star in any field.

use thiserror::Error;

/// The numbers that a field may have, and their names.
#[derive(Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The name of the field in messages.
    pub name: &'static str,
    /// The smallest number.
    pub min: u8,
    /// The greatest number.
    pub max: u8,
    /// Names of three letters; the first one stands for `first_name`.
    pub names: &'static [&'static str],
    /// The number of the first name.
    pub first_name: u8,
}

/// Minutes of an hour.
pub const MINUTE: Bounds = Bounds { name: "minute", min: 0, max: 59, names: &[], first_name: 0 };
/// Hours of a day.
pub const HOUR: Bounds = Bounds { name: "hour", min: 0, max: 23, names: &[], first_name: 0 };
/// Days of a month.
pub const DAY: Bounds = Bounds { name: "day of month", min: 1, max: 31, names: &[], first_name: 0 };
/// Months of a year.
pub const MONTH: Bounds = Bounds {
    name: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    first_name: 1,
};
/// Days of a week; 7 is not a Sunday here.
pub const WEEKDAY: Bounds = Bounds {
    name: "day of week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    first_name: 0,
};

/// The numbers of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    bits: u64,
    /// Does the field have `*` or `?` without a step, or with a step of 1? Then the days of this field do not restrict
    /// the other day field.
    pub star: bool,
}

/// Why a field is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// The text is neither a number nor a name.
    #[error("{0:?} is not a number{1}")]
    NoNumber(String, &'static str),
    /// `1-2-3`
    #[error("{0:?} has more than one hyphen: write FIRST-LAST")]
    Hyphens(String),
    /// `*/2/3`
    #[error("{0:?} has more than one slash: write RANGE/STEP")]
    Slashes(String),
    /// The number is too small.
    #[error("{0:?} begins below {1}")]
    Below(String, u8),
    /// The number is too great.
    #[error("{0:?} ends above {1}")]
    Above(String, u8),
    /// The range ends before it begins.
    #[error("{0:?} ends before it begins")]
    Backwards(String),
    /// `*/0`
    #[error("{0:?} has a step of 0")]
    NoStep(String),
}

impl Field {
    /// A set of one number.
    pub const fn only(n: u8) -> Self {
        Self { bits: 1 << n, star: false }
    }

    /// All numbers, as a star.
    pub const fn all(bounds: &Bounds) -> Self {
        Self { bits: range(bounds.min, bounds.max), star: true }
    }

    /// Parses a list of ranges.
    pub fn parse(text: &str, bounds: &Bounds) -> Result<Self, FieldError> {
        let mut field = Self { bits: 0, star: false };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let one = parse_range(part, bounds)?;
            field = Self { bits: field.bits | one.bits, star: field.star | one.star };
        }
        Ok(field)
    }

    /// Is the number in the set?
    pub const fn has(self, n: u32) -> bool {
        n < 64 && self.bits & (1 << n) != 0
    }

    /// The first number of the set that is not below `n`.
    pub const fn from(self, n: u32) -> Option<u32> {
        if n >= 64 {
            return None;
        }
        let rest = self.bits >> n;
        if rest == 0 { None } else { Some(n + rest.trailing_zeros()) }
    }

    /// The numbers as bits: bit `n` is set if the set has `n`.
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// Is the set empty?
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Does the set have every possible number, whatever its spelling?
    pub const fn is_full(self, bounds: &Bounds) -> bool {
        self.bits == range(bounds.min, bounds.max)
    }
}

const fn range(first: u8, last: u8) -> u64 {
    (u64::MAX >> (63 - last)) & (u64::MAX << first)
}

/// `*`, `5`, `1-5`, each with `/STEP`; `5/15` means from 5 to the greatest.
fn parse_range(text: &str, bounds: &Bounds) -> Result<Field, FieldError> {
    let own = || text.to_owned();
    let (range_text, step_text) = match text.split('/').collect::<Vec<_>>()[..] {
        [range] => (range, None),
        [range, step] => (range, Some(step)),
        [range, ..] => (range, Some("")), // reported below, after errors in the range
        [] => ("", None),
    };
    let ends: Vec<&str> = range_text.split('-').collect();
    let star = matches!(ends[0], "*" | "?");
    let (first, mut last) = match ends[..] {
        _ if star => (u64::from(bounds.min), u64::from(bounds.max)),
        [one] => (number_or_name(one, bounds)?, number_or_name(one, bounds)?),
        [first, last] => (number_or_name(first, bounds)?, number_or_name(last, bounds)?),
        [first, ..] => {
            number_or_name(first, bounds)?;
            return Err(FieldError::Hyphens(own()));
        }
        [] => (0, 0),
    };
    if text.matches('/').count() > 1 {
        return Err(FieldError::Slashes(own()));
    }
    let step = step_text.map(number).transpose()?;
    if step.is_some() && ends.len() == 1 {
        last = u64::from(bounds.max);
    }
    check(text, bounds, first, last, step)?;
    let bits = (first..=last).step_by(usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX));
    Ok(Field { bits: bits.fold(0, |bits, n| bits | 1 << n), star: star && step.unwrap_or(1) <= 1 })
}

fn check(text: &str, bounds: &Bounds, first: u64, last: u64, step: Option<u64>) -> Result<(), FieldError> {
    let own = text.to_owned();
    if first < u64::from(bounds.min) {
        Err(FieldError::Below(own, bounds.min))
    } else if last > u64::from(bounds.max) {
        Err(FieldError::Above(own, bounds.max))
    } else if first > last {
        Err(FieldError::Backwards(own))
    } else if step == Some(0) {
        Err(FieldError::NoStep(own))
    } else {
        Ok(())
    }
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, FieldError> {
    let lower: String = text.chars().map(lower).collect();
    if let Some(n) = bounds.names.iter().position(|name| *name == lower) {
        return Ok(u64::from(bounds.first_name) + n as u64);
    }
    number(text).map_err(|_| {
        let hint = match bounds.names.first() {
            Some(&"jan") => " and not the name of a month (jan to dec)",
            Some(_) => " and not the name of a day (sun to sat)",
            None => "",
        };
        FieldError::NoNumber(text.to_owned(), hint)
    })
}

/// Lower case as Go's `unicode.ToLower`, for letters that may be part of a name.
fn lower(c: char) -> char {
    if c == 'İ' { 'i' } else { c.to_ascii_lowercase() }
}

/// Parses a number as Go's `strconv.Atoi`, but not below zero.
fn number(text: &str) -> Result<u64, FieldError> {
    let signed: Option<i64> = text.parse().ok();
    signed.and_then(|n| u64::try_from(n).ok()).ok_or_else(|| FieldError::NoNumber(text.to_owned(), ""))
}

#[cfg(test)]
mod tests;
