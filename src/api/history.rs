//! What happened in a run: what became of each container, the last failure, the retries, and the latest Pods.
//!
//! Only people and tools read this part of the status; no decision of the controller depends on it. Each list and text is
//! bounded. The controller writes these fields together with the rest of the status, and never for themselves.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContainerRole {
    /// Its exit code decides the result.
    Main,
    /// It stops when the main containers are done.
    Sidecar,
    /// It ends before the main containers start.
    Init,
}

/// How a sidecar was stopped. Native: by the kubelet, as a native sidecar. HTTP, Exec, Signal: the controller asked it so.
/// Deadline: the controller set the Pod's activeDeadlineSeconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopMethod {
    /// By the kubelet, as a native sidecar.
    Native,
    /// By an HTTP request.
    #[serde(rename = "HTTP")]
    Http,
    /// By a command in the container.
    Exec,
    /// By a signal from an ephemeral container.
    Signal,
    /// By the Pod's activeDeadlineSeconds.
    Deadline,
}

impl StopMethod {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::Native, Self::Http, Self::Exec, Self::Signal, Self::Deadline];

    /// The word in the status.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "Native",
            Self::Http => "HTTP",
            Self::Exec => "Exec",
            Self::Signal => "Signal",
            Self::Deadline => "Deadline",
        }
    }
}

/// What became of the containers of one name, in all Pods that `succeeded` and `failed` count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSummary {
    /// Name of the container.
    pub name: String,
    /// Main: its exit code decides the result. Sidecar: it stops when the main containers are done. Init: it ends before
    /// they start.
    pub role: ContainerRole,
    /// The sidecar is native: an init container with restartPolicy Always.
    pub native: bool,
    /// The template does not have the container: a webhook added it.
    pub injected: bool,
    /// In how many counted Pods it ended with exit code 0. A main container that somebody ended too early has failed.
    pub succeeded: i32,
    /// In how many counted Pods it ended with another exit code; of a main container: all counted Pods in which it did
    /// not succeed.
    pub failed: i32,
    /// How often the kubelet restarted it in these Pods.
    pub restarts: i32,
    /// Its last exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exit_code: Option<i32>,
    /// The signal that ended it last. If the container runtime does not say: the exit code minus 128, from 129 to 159.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_signal: Option<i32>,
    /// Why it ended last, in the kubelet's word: Completed, Error, OOMKilled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reason: Option<String>,
    /// When it ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_finished_at: Option<Time>,
    /// In how many counted Pods the controller stopped this sidecar. The kubelet stops native sidecars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by_controller: Option<i32>,
    /// How the sidecar was stopped last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_method: Option<StopMethod>,
    /// In how many counted Pods the kubelet killed the sidecar, because its grace period was over: exit code 137.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub force_killed: Option<i32>,
    /// The longest time from the end of the main containers to the end of the sidecar, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_stop_seconds: Option<i32>,
}

/// The rule of spec.podFailurePolicy that a failure matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MatchedRule {
    /// Its place in the list of rules, from 0.
    pub index: i32,
    /// What the rule says: FailJob, FailIndex, Ignore or Count.
    pub action: String,
}

/// The last failure of a Pod. After the result is known no failure replaces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// The failure in a few words, ready to print: `work exit 3`, `work exit 137 OOMKilled`, `Evicted`.
    pub text: String,
    /// Name of the Pod.
    pub pod_name: String,
    /// The index of the Pod, with completionMode Indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i32>,
    /// The number of the Pod within the run, from 0: its label sidecarjob.dev/attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
    /// The node of the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// The container that failed. Absent if no container did: somebody or something ended the Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Its exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that ended it, as in containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why, in one word: of the Pod (Evicted, PodDeleted, SidecarFailed) or of the container (Error, OOMKilled).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the Pod failed.
    pub time: Time,
    /// The rule of spec.podFailurePolicy that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_rule: Option<MatchedRule>,
    /// The last 1 KiB of the container's termination message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a Pod counts as. Succeeded, Failed, or Ignored: a failure that spec.podFailurePolicy ignores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum PodResult {
    /// It has failed.
    Failed,
    /// It has failed, and the failure policy ignores that.
    Ignored,
    /// It has succeeded.
    Succeeded,
}

/// One of the latest Pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentPod {
    /// Name of the Pod.
    pub name: String,
    /// Its index, with completionMode Indexed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<i32>,
    /// Its number within the run, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
    /// Its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    /// Succeeded, Failed, or Ignored: a failure that spec.podFailurePolicy ignores.
    pub result: PodResult,
    /// When the kubelet accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When its last container ended. Absent while sidecars stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Its containers, main containers first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerSpan>,
}

/// When a container ran last, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerSpan {
    /// Name of the container.
    pub name: String,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Its exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it ended, or why it can't start: Error, OOMKilled, ImagePullBackOff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The retries of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Retries {
    /// How many retries the failures so far have used: failed Pods and, with restartPolicy OnFailure, restarts of main and
    /// init containers. Never more than `limit`.
    pub used: i32,
    /// How many retries there may be: spec.backoffLimit. Absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i32>,
    /// When the next Pod may start, during a back-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Time>,
}
