//! How many Pods are where, and what do the lists of UIDs and the counters say after this sync?

use std::collections::BTreeSet;

use crate::engine::count::tally;
use crate::engine::judgement::Judgement;
use crate::engine::observed::Pod;
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
    /// UIDs of Pods that are counted and still have our finalizer.
    pub counted: BTreeSet<String>,
    /// Indexes that succeeded.
    pub completed: Indexes,
    /// Indexes that failed; none without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
}

/// The lists get the Pods with new results, and the counters count each listed Pod that does not wait any more
/// ([`Lists::waits`]). The status that ends the run counts all listed Pods at once, which saves one write for each run:
/// nobody counts a finished run again, and the remaining finalizers go afterwards.
pub fn of(j: &Judgement) -> Counters {
    let Judgement { seen, tally, .. } = j;
    let (stored, indexed) = (&seen.job.status, seen.job.spec.indexed);
    let lists = Lists::of(j);
    let (uncounted_failed, failed) = lists.settle(&stored.uncounted_failed, stored.failed, false);
    let (uncounted_succeeded, succeeded) = lists.settle(&stored.uncounted_succeeded, stored.succeeded, true);
    let (completed, failed_indexes) = match indexed {
        true => {
            let new = tally.record.indexes.iter().copied().collect();
            (seen.job.completed().union(&new), tally.failed_indexes.clone())
        }
        false => (stored.completed.clone(), stored.failed_indexes.clone()),
    };
    let succeeded = if indexed { completed.len() } else { succeeded };
    let counted = lists.counted();
    Counters { succeeded, failed, uncounted_succeeded, uncounted_failed, counted, completed, failed_indexes }
}

/// The Pods that this status is the first to count, as far as they still have our finalizer.
pub fn newly_counted<'a>(j: &Judgement<'a>) -> Vec<&'a Pod> {
    let (lists, status) = (Lists::of(j), &j.seen.job.status);
    let listed = j.seen.own_pods().filter(|pod| pod.tracked && status.is_listed(&pod.uid));
    let new = j.tally.record.listed.iter().map(|(pod, _)| *pod);
    listed.chain(new).filter(|pod| !lists.waits(pod)).collect()
}

/// What decides which list a Pod is in.
struct Lists<'j, 'a> {
    j: &'j Judgement<'a>,
    is_over: bool,
    is_sidecarjob: bool,
}

impl<'j, 'a> Lists<'j, 'a> {
    fn of(j: &'j Judgement<'a>) -> Self {
        Self { j, is_over: is_over(j), is_sidecarjob: is_sidecarjob(&j.seen.job) }
    }

    /// The next list of Pods with this result that are not counted, and the next counter.
    fn settle(&self, list: &BTreeSet<String>, counter: u32, success: bool) -> (BTreeSet<String>, u32) {
        let new = self.j.tally.record.listed.iter().filter(|(_, outcome)| outcome.success == success);
        let new = new.map(|(pod, _)| *pod);
        let all = tally::len(list) + tally::count(new.clone());
        let listed = self.j.seen.own_pods().filter(|pod| list.contains(&pod.uid)).chain(new);
        let next: BTreeSet<String> = listed.filter(|pod| self.waits(pod)).map(|pod| pod.uid.clone()).collect();
        let counted = counter + all - tally::len(&next);
        (next, counted)
    }

    /// The next status does not count the listed Pod yet. A Pod of a SidecarJob waits while it is active, a Pod of a Job
    /// until it has lost our finalizer. When the run ends, no Pod waits.
    fn waits(&self, pod: &Pod) -> bool {
        pod.tracked && !self.is_over && (pod.active() || !self.is_sidecarjob)
    }

    /// The Pods that are counted and still have our finalizer. Only of a SidecarJob that goes on.
    fn counted(&self) -> BTreeSet<String> {
        if self.is_over || !self.is_sidecarjob {
            return BTreeSet::new();
        }
        let (status, new) = (&self.j.seen.job.status, &self.j.tally.record.listed);
        let new: BTreeSet<&str> = new.iter().map(|(pod, _)| pod.uid.as_str()).collect();
        let has_result = |pod: &&Pod| status.has_result_of(&pod.uid) || new.contains(pod.uid.as_str());
        let ended = self.j.seen.own_pods().filter(|pod| pod.tracked && !pod.active());
        ended.filter(has_result).map(|pod| pod.uid.clone()).collect()
    }
}
