//! Which plain containers does the controller stop now?
//!
//! The kubelet stops native sidecars. The controller stops plain containers when the result of their Pod is stored, or
//! does not count. `ladder` says which container stops next, and how.

use chrono::{DateTime, Utc};

use crate::engine::count::outcome;
use crate::engine::deeds::ladder::{self, Attempts, Turn};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Observed, Pod, Slot};
use crate::engine::plan::{Deed, Step};

/// Stops the plain containers of Pods whose result is stored, or does not count.
pub fn stop(j: &Judgement) -> Deed {
    let seen = j.seen;
    let known = |pod: &Pod| seen.job.status.is_listed(&pod.uid) || mains_done(seen, pod);
    let settled = |pod: &&Pod| known(pod) && !j.tally.record.unrecorded.contains(pod.uid.as_str());
    let pods = seen.own_pods().filter(|pod| pod.active()).filter(settled);
    let attempts = Attempts::of(seen);
    let mut all: Deed = pods.map(|pod| stop_pod(seen, pod, &attempts, j.now)).collect();
    // The controller does adjacent steps of one kind at the same time.
    all.steps.sort_by_key(|step| matches!(step, Step::Ask(_)));
    all
}

fn mains_done(seen: &Observed, pod: &Pod) -> bool {
    outcome::of(pod, &seen.job.spec, false).is_some()
}

fn stop_pod(seen: &Observed, pod: &Pod, attempts: &Attempts, now: DateTime<Utc>) -> Deed {
    // Sidecars, and main containers that the result no longer needs.
    let going_on = pod.containers.iter().any(|c| c.slot == Slot::Plain && !c.done());
    let Some(passed) = passed(pod, now).filter(|_| going_on && !is_ending(pod, now)) else { return Deed::default() };
    match ladder::turn(seen, pod, attempts, now) {
        Turn::AllAtOnce => {
            let at = pod.marks.stopping_since.unwrap_or(now);
            Deed::of([Step::StopSidecars { pod: pod.to_ref(), deadline_seconds: passed, at }])
        }
        Turn::Of { ask, until } => {
            let begin = pod.marks.stopping_since.is_none().then(|| Step::BeginStop { pod: pod.to_ref(), at: now });
            let ask = ask.into_iter().map(Step::Ask);
            Deed { wake: Some(until), ..Deed::of(begin.into_iter().chain(ask)) }
        }
    }
}

/// The `activeDeadlineSeconds` that ends the Pod now: seconds since the kubelet accepted the Pod, at least 1. One
/// second less than the difference of the times: the kubelet counts from a fraction of a second that the API server
/// does not have, and if the deadline has not passed yet, the kubelet waits until it looks again.
pub fn passed(pod: &Pod, now: DateTime<Utc>) -> Option<i64> {
    Some(((now - pod.started_at?).num_seconds() - 1).max(1))
}

/// The Pod's deadline has passed: the kubelet ends the Pod.
pub fn is_ending(pod: &Pod, now: DateTime<Utc>) -> bool {
    pod.deadline_at().is_some_and(|at| at <= now)
        || passed(pod, now).is_some_and(|passed| pod.deadline_seconds.is_some_and(|d| d <= passed))
}

#[cfg(test)]
mod tests;
