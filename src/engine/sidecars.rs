//! How are sidecars stopped that the kubelet does not stop by itself?
//!
//! Native sidecars need nothing. Plain ones (managed mode, injected, or an old cluster) are ended through the Pod's
//! `activeDeadlineSeconds`: the kubelet sends TERM to each, waits the grace period, keeps Pod and logs. The Pod's phase
//! then reads Failed/DeadlineExceeded; the result is in the status before, and comes from the exit codes of the main
//! containers anyway. Never by deleting the Pod: its logs would be lost.

use chrono::{DateTime, Utc};

use super::observed::{Kind, Observed, Pod, State};
use super::outcome;
use super::plan::Step;
use super::tracking::Tally;

/// One step for each Pod whose result is stored, or that counts for nothing, and whose plain sidecars alone still run.
pub fn stop(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> Vec<Step> {
    let settled = |pod: &&Pod| mains_done(seen, pod) && !tally.unstored.contains(&pod.uid);
    seen.pods
        .iter()
        .filter(|pod| pod.active())
        .filter(settled)
        .filter(|pod| has_running_plain_sidecar(seen, pod))
        .filter_map(|pod| stop_pod(pod, now))
        .collect()
}

fn mains_done(seen: &Observed, pod: &Pod) -> bool {
    outcome::of(pod, &seen.job.spec, false).is_some()
}

fn has_running_plain_sidecar(seen: &Observed, pod: &Pod) -> bool {
    outcome::sidecars(pod, &seen.job.spec.roles)
        .any(|c| c.kind == Kind::Plain && !matches!(c.state, State::Terminated { .. }))
}

/// The deadline is the time that has passed since the Pod started. One that has passed already needs no second.
fn stop_pod(pod: &Pod, now: DateTime<Utc>) -> Option<Step> {
    let started_at = pod.started_at?;
    let passed = (now - started_at).num_seconds().max(1);
    let stopping = pod.deadline_seconds.is_some_and(|d| d <= passed);
    (!stopping).then(|| Step::StopSidecars { pod: pod.to_ref(), deadline_seconds: passed })
}

#[cfg(test)]
mod tests;
