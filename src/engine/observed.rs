//! What was seen, in types that leave nothing open: the wire's options and defaults are settled here, once.
//!
//! Everything that a decision needs is in [`Observed`], its settings included; nothing else is asked.
//! How it was gathered (caches, own writes) is `controller::gather`'s part.

mod pod;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::PodTemplateSpec;

use super::roles::Roles;
use super::sidecars::Sidecar;
use super::sidecars::ladder::Attempt;
use super::status::Status;
use super::time;
use crate::api::recipes::{self, Recipe};
use crate::api::{PodReplacementPolicy, SidecarJob, SidecarMode, labels};

pub use pod::{Container, Kind, Marks, Phase, Pod, PodRef, Restart, State, Up};

/// One SidecarJob, its Pods and what the controller was told to keep to.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The SidecarJob.
    pub job: Job,
    /// Its Pods, oldest first.
    pub pods: Vec<Pod>,
    /// Pods that still carry the finalizer of an older SidecarJob of the same name.
    pub orphans: Vec<PodRef>,
    /// The API server refused the last Pod.
    pub refusal: Option<Refusal>,
    /// What was tried to stop single sidecars.
    pub attempts: Vec<Attempt>,
    /// What the controller was told to keep to.
    pub settings: Settings,
}

/// The API server does not take our Pods: an invalid template, a quota, a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The server's words.
    pub message: String,
    /// Not tried again before.
    pub retry_at: DateTime<Utc>,
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

/// A SidecarJob.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// It has a deletionTimestamp.
    pub deleting: bool,
    /// Another controller was asked to reconcile it.
    pub managed_by: Option<String>,
    /// What is wanted.
    pub spec: Spec,
    /// What was written last.
    pub status: Status,
}

/// The spec with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// How many Pods must succeed; none: a work queue.
    pub completions: Option<u32>,
    /// How many Pods may run at once.
    pub parallelism: u32,
    /// How many may fail.
    pub backoff_limit: u32,
    /// From `startTime` to failure.
    pub active_deadline: Option<TimeDelta>,
    /// From the end to deletion.
    pub ttl: Option<TimeDelta>,
    /// No Pod may run.
    pub suspend: bool,
    /// When a deleted Pod is replaced.
    pub replacement: PodReplacementPolicy,
    /// The template's restart policy is OnFailure, not Never.
    pub restarts_on_failure: bool,
    /// Which containers are what.
    pub roles: Roles,
    /// How the sidecars that `spec.sidecars` names start and stop.
    pub sidecars: Vec<Sidecar>,
    /// How sidecars are run.
    pub mode: SidecarMode,
    /// The Pod to run.
    pub template: Arc<PodTemplateSpec>,
}

impl Job {
    /// From the wire. `None` if the object has no name, namespace or UID, so did not come from an API server.
    pub fn from_wire(wire: &SidecarJob) -> Option<Self> {
        let meta = &wire.metadata;
        Some(Self {
            name: meta.name.clone()?,
            namespace: meta.namespace.clone()?,
            uid: meta.uid.clone()?,
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            managed_by: wire.spec.managed_by.clone(),
            spec: Spec::from_wire(wire),
            status: wire.status.as_ref().map(Status::from_wire).unwrap_or_default(),
        })
    }

    /// `spec.managedBy` is absent or names this controller.
    pub fn is_ours(&self) -> bool {
        self.managed_by.as_deref().is_none_or(|m| m == labels::CONTROLLER)
    }
}

impl Spec {
    fn from_wire(wire: &SidecarJob) -> Self {
        let spec = &wire.spec;
        let count = |n: i32| u32::try_from(n).unwrap_or(0);
        let both_absent = spec.completions.is_none() && spec.parallelism.is_none();
        let pod = spec.template.spec.as_ref();
        Self {
            completions: if both_absent { Some(1) } else { spec.completions.map(count) },
            parallelism: spec.parallelism.map_or(1, count),
            backoff_limit: spec.backoff_limit.map_or(6, count),
            active_deadline: spec.active_deadline_seconds.map(time::seconds),
            ttl: spec.ttl_seconds_after_finished.map(|s| time::seconds(s.into())),
            suspend: spec.suspend.unwrap_or(false),
            replacement: spec.pod_replacement_policy.unwrap_or_default(),
            restarts_on_failure: pod.and_then(|p| p.restart_policy.as_deref()) == Some("OnFailure"),
            roles: Roles::of(spec),
            sidecars: spec.sidecars.iter().map(Sidecar::from_wire).collect(),
            mode: spec.sidecar_mode.unwrap_or_default(),
            template: Arc::new(spec.template.clone()),
        }
    }

    /// Sidecars become init containers with `restartPolicy: Always`.
    pub fn native(&self, settings: &Settings) -> bool {
        match self.mode {
            SidecarMode::Auto => settings.native_sidecars,
            SidecarMode::Native => true,
            SidecarMode::Managed => false,
        }
    }
}

#[cfg(test)]
mod tests;
