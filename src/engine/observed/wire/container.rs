//! What is read of a container of a Pod: what was asked for, and what became of it?

use serde::Deserialize;

use super::{Time, null_as_default};

/// One of `spec.initContainers` or `spec.containers`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// `name`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// `image`.
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub image: String,
    /// `command`.
    #[prost(string, repeated, tag = "3")]
    #[serde(deserialize_with = "null_as_default")]
    pub command: Vec<String>,
    /// `args`.
    #[prost(string, repeated, tag = "4")]
    #[serde(deserialize_with = "null_as_default")]
    pub args: Vec<String>,
    /// `restartPolicy`.
    #[prost(string, optional, tag = "24")]
    pub restart_policy: Option<String>,
    /// `restartPolicyRules`.
    #[prost(message, repeated, tag = "25")]
    #[serde(deserialize_with = "null_as_default")]
    pub restart_policy_rules: Vec<RestartRule>,
}

/// One of `restartPolicyRules`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RestartRule {
    /// `action`.
    #[prost(string, tag = "1")]
    pub action: String,
    /// `exitCodes`.
    #[prost(message, optional, tag = "2")]
    pub exit_codes: Option<ExitCodes>,
}

/// `exitCodes` of a rule.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExitCodes {
    /// `operator`.
    #[prost(string, tag = "1")]
    pub operator: String,
    /// `values`.
    #[prost(int32, repeated, packed = "false", tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub values: Vec<i32>,
}

/// One of `status.initContainerStatuses` or `status.containerStatuses`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// `name`.
    #[prost(string, tag = "1")]
    pub name: String,
    /// `state`.
    #[prost(message, optional, tag = "2")]
    pub state: Option<ContainerState>,
    /// `lastState`: how the container ended before its last restart.
    #[prost(message, optional, tag = "3")]
    pub last_state: Option<ContainerState>,
    /// `ready`.
    #[prost(bool, tag = "4")]
    #[serde(deserialize_with = "null_as_default")]
    pub ready: bool,
    /// `restartCount`.
    #[prost(int32, tag = "5")]
    #[serde(deserialize_with = "null_as_default")]
    pub restart_count: i32,
    /// `started`.
    #[prost(bool, optional, tag = "9")]
    pub started: Option<bool>,
}

/// `state` of a container.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerState {
    /// `waiting`.
    #[prost(message, optional, tag = "1")]
    pub waiting: Option<Waiting>,
    /// `running`.
    #[prost(message, optional, tag = "2")]
    pub running: Option<Running>,
    /// `terminated`.
    #[prost(message, optional, tag = "3")]
    pub terminated: Option<Terminated>,
}

/// A container that waits.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Waiting {
    /// `reason`.
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "null_as_default")]
    pub reason: String,
}

/// A container that runs.
#[derive(Clone, Copy, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Running {
    /// `startedAt`.
    #[prost(message, optional, tag = "1")]
    pub started_at: Option<Time>,
}

/// A container that has ended.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Terminated {
    /// `exitCode`.
    #[prost(int32, tag = "1")]
    pub exit_code: i32,
    /// `signal`. 0: none.
    #[prost(int32, tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub signal: i32,
    /// `reason`.
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "null_as_default")]
    pub reason: String,
    /// `message`: what the container wrote to its termination log.
    #[prost(string, tag = "4")]
    #[serde(deserialize_with = "null_as_default")]
    pub message: String,
    /// `startedAt`.
    #[prost(message, optional, tag = "5")]
    pub started_at: Option<Time>,
    /// `finishedAt`.
    #[prost(message, optional, tag = "6")]
    pub finished_at: Option<Time>,
}
