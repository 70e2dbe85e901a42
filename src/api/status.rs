//! The status of a SidecarJob: what was seen, not what is hoped.
//!
//! Times are whole seconds and change only with their cause; strings are ready to print, since a printer column can
//! print no duration and no fraction.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the controller has seen of a SidecarJob. Written by the controller only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SidecarJobStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Where the run stands, in one word, for people and field selectors: Pending, Suspended, Running, Stopping (the
    /// result is known and sidecars are still ending), Complete or Failed. Derived from the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,

    /// Why, in one word: the reason of the condition that `phase` comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// What happens or happened, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,

    /// SuccessCriteriaMet, FailureTarget (the result, as soon as it is known), Complete, Failed, Finished (either of
    /// them), Suspended, Reconciling, Stalled, SidecarMissing. Conditions of other types are left as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,

    /// When the controller first saw the run unsuspended; set anew when a suspended run resumes.
    /// `spec.activeDeadlineSeconds` counts from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,

    /// When the last main container ended that was needed for the result. Sidecars may drain after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_finished_time: Option<Time>,

    /// When the run became Complete. Not set when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,

    /// Pods that are pending or running and not being deleted, those whose sidecars drain included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<i32>,

    /// Active Pods that are Ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i32>,

    /// Active Pods whose main containers are done and whose sidecars are still ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopping: Option<i32>,

    /// Pods that are being deleted and have not ended yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminating: Option<i32>,

    /// Pods whose main containers succeeded, each counted once; with completionMode Indexed: indexes that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<i32>,

    /// Pods whose main containers failed, each counted once. A sidecar never makes a Pod fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i32>,

    /// Pods whose result is known and that are not yet in `succeeded` or `failed`, by UID, at most 500. How each Pod
    /// is counted exactly once (KEP-2307).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncounted_terminated_pods: Option<UncountedTerminatedPods>,

    /// With completionMode Indexed: the indexes that succeeded, as in `1,3-5,7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_indexes: Option<String>,

    /// With backoffLimitPerIndex: the indexes that failed, as in `1,3-5,7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_indexes: Option<String>,

    /// The failures since the last success, from which the wait before the next Pod follows. Kept here so that a
    /// controller that restarts does not forget it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,

    /// Succeeded Pods of those wanted, ready to print: `3/5`; with no `spec.completions`: `1/1 of 4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<String>,

    /// While main containers work: sidecars that run, of those in the Pods that work, ready to print: `2/2 running`.
    /// Otherwise: sidecars that have stopped, of those in all Pods that `succeeded` and `failed` count: `1/2 stopped`.
    /// Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecars: Option<String>,

    /// How many sidecars there were in the Pods that `succeeded` and `failed` count, each Pod's added once, with its
    /// result; none of a Pod that never started. `sidecars` says how many of them have stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecars_to_stop: Option<i32>,

    /// From `startTime` to the end, ready to print: `2m31s`. Set once, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,

    /// The label selector of the Pods, as a string, for `kubectl scale`, PodDisruptionBudgets and autoscalers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// Where a run stands, in one word. Pending: no Pod has started yet. Suspended: spec.suspend is true. Running: Pods run.
/// Stopping: the result is known, sidecars or Pods are still ending. Complete: done, succeeded. Failed: done, failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// No Pod has started yet.
    Pending,
    /// `spec.suspend` is true.
    Suspended,
    /// Pods run.
    Running,
    /// The result is known; sidecars or Pods are still ending.
    Stopping,
    /// Done, succeeded.
    Complete,
    /// Done, failed.
    Failed,
}

/// UIDs of Pods whose result is known and that are not in the counters yet.
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

/// How many failures in a row, and when the last of them was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Backoff {
    /// Failed Pods since the last success.
    pub failures: i32,
    /// When the last of them failed. The next Pod waits 10 s × 2^(failures-1) from here, at most 10 minutes.
    pub last_failure_time: Time,
}
