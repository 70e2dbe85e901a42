//! How many Pods are where, and what do the lists of UIDs and the counters say after this sync?

use std::collections::BTreeSet;

use crate::engine::count::tally;
use crate::engine::judgement::Judgement;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::status::Counts;
use crate::engine::report::over::{is_over, is_sidecarjob};

/// How many Pods are where; a run that is over has none.
pub fn counts(j: &Judgement) -> Counts {
    let Judgement { seen, tally, .. } = j;
    let some = |n: usize| Some(u32::try_from(n).unwrap_or(u32::MAX));
    let stopping = |n: usize| is_sidecarjob(&seen.job).then_some(some(n)).flatten();
    if is_over(j) {
        return Counts { active: Some(0), ready: Some(0), stopping: stopping(0), terminating: Some(0) };
    }
    let ready = seen.own_pods().filter(|pod| pod.active() && pod.ready_since.is_some()).count();
    Counts {
        active: some(tally.working.len() + tally.draining.len()),
        ready: some(ready),
        stopping: stopping(tally.draining.len()),
        terminating: Some(tally.terminating),
    }
}

/// The counters and lists of the next status.
#[derive(Clone, Debug, PartialEq)]
pub struct Counters {
    /// Succeeded Pods that are counted; of an Indexed run: succeeded indexes.
    pub succeeded: u32,
    /// Failed Pods that are counted.
    pub failed: u32,
    /// UIDs of succeeded Pods that are listed.
    pub uncounted_succeeded: BTreeSet<String>,
    /// UIDs of failed Pods that are listed.
    pub uncounted_failed: BTreeSet<String>,
    /// Indexes that succeeded.
    pub completed: Indexes,
    /// Indexes that failed; none without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
}

/// The counters count each listed Pod that has no finalizer any more; the lists get the Pods with new results. The
/// status that ends the run counts all listed Pods at once, which saves one write for each run: nobody counts a
/// finished run again, and the remaining finalizers go afterwards.
pub fn of(j: &Judgement) -> Counters {
    let Judgement { seen, tally, .. } = j;
    let (stored, indexed, is_over) = (&seen.job.status, seen.job.spec.indexed, is_over(j));
    let settle = |list: &BTreeSet<String>, counter: u32, success: bool| {
        let tracked = seen.own_pods().filter(|pod| pod.tracked && list.contains(&pod.uid));
        let mut next: BTreeSet<String> = tracked.map(|pod| pod.uid.clone()).collect();
        let counted = counter + tally::len(list) - tally::len(&next);
        let new = tally.record.listed.iter().filter(|(_, outcome)| outcome.success == success);
        next.extend(new.map(|(pod, _)| pod.uid.clone()));
        if is_over { (BTreeSet::new(), counted + tally::len(&next)) } else { (next, counted) }
    };
    let (uncounted_failed, failed) = settle(&stored.uncounted_failed, stored.failed, false);
    let (uncounted_succeeded, succeeded) = settle(&stored.uncounted_succeeded, stored.succeeded, true);
    let (completed, failed_indexes) = match indexed {
        true => {
            let new = tally.record.indexes.iter().copied().collect();
            (seen.job.completed().union(&new), tally.failed_indexes.clone())
        }
        false => (stored.completed.clone(), stored.failed_indexes.clone()),
    };
    let succeeded = if indexed { completed.len() } else { succeeded };
    Counters { succeeded, failed, uncounted_succeeded, uncounted_failed, completed, failed_indexes }
}
