//! How does the controller hold a batch/v1 Job? With the Pod template apart, so that all states of the Job share one template,
//! and so do Jobs that differ in their names only.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::batch::v1::{
    Job, JobSchedulingConfiguration, JobSpec, JobStatus, PodFailurePolicy, SuccessPolicy,
};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use kube::Resource;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A batch/v1 Job. In JSON it is a Job.
#[derive(Clone, Debug, Default, PartialEq, Resource)]
#[resource(inherit = "Job")]
pub struct SharedJob {
    /// `metadata`.
    pub metadata: ObjectMeta,
    /// `spec`, without the template.
    pub spec: Option<SharedJobSpec>,
    /// `spec.template`, except its labels that are in `labels`.
    pub template: Arc<PodTemplateSpec>,
    /// Labels of `spec.template` that differ from Job to Job. Empty: all labels are in `template`.
    pub labels: BTreeMap<String, String>,
    /// `status`.
    pub status: Option<JobStatus>,
}

/// The fields of a Job's spec beside the template. One list, so that both ways of the conversion have all of them.
macro_rules! spec_without_template {
    ($($field:ident: $of:ty,)*) => {
        /// The spec of a batch/v1 Job without the template, which takes 1.8 KiB in memory even if it is empty.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct SharedJobSpec {
            $(#[doc = concat!("[`JobSpec::", stringify!($field), "`].")] pub $field: $of,)*
        }

        impl SharedJobSpec {
            /// The spec and its template, apart.
            pub fn apart(JobSpec { template, $($field,)* }: JobSpec) -> (Self, PodTemplateSpec) {
                (Self { $($field,)* }, template)
            }

            fn with(self, template: PodTemplateSpec) -> JobSpec {
                JobSpec { template, $($field: self.$field,)* }
            }
        }
    };
}

spec_without_template! {
    active_deadline_seconds: Option<i64>,
    backoff_limit: Option<i32>,
    backoff_limit_per_index: Option<i32>,
    completion_mode: Option<String>,
    completions: Option<i32>,
    managed_by: Option<String>,
    manual_selector: Option<bool>,
    max_failed_indexes: Option<i32>,
    parallelism: Option<i32>,
    pod_failure_policy: Option<PodFailurePolicy>,
    pod_replacement_policy: Option<String>,
    scheduling: Option<JobSchedulingConfiguration>,
    selector: Option<LabelSelector>,
    success_policy: Option<SuccessPolicy>,
    suspend: Option<bool>,
    ttl_seconds_after_finished: Option<i32>,
}

impl From<Job> for SharedJob {
    fn from(Job { metadata, spec, status }: Job) -> Self {
        let (spec, template) = spec.map(SharedJobSpec::apart).unzip();
        Self { metadata, spec, template: template.unwrap_or_default().into(), labels: BTreeMap::new(), status }
    }
}

impl From<SharedJob> for Job {
    fn from(SharedJob { metadata, spec, template, labels, status }: SharedJob) -> Self {
        let whole = |spec: SharedJobSpec| {
            let mut template = Arc::unwrap_or_clone(template);
            if !labels.is_empty() {
                template.metadata.get_or_insert_default().labels.get_or_insert_default().extend(labels);
            }
            spec.with(template)
        };
        Self { metadata, spec: spec.map(whole), status }
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
    fn beside_its_template_a_job_takes_less_than_an_empty_template() {
        let (job, template) = (size_of::<SharedJob>(), size_of::<PodTemplateSpec>());
        assert!(job < template, "{job} bytes, and a template {template}");
    }

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
