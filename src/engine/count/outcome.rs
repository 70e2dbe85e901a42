//! What became of a Pod?
//!
//! The result of a Pod is the result of its main containers, alone, and it is known as soon as they are done: sidecars
//! that still drain, crash, are killed or hang change nothing. A main container whose Pod was being ended before it was
//! done by itself has not succeeded, whatever its exit code is (`cut_off`). A Pod that the controller failed for its
//! sidecars' sake, as the spec told it to, is marked and stays failed. Whether a Pod counts is `tally`'s part.

use chrono::{DateTime, Utc};

use crate::api::Require;
use crate::engine::count::cut_off;
use crate::engine::observed::roles::{Role, Roles};
use crate::engine::observed::{Container, Phase, Pod, Slot, Spec, State};

/// How a Pod's main containers ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// As many of them with exit code 0 as `mainContainers.require` asks for.
    pub success: bool,
    /// When the last of them ended, as well as it is known.
    pub at: DateTime<Utc>,
}

/// The outcome, or `None` while it is open. `failing`: the run has failed, so a Pod that is being deleted has too.
pub fn of(pod: &Pod, spec: &Spec, failing: bool) -> Option<Outcome> {
    let by_mains = if pod.ended() { Some(ended(pod, &spec.roles)) } else { early(pod, &spec.roles) };
    failed_by_us(pod, by_mains).or(by_mains).or_else(|| deleted(pod, failing || !spec.replaces_ended_only()))
}

/// What its sidecars did failed it, unless its main containers had succeeded before. In the same second is not before: they
/// may have ended well because they were told to end.
fn failed_by_us(pod: &Pod, by_mains: Option<Outcome>) -> Option<Outcome> {
    let at = pod.marks.failed.as_ref().map(|_| pod.marks.stopping_since.unwrap_or(pod.created_at))?;
    let in_time = by_mains.is_some_and(|o| o.success && o.at < at);
    (!in_time).then_some(Outcome { success: false, at })
}

/// Without sidecars the kubelet's word. With sidecars Failed may be their doing and Succeeded that of a process that was
/// told to end: the exit codes of the main containers decide, where all are known and nobody ended the Pod before.
fn ended(pod: &Pod, roles: &Roles) -> Outcome {
    let alone = !goes_on_after_mains(pod, roles);
    let by_mains = success_at(pod, roles).filter(|_| !alone);
    let success = match by_mains {
        Some(at) => !cut_off::before(pod, at),
        None => pod.phase == Phase::Succeeded,
    };
    // The time that was known while sidecars drained stays, or the failure would be news again.
    let failed_at = || last_end(mains(pod, roles)).filter(|_| !success && !alone);
    Outcome { success, at: by_mains.or_else(failed_at).unwrap_or_else(|| ended_at(pod)) }
}

/// While sidecars go on: as soon as the main containers are done. Without sidecars the kubelet says so itself.
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

/// As many main containers as must have ended with exit code 0, whoever ended them.
pub fn exited_with_success(pod: &Pod, roles: &Roles) -> bool {
    success_at(pod, roles).is_some()
}

/// When as many main containers had succeeded as must, for good: the last of all, or the first of any.
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

/// Something may go on when the main containers that decide are done.
fn goes_on_after_mains(pod: &Pod, roles: &Roles) -> bool {
    roles.require() == Require::Any || has_sidecars(pod, roles)
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
    pod.containers.iter().filter(|c| c.slot != Slot::Init && !is_main(c, roles))
}

fn is_main(c: &Container, roles: &Roles) -> bool {
    c.slot == Slot::Plain && !c.never_ends() && roles.of_container(&c.name) == Role::Main
}

/// When the last of them ended, if there are some, and all have and say when.
fn last_end<'a>(mut containers: impl Iterator<Item = &'a Container>) -> Option<DateTime<Utc>> {
    let last = containers.try_fold(None, |last: Option<DateTime<Utc>>, c| match c.state {
        State::Terminated { at: Some(at), .. } => Some(last.max(Some(at))),
        _ => None,
    });
    last.flatten()
}

/// When the Pod ended: its last container's end; else since when it is not Ready; else its deletion; else its creation.
fn ended_at(pod: &Pod) -> DateTime<Utc> {
    let counted = |c: &&Container| c.slot != Slot::Init;
    last_end(pod.containers.iter().filter(counted))
        .or(pod.unready_since)
        .or(pod.deleting_since)
        .unwrap_or(pod.created_at)
}

#[cfg(test)]
mod tests;
