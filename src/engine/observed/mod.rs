//! What does the controller observe? In types without open questions: this module applies all defaults, once.
//!
//! [`Observed`] has everything that a decision needs, the settings included. `controller::gather` makes it, from caches
//! and from the answers to our own writes.

mod attempt;
pub(crate) mod conditions;
mod container;
pub(crate) mod failure_policy;
pub mod indexes;
mod job;
mod pod;
pub(crate) mod roles;
mod sidecar;
pub mod status;
pub(crate) mod success_policy;
pub(crate) mod text;
pub(crate) mod time;
pub mod wire;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::recipes::{self, Recipe};

pub use attempt::{Ask, Attempt, AttemptState};
pub use container::{Container, Digest, End, Restart, RestartRule, Slot, State, Up, restarts_always};
pub use job::{Job, Spec};
pub use pod::{IndexFailures, Marks, Phase, Pod, PodRef, grace_seconds};
pub use sidecar::Sidecar;

/// One run, its Pods, and the settings of the controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The SidecarJob or Job.
    pub job: Job,
    /// The Pods of the run, oldest first. Of the Pods that have ended, only those that are not counted yet.
    pub pods: Vec<Arc<Pod>>,
    /// The Pods of the run whose labels the selector of the run does not match any more.
    pub unselected: Vec<PodRef>,
    /// Pods without an owner that the selector of the run matches.
    pub strays: Vec<PodRef>,
    /// Pods of an older object with the same name that still have our finalizer.
    pub orphans: Vec<PodRef>,
    /// The next number after the Pods of the run that have ended and are counted.
    pub next_number: u32,
    /// The API server rejected the last Pod.
    pub refusal: Option<Refusal>,
    /// Another step that failed more than once, and that the controller retries: what it tried, and the API server's
    /// message.
    pub failing: Option<String>,
    /// The attempts to stop single sidecars.
    pub attempts: Vec<Attempt>,
    /// The settings of the controller.
    pub settings: Settings,
}

impl Observed {
    /// The Pods of the run, oldest first.
    pub fn own_pods(&self) -> impl DoubleEndedIterator<Item = &Pod> + ExactSizeIterator + Clone {
        self.pods.iter().map(Arc::as_ref)
    }

    /// When the run started: the stored `startTime`, or before that is stored the creation of the oldest Pod. `None`: the
    /// run has neither. A Pod that the run adopted may be older than the run, and a run never starts before it exists.
    pub fn started_at(&self) -> Option<DateTime<Utc>> {
        let oldest = || self.own_pods().map(|pod| pod.created_at).min().max(self.job.created_at);
        self.job.status.start_time.or_else(|| self.own_pods().next().and_then(|_| oldest()))
    }
}

/// The API server rejects our Pods, because of an invalid template, a quota or a policy, or because a webhook is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The message of the API server.
    pub message: String,
    /// The controller does not retry before this time.
    pub retry_at: DateTime<Utc>,
    /// The refusal may be over at the next try, which is soon: the status does not report it yet.
    pub is_blip: bool,
}

/// Values from the command line and the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The wait after the first failure in a row.
    pub backoff: TimeDelta,
    /// The longest wait.
    pub backoff_max: TimeDelta,
    /// The largest number of UIDs in `uncountedTerminatedPods`.
    pub max_uncounted: usize,
    /// The largest number of Pods that the controller creates or deletes before it looks again.
    pub max_pods_per_sync: usize,
    /// The cluster supports init containers with `restartPolicy: Always`.
    pub native_sidecars: bool,
    /// How to stop well-known sidecars; the first recipe that matches applies.
    pub recipes: Arc<Vec<Recipe>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backoff: TimeDelta::seconds(10),
            backoff_max: TimeDelta::minutes(10),
            max_uncounted: 500,
            max_pods_per_sync: 500,
            native_sidecars: true,
            recipes: recipes::built_in(),
        }
    }
}

#[cfg(test)]
mod tests;
