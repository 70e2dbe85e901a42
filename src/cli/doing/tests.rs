//! What does a Pod do? The rows that `why` does not show.

use serde_json::{Value, json};

use super::*;

fn pod(policy: &str, annotations: Value, init: Value, plain: Value) -> Pod {
    let names = |all: &Value, restart: Option<&str>| -> Value {
        let named = |c: &Value| match restart {
            Some(restart) if c["name"] == "side" => json!({"name": c["name"], "restartPolicy": restart}),
            _ => json!({"name": c["name"]}),
        };
        all.as_array().unwrap().iter().map(named).collect()
    };
    let statuses = |all: Value| -> Value {
        let whole = |mut c: Value| {
            for (key, value) in
                [("ready", json!(true)), ("restartCount", json!(0)), ("image", json!("")), ("imageID", json!(""))]
            {
                c.as_object_mut().unwrap().entry(key).or_insert(value);
            }
            c
        };
        all.as_array().unwrap().iter().cloned().map(whole).collect()
    };
    serde_json::from_value(json!({
        "metadata": {"name": "p", "annotations": annotations},
        "spec": {"restartPolicy": policy, "containers": names(&plain, None), "initContainers": names(&init, Some("Always"))},
        "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z",
            "initContainerStatuses": statuses(init), "containerStatuses": statuses(plain)}
    }))
    .unwrap()
}

fn running(name: &str) -> Value {
    json!({"name": name, "started": true, "state": {"running": {"startedAt": "2026-01-01T00:00:01Z"}}})
}

fn ended(name: &str, exit: i32) -> Value {
    json!({"name": name, "state": {"terminated": {"exitCode": exit, "finishedAt": "2026-01-01T00:00:09Z"}}})
}

fn crashed(name: &str) -> Value {
    json!({"name": name, "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}}})
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + second, 0).unwrap()
}

#[test]
fn a_main_container_that_the_kubelet_starts_again_is_not_done() {
    let main = json!({"sidecarjob.dev/main": "work"});
    let drains = of(&pod("Never", main.clone(), json!([running("side")]), json!([ended("work", 1)])), true);
    assert_eq!(
        drains,
        Doing::Drains { sidecars: vec!["side".into()], since: at(9), until: Some(at(39)), by: StoppedBy::Kubelet }
    );
    let again = of(&pod("OnFailure", main.clone(), json!([running("side")]), json!([crashed("work")])), true);
    assert!(matches!(again, Doing::Crashed { role: Role::Main, restarts: 2, .. }), "{again:?}");
    let between = of(&pod("OnFailure", main, json!([running("side")]), json!([ended("work", 1)])), true);
    assert_eq!(between, Doing::Starts);
}

#[test]
fn a_managed_sidecar_is_bounded_once_the_pod_has_a_deadline() {
    let annotations = json!({"sidecarjob.dev/main": "work", "sidecarjob.dev/mode": "managed"});
    let mut pod = pod("Never", annotations, json!([]), json!([running("side"), ended("work", 0)]));
    let until = |pod: &Pod| match of(pod, false) {
        Doing::Drains { until, by, .. } => (until, by),
        other => panic!("{other:?}"),
    };
    assert_eq!(until(&pod), (None, StoppedBy::Controller));
    pod.spec.as_mut().unwrap().active_deadline_seconds = Some(10);
    assert_eq!(until(&pod), (Some(at(40)), StoppedBy::Kubelet));
    pod.spec.as_mut().unwrap().termination_grace_period_seconds = Some(i64::MAX);
    assert_eq!(until(&pod), (None, StoppedBy::Kubelet), "an end that no calendar has");
}

#[test]
fn the_first_init_container_that_is_not_done_holds_back_the_rest() {
    let waits = |name: &str| json!({"name": name, "state": {"waiting": {"reason": "PodInitializing"}}});
    let works = of(&pod("Never", json!({}), json!([running("wait"), waits("side")]), json!([waits("work")])), false);
    assert!(matches!(works, Doing::Initializes { ref container, .. } if container == "wait"), "{works:?}");
    let mut slow = running("side");
    slow["started"] = json!(false);
    let not_up = of(&pod("Never", json!({}), json!([ended("wait", 0), slow]), json!([waits("work")])), false);
    assert!(matches!(not_up, Doing::SidecarNotUp { ref sidecar, .. } if sidecar == "side"), "{not_up:?}");
}

#[test]
fn two_plain_containers_work_and_one_that_ends_first_may_be_the_work() {
    let both = of(&pod("Never", json!({}), json!([]), json!([running("a"), running("b")])), false);
    assert!(matches!(both, Doing::Works { ref containers, .. } if containers.len() == 2), "{both:?}");
    let one = of(&pod("Never", json!({}), json!([]), json!([running("a"), ended("b", 0)])), false);
    assert!(matches!(one, Doing::Hangs { annotated: false, .. }), "{one:?}");
}
