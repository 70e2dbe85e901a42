//! What is left to do when a job is over, or is being deleted?
//!
//! A finished job is never judged again. Its Pods lose leftover finalizers, and when `ttlSecondsAfterFinished` has
//! passed it is deleted, with its Pods. Terminal stays terminal.

use chrono::{DateTime, Utc};

use crate::api::Kind;
use crate::engine::observed::{Observed, time};
use crate::engine::plan::{Plan, Step};

/// The job is Complete or Failed.
pub fn clean_up(seen: &Observed, now: DateTime<Utc>) -> Plan {
    let mut plan = release_all(seen);
    if let Some(at) = expires_at(seen) {
        if at <= now {
            plan.steps.push(Step::DeleteJob);
        } else {
            plan.wake_at(Some(at));
        }
    }
    plan
}

/// Nobody counts its Pods any more.
pub fn release_all(seen: &Observed) -> Plan {
    let tracked = seen.own_pods().filter(|pod| pod.tracked);
    let mut steps: Vec<Step> = tracked.map(|pod| Step::Release(pod.to_ref())).collect();
    steps.extend(seen.orphans.iter().cloned().map(Step::Release));
    Plan { steps, ..Plan::nothing() }
}

/// A Job is deleted by Kubernetes' own TTL controller, whoever manages it.
fn expires_at(seen: &Observed) -> Option<DateTime<Utc>> {
    if seen.job.kind == Kind::Job {
        return None;
    }
    Some(time::after(seen.job.status.finished_at()?, seen.job.spec.ttl?))
}

#[cfg(test)]
mod tests;
