//! Is the result known? The rules in their order.

use super::*;
use crate::engine::count::tally;
use crate::engine::observed::Restart;
use crate::engine::tests::fixture::{at, job, pod};

fn ending(seen: &Observed, now: i64) -> Option<String> {
    judge(seen, &tally::of(seen), at(now)).map(|e| e.reason)
}

const LIMIT: Option<&str> = Some("BackoffLimitExceeded");
const DONE: Option<&str> = Some("CompletionsReached");

#[test]
fn completions() {
    for (what, seen, want) in [
        ("none yet", job().pods([pod(0)]), None),
        ("enough", job().pods([pod(0).succeeded(5)]), DONE),
        ("enough while the sidecars drain", job().pods([pod(0).main_exits(0, 5)]), DONE),
        ("enough while another works", job().parallelism(2).pods([pod(0).succeeded(5), pod(1)]), None),
        ("two of three", job().completions(3).counted(2, 0), None),
        ("counted before", job().completions(3).counted(3, 0), DONE),
        ("listed and counted together", job().completions(3).counted(1, 0).listed(&["u8", "u9"], &[]), DONE),
        ("completions 0", job().completions(0), DONE),
        ("completions 0 and suspended", job().completions(0).suspended(), DONE),
        ("more than enough", job().completions(1).counted(2, 0), DONE),
        (
            "a work queue with one success and others at work",
            job().work_queue(3).pods([pod(0).succeeded(5), pod(1)]),
            None,
        ),
        (
            "a work queue with one success and all ended",
            job().work_queue(3).pods([pod(0).succeeded(5), pod(1).failed(5)]),
            DONE,
        ),
        ("a work queue with failures only", job().work_queue(3).pods([pod(0).failed(5)]), None),
    ] {
        assert_eq!(ending(&seen, 10).as_deref(), want, "{what}");
    }
}

#[test]
fn backoff_limit() {
    for (what, seen, want) in [
        ("as many as allowed", job().backoff_limit(2).counted(0, 2), None),
        ("one too many", job().backoff_limit(2).counted(0, 2).pods([pod(0).failed(5)]), LIMIT),
        ("none allowed", job().backoff_limit(0).pods([pod(0).failed(5)]), LIMIT),
        ("known while the sidecars drain", job().backoff_limit(0).pods([pod(0).main_exits(1, 5)]), LIMIT),
        ("a deleted Pod counts", job().backoff_limit(0).pods([pod(0).deleted(5)]), LIMIT),
        (
            "failure before success found in the same sync",
            job().backoff_limit(0).completions(1).parallelism(2).pods([pod(0).succeeded(5), pod(1).failed(5)]),
            LIMIT,
        ),
        ("also while suspended", job().backoff_limit(0).suspended().pods([pod(0).failed(5)]), LIMIT),
    ] {
        assert_eq!(ending(&seen, 10).as_deref(), want, "{what}");
    }
}

#[test]
fn with_on_failure_restarts_of_main_containers_count_and_those_of_sidecars_never() {
    let restarted = |name: &str, n: u32| pod(0).restart_policy(Restart::OnFailure).container(name, |c| c.restarts = n);
    for (what, seen, want) in [
        ("main restarted less than the limit", job().on_failure().backoff_limit(3).pods([restarted("main", 2)]), None),
        (
            "main restarted as often as the limit",
            job().on_failure().backoff_limit(3).pods([restarted("main", 3)]),
            LIMIT,
        ),
        ("limit 0, no restart", job().on_failure().backoff_limit(0).pods([restarted("main", 0)]), None),
        ("limit 0, one restart", job().on_failure().backoff_limit(0).pods([restarted("main", 1)]), LIMIT),
        (
            "limit 0, a sidecar restarted (batch/v1 fails here)",
            job().on_failure().backoff_limit(0).pods([restarted("side", 9)]),
            None,
        ),
        (
            "limit 0, a plain sidecar restarted",
            job().on_failure().backoff_limit(0).pods([restarted("side", 9).plain_sidecar()]),
            None,
        ),
        ("with Never restarts do not count", job().backoff_limit(0).pods([restarted("main", 3)]), None),
        (
            "two Pods together",
            job().on_failure().backoff_limit(3).pods([restarted("main", 1), restarted("main", 2)]),
            LIMIT,
        ),
        (
            "a Pod that ended does not count",
            job().on_failure().backoff_limit(3).completions(9).pods([restarted("main", 5).succeeded(4)]),
            None,
        ),
    ] {
        assert_eq!(ending(&seen, 10).as_deref(), want, "{what}");
    }
}

