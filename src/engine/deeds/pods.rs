//! How many Pods does the run need, and which Pods are surplus?
//!
//! If there are too few, the controller creates the next numbers, unless it has to wait after failures or after a
//! rejected create. If there are too many, the controller ends the least advanced Pods, and creates none before these
//! are gone from the count. `count::tally` says which Pods work.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::engine::count::backoff;
use crate::engine::count::tally::Tally;
use crate::engine::deeds::indexed;
use crate::engine::deeds::sidecars::{is_ending, passed};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Observed, Pod};
use crate::engine::plan::{Deed, NewPod, Step, sooner};
use crate::engine::result::given_up;

/// Creates or ends Pods until as many work as the run needs. Does nothing after the result is known.
pub fn manage(j: &Judgement) -> Deed {
    let Judgement { seen, tally, ending, now } = j;
    if ending.is_some() || seen.job.spec.suspend {
        return Deed::default();
    }
    let (working, wanted) = (count(&tally.working), wanted(seen, tally));
    let surplus = surplus(seen, tally, working.saturating_sub(wanted) as usize);
    if !surplus.is_empty() {
        return Deed::of(end_unrecorded(seen, surplus));
    }
    let missing = missing(j);
    if missing == 0 {
        return Deed::default();
    }
    let mut wake = None;
    let mut wait = |until: Option<DateTime<Utc>>| {
        let until = until.filter(|until| until > now);
        wake = sooner(wake, until);
        until.is_some()
    };
    if wait(later(backoff::until(backoff_record(seen, tally), &seen.settings), refused_until(seen))) {
        return Deed::not_before(wake);
    }
    let missing = (missing as usize).min(seen.settings.max_pods_per_sync);
    let pods = match seen.job.spec.indexed {
        true => for_indexes(j, missing, &mut wait),
        false => vec![NewPod::default(); missing],
    };
    let pods: Vec<NewPod> =
        (next_number(seen, tally)..).zip(pods).map(|(number, pod)| NewPod { number, ..pod }).collect();
    let create = (!pods.is_empty()).then_some(Step::CreatePods(pods));
    Deed { wake, ..Deed::of(create) }
}

/// How many Pods are missing and have room: none after the result is known, or while the run is suspended.
pub fn missing(j: &Judgement) -> u32 {
    let Judgement { seen, tally, ending, now } = j;
    if ending.is_some() || seen.job.spec.suspend {
        return 0;
    }
    let there = count(&tally.working) + not_ended(seen, tally);
    wanted(seen, tally).saturating_sub(there).min(free_slots(seen, tally, *now))
}

/// A Pod for each of the next indexes whose own back-off is over.
fn for_indexes(j: &Judgement, missing: usize, wait: &mut impl FnMut(Option<DateTime<Utc>>) -> bool) -> Vec<NewPod> {
    let Judgement { seen, tally, now, .. } = j;
    let due = indexed::pending(seen, tally, *now).take(missing).filter(|i| !wait(tally.held.until(*i, &seen.settings)));
    let pod = |index| NewPod { number: 0, index: Some(index), index_failures: tally.held.carried_on(index) };
    due.map(pod).collect()
}

/// Ends the Pods that still work when the result is stored; draining Pods drain to their end. The Pods of a failed run
/// keep their finalizer, and so count as failed. Not before the result is stored: otherwise a controller that restarts
/// in between would count these failures, and might find another reason for the end.
pub fn end(j: &Judgement) -> Deed {
    let Some(ending) = j.ending.as_ref().filter(|ending| ending.stored) else { return Deed::default() };
    let end = |pod: &Pod| end_at_the_end(j, pod);
    let steps = |pod: &Pod| [(ending.success && pod.tracked).then(|| Step::Release(pod.to_ref())), end(pod)];
    let working = j.tally.working.iter().copied().take(j.seen.settings.max_pods_per_sync);
    Deed::of(working.flat_map(steps).flatten())
}

/// How a Pod ends that still works at the end of the run. With `endedPods: Keep` the kubelet ends the Pod, if a kubelet has
/// started the Pod. `None`: the kubelet ends the Pod already.
fn end_at_the_end(j: &Judgement, pod: &Pod) -> Option<Step> {
    match passed(pod, j.now).filter(|_| j.seen.job.spec.keeps_pods) {
        None => Some(Step::Delete(pod.to_ref())),
        Some(_) if is_ending(pod, j.now) => None,
        Some(deadline_seconds) => Some(Step::End { pod: pod.to_ref(), deadline_seconds }),
    }
}

