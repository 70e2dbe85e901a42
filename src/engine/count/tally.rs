//! Which Pods count, and which have been counted already?
//!
//! Each Pod counts once (KEP-2307), in three moves, of which each may be the last before the controller is killed:
//! its UID is written to `uncountedTerminatedPods`; its finalizer is taken; its UID moves into the counter. A success of
//! an Indexed run needs no UID: its index in `completedIndexes` is what is counted.
//! A Pod whose result is known keeps its finalizer until nothing of it runs any more, so that a node lost while
//! sidecars drain loses no result.
//!
//! ```text
//!             its result       the status        nothing of it       the status
//!             is known         lists it          runs any more       is written
//! unrecorded ───────────────▶ listed ─────────────────────────▶ released ─────────▶ counted
//!   finalizer: ours            finalizer: ours                   finalizer: none      not in view any more
//!   UID: nowhere               UID: uncountedTerminatedPods      UID: still there     UID: gone, counter + 1
//! ```

use std::collections::BTreeSet;

use crate::api::conditions::types;
use crate::engine::count::failure_policy;
use crate::engine::count::judged::{self, Judged};
use crate::engine::count::outcome::Outcome;
use crate::engine::count::per_index::{self, Held};
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::{Observed, Pod, PodRef};

/// The Pods of a job, sorted by what they are for the counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Results that go into the status' lists of UIDs.
    pub new: Vec<(String, Outcome)>,
    /// Indexes that go into `completedIndexes`.
    pub new_indexes: BTreeSet<u32>,
    /// There are more such results than the lists have room for.
    pub more: bool,
    /// UIDs of the Pods with such results, those without room included.
    pub unstored: BTreeSet<String>,
    /// UIDs of the Pods that this status is the first to count.
    pub first_counted: BTreeSet<String>,
    /// Results that the wait before the next Pod does not know of yet.
    pub new_for_backoff: Vec<Outcome>,
    /// Pods that run, or will, and whose result is open.
    pub working: Vec<PodRef>,
    /// Pods whose result is known and that have not ended: their sidecars drain.
    pub draining: Vec<PodRef>,
    /// How many of these have failed.
    pub failed_draining: u32,
    /// Pods that are being deleted and have not ended.
    pub terminating: u32,
    /// Pods that nobody has to count any more: their finalizer may go.
    pub free: Vec<PodRef>,
    /// Succeeded Pods, counted or not; of an Indexed run: succeeded indexes.
    pub succeeded: u32,
    /// Failed Pods, counted or not.
    pub failed: u32,
    /// Succeeded indexes, stored or not.
    pub completed: Indexes,
    /// Failed indexes, stored or not; none without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
    /// Failed Pods whose count their replacement takes over, by index.
    pub held: Held,
    /// What a rule of the failure policy with FailJob says.
    pub fail_job: Option<String>,
    /// What the failure policy said about the Pods in `new`.
    pub handled: Vec<Action>,
    /// What it said about the Pods in `free` that were in no list.
    pub handled_by_release: Vec<Action>,
    /// The latest end of main containers among the Pods whose results are new.
    pub last_end: Option<chrono::DateTime<chrono::Utc>>,
}

impl Tally {
    /// The UIDs of the Pods that work.
    pub fn working_uids(&self) -> BTreeSet<&str> {
        self.working.iter().map(|pod| pod.uid.as_str()).collect()
    }

    /// Nothing of the job runs any more.
    pub fn all_ended(&self) -> bool {
        self.working.is_empty() && self.draining.is_empty() && self.terminating == 0
    }
}

/// Sorts the Pods.
pub fn of(seen: &Observed) -> Tally {
    let status = &seen.job.status;
    let pods = judged::all(seen);
    let mut tally = Tally {
        succeeded: status.succeeded + len(&status.uncounted_succeeded),
        failed: status.failed + len(&status.uncounted_failed),
        completed: seen.job.completed().union(&successes(seen, &pods)),
        fail_job: pods.iter().find_map(Judged::fails_job),
        ..Tally::default()
    };
    tally.failed_indexes = per_index::failed(seen, &pods, &tally.completed);
    tally.held = per_index::held(seen, &pods, &tally.completed, tally.failed_indexes.as_ref());
    for pod in &pods {
        place(&mut tally, pod);
        if pod.is_new(status) {
            count(seen, &mut tally, pod);
        }
        if may_go(seen, &tally, pod) {
            tally.free.push(pod.pod.to_ref());
            let unlisted = pod.matched.as_ref().filter(|_| !pod.listed && pod.placed);
            tally.handled_by_release.extend(unlisted.map(|m| m.action));
        }
    }
    if seen.job.spec.indexed {
        tally.succeeded = tally.completed.len();
    }
    tally
}

