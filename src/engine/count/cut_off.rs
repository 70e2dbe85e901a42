//! Did the main containers end by themselves, or because somebody ended their Pod?
//!
//! A process that gets SIGTERM may exit with 0 although its work is not done. So an exit code of 0 is a success only if
//! the container ended before anybody began to end the Pod: by a deletion (a user, a drain, a preemption by the
//! scheduler), by the Pod's own deadline, or by the kubelet (an eviction, a node shutdown, a preemption). Kubernetes'
//! times have whole seconds, so the same second does not count as before. A failed probe and the OOM killer end a
//! container, not the Pod: then the exit code decides.
//!
//! The controller, too, ends plain sidecars by a deadline, but only when the result of their Pod is stored. A stored
//! result stays (`judged`), so nothing on the Pod has to say who set the deadline.

use chrono::{DateTime, Utc};

use crate::api::conditions::pod;
use crate::engine::observed::{Phase, Pod};

/// Somebody began to end the Pod before this time, at which the main containers ended.
pub fn before(pod: &Pod, mains_ended_at: DateTime<Utc>) -> bool {
    let deadline = pod.deadline_at().filter(|_| pod.phase != Phase::Succeeded);
    let passed = deadline.is_some_and(|at| at <= mains_ended_at);
    passed || by_its_kubelet(pod) || by_its_deletion(pod, mains_ended_at)
}

/// The kubelet reports such an end only when no container runs any more, and does not say when the end began. So the
/// containers that have ended in the status of a Pod that goes on ended before.
fn by_its_kubelet(pod: &Pod) -> bool {
    pod.phase == Phase::Failed && pod.reason.as_deref().is_some_and(|reason| reason != pod::DEADLINE_EXCEEDED)
}

/// An end that the kubelet reported before it knew of the deletion came before the deletion. After the kubelet has
/// ended the Pod because of the deletion, the API server no longer says when the deletion began: then main containers
/// may have ended after that.
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
