//! How does a batch/v1 Job become the spec of a SidecarJob?
//!
//! The fields are the same. Annotations name the sidecars, because a Job has no field for them. Admission (`config/`) and
//! the status check whether the names make sense; this file does not.

use std::collections::BTreeMap;

use crate::api::labels;
use crate::api::shared_job::SharedJob;
use crate::api::sidecar::Sidecar;
use crate::api::sidecarjob::CompletionMode;
use crate::api::sidecarjob::MainContainers;
use crate::api::sidecarjob::PodReplacementPolicy;
use crate::api::sidecarjob::SidecarJobSpec;

impl SidecarJobSpec {
    /// The spec of a Job. The sidecars come from the annotation `sidecarjob.dev/sidecars` of the Job, or else of its Pod
    /// template; the main containers come from the annotation `sidecarjob.dev/main` in the same places.
    pub fn of_job(job: &SharedJob) -> Self {
        let spec = job.spec.clone().unwrap_or_default();
        let on_job = job.metadata.annotations.as_ref();
        let on_pods = job.template.metadata.as_ref().and_then(|m| m.annotations.as_ref());
        let marked = |annotation: &str| names(on_job, annotation).or_else(|| names(on_pods, annotation));
        Self {
            sidecars: marked(labels::SIDECARS).unwrap_or_default().into_iter().map(sidecar).collect(),
            main_containers: marked(labels::MAIN).map(|names| MainContainers { names, require: None }),
            parallelism: spec.parallelism,
            completions: spec.completions,
            completion_mode: spec.completion_mode.as_deref().and_then(completion_mode),
            backoff_limit: spec.backoff_limit,
            backoff_limit_per_index: spec.backoff_limit_per_index,
            max_failed_indexes: spec.max_failed_indexes,
            pod_failure_policy: spec.pod_failure_policy,
            success_policy: spec.success_policy,
            selector: spec.selector,
            manual_selector: spec.manual_selector,
            active_deadline_seconds: spec.active_deadline_seconds,
            ttl_seconds_after_finished: spec.ttl_seconds_after_finished,
            suspend: spec.suspend,
            pod_replacement_policy: spec.pod_replacement_policy.as_deref().and_then(replacement),
            managed_by: spec.managed_by,
            template: job.template.clone(),
            ..Self::default()
        }
    }
}

fn sidecar(name: String) -> Sidecar {
    Sidecar { name, ..Sidecar::default() }
}

/// The names in an annotation; `None` if the annotation is absent or empty.
fn names(annotations: Option<&BTreeMap<String, String>>, annotation: &str) -> Option<Vec<String>> {
    let text = annotations?.get(annotation)?;
    let names: Vec<String> = labels::names(text).map(Into::into).collect();
    (!names.is_empty()).then_some(names)
}

fn completion_mode(word: &str) -> Option<CompletionMode> {
    match word {
        "Indexed" => Some(CompletionMode::Indexed),
        "NonIndexed" => Some(CompletionMode::NonIndexed),
        _ => None,
    }
}

fn replacement(word: &str) -> Option<PodReplacementPolicy> {
    match word {
        "Failed" => Some(PodReplacementPolicy::Failed),
        "TerminatingOrFailed" => Some(PodReplacementPolicy::TerminatingOrFailed),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
