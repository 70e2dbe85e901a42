//! Which times have come, and which comes next? Searched within a budget, and not again before the next time comes.
//!
//! The shell keeps what was found with the version of the object, and gives it back with the next observation.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cron::{Budget, Pending, Spent, Times};

/// The result of the last search in one version of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The search came to its end.
    Found(Found),
    /// The budget of one decision was used up: it would be again.
    GaveUp,
}

/// Times that have come, and the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    span: Span,
    /// The times of the span.
    pub pending: Pending,
    /// The first time after the span.
    pub next: Option<DateTime<Utc>>,
}

/// Which times are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Times after this one; `@every` counts from here.
    pub after: DateTime<Utc>,
    /// Times up to and including this one.
    pub until: DateTime<Utc>,
    /// How many of the latest times are wanted.
    pub keep: usize,
}

/// That there is no next time within five years is believed for so long.
const NEVER_HOLDS: TimeDelta = TimeDelta::days(1);

/// The times of the span: as they are known, if that still holds, or searched.
pub fn find(times: &Times, known: Option<&Search>, span: Span, budget: &mut Budget) -> Result<Found, Spent> {
    match known {
        Some(Search::GaveUp) => Err(Spent),
        Some(Search::Found(found)) if found.holds(&span) => Ok(found.clone()),
        _ => {
            let pending = times.pending(span.after, span.until, span.keep, budget)?;
            let next = times.next_after(span.after, span.until, budget)?;
            Ok(Found { span, pending, next })
        }
    }
}

impl Found {
    /// No further time has come.
    fn holds(&self, span: &Span) -> bool {
        let same = Span { until: self.span.until, ..*span } == self.span;
        let until = self.next.unwrap_or_else(|| self.span.until + NEVER_HOLDS);
        same && self.span.until <= span.until && span.until < until
    }
}

#[cfg(test)]
mod tests;
