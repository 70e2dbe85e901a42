//! Is the run older than `activeDeadlineSeconds`?
//!
//! The age counts from the start of the run (`Observed::started_at`), which a resume sets anew. A suspended run has no deadline.

use chrono::{DateTime, Utc};

use crate::api::conditions::{messages, reasons};
use crate::engine::observed::{Observed, time};
use crate::engine::result::ending::Ending;

/// The failure, if the deadline has passed.
pub fn passed(seen: &Observed, now: DateTime<Utc>) -> Option<Ending> {
    // A run that has not started yet starts now: with a deadline of 0 seconds it ends before it creates a Pod, as a Job does.
    let start = seen.started_at().unwrap_or(now);
    (at(seen, start)? <= now).then(|| Ending::failure(reasons::DEADLINE_EXCEEDED, messages::DEADLINE_EXCEEDED))
}

/// When the deadline passes. `None`: the run has no deadline, or the result is known.
pub fn wake(seen: &Observed, ending: Option<&Ending>) -> Option<DateTime<Utc>> {
    if ending.is_some() { None } else { at(seen, seen.started_at()?) }
}

fn at(seen: &Observed, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if seen.job.spec.suspend {
        return None;
    }
    Some(time::after(start, seen.job.spec.active_deadline?))
}

#[cfg(test)]
mod tests;