/// The indexes of the Pods that succeeded and still carry the finalizer. One that is stored as failed stays failed: the
/// API server takes no index that is both.
fn successes(seen: &Observed, pods: &[Judged]) -> Indexes {
    let failed = seen.job.failed_indexes();
    pods.iter()
        .filter(|p| p.pod.tracked && p.placed && p.succeeded() && !p.listed_as_failed)
        .filter_map(|p| p.pod.index)
        .filter(|index| !failed.contains(*index))
        .collect()
}

/// What became of the index is stored.
fn is_stored(seen: &Observed, index: u32) -> bool {
    seen.job.status.completed.contains(index) || seen.job.failed_indexes().contains(index)
}

fn place(tally: &mut Tally, Judged { pod, outcome, .. }: &Judged) {
    if pod.terminating() {
        tally.terminating += 1;
    } else if pod.active() {
        tally.failed_draining += u32::from(outcome.is_some_and(|o| !o.success));
        let list = if outcome.is_some() { &mut tally.draining } else { &mut tally.working };
        list.push(pod.to_ref());
    }
}

/// A result that the status does not have yet.
fn count(seen: &Observed, tally: &mut Tally, judged: &Judged) {
    let (Some(outcome), true) = (judged.outcome, judged.placed) else { return };
    let counts = outcome.success || failure_policy::counts(judged.matched.as_ref());
    if !outcome.success && counts {
        tally.failed += 1;
    }
    if outcome.success && !seen.job.spec.indexed {
        tally.succeeded += 1;
    }
    let status = &seen.job.status;
    if tally.held.has(judged.pod) {
        return; // with its replacement
    }
    if !counts {
        if is_new_for_backoff(seen, outcome) {
            tally.new_for_backoff.push(outcome);
        }
        return;
    }
    let room = seen.settings.max_uncounted.saturating_sub(status.uncounted().count());
    let index = judged.pod.index.filter(|_| outcome.success && seen.job.spec.indexed);
    if index.is_some_and(|index| is_stored(seen, index)) {
        return;
    }
    tally.unstored.insert(judged.pod.uid.clone());
    tally.last_end = tally.last_end.max(Some(outcome.at));
    if tally.new.len() + tally.new_indexes.len() >= room {
        tally.more = true;
        return;
    }
    if index.is_none_or(|index| tally.new_indexes.insert(index)) {
        tally.first_counted.insert(judged.pod.uid.clone());
    }
    if index.is_none() {
        tally.new.push((judged.pod.uid.clone(), outcome));
    }
    tally.new_for_backoff.push(outcome);
    tally.handled.extend(judged.matched.as_ref().map(|m| m.action));
}

/// An ignored failure is in no list: the wait knows of it when its last failure is not older.
fn is_new_for_backoff(seen: &Observed, outcome: Outcome) -> bool {
    seen.job.status.backoff.is_none_or(|b| b.last_failure_at < outcome.at)
}

/// Its finalizer may go: what it counts for is stored, or it counts for nothing; and nothing of it runs any more, or it
/// is being deleted.
fn may_go(seen: &Observed, tally: &Tally, judged: &Judged) -> bool {
    let (pod, status) = (judged.pod, &seen.job.status);
    if !pod.tracked || pod.active() || tally.held.has(pod) {
        return false;
    }
    let Some(outcome) = judged.outcome else { return status.conditions.is_true(types::SUCCESS_CRITERIA_MET) };
    if judged.listed || !judged.placed {
        return true;
    }
    if outcome.success {
        return seen.job.spec.indexed && pod.index.is_some_and(|index| is_stored(seen, index));
    }
    let ignored = !failure_policy::counts(judged.matched.as_ref());
    let waits_by_index = seen.job.spec.backoff_limit_per_index.is_some();
    ignored && (waits_by_index || status.result_is_known() || !is_new_for_backoff(seen, outcome))
}

/// The UIDs of the Pods that carry our finalizer.
pub fn tracked_uids(seen: &Observed) -> BTreeSet<&str> {
    tracked(seen).map(|pod| pod.uid.as_str()).collect()
}

/// The Pods that carry our finalizer.
pub fn tracked(seen: &Observed) -> impl Iterator<Item = &Pod> {
    seen.own_pods().filter(|pod| pod.tracked)
}

/// How many UIDs there are, as a counter has it.
pub fn len(list: &BTreeSet<String>) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
