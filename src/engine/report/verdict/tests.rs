//! Why a run failed.

use serde_json::json;

use crate::engine::observed::{Observed, Phase, Restart};
use crate::engine::tests::fixture::{job, job_with, pod};

/// Reason and message of the result that the status gets.
fn told(seen: &Observed, seconds: i64) -> (String, String) {
    let status = seen.next(seconds);
    let result = status.conditions.when_true("FailureTarget").expect("it failed").clone();
    (result.reason, result.message)
}

#[test]
fn the_message_of_a_failed_run_says_which_container_of_which_pod_ended_how_and_how_often() {
    let per_index = || job().indexed(3).per_index(0).failed_indexes("").started(0);
    let deadline = || job_with(json!({"activeDeadlineSeconds": 60})).started(0);
    let retried = pod(0).restart_policy(Restart::OnFailure).exits("main", 3, 9).container("main", |c| c.restarts = 4);
    for (what, seen, reason, message) in [
        (
            "one Pod, no retry",
            job().backoff_limit(0).started(1).pods([pod(0).failed(5)]),
            "BackoffLimitExceeded",
            "container main of Pod p0 exited with 1 (Error); 1 of 1 attempts failed",
        ),
        (
            "the last of three",
            job().backoff_limit(2).started(1).counted(0, 2).pods([pod(2).main_exits(3, 50)]),
            "BackoffLimitExceeded",
            "container main of Pod p2 exited with 3 (Error); 3 of 3 attempts failed",
        ),
        (
            "beside successes",
            job().completions(9).backoff_limit(0).started(1).counted(4, 0).pods([pod(5).failed(9)]),
            "BackoffLimitExceeded",
            "container main of Pod p5 exited with 1 (Error); 1 of 5 attempts failed",
        ),
        (
            "an eviction",
            job().backoff_limit(0).started(1).pods([crate::engine::observed::Pod {
                reason: Some("Evicted".into()),
                ..pod(0).pending().ends_as(Phase::Failed)
            }]),
            "BackoffLimitExceeded",
            "Pod p0 failed (Evicted); 1 of 1 attempts failed",
        ),
        (
            "a deletion",
            job().backoff_limit(0).started(1).pods([pod(0).deleted(9)]),
            "BackoffLimitExceeded",
            "somebody deleted Pod p0 before its main containers were done; 1 of 1 attempts failed",
        ),
        (
            "retries inside the Pod",
            job().on_failure().backoff_limit(3).started(1).pods([retried]),
            "BackoffLimitExceeded",
            "container main of Pod p0 exited with 3 (Error); the kubelet restarted containers 4 times, and \
             backoffLimit is 3",
        ),
        (
            "too many indexes",
            per_index().spec(|s| s.max_failed_indexes = Some(0)).pods([pod(0).index(1).failed(5), pod(1).index(0)]),
            "MaxFailedIndexesExceeded",
            "1 of 3 indexes failed; the last failure: container main of Pod p0 exited with 1 (Error)",
        ),
        (
            "some indexes, at the end",
            per_index().completed("0,2").pods([pod(0).index(1).failed(5)]),
            "FailedIndexes",
            "1 of 3 indexes failed; the last failure: container main of Pod p0 exited with 1 (Error)",
        ),
        (
            "the deadline, while a container runs",
            deadline().pods([pod(0)]),
            "DeadlineExceeded",
            "the run was active longer than activeDeadlineSeconds (60 s); container main of Pod p0 was still running",
        ),
        (
            "the deadline, before a container runs",
            deadline().pods([pod(0).pending()]),
            "DeadlineExceeded",
            "the run was active longer than activeDeadlineSeconds (60 s); the main containers of Pod p0 had not started",
        ),
        (
            "the deadline, during a back-off",
            deadline().failures(9, 40).pods([pod(0).failed(40)]),
            "DeadlineExceeded",
            "the run was active longer than activeDeadlineSeconds (60 s); the last failure: container main of Pod p0 \
             exited with 1 (Error)",
        ),
        (
            "the deadline, and there is no Pod",
            deadline().refused(999),
            "DeadlineExceeded",
            "the run was active longer than activeDeadlineSeconds (60 s)",
        ),
    ] {
        assert_eq!(told(&seen, 70), (reason.to_owned(), message.to_owned()), "{what}");
    }
}

#[test]
fn the_failure_policy_has_its_own_words() {
    let policy = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]});
    let seen = job_with(json!({"podFailurePolicy": policy})).started(1).pods([pod(0).main_exits(3, 5)]);
    let words = "Container main for pod ns/p0 failed with exit code 3 matching FailJob rule at index 0";
    assert_eq!(told(&seen, 9), ("PodFailurePolicy".into(), words.into()));
}

#[test]
fn what_was_said_stays_and_a_job_has_the_words_of_the_built_in_controller() {
    let failing = || job().backoff_limit(0).started(1).pods([pod(0).main_exits(3, 5)]);
    let words = "container main of Pod p0 exited with 3 (Error); 1 of 1 attempts failed";
    let seen = failing().stored(9).pods([pod(0).failed(5)]);
    assert_eq!(told(&seen, 12).1, words, "though the Pod says 1 now");
    assert_eq!(seen.decide(12).events[0].note, words);
    assert_eq!(seen.next(12).summary.message.as_deref(), Some(words));
    assert_eq!(told(&failing().batch(), 9).1, "Job has reached the specified backoff limit");
}
