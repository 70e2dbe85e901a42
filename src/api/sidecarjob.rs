//! SidecarJob: the fields of batch/v1 `JobSpec` with their own names, and which containers are sidecars.
//!
//! `kubectl explain` shows these comments. For a field whose type is an enum it shows the comment of the enum, not of the
//! field. `engine` decides what each field does, with a file for each question. `JobSpec.scheduling` (alpha, off by
//! default) does not exist here: the API server rejects this field, instead of accepting and ignoring it.

use std::sync::Arc;

use k8s_openapi::api::batch::v1::{PodFailurePolicy, SuccessPolicy};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::sidecar::Sidecar;
use crate::api::status::SidecarJobStatus;

/// A run of Pods to completion, as batch/v1 Job, that knows which containers of a Pod are sidecars. Only the main
/// containers decide the result, and the sidecars stop when the main containers are done.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "sidecarjob.dev",
    version = "v1alpha1",
    kind = "SidecarJob",
    plural = "sidecarjobs",
    shortname = "scj",
    category = "all",
    category = "sidecarjobs",
    namespaced,
    status = "SidecarJobStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct SidecarJobSpec {
    /// The Pod to run. Its restartPolicy must be Never or OnFailure. Immutable, except for a suspended run without active
    /// Pods: then you may change labels, annotations, nodeSelector, node affinity, tolerations, schedulingGates and the
    /// containers' resources.
    pub template: Arc<PodTemplateSpec>,

    /// The sidecars: containers that start before the main containers and stop after them. Exit codes and restarts of
    /// sidecars never decide the result, fail a Pod or cause a retry. At most 32. Immutable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<Sidecar>,

    /// Which containers decide the result. Default: every container of the template that is not a sidecar. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_containers: Option<MainContainers>,

    /// What a container is that a webhook adds to the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected_containers: Option<InjectedContainers>,

    /// How sidecars run and stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar_mode: Option<SidecarMode>,

    /// How Pods end that still run when the run ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_pods: Option<EndedPods>,

    /// How many Pods may run at once. Default 1. If you gave this field or completions when you created the run, you may
    /// change it at any time. If you make it smaller, the controller stops the surplus Pods and does not count them as
    /// failed. 0: no Pod runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<i32>,

    /// How many Pods must succeed. Default 1 if parallelism is absent too. Absent with parallelism given: the run is a
    /// work queue, complete when one Pod has succeeded and all others have ended. Immutable, except with completionMode
    /// Indexed: then you may set completions and parallelism together to the same number (an elastic run).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<i32>,

    /// How completions count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_mode: Option<CompletionMode>,

    /// Indexes that succeeded in an earlier run, as in `1,3-5,7`: they count as succeeded, and do not run. Needs
    /// completionMode Indexed. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_indexes: Option<String>,

    /// How many Pods may fail before the run is Failed. Default 6; with backoffLimitPerIndex no limit. With restartPolicy
    /// OnFailure, restarts of main containers count too. Restarts of sidecars never count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit: Option<i32>,

    /// How many Pods of one index may fail before that index is failed. The other indexes go on, and the run is Failed
    /// when all indexes are done (KEP-3850). Needs completionMode Indexed and restartPolicy Never. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit_per_index: Option<i32>,

    /// How many indexes may fail before the whole run is Failed at once. Needs backoffLimitPerIndex. Default: no limit.
    /// With more than 100,000 completions this field is required, and at most 10,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failed_indexes: Option<i32>,

    /// What a failed Pod means, by the exit codes of its containers or by its conditions: FailJob, FailIndex, Ignore or
    /// Count (KEP-3329). The first matching rule of at most 20 decides. A sidecar's exit code matches only a rule that
    /// names that sidecar. Needs restartPolicy Never. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_failure_policy: Option<PodFailurePolicy>,

    /// When the run succeeds before all indexes have succeeded. The first matching rule of at most 20 decides, and the
    /// controller stops all other Pods (KEP-3998). Needs completionMode Indexed. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_policy: Option<SuccessPolicy>,

    /// Which Pods belong to this run. Leave this field out: the controller labels its Pods and finds them by the label.
    /// With manualSelector true, the controller adopts Pods without an owner that the selector matches. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,

    /// true: you set selector, and you make sure that it matches no other Pods. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_selector: Option<bool>,

    /// Seconds from status.startTime after which the run is Failed and the controller stops its Pods, however many
    /// retries are left. Default: no limit. Time during which the run is suspended does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<i64>,

    /// Seconds after the end of the run at which the controller deletes the SidecarJob and its Pods. 0: at once. Default:
    /// never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<i32>,

    /// true: the controller stops the Pods, and creates none until this field is false again. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// When the controller replaces a Pod that is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_replacement_policy: Option<PodReplacementPolicy>,

    /// Which controller reconciles this object. Absent or `sidecarjob.dev/controller`: this one. With any other value
    /// this controller leaves the object alone. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// The containers that decide the result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MainContainers {
    /// The names of the main containers, all of them in template.spec.containers. Every other container is a sidecar
    /// then. Default: every container of the template that is not a sidecar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,

    /// How many main containers must succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<Require>,
}

