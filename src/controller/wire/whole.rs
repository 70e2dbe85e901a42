//! How is an object of which the controller needs all read? Without `managedFields`, which nobody reads; without the Pod
//! template of a run that is finished, which gets no more Pods; and so that one object that can't be read does not stop the
//! others.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hyper::Request;
use hyper::body::Bytes;
use k8s_openapi::api::batch::v1::{JobSpec, JobStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::core::error_boundary::InvalidObject;
use kube::{Client, Resource};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::templates::Apart;
use super::{JSON, Wire, ask, unreadable};
use crate::api::conditions::types;
use crate::api::{
    SharedJob, SharedJobSpec, SidecarCronJob, SidecarCronJobSpec, SidecarCronJobStatus, SidecarJob, SidecarJobSpec,
    SidecarJobStatus,
};
use crate::controller::watched::Watched;

/// A kind of which the controller needs the whole object.
pub trait Whole: kube::Resource<DynamicType = ()> + Send + 'static {
    /// `spec`.
    type Spec: DeserializeOwned;
    /// `status`.
    type Status: DeserializeOwned;

    /// The object of these parts. A run that is finished comes without its Pod template: clusters keep many of them.
    fn of(metadata: ObjectMeta, spec: Self::Spec, status: Option<Self::Status>) -> Self;

    /// The body of a status write.
    fn status_write(&self) -> serde_json::Result<Vec<u8>>;
}

/// Of our own kinds a status write has no spec: the API server takes the spec from the stored object in any case, and
/// reading and comparing the spec is the greater part of what a write costs the API server.
fn without_spec<K: kube::Resource<DynamicType = ()>>(
    object: &K,
    status: &impl Serialize,
) -> serde_json::Result<Vec<u8>> {
    let meta = object.meta();
    serde_json::to_vec(&json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {
            "name": meta.name, "namespace": meta.namespace, "uid": meta.uid, "resourceVersion": meta.resource_version
        },
        "status": status
    }))
}

impl Whole for SidecarJob {
    type Spec = Apart<SidecarJobSpec>;
    type Status = SidecarJobStatus;

    fn of(metadata: ObjectMeta, spec: Self::Spec, status: Option<Self::Status>) -> Self {
        let Apart { mut spec, template, .. } = spec;
        let finished = status.as_ref().is_some_and(|status| {
            status.conditions.iter().any(|condition| is_end(&condition.type_, &condition.status))
        });
        spec.template = if finished { NO_TEMPLATE.clone() } else { template };
        Self { metadata, spec, status }
    }

    fn status_write(&self) -> serde_json::Result<Vec<u8>> {
        without_spec(self, &self.status)
    }
}

impl Whole for SidecarCronJob {
    type Spec = SidecarCronJobSpec;
    type Status = SidecarCronJobStatus;

    fn of(metadata: ObjectMeta, spec: Self::Spec, status: Option<Self::Status>) -> Self {
        Self { metadata, spec, status }
    }

    fn status_write(&self) -> serde_json::Result<Vec<u8>> {
        without_spec(self, &self.status)
    }
}

impl Whole for SharedJob {
    type Spec = Option<Apart<JobSpec>>;
    type Status = JobStatus;

    fn of(metadata: ObjectMeta, spec: Self::Spec, status: Option<Self::Status>) -> Self {
        let conditions = status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
        let finished = conditions.iter().any(|condition| is_end(&condition.type_, &condition.status));
        let (spec, apart) =
            spec.map(|Apart { spec, template, labels }| (SharedJobSpec::apart(spec).0, (template, labels))).unzip();
        let none = || (NO_TEMPLATE.clone(), BTreeMap::new());
        let (template, labels) = apart.filter(|_| !finished).unwrap_or_else(none);
        Self { metadata, spec, template, labels, status }
    }

    /// The whole Job: webhooks of other programs that see Jobs may read the spec of whatever they see. The status of a
    /// finished Job, which is without its template, is not written.
    fn status_write(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

/// The condition ends a run.
fn is_end(type_: &str, status: &str) -> bool {
    status == "True" && [types::COMPLETE, types::FAILED].contains(&type_)
}

/// What stands for the template of all finished runs.
static NO_TEMPLATE: LazyLock<Arc<PodTemplateSpec>> = LazyLock::new(Arc::default);

/// The parts of an object.
#[derive(Deserialize)]
pub struct Parts<S, T> {
    #[serde(default)]
    metadata: Meta,
    spec: S,
    status: Option<T>,
}

/// Sends a write whose outcome the caller knows but for the new version of the object, and asks for no more than metadata.
pub async fn version_after(client: &Client, request: Request<Vec<u8>>) -> kube::Result<Option<String>> {
    let (_, body) = ask(client, request, METADATA_ALONE).await?;
    let OnlyMetadata { metadata } =
        serde_json::from_slice(&body).map_err(|why| unreadable("metadata", &why.to_string()))?;
    Ok(metadata.resource_version)
}

/// Media types for metadata alone. A server that does not know them answers with the whole object.
const METADATA_ALONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;q=0.9";

#[derive(Deserialize)]
struct OnlyMetadata {
    metadata: Version,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    resource_version: Option<String>,
}

/// `metadata` without `managedFields`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Meta {
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<Time>,
    deletion_grace_period_seconds: Option<i64>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    generate_name: Option<String>,
    generation: Option<i64>,
    labels: Option<BTreeMap<String, String>>,
    name: Option<String>,
    namespace: Option<String>,
    owner_references: Option<Vec<OwnerReference>>,
    resource_version: Option<String>,
    self_link: Option<String>,
    uid: Option<String>,
}

impl From<Meta> for ObjectMeta {
    fn from(read: Meta) -> Self {
        Self {
            annotations: read.annotations,
            creation_timestamp: read.creation_timestamp,
            deletion_grace_period_seconds: read.deletion_grace_period_seconds,
            deletion_timestamp: read.deletion_timestamp,
            finalizers: read.finalizers,
            generate_name: read.generate_name,
            generation: read.generation,
            labels: read.labels,
            managed_fields: None,
            name: read.name,
            namespace: read.namespace,
            owner_references: read.owner_references,
            resource_version: read.resource_version,
            self_link: read.self_link,
            uid: read.uid,
        }
    }
}

impl<K: Whole + Clone + Sync> Wire for Watched<K> {
    const ACCEPT: &'static str = JSON;
    type Json = Parts<K::Spec, K::Status>;

    fn from_json(Parts { metadata, spec, status }: Self::Json) -> Self {
        Self::from(K::of(metadata.into(), spec, status))
    }

    fn unreadable(object: &Value, error: &str) -> Option<Self> {
        let metadata = Meta::deserialize(&object["metadata"]).ok()?.into();
        Some(Self(Err(Box::new(InvalidObject { error: error.to_owned(), metadata }))))
    }

    fn from_protobuf(_: Bytes) -> Result<Self, String> {
        Err(format!("a {} in protobuf was not asked for", K::kind(&())))
    }

    fn resource_version(&self) -> &str {
        self.meta().resource_version.as_deref().unwrap_or_default()
    }
}
