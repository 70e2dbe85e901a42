//! A limit of failures for each index.

use serde_json::json;

use crate::engine::observed::{Observed, Pod};
use crate::engine::tests::fixture::{at, job, job_with, pod, steps};

/// Two indexes, of which each may fail so often; the second runs.
fn two(limit: u32, first: impl IntoIterator<Item = Pod>) -> Observed {
    job().indexed(2).per_index(limit).started(0).failed_indexes("").pods(first.into_iter().chain([pod(9).index(1)]))
}

/// The UIDs of the Pods that the next status is the first to count.
fn counted(seen: &Observed, seconds: i64) -> Vec<String> {
    seen.next(seconds).counted.into_iter().collect()
}

#[test]
fn a_failed_pod_keeps_its_finalizer_and_is_not_counted_until_its_replacement_carries_the_count_on() {
    let seen = two(2, [pod(0).index(0).failed(5)]);
    assert_eq!(steps(&seen.decide(8)), [""; 0], "it waits for its index's back-off");
    assert_eq!(seen.decide(8).wake, Some(at(15)));
    assert_eq!(counted(&seen, 8), [""; 0]);
    assert_eq!(steps(&seen.decide(15)), ["create Pods [10 for index 0 after 1 failures]"]);
    let replaced = two(2, [pod(0).index(0).failed(5), pod(10).index(0).after_failures(1, 0)]);
    assert_eq!(counted(&replaced, 16), ["u0"]);
    assert_eq!(steps(&replaced.stored(16).decide(17)), ["release p0"]);
}

#[test]
fn an_index_with_more_failures_than_its_limit_is_failed_and_the_others_go_on() {
    for (what, limit, failed, want) in [
        ("none may fail", 0, pod(0).index(0).failed(5), "0"),
        ("one may fail: the first", 1, pod(0).index(0).failed(5), ""),
        ("one may fail: the second", 1, pod(0).index(0).failed(5).after_failures(1, 0), "0"),
        ("ignored ones do not count", 1, pod(0).index(0).failed(5).after_failures(0, 7), ""),
    ] {
        let status = two(limit, [failed]).next(6);
        assert_eq!(status.failed_indexes.as_ref().unwrap().to_string(), want, "{what}");
        assert!(!status.result_is_known(), "{what}");
    }
}

#[test]
fn when_all_indexes_are_done_and_some_failed_the_run_is_failed() {
    let seen = two(0, []).completed("1").pods([pod(0).index(0).failed(5)]);
    let status = seen.next(9);
    assert_eq!(status.conditions.when_true("FailureTarget").unwrap().reason, "FailedIndexes");
    let note = "1 of 2 indexes failed; the last failure: container main of Pod p0 exited with 1 (Error)";
    assert_eq!(seen.decide(9).events[0].note, note);
}

#[test]
fn more_failed_indexes_than_allowed_end_the_run_at_once() {
    let seen = two(0, [pod(0).index(0).failed(5)]).spec(|s| s.max_failed_indexes = Some(0));
    let status = seen.next(9);
    assert_eq!(status.conditions.when_true("FailureTarget").unwrap().reason, "MaxFailedIndexesExceeded");
    assert_eq!(steps(&seen.stored(9).decide(9)), ["release p0", "delete p9"]);
}

#[test]
fn a_pod_that_is_deleted_since_the_run_has_failed_does_not_fail_its_index() {
    let over = two(0, [pod(0).index(0).failed(5)]).spec(|s| s.max_failed_indexes = Some(0)).stored(9);
    let deleted = over.pods([pod(0).index(0).failed(5).released(), pod(9).index(1).deleted(10)]);
    assert_eq!(deleted.next(11).failed_indexes.unwrap().to_string(), "0");
    let ended = deleted.pods([pod(0).index(0).failed(5).released(), pod(9).index(1).failed(12)]);
    assert_eq!(ended.next(13).failed_indexes.unwrap().to_string(), "0", "nor when it has ended");
}

#[test]
fn each_index_waits_for_itself() {
    let seen = job()
        .indexed(3)
        .per_index(9)
        .failed_indexes("")
        .started(0)
        .pods([pod(0).index(0).failed(5), pod(1).index(1).failed(5).after_failures(1, 1)]);
    assert_eq!(steps(&seen.decide(6)), ["create Pods [2 for index 2]"], "one that never failed waits for none");
    assert_eq!(steps(&seen.decide(20)), ["create Pods [2 for index 0 after 1 failures, 3 for index 2]"]);
    assert_eq!(
        steps(&seen.decide(5 + 40)),
        ["create Pods [2 for index 0 after 1 failures, 3 for index 1 after 2 failures and 1 ignored, 4 for index 2]"]
    );
}

#[test]
fn of_several_failed_pods_of_an_index_the_one_with_the_highest_count_is_carried_on() {
    let seen = two(9, [pod(0).index(0).failed(7).after_failures(1, 0), pod(1).index(0).failed(7).after_failures(2, 0)]);
    assert_eq!(counted(&seen, 8), ["u0"], "the other is counted");
    assert_eq!(steps(&seen.stored(8).decide(9)), ["release p0"]);
}

#[test]
fn an_ignored_failure_is_carried_on_as_ignored() {
    let policy = json!({"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]});
    let seen = job_with(json!({
        "completionMode": "Indexed", "completions": 1, "backoffLimitPerIndex": 0, "podFailurePolicy": policy
    }));
    let seen = seen.started(0).failed_indexes("").pods([pod(0).index(0).failed(5)]);
    assert_eq!(steps(&seen.decide(15)), ["create Pods [1 for index 0 after 0 failures and 1 ignored]"]);
    assert_eq!(seen.next(6).failed_indexes.unwrap().to_string(), "", "it is not held against the index");
}

#[test]
fn fail_index_fails_it_whatever_its_limit() {
    let policy = json!({"rules": [{"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}}]});
    let seen = job_with(json!({
        "completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 9, "podFailurePolicy": policy
    }));
    let seen = seen.started(0).pods([pod(0).index(0).failed(5), pod(1).index(1)]);
    assert_eq!(seen.next(6).failed_indexes.unwrap().to_string(), "0");
    assert_eq!(counted(&seen, 6), ["u0"]);
}

#[test]
fn once_the_result_is_known_no_pod_is_held_back() {
    let seen = two(2, []).condition("FailureTarget", "DeadlineExceeded", 6).pods([pod(0).index(0).failed(5)]);
    let status = seen.next(7);
    assert_eq!((status.failed, status.is_finished()), (1, true));
}

#[test]
fn an_index_is_never_both_failed_and_completed_what_was_first_stays() {
    let fail = |n: u32| pod(n).index(0).after_failures(1, 0).failed(5);
    let both = two(0, [fail(0), pod(1).index(0).succeeded(6)]);
    let status = both.next(10);
    assert_eq!((status.completed.to_string().as_str(), status.failed_indexes.unwrap().to_string().as_str()), ("0", ""));
    let late = two(0, [pod(1).index(0).succeeded(6)]).failed_indexes("0");
    assert_eq!(crate::engine::tests::fixture::steps(&late.decide(10)), ["release p1"], "it counts for nothing");
    let status = crate::engine::take_stock(&late, at(10), true).status.unwrap_or(late.job.status.clone());
    assert_eq!((status.completed.to_string().as_str(), status.failed_indexes.unwrap().to_string().as_str()), ("", "0"));
}
