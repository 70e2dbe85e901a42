//! What does the Pod look like that is created?
//!
//! The template, with our labels, finalizer and owner, and its sidecars made native (`sidecars::native`) where they can be.
//! The rest of the template goes through as it is.

use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::names;
use super::observed::{Job, Settings};
use super::sidecars::{changed, native};
use crate::api::{self, labels};

/// Pod `number` of the job.
pub fn pod(job: &Job, number: u32, settings: &Settings) -> Pod {
    let template: &PodTemplateSpec = &job.spec.template;
    let mut spec = template.spec.clone().unwrap_or_default();
    let mut metadata = metadata(job, number);
    if job.spec.native(settings) && !changed::must_be_managed(&job.status.conditions) {
        native::build(&mut spec, &job.spec.roles, &job.spec.sidecars);
    } else {
        metadata.annotations.get_or_insert_default().insert(labels::MODE.into(), labels::MANAGED.into());
    }
    Pod { metadata, spec: Some(spec), status: None }
}

fn metadata(job: &Job, number: u32) -> ObjectMeta {
    let template = job.spec.template.metadata.clone().unwrap_or_default();
    let roles = &job.spec.roles;
    let mut labels = template.labels.unwrap_or_default();
    if job.name.len() <= 63 {
        labels.insert(labels::NAME.into(), job.name.clone());
    }
    labels.insert(labels::UID.into(), job.uid.clone());
    labels.insert(labels::ATTEMPT.into(), number.to_string());
    let mut annotations = template.annotations.unwrap_or_default();
    annotations.insert(labels::MAIN.into(), roles.main().join(","));
    annotations.insert(labels::SIDECARS.into(), roles.sidecars().join(","));
    if let Some(main) = roles.main().first() {
        annotations.entry(labels::DEFAULT_CONTAINER.into()).or_insert_with(|| (*main).into());
    }
    let mut finalizers = template.finalizers.unwrap_or_default();
    if !finalizers.iter().any(|f| f == labels::TRACKING_FINALIZER) {
        finalizers.push(labels::TRACKING_FINALIZER.into());
    }
    ObjectMeta {
        name: Some(names::pod(&job.name, &job.uid, number)),
        namespace: Some(job.namespace.clone()),
        labels: Some(labels),
        annotations: Some(annotations),
        finalizers: Some(finalizers),
        owner_references: Some(vec![owner(job)]),
        ..ObjectMeta::default()
    }
}

/// `blockOwnerDeletion`, so that a foreground deletion waits for the Pods, as a Job's does.
fn owner(job: &Job) -> OwnerReference {
    OwnerReference {
        api_version: format!("{}/{}", api::GROUP, api::VERSION),
        kind: "SidecarJob".into(),
        name: job.name.clone(),
        uid: job.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests;
