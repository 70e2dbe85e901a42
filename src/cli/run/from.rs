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
/// The field that `rerun --failed-indexes` changes, which a new run gets back.
const COMPLETED_INDEXES: &str = "completedIndexes";
/// The field of a record that has the fields of the spec as they were before.
pub const BEFORE: &str = "before";

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
    let own = |name: &str| labels::LABELS_OF_ONE_RUN.contains(&name) || name == labels::SCHEDULE;
    all.retain(|name, _| !own(name));
    all
}

fn texts(map: &Value) -> BTreeMap<String, String> {
    let all = map.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// Another run of the same spec. The fields that `stop` and `rerun --failed-indexes` changed are as they were before.
pub fn sidecarjob(run: &Value) -> Value {
    let metadata = &run["metadata"];
    let mut spec = run["spec"].clone();
    let record = |name: &str| -> Option<Value> {
        metadata["annotations"][name].as_str().and_then(|text| serde_json::from_str(text).ok())
    };
    if let Some(spec) = spec.as_object_mut() {
        if let Some(stopped) = record(labels::STOPPED_BY) {
            before_stop(spec, &stopped);
        }
        if let Some(started) = record(labels::STARTED_BY) {
            before_rerun(spec, &started);
        }
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
        match stopped.get(BEFORE).and_then(|before| before.get(field)) {
            Some(value) if !value.is_null() => drop(spec.insert(field.to_owned(), value.clone())),
            _ => drop(spec.remove(field)),
        }
    }
}

/// What the record of a run of the failed indexes says of the spec before.
pub fn record_before_rerun(spec: &Value) -> Value {
    json!({COMPLETED_INDEXES: spec[COMPLETED_INDEXES]})
}

/// Undoes what `rerun --failed-indexes` wrote: all indexes run again.
fn before_rerun(spec: &mut Map<String, Value>, started: &Value) {
    match started.get(BEFORE).and_then(|before| before.get(COMPLETED_INDEXES)) {
        Some(value) if value.is_string() => drop(spec.insert(COMPLETED_INDEXES.to_owned(), value.clone())),
        Some(_) => drop(spec.remove(COMPLETED_INDEXES)),
        None => {}
    }
}

/// The SidecarJob of a batch/v1 Job. The API server chose the selector and some labels for the one Job.
pub fn job(job: &Job) -> Value {
    let mut spec = SidecarJobSpec::of_job(&job.clone().into());
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
