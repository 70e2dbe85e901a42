//! Who ended the main containers: they themselves, or whoever ended their Pod?
//!
//! A process that gets SIGTERM may exit with 0, and its work is not done all the same. So an exit code of 0 is a success
//! only where the container ended before anybody began to end the Pod: a deletion (by hand, by a drain, by the
//! scheduler's preemption), a deadline of the Pod's own, or its kubelet (eviction, node shutdown, preemption).
//! Kubernetes' times have whole seconds, so the same second is not before. A probe that fails and the OOM killer end
//! a container and not the Pod: there the exit code is the kubelet's word as well.

use chrono::{DateTime, Utc};

use super::observed::{Phase, Pod};
use crate::api::conditions::pod;

/// Somebody began to end the Pod before its main containers ended, at that time, by themselves.
pub fn before(pod: &Pod, mains_ended_at: DateTime<Utc>) -> bool {
    if is_ended_by_us(pod) {
        return false;
    }
    let deadline = pod.deadline_at().filter(|_| pod.phase != Phase::Succeeded);
    let began = [pod.deleting_since, deadline].into_iter().flatten();
    by_its_kubelet(pod) || by_a_deletion_of_old(pod) || began.into_iter().any(|at| at <= mains_ended_at)
}

/// The controller stops its sidecars, which it does only when the result of the Pod is stored. A Pod that the
/// controller fails is `outcome`'s part.
fn is_ended_by_us(pod: &Pod) -> bool {
    pod.marks.stopping_since.is_some() && pod.marks.failed.is_none()
}

/// The kubelet tells of such an end when nothing runs any more, and not since when: while the Pod goes on, the ends of
/// containers that are in its status came before.
fn by_its_kubelet(pod: &Pod) -> bool {
    pod.phase == Phase::Failed && pod.reason.as_deref().is_some_and(|reason| reason != pod::DEADLINE_EXCEEDED)
}

/// The kubelet has ended the Pod because of its deletion, and nothing tells any more when that began. A Pod that had ended
/// when it was deleted does not look so: its kubelet had said its last word.
fn by_a_deletion_of_old(pod: &Pod) -> bool {
    pod.ended() && pod.deletion_is_reported && pod.grace.is_zero()
}

#[cfg(test)]
mod tests;
