//! What became of a Pod?
//!
//! The result of a Pod is the result of its main containers, alone, and it is known as soon as they are done: sidecars
//! that still drain, crash, are killed or hang change nothing. A Pod that the controller failed for its sidecars' sake, as
//! the spec told it to, is marked and stays failed. Whether a Pod counts is `tracking`'s part.

use chrono::{DateTime, Utc};

use super::observed::{Container, Kind, Phase, Pod, Restart, State};
use super::roles::{Role, Roles};
use crate::api::{PodReplacementPolicy, Require};

/// How a Pod's main containers ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// As many of them with exit code 0 as `mainContainers.require` asks for.
    pub success: bool,
    /// When the last of them ended, as well as it is known.
    pub at: DateTime<Utc>,
}

/// The outcome, or `None` while it is open.
pub fn of(pod: &Pod, roles: &Roles, replacement: PodReplacementPolicy) -> Option<Outcome> {
    let mains: Vec<&Container> = mains(pod, roles).collect();
    if let Some(at) = success_at(pod, &mains, roles.require()) {
        let too_late = pod.marks.failed.is_some() && pod.marks.stopping_since.is_some_and(|failed| failed < at);
        if !too_late {
            return Some(Outcome { success: true, at });
        }
    }
    if pod.marks.failed.is_some() {
        return Some(Outcome { success: false, at: pod.marks.stopping_since.unwrap_or(pod.created_at) });
    }
    match pod.phase {
        Phase::Succeeded => Some(Outcome { success: true, at: ended_at(pod) }),
        Phase::Failed => Some(Outcome { success: false, at: ended_at(pod) }),
        _ if !mains.is_empty() && mains.iter().all(|c| done(c)) => {
            Some(Outcome { success: false, at: last_end(mains.iter().copied()).unwrap_or(ended_at(pod)) })
        }
        _ => deleted(pod, replacement),
    }
}

/// When as many main containers had succeeded as must: the last of all, or the first of any.
fn success_at(pod: &Pod, mains: &[&Container], require: Require) -> Option<DateTime<Utc>> {
    let succeeded: Vec<&Container> = mains.iter().copied().filter(|c| succeeded(c, pod.ended())).collect();
    match require {
        _ if succeeded.is_empty() => None,
        Require::All => (succeeded.len() == mains.len()).then(|| last_end(succeeded).unwrap_or(ended_at(pod))),
        Require::Any => Some(succeeded.into_iter().filter_map(|c| last_end([c])).min().unwrap_or(ended_at(pod))),
    }
}

/// A Pod that is deleted before its main containers are done has failed: at once, or with policy Failed when it ended.
fn deleted(pod: &Pod, replacement: PodReplacementPolicy) -> Option<Outcome> {
    let at = pod.deleting_since?;
    (replacement == PodReplacementPolicy::TerminatingOrFailed).then_some(Outcome { success: false, at })
}

/// The Pod's main containers.
pub fn mains<'a>(pod: &'a Pod, roles: &'a Roles) -> impl Iterator<Item = &'a Container> {
    pod.containers.iter().filter(|c| is_main(c, roles))
}

/// The Pod's sidecars, native and plain.
pub fn sidecars<'a>(pod: &'a Pod, roles: &'a Roles) -> impl Iterator<Item = &'a Container> {
    pod.containers.iter().filter(|c| c.kind != Kind::Init && !is_main(c, roles))
}

fn is_main(c: &Container, roles: &Roles) -> bool {
    c.kind == Kind::Plain && roles.of_container(&c.name) == Role::Main
}

/// It ended and will not be started again.
pub fn done(c: &Container) -> bool {
    match (c.state, c.restart) {
        (State::Terminated { .. }, Restart::Never) => true,
        (State::Terminated { exit, .. }, Restart::OnFailure) => exit == 0,
        _ => false,
    }
}

/// It ended with exit code 0 for good: by its restart policy, or since the whole Pod ended.
fn succeeded(c: &Container, pod_ended: bool) -> bool {
    matches!(c.state, State::Terminated { exit: 0, .. }) && (pod_ended || done(c))
}

fn last_end<'a>(containers: impl IntoIterator<Item = &'a Container>) -> Option<DateTime<Utc>> {
    containers.into_iter().try_fold(DateTime::<Utc>::MIN_UTC, |last, c| match c.state {
        State::Terminated { at: Some(at), .. } => Some(last.max(at)),
        _ => None,
    })
}

/// When the Pod ended: its last container's end; else since when it is not Ready; else its deletion; else its creation.
fn ended_at(pod: &Pod) -> DateTime<Utc> {
    let counted = |c: &&Container| c.kind != Kind::Init;
    last_end(pod.containers.iter().filter(counted))
        .filter(|at| *at > DateTime::<Utc>::MIN_UTC)
        .or(pod.unready_since)
        .or(pod.deleting_since)
        .unwrap_or(pod.created_at)
}

#[cfg(test)]
mod tests;
