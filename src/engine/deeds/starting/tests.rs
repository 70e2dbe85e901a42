//! A sidecar that fails its Pod, as the spec wants it.

use serde_json::{Value, json};

use super::*;
use crate::engine::observed::Observed;
use crate::engine::observed::{Restart, Up};
use crate::engine::tests::fixture::{at, container, job_with, pod, steps};

fn with(sidecar: Value) -> Observed {
    let mut all = json!({"name": "side"});
    sidecar.as_object().unwrap().iter().for_each(|(k, v)| all[k] = v.clone());
    job_with(json!({"sidecars": [all], "backoffLimit": 5}))
}

/// On its node since 1; the sidecar runs and is not up, the main container waits for it.
fn starting() -> Pod {
    let pod = pod(0).pending();
    pod.container("side", |c| {
        (c.state, c.up) = (State::Running, Up { since: Some(at(2)), started: false, ready: false })
    })
}

/// What is done with the Pod at that time, and when it is looked at again: a wait is told after 10 s.
fn due(seen: Observed, pod: Pod, now: i64) -> (Option<String>, Option<i64>) {
    let plan = seen.pods([pod]).decide(now);
    (steps(&plan).into_iter().next(), plan.wake.map(|wake| (wake - at(0)).num_seconds()))
}

#[test]
fn a_sidecar_that_is_not_up_in_time_fails_the_pod() {
    let deadline = || with(json!({"start": {"deadlineSeconds": 9}}));
    let failed = || Some("fail p0: SidecarStartDeadlineExceeded (deadline 8s)".to_owned());
    let init_first = |state| {
        let mut pod = starting();
        pod.containers.insert(0, Container { state, ..container("init", Slot::Init, Restart::Never) });
        pod
    };
    let up = |p: Pod| p.container("side", |c| c.up = Up { since: Some(at(2)), started: true, ready: false });
    for (what, seen, pod, now, want) in [
        ("there is time left", deadline(), starting(), 9, (None, Some(10))),
        ("it is over", deadline(), starting(), 10, (failed(), Some(12))),
        ("it is up", deadline(), up(starting()), 10, (None, None)),
        (
            "its image is not there yet",
            deadline(),
            starting().container("side", |c| c.state = State::Waiting),
            10,
            (failed(), Some(12)),
        ),
        ("no node has taken the Pod", deadline(), Pod { started_at: None, ..starting() }, 99, (None, None)),
        ("an init container before it runs", deadline(), init_first(State::Running), 99, (None, None)),
        (
            "an init container before it ended at 5",
            deadline(),
            init_first(State::Terminated { exit: 0, at: Some(at(5)) }),
            10,
            (None, Some(12)),
        ),
        (
            "it was up and crashed: main containers work",
            deadline(),
            pod(0).container("side", |c| c.up = Up::default()),
            99,
            (None, None),
        ),
        ("no deadline was given", with(json!({})), starting(), 11, (None, Some(12))),
        (
            "the Pod is being deleted",
            deadline(),
            starting().deleted(5).released(),
            10,
            (Some("create Pods [1]".into()), Some(45)),
        ),
    ] {
        assert_eq!(due(seen, pod, now), want, "{what}");
    }
}

#[test]
fn until_ready_it_is_up_when_it_is_ready() {
    let seen = || with(json!({"start": {"until": "Ready", "deadlineSeconds": 9}}));
    let up = |ready| starting().container("side", |c| c.up = Up { since: Some(at(2)), started: true, ready });
    assert_eq!(due(seen(), up(true), 10).0, None);
    assert!(due(seen(), up(false), 10).0.is_some());
}

