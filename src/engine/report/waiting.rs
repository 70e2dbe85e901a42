//! What holds the run up, and until when?
//!
//! Nothing hangs in silence: a Pod that no node takes, an image that can't be pulled, a sidecar that is not up, one that
//! was asked to stop and goes on, a kubelet that says nothing any more. Each has words, with the time of its end. That end
//! is a deadline of the spec, or the kubelet's SIGKILL; and of a Pod whose result is known, whose kubelet is silent, the run
//! does not wait any longer. Short waits are not told: each status costs a write.

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::Kind;
use crate::api::conditions::{reasons, types};
use crate::engine::count::outcome;
use crate::engine::deeds::starting;
use crate::engine::judgement::Judgement;
use crate::engine::observed::{self, Observed, Pod, Sidecar, State, time};
use crate::engine::plan::sooner;
use crate::engine::report::note::Note;
use crate::engine::report::{over, times};
use crate::engine::result::given_up::{SILENCE, must_have_ended_at, silent_at, stops_since};

/// How long a wait is not worth a write.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// A wait that is worth telling, from some moment on.
struct Wait {
    from: DateTime<Utc>,
    reason: &'static str,
    message: String,
}

/// The condition Waiting. A run that is over waits for nothing; what it did not wait for any more stays in the message.
pub fn note(j: &Judgement) -> Note {
    match waits(j.seen, times::start(j)).into_iter().find(|w| w.from <= j.now) {
        Some(wait) if over::is_over(j) => Note::is_false(types::WAITING, reasons::WAITED, wait.message),
        Some(wait) => Note::is_true(types::WAITING, wait.reason, wait.message),
        None => Note::no_longer_true(types::WAITING, reasons::WAITED),
    }
}

/// When to look again because of it.
pub fn wake(seen: &Observed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !seen.job.has_company() {
        return None;
    }
    let told = waits(seen, seen.job.status.start_time).into_iter().map(|w| w.from);
    let given_up = seen.pods.iter().filter_map(|pod| silent_at(seen, pod));
    told.chain(given_up).filter(|at| *at > now).fold(None, |first, at| sooner(first, Some(at)))
}

/// All waits, those that say most first, of a run that started then.
fn waits(seen: &Observed, start: Option<DateTime<Utc>>) -> Vec<Wait> {
    let pods = || seen.pods.iter().filter(|pod| !pod.ended());
    let silent = pods().filter_map(|pod| silent(pod, seen.job.kind));
    let stopping = pods().filter_map(stopping);
    let starting = pods().filter(|pod| pod.active()).filter_map(|pod| starting(seen, pod, start));
    silent.chain(stopping).chain(starting).collect()
}

fn silent(pod: &Pod, kind: Kind) -> Option<Wait> {
    let end = must_have_ended_at(pod)?;
    let until = match kind {
        Kind::SidecarJob => {
            format!("If its result is known it is not waited for after {}", time::format(time::after(end, SILENCE)))
        }
        Kind::Job => "A Job waits until the Pod is deleted, which Kubernetes does when its node is".into(),
    };
    let message = format!(
        "Pod {} should have ended at {}; its kubelet does not say so, its node may be gone. {until}",
        pod.name,
        time::format(end),
    );
    Some(Wait { from: time::after(end, PATIENCE), reason: reasons::KUBELET_SILENT, message })
}

/// The kubelet stops it, and containers go on.
fn stopping(pod: &Pod) -> Option<Wait> {
    let (from, end) = stops_since(pod).filter(|_| pod.active()).zip(must_have_ended_at(pod))?;
    let running = pod.containers.iter().filter(|c| c.state == State::Running && c.slot != observed::Slot::Init);
    let names: Vec<&str> = running.map(|c| c.name.as_str()).collect();
    (!names.is_empty()).then(|| Wait {
        from: time::after(from, PATIENCE),
        reason: reasons::SIDECAR_STOPPING,
        message: format!(
            "the kubelet began to stop Pod {} at {} (preStop hooks, then SIGTERM); still running: {}; the kubelet kills \
             what is left at {}",
            pod.name,
            time::format(from),
            names.join(", "),
            time::format(end)
        ),
    })
}

/// Its main containers have not begun.
fn starting(seen: &Observed, pod: &Pod, start: Option<DateTime<Utc>>) -> Option<Wait> {
    let roles = &seen.job.spec.roles;
    if let Some(words) = &pod.unschedulable {
        let message = format!("Pod {} fits no node: {words}. {}", pod.name, until(seen, start, None));
        return Some(Wait { from: time::after(pod.created_at, PATIENCE), reason: reasons::UNSCHEDULABLE, message });
    }
    let sidecar_deadline = |name: &str| {
        let sidecar = Sidecar::named(&seen.job.spec.sidecars, name)?;
        starting::must_be_up_at(pod, sidecar)
    };
    let blocked = outcome::mains(pod, roles).all(|c| c.state == State::Waiting && c.restarts == 0);
    let cant_start = pod.containers.iter().find_map(|c| Some((c, c.cant_start.as_ref()?)));
    if let Some((c, why)) =
        cant_start.filter(|(c, _)| blocked || outcome::mains(pod, roles).any(|main| main.name == c.name))
    {
        let message = format!(
            "container {} of Pod {} can't start: {why} (image {}). {}",
            c.name,
            pod.name,
            c.image,
            until(seen, start, sidecar_deadline(&c.name))
        );
        return Some(Wait {
            from: time::after(pod.created_at, PATIENCE),
            reason: reasons::CONTAINER_CANT_START,
            message,
        });
    }
    let not_up =
        pod.containers.iter().find(|c| c.slot == observed::Slot::NativeSidecar && !c.up.started).filter(|_| blocked)?;
    let since = not_up.up.since.or(pod.started_at)?;
    let message = format!(
        "sidecar {} of Pod {} is not up, and main containers wait for it. {}",
        not_up.name,
        pod.name,
        until(seen, start, sidecar_deadline(&not_up.name))
    );
    Some(Wait { from: time::after(since, PATIENCE), reason: reasons::SIDECAR_NOT_UP, message })
}

/// The end of the wait, in words.
fn until(seen: &Observed, start: Option<DateTime<Utc>>, sidecar: Option<DateTime<Utc>>) -> String {
    let spec = &seen.job.spec;
    let run = start.zip(spec.active_deadline).map(|(start, span)| time::after(start, span));
    let words = |what, at| format!("It is waited until {}: {what}", time::format(at));
    match (sidecar, run) {
        (Some(at), None) => words("start.deadlineSeconds", at),
        (Some(at), Some(run)) if at < run => words("start.deadlineSeconds", at),
        (_, Some(run)) => words("spec.activeDeadlineSeconds", run),
        (None, None) => {
            format!("Nothing bounds this wait: set spec.activeDeadlineSeconds, or delete the {}", seen.job.kind.name())
        }
    }
}

#[cfg(test)]
mod tests;