#[test]
fn what_was_recorded_stays_whatever_is_seen() {
    let success = job().condition(types::SUCCESS_CRITERIA_MET, "CompletionsReached", 5);
    assert_eq!(ending(&success.backoff_limit(0).counted(0, 9), 10).as_deref(), DONE);
    let failure = job().condition(types::FAILURE_TARGET, "DeadlineExceeded", 5);
    assert_eq!(ending(&failure.counted(9, 0), 10).as_deref(), Some("DeadlineExceeded"));
    let both = job().condition(types::FAILURE_TARGET, "x", 5).condition(types::SUCCESS_CRITERIA_MET, "y", 5);
    assert_eq!(ending(&both, 10).as_deref(), Some("y"));
}

#[test]
fn a_condition_that_is_false_says_nothing() {
    let seen = job().status(|s| s.conditions.set(types::FAILURE_TARGET, false, "x", "", at(0)));
    assert_eq!(ending(&seen, 10), None);
}

#[test]
fn the_backoff_limit_is_asked_before_the_deadline() {
    let seen =
        job().backoff_limit(0).counted(0, 1).started(0).spec(|s| s.active_deadline = Some(chrono::TimeDelta::zero()));
    assert_eq!(ending(&seen, 10).as_deref(), LIMIT);
    assert_eq!(ending(&seen.counted(0, 0), 10).as_deref(), Some("DeadlineExceeded"));
}

#[test]
fn the_reasons_are_asked_in_their_order() {
    let policy = serde_json::json!({
        "completionMode": "Indexed", "completions": 3, "parallelism": 3, "backoffLimitPerIndex": 0,
        "maxFailedIndexes": 1, "backoffLimit": 1, "activeDeadlineSeconds": 0,
        "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1]}}]},
        "successPolicy": {"rules": [{"succeededCount": 1}]}
    });
    let mut seen = crate::engine::tests::fixture::job_with(policy).started(0).counted(0, 1).failed_indexes("0-1");
    seen = seen.pods([pod(0).index(2).failed(5), pod(1).index(2).succeeded(5)]);
    let mut reasons = Vec::new();
    let rules: [fn(&mut crate::engine::observed::Spec); 7] = [
        |s| s.failure_policy = None,
        |s| s.backoff_limit = 9,
        |s| s.active_deadline = None,
        |s| s.max_failed_indexes = None,
        |s| s.backoff_limit_per_index = None,
        |s| s.success_policy = None,
        |s| s.completions = Some(1),
    ];
    for drop in rules {
        reasons.extend(ending(&seen, 10));
        seen = seen.spec(drop);
        if seen.job.spec.backoff_limit_per_index.is_none() {
            seen = seen.status(|s| s.failed_indexes = None);
        }
    }
    reasons.extend(ending(&seen.pods([pod(1).index(0).succeeded(5)]), 10));
    let want = [
        "PodFailurePolicy",
        "BackoffLimitExceeded",
        "DeadlineExceeded",
        "MaxFailedIndexesExceeded",
        "FailedIndexes",
        "SuccessPolicy",
        "CompletionsReached",
    ];
    assert_eq!(reasons, want);
}

#[test]
fn restarts_of_a_pod_that_succeeded_and_drains_do_not_fail_the_run() {
    let restarted = |n: u32, times: u32| pod(n).container("main", |c| c.restarts = times);
    let seen = |first: crate::engine::observed::Pod| {
        job().on_failure().completions(2).parallelism(2).backoff_limit(6).pods([first, restarted(1, 3)])
    };
    assert_eq!(ending(&seen(restarted(0, 3)), 10).as_deref(), Some("BackoffLimitExceeded"));
    assert_eq!(ending(&seen(restarted(0, 3).main_exits(0, 9)), 10), None);
}
