//! The status of a SidecarJob: what the controller has observed, not what it expects.
//!
//! Times are whole seconds and change only with their cause. Some strings are ready to print, because a printer column
//! can't print a duration or a fraction.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::history::{ContainerSummary, LastFailure, RecentPod, Retries};

/// What the controller has observed of a SidecarJob. Only the controller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SidecarJobStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The state of the run in one word, for people and field selectors: Pending, Suspended, Running, Stopping (the
    /// result is known and sidecars are still stopping), Complete or Failed. Derived from the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,

    /// Why the run has this phase, in one word: the reason of the condition behind `phase`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// What happens or happened to the run, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,

    /// SuccessCriteriaMet and FailureTarget (the result, as soon as it is known), Complete, Failed, Finished (Complete or
    /// Failed), Suspended, Reconciling, Stalled, SidecarMissing, PodChanged (an admission webhook changed a Pod), Waiting
    /// (something other than the main containers delays the run). The controller does not change conditions of other
    /// types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,

    /// When the controller first saw the run unsuspended. A resume sets a new time. `spec.activeDeadlineSeconds` counts
    /// from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,

    /// When the last main container ended that the result needed. Sidecars may stop later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_finished_time: Option<Time>,

    /// When the run became Complete. Absent if the run failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,

    /// Pods that are pending or running and not being deleted. Pods whose sidecars are still stopping count too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<i32>,

    /// Active Pods that are Ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,

    /// Active Pods whose main containers are done and whose sidecars are still stopping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopping: Option<i32>,

    /// Pods that are being deleted and have not ended yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminating: Option<i32>,

    /// Pods whose main containers succeeded. Each Pod counts once. With completionMode Indexed: indexes that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<i32>,

    /// Pods whose main containers failed. Each Pod counts once. A sidecar fails a Pod only through maxRestarts or
    /// start.deadlineSeconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,

    /// UIDs of Pods whose result is known and whose sidecars still run: `succeeded` and `failed` count these Pods when they
    /// have ended. At most 500, together with countedTerminatedPods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncounted_terminated_pods: Option<UncountedTerminatedPods>,

    /// UIDs of Pods that `succeeded` and `failed` count, and from which the controller removes its finalizer next. So each
    /// Pod counts exactly once. The next write of the status removes the UIDs that are no longer needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted_terminated_pods: Vec<String>,

    /// With completionMode Indexed: the indexes that succeeded, as in `1,3-5,7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_indexes: Option<String>,

    /// With backoffLimitPerIndex: the indexes that failed, as in `1,3-5,7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_indexes: Option<String>,

    /// The failures since the last success. They determine how long the controller waits before it creates the next Pod.
    /// A restarted controller reads them here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,

    /// What became of the containers, by name, at most 32. Each Pod adds its main and init containers when its result becomes
    /// known, and its sidecars when `succeeded` or `failed` counts the Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerSummary>,

    /// The last failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<LastFailure>,

    /// How many retries are used, and when the next one starts. Absent before the first failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,

    /// The latest Pods with a result, newest first, at most 10. Failures stay longer than successes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_pods: Vec<RecentPod>,

    /// Succeeded Pods of the required Pods, ready to print: `3/5`; without `spec.completions`: `1/1 of 4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<String>,

    /// While main containers run: how many sidecars run, of those in Pods whose main containers run, ready to print:
    /// `2/2 running`. Otherwise: how many sidecars have stopped, of those in all Pods that `succeeded` and `failed`
    /// count: `1/2 stopped`. Absent if there are no sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecars: Option<String>,

    /// How many sidecars there were in the Pods that `succeeded` and `failed` count. The controller adds the sidecars of
    /// each Pod once, with the Pod's result; a Pod that never started adds none. `sidecars` says how many of these
    /// sidecars have stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecars_to_stop: Option<i32>,

    /// The time from `startTime` to the end, ready to print: `2m31s`. Set once, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,

    /// The label selector of the Pods, as a string, for `kubectl scale`, PodDisruptionBudgets and autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// The state of a run in one word. Pending: no Pod has started yet. Suspended: spec.suspend is true. Running: Pods run.
/// Stopping: the result is known, and sidecars or Pods are still stopping. Complete: the run is done and has succeeded.
/// Failed: the run is done and has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// No Pod has started yet.
    Pending,
    /// `spec.suspend` is true.
    Suspended,
    /// Pods run.
    Running,
    /// The result is known; sidecars or Pods are still stopping.
    Stopping,
    /// The run is done and has succeeded.
    Complete,
    /// The run is done and has failed.
    Failed,
}

/// UIDs of Pods whose result is known and that the counters do not count yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UncountedTerminatedPods {
    /// UIDs of Pods that succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub succeeded: Vec<String>,
    /// UIDs of Pods that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// How many Pods failed in a row, and when the last of them failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backoff {
    /// Failed Pods since the last success.
    pub failures: i32,
    /// When the last of these Pods failed. The next Pod waits 10 s × 2^(failures-1) from this time, at most 10 minutes.
    pub last_failure_time: Time,
}
