//! What does `spec.suspend` do?
//!
//! Its Pods are ended and not counted; the condition and the clock of the run follow. A run that was never suspended
//! has no such condition at all.

use chrono::{DateTime, Utc};

use super::observed::Observed;
use super::plan::{Event, Step};
use super::pods;
use super::status::Status;
use super::time;
use super::tracking::Tally;
use crate::api::conditions::{events, messages, reasons, types};

/// End what works. Pods whose result is known drain to their end.
pub fn end_pods(seen: &Observed, tally: &Tally) -> Vec<Step> {
    pods::end_unrecorded(seen, tally.working.clone())
}

/// The condition, and `startTime`: none while suspended, now after a resume.
pub fn note(seen: &Observed, status: &mut Status, now: DateTime<Utc>) -> Option<Event> {
    let was = status.conditions.is_true(types::SUSPENDED);
    if seen.job.spec.suspend {
        status.start_time = None;
        status.conditions.set(types::SUSPENDED, true, reasons::JOB_SUSPENDED, messages::JOB_SUSPENDED, now);
        return (!was).then(|| Event::normal(events::SUSPENDED, messages::JOB_SUSPENDED));
    }
    if was {
        status.conditions.set(types::SUSPENDED, false, reasons::JOB_RESUMED, messages::JOB_RESUMED, now);
        status.start_time = Some(time::whole_seconds(now));
        return Some(Event::normal(events::RESUMED, messages::JOB_RESUMED));
    }
    status.start_time = status.start_time.or(Some(time::whole_seconds(now)));
    None
}

#[cfg(test)]
mod tests;
