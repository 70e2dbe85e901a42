//! What became of a Pod?
//!
//! The result of a Pod is the result of its main containers, alone, and it is known as soon as they are done: sidecars
//! that still drain, crash, are killed or hang change nothing. Whether a Pod counts is `tracking`'s part.

use chrono::{DateTime, Utc};

use super::observed::{Container, Kind, Phase, Pod, Restart, Spec, State};
use super::roles::{Role, Roles};

/// How a Pod's main containers ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// All of them with exit code 0.
    pub success: bool,
    /// When the last of them ended, as well as it is known.
    pub at: DateTime<Utc>,
}

/// The outcome, or `None` while it is open. `failing`: the run has failed, so a Pod that is being deleted has too.
pub fn of(pod: &Pod, spec: &Spec, failing: bool) -> Option<Outcome> {
    if pod.ended() {
        return Some(ended(pod, &spec.roles));
    }
    early(pod, &spec.roles).or_else(|| deleted(pod, failing || !spec.replaces_ended_only()))
}

/// The kubelet's word, unless the Pod reads Failed and has sidecars: that may be theirs, so the exit codes of the main
/// containers decide, if all are known.
fn ended(pod: &Pod, roles: &Roles) -> Outcome {
    let all_zero = |c: &Container| matches!(c.state, State::Terminated { exit: 0, .. });
    let sidecars = has_sidecars(pod, roles);
    let mains_succeeded = sidecars && mains(pod, roles).count() > 0 && mains(pod, roles).all(all_zero);
    let success = pod.phase == Phase::Succeeded || mains_succeeded;
    let at = if success && sidecars { last_end(mains(pod, roles)) } else { None };
    Outcome { success, at: at.unwrap_or_else(|| ended_at(pod)) }
}

/// While sidecars go on: as soon as the main containers are done. Without sidecars the kubelet says so itself.
fn early(pod: &Pod, roles: &Roles) -> Option<Outcome> {
    let mains: Vec<&Container> = mains(pod, roles).collect();
    if mains.is_empty() || !has_sidecars(pod, roles) || !mains.iter().all(|c| done(c)) {
        return None;
    }
    let success = mains.iter().all(|c| matches!(c.state, State::Terminated { exit: 0, .. }));
    Some(Outcome { success, at: last_end(mains.iter().copied()).unwrap_or_else(|| ended_at(pod)) })
}

/// A Pod that is deleted before its main containers are done has failed: at once, or with policy Failed when it ended.
fn deleted(pod: &Pod, at_once: bool) -> Option<Outcome> {
    (at_once && pod.deleting_since.is_some()).then(|| Outcome { success: false, at: ended_at(pod) })
}

fn has_sidecars(pod: &Pod, roles: &Roles) -> bool {
    sidecars(pod, roles).next().is_some()
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
fn done(c: &Container) -> bool {
    match (c.state, c.restart) {
        (State::Terminated { .. }, Restart::Never) => true,
        (State::Terminated { exit, .. }, Restart::OnFailure) => exit == 0,
        _ => false,
    }
}

/// When the last of them ended, if all have and say when.
fn last_end<'a>(mut containers: impl Iterator<Item = &'a Container>) -> Option<DateTime<Utc>> {
    containers.try_fold(DateTime::<Utc>::MIN_UTC, |last, c| match c.state {
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
