//! Which Pods should have ended long ago, so that their kubelets are silent?

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::count::outcome;
use crate::engine::count::tally::Tally;
use crate::engine::observed::{self, Container, Observed, Pod, State, time};
use crate::engine::plan::sooner;

/// How long after the last moment at which a Pod can have ended its kubelet may take to say so.
pub const SILENCE: TimeDelta = TimeDelta::seconds(60);

/// Nothing works, and all Pods that have not ended should have, long ago: their kubelets are silent.
pub fn given_up(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> bool {
    let mut going_on = seen.own_pods().filter(|pod| !pod.ended()).peekable();
    tally.working.is_empty() && going_on.peek().is_some() && going_on.all(|pod| is_given_up(seen, pod, now))
}

/// Its result is known, it should have ended long ago, and its kubelet is silent.
pub fn is_given_up(seen: &Observed, pod: &Pod, now: DateTime<Utc>) -> bool {
    silent_at(seen, pod).is_some_and(|at| at <= now)
}

/// When a Pod whose result is known is waited for no more.
pub fn silent_at(seen: &Observed, pod: &Pod) -> Option<DateTime<Utc>> {
    let end = must_have_ended_at(pod).filter(|_| !pod.ended())?;
    let is_counted = !pod.tracked || seen.job.status.is_listed(&pod.uid);
    // An index, or a failure that is ignored, is in no list.
    let is_known = is_counted || outcome::of(pod, &seen.job.spec, false).is_some();
    is_known.then(|| time::after(end, SILENCE))
}

/// The last moment at which the kubelet kills it. A deadline that passes while the kubelet stops the Pod already may give
/// what is left its grace anew.
pub fn must_have_ended_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let end = time::after(stops_since(pod)?, pod.grace);
    let anew = pod.deadline_at().filter(|deadline| pod.deleting_since.is_none() && *deadline <= end);
    Some(anew.map_or(end, |deadline| time::after(deadline, pod.grace).max(end)))
}

/// Since when the kubelet stops it: since it is deleted, since its deadline, or since all is done that the kubelet waits for.
pub fn stops_since(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.deleting_since.or_else(|| sooner(pod.deadline_at(), done_at(pod)))
}

/// When the last of its plain containers ended for good, or an init container failed for good: in every mode the kubelet
/// then stops what is left, native sidecars, and their preStop hooks are part of the Pod's one grace. A container that the
/// kubelet starts again is not done.
fn done_at(pod: &Pod) -> Option<DateTime<Utc>> {
    let end = |c: &Container| match c.state {
        State::Terminated { exit, at } if c.done() => Some((exit, at?)),
        _ => None,
    };
    let of = |kind| pod.containers.iter().filter(move |c| c.slot == kind);
    let failed = of(observed::Slot::Init).filter_map(end).find(|(exit, _)| *exit != 0);
    let plain: Option<Vec<_>> = of(observed::Slot::Plain).map(end).collect();
    failed.map(|(_, at)| at).or_else(|| plain?.into_iter().map(|(_, at)| at).max())
}
