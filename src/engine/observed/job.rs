//! What does one run ask for? The spec with its defaults, and the stored status.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Settings;
use super::pod::Pod;
use crate::api::conditions::{reasons, types};
use crate::api::{
    self, CompletionMode, EndedPods, PodReplacementPolicy, SharedJob, SidecarJob, SidecarJobSpec, SidecarMode, labels,
};
use crate::engine::observed::failure_policy::FailurePolicy;
use crate::engine::observed::indexes::{self, Indexes};
use crate::engine::observed::roles::Roles;
use crate::engine::observed::status::Status;
use crate::engine::observed::success_policy::SuccessPolicy;
use crate::engine::observed::{Sidecar, time};

/// An event quotes so many of the ranges that are written the wrong way round.
const MOST_REVERSED: usize = 5;

/// A SidecarJob, or a batch/v1 Job that this controller reconciles.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// SidecarJob or Job.
    pub kind: api::Kind,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<DateTime<Utc>>,
    /// The object has a deletionTimestamp.
    pub deleting: bool,
    /// `spec.managedBy`: which controller reconciles the object.
    pub managed_by: Option<String>,
    /// The spec.
    pub spec: Spec,
    /// The stored status.
    pub status: Status,
}

/// The spec with its defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// How many Pods must succeed. `None`: a work queue.
    pub completions: Option<u32>,
    /// How many Pods may run at once.
    pub parallelism: u32,
    /// Each index from 0 to `completions - 1` must succeed once.
    pub indexed: bool,
    /// Indexes that succeeded in an earlier run.
    pub completed: Indexes,
    /// The first ranges of `spec.completedIndexes` that end before they begin, separated by commas: no index is in them.
    pub reversed: Box<str>,
    /// How many Pods may fail.
    pub backoff_limit: u32,
    /// How many Pods of one index may fail. `None`: only `backoff_limit` applies.
    pub backoff_limit_per_index: Option<u32>,
    /// How many indexes may fail.
    pub max_failed_indexes: Option<u32>,
    /// What a failed Pod means.
    pub failure_policy: Option<FailurePolicy>,
    /// When some successes are enough.
    pub success_policy: Option<SuccessPolicy>,
    /// How long after `startTime` the run fails.
    pub active_deadline: Option<TimeDelta>,
    /// How long after the end the controller deletes the run.
    pub ttl: Option<TimeDelta>,
    /// No Pod may run.
    pub suspend: bool,
    /// Pods that still run when the run ends are not deleted.
    pub keeps_pods: bool,
    /// When the controller replaces a Pod that is being deleted.
    pub replacement: PodReplacementPolicy,
    /// The template's `restartPolicy` is OnFailure, not Never.
    pub restarts_on_failure: bool,
    /// Which containers are main containers, and which are sidecars.
    pub roles: Roles,
    /// How the sidecars that `spec.sidecars` names start and stop.
    pub sidecars: Vec<Sidecar>,
    /// Whether sidecars are native or managed.
    pub mode: SidecarMode,
    /// The template of the Pods.
    pub template: Arc<PodTemplateSpec>,
    /// Further labels of the template, which differ from run to run.
    pub labels: BTreeMap<String, String>,
}

impl Job {
    /// A SidecarJob. `None` if the object has no name, namespace or UID: then it is not from an API server.
    pub fn from_wire(wire: &SidecarJob) -> Option<Self> {
        let status = wire.status.as_ref().map(Status::from_wire).unwrap_or_default();
        Self::new(api::Kind::SidecarJob, &wire.metadata, &wire.spec, status)
    }

    /// A batch/v1 Job. `None` as in [`Job::from_wire`].
    pub fn from_batch(wire: &SharedJob) -> Option<Self> {
        let spec = SidecarJobSpec::of_job(wire);
        let status = wire.status.as_ref().map(Status::from_batch).unwrap_or_default();
        let mut job = Self::new(api::Kind::Job, &wire.metadata, &spec, status)?;
        job.spec.labels = wire.labels.clone();
        Some(job)
    }

    fn new(kind: api::Kind, meta: &ObjectMeta, spec: &SidecarJobSpec, status: Status) -> Option<Self> {
        let managed_by = spec.managed_by.clone();
        let spec = Spec::from_wire(spec);
        Some(Self {
            kind,
            name: meta.name.clone()?,
            namespace: meta.namespace.clone()?,
            uid: meta.uid.clone()?,
            generation: meta.generation.unwrap_or_default(),
            created_at: meta.creation_timestamp.as_ref().map(time::from_wire),
            deleting: meta.deletion_timestamp.is_some(),
            managed_by,
            spec,
            status,
        })
    }

    /// `spec.managedBy` names this controller. In a SidecarJob the field may also be absent.
    pub fn is_ours(&self) -> bool {
        match self.managed_by.as_deref() {
            Some(manager) => manager == labels::CONTROLLER,
            None => self.kind == api::Kind::SidecarJob,
        }
    }
}

