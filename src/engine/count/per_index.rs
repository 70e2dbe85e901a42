//! How often did each index fail, by `spec.backoffLimitPerIndex`? (KEP-3850)
//!
//! Annotations carry the failure count of an index from Pod to Pod, so the status needs no room for the count. A failed
//! Pod keeps its finalizer, and is not counted, until its replacement carries the count on. An index with too many
//! failures is failed. Each index has its own back-off.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::engine::count::judged::Judged;
use crate::engine::count::{backoff, failure_policy};
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::status::Backoff;
use crate::engine::observed::{IndexFailures, Observed, Pod, Settings};

/// The failed Pods that wait for their replacement, by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held<'a>(BTreeMap<u32, Failure<'a>>);

/// The last failure of an index.
#[derive(Clone, Debug, PartialEq)]
struct Failure<'a> {
    uid: &'a str,
    /// How many Pods of the index failed before this Pod.
    before: IndexFailures,
    /// The failure of this Pod counts.
    counts: bool,
    at: DateTime<Utc>,
}

impl Held<'_> {
    /// The Pod waits for its replacement.
    pub fn has(&self, pod: &Pod) -> bool {
        pod.index.and_then(|index| self.0.get(&index)).is_some_and(|failure| failure.uid == pod.uid)
    }

    /// No Pod waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The failure count that the next Pod of this index carries on.
    pub fn carried_on(&self, index: u32) -> IndexFailures {
        match self.0.get(&index) {
            None => IndexFailures::default(),
            Some(Failure { before, counts: true, .. }) => {
                IndexFailures { counted: before.counted.saturating_add(1), ..*before }
            }
            Some(Failure { before, counts: false, .. }) => {
                IndexFailures { ignored: before.ignored.saturating_add(1), ..*before }
            }
        }
    }

    /// When the controller may create a Pod for the first of these indexes that waits at this time.
    pub fn next(&self, settings: &Settings, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.0.keys().filter_map(|index| self.until(*index, settings)).filter(|at| *at > now).min()
    }

    /// When the controller may create the next Pod of this index; `None`: now.
    pub fn until(&self, index: u32, settings: &Settings) -> Option<DateTime<Utc>> {
        let failure = self.0.get(&index)?;
        let failures = failure.before.all().saturating_add(1);
        backoff::until(Some(Backoff { failures, last_failure_at: failure.at }), settings)
    }
}

/// The indexes that have failed for good; `None` without `backoffLimitPerIndex`. An index that succeeded fails no more.
/// After the result is known no index fails: a Pod that fails then was deleted because of the result.
pub fn failed(seen: &Observed, pods: &[Judged], completed: &Indexes) -> Option<Indexes> {
    let limit = seen.job.spec.backoff_limit_per_index?;
    let stored = seen.job.failed_indexes();
    if seen.job.status.result_is_known() {
        return Some(stored);
    }
    let over = |pod: &&Judged| {
        let fail_index = pod.matched.as_ref().is_some_and(|m| m.action == Action::FailIndex);
        let counted = failure_policy::counts(pod.matched.as_ref()) && pod.pod.index_failures.counted >= limit;
        pod.pod.tracked && pod.placed && pod.failed() && (fail_index || counted)
    };
    let new = pods.iter().filter(over).filter_map(|p| p.pod.index).filter(|index| !completed.contains(*index));
    Some(stored.union(&new.collect()))
}

/// The newest failed Pod of each index that still needs a Pod; none after the result is known.
pub fn held<'a>(seen: &Observed, pods: &[Judged<'a>], completed: &Indexes, failed: Option<&Indexes>) -> Held<'a> {
    let (Some(failed), false) = (failed, seen.job.status.result_is_known()) else {
        return Held::default();
    };
    let working: Indexes =
        pods.iter().filter(|p| p.pod.active() && p.outcome.is_none()).filter_map(|p| p.pod.index).collect();
    let over = |index: u32| completed.contains(index) || failed.contains(index) || working.contains(index);
    let mut held: BTreeMap<u32, Failure> = BTreeMap::new();
    for pod in pods.iter().filter(|p| p.pod.tracked && p.placed && p.failed() && !p.listed) {
        let (Some(index), Some(outcome)) = (pod.pod.index.filter(|i| !over(*i)), pod.outcome) else { continue };
        let failure = Failure {
            uid: &pod.pod.uid,
            before: pod.pod.index_failures,
            counts: failure_policy::counts(pod.matched.as_ref()),
            at: outcome.at,
        };
        let newer = |old: &Failure| old.before.all() <= failure.before.all() && old.at <= failure.at;
        if held.get(&index).is_none_or(newer) {
            held.insert(index, failure);
        }
    }
    Held(held)
}

#[cfg(test)]
mod tests;
