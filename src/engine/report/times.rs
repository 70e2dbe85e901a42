//! When did the run start, when was the result known, and when was the run Complete?
//!
//! Each time is in whole seconds, as the API server stores it.

use chrono::{DateTime, Utc};

use crate::api::conditions::types;
use crate::engine::judgement::Judgement;
use crate::engine::observed::time;
use crate::engine::report::over::{is_over, is_sidecarjob};

/// `startTime`: none while the run is suspended, now after a resume, otherwise the start so far, or now.
pub fn start(j: &Judgement) -> Option<DateTime<Utc>> {
    let (spec, stored) = (&j.seen.job.spec, &j.seen.job.status);
    let now = time::whole_seconds(j.now);
    let starts = || Some(j.seen.started_at().unwrap_or(now).min(now));
    match (&j.ending, spec.suspend) {
        (None, true) => None,
        (None, false) if stored.conditions.is_true(types::SUSPENDED) => Some(now),
        (_, false) => starts(),
        // The API server wants a start time of a Job that ends, except of a suspended Job without completions.
        (Some(_), true) if spec.completions != Some(0) && is_over(j) => starts(),
        (Some(_), true) => stored.start_time,
    }
}

/// `mainFinishedTime`: the stored time, or the latest end of main containers, or now. Only a SidecarJob has this field.
pub fn main_finished(j: &Judgement) -> Option<DateTime<Utc>> {
    let stored = j.seen.job.status.main_finished_at;
    if j.ending.is_none() || !is_sidecarjob(&j.seen.job) {
        return stored;
    }
    stored.or(j.tally.record.last_end).or(Some(time::whole_seconds(j.now)))
}

/// `completionTime`: now, if this status makes the run Complete.
pub fn completion(j: &Judgement) -> Option<DateTime<Utc>> {
    let completes = j.ending.as_ref().is_some_and(|ending| ending.success) && is_over(j);
    if completes { Some(time::whole_seconds(j.now)) } else { j.seen.job.status.completion_time }
}
