//! What is each Pod for the counts? Its outcome, what the failure policy says to a failure, and where the result is
//! kept.
//!
//! The answers are computed once for each Pod, so that all policies use the same answers.

use crate::api::conditions::types;
use crate::engine::count::failure_policy::{self, Match};
use crate::engine::count::outcome::{self, Outcome};
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::{Observed, Pod};

/// A Pod, and what is known of the Pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// The Pod.
    pub pod: &'a Pod,
    /// The result of the Pod, if it is known.
    pub outcome: Option<Outcome>,
    /// The rule of the failure policy that the Pod's failure matches.
    pub matched: Option<Match>,
    /// The Pod has a place among the indexes, or the run has none.
    pub placed: bool,
    /// The stored status has the Pod's UID in one of its lists.
    pub listed: bool,
    /// The counters of the stored status count the Pod.
    pub counted: bool,
    /// The UID is in the list of the failed Pods: the Pod stays failed, whatever its status says now.
    pub listed_as_failed: bool,
    /// The index that records the Pod's success. `None`: the Pod has not succeeded, or the run has no indexes.
    pub success_index: Option<u32>,
    /// The stored status has that index as completed or failed.
    pub index_is_stored: bool,
}

/// All Pods, in their order.
pub fn all(seen: &Observed) -> Vec<Judged<'_>> {
    let failing = seen.job.status.conditions.is_true(types::FAILURE_TARGET);
    let failed_indexes = seen.job.failed_indexes();
    seen.own_pods().map(|pod| one(seen, pod, failing, &failed_indexes)).collect()
}

fn one<'a>(seen: &'a Observed, pod: &'a Pod, failing: bool, failed_indexes: &Indexes) -> Judged<'a> {
    let (spec, status) = (&seen.job.spec, &seen.job.status);
    let outcome = outcome_of(seen, pod, failing);
    let failed = outcome.is_some_and(|o| !o.success);
    let success_index = pod.index.filter(|_| spec.indexed && outcome.is_some_and(|o| o.success));
    let listed_as_failed = status.uncounted_failed.contains(&pod.uid);
    Judged {
        pod,
        outcome,
        matched: failed.then(|| failure_policy::judge(pod, spec, &seen.job.namespace)).flatten(),
        placed: spec.has_place_for(pod),
        listed: status.has_result_of(&pod.uid),
        counted: status.counted.contains(&pod.uid),
        listed_as_failed,
        success_index,
        index_is_stored: success_index.is_some_and(|i| status.completed.contains(i) || failed_indexes.contains(i)),
    }
}

/// A stored success stays a success, whatever happens to the Pod while its sidecars drain: an eviction, or a kubelet
/// that starts the main containers again.
fn outcome_of(seen: &Observed, pod: &Pod, failing: bool) -> Option<Outcome> {
    let found = outcome::of(pod, &seen.job.spec, failing);
    if !is_stored_as_success(seen, pod) {
        return found;
    }
    Some(Outcome { success: true, at: found.map_or(pod.created_at, |o| o.at) })
}

fn is_stored_as_success(seen: &Observed, pod: &Pod) -> bool {
    let (spec, status) = (&seen.job.spec, &seen.job.status);
    let by_index = || {
        let stored = spec.indexed && pod.index.is_some_and(|index| status.completed.contains(index));
        stored && !status.uncounted_failed.contains(&pod.uid) && outcome::exited_with_success(pod, &spec.roles)
    };
    status.uncounted_succeeded.contains(&pod.uid) || by_index()
}

impl Judged<'_> {
    /// The main containers succeeded.
    pub fn succeeded(&self) -> bool {
        self.outcome.is_some_and(|o| o.success)
    }

    /// The main containers failed, or somebody deleted the Pod before they were done.
    pub fn failed(&self) -> bool {
        self.outcome.is_some_and(|o| !o.success)
    }

    /// The Pod counts, and no list has its UID.
    pub fn counts_anew(&self) -> bool {
        self.has_new_outcome() && !self.is_ignored()
    }

    /// The Pod's success is listed, and the status does not have its index: an elastic run forgot the index.
    pub fn lost_its_index(&self) -> bool {
        let is_listed = self.listed && !self.listed_as_failed && !self.counted;
        self.pod.tracked && self.placed && is_listed && self.success_index.is_some() && !self.index_is_stored
    }

    /// The failure policy ignores the failure, and no list has the Pod's UID.
    pub fn is_ignored_anew(&self) -> bool {
        self.has_new_outcome() && self.is_ignored()
    }

    /// The failure policy ignores the Pod's failure.
    pub fn is_ignored(&self) -> bool {
        self.failed() && !failure_policy::counts(self.matched.as_ref())
    }

    fn has_new_outcome(&self) -> bool {
        self.pod.tracked && self.outcome.is_some() && self.placed && !self.listed
    }

    /// The failure policy fails the run because of this Pod: the reason, in a sentence.
    pub fn fails_job(&self) -> Option<String> {
        self.matched.as_ref().filter(|m| m.action == Action::FailJob).map(|m| m.message.clone())
    }
}
