//! How many retries are used, and when does the next one start?

use chrono::{DateTime, Utc};

use crate::api::history::Retries;
use crate::engine::count::backoff;
use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::observed::time;
use crate::engine::result;

/// `spec.backoffLimit` of a run that has no limit: the default with `backoffLimitPerIndex`.
const NO_LIMIT: u32 = i32::MAX.unsigned_abs();

/// `status.retries`. None before the first failure. After the result is known the number stays: the failures that follow
/// are those of Pods that the controller ends.
pub fn next(j: &Judgement) -> Option<Retries> {
    let (status, limit) = (&j.seen.job.status, j.seen.job.spec.backoff_limit);
    if status.result_is_known() {
        return status.history.retries.clone().map(|retries| Retries { next: None, ..retries });
    }
    let in_place: u32 = result::retried_in_place(j.seen).map(|(_, c)| c.restarts).sum();
    let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let used = count(j.tally.failed.saturating_add(in_place).min(limit));
    let next = next_at(j).map(time::to_wire);
    (used > 0 || next.is_some()).then(|| Retries { used, limit: (limit < NO_LIMIT).then(|| count(limit)), next })
}

/// When the next Pod may be created, if the run waits for that.
fn next_at(j: &Judgement) -> Option<DateTime<Utc>> {
    if pods::missing(j) == 0 {
        return None; // the run waits for something else, or for nothing
    }
    let settings = &j.seen.settings;
    let of_run = backoff::until(pods::backoff_record(j.seen, &j.tally), settings).filter(|at| *at > j.now);
    of_run.or_else(|| j.tally.held.next(settings, j.now))
}

#[cfg(test)]
mod tests;
