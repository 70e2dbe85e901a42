//! Which results does the next status record that the stored status does not have?
//!
//! A result is unrecorded until the status lists the Pod's UID, or has the index of a success. The lists are bounded,
//! so one write may record only some of the results.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::api::Kind;
use crate::engine::count::judged::Judged;
use crate::engine::count::outcome::Outcome;
use crate::engine::count::per_index::Held;
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::{Observed, Pod};

/// What the next status records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record<'a> {
    /// The UIDs of all Pods with an unrecorded result, those included for which the lists have no room yet.
    pub unrecorded: BTreeSet<&'a str>,
    /// The lists have no room for some of these Pods.
    pub more: bool,
    /// The latest end of main containers in these Pods.
    pub last_end: Option<DateTime<Utc>>,
    /// The Pods whose UIDs go into the lists, with their results. Of an Indexed Job only failed Pods.
    pub listed: Vec<(&'a Pod, Outcome)>,
    /// The indexes that go into `completedIndexes`.
    pub indexes: BTreeSet<u32>,
    /// The Pods that the next status is the first to count. Of two Pods that succeeded for one index only the first
    /// counts.
    pub first_counted: Vec<&'a Pod>,
    /// The results that go into the back-off, ignored failures included.
    pub for_backoff: Vec<Outcome>,
    /// What the failure policy said to the recorded failures, for the metric.
    pub handled: Vec<Action>,
}

/// What the next status records. A failure that a replacement carries on (`held`) is not recorded.
pub fn of<'a>(seen: &Observed, pods: &[Judged<'a>], held: &Held) -> Record<'a> {
    let results = pods.iter().filter_map(|pod| Some((pod, pod.outcome?))).filter(|(pod, _)| !held.has(pod.pod));
    let is_unrecorded = |pod: &Judged| pod.counts_anew() && !pod.index_is_stored;
    let unrecorded: Vec<_> = results.clone().filter(|(pod, _)| is_unrecorded(pod)).collect();
    let ignored = results.filter(|(pod, outcome)| pod.is_ignored_anew() && is_new_for_backoff(seen, *outcome));
    let (recorded, firsts) = within(room(seen, pods), &unrecorded);
    let by_index_alone = |pod: &Judged| seen.job.kind == Kind::Job && pod.success_index.is_some();
    let lost = pods.iter().filter(|pod| pod.lost_its_index()).filter_map(|pod| pod.success_index);
    Record {
        unrecorded: unrecorded.iter().map(|(pod, _)| pod.pod.uid.as_str()).collect(),
        more: recorded.len() < unrecorded.len(),
        last_end: unrecorded.iter().map(|(_, outcome)| outcome.at).max(),
        listed: firsts.iter().filter(|(p, _)| !by_index_alone(p)).map(|(p, outcome)| (p.pod, *outcome)).collect(),
        indexes: firsts.iter().filter_map(|(pod, _)| pod.success_index).chain(lost).collect(),
        first_counted: firsts.iter().map(|(pod, _)| pod.pod).collect(),
        for_backoff: recorded.iter().copied().chain(ignored).map(|(_, outcome)| outcome).collect(),
        handled: recorded.iter().filter_map(|(pod, _)| pod.matched.as_ref()).map(|m| m.action).collect(),
    }
}

/// For how many more UIDs the lists have room. A counted Pod that has lost our finalizer needs no place.
fn room(seen: &Observed, pods: &[Judged]) -> usize {
    let counted = pods.iter().filter(|pod| pod.counted && pod.pod.tracked).count();
    seen.settings.max_uncounted.saturating_sub(seen.job.status.uncounted().count() + counted)
}

type Result<'p, 'a> = (&'p Judged<'a>, Outcome);

/// The first results, until these take `room` places; and of these results the ones that take a place. All Pods that
/// succeeded for one index take one place together.
fn within<'p, 'a>(room: usize, results: &[Result<'p, 'a>]) -> (Vec<Result<'p, 'a>>, Vec<Result<'p, 'a>>) {
    let (mut recorded, mut firsts, mut indexes) = (Vec::new(), Vec::new(), BTreeSet::new());
    for result in results {
        if firsts.len() >= room {
            break;
        }
        recorded.push(*result);
        if result.0.success_index.is_none_or(|index| indexes.insert(index)) {
            firsts.push(*result);
        }
    }
    (recorded, firsts)
}

/// No list has an ignored failure. So a failure is new for the back-off if it is later than the last failure there.
pub fn is_new_for_backoff(seen: &Observed, outcome: Outcome) -> bool {
    seen.job.status.backoff.is_none_or(|b| b.last_failure_at < outcome.at)
}
