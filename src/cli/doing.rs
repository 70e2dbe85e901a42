//! What does one Pod do now: what does it wait for, which container blocks it, and until when?
//!
//! The Pod says it, whoever created the Pod: the controller, the built-in Job controller, or somebody else. This module is
//! pure.

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::{ContainerStateWaiting, Pod};
use kube::ResourceExt;

use crate::api::Kind;
use crate::api::labels;
use crate::cli::roles::Container;
use crate::cli::roles::Role;
use crate::cli::roles::all;
use crate::cli::seen::is_end;
use crate::cli::when;

/// Reasons of a container that waits for its turn, which need no word.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];
/// A container that crashed, and that the kubelet starts again after a wait.
const CRASHED: &str = "CrashLoopBackOff";
/// The grace period of a Pod without `terminationGracePeriodSeconds`, in seconds.
const DEFAULT_GRACE: i64 = 30;

/// Who stops the sidecars when the main containers are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoppedBy {
    /// The kubelet, which stops native sidecars, or all containers of a Pod that is being ended.
    Kubelet,
    /// The controller.
    Controller,
}

/// What a Pod does.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// It has ended.
    Ended,
    /// Somebody deleted it; the kubelet kills what still runs at `until`.
    Deleted {
        /// The end of the grace period.
        until: DateTime<Utc>,
    },
    /// It waits for a node.
    NoNode {
        /// The scheduler's words.
        message: String,
    },
    /// It has scheduling gates, which somebody must remove.
    Gated,
    /// A container can't start.
    CantStart {
        /// Its name.
        container: String,
        /// The kubelet's word.
        reason: String,
        /// The kubelet's sentence.
        message: String,
        /// The image.
        image: String,
    },
    /// A container crashed, and the kubelet starts it again after a wait.
    Crashed {
        /// Its name.
        container: String,
        /// Its role.
        role: Role,
        /// How often the kubelet started it again.
        restarts: i32,
        /// The kubelet's sentence, which says how long the wait is.
        message: String,
    },
    /// The main containers wait for a sidecar.
    SidecarNotUp {
        /// The sidecar.
        sidecar: String,
        /// Since when it runs, if it does.
        since: Option<DateTime<Utc>>,
    },
    /// An init container works.
    Initializes {
        /// Its name.
        container: String,
        /// Since when.
        since: Option<DateTime<Utc>>,
    },
    /// The kubelet prepares the Pod.
    Starts,
    /// A main container works.
    Works {
        /// The main containers that run.
        containers: Vec<String>,
        /// Since when the oldest of them does.
        since: Option<DateTime<Utc>>,
    },
    /// The main containers are done, and sidecars still run.
    Drains {
        /// The sidecars.
        sidecars: Vec<String>,
        /// When the last main container ended.
        since: DateTime<Utc>,
        /// When the kubelet kills them. `None`: the Pod does not say, or the time is out of all bounds.
        until: Option<DateTime<Utc>>,
        /// Who asks them to stop.
        by: StoppedBy,
    },
    /// Containers have ended, and plain containers that nobody stops still run.
    Hangs {
        /// The containers that have ended.
        ended: Vec<String>,
        /// When the last of them ended.
        since: DateTime<Utc>,
        /// The containers that run.
        running: Vec<String>,
        /// The Pod has the annotation that names its main containers, and no policy moved its sidecars.
        annotated: bool,
    },
}

/// What the Pod does. `ours`: this controller runs it.
pub fn of(pod: &Pod, ours: bool) -> Doing {
    let status = pod.status.as_ref();
    if status.and_then(|s| s.phase.as_deref()).is_some_and(is_end) {
        return Doing::Ended;
    }
    if let Some(at) = &pod.metadata.deletion_timestamp {
        return Doing::Deleted { until: when::of(at) };
    }
    unscheduled(pod)
        .or_else(|| cant_start(pod))
        .or_else(|| works(pod))
        .or_else(|| drains(pod, ours))
        .or_else(|| crashed(pod))
        .or_else(|| starts(pod))
        .unwrap_or(Doing::Starts)
}

/// This controller runs the Pod: its owner is a SidecarJob, or the controller wrote the mode of its sidecars.
pub fn is_ours(pod: &Pod) -> bool {
    let of_run = |owner: &k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference| {
        Kind::of_reference(&owner.api_version, &owner.kind) == Some(Kind::SidecarJob)
    };
    pod.annotations().contains_key(labels::MODE) || pod.owner_references().iter().any(of_run)
}

/// When the last main container ended, if all main containers have ended for good.
pub fn main_end(pod: &Pod) -> Option<DateTime<Utc>> {
    let mains = all(pod).filter(|c| c.role == Role::Main).map(|c| end_for_good(pod, &c)).collect::<Option<Vec<_>>>()?;
    mains.into_iter().max()
}

/// Events of the Pod's own that say what it waits for while nothing else does, newest last: their reasons.
pub const WAITS: [&str; 4] = ["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedScheduling"];

fn unscheduled(pod: &Pod) -> Option<Doing> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    let waits = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    if waits.reason.as_deref() == Some("SchedulingGated") {
        return Some(Doing::Gated);
    }
    Some(Doing::NoNode { message: waits.message.clone().unwrap_or_else(|| "the scheduler gives no reason".into()) })
}

fn waiting<'a>(c: &Container<'a>) -> Option<&'a ContainerStateWaiting> {
    c.status.state.as_ref()?.waiting.as_ref()
}

