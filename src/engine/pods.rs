//! How many Pods, and which?
//!
//! Too few: the next numbers are created, unless failures or a refusal ask to wait. Too many: the least advanced are
//! ended, and nothing is created before that is seen. Which Pods count is `tracking`'s part.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::backoff;
use super::ending::Ending;
use super::observed::{Observed, Pod, PodRef};
use super::plan::{Step, sooner};
use super::tracking::{self, Tally};
use crate::api::PodReplacementPolicy;

/// While the result is open: bring the number of Pods to what is wanted.
pub fn manage(seen: &Observed, tally: &Tally, now: DateTime<Utc>, wake: &mut Option<DateTime<Utc>>) -> Vec<Step> {
    let (working, wanted) = (count(&tally.working), wanted(seen, tally));
    if working > wanted {
        return end_unrecorded(seen, surplus(seen, tally, (working - wanted) as usize));
    }
    let missing = (wanted - working).min(free_slots(seen, tally));
    if missing == 0 {
        return Vec::new();
    }
    let wait = later(backoff::until(backoff_record(seen, tally), &seen.settings), refused_until(seen));
    if let Some(until) = wait.filter(|until| *until > now) {
        *wake = sooner(*wake, Some(until));
        return Vec::new();
    }
    let missing = missing.min(u32::try_from(seen.settings.max_pods_per_sync).unwrap_or(u32::MAX));
    let first = next_number(seen, tally);
    vec![Step::CreatePods((first..first.saturating_add(missing)).collect())]
}

/// When the result is stored: end what still works. A failed run's Pods keep their finalizer, and so count as failed;
/// those that drain are left to drain. Not before it is stored: the Pods that are ended here count as failed, and a
/// controller that is killed in between would find another reason for the end.
pub fn end(seen: &Observed, tally: &Tally, ending: &Ending) -> Vec<Step> {
    if !ending.stored {
        return Vec::new();
    }
    let working = tally.working.clone();
    if ending.success {
        return end_unrecorded(seen, working);
    }
    working.into_iter().take(seen.settings.max_pods_per_sync).map(Step::Delete).collect()
}

/// Ends Pods in such a way that they are neither succeeded nor failed: the finalizer goes first.
pub fn end_unrecorded(seen: &Observed, pods: Vec<PodRef>) -> Vec<Step> {
    let tracked = tracking::tracked_uids(seen);
    pods.into_iter()
        .take(seen.settings.max_pods_per_sync)
        .flat_map(|pod| {
            [tracked.contains(pod.uid.as_str()).then(|| Step::Release(pod.clone())), Some(Step::Delete(pod))]
        })
        .flatten()
        .collect()
}

/// How many Pods should work: `parallelism`, but no more than successes are missing; a work queue starts none after
/// its first success.
fn wanted(seen: &Observed, tally: &Tally) -> u32 {
    let spec = &seen.job.spec;
    match spec.completions {
        Some(completions) => spec.parallelism.min(completions.saturating_sub(tally.succeeded)),
        None if tally.succeeded > 0 => spec.parallelism.min(count(&tally.working)),
        None => spec.parallelism,
    }
}

/// How many Pods there is room for: those that drain take a place, and with policy Failed those being deleted too.
fn free_slots(seen: &Observed, tally: &Tally) -> u32 {
    let spec = &seen.job.spec;
    let terminating = match spec.replacement {
        PodReplacementPolicy::TerminatingOrFailed => 0,
        PodReplacementPolicy::Failed => tally.terminating,
    };
    spec.parallelism.saturating_sub(count(&tally.working) + count(&tally.draining) + terminating)
}

/// The Pods to end when there are too many: unscheduled first, then pending, then not ready, then most recently ready,
/// then more restarts, then newer.
fn surplus(seen: &Observed, tally: &Tally, n: usize) -> Vec<PodRef> {
    let uids = tally.working_uids();
    let mut working: Vec<&Pod> = seen.pods.iter().filter(|p| uids.contains(p.uid.as_str())).collect();
    let restarts = |p: &Pod| p.containers.iter().map(|c| c.restarts).max();
    working.sort_by_key(|p| {
        let pending = p.phase == super::observed::Phase::Pending;
        (p.scheduled, !pending, p.ready_since.is_some(), Reverse((p.ready_since, restarts(p), p.created_at)))
    });
    working.into_iter().take(n).map(Pod::to_ref).collect()
}

/// The number after all that may ever have been used: those of the Pods seen, and as many as were counted.
fn next_number(seen: &Observed, tally: &Tally) -> u32 {
    let highest = seen.pods.iter().filter_map(|p| p.number).max().map_or(0, |n| n.saturating_add(1));
    highest.max(tally.succeeded.saturating_add(tally.failed))
}

/// The failures in a row, those included that are about to be written.
pub fn backoff_record(seen: &Observed, tally: &Tally) -> Option<backoff::Backoff> {
    let new: Vec<_> = tally.new.iter().map(|(_, outcome)| *outcome).collect();
    backoff::after(seen.job.status.backoff, &new)
}

fn refused_until(seen: &Observed) -> Option<DateTime<Utc>> {
    seen.refusal.as_ref().map(|r| r.retry_at)
}

fn later(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    a.into_iter().chain(b).max()
}

fn count(pods: &[PodRef]) -> u32 {
    u32::try_from(pods.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
