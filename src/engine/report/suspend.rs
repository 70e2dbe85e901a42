//! What does a status say of `spec.suspend`?

use chrono::{DateTime, Utc};

use crate::api::conditions::{events, messages, reasons, types};
use crate::engine::observed::status::Status;
use crate::engine::observed::{Observed, time};
use crate::engine::plan::Event;

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
