//! Do sidecars hold up a Pod whose main containers are done, and for longer than they may? For the metrics.

use chrono::{DateTime, TimeDelta, Utc};

use crate::engine::count::outcome;
use crate::engine::deeds::ladder;
use crate::engine::observed::{Job, Pod, Sidecar, Slot, State, time};
use crate::engine::result::given_up::must_have_ended_at;

/// How long after the bound a Pod becomes blocked: a kubelet takes some seconds to kill, and to report the end.
pub const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// A Pod whose main containers are done and whose sidecars still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draining {
    /// The sidecars have time left.
    InTime,
    /// The sidecars should have ended by now.
    Blocked,
}

/// A plain container has ended and another container runs. All Pods that drain look so, and this needs no run to be seen.
pub fn may_drain(pod: &Pod) -> bool {
    let of = |is: fn(&State) -> bool| pod.containers.iter().filter(move |c| c.slot != Slot::Init && is(&c.state));
    !pod.ended()
        && of(|state| *state == State::Running).next().is_some()
        && of(|state| matches!(state, State::Terminated { .. })).any(|c| c.slot == Slot::Plain)
}

/// Whether and how the Pod drains. `None`: it does not.
pub fn of(job: &Job, pod: &Pod, now: DateTime<Utc>) -> Option<Draining> {
    let outcome = outcome::of(pod, &job.spec, false).filter(|_| may_drain(pod))?;
    let bound = must_have_ended_at(pod).unwrap_or_else(|| time::after(outcome.at, turns(job, pod)));
    Some(until(bound, now))
}

/// The same of a Pod whose run is over, so that the form of the run is not in memory: by the kubelet's bound alone.
pub fn without_run(pod: &Pod, now: DateTime<Utc>) -> Option<Draining> {
    let bound = must_have_ended_at(pod).filter(|_| may_drain(pod))?;
    Some(until(bound, now))
}

fn until(bound: DateTime<Utc>, now: DateTime<Utc>) -> Draining {
    if now > time::after(bound, PATIENCE) { Draining::Blocked } else { Draining::InTime }
}

/// How long the controller takes at most to stop the plain containers one after the other, and the kubelet to kill what is
/// left. Waits for a place do not count: who waits is late, too.
fn turns(job: &Job, pod: &Pod) -> TimeDelta {
    let plain = pod.containers.iter().filter(|c| c.slot == Slot::Plain && c.state == State::Running);
    let grace = |name: &str| Sidecar::named(&job.spec.sidecars, name).and_then(|s| s.grace).unwrap_or(pod.grace);
    plain.map(|c| time::sum(grace(&c.name), ladder::REACHED_WITHIN)).fold(pod.grace, time::sum)
}

#[cfg(test)]
mod tests;
