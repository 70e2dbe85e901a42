//! What does the Pod look like that is created?
//!
//! The template, with our labels, finalizer and owner; in native mode the sidecars moved behind the init containers with
//! `restartPolicy: Always`. The rest of the template goes through as it is.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::names;
use super::observed::{Job, Settings};
use super::roles::{Role, Roles};
use crate::api::{self, labels};

/// Pod `number` of the job.
pub fn pod(job: &Job, number: u32, settings: &Settings) -> Pod {
    let template: &PodTemplateSpec = &job.spec.template;
    let mut spec = template.spec.clone().unwrap_or_default();
    let mut metadata = metadata(job, number);
    if job.spec.native(settings) {
        make_native(&mut spec, &job.spec.roles);
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
    annotations.insert(labels::SIDECARS.into(), roles.all_sidecars().join(","));
    if roles.injected_are_main() {
        annotations.insert(labels::INJECTED_CONTAINERS.into(), "Main".into());
    }
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

/// Marked init containers become sidecars where they stand; plain ones follow after the init containers, in their order.
fn make_native(spec: &mut PodSpec, roles: &Roles) {
    let mut init = spec.init_containers.take().unwrap_or_default();
    for c in init.iter_mut().filter(|c| roles.is_marked(&c.name)) {
        c.restart_policy = Some("Always".into());
    }
    let (plain, sidecars): (Vec<Container>, Vec<Container>) =
        std::mem::take(&mut spec.containers).into_iter().partition(|c| roles.of_container(&c.name) == Role::Main);
    init.extend(sidecars.into_iter().map(|c| Container { restart_policy: Some("Always".into()), ..c }));
    spec.containers = plain;
    spec.init_containers = (!init.is_empty()).then_some(init);
}

#[cfg(test)]
mod tests;
