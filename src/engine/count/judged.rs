//! What is each Pod for the counts? Its outcome, what the failure policy says to it, and whether it has a place.
//!
//! Asked once for each Pod, so that all policies speak of the same answers.

use crate::api::conditions::types;
use crate::engine::count::failure_policy::{self, Match};
use crate::engine::count::outcome::{self, Outcome};
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::status::Status;
use crate::engine::observed::{Observed, Pod};

/// A Pod and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<'a> {
    /// The Pod.
    pub pod: &'a Pod,
    /// What became of it, if that is known.
    pub outcome: Option<Outcome>,
    /// The rule of the failure policy that its failure matches.
    pub matched: Option<Match>,
    /// It has a place among the indexes, or there are none.
    pub placed: bool,
    /// Its UID is in one of the status' lists.
    pub listed: bool,
    /// It is in that of the failed: it stays failed, whatever it says now.
    pub listed_as_failed: bool,
}

/// All Pods, in their order.
pub fn all(seen: &Observed) -> Vec<Judged<'_>> {
    let failing = seen.job.status.conditions.is_true(types::FAILURE_TARGET);
    seen.own_pods().map(|pod| one(seen, pod, failing)).collect()
}

fn one<'a>(seen: &'a Observed, pod: &'a Pod, failing: bool) -> Judged<'a> {
    let (spec, status) = (&seen.job.spec, &seen.job.status);
    let outcome = outcome_of(seen, pod, failing);
    let failed = outcome.is_some_and(|o| !o.success);
    Judged {
        pod,
        outcome,
        matched: failed.then(|| failure_policy::judge(pod, spec, &seen.job.namespace)).flatten(),
        placed: spec.has_place_for(pod),
        listed: status.is_listed(&pod.uid),
        listed_as_failed: status.uncounted_failed.contains(&pod.uid),
    }
}

/// A success that is stored stays one, whatever becomes of the Pod while its sidecars drain: an eviction, or a kubelet that
/// starts its main containers again.
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
    /// Its main containers succeeded.
    pub fn succeeded(&self) -> bool {
        self.outcome.is_some_and(|o| o.success)
    }

    /// Its main containers failed, or it was deleted before they were done.
    pub fn failed(&self) -> bool {
        self.outcome.is_some_and(|o| !o.success)
    }

    /// It is not counted and not on its way to a counter.
    pub fn is_new(&self, status: &Status) -> bool {
        self.pod.tracked && self.outcome.is_some() && !status.is_listed(&self.pod.uid)
    }

    /// The failure policy ends the run because of it: why.
    pub fn fails_job(&self) -> Option<String> {
        self.matched.as_ref().filter(|m| m.action == Action::FailJob).map(|m| m.message.clone())
    }
}
