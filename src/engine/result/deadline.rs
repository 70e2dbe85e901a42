//! Is the run older than `activeDeadlineSeconds`?
//!
//! The age counts from the start of the run (`Observed::started_at`), which a resume sets anew. A suspended run has no deadline.

use chrono::{DateTime, Utc};

use crate::api::conditions::{messages, reasons, types};
use crate::engine::observed::{Observed, time};
use crate::engine::result::ending::Ending;

/// The failure, if the deadline has passed.
pub fn passed(seen: &Observed, now: DateTime<Utc>) -> Option<Ending> {
    // A run that has not started yet starts now: with a deadline of 0 seconds it ends before it creates a Pod, as a Job does.
    let start = started_at(seen).unwrap_or(now);
    (at(seen, start)? <= now).then(|| Ending::failure(reasons::DEADLINE_EXCEEDED, messages::DEADLINE_EXCEEDED))
}

/// When the deadline passes. `None`: the run has no deadline, or the result is known.
pub fn wake(seen: &Observed, ending: Option<&Ending>) -> Option<DateTime<Utc>> {
    if ending.is_some() { None } else { at(seen, started_at(seen)?) }
}

/// `None`: the run has not started, or is resumed just now. Pods from before the suspension may still be there.
fn started_at(seen: &Observed) -> Option<DateTime<Utc>> {
    if seen.job.status.conditions.is_true(types::SUSPENDED) { None } else { seen.started_at() }
}

fn at(seen: &Observed, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if seen.job.spec.suspend {
        return None;
    }
    Some(time::after(start, seen.job.spec.active_deadline?))
}

#[cfg(test)]
mod tests;
