//! What was seen, in types that leave nothing open: the wire's options and defaults are settled here, once.
//!
//! Everything that a decision needs is in [`Observed`], its settings included; nothing else is asked.
//! How it was gathered (caches, own writes) is `controller::gather`'s part.

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
pub(crate) mod time;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::recipes::{self, Recipe};

pub use attempt::{Ask, Attempt, AttemptState};
pub use container::{Container, Restart, RestartRule, Slot, State, Up, restarts_always};
pub use job::{Job, Spec};
pub use pod::{IndexFailures, Marks, Phase, Pod, PodRef, grace_seconds};
pub use sidecar::Sidecar;

/// One run, its Pods and what the controller was told to keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The SidecarJob or Job.
    pub job: Job,
    /// Its Pods, oldest first; of those that have ended only the ones that are not counted yet.
    pub pods: Vec<Pod>,
    /// Pods without an owner that its selector matches.
    pub strays: Vec<Pod>,
    /// Pods that still carry the finalizer of an older object of the same name.
    pub orphans: Vec<PodRef>,
    /// The number after those of all its Pods that have ended and are counted.
    pub next_number: u32,
    /// The API server did not take the last Pod.
    pub refusal: Option<Refusal>,
    /// What else failed lately, more than once, and is tried again: what was tried, and the server's words.
    pub failing: Option<String>,
    /// What was tried to stop single sidecars.
    pub attempts: Vec<Attempt>,
    /// What the controller was told to keep to.
    pub settings: Settings,
}

/// The API server does not take our Pods: an invalid template, a quota, a policy, a webhook that is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The server's words.
    pub message: String,
    /// Not tried again before.
    pub retry_at: DateTime<Utc>,
    /// It may be over at the next try, which is soon: nobody is told yet.
    pub is_blip: bool,
}

/// Values from the command line and the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The wait after the first failure in a row.
    pub backoff: TimeDelta,
    /// The longest wait.
    pub backoff_max: TimeDelta,
    /// Most UIDs in `uncountedTerminatedPods`.
    pub max_uncounted: usize,
    /// Most Pods created or deleted before looking again.
    pub max_pods_per_sync: usize,
    /// The cluster runs init containers with `restartPolicy: Always`.
    pub native_sidecars: bool,
    /// How well-known sidecars are stopped; the first that fits counts.
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
