//! What events say of the failures of a Job.

use serde_json::json;

use crate::api::conditions::events;
use crate::engine::observed::{Observed, Pod};
use crate::engine::take_stock;
use crate::engine::tests::fixture::{at, job, job_with, pod};

/// The notes of the events about failed Pods.
fn told(seen: &Observed, seconds: i64) -> Vec<String> {
    let events = take_stock(seen, at(seconds), true).events;
    events.into_iter().filter(|event| event.reason == events::POD_FAILED).map(|event| event.note).collect()
}

fn saying(pod: Pod, message: &str) -> Pod {
    pod.container("main", |c| c.end.as_mut().unwrap().message = Some(message.into()))
}

fn run() -> Observed {
    job().batch().completions(9).parallelism(9).backoff_limit(9).started(1)
}

#[test]
fn each_write_that_counts_failures_has_one_event() {
    let main_failed = |n: u32| format!("container main of Pod p{n} exited with 1 (Error)");
    for (what, seen, want) in [
        ("nothing failed", run().pods([pod(0).succeeded(5)]), vec![]),
        ("one Pod", run().pods([pod(0).failed(5)]), vec![main_failed(0)]),
        (
            "two Pods",
            run().pods([pod(0).failed(5), pod(1).failed(6)]),
            vec![main_failed(1) + "; another Pod failed too"],
        ),
        (
            "four Pods",
            run().pods((0..4).map(|n| pod(n).failed(i64::from(n)))),
            vec![main_failed(3) + "; 3 other Pods failed too"],
        ),
        ("it was told before", run().listed(&[], &["u0"]).pods([pod(0).failed(5)]), vec![]),
        (
            "with its last words",
            run().pods([saying(pod(0).failed(5), "connection refused")]),
            vec![main_failed(0) + "; its termination message: connection refused"],
        ),
        ("a SidecarJob says it in its status", job().backoff_limit(9).started(1).pods([pod(0).failed(5)]), vec![]),
    ] {
        assert_eq!(told(&seen, 9), want, "{what}");
    }
}

#[test]
fn the_end_of_a_failed_job_has_one_with_the_facts_and_its_condition_the_words_of_the_built_in_controller() {
    let failing = run().backoff_limit(2).counted(0, 2).pods([pod(2).failed(5), pod(3)]);
    assert_eq!(told(&failing, 9), ["container main of Pod p2 exited with 1 (Error); 3 of 3 attempts failed"]);
    let plan = take_stock(&failing, at(9), true);
    let status = plan.status.unwrap();
    let message = status.conditions.when_true("FailureTarget").map(|c| c.message.as_str());
    assert_eq!(message, Some("Job has reached the specified backoff limit"));
    let known = failing.status(|stored| *stored = status.clone());
    let ended = known.pods([pod(2).failed(5).released(), pod(3).deleted(10).failed(11)]);
    assert_eq!(told(&ended, 12), [""; 0], "the controller ended the other Pod");
    let late = run().spec(|s| s.active_deadline = Some(chrono::TimeDelta::seconds(60))).pods([pod(0)]);
    let words =
        "the run was active longer than activeDeadlineSeconds (60 s); container main of Pod p0 was still running";
    assert_eq!(told(&late, 70), [words]);
}

#[test]
fn an_ignored_failure_has_none_and_one_that_fails_the_job_by_a_rule_has() {
    let with = |action: &str| {
        let rule = json!({"action": action, "onExitCodes": {"operator": "In", "values": [1]}});
        job_with(json!({"podFailurePolicy": {"rules": [rule]}})).batch().started(1).pods([pod(0).failed(5)])
    };
    assert_eq!(told(&with("Ignore"), 9), [""; 0]);
    assert_eq!(told(&with("FailJob"), 9), ["container main of Pod p0 exited with 1 (Error)"]);
}

#[test]
fn a_note_is_bounded() {
    let long = saying(pod(0).failed(5), &"é".repeat(5_000));
    let notes = told(&run().pods([long]), 9);
    assert!(notes[0].len() < 700, "{}", notes[0].len());
}
