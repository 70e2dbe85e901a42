//! Which lines does `watch` print about a run, as text?

use serde_json::json;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap()
}

fn stamp(seconds: i64) -> String {
    at(seconds).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

fn job(conditions: Value) -> SidecarJob {
    serde_json::from_value(json!({
        "metadata": {"name": "job", "namespace": "ns", "uid": "u", "creationTimestamp": stamp(0)},
        "spec": {"template": {}},
        "status": {"conditions": conditions}
    }))
    .unwrap()
}

fn condition(type_: &str, since: i64, message: &str) -> Value {
    json!({"type": type_, "status": "True", "reason": "Reason", "message": message, "lastTransitionTime": stamp(since)})
}

/// A Pod with the sidecar `side` and the main container `main`, in these states.
fn pod(side: Value, main: Value) -> Pod {
    let status = |name: &str, state: Value| json!({"name": name, "ready": true, "restartCount": 0, "image": "", "imageID": "", "state": state});
    serde_json::from_value(json!({
        "metadata": {"name": "job-x", "creationTimestamp": stamp(1), "annotations": {"sidecarjob.dev/main": "main"}},
        "spec": {"containers": [{"name": "main"}], "initContainers": [{"name": "side", "restartPolicy": "Always"}]},
        "status": {"initContainerStatuses": [status("side", side)], "containerStatuses": [status("main", main)]}
    }))
    .unwrap()
}

fn running(since: i64) -> Value {
    json!({"running": {"startedAt": stamp(since)}})
}

fn ended(from: i64, to: i64, exit: i32) -> Value {
    json!({"terminated": {"startedAt": stamp(from), "finishedAt": stamp(to), "exitCode": exit, "reason": if exit == 0 { "Completed" } else { "Error" }}})
}

fn text(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|l| format!("{:.0} {}", l.seconds, l.text)).collect()
}

#[test]
fn a_run_is_told_as_it_happens_and_each_thing_once() {
    let mut story = Story::new(job(json!([])));
    assert_eq!(text(&story.tell(at(0))), ["0 SidecarJob ns/job created"]);
    story.pod(pod(running(2), json!({"waiting": {"reason": "PodInitializing"}})));
    assert_eq!(text(&story.tell(at(2))), ["2 Pod job-x created", "2 sidecar side started"]);
    assert_eq!(story.tell(at(2)), [], "nothing is told twice");
    story.pod(pod(running(2), running(3)));
    assert_eq!(text(&story.tell(at(4))), ["4 main main started"]);
    story.pod(pod(running(2), ended(3, 8, 0)));
    story.job(job(json!([condition("SuccessCriteriaMet", 8, "enough")])));
    assert_eq!(
        text(&story.tell(at(8))),
        ["8 main main ended: exit 0, ran 5s", "8 sidecar side is asked to stop", "8 result: success: enough"]
    );
    assert_eq!(story.end(), None);
    story.pod(pod(ended(2, 9, 0), ended(3, 8, 0)));
    story.job(job(json!([condition("SuccessCriteriaMet", 8, "enough"), condition("Complete", 10, "enough")])));
    assert_eq!(
        text(&story.tell(at(10))),
        ["10 sidecar side stopped: exit 0, 1s after the main containers", "10 SidecarJob Complete"]
    );
    assert_eq!(story.end(), Some(true));
}

#[test]
fn what_is_long_past_is_told_with_its_own_time_and_in_its_order() {
    let mut story = Story::new(job(json!([condition("Failed", 20, "too many")])));
    story.pod(pod(ended(2, 9, 0), ended(3, 8, 3)));
    assert_eq!(
        text(&story.tell(at(1000))),
        [
            "0 SidecarJob ns/job created",
            "1 Pod job-x created",
            "2 sidecar side started",
            "3 main main started",
            "8 main main ended: exit 3, ran 5s",
            "9 sidecar side stopped: exit 0, 1s after the main containers",
            "20 SidecarJob Failed: too many",
        ]
    );
    assert_eq!(story.end(), Some(false));
}

#[test]
fn what_it_waits_for_is_said_once_with_the_reason() {
    let mut story = Story::new(job(json!([condition("Stalled", 1, "exceeded quota")])));
    let waits = json!({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}});
    story.pod(pod(waits.clone(), json!({})));
    let lines = text(&story.tell(at(2)));
    assert!(lines.contains(&"2 stalled: exceeded quota".into()), "{lines:?}");
    assert!(lines.contains(&"2 sidecar side waits: ImagePullBackOff: no such image".into()), "{lines:?}");
    story.pod(pod(waits, json!({})));
    assert_eq!(story.tell(at(3)), []);
}

#[test]
fn a_run_that_only_waits_says_for_what_and_until_when() {
    let mut job = job(json!([]));
    job.status = serde_json::from_value(json!({"retries": {"used": 1, "limit": 2, "next": stamp(30)}})).unwrap();
    let mut story = Story::new(job.clone());
    let lines = text(&story.tell(at(10)));
    assert!(lines.contains(&"10 waiting: attempt 2 of 3 starts in 20s".into()), "{lines:?}");
    assert_eq!(story.tell(at(20)), [], "the same wait is told once");
    job.status = serde_json::from_value(json!({"retries": {"used": 2, "limit": 2, "next": stamp(60)}})).unwrap();
    story.job(job);
    assert_eq!(text(&story.tell(at(40))), ["40 waiting: attempt 3 of 3 starts in 20s"]);
}

#[test]
fn the_condition_waiting_is_a_line_unless_a_line_of_a_pod_says_it() {
    let waiting = |reason: &str| {
        let mut condition = condition("Waiting", 5, "sidecar side is not up. The run waits until 2026-01-01T00:01:00Z");
        condition["reason"] = json!(reason);
        job(json!([condition]))
    };
    for (reason, is_told) in [("SidecarNotUp", true), ("Unschedulable", false), ("ContainerCantStart", false)] {
        let mut story = Story::new(waiting(reason));
        story.pod(pod(running(2), json!({"waiting": {"reason": "PodInitializing"}})));
        let lines = text(&story.tell(at(5)));
        assert_eq!(
            lines.iter().any(|line| line.starts_with("5 waiting: sidecar side is not up")),
            is_told,
            "{lines:?}"
        );
    }
}

#[test]
fn a_restart_is_news() {
    let mut story = Story::new(job(json!([])));
    story.pod(pod(running(2), running(3)));
    story.tell(at(3));
    let mut again = pod(running(6), running(3));
    again.status.as_mut().unwrap().init_container_statuses.as_mut().unwrap()[0].restart_count = 1;
    story.pod(again);
    assert_eq!(text(&story.tell(at(6))), ["6 sidecar side started again (restart 1)"]);
}

#[test]
fn a_line_is_an_object_for_programs() {
    let mut story = Story::new(job(json!([])));
    story.pod(pod(running(2), json!({})));
    let lines = story.tell(at(2));
    assert_eq!(
        lines.last().unwrap().to_json(),
        json!({"seconds": 2.0, "pod": "job-x", "container": "side", "text": "sidecar side started"})
    );
}
