//! What the API server is sent.

use serde_json::{Value, json};

use super::*;
use crate::engine::tests::fixture::job_with;

fn spec() -> Value {
    json!({
        "sidecars": [{"name": "ffwd"}, {"name": "proxy"}, {"name": "istio-proxy"}],
        "template": {
            "metadata": {"labels": {"app": "x"}, "annotations": {"a": "b"}, "finalizers": ["their.own/one"]},
            "spec": {
                "restartPolicy": "OnFailure", "nodeSelector": {"disk": "ssd"},
                "initContainers": [{"name": "setup", "image": "i"}, {"name": "proxy", "image": "p"}],
                "containers": [
                    {"name": "ffwd", "image": "f", "ports": [{"containerPort": 1}], "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}},
                    {"name": "work", "image": "w"}
                ]
            }
        }
    })
}

fn sent(spec: Value, native_sidecars: bool) -> Value {
    let seen = job_with(spec);
    let settings = Settings { native_sidecars, ..seen.settings };
    serde_json::to_value(pod(&seen.job, 4, &settings)).unwrap()
}

#[test]
fn native_sidecars_follow_the_init_containers_with_all_that_they_have() {
    let pod = sent(spec(), true);
    assert_eq!(pod["spec"]["containers"], json!([{"name": "work", "image": "w"}]));
    assert_eq!(
        pod["spec"]["initContainers"],
        json!([
            {"name": "setup", "image": "i"},
            {"name": "proxy", "image": "p", "restartPolicy": "Always"},
            {"name": "ffwd", "image": "f", "ports": [{"containerPort": 1}], "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
             "restartPolicy": "Always"},
        ])
    );
}

#[test]
fn managed_sidecars_stay_where_they_are() {
    let pod = sent(spec(), false);
    assert_eq!(pod["spec"], spec()["template"]["spec"]);
}

#[test]
fn the_rest_of_the_template_goes_through_beside_what_is_ours() {
    let pod = sent(spec(), true);
    assert_eq!(
        (&pod["spec"]["nodeSelector"], &pod["spec"]["restartPolicy"]),
        (&json!({"disk": "ssd"}), &json!("OnFailure"))
    );
    let meta = &pod["metadata"];
    assert_eq!(
        meta["labels"],
        json!({"app": "x", "sidecarjob.dev/name": "job", "sidecarjob.dev/uid": "job-uid", "sidecarjob.dev/attempt": "4"})
    );
    assert_eq!(
        meta["annotations"],
        json!({"a": "b", "sidecarjob.dev/main": "work", "sidecarjob.dev/sidecars": "proxy,ffwd,istio-proxy",
               "kubectl.kubernetes.io/default-container": "work"})
    );
    assert_eq!(meta["finalizers"], json!(["their.own/one", "sidecarjob.dev/job-tracking"]));
    assert_eq!(
        meta["ownerReferences"],
        json!([{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": "job", "uid": "job-uid",
                "controller": true, "blockOwnerDeletion": true}])
    );
}

#[test]
fn the_admission_policy_is_told_what_to_leave_alone() {
    let told = |spec: Value, native: bool, name: &str| sent(spec, native)["metadata"]["annotations"][name].clone();
    let mut injected_are_main = spec();
    injected_are_main["injectedContainers"] = json!("Main");
    assert_eq!(told(spec(), false, labels::MODE), "managed", "sidecars that are to stay plain containers");
    assert_eq!(told(spec(), true, labels::MODE), Value::Null);
    assert_eq!(told(injected_are_main, true, labels::INJECTED_CONTAINERS), "Main", "injected ones that decide the result");
    assert_eq!(told(spec(), true, labels::INJECTED_CONTAINERS), Value::Null);
}

#[test]
fn the_users_default_container_stays() {
    let mut spec = spec();
    spec["template"]["metadata"]["annotations"] = json!({"kubectl.kubernetes.io/default-container": "ffwd"});
    assert_eq!(sent(spec, true)["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"], "ffwd");
}

#[test]
fn a_job_with_no_sidecar_has_no_init_containers() {
    let pod = sent(json!({"sidecars": []}), true);
    assert_eq!(pod["spec"].get("initContainers"), None);
}

#[test]
fn a_name_too_long_for_a_label_is_left_out() {
    let mut seen = job_with(json!({}));
    seen.job.name = "a".repeat(64);
    let labels = pod(&seen.job, 0, &seen.settings).metadata.labels.unwrap();
    assert!(!labels.contains_key(labels::NAME) && labels.contains_key(labels::UID));
}
