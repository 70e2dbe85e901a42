//! Which Pods ended lately, and when did their containers run?
//!
//! A Pod is added when its result is known, and its entry is made anew with each status as long as the Pod has our
//! finalizer. Entries go by the name of the Pod, so nothing is added twice. The list is bounded: failures stay longer than
//! successes, and newer Pods longer than older ones. The Pods that the controller ends because of the result take no place
//! from the Pods that the result is about.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::Serialize;

use crate::api::history::{ContainerSpan, PodResult, RecentPod};
use crate::engine::count::judged::Judged;
use crate::engine::count::outcome;
use crate::engine::judgement::Judgement;
use crate::engine::observed::roles::Roles;
use crate::engine::observed::{Container, Pod, Slot, State, time};
use crate::engine::report::ends;

/// Most Pods.
const MOST: usize = 10;
/// Most bytes of all Pods together, as JSON.
const BYTES: usize = 16 * 1024;
/// Most bytes of one Pod, as JSON.
const BYTES_OF_ONE: usize = BYTES / 2;
/// Most containers of one Pod.
const CONTAINERS: usize = 32;

/// `status.recentPods`.
pub fn next(j: &Judgement) -> Vec<RecentPod> {
    let (status, roles) = (&j.seen.job.status, &j.seen.job.spec.roles);
    let stored = &status.history.recent_pods;
    let ended: Vec<RecentPod> = j.tally.results.iter().filter_map(|pod| entry(pod, roles)).collect();
    let is_known = |name: &str| stored.iter().any(|known| known.name == name);
    let is_gone = |known: &&RecentPod| !ended.iter().any(|pod| pod.name == known.name);
    let gone = stored.iter().filter(is_gone).cloned();
    let late = |pod: &RecentPod| status.result_is_known() && !is_known(&pod.name);
    let mut all: Vec<RecentPod> = gone.chain(ended.iter().cloned()).collect();
    all.sort_by_cached_key(|pod| (late(pod), pod.result, std::cmp::Reverse(age(pod))));
    let mut kept = within(all);
    kept.sort_by_cached_key(|pod| std::cmp::Reverse(age(pod)));
    kept
}

/// What makes one Pod newer than another.
fn age(pod: &RecentPod) -> (Option<Time>, Option<i32>, String) {
    (pod.started_at.clone().or_else(|| pod.finished_at.clone()), pod.attempt, pod.name.clone())
}

/// The first Pods, as many as may be kept.
fn within(all: Vec<RecentPod>) -> Vec<RecentPod> {
    let mut left = BYTES;
    let fits = |pod: &RecentPod| {
        let rest = left.checked_sub(size(pod) + 1);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    all.into_iter().take(MOST).take_while(fits).collect()
}

fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX - 1, |json| json.len())
}

fn entry(judged: &Judged, roles: &Roles) -> Option<RecentPod> {
    let (pod, outcome) = (judged.pod, judged.outcome?);
    let number = |n: Option<u32>| n.and_then(|n| i32::try_from(n).ok());
    let ends = pod.containers.iter().filter_map(|c| ends::now(c)?.finished_at);
    let finished_at = || ends.max().unwrap_or(outcome.at);
    let mut entry = RecentPod {
        name: ends::object_name(&pod.name),
        index: number(pod.index),
        attempt: number(pod.number),
        node_name: pod.node.as_deref().map(ends::object_name),
        result: match outcome.success {
            true => PodResult::Succeeded,
            false if judged.is_ignored() => PodResult::Ignored,
            false => PodResult::Failed,
        },
        started_at: pod.started_at.map(time::to_wire),
        finished_at: pod.ended().then(finished_at).map(time::to_wire),
        containers: containers(pod, roles).filter_map(span).take(CONTAINERS).collect(),
    };
    while size(&entry) > BYTES_OF_ONE && entry.containers.pop().is_some() {}
    Some(entry)
}

/// Main containers, sidecars, init containers.
fn containers<'a>(pod: &'a Pod, roles: &'a Roles) -> impl Iterator<Item = &'a Container> {
    let init = pod.containers.iter().filter(|c| c.slot == Slot::Init);
    outcome::mains(pod, roles).chain(outcome::sidecars(pod, roles)).chain(init)
}

/// `None`: it has not started, and nobody says why.
fn span(c: &Container) -> Option<ContainerSpan> {
    let end = c.end.as_deref().filter(|_| c.state != State::Running);
    let started_at = end.map_or(c.up.since, |end| end.started_at);
    let reason = c.cant_start.as_deref().or_else(|| end?.reason.as_deref());
    let is_known = end.is_some() || started_at.is_some() || reason.is_some();
    is_known.then(|| ContainerSpan {
        name: ends::name(c),
        started_at: started_at.map(time::to_wire),
        finished_at: end.and_then(|end| end.finished_at).map(time::to_wire),
        exit_code: end.map(|end| end.exit),
        reason: reason.map(ends::reason),
    })
}

#[cfg(test)]
mod tests;
