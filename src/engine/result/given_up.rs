//! For which Pods does the run no longer wait, because they should have ended long ago and their kubelets are silent?

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::count::outcome;
use crate::engine::count::tally::Tally;
use crate::engine::observed::{self, Container, Observed, Pod, State, time};
use crate::engine::plan::sooner;

/// How long a kubelet may take to report the end of a Pod, from the last moment at which the Pod can have ended.
pub const SILENCE: TimeDelta = TimeDelta::seconds(60);

/// No Pod works, and the run has given up all Pods that have not ended.
pub fn given_up(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> bool {
    let mut going_on = seen.own_pods().filter(|pod| !pod.ended()).peekable();
    tally.working.is_empty() && going_on.peek().is_some() && going_on.all(|pod| is_given_up(seen, pod, now))
}

/// The result of the Pod is known, the Pod should have ended long ago, and its kubelet is silent.
pub fn is_given_up(seen: &Observed, pod: &Pod, now: DateTime<Utc>) -> bool {
    silent_at(seen, pod).is_some_and(|at| at <= now)
}

/// When the run stops waiting for a Pod whose result is known. `None`: the run waits for the Pod.
pub fn silent_at(seen: &Observed, pod: &Pod) -> Option<DateTime<Utc>> {
    let end = must_have_ended_at(pod).filter(|_| !pod.ended())?;
    let is_counted = !pod.tracked || seen.job.status.has_result_of(&pod.uid);
    // No list has a success that its index records, or an ignored failure.
    let is_known = is_counted || outcome::of(pod, &seen.job.spec, false).is_some();
    is_known.then(|| time::after(end, SILENCE))
}

/// The last moment at which the kubelet kills the Pod. If the Pod's deadline passes while the kubelet stops the Pod,
/// the remaining containers may get the grace period again.
pub fn must_have_ended_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let end = time::after(stops_since(pod)?, pod.grace);
    let anew = pod.deadline_at().filter(|deadline| pod.deleting_since.is_none() && *deadline <= end);
    Some(anew.map_or(end, |deadline| time::after(deadline, pod.grace).max(end)))
}

/// Since when the kubelet stops the Pod: since the deletion, since the Pod's deadline, or since all containers are done
/// for which the kubelet waits.
pub fn stops_since(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.deleting_since.or_else(|| sooner(pod.deadline_at(), done_at(pod)))
}

/// When the last plain container ended for good, or an init container failed for good. In every mode the kubelet then
/// stops the native sidecars; their preStop hooks take part of the Pod's grace period. A container that the kubelet
/// starts again is not done.
fn done_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let end = |c: &Container| match c.state {
        State::Terminated { exit, at } if c.done() => Some((exit, at?)),
        _ => None,
    };
    let of = |kind| pod.containers.iter().filter(move |c| c.slot == kind);
    let failed = of(observed::Slot::Init).filter_map(end).find(|(exit, _)| *exit != 0);
    let last = || {
        let mut plain = of(observed::Slot::Plain).map(|c| end(c).map(|(_, at)| at));
        plain.try_fold(None, |last, at| Some(last.max(Some(at?)))).flatten()
    };
    failed.map(|(_, at)| at).or_else(last)
}