#[test]
fn a_plain_sidecar_has_its_deadline_too() {
    let seen = || with(json!({"start": {"deadlineSeconds": 9}}));
    let waiting = pod(0).plain_sidecar().container("side", |c| (c.state, c.up) = (State::Waiting, Up::default()));
    assert!(due(seen(), waiting.clone(), 10).0.unwrap().starts_with("fail p0"));
    let unready = pod(0).plain_sidecar().container("side", |c| c.up.ready = false);
    let until_ready = with(json!({"start": {"until": "Ready", "deadlineSeconds": 9}}));
    assert_eq!(due(until_ready, unready, 99).0, None, "readiness comes and goes");
    let restarted = waiting.container("side", |c| c.restarts = 1);
    assert_eq!(due(seen(), restarted, 10).0, None, "it was up once");
}

#[test]
fn more_restarts_than_allowed_while_main_works_fail_the_pod() {
    let max = |n: i32| with(json!({"maxRestarts": n}));
    let restarted = |n| pod(0).container("side", |c| c.restarts = n);
    let failed = || Some("fail p0: SidecarFailed (deadline 8s)".to_owned());
    for (what, seen, pod, want) in [
        ("as many as allowed", max(2), restarted(2), None),
        ("one more", max(2), restarted(3), failed()),
        ("none is allowed", max(0), restarted(1), failed()),
        ("nothing is said: never", with(json!({})), restarted(99), None),
        ("main is done", max(0).listed(&["u0"], &[]), restarted(5).main_exits(0, 8), None),
        ("a plain one that can't be started again", max(0), pod(0).plain_sidecar().exits("side", 1, 5), failed()),
        ("which may once", max(1), pod(0).plain_sidecar().exits("side", 1, 5), None),
        ("a plain one that ended well", max(0), pod(0).plain_sidecar().exits("side", 0, 5), None),
    ] {
        assert_eq!(due(seen, pod, 10).0, want, "{what}");
    }
}

#[test]
fn what_is_failed_is_a_failure_at_once_and_stays_one() {
    let mut failed = pod(0);
    (failed.marks.failed, failed.marks.stopping_since) = (Some("SidecarFailed".into()), Some(at(10)));
    failed.deadline_seconds = Some(9);
    let seen = with(json!({"maxRestarts": 0})).spec(|s| s.backoff_limit = 0).started(1);
    let status = seen.clone().pods([failed.clone()]).next(10);
    assert!(status.uncounted_failed.contains("u0"));
    assert!(status.conditions.is_true("FailureTarget"));
    let late = failed.clone().main_exits(0, 12).ends_as(crate::engine::observed::Phase::Failed);
    assert!(seen.clone().pods([late]).next(13).conditions.is_true("Failed"), "main got SIGTERM and exited with 0");
    let before = failed.main_exits(0, 9);
    assert!(seen.pods([before]).next(13).conditions.is_true("SuccessCriteriaMet"), "main was done before");
}

#[test]
fn one_that_was_up_and_crashes_while_init_containers_run_is_not_late() {
    let seen = || with(json!({"start": {"before": "Init", "deadlineSeconds": 9}}));
    let init = |state| {
        let mut pod = starting();
        pod.containers.insert(1, Container { state, ..container("init", Slot::Init, Restart::Never) });
        pod
    };
    assert_eq!(due(seen(), init(State::Running), 99).0, None, "the kubelet starts nothing after it before it is up");
    assert!(due(seen(), init(State::Waiting), 99).0.is_some());
}

#[test]
fn a_pod_that_its_own_deadline_ends_is_not_failed_too() {
    let seen = || with(json!({"start": {"deadlineSeconds": 60}}));
    let bounded = |deadline| Pod { deadline_seconds: Some(deadline), ..starting() };
    assert_eq!(due(seen(), bounded(30), 70).0, None, "a deadline may only become shorter");
    assert!(due(seen(), bounded(300), 70).0.is_some());
}

#[test]
fn main_that_ends_well_in_the_second_in_which_the_pod_is_failed_was_told_to_end() {
    let mut failed = pod(0);
    (failed.marks.failed, failed.marks.stopping_since) = (Some("SidecarFailed".into()), Some(at(10)));
    let success =
        |end| outcome::of(&failed.clone().main_exits(0, end), &with(json!({})).job.spec, false).unwrap().success;
    assert_eq!((success(9), success(10), success(11)), (true, false, false));
}