fn cant_start(pod: &Pod) -> Option<Doing> {
    all(pod).find_map(|c| {
        let why = waiting(&c)?;
        let reason = why.reason.as_deref().filter(|reason| !USUAL.contains(reason) && *reason != CRASHED)?;
        Some(Doing::CantStart {
            container: c.status.name.clone(),
            reason: reason.to_owned(),
            message: why.message.clone().unwrap_or_default(),
            image: image(pod, &c.status.name),
        })
    })
}

/// The image as the spec has it: the status has none before the pull.
fn image(pod: &Pod, name: &str) -> String {
    let spec = pod.spec.as_ref();
    let plain = spec.map(|s| s.containers.as_slice()).unwrap_or_default();
    let init = spec.and_then(|s| s.init_containers.as_deref()).unwrap_or_default();
    let container = init.iter().chain(plain).find(|c| c.name == name);
    container.and_then(|c| c.image.clone()).unwrap_or_default()
}

fn works(pod: &Pod) -> Option<Doing> {
    let annotated = pod.annotations().contains_key(labels::MAIN);
    let plain_done = all(pod).any(|c| c.role == Role::Main && end_for_good(pod, &c).is_some());
    if !annotated && plain_done {
        return None; // a main container is done, and what still runs may be a sidecar
    }
    let running: Vec<Container<'_>> = all(pod).filter(|c| c.role == Role::Main && c.runs()).collect();
    let since = running.iter().filter_map(|c| runs_since(c)).min();
    let containers: Vec<String> = running.iter().map(|c| c.status.name.clone()).collect();
    (!containers.is_empty()).then_some(Doing::Works { containers, since })
}

fn runs_since(c: &Container<'_>) -> Option<DateTime<Utc>> {
    c.status.state.as_ref()?.running.as_ref()?.started_at.as_ref().map(when::of)
}

/// When the container ended, if the kubelet does not start it again.
fn end_for_good(pod: &Pod, c: &Container<'_>) -> Option<DateTime<Utc>> {
    let end = c.ended()?;
    let policy = pod.spec.as_ref().and_then(|s| s.restart_policy.as_deref());
    let starts_again = match policy {
        Some("Never") => false,
        Some("OnFailure") => end.exit_code != 0,
        _ => true,
    };
    (!starts_again).then(|| end.finished_at.as_ref().map(when::of)).flatten()
}

fn drains(pod: &Pod, ours: bool) -> Option<Doing> {
    let names = |of: &dyn Fn(&Container<'_>) -> bool| -> Vec<String> {
        all(pod).filter(|c| of(c)).map(|c| c.status.name.clone()).collect()
    };
    let plain = names(&|c| !c.native && c.role != Role::Init && c.runs());
    let native = names(&|c| c.native && c.runs());
    let ended: Vec<(String, DateTime<Utc>)> = all(pod)
        .filter(|c| c.role == Role::Main)
        .filter_map(|c| Some((c.status.name.clone(), end_for_good(pod, &c)?)))
        .collect();
    let since = ended.iter().map(|(_, at)| *at).max()?;
    if plain.is_empty() {
        main_end(pod)?;
        let until = since.checked_add_signed(grace(pod));
        let by = StoppedBy::Kubelet;
        return (!native.is_empty()).then_some(Doing::Drains { sidecars: native, since, until, by });
    }
    if ours || is_ours(pod) {
        let by_kubelet = deadline(pod);
        let by = if by_kubelet.is_some() { StoppedBy::Kubelet } else { StoppedBy::Controller };
        let until = by_kubelet.and_then(|at| at.checked_add_signed(grace(pod)));
        let sidecars = plain.into_iter().chain(native).collect();
        return Some(Doing::Drains { sidecars, since, until, by });
    }
    let annotated = pod.annotations().contains_key(labels::MAIN);
    let ended = ended.into_iter().map(|(name, _)| name).collect();
    Some(Doing::Hangs { ended, since, running: plain, annotated })
}

fn grace(pod: &Pod) -> TimeDelta {
    let seconds = pod.spec.as_ref().and_then(|s| s.termination_grace_period_seconds).unwrap_or(DEFAULT_GRACE);
    TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX)
}

/// When the Pod's own `activeDeadlineSeconds` passes.
fn deadline(pod: &Pod) -> Option<DateTime<Utc>> {
    let start = when::of(pod.status.as_ref()?.start_time.as_ref()?);
    let span = TimeDelta::try_seconds(pod.spec.as_ref()?.active_deadline_seconds?)?;
    start.checked_add_signed(span)
}

fn crashed(pod: &Pod) -> Option<Doing> {
    all(pod).find_map(|c| {
        let why = waiting(&c).filter(|why| why.reason.as_deref() == Some(CRASHED))?;
        Some(Doing::Crashed {
            container: c.status.name.clone(),
            role: c.role,
            restarts: c.status.restart_count,
            message: why.message.clone().unwrap_or_default(),
        })
    })
}

fn starts(pod: &Pod) -> Option<Doing> {
    let name = |c: &Container<'_>| c.status.name.clone();
    // Init containers and native sidecars start one after the other: the first that is not done or up holds back the rest.
    let first = all(pod).find(|c| match c.role {
        Role::Sidecar => c.native && c.status.started != Some(true),
        Role::Init => c.ended().is_none_or(|end| end.exit_code != 0),
        Role::Main => false,
    })?;
    match first.role {
        Role::Sidecar => Some(Doing::SidecarNotUp { sidecar: name(&first), since: runs_since(&first) }),
        _ if first.runs() => Some(Doing::Initializes { container: name(&first), since: runs_since(&first) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
