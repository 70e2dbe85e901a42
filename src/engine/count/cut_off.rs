//! Who ended the main containers: they themselves, or whoever ended their Pod?
//!
//! A process that gets SIGTERM may exit with 0, and its work is not done all the same. So an exit code of 0 is a success
//! only where the container ended before anybody began to end the Pod: a deletion (by hand, by a drain, by the
//! scheduler's preemption), a deadline of the Pod's own, or its kubelet (eviction, node shutdown, preemption).
//! Kubernetes' times have whole seconds, so the same second is not before. A probe that fails and the OOM killer end
//! a container and not the Pod: there the exit code is the kubelet's word as well.
//!
//! The controller ends plain sidecars by a deadline, too, and only when the result of their Pod is stored: what is stored
//! stays (`judged`), so nothing on the Pod has to say whose deadline it is.

use chrono::{DateTime, Utc};

use crate::api::conditions::pod;
use crate::engine::observed::{Phase, Pod};

/// Somebody began to end the Pod before its main containers ended, at that time, by themselves.
pub fn before(pod: &Pod, mains_ended_at: DateTime<Utc>) -> bool {
    let deadline = pod.deadline_at().filter(|_| pod.phase != Phase::Succeeded);
    let passed = deadline.is_some_and(|at| at <= mains_ended_at);
    passed || by_its_kubelet(pod) || by_its_deletion(pod, mains_ended_at)
}

/// The kubelet tells of such an end when nothing runs any more, and not since when: while the Pod goes on, the ends of
/// containers that are in its status came before.
fn by_its_kubelet(pod: &Pod) -> bool {
    pod.phase == Phase::Failed && pod.reason.as_deref().is_some_and(|reason| reason != pod::DEADLINE_EXCEEDED)
}

/// What the kubelet reported before it knew of the deletion came before. When the kubelet has ended the Pod because of its
/// deletion, the API server no longer tells when that began, and main containers may have ended after it.
fn by_its_deletion(pod: &Pod, mains_ended_at: DateTime<Utc>) -> bool {
    let Some(began) = pod.deleting_since else { return false };
    match pod.deletion_is_reported {
        Some(false) => false,
        Some(true) if pod.ended() && pod.grace.is_zero() => true,
        _ => began <= mains_ended_at,
    }
}

#[cfg(test)]
mod tests;
