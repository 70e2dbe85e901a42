//! What delays the run, and until when?
//!
//! No run hangs in silence. The condition Waiting reports a Pod that fits no node, an image that the kubelet can't
//! pull, a sidecar that is not up, a container that still runs while the kubelet stops the Pod, and a kubelet that is
//! silent. The message says when the wait ends: at a deadline of the spec, or when the kubelet sends SIGKILL. If the
//! kubelet of a Pod is silent and the Pod's result is known, the run stops waiting. Short waits are not reported, since
//! each status is a write.

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

/// A wait is reported when it is longer than this.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// A wait, and from when on it is reported.
struct Wait {
    from: DateTime<Utc>,
    reason: &'static str,
    message: String,
}

/// The condition Waiting. A run that is over waits for nothing: the message keeps what the run stopped waiting for.
pub fn note(j: &Judgement) -> Note {
    match waits(j.seen, times::start(j)).into_iter().find(|w| w.from <= j.now) {
        Some(wait) if over::is_over(j) => Note::is_false(types::WAITING, reasons::WAITED, wait.message),
        Some(wait) => Note::is_true(types::WAITING, wait.reason, wait.message),
        None => Note::no_longer_true(types::WAITING, reasons::WAITED),
    }
}

/// When a wait becomes long enough to report, or the run stops waiting for a Pod.
pub fn wake(seen: &Observed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if !seen.job.has_company() {
        return None;
    }
    let reported = waits(seen, seen.started_at()).into_iter().map(|w| w.from);
    let given_up = seen.own_pods().filter_map(|pod| silent_at(seen, pod));
    reported.chain(given_up).filter(|at| *at > now).fold(None, |first, at| sooner(first, Some(at)))
}

/// All waits of a run with this start time, the most important ones first.
fn waits(seen: &Observed, start: Option<DateTime<Utc>>) -> Vec<Wait> {
    let pods = || seen.own_pods().filter(|pod| !pod.ended());
    let silent = pods().filter_map(|pod| silent(pod, seen.job.kind));
    let stopping = pods().filter_map(stopping);
    let starting = pods().filter(|pod| pod.active()).filter_map(|pod| starting(seen, pod, start));
    silent.chain(stopping).chain(starting).collect()
}

fn silent(pod: &Pod, kind: Kind) -> Option<Wait> {
    let end = must_have_ended_at(pod)?;
    let until = match kind {
        Kind::SidecarJob => {
            format!(
                "If the Pod's result is known, the run stops waiting at {}",
                time::format(time::after(end, SILENCE))
            )
        }
        Kind::Job => "The Job waits until somebody deletes the Pod or the node".into(),
    };
    let message = format!(
        "Pod {} should have ended at {}, and the kubelet has not reported the end; the node may be gone. {until}",
        pod.name,
        time::format(end),
    );
    Some(Wait { from: time::after(end, PATIENCE), reason: reasons::KUBELET_SILENT, message })
}

/// The kubelet stops the Pod, and containers still run.
fn stopping(pod: &Pod) -> Option<Wait> {
    let (from, end) = stops_since(pod).filter(|_| pod.active()).zip(must_have_ended_at(pod))?;
    let running = pod.containers.iter().filter(|c| c.state == State::Running && c.slot != observed::Slot::Init);
    let names: Vec<&str> = running.map(|c| c.name.as_str()).collect();
    (!names.is_empty()).then(|| Wait {
        from: time::after(from, PATIENCE),
        reason: reasons::SIDECAR_STOPPING,
        message: format!(
            "the kubelet began to stop Pod {} at {} (preStop hooks, then SIGTERM); still running: {}; the kubelet \
             kills these containers at {}",
            pod.name,
            time::format(from),
            names.join(", "),
            time::format(end)
        ),
    })
}

/// The main containers have not started.
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
        "the main containers of Pod {} wait for sidecar {}, which is not up. {}",
        pod.name,
        not_up.name,
        until(seen, start, sidecar_deadline(&not_up.name))
    );
    Some(Wait { from: time::after(since, PATIENCE), reason: reasons::SIDECAR_NOT_UP, message })
}

/// The end of the wait, in words.
fn until(seen: &Observed, start: Option<DateTime<Utc>>, sidecar: Option<DateTime<Utc>>) -> String {
    let spec = &seen.job.spec;
    let run = start.zip(spec.active_deadline).map(|(start, span)| time::after(start, span));
    let words = |what, at| format!("The run waits until {}: {what}", time::format(at));
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
