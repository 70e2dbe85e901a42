//! How does the status of a SidecarJob become the engine's status, and back? `batch` does the same for a Job.

mod batch;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api;
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::status::{Backoff, Counts, History, Status, Summary};
use crate::engine::observed::time;

impl Status {
    /// From the wire.
    pub fn from_wire(wire: &api::SidecarJobStatus) -> Self {
        let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
        let uncounted = wire.uncounted_terminated_pods.clone().unwrap_or_default();
        Self {
            observed_generation: wire.observed_generation,
            start_time: wire.start_time.as_ref().map(time::from_wire),
            main_finished_at: wire.main_finished_time.as_ref().map(time::from_wire),
            completion_time: wire.completion_time.as_ref().map(time::from_wire),
            counts: Counts {
                active: count(wire.active),
                ready: count(wire.ready),
                stopping: count(wire.stopping),
                terminating: count(wire.terminating),
            },
            succeeded: count(wire.succeeded).unwrap_or(0),
            failed: count(wire.failed).unwrap_or(0),
            uncounted_succeeded: uncounted.succeeded.into_iter().collect(),
            uncounted_failed: uncounted.failed.into_iter().collect(),
            counted: wire.counted_terminated_pods.iter().cloned().collect(),
            completed: indexes(wire.completed_indexes.as_deref()).unwrap_or_default(),
            failed_indexes: indexes(wire.failed_indexes.as_deref()),
            backoff: wire.backoff.as_ref().map(|b| Backoff {
                failures: count(Some(b.failures)).unwrap_or(1),
                last_failure_at: time::from_wire(&b.last_failure_time),
            }),
            conditions: Conditions(wire.conditions.clone()),
            summary: Summary {
                phase: wire.phase,
                reason: wire.reason.clone(),
                message: wire.message.clone(),
                completions: wire.completions.clone(),
                sidecars: wire.sidecars.clone(),
                sidecars_to_stop: count(wire.sidecars_to_stop),
                duration: wire.duration.clone(),
                selector: wire.selector.clone(),
            },
            history: Arc::new(History {
                containers: wire.containers.clone(),
                last_failure: wire.last_failure.clone(),
                retries: wire.retries.clone(),
                recent_pods: wire.recent_pods.clone(),
            }),
        }
    }

    /// To the wire.
    pub fn to_wire(&self) -> api::SidecarJobStatus {
        let count = |n: u32| Some(i32::try_from(n).unwrap_or(i32::MAX));
        let Summary { phase, reason, message, completions, sidecars, sidecars_to_stop, duration, selector } =
            self.summary.clone();
        let history = (*self.history).clone();
        api::SidecarJobStatus {
            observed_generation: self.observed_generation,
            phase,
            reason,
            message,
            conditions: self.conditions.0.clone(),
            start_time: self.start_time.map(time::to_wire),
            main_finished_time: self.main_finished_at.map(time::to_wire),
            completion_time: self.completion_time.map(time::to_wire),
            active: self.counts.active.and_then(count),
            ready: self.counts.ready.and_then(count),
            stopping: self.counts.stopping.and_then(count),
            terminating: self.counts.terminating.and_then(count),
            succeeded: count(self.succeeded),
            failed: count(self.failed),
            uncounted_terminated_pods: uncounted(&self.uncounted_succeeded, &self.uncounted_failed),
            counted_terminated_pods: self.counted.iter().cloned().collect(),
            completed_indexes: (!self.completed.is_empty()).then(|| self.completed.to_string()),
            failed_indexes: self.failed_indexes.as_ref().map(Indexes::to_string),
            backoff: self.backoff.map(|b| api::status::Backoff {
                failures: i32::try_from(b.failures).unwrap_or(i32::MAX),
                last_failure_time: time::to_wire(b.last_failure_at),
            }),
            containers: history.containers,
            last_failure: history.last_failure,
            retries: history.retries,
            recent_pods: history.recent_pods,
            completions,
            sidecars,
            sidecars_to_stop: sidecars_to_stop.and_then(count),
            duration,
            selector,
        }
    }
}

fn indexes(text: Option<&str>) -> Option<Indexes> {
    text.map(|text| Indexes::parse(text, u32::MAX))
}

fn uncounted(succeeded: &BTreeSet<String>, failed: &BTreeSet<String>) -> Option<api::UncountedTerminatedPods> {
    let lists = api::UncountedTerminatedPods {
        succeeded: succeeded.iter().cloned().collect(),
        failed: failed.iter().cloned().collect(),
    };
    (lists != api::UncountedTerminatedPods::default()).then_some(lists)
}