/// How many main containers must succeed. All (the default): the Pod succeeds when every main container has ended with
/// exit code 0. Any: the Pod succeeds as soon as one main container has ended with exit code 0; the others then stop as
/// sidecars do. With both values the Pod has failed if all main containers have ended and the Pod did not succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Require {
    /// Every main container.
    #[default]
    All,
    /// One of the main containers.
    Any,
}

/// What a container is that is in the Pod but not in the template, because a webhook added it: Sidecar (the default) or
/// Main. Immutable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InjectedContainers {
    /// The container stops when the main containers are done.
    #[default]
    Sidecar,
    /// The exit code of the container decides the result too.
    Main,
}

/// How Pods end that still run when the run ends, for example after activeDeadlineSeconds, after too many restarts with
/// restartPolicy OnFailure, or by successPolicy. Delete (the default): the controller deletes the Pods, and the logs are
/// gone. Keep: the kubelet ends the Pods by their activeDeadlineSeconds, with their grace period, and Pods and logs stay
/// until the run is deleted. The Pods count the same. A Pod that no kubelet has started is deleted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EndedPods {
    /// The controller deletes the Pods.
    #[default]
    Delete,
    /// The Pods and their logs stay.
    Keep,
}

/// How sidecars run and stop. Auto (the default): Native if the cluster supports it (Kubernetes 1.29 or newer), else
/// Managed. Native: sidecars are init containers with restartPolicy Always, which the kubelet starts first and stops
/// last. Managed: sidecars are plain containers, which the controller stops when the main containers are done. Immutable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SidecarMode {
    /// Native if the cluster supports it, else Managed.
    #[default]
    Auto,
    /// Init containers with restartPolicy Always (KEP-753).
    Native,
    /// Plain containers, which the controller stops.
    Managed,
}

/// How completions count. NonIndexed (the default): any Pod that succeeds counts. Indexed: each of the indexes 0 to
/// completions-1 must succeed once. A Pod finds its index in the environment variable JOB_COMPLETION_INDEX, in its host
/// name, and in the label and annotation batch.kubernetes.io/job-completion-index. Immutable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CompletionMode {
    /// Any Pod that succeeds counts.
    #[default]
    NonIndexed,
    /// Each index must succeed once.
    Indexed,
}

/// When the controller replaces a Pod that is being deleted (KEP-3939). TerminatingOrFailed (the default): at once, and
/// the Pod counts as failed at once. Failed (with podFailurePolicy the default and the only choice): when the Pod has
/// ended, so that two Pods never run at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PodReplacementPolicy {
    /// As soon as the Pod is being deleted.
    #[default]
    TerminatingOrFailed,
    /// When the Pod has ended.
    Failed,
}