impl Job {
    /// The run is a SidecarJob, or a Job with sidecars.
    pub fn has_company(&self) -> bool {
        self.kind == api::Kind::SidecarJob || !self.spec.roles.all_sidecars().is_empty()
    }

    /// The step that fails, by the stored status.
    pub fn failing(&self) -> Option<&str> {
        let stalled = self.status.conditions.when_true(types::STALLED);
        stalled.filter(|c| c.reason == reasons::STEP_FAILED).map(|c| c.message.as_str())
    }

    /// The indexes that succeeded in an earlier run, or are stored as completed, without the indexes beyond the end of an
    /// elastic run.
    pub fn completed(&self) -> Indexes {
        let stored = self.status.completed.below(self.spec.completions.unwrap_or(0));
        if self.spec.completed.is_empty() { stored } else { stored.union(&self.earlier()) }
    }

    /// The indexes that succeeded in an earlier run.
    pub fn earlier(&self) -> Indexes {
        self.spec.completed.below(self.spec.completions.unwrap_or(0))
    }

    /// The indexes that are stored as failed, without the indexes beyond the end.
    pub fn failed_indexes(&self) -> Indexes {
        let stored = self.status.failed_indexes.as_ref();
        stored.map(|failed| failed.below(self.spec.completions.unwrap_or(0))).unwrap_or_default()
    }
}

/// The indexes of `spec.completedIndexes`. A run without indexes has none.
fn completed_before(spec: &SidecarJobSpec) -> Indexes {
    let indexed = spec.completion_mode == Some(CompletionMode::Indexed);
    let text = spec.completed_indexes.as_deref().filter(|_| indexed);
    text.map(|text| Indexes::parse(text, u32::MAX)).unwrap_or_default()
}

/// A few of the ranges in `spec.completedIndexes` that end before they begin.
fn reversed_ranges(spec: &SidecarJobSpec) -> Box<str> {
    let text = spec.completed_indexes.as_deref().unwrap_or_default();
    indexes::reversed(text).take(MOST_REVERSED).collect::<Vec<_>>().join(", ").into()
}

impl Spec {
    fn from_wire(spec: &SidecarJobSpec) -> Self {
        let count = |n: i32| u32::try_from(n).unwrap_or(0);
        let both_absent = spec.completions.is_none() && spec.parallelism.is_none();
        let pod = spec.template.spec.as_ref();
        Self {
            completions: if both_absent { Some(1) } else { spec.completions.map(count) },
            parallelism: spec.parallelism.map_or(1, count),
            indexed: spec.completion_mode == Some(CompletionMode::Indexed),
            completed: completed_before(spec),
            reversed: reversed_ranges(spec),
            backoff_limit: spec.backoff_limit.map_or(default_backoff_limit(spec), count),
            backoff_limit_per_index: spec.backoff_limit_per_index.map(count),
            max_failed_indexes: spec.max_failed_indexes.map(count),
            failure_policy: spec.pod_failure_policy.as_ref().map(FailurePolicy::of),
            success_policy: spec.success_policy.as_ref().map(SuccessPolicy::of),
            active_deadline: spec.active_deadline_seconds.map(time::seconds),
            ttl: spec.ttl_seconds_after_finished.map(|s| time::seconds(s.into())),
            suspend: spec.suspend.unwrap_or(false),
            keeps_pods: spec.ended_pods == Some(EndedPods::Keep),
            replacement: spec.pod_replacement_policy.unwrap_or(match spec.pod_failure_policy {
                Some(_) => PodReplacementPolicy::Failed,
                None => PodReplacementPolicy::TerminatingOrFailed,
            }),
            restarts_on_failure: pod.and_then(|p| p.restart_policy.as_deref()) == Some("OnFailure"),
            roles: Roles::of(spec),
            sidecars: spec.sidecars.iter().map(Sidecar::from_wire).collect(),
            mode: spec.sidecar_mode.unwrap_or_default(),
            template: spec.template.clone(),
            labels: BTreeMap::new(),
        }
    }

    /// The Pod has a place among the indexes, or the run has no indexes.
    pub fn has_place_for(&self, pod: &Pod) -> bool {
        !self.indexed || pod.index.zip(self.completions).is_some_and(|(index, n)| index < n)
    }

    /// A Pod that is being deleted has failed only when it has ended. The controller replaces the Pod then.
    pub fn replaces_ended_only(&self) -> bool {
        self.replacement == PodReplacementPolicy::Failed
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

/// With `backoffLimitPerIndex` each index has its own limit, and the run has none.
fn default_backoff_limit(spec: &SidecarJobSpec) -> u32 {
    if spec.backoff_limit_per_index.is_some() { i32::MAX.unsigned_abs() } else { 6 }
}
