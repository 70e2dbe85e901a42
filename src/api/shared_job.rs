//! How does the controller hold a batch/v1 Job? With the Pod template apart, so that all states of the Job share one template,
//! and so do Jobs that differ in their names only.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{Job, JobSpec, JobStatus};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A batch/v1 Job. In JSON it is a Job.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(inherit = "Job")]
pub struct SharedJob {
    /// `metadata`.
    pub metadata: ObjectMeta,
    /// `spec`, with an empty template.
    pub spec: Option<JobSpec>,
    /// `spec.template`, except its labels that are in `labels`.
    pub template: Arc<PodTemplateSpec>,
    /// Labels of `spec.template` that differ from Job to Job. Empty: all labels are in `template`.
    pub labels: BTreeMap<String, String>,
    /// `status`.
    pub status: Option<JobStatus>,
}

impl From<Job> for SharedJob {
    fn from(Job { metadata, mut spec, status }: Job) -> Self {
        let template = spec.as_mut().map(|spec| std::mem::take(&mut spec.template)).unwrap_or_default().into();
        Self { metadata, spec, template, labels: BTreeMap::new(), status }
    }
}

impl From<SharedJob> for Job {
    fn from(SharedJob { metadata, mut spec, template, labels, status }: SharedJob) -> Self {
        if let Some(spec) = &mut spec {
            spec.template = Arc::unwrap_or_clone(template);
            if !labels.is_empty() {
                spec.template.metadata.get_or_insert_default().labels.get_or_insert_default().extend(labels);
            }
        }
        Self { metadata, spec, status }
    }
}

impl Serialize for SharedJob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Job::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedJob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Job::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn in_json_it_is_the_job_with_its_template() {
        for spec in [json!({"parallelism": 2, "template": {"spec": {"containers": [{"name": "main"}]}}}), json!(null)] {
            let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": spec});
            let job: Job = serde_json::from_value(job).expect("a Job");
            let shared = SharedJob::from(job.clone());
            assert_eq!(Job::from(shared.clone()), job);
            assert_eq!(serde_json::to_string(&shared).expect("JSON"), serde_json::to_string(&job).expect("JSON"));
            let read: SharedJob = serde_json::from_str(&serde_json::to_string(&job).expect("JSON")).expect("a Job");
            assert_eq!(read, shared);
        }
    }
}
