//! What a batch/v1 Job says in the words of a SidecarJob.

use serde_json::{Value, json};

use super::*;

fn spec_of(annotations: Value, template_annotations: Value, spec: Value) -> SidecarJobSpec {
    let mut job = json!({
        "metadata": {"name": "job", "annotations": annotations},
        "spec": {"template": {
            "metadata": {"annotations": template_annotations},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "work"}, {"name": "ffwd"}]}
        }}
    });
    for (key, value) in spec.as_object().unwrap() {
        job["spec"][key] = value.clone();
    }
    SidecarJobSpec::of_job(&serde_json::from_value(job).unwrap())
}

fn sidecars(spec: &SidecarJobSpec) -> Vec<&str> {
    spec.sidecars.iter().map(|s| s.name.as_str()).collect()
}

#[test]
fn sidecars_are_marked_by_an_annotation_of_the_job_or_else_of_its_pods() {
    let (on, none) = (|names: &str| json!({"sidecarjob.dev/sidecars": names}), json!({}));
    for (what, job, pods, want) in [
        ("none", none.clone(), none.clone(), vec![]),
        ("on the Job", on("ffwd,istio-proxy"), none.clone(), vec!["ffwd", "istio-proxy"]),
        ("on its Pods", none.clone(), on("ffwd"), vec!["ffwd"]),
        ("on both: the Job's", on("ffwd"), on("other"), vec!["ffwd"]),
        ("with spaces and an empty name", on(" ffwd , "), none.clone(), vec!["ffwd"]),
        ("empty", on(""), on("ffwd"), vec!["ffwd"]),
    ] {
        assert_eq!(sidecars(&spec_of(job, pods, json!({}))), want, "{what}");
    }
}

#[test]
fn the_main_containers_may_be_named_instead() {
    let spec = spec_of(json!({}), json!({"sidecarjob.dev/main": "work"}), json!({}));
    assert_eq!(spec.main_containers.unwrap().names, ["work"]);
}

#[test]
fn every_field_of_a_job_goes_over_under_its_name() {
    let given = json!({
        "parallelism": 2, "completions": 3, "completionMode": "Indexed", "backoffLimit": 4, "backoffLimitPerIndex": 5,
        "maxFailedIndexes": 6, "activeDeadlineSeconds": 7, "ttlSecondsAfterFinished": 8, "suspend": true,
        "podReplacementPolicy": "Failed", "managedBy": "sidecarjob.dev/controller", "manualSelector": true,
        "selector": {"matchLabels": {"a": "b"}},
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
        "successPolicy": {"rules": [{"succeededCount": 1}]}
    });
    let spec = serde_json::to_value(spec_of(json!({}), json!({}), given.clone())).unwrap();
    for (field, value) in given.as_object().unwrap() {
        assert_eq!(&spec[field], value, "{field}");
    }
}
