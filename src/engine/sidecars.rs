//! What do sidecars get, from their start to their end?
//!
//! The kubelet does the work wherever it can: `native` says how the Pod is built for it, `managed` how it is where it can't.
//! What it can't do the controller does, each question in its file: `starting` (not up in time, failed too often),
//! `changed` (a webhook made something else of the Pod), `ladder` (how plain sidecars are stopped, in which order),
//! `recipes` (how well-known ones are), `waiting` (what holds the run up, and until when). Here: the sidecar as the spec has it, and the deeds at the end of a Pod.

pub mod changed;
pub mod ladder;
pub mod managed;
pub mod native;
pub mod recipes;
pub mod starting;
pub mod waiting;

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::PodSpec;

use super::observed::{Kind, Observed, Pod, Spec, grace_seconds, restarts_always};
use super::outcome;
use super::plan::{Step, sooner};
use super::time;
use super::tracking::Tally;
use crate::api::recipes::Way;
use crate::api::{self, StartBefore, StartUntil};
use ladder::Turn;

/// An entry of `spec.sidecars`, with its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// The container's name.
    pub name: String,
    /// `start.before`, if given.
    pub before: Option<StartBefore>,
    /// What main containers wait for.
    pub until: StartUntil,
    /// How long it may take to be up.
    pub start_deadline: Option<TimeDelta>,
    /// Its place in the order of stopping.
    pub order: i32,
    /// How long it may take from its turn.
    pub grace: Option<TimeDelta>,
    /// The way to stop it that the spec gives.
    pub way: Option<Way>,
    /// The recipe that the spec names.
    pub recipe: Option<String>,
    /// How often it may be started again.
    pub max_restarts: Option<u32>,
}

impl Sidecar {
    /// From the wire.
    pub fn from_wire(wire: &api::Sidecar) -> Self {
        let start = wire.start.clone().unwrap_or_default();
        let stop = wire.stop.clone().unwrap_or_default();
        let way = stop.http.map(Way::Http).or(stop.exec.map(Way::Exec)).or(stop.signal.map(Way::Signal));
        Self {
            name: wire.name.clone(),
            before: start.before,
            until: start.until.unwrap_or_default(),
            start_deadline: start.deadline_seconds.map(|s| time::seconds(s.into())),
            order: stop.order.unwrap_or(0),
            grace: stop.grace_period_seconds.map(|s| time::seconds(s.into())),
            way,
            recipe: stop.recipe,
            max_restarts: wire.max_restarts.map(|n| u32::try_from(n).unwrap_or(0)),
        }
    }

    /// The entry of that name.
    pub fn named<'a>(all: &'a [Self], name: &str) -> Option<&'a Self> {
        all.iter().find(|s| s.name == name)
    }
}

/// What the run takes as a sidecar although `spec.sidecars` does not name it, in sentences; none in the usual case.
pub fn taken(spec: &Spec) -> Vec<String> {
    let containers = spec.template.spec.iter().flat_map(|pod| &pod.containers);
    let not_named = |name: &str| Sidecar::named(&spec.sidecars, name).is_none();
    let taken = containers.filter(|c| restarts_always(c) && not_named(&c.name));
    taken.map(|c| format!("container {} has restartPolicy Always, so it never ends: it is a sidecar", c.name)).collect()
}

/// The steps that stop plain containers of Pods whose result is stored, or that count for nothing. Native sidecars need
/// none.
pub fn stop(seen: &Observed, tally: &Tally, now: DateTime<Utc>, wake: &mut Option<DateTime<Utc>>) -> Vec<Step> {
    let known = |pod: &Pod| seen.job.status.is_listed(&pod.uid) || mains_done(seen, pod);
    let settled = |pod: &&Pod| known(pod) && !tally.unstored.contains(&pod.uid);
    let pods = seen.pods.iter().filter(|pod| pod.active()).filter(settled);
    let mut steps: Vec<Step> = pods.flat_map(|pod| stop_pod(seen, pod, now, wake)).collect();
    steps.sort_by_key(|step| matches!(step, Step::Ask { .. })); // steps of one kind are done at the same time
    steps
}

fn mains_done(seen: &Observed, pod: &Pod) -> bool {
    outcome::of(pod, &seen.job.spec, false).is_some()
}

fn stop_pod(seen: &Observed, pod: &Pod, now: DateTime<Utc>, wake: &mut Option<DateTime<Utc>>) -> Vec<Step> {
    // What is plain and goes on: sidecars, and main containers that are not needed for the result any more.
    let going_on = pod.containers.iter().any(|c| c.kind == Kind::Plain && !c.done());
    let Some(passed) = passed(pod, now).filter(|_| going_on && !is_ending(pod, now)) else { return Vec::new() };
    match ladder::turn(seen, pod, now) {
        Turn::AllAtOnce => {
            let at = pod.marks.stopping_since.unwrap_or(now);
            vec![Step::StopSidecars { pod: pod.to_ref(), deadline_seconds: passed, at }]
        }
        Turn::Of { ask, until } => {
            *wake = sooner(*wake, Some(until));
            let begin = pod.marks.stopping_since.is_none().then(|| Step::BeginStop { pod: pod.to_ref(), at: now });
            let ask = ask.into_iter().map(|(container, way)| Step::Ask { pod: pod.to_ref(), container, way });
            begin.into_iter().chain(ask).collect()
        }
    }
}

/// The Pod's terminationGracePeriodSeconds: what it says, or what its sidecars need if that is longer.
fn budget(spec: &PodSpec, needed: TimeDelta) -> Option<i64> {
    let needed = needed.num_seconds();
    if needed > grace_seconds(spec) { Some(needed) } else { spec.termination_grace_period_seconds }
}

/// Seconds that have passed since the kubelet took the Pod, at least 1: the deadline that ends it now. One less than it
/// looks: the kubelet counts from a fraction of a second that its start time in the API server does not have, and a deadline
/// that is not over yet makes it wait until it looks again.
pub fn passed(pod: &Pod, now: DateTime<Utc>) -> Option<i64> {
    Some(((now - pod.started_at?).num_seconds() - 1).max(1))
}

/// The Pod's deadline has passed: the kubelet ends it.
pub fn is_ending(pod: &Pod, now: DateTime<Utc>) -> bool {
    ending_since(pod).is_some_and(|at| at <= now)
        || passed(pod, now).is_some_and(|passed| pod.deadline_seconds.is_some_and(|d| d <= passed))
}

/// When the Pod's deadline passes.
pub fn ending_since(pod: &Pod) -> Option<DateTime<Utc>> {
    pod.deadline_at()
}

#[cfg(test)]
mod tests;
