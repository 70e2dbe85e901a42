//! Which Pods count, and which have been counted already?
//!
//! Each Pod counts once (KEP-2307), in three moves, of which each may be the last before the controller is killed:
//! its UID is written to `uncountedTerminatedPods`; its finalizer is taken; its UID moves into the counter.
//! A Pod whose result is known keeps its finalizer until nothing of it runs any more, so that a node lost while
//! sidecars drain loses no result.

use std::collections::BTreeSet;

use super::observed::{Observed, Pod, PodRef};
use super::outcome::{self, Outcome};
use super::plan::Step;

/// The Pods of a job, sorted by what they are for the counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Results that the status does not have yet, by UID.
    pub new: Vec<(String, Outcome)>,
    /// There are more such results than the list in the status has room for.
    pub more: bool,
    /// Pods that run, or will, and whose result is open.
    pub working: Vec<PodRef>,
    /// Pods whose result is known and that have not ended: their sidecars drain.
    pub draining: Vec<PodRef>,
    /// Pods that are being deleted and have not ended.
    pub terminating: u32,
    /// Succeeded Pods, counted or not.
    pub succeeded: u32,
    /// Failed Pods, counted or not.
    pub failed: u32,
    /// The latest end of main containers among the Pods seen.
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
pub fn tally(seen: &Observed) -> Tally {
    let status = &seen.job.status;
    let mut tally = Tally {
        succeeded: status.succeeded + len(&status.uncounted_succeeded),
        failed: status.failed + len(&status.uncounted_failed),
        ..Tally::default()
    };
    let room = seen.settings.max_uncounted.saturating_sub(status.uncounted().count());
    for pod in &seen.pods {
        let outcome = outcome::of(pod, &seen.job.spec.roles, seen.job.spec.replacement);
        tally.last_end = tally.last_end.max(outcome.map(|o| o.at));
        place(&mut tally, pod, outcome);
        let Some(outcome) = outcome.filter(|_| pod.tracked && !status.is_listed(&pod.uid)) else { continue };
        let total = if outcome.success { &mut tally.succeeded } else { &mut tally.failed };
        *total += 1;
        if tally.new.len() < room {
            tally.new.push((pod.uid.clone(), outcome));
        } else {
            tally.more = true;
        }
    }
    tally
}

fn place(tally: &mut Tally, pod: &Pod, outcome: Option<Outcome>) {
    if pod.terminating() {
        tally.terminating += 1;
    } else if pod.active() {
        let list = if outcome.is_some() { &mut tally.draining } else { &mut tally.working };
        list.push(pod.to_ref());
    }
}

/// The UIDs of the Pods that carry our finalizer.
pub fn tracked_uids(seen: &Observed) -> BTreeSet<&str> {
    seen.pods.iter().filter(|pod| pod.tracked).map(|pod| pod.uid.as_str()).collect()
}

fn len(list: &BTreeSet<String>) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Pods whose UID is stored in the status and of which nothing runs any more, or that are being deleted: their
/// finalizer may go.
pub fn release(seen: &Observed) -> Vec<Step> {
    let stored = |pod: &&Pod| pod.tracked && seen.job.status.is_listed(&pod.uid);
    let over = |pod: &&Pod| !pod.active();
    seen.pods.iter().filter(stored).filter(over).map(|pod| Step::Release(pod.to_ref())).collect()
}

/// Pods of an older SidecarJob of the same name: nobody counts them any more.
pub fn release_orphans(seen: &Observed) -> Vec<Step> {
    seen.orphans.iter().cloned().map(Step::Release).collect()
}

/// The lists and counters after this sync: what is new is listed, what is listed and has no finalizer is counted.
pub fn settle(seen: &Observed, tally: &Tally, status: &mut super::status::Status) {
    let tracked = tracked_uids(seen);
    let count = |list: &mut BTreeSet<String>, counter: &mut u32| {
        let before = len(list);
        list.retain(|uid| tracked.contains(uid.as_str()));
        *counter += before - len(list);
    };
    count(&mut status.uncounted_succeeded, &mut status.succeeded);
    count(&mut status.uncounted_failed, &mut status.failed);
    for (uid, outcome) in &tally.new {
        let list = if outcome.success { &mut status.uncounted_succeeded } else { &mut status.uncounted_failed };
        list.insert(uid.clone());
    }
}

/// The last count, in the write that ends the job: a finished job counts nothing any more, so that everything listed
/// can go into the counters at once; leftover finalizers are taken afterwards. Spares a write for each job.
pub fn settle_for_good(status: &mut super::status::Status) {
    status.succeeded += len(&std::mem::take(&mut status.uncounted_succeeded));
    status.failed += len(&std::mem::take(&mut status.uncounted_failed));
}

#[cfg(test)]
mod tests;
