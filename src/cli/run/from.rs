//! How does an object that exists become a new SidecarJob? What its author wrote stays, and what belongs to the one object,
//! its owner or its controller goes.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::{Resource, ResourceExt};
use serde_json::{Map, Value, json};

use crate::api::Kind;
use crate::api::SidecarJobSpec;
use crate::api::labels;

/// The field that `stop` changes, which a new run gets back.
const DEADLINE: &str = "activeDeadlineSeconds";
/// The other one.
const ENDED_PODS: &str = "endedPods";

/// A new SidecarJob with this metadata and spec.
fn object(labels: Value, annotations: Value, spec: Value) -> Value {
    let kind = Kind::SidecarJob;
    json!({
        "apiVersion": kind.api_version(), "kind": kind.name(),
        "metadata": {"labels": labels, "annotations": annotations}, "spec": spec
    })
}

/// The annotations without those that belong to one object.
fn annotations(mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let jobs = [labels::SIDECARS, labels::MAIN, labels::LAST_APPLIED, labels::BATCH_TRACKING_FINALIZER];
    all.retain(|name, _| !labels::OF_ONE_RUN.contains(&name.as_str()) && !jobs.contains(&name.as_str()));
    all
}

/// The labels without those that belong to one object.
fn labels(mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let own = |name: &str| {
        labels::UID_LABELS.contains(&name) || labels::JOB_NAMES.contains(&name) || name == labels::SCHEDULE
    };
    all.retain(|name, _| !own(name));
    all
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let all = map.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// Another run of the same spec. The fields that `stop` changed are as they were before.
pub fn sidecarjob(run: &Value) -> Value {
    let metadata = &run["metadata"];
    let mut spec = run["spec"].clone();
    let stopped = metadata["annotations"][labels::STOPPED_BY].as_str().and_then(|text| serde_json::from_str(text).ok());
    if let (Some(stopped), Some(spec)) = (stopped, spec.as_object_mut()) {
        before_stop(spec, &stopped);
    }
    let (labels, annotations) = (labels(texts(&metadata["labels"])), annotations(texts(&metadata["annotations"])));
    object(json!(labels), json!(annotations), spec)
}

/// Undoes what `stop` wrote. Nothing is undone if somebody has changed the deadline since.
fn before_stop(spec: &mut Map<String, Value>, stopped: &Value) {
    if spec.get(DEADLINE) != Some(&json!(0)) {
        return;
    }
    for field in [DEADLINE, ENDED_PODS] {
        match stopped.get("before").and_then(|before| before.get(field)) {
            Some(value) if !value.is_null() => drop(spec.insert(field.to_owned(), value.clone())),
            _ => drop(spec.remove(field)),
        }
    }
}

/// The SidecarJob of a batch/v1 Job. The API server chose the selector and some labels for the one Job.
pub fn job(job: &Job) -> Value {
    let mut spec = SidecarJobSpec::of_job(job);
    (spec.selector, spec.manual_selector, spec.managed_by) = (None, None, None);
    if let Some(template) = &mut Arc::make_mut(&mut spec.template).metadata {
        template.labels = template.labels.take().map(labels).filter(|all| !all.is_empty());
        template.annotations = template.annotations.take().map(annotations).filter(|all| !all.is_empty());
        template.creation_timestamp = None;
    }
    let (labels, annotations) = (labels(job.labels().clone()), annotations(job.annotations().clone()));
    object(json!(labels), json!(annotations), json!(spec))
}

/// The SidecarJob of the Job that a CronJob would create now.
pub fn cronjob(cron: &CronJob) -> Value {
    let template = cron.spec.job_template.clone();
    let mut one = Job { metadata: template.metadata.unwrap_or_default(), spec: template.spec, ..Job::default() };
    one.meta_mut().name = cron.meta().name.clone();
    job(&one)
}

#[cfg(test)]
mod tests;
