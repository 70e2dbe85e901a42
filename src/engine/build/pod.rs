//! What does a Pod look like that the controller creates?
//!
//! The Pod has the template's fields, our labels, finalizer and owner, and native sidecars (`native`) if the cluster
//! can run them. The rest of the template stays as it is.

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, ObjectFieldSelector, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::api::{Kind, labels};
use crate::engine::build::{changed, managed, names, native};
use crate::engine::observed::{IndexFailures, Job, Settings};
use crate::engine::plan::NewPod;

/// This new Pod of the run.
pub fn pod(job: &Job, new: NewPod, settings: &Settings) -> Pod {
    let template: &PodTemplateSpec = &job.spec.template;
    let mut spec = template.spec.clone().unwrap_or_default();
    let mut metadata = metadata(job, new);
    if job.spec.native(settings) && !changed::must_be_managed(&job.status.conditions) {
        native::build(&mut spec, &job.spec.roles, &job.spec.sidecars);
    } else {
        managed::build(&mut spec, &job.spec.roles, &job.spec.sidecars);
        metadata.annotations.get_or_insert_default().insert(labels::MODE.into(), labels::MANAGED.into());
    }
    if let Some(index) = new.index {
        spec.hostname = Some(format!("{}-{index}", job.name));
        spec.init_containers.iter_mut().flatten().chain(&mut spec.containers).for_each(tell_index);
    }
    Pod { metadata, spec: Some(spec), status: None }
}

fn metadata(job: &Job, new: NewPod) -> ObjectMeta {
    let template = job.spec.template.metadata.clone().unwrap_or_default();
    let roles = &job.spec.roles;
    let mut labels = template.labels.unwrap_or_default();
    labels.extend(job.spec.labels.clone());
    if job.kind == Kind::SidecarJob && job.name.len() <= 63 {
        labels.insert(labels::NAME.into(), job.name.clone());
    }
    labels.insert(labels::UID.into(), job.uid.clone());
    labels.insert(labels::ATTEMPT.into(), new.number.to_string());
    let mut annotations = template.annotations.unwrap_or_default();
    // The template may be a copy of a Pod: an annotation about one Pod says nothing about another Pod.
    annotations.retain(|name, _| !labels::OF_ONE_POD.contains(&name.as_str()));
    annotations.insert(labels::MAIN.into(), roles.main().join(","));
    annotations.insert(labels::SIDECARS.into(), roles.all_sidecars().join(","));
    if roles.injected_are_main() {
        annotations.insert(labels::INJECTED_CONTAINERS.into(), "Main".into());
    }
    // Not for a Job without sidecars: kubectl takes the first container by itself.
    let asks = job.kind == Kind::SidecarJob || !roles.sidecars().is_empty();
    if let Some(main) = roles.main().first().filter(|_| asks) {
        annotations.entry(labels::DEFAULT_CONTAINER.into()).or_insert_with(|| (*main).into());
    }
    if let Some(index) = new.index {
        labels.insert(labels::COMPLETION_INDEX.into(), index.to_string());
        annotations.extend(index_annotations(job, index, new.index_failures));
    }
    let mut finalizers = template.finalizers.unwrap_or_default();
    finalizers.retain(|f| Kind::ALL.iter().all(|kind| f != kind.finalizer())); // nobody would remove the other kind's
    finalizers.push(job.kind.finalizer().into());
    ObjectMeta {
        name: Some(names::pod(&job.name, &job.uid, new)),
        generate_name: Some(names::prefix(&job.name, new.index)),
        namespace: Some(job.namespace.clone()),
        labels: Some(labels),
        annotations: Some(annotations),
        finalizers: Some(finalizers),
        owner_references: Some(vec![owner(job)]),
        ..ObjectMeta::default()
    }
}

/// The index, and with `backoffLimitPerIndex` how many Pods of the index failed before.
fn index_annotations(job: &Job, index: u32, before: IndexFailures) -> Vec<(String, String)> {
    let mut all = vec![(labels::COMPLETION_INDEX.into(), index.to_string())];
    if job.spec.backoff_limit_per_index.is_some() {
        all.push((labels::INDEX_FAILURE_COUNT.into(), before.counted.to_string()));
        if before.ignored > 0 {
            all.push((labels::INDEX_IGNORED_FAILURE_COUNT.into(), before.ignored.to_string()));
        }
    }
    all
}

/// The index in the environment, unless the container has a variable with this name already.
fn tell_index(container: &mut Container) {
    let env = container.env.get_or_insert_default();
    if env.iter().any(|e| e.name == labels::COMPLETION_INDEX_ENV) {
        return;
    }
    let field_path = format!("metadata.labels['{}']", labels::COMPLETION_INDEX);
    env.push(EnvVar {
        name: labels::COMPLETION_INDEX_ENV.into(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { field_path, ..ObjectFieldSelector::default() }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    });
}

/// The owner reference to the run. With `blockOwnerDeletion`, so that a foreground deletion waits for the Pods, as with
/// a Job.
pub fn owner(job: &Job) -> OwnerReference {
    OwnerReference {
        api_version: job.kind.api_version(),
        kind: job.kind.name().into(),
        name: job.name.clone(),
        uid: job.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

#[cfg(test)]
mod tests;
