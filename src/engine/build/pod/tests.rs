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

fn number(number: u32) -> NewPod {
    NewPod { number, ..NewPod::default() }
}

fn sent(spec: Value, native_sidecars: bool) -> Value {
    let seen = job_with(spec);
    let settings = Settings { native_sidecars, ..seen.settings };
    serde_json::to_value(pod(&seen.job, number(4), &settings)).unwrap()
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
fn managed_sidecars_are_plain_containers_whatever_they_are_in_the_template() {
    let pod = sent(spec(), false);
    let mut want = spec()["template"]["spec"].clone();
    want["initContainers"] = json!([{"name": "setup", "image": "i"}]);
    want["containers"].as_array_mut().unwrap().push(json!({"name": "proxy", "image": "p"}));
    assert_eq!(pod["spec"], want);
}

#[test]
fn what_the_controller_said_of_another_pod_is_not_taken_over_from_a_template() {
    let mut spec = spec();
    let said = labels::OF_ONE_POD;
    for name in said {
        spec["template"]["metadata"]["annotations"][name] = json!("x");
    }
    spec["template"]["metadata"]["finalizers"] = json!(["batch.kubernetes.io/job-tracking", "example.com/mine"]);
    let pod = sent(spec, true);
    assert!(said.iter().all(|name| pod["metadata"]["annotations"][name].is_null()), "{pod}");
    assert_eq!(pod["metadata"]["finalizers"], json!(["example.com/mine", "sidecarjob.dev/job-tracking"]));
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
    assert_eq!(
        told(injected_are_main, true, labels::INJECTED_CONTAINERS),
        "Main",
        "injected ones that decide the result"
    );
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
    let labels = pod(&seen.job, number(0), &seen.settings).metadata.labels.unwrap();
    assert!(!labels.contains_key(labels::NAME) && labels.contains_key(labels::UID));
}

/// The Pod of an index, with a variable in one of its containers.
fn of_index(more: Value, new: NewPod) -> Value {
    let mut spec = json!({
        "completionMode": "Indexed", "completions": 9,
        "template": {"spec": {
            "restartPolicy": "Never", "initContainers": [{"name": "setup"}],
            "containers": [{"name": "main"}, {"name": "side", "env": [{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]}]
        }}
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let seen = job_with(spec);
    serde_json::to_value(pod(&seen.job, new, &seen.settings)).unwrap()
}

#[test]
fn a_pod_of_an_indexed_run_finds_its_index_everywhere() {
    let pod = of_index(json!({}), NewPod { number: 5, index: Some(3), ..NewPod::default() });
    assert_eq!(pod["metadata"]["annotations"][labels::COMPLETION_INDEX], "3");
    assert_eq!(pod["metadata"]["labels"][labels::COMPLETION_INDEX], "3");
    assert_eq!(pod["metadata"]["generateName"], "job-3-");
    assert_eq!(pod["spec"]["hostname"], "job-3");
    let from = json!([{"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {
        "fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']"}}}]);
    assert_eq!(pod["spec"]["containers"][0]["env"], from);
    assert_eq!(pod["spec"]["initContainers"][0]["env"], from);
    let own = &pod["spec"]["initContainers"][1];
    assert_eq!(
        own["env"],
        json!([{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]),
        "a variable of the user's stays"
    );
}

#[test]
fn the_failures_of_an_index_are_carried_on_only_with_a_limit_for_each() {
    let new =
        |counted, ignored| NewPod { number: 5, index: Some(3), index_failures: IndexFailures { counted, ignored } };
    let counts = |pod: Value| {
        let of = |name: &str| pod["metadata"]["annotations"].get(name).and_then(Value::as_str).map(str::to_owned);
        (of(labels::INDEX_FAILURE_COUNT), of(labels::INDEX_IGNORED_FAILURE_COUNT))
    };
    let limit = || json!({"backoffLimitPerIndex": 1});
    let some = |n: &str| Some(n.to_owned());
    assert_eq!(counts(of_index(limit(), new(0, 0))), (some("0"), None));
    assert_eq!(counts(of_index(limit(), new(2, 1))), (some("2"), some("1")));
    assert_eq!(counts(of_index(json!({}), new(2, 1))), (None, None));
    let mut copied = of_index(limit(), new(0, 0))["metadata"]["annotations"].clone();
    copied[labels::INDEX_IGNORED_FAILURE_COUNT] = json!("7");
    let mut spec = limit();
    spec["template"] = json!({"metadata": {"annotations": copied}, "spec": {"containers": [{"name": "main"}]}});
    assert_eq!(counts(of_index(spec, new(0, 0))), (some("0"), None), "of a Pod whose annotations were copied");
}

#[test]
fn a_batch_jobs_pod_has_its_owner_and_finalizer_and_its_templates_labels() {
    let mut seen = job_with(json!({})).batch();
    seen.job.spec.indexed = false;
    seen.job.spec.labels.insert("job-name".into(), "run".into());
    let pod = serde_json::to_value(pod(&seen.job, number(0), &seen.settings)).unwrap();
    let meta = &pod["metadata"];
    assert_eq!(meta["finalizers"], json!(["batch.kubernetes.io/job-tracking"]));
    assert_eq!(
        (&meta["ownerReferences"][0]["apiVersion"], &meta["ownerReferences"][0]["kind"]),
        (&json!("batch/v1"), &json!("Job"))
    );
    let labels = json!({"job-name": "run", "sidecarjob.dev/uid": "job-uid", "sidecarjob.dev/attempt": "0"});
    assert_eq!(meta["labels"], labels);
}

#[test]
fn a_jobs_pod_gets_a_default_container_only_beside_sidecars() {
    for (sidecars, want) in [(json!([]), None), (json!([{"name": "ffwd"}]), Some("work"))] {
        let mut spec = spec();
        spec["sidecars"] = sidecars.clone();
        let seen = job_with(spec).batch();
        let new = NewPod { number: 0, index: None, index_failures: IndexFailures::default() };
        let annotations = pod(&seen.job, new, &seen.settings).metadata.annotations.unwrap();
        assert_eq!(annotations.get("kubectl.kubernetes.io/default-container").map(String::as_str), want, "{sidecars}");
    }
}
