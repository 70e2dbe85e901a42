//! What is the result of a Pod?
//!
//! The main containers alone decide the result, and the result is known as soon as they are done: a sidecar that still
//! runs, crashes, hangs, or is killed changes nothing. A main container has not succeeded, whatever its exit code is,
//! if somebody began to end the Pod before the container was done (`cut_off`). A Pod that the controller failed because
//! of its sidecars has a mark and stays failed. `judged` and `tally` say whether a Pod counts.

use chrono::{DateTime, Utc};

use crate::api::Require;
use crate::engine::count::cut_off;
use crate::engine::observed::roles::{Role, Roles};
use crate::engine::observed::{Container, Phase, Pod, Slot, Spec, State};

/// How a Pod's main containers ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// As many main containers ended with exit code 0 as `mainContainers.require` asks for.
    pub success: bool,
    /// When the last main container ended, as far as the status tells.
    pub at: DateTime<Utc>,
}

/// The outcome, or `None` while it is not known. `failing`: the run has failed, so a Pod that is being deleted has
/// failed too.
pub fn of(pod: &Pod, spec: &Spec, failing: bool) -> Option<Outcome> {
    let by_mains = if pod.ended() { Some(ended(pod, &spec.roles)) } else { early(pod, &spec.roles) };
    failed_by_us(pod, by_mains).or(by_mains).or_else(|| deleted(pod, failing || !spec.replaces_ended_only()))
}

/// The controller failed the Pod because of its sidecars, and the main containers had not succeeded before. The same
/// second does not count as before: the main containers may have exited with 0 because of SIGTERM.
fn failed_by_us(pod: &Pod, by_mains: Option<Outcome>) -> Option<Outcome> {
    let at = pod.marks.failed.as_ref().map(|_| pod.marks.stopping_since.unwrap_or(pod.created_at))?;
    let in_time = by_mains.is_some_and(|o| o.success && o.at < at);
    (!in_time).then_some(Outcome { success: false, at })
}

/// Without sidecars the phase of the Pod decides. With sidecars the exit codes of the main containers decide, if all
/// are known and nobody ended the Pod before: the phase may be Failed because of a sidecar.
fn ended(pod: &Pod, roles: &Roles) -> Outcome {
    let alone = !goes_on_after_mains(pod, roles);
    let by_mains = success_at(pod, roles).filter(|_| !alone);
    let success = match by_mains {
        Some(at) => !cut_off::before(pod, at),
        None => pod.phase == Phase::Succeeded,
    };
    // The same time as while the sidecars drained: with another time the failure would look new.
    let failed_at = || last_end(mains(pod, roles)).filter(|_| !success && !alone);
    Outcome { success, at: by_mains.or_else(failed_at).unwrap_or_else(|| ended_at(pod)) }
}

/// The outcome of a Pod whose sidecars still run: known as soon as the main containers are done. Without sidecars the
/// kubelet reports the end of the Pod at once.
fn early(pod: &Pod, roles: &Roles) -> Option<Outcome> {
    let mains: Vec<&Container> = mains(pod, roles).collect();
    if mains.is_empty() || !goes_on_after_mains(pod, roles) || pod.starts_again() {
        return None;
    }
    if let Some(at) = success_at(pod, roles) {
        return Some(Outcome { success: !cut_off::before(pod, at), at });
    }
    let all_done = mains.iter().all(|c| c.done());
    all_done.then(|| Outcome { success: false, at: last_end(mains.into_iter()).unwrap_or_else(|| ended_at(pod)) })
}

/// As many main containers as required ended with exit code 0, whoever ended them.
pub fn exited_with_success(pod: &Pod, roles: &Roles) -> bool {
    success_at(pod, roles).is_some()
}

/// When as many main containers as required had succeeded for good: for All the last one, for Any the first one.
fn success_at(pod: &Pod, roles: &Roles) -> Option<DateTime<Utc>> {
    let for_good = |c: &&Container| matches!(c.state, State::Terminated { exit: 0, .. }) && (pod.ended() || c.done());
    let succeeded: Vec<&Container> = mains(pod, roles).filter(for_good).collect();
    match roles.require() {
        _ if succeeded.is_empty() => None,
        Require::All if succeeded.len() < mains(pod, roles).count() => None,
        Require::All => Some(last_end(succeeded.into_iter()).unwrap_or_else(|| ended_at(pod))),
        Require::Any => {
            let ends = succeeded.into_iter().filter_map(|c| last_end(std::iter::once(c)));
            Some(ends.min().unwrap_or_else(|| ended_at(pod)))
        }
    }
}

/// Containers may still run when the required main containers are done.
fn goes_on_after_mains(pod: &Pod, roles: &Roles) -> bool {
    roles.require() == Require::Any || has_sidecars(pod, roles)
}

/// A Pod that somebody deletes before the main containers are done has failed: at once, or with policy Failed when it
/// has ended.
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
    pod.containers.iter().filter(|c| c.slot != Slot::Init && !is_main(c, roles))
}

fn is_main(c: &Container, roles: &Roles) -> bool {
    c.slot == Slot::Plain && !c.never_ends() && roles.of_container(&c.name) == Role::Main
}

/// When the last of these containers ended. `None`: there are none, or one of them runs or does not say when it ended.
fn last_end<'a>(mut containers: impl Iterator<Item = &'a Container>) -> Option<DateTime<Utc>> {
    let last = containers.try_fold(None, |last: Option<DateTime<Utc>>, c| match c.state {
        State::Terminated { at: Some(at), .. } => Some(last.max(Some(at))),
        _ => None,
    });
    last.flatten()
}

/// When the Pod ended: when its last container ended; if unknown, since when the Pod is not Ready; if unknown, when
/// somebody deleted the Pod; otherwise when the API server created it.
fn ended_at(pod: &Pod) -> DateTime<Utc> {
    let counted = |c: &&Container| c.slot != Slot::Init;
    last_end(pod.containers.iter().filter(counted))
        .or(pod.unready_since)
        .or(pod.deleting_since)
        .unwrap_or(pod.created_at)
}

#[cfg(test)]
mod tests;
