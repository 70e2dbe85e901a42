//! SidecarJob: the fields of batch/v1 `JobSpec` under their own names, and which containers are sidecars.
//!
//! The comments here are what `kubectl explain` shows: of an enum what its type says, not its field. What each field does
//! is in `engine`, a file for each question.
//! `JobSpec.scheduling` (alpha, off by default) is not here, so it is refused by the API server, never accepted and ignored.

use k8s_openapi::api::batch::v1::{PodFailurePolicy, SuccessPolicy};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::sidecar::Sidecar;
use crate::api::status::SidecarJobStatus;

/// A run of Pods to completion, as batch/v1 Job, that knows which containers of a Pod are sidecars: the result comes
/// from the main containers alone, and sidecars are stopped when these are done.
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
    /// The Pod to run. Its restartPolicy must be Never or OnFailure. Can't be changed later, but for a run that is
    /// suspended and has no active Pods: then labels, annotations, nodeSelector, node affinity, tolerations,
    /// schedulingGates and the containers' resources may be.
    pub template: PodTemplateSpec,

    /// Which containers are sidecars: started before the main containers and stopped after them; their exit codes and
    /// restarts never decide, fail or retry anything. At most 32. Can't be changed later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<Sidecar>,

    /// Which containers decide the result. Absent: every container of the template that is no sidecar.
    /// Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_containers: Option<MainContainers>,

    /// What a container is that a webhook adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub injected_containers: Option<InjectedContainers>,

    /// How sidecars are run and stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sidecar_mode: Option<SidecarMode>,

    /// How many Pods may run at once. Default 1. May be changed at any time if it, or completions, was given when the run
    /// was created; fewer than run: the surplus is ended and not
    /// counted as failed. 0: no Pod runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<i32>,

    /// How many Pods must succeed. Default 1 if parallelism is absent too. Absent with parallelism given: the run is
    /// a work queue, complete when one Pod has succeeded and all others have ended. Can't be changed later, but with
    /// completionMode Indexed together with parallelism, to the same number (an elastic run).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<i32>,

    /// How completions are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_mode: Option<CompletionMode>,

    /// How many Pods may fail before the run is Failed. Default 6, with backoffLimitPerIndex no limit. With restartPolicy
    /// OnFailure the restarts of main containers count too; restarts of sidecars never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit: Option<i32>,

    /// How many Pods of one index may fail before that index is failed; the others go on, and the run is Failed when
    /// all are done (KEP-3850). Needs completionMode Indexed and restartPolicy Never. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff_limit_per_index: Option<i32>,

    /// How many indexes may fail before the whole run is Failed at once. Needs backoffLimitPerIndex. Absent: no limit;
    /// must be given with more than 100,000 completions, at most 10,000 then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failed_indexes: Option<i32>,

    /// What a failed Pod means, by the exit codes of its containers or by its conditions: FailJob, FailIndex, Ignore or
    /// Count (KEP-3329). The first of at most 20 rules that matches decides. A sidecar's exit code matches only a rule
    /// that names that sidecar. Needs restartPolicy Never. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_failure_policy: Option<PodFailurePolicy>,

    /// When the run has succeeded before all indexes have: the first of at most 20 rules that matches decides, and all
    /// other Pods are ended (KEP-3998). Needs completionMode Indexed. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_policy: Option<SuccessPolicy>,

    /// Which Pods belong to this run. Leave it out: the controller labels its Pods and finds them by that. With
    /// manualSelector true: Pods without an owner that it matches are taken over. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,

    /// true: selector is yours, and you make sure that it matches no other Pods. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_selector: Option<bool>,

    /// Seconds from status.startTime after which the run is Failed and its Pods are ended, however many may still be
    /// retried. Absent: no limit. Time that the run is suspended does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<i64>,

    /// Seconds after the end at which the SidecarJob and its Pods are deleted. 0: at once. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<i32>,

    /// true: Pods are ended and none is created until it is false again. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// When a Pod that is being deleted is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_replacement_policy: Option<PodReplacementPolicy>,

    /// Which controller reconciles this object. Absent or `sidecarjob.dev/controller`: this one. With any other value
    /// it is left alone. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}

/// The containers that decide the result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MainContainers {
    /// Their names, all of them in template.spec.containers. Every other container is a sidecar then. Absent: every
    /// container of the template that is no sidecar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,

    /// How many main containers must succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require: Option<Require>,
}

/// How many of them must succeed. All (the default): the Pod succeeds when every one has ended with exit code 0. Any:
/// as soon as one has ended with exit code 0; the others are then stopped as sidecars are. With either the Pod has
/// failed when all have ended and that did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Require {
    /// Every one.
    #[default]
    All,
    /// One of them.
    Any,
}

/// What a container is that stands in the Pod but not in the template, since a webhook added it: Sidecar (the
/// default) or Main. Can't be changed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum InjectedContainers {
    /// It is stopped when the main containers are done.
    #[default]
    Sidecar,
    /// Its exit decides the result too.
    Main,
}

/// How sidecars are run and stopped. Auto (the default): Native where the cluster can (Kubernetes 1.29 or newer),
/// else Managed. Native: as init containers with restartPolicy Always, which the kubelet starts first and stops
/// last. Managed: as plain containers, which the controller stops once the main containers are done.
/// Can't be changed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SidecarMode {
    /// Native where the cluster can, else Managed.
    #[default]
    Auto,
    /// Init containers with restartPolicy Always (KEP-753).
    Native,
    /// Plain containers, stopped by the controller.
    Managed,
}

/// How completions are counted. NonIndexed (the default): any Pod that succeeds counts. Indexed: each of the indexes
/// 0 to completions-1 must succeed once; its Pod finds it in the environment as JOB_COMPLETION_INDEX, in its host
/// name, and in the label and annotation batch.kubernetes.io/job-completion-index. Can't be changed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CompletionMode {
    /// Any Pod that succeeds counts.
    #[default]
    NonIndexed,
    /// Each index must succeed once.
    Indexed,
}

/// When a Pod that is being deleted is replaced (KEP-3939). TerminatingOrFailed (the default): at once, and it counts as
/// failed at once. Failed (the default, and the only choice, with podFailurePolicy): when it has ended, so that two
/// never run at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PodReplacementPolicy {
    /// As soon as it is being deleted.
    #[default]
    TerminatingOrFailed,
    /// When it has ended.
    Failed,
}
