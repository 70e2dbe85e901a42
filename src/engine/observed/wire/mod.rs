//! What does the controller read of a Pod on the wire? Only the fields that the engine and the view of Pods use, from JSON
//! and from protobuf alike.
//!
//! Both readers skip all other fields: `managedFields`, volumes and environment variables cost no memory. The numbers are
//! those of Kubernetes' `generated.proto`. Where Kubernetes' own types do not tell an absent field from an empty text or 0,
//! protobuf always has the field, and JSON never has: both are read as the empty text or 0.

mod container;
mod time;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

pub use container::{Container, ContainerState, ContainerStatus, ExitCodes, RestartRule, Running, Terminated, Waiting};
pub use time::Time;

/// A Pod.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Pod {
    /// Who it is.
    #[prost(message, required, tag = "1")]
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Meta,
    /// What was asked for.
    #[prost(message, required, tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub spec: Spec,
    /// What became of the Pod.
    #[prost(message, required, tag = "3")]
    #[serde(deserialize_with = "null_as_default")]
    pub status: Status,
}

/// `metadata`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// `name`.
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// `namespace`.
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "null_as_default")]
    pub namespace: String,
    /// `uid`.
    #[prost(string, tag = "5")]
    #[serde(deserialize_with = "null_as_default")]
    pub uid: String,
    /// `resourceVersion`.
    #[prost(string, tag = "6")]
    #[serde(deserialize_with = "null_as_default")]
    pub resource_version: String,
    /// `generation`. 0: none, as Pods have before Kubernetes 1.33.
    #[prost(int64, tag = "7")]
    #[serde(deserialize_with = "null_as_default")]
    pub generation: i64,
    /// `creationTimestamp`.
    #[prost(message, optional, tag = "8")]
    pub creation_timestamp: Option<Time>,
    /// `deletionTimestamp`.
    #[prost(message, optional, tag = "9")]
    pub deletion_timestamp: Option<Time>,
    /// `deletionGracePeriodSeconds`.
    #[prost(int64, optional, tag = "10")]
    pub deletion_grace_period_seconds: Option<i64>,
    /// `labels`.
    #[prost(btree_map = "string, string", tag = "11")]
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// `annotations`.
    #[prost(btree_map = "string, string", tag = "12")]
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// `ownerReferences`.
    #[prost(message, repeated, tag = "13")]
    #[serde(deserialize_with = "null_as_default")]
    pub owner_references: Vec<OwnerReference>,
    /// `finalizers`.
    #[prost(string, repeated, tag = "14")]
    #[serde(deserialize_with = "null_as_default")]
    pub finalizers: Vec<String>,
}

/// One of `metadata.ownerReferences`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OwnerReference {
    /// `kind`.
    #[prost(string, tag = "1")]
    pub kind: String,
    /// `name`.
    #[prost(string, tag = "3")]
    pub name: String,
    /// `uid`.
    #[prost(string, tag = "4")]
    pub uid: String,
    /// `apiVersion`.
    #[prost(string, tag = "5")]
    pub api_version: String,
    /// `controller`: this owner manages the Pod.
    #[prost(bool, optional, tag = "6")]
    pub controller: Option<bool>,
}

/// `spec`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    /// `containers`.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub containers: Vec<Container>,
    /// `restartPolicy`.
    #[prost(string, optional, tag = "3")]
    pub restart_policy: Option<String>,
    /// `terminationGracePeriodSeconds`.
    #[prost(int64, optional, tag = "4")]
    pub termination_grace_period_seconds: Option<i64>,
    /// `activeDeadlineSeconds`.
    #[prost(int64, optional, tag = "5")]
    pub active_deadline_seconds: Option<i64>,
    /// `nodeName`.
    #[prost(string, tag = "10")]
    #[serde(deserialize_with = "null_as_default")]
    pub node_name: String,
    /// `initContainers`.
    #[prost(message, repeated, tag = "20")]
    #[serde(deserialize_with = "null_as_default")]
    pub init_containers: Vec<Container>,
}

/// `status`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Status {
    /// `phase`.
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "null_as_default")]
    pub phase: String,
    /// `conditions`.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "null_as_default")]
    pub conditions: Vec<Condition>,
    /// `reason`.
    #[prost(string, tag = "4")]
    #[serde(deserialize_with = "null_as_default")]
    pub reason: String,
    /// `startTime`.
    #[prost(message, optional, tag = "7")]
    pub start_time: Option<Time>,
    /// `containerStatuses`.
    #[prost(message, repeated, tag = "8")]
    #[serde(deserialize_with = "null_as_default")]
    pub container_statuses: Vec<ContainerStatus>,
    /// `initContainerStatuses`.
    #[prost(message, repeated, tag = "10")]
    #[serde(deserialize_with = "null_as_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// `observedGeneration`. 0: none, as before Kubernetes 1.33.
    #[prost(int64, tag = "17")]
    #[serde(deserialize_with = "null_as_default")]
    pub observed_generation: i64,
}

/// One of `status.conditions`.
#[derive(Clone, PartialEq, prost::Message, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// `type`.
    #[prost(string, tag = "1")]
    #[serde(rename = "type")]
    pub type_: String,
    /// `status`.
    #[prost(string, tag = "2")]
    pub status: String,
    /// `lastTransitionTime`.
    #[prost(message, optional, tag = "4")]
    pub last_transition_time: Option<Time>,
    /// `reason`.
    #[prost(string, tag = "5")]
    #[serde(deserialize_with = "null_as_default")]
    pub reason: String,
    /// `message`.
    #[prost(string, tag = "6")]
    #[serde(deserialize_with = "null_as_default")]
    pub message: String,
}

impl Pod {
    /// `metadata.resourceVersion` as the number that the version is since Kubernetes 1.35 by contract, and was before in
    /// fact. 0: there is none.
    pub fn version(&self) -> u64 {
        self.metadata.resource_version.parse().unwrap_or(0)
    }
}

/// JSON has `null` where a list, a map or a text is absent.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
