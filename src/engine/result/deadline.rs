//! Is the run older than `activeDeadlineSeconds`?
//!
//! The age counts from the start of the run (`Observed::started_at`), which a resume sets anew. A suspended run has no deadline.

use chrono::{DateTime, Utc};

use crate::api::conditions::{messages, reasons};
use crate::engine::observed::{Observed, time};
use crate::engine::result::ending::Ending;

/// The failure, if the deadline has passed.
pub fn passed(seen: &Observed, now: DateTime<Utc>) -> Option<Ending> {
    (at(seen)? <= now).then(|| Ending::failure(reasons::DEADLINE_EXCEEDED, messages::DEADLINE_EXCEEDED))
}

/// When the deadline passes. `None`: the run has no deadline, or the result is known.
pub fn wake(seen: &Observed, ending: Option<&Ending>) -> Option<DateTime<Utc>> {
    ending.is_none().then(|| at(seen)).flatten()
}

fn at(seen: &Observed) -> Option<DateTime<Utc>> {
    if seen.job.spec.suspend {
        return None;
    }
    Some(time::after(seen.started_at()?, seen.job.spec.active_deadline?))
}

#[cfg(test)]
mod tests;
