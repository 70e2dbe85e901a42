//! Which plain containers are stopped now?
//!
//! The kubelet stops native sidecars. The controller stops plain ones when the result of their Pod is stored, or counts for
//! nothing; whose turn it is, and how each is asked, is `ladder`'s part.

use chrono::{DateTime, Utc};

use crate::engine::count::outcome;
use crate::engine::deeds::ladder::{self, Attempts, Turn};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Observed, Pod, Slot};
use crate::engine::plan::{Deed, Step};

/// The steps that stop plain containers of Pods whose result is stored, or that count for nothing. Native sidecars need
/// none.
pub fn stop(j: &Judgement) -> Deed {
    let seen = j.seen;
    let known = |pod: &Pod| seen.job.status.is_listed(&pod.uid) || mains_done(seen, pod);
    let settled = |pod: &&Pod| known(pod) && !j.tally.record.unrecorded.contains(pod.uid.as_str());
    let pods = seen.pods.iter().filter(|pod| pod.active()).filter(settled);
    let attempts = Attempts::of(seen);
    let mut all: Deed = pods.map(|pod| stop_pod(seen, pod, &attempts, j.now)).collect();
    all.steps.sort_by_key(|step| matches!(step, Step::Ask(_))); // steps of one kind are done at the same time
    all
}

fn mains_done(seen: &Observed, pod: &Pod) -> bool {
    outcome::of(pod, &seen.job.spec, false).is_some()
}

fn stop_pod(seen: &Observed, pod: &Pod, attempts: &Attempts, now: DateTime<Utc>) -> Deed {
    // What is plain and goes on: sidecars, and main containers that are not needed for the result any more.
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

/// Seconds that have passed since the kubelet took the Pod, at least 1: the deadline that ends it now. One less than it
/// looks: the kubelet counts from a fraction of a second that its start time in the API server does not have, and a deadline
/// that is not over yet makes it wait until it looks again.
pub fn passed(pod: &Pod, now: DateTime<Utc>) -> Option<i64> {
    Some(((now - pod.started_at?).num_seconds() - 1).max(1))
}

/// The Pod's deadline has passed: the kubelet ends it.
pub fn is_ending(pod: &Pod, now: DateTime<Utc>) -> bool {
    pod.deadline_at().is_some_and(|at| at <= now)
        || passed(pod, now).is_some_and(|passed| pod.deadline_seconds.is_some_and(|d| d <= passed))
}

#[cfg(test)]
mod tests;
