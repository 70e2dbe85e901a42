//! Which log is shown of which Pods?

use serde_json::{Value, json};

use super::*;

/// A Pod of the n-th attempt, and the state of its container `main`.
fn pod(attempt: u32, status: Value) -> Pod {
    let status = match status {
        Value::Null => json!({"phase": "Pending"}),
        mut main => {
            for (field, value) in [
                ("name", json!("main")),
                ("image", json!("")),
                ("imageID", json!("")),
                ("ready", json!(false)),
                ("restartCount", json!(0)),
            ] {
                main[field] = value;
            }
            json!({"phase": "Running", "containerStatuses": [main]})
        }
    };
    serde_json::from_value(json!({
        "metadata": {"name": format!("etl-{attempt}"), "labels": {labels::ATTEMPT: attempt.to_string()}},
        "spec": {"initContainers": [{"name": "proxy"}], "containers": [{"name": "side"}, {"name": "main"}]},
        "status": status
    }))
    .unwrap()
}

fn marked(mut pod: Pod, annotations: &[(&str, &str)]) -> Pod {
    let all = annotations.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    pod.metadata.annotations = Some(all.collect());
    pod
}

fn running(id: &str) -> Value {
    json!({"containerID": id, "state": {"running": {}}})
}

fn ended(id: &str) -> Value {
    json!({"containerID": id, "state": {"terminated": {"exitCode": 1, "containerID": id}}})
}

/// Runs as `id`, after `before`.
fn restarted(before: &str, id: &str) -> Value {
    json!({"containerID": id, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1, "containerID": before}}})
}

fn backing_off(before: &str) -> Value {
    json!({"containerID": before, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 1, "containerID": before}}})
}

fn waiting() -> Value {
    json!({"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}})
}

#[test]
fn the_container_is_the_one_asked_for_or_the_main_one() {
    let plain = pod(0, json!(null));
    for (what, pod, wanted, expected) in [
        ("kubectl's default", marked(plain.clone(), &[(labels::DEFAULT_CONTAINER, "main")]), None, Ok("main")),
        ("the first main container", marked(plain.clone(), &[(labels::MAIN, "main, side")]), None, Ok("main")),
        (
            "a default that is not there",
            marked(plain.clone(), &[(labels::DEFAULT_CONTAINER, "x"), (labels::MAIN, "main")]),
            None,
            Ok("main"),
        ),
        ("the first container", plain.clone(), None, Ok("side")),
        ("an init container", plain.clone(), Some("proxy"), Ok("proxy")),
        (
            "no such container",
            plain,
            Some("x"),
            Err("Pod etl-0 has no container x: its containers are side, main, proxy"),
        ),
    ] {
        assert_eq!(container(&pod, wanted), expected.map(str::to_owned).map_err(str::to_owned), "{what}");
    }
}

#[test]
fn the_newest_log_or_the_one_before_it() {
    for (what, pods, before, expected) in [
        ("one Pod", vec![pod(0, running("a"))], false, Ok("etl-0 a")),
        ("a Pod that has ended", vec![pod(0, ended("a"))], false, Ok("etl-0 a")),
        ("the newest of two Pods", vec![pod(0, ended("a")), pod(1, running("b"))], false, Ok("etl-1 b")),
        ("the attempt before", vec![pod(0, ended("a")), pod(1, running("b"))], true, Ok("etl-0 a")),
        ("the attempt before a Pod that waits", vec![pod(0, ended("a")), pod(1, waiting())], true, Ok("etl-0 a")),
        ("a container that was restarted", vec![pod(0, restarted("a", "b"))], false, Ok("etl-0 b")),
        ("the instance before", vec![pod(0, ended("x")), pod(1, restarted("a", "b"))], true, Ok("etl-1 a previous")),
        ("a container in back-off", vec![pod(0, backing_off("a"))], false, Ok("etl-0 a previous")),
        (
            "nothing before",
            vec![pod(0, running("a"))],
            true,
            Err("nothing ran before: Pod etl-0 has the first instance of container main"),
        ),
        (
            "nothing started before",
            vec![pod(0, waiting())],
            true,
            Err("nothing ran before: Pod etl-0 has no instance of container main"),
        ),
        (
            "not started",
            vec![pod(0, waiting())],
            false,
            Err("container main of Pod etl-0 has not started: ErrImagePull: no such image"),
        ),
        (
            "not accepted",
            vec![pod(0, json!(null))],
            false,
            Err("container main of Pod etl-0 has not started: the kubelet has not reported it yet"),
        ),
    ] {
        let found = newest(&pods, Some("main"), before).map(|log| {
            format!("{} {}{}", log.pod, log.instance.id, if log.instance.previous { " previous" } else { "" })
        });
        assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{what}");
    }
}

#[test]
fn all_logs_come_in_the_order_in_which_they_were_written() {
    let mut pods = vec![pod(10, running("d")), pod(2, restarted("b", "c")), pod(0, ended("a")), pod(3, waiting())];
    sort(&mut pods);
    let ids: Vec<String> = all(&pods, Some("main")).into_iter().map(|log| log.instance.id).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
}
