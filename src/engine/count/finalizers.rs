//! Which Pods lose our finalizer?
//!
//! Those that are counted, or that count for nothing; and only when nothing of the Pod runs any more, or the Pod is being
//! deleted. So a node that gets lost while sidecars drain loses no result. A Pod of a Job loses our finalizer before the
//! Job's counters count the Pod (KEP-2307); a Pod of a SidecarJob afterwards, so that the status that counts the Pod can
//! say what became of all its containers.

use crate::api::Kind;
use crate::api::conditions::types;
use crate::engine::count::judged::Judged;
use crate::engine::count::per_index::Held;
use crate::engine::count::record::is_new_for_backoff;
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::{Observed, Pod};

/// The Pods that lose our finalizer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Released<'a> {
    /// These Pods.
    pub pods: Vec<&'a Pod>,
    /// What the failure policy said to those of the Pods that no list ever has, for the metric.
    pub handled: Vec<Action>,
}

/// The Pods that lose our finalizer now.
pub fn of<'a>(seen: &Observed, pods: &[Judged<'a>], held: &Held) -> Released<'a> {
    let released: Vec<&Judged> = pods.iter().filter(|pod| may_go(seen, held, pod)).collect();
    let never_listed = released.iter().filter(|pod| !pod.listed && pod.placed);
    Released {
        pods: released.iter().map(|pod| pod.pod).collect(),
        handled: never_listed.filter_map(|pod| pod.matched.as_ref()).map(|m| m.action).collect(),
    }
}

fn may_go(seen: &Observed, held: &Held, judged: &Judged) -> bool {
    let (pod, status) = (judged.pod, &seen.job.status);
    if !pod.tracked || pod.active() || held.has(pod) {
        return false;
    }
    let Some(outcome) = judged.outcome else { return status.conditions.is_true(types::SUCCESS_CRITERIA_MET) };
    if judged.listed {
        return judged.counted || seen.job.kind == Kind::Job;
    }
    if !judged.placed {
        return true;
    }
    if outcome.success {
        return judged.index_is_stored;
    }
    let waits_by_index = seen.job.spec.backoff_limit_per_index.is_some();
    judged.is_ignored() && (waits_by_index || status.result_is_known() || !is_new_for_backoff(seen, outcome))
}
