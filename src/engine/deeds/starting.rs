//! Does a Pod fail because of a sidecar that is not up in time, or that restarted too often?
//!
//! Only while the result of the Pod is not known: afterwards nothing that a sidecar does matters. The controller writes
//! the reason on the Pod, and ends the Pod by its `activeDeadlineSeconds`, so that the logs stay.

use chrono::{DateTime, Utc};

use crate::api::StartUntil;
use crate::api::conditions::reasons;
use crate::engine::count::outcome;
use crate::engine::deeds::sidecars::{is_ending, passed};
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Container, Pod, Sidecar, Slot, State, time};
use crate::engine::plan::{Deed, Step, sooner};

/// Fails Pods whose sidecars are late or restarted too often. Looks again when the next start deadline passes.
pub fn fail(j: &Judgement) -> Deed {
    let spec = &j.seen.job.spec;
    if spec.sidecars.iter().all(|s| s.start_deadline.is_none() && s.max_restarts.is_none()) {
        return Deed::default();
    }
    let open = |pod: &&Pod| pod.active() && outcome::of(pod, spec, false).is_none();
    let due = |pod: &Pod| {
        let mut next = None;
        let failed = spec.sidecars.iter().find_map(|s| {
            failed_too_often(pod, s).or_else(|| {
                let deadline = must_be_up_at(pod, s)?;
                next = sooner(next, Some(deadline).filter(|at| *at > j.now));
                (deadline <= j.now).then(|| too_late(s))?
            })
        });
        let step = failed.and_then(|(reason, why)| fail_pod(pod, reason, &why, j.now));
        Deed { wake: next, ..Deed::of(step) }
    };
    j.seen.own_pods().filter(open).map(due).collect()
}

/// The step that fails a Pod. `None` if the Pod's deadline has passed: the kubelet ends the Pod already.
pub fn fail_pod(pod: &Pod, reason: &str, why: &str, now: DateTime<Utc>) -> Option<Step> {
    let deadline_seconds = passed(pod, now).filter(|_| !is_ending(pod, now))?;
    let note = format!("The controller failed Pod {}: {why}", pod.name);
    Some(Step::FailPod { pod: pod.to_ref(), deadline_seconds, at: now, reason: reason.into(), note })
}

type Why = (&'static str, String);

fn failed_too_often(pod: &Pod, sidecar: &Sidecar) -> Option<Why> {
    let max = sidecar.max_restarts?;
    let c = pod.containers.iter().find(|c| c.name == sidecar.name && c.slot != Slot::Init)?;
    let for_good = c.slot == Slot::Plain && c.done() && !matches!(c.state, State::Terminated { exit: 0, .. });
    let failures = c.restarts + u32::from(for_good);
    let name = &sidecar.name;
    (failures > max).then(|| {
        let why = format!("sidecar {name} ended {failures} times while main containers ran, and maxRestarts is {max}");
        (reasons::SIDECAR_FAILED, why)
    })
}

fn too_late(sidecar: &Sidecar) -> Option<Why> {
    let span = sidecar.start_deadline?.num_seconds();
    let why = format!("sidecar {} was not up {span}s after it could start", sidecar.name);
    Some((reasons::SIDECAR_START_DEADLINE_EXCEEDED, why))
}

/// When the sidecar must be up. `None`: the sidecar is or was up, has no deadline, or can't start yet.
pub fn must_be_up_at(pod: &Pod, sidecar: &Sidecar) -> Option<DateTime<Utc>> {
    let place = pod.containers.iter().position(|c| c.name == sidecar.name)?;
    if was_up(pod, place, sidecar.until) {
        return None;
    }
    Some(time::after(could_start_at(pod, place)?, sidecar.start_deadline?))
}

/// The sidecar is up, or was up before: the kubelet started a container after it, or it ended. For a plain container
/// started is enough, because no container waits for its readiness.
fn was_up(pod: &Pod, place: usize, until: StartUntil) -> bool {
    let c = &pod.containers[place];
    let up = c.up.started && (until == StartUntil::Started || c.slot == Slot::Plain || c.up.ready);
    match c.slot {
        Slot::NativeSidecar => {
            up || pod.containers[place + 1..].iter().any(|c| c.state != State::Waiting || c.restarts > 0)
        }
        Slot::Plain => up || c.restarts > 0 || matches!(c.state, State::Terminated { .. }),
        Slot::Init => matches!(c.state, State::Terminated { .. }),
    }
}

/// When the kubelet could start the container: when all containers before it were done or up.
fn could_start_at(pod: &Pod, place: usize) -> Option<DateTime<Utc>> {
    let plain = pod.containers[place].slot == Slot::Plain;
    let before = pod.containers.iter().take(place).filter(|c| !plain || c.slot != Slot::Plain);
    before.map(|c| up_since(c, pod)).try_fold(pod.started_at?, |latest, at| Some(latest.max(at?)))
}

fn up_since(c: &Container, pod: &Pod) -> Option<DateTime<Utc>> {
    match (c.slot, c.state) {
        (Slot::Init, State::Terminated { exit: 0, at }) => at.or(pod.started_at),
        (Slot::NativeSidecar, State::Running) if c.up.started => c.up.since.or(pod.started_at),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
