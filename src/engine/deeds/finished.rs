//! What remains to do when a run is finished, or is being deleted?
//!
//! The controller never judges a finished run again. The controller removes the remaining finalizers from the Pods, and
//! deletes the run and its Pods when `ttlSecondsAfterFinished` has passed. If somebody changes the spec after the end, one
//! write of the status says that the status describes this spec too.

use chrono::{DateTime, Utc};

use crate::api::Kind;
use crate::engine::observed::status::Status;
use crate::engine::observed::{Observed, time};
use crate::engine::plan::{Plan, Step};

/// For a run that is Complete or Failed.
pub fn clean_up(seen: &Observed, now: DateTime<Utc>) -> Plan {
    let mut plan = release_all(seen);
    if let Some(at) = expires_at(seen) {
        if at <= now {
            plan.steps.push(Step::DeleteJob);
        } else {
            plan.wake_at(Some(at));
        }
    }
    plan.status = for_this_spec(seen).filter(|_| plan.steps.is_empty());
    plan
}

/// The stored status with the generation of the spec, if the spec is newer. Until then kstatus (Flux, Helm) and
/// `kubectl wait` take the status for outdated, and wait for a newer one.
fn for_this_spec(seen: &Observed) -> Option<Status> {
    let (generation, stored) = (seen.job.generation, &seen.job.status);
    let is_old = stored.observed_generation.is_some_and(|observed| observed != generation);
    is_old.then(|| Status { observed_generation: Some(generation), ..stored.clone() })
}

/// Removes our finalizer from all Pods: nobody counts them any more.
pub fn release_all(seen: &Observed) -> Plan {
    let tracked = seen.own_pods().filter(|pod| pod.tracked);
    let mut steps: Vec<Step> = tracked.map(|pod| Step::Release(pod.to_ref())).collect();
    steps.extend(seen.orphans.iter().cloned().map(Step::Release));
    Plan { steps, ..Plan::nothing() }
}

/// When to delete the SidecarJob. Kubernetes' own TTL controller deletes a Job, whoever manages the Job.
fn expires_at(seen: &Observed) -> Option<DateTime<Utc>> {
    if seen.job.kind == Kind::Job {
        return None;
    }
    Some(time::after(seen.job.status.finished_at()?, seen.job.spec.ttl?))
}

#[cfg(test)]
mod tests;