/// The steps that end Pods without counting them: the controller removes the finalizer first.
pub fn end_unrecorded<'a>(seen: &Observed, pods: impl IntoIterator<Item = &'a Pod>) -> Vec<Step> {
    let steps = |pod: &Pod| [pod.tracked.then(|| Step::Release(pod.to_ref())), Some(Step::Delete(pod.to_ref()))];
    pods.into_iter().take(seen.settings.max_pods_per_sync).flat_map(steps).flatten().collect()
}

/// How many Pods should work: `parallelism`, but no more than the number of missing successes. A work queue keeps its
/// Pods and starts none after its first success.
fn wanted(seen: &Observed, tally: &Tally) -> u32 {
    let spec = &seen.job.spec;
    match spec.completions {
        Some(completions) => spec.parallelism.min(completions.saturating_sub(tally.succeeded)),
        None if tally.succeeded > 0 => count(&tally.working),
        None => spec.parallelism,
    }
}

/// How many failed or terminating Pods must end before the controller replaces them. Only with policy Failed.
fn not_ended(seen: &Observed, tally: &Tally) -> u32 {
    if seen.job.spec.replaces_ended_only() { tally.terminating + tally.failed_draining() } else { 0 }
}

/// For how many Pods there is room. A draining Pod takes a place, except after the run has given up the Pod. With
/// policy Failed a terminating Pod takes a place too, and a Pod keeps its place until it has ended.
fn free_slots(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> u32 {
    let spec = &seen.job.spec;
    let terminating = if spec.replaces_ended_only() { tally.terminating } else { 0 };
    let given_up = |pod: &&Pod| pod.active() && !spec.replaces_ended_only() && given_up::is_given_up(seen, pod, now);
    let given_up = u32::try_from(seen.own_pods().filter(given_up).count()).unwrap_or(u32::MAX);
    let draining = count(&tally.draining).saturating_sub(given_up);
    spec.parallelism.saturating_sub(count(&tally.working) + draining + terminating)
}

/// The Pods to end: all Pods without a place among the indexes, and further Pods until there are `n`. Unscheduled Pods
/// come first, then pending, then not ready, then most recently ready, then more restarts, then newer Pods.
fn surplus<'a>(seen: &Observed, tally: &Tally<'a>, n: usize) -> Vec<&'a Pod> {
    if n == 0 && !seen.job.spec.indexed {
        return Vec::new();
    }
    let mut working = tally.working.clone();
    let restarts = |p: &Pod| p.containers.iter().map(|c| c.restarts).max();
    working.sort_by_key(|p| {
        let pending = p.phase == crate::engine::observed::Phase::Pending;
        (p.node.is_some(), !pending, p.ready_since.is_some(), Reverse((p.ready_since, restarts(p), p.created_at)))
    });
    let (misplaced, placed) = indexed::misplaced(seen, working);
    let more = n.saturating_sub(misplaced.len());
    misplaced.into_iter().chain(placed.into_iter().take(more)).collect()
}

/// A number that no Pod has used: above the numbers of all Pods in view, and not below the number of counted Pods.
fn next_number(seen: &Observed, tally: &Tally) -> u32 {
    let highest = seen.own_pods().filter_map(|p| p.number).max().map_or(0, |n| n.saturating_add(1));
    let succeeded = tally.succeeded.saturating_sub(seen.job.earlier().len());
    highest.max(seen.next_number).max(succeeded.saturating_add(tally.failed))
}

/// The back-off of the run, with the failures that the next status records. `None` if each index has its own back-off.
pub fn backoff_record(seen: &Observed, tally: &Tally) -> Option<crate::engine::observed::status::Backoff> {
    match seen.job.spec.backoff_limit_per_index {
        Some(_) => None,
        None => backoff::after(seen.job.status.backoff, &tally.record.for_backoff),
    }
}

fn refused_until(seen: &Observed) -> Option<DateTime<Utc>> {
    seen.refusal.as_ref().map(|r| r.retry_at)
}

fn later(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    a.into_iter().chain(b).max()
}

fn count<T>(pods: &[T]) -> u32 {
    u32::try_from(pods.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
