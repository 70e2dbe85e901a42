//! How does the status of a batch/v1 Job become the engine's status, and back?

use k8s_openapi::api::batch::v1::{JobCondition, JobStatus, UncountedTerminatedPods};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::status::wire::indexes;
use crate::engine::observed::status::{Counts, Status};
use crate::engine::observed::time;

impl Status {
    /// From the wire of a Job.
    pub fn from_batch(wire: &JobStatus) -> Self {
        let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
        let uncounted = wire.uncounted_terminated_pods.clone().unwrap_or_default();
        Self {
            start_time: wire.start_time.as_ref().map(time::from_wire),
            completion_time: wire.completion_time.as_ref().map(time::from_wire),
            counts: Counts {
                // The API server leaves out zeros, and a status that nobody has written has no `ready`.
                active: wire.ready.map(|_| count(wire.active).unwrap_or(0)),
                ready: count(wire.ready),
                stopping: None,
                terminating: count(wire.terminating),
            },
            succeeded: count(wire.succeeded).unwrap_or(0),
            failed: count(wire.failed).unwrap_or(0),
            uncounted_succeeded: uncounted.succeeded.into_iter().flatten().collect(),
            uncounted_failed: uncounted.failed.into_iter().flatten().collect(),
            completed: indexes(wire.completed_indexes.as_deref()).unwrap_or_default(),
            failed_indexes: indexes(wire.failed_indexes.as_deref()),
            conditions: Conditions(wire.conditions.iter().flatten().map(condition).collect()),
            ..Self::default()
        }
    }

    /// To the wire of a Job with the stored status `before`: conditions of other writers stay as they are.
    pub fn to_batch(&self, before: Option<&JobStatus>) -> JobStatus {
        let count = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        let there: Vec<&JobCondition> = before.iter().flat_map(|b| b.conditions.iter().flatten()).collect();
        let conditions: Vec<JobCondition> = self
            .conditions
            .0
            .iter()
            .map(|c| {
                there.iter().find(|old| condition(old) == *c).map_or_else(|| job_condition(c), |old| (*old).clone())
            })
            .collect();
        JobStatus {
            active: self.counts.active.map(count).filter(|n| *n > 0),
            ready: self.counts.ready.map(count),
            terminating: self.counts.terminating.map(count),
            start_time: self.start_time.map(time::to_wire),
            completion_time: self.completion_time.map(time::to_wire),
            succeeded: Some(count(self.succeeded)).filter(|n| *n > 0),
            failed: Some(count(self.failed)).filter(|n| *n > 0),
            completed_indexes: (!self.completed.is_empty()).then(|| self.completed.to_string()),
            failed_indexes: self.failed_indexes.as_ref().map(Indexes::to_string),
            uncounted_terminated_pods: Some(self.uncounted_on_the_wire()),
            conditions: (!conditions.is_empty()).then_some(conditions),
        }
    }

    fn uncounted_on_the_wire(&self) -> UncountedTerminatedPods {
        let list =
            |uids: &std::collections::BTreeSet<String>| (!uids.is_empty()).then(|| uids.iter().cloned().collect());
        UncountedTerminatedPods { succeeded: list(&self.uncounted_succeeded), failed: list(&self.uncounted_failed) }
    }
}

fn condition(wire: &JobCondition) -> Condition {
    Condition {
        type_: wire.type_.clone(),
        status: wire.status.clone(),
        reason: wire.reason.clone().unwrap_or_default(),
        message: wire.message.clone().unwrap_or_default(),
        last_transition_time: wire
            .last_transition_time
            .clone()
            .unwrap_or_else(|| time::to_wire(chrono::DateTime::UNIX_EPOCH)),
        observed_generation: None,
    }
}

fn job_condition(c: &Condition) -> JobCondition {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    JobCondition {
        type_: c.type_.clone(),
        status: c.status.clone(),
        reason: text(&c.reason),
        message: text(&c.message),
        last_transition_time: Some(c.last_transition_time.clone()),
        last_probe_time: Some(c.last_transition_time.clone()),
    }
}

#[cfg(test)]
mod tests;
