//! What does each Pod do, how do the Pods count, and what does the next status record of them?
//!
//! Each Pod counts once, and the controller may be killed after each move. A Pod of a SidecarJob:
//!
//! ```text
//!             its result       the status        nothing of it       the status        the finalizer
//!             is known         lists it          runs any more       counts it         is removed
//! unrecorded ───────────────▶ listed ─────────────────────────────▶ counted ────────▶ released
//!   finalizer: ours            finalizer: ours                       finalizer: ours   not in view any more
//!   UID: nowhere               UID: uncountedTerminatedPods          UID: countedTerminatedPods
//!
//!   count::record              report::counters                      report::counters  count::finalizers
//! ```
//!
//! A Pod that has ended when its result is known is counted at once. The next write removes its UID from
//! `countedTerminatedPods`.
//!
//! A Pod of a Job (KEP-2307): the controller writes the UID to `uncountedTerminatedPods`, removes the finalizer when
//! nothing of the Pod runs any more, and then moves the UID into the counter. A success of an Indexed Job needs no UID:
//! the status has its index in `completedIndexes`.
//!
//! `judged` says what each Pod is; each function here makes one value of that, and changes none.

use std::collections::BTreeSet;

use crate::engine::count::finalizers::{self, Released};
use crate::engine::count::judged::{self, Judged};
use crate::engine::count::outcome::Outcome;
use crate::engine::count::per_index::{self, Held};
use crate::engine::count::record::{self, Record};
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::{Observed, Pod};

/// The Pods of one run, sorted by how they count, and the resulting counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally<'a> {
    /// The Pods that run, or will run, and whose result is not known.
    pub working: Vec<&'a Pod>,
    /// The Pods whose result is known, and that neither have ended nor are being deleted.
    pub draining: Vec<(&'a Pod, Outcome)>,
    /// How many Pods are being deleted and have not ended.
    pub terminating: u32,
    /// Succeeded Pods, counted or not. Of an Indexed run: succeeded indexes.
    pub succeeded: u32,
    /// Failed Pods, counted or not.
    pub failed: u32,
    /// Succeeded indexes, recorded or not.
    pub completed: Indexes,
    /// Failed indexes, recorded or not. `None` without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
    /// The failed Pods whose failure count their replacement carries on, by index.
    pub held: Held<'a>,
    /// The Pods whose result is known, that have a place and that still have our finalizer.
    pub results: Vec<Judged<'a>>,
    /// Why a rule of the failure policy with FailJob fails the run, in a sentence.
    pub fail_job: Option<String>,
    /// What the next status records.
    pub record: Record<'a>,
    /// The Pods that lose our finalizer.
    pub released: Released<'a>,
}

impl Tally<'_> {
    /// Nothing of the run runs any more.
    pub fn all_ended(&self) -> bool {
        self.working.is_empty() && self.draining.is_empty() && self.terminating == 0
    }

    /// How many of the draining Pods have failed.
    pub fn failed_draining(&self) -> u32 {
        count(self.draining.iter().filter(|(_, outcome)| !outcome.success))
    }
}

/// The tally of the Pods of this run.
pub fn of(seen: &Observed) -> Tally<'_> {
    let pods = judged::all(seen);
    let completed = seen.job.completed().union(&successes(seen, &pods));
    let failed_indexes = per_index::failed(seen, &pods, &completed);
    let held = per_index::held(seen, &pods, &completed, failed_indexes.as_ref());
    Tally {
        working: working(&pods),
        draining: draining(&pods),
        terminating: count(seen.own_pods().filter(|pod| pod.terminating())),
        succeeded: succeeded(seen, &pods, &completed),
        failed: failed(seen, &pods),
        record: record::of(seen, &pods, &held),
        released: finalizers::of(seen, &pods, &held),
        fail_job: pods.iter().find_map(Judged::fails_job),
        completed,
        failed_indexes,
        held,
        results: pods.into_iter().filter(|p| p.pod.tracked && p.placed && p.outcome.is_some()).collect(),
    }
}

fn working<'a>(pods: &[Judged<'a>]) -> Vec<&'a Pod> {
    pods.iter().filter(|p| p.pod.active() && p.outcome.is_none()).map(|p| p.pod).collect()
}

fn draining<'a>(pods: &[Judged<'a>]) -> Vec<(&'a Pod, Outcome)> {
    pods.iter().filter(|p| p.pod.active()).filter_map(|p| Some((p.pod, p.outcome?))).collect()
}

/// The indexes of the tracked Pods that succeeded. An index that the status has as failed stays failed: the API server
/// rejects an index that is both.
fn successes(seen: &Observed, pods: &[Judged]) -> Indexes {
    let failed = seen.job.failed_indexes();
    let succeeded =
        pods.iter().filter(|p| p.pod.tracked && p.placed && p.succeeded() && !p.listed_as_failed && !p.counted);
    succeeded.filter_map(|p| p.pod.index).filter(|index| !failed.contains(*index)).collect()
}

fn succeeded(seen: &Observed, pods: &[Judged], completed: &Indexes) -> u32 {
    if seen.job.spec.indexed {
        return completed.len();
    }
    let status = &seen.job.status;
    let new = pods.iter().filter(|p| p.counts_anew() && p.succeeded());
    status.succeeded + len(&status.uncounted_succeeded) + count(new)
}

fn failed(seen: &Observed, pods: &[Judged]) -> u32 {
    let status = &seen.job.status;
    let new = pods.iter().filter(|p| p.counts_anew() && p.failed());
    status.failed + len(&status.uncounted_failed) + count(new)
}

/// How many UIDs a list has, as a counter.
pub fn len(list: &BTreeSet<String>) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// How many there are, as a counter.
pub fn count(items: impl Iterator) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
