//! The latest Pods.

use serde_json::json;

use super::*;
use crate::engine::observed::{Observed, Phase, Restart};
use crate::engine::take_stock;
use crate::engine::tests::fixture::{at, container, job, job_with, pod};

/// What is seen after the status of this time was stored, whatever steps there are.
fn noted(seen: &Observed, pods: impl IntoIterator<Item = Pod>, seconds: i64) -> Observed {
    let seen = seen.clone().pods(pods);
    let status = take_stock(&seen, at(seconds), true).status;
    seen.status(|stored| {
        if let Some(status) = status {
            *stored = status;
        }
    })
}

fn all(seen: &Observed) -> &[RecentPod] {
    &seen.job.status.history.recent_pods
}

fn names(seen: &Observed) -> Vec<&str> {
    all(seen).iter().map(|pod| pod.name.as_str()).collect()
}

/// The Pod, started so late.
fn since(number: u32, seconds: i64) -> Pod {
    Pod { started_at: Some(at(seconds)), ..pod(number) }
}

#[test]
fn a_pod_is_told_with_its_result_and_once_more_when_it_has_ended() {
    let run = job().completions(2).started(1);
    let draining = noted(&run, [pod(0).main_exits(0, 5), pod(1)], 6);
    let span = |name: &str, end: Option<(i64, i32, &str)>| ContainerSpan {
        name: name.into(),
        started_at: Some(time::to_wire(at(1))),
        finished_at: end.map(|(seconds, ..)| time::to_wire(at(seconds))),
        exit_code: end.map(|(_, exit, _)| exit),
        reason: end.map(|(.., reason)| reason.into()),
    };
    let first = RecentPod {
        name: "p0".into(),
        index: None,
        attempt: Some(0),
        node_name: Some("node-1".into()),
        result: PodResult::Succeeded,
        started_at: Some(time::to_wire(at(1))),
        finished_at: None,
        containers: vec![span("main", Some((5, 0, "Completed"))), span("side", None)],
    };
    assert_eq!(all(&draining), std::slice::from_ref(&first));
    let over = pod(0).main_exits(0, 5).exits("side", 137, 9).ends_as(Phase::Succeeded);
    let ended = noted(&draining, [over, pod(1)], 10);
    let spans = vec![span("main", Some((5, 0, "Completed"))), span("side", Some((9, 137, "Error")))];
    let last = RecentPod { finished_at: Some(time::to_wire(at(9))), containers: spans, ..first };
    assert_eq!(all(&ended), std::slice::from_ref(&last));
    let gone = noted(&ended, [pod(1).main_exits(1, 20)], 21);
    assert_eq!((all(&gone).len(), &all(&gone)[1]), (2, &last), "its Pod is not in view any more");
}

#[test]
fn the_newest_pods_stay_and_failures_longer_than_successes() {
    let run = job().completions(99).parallelism(1).backoff_limit(99).started(1);
    let told = (0..25_u32).fold(run, |seen, n| {
        let start = i64::from(n) * 100;
        let ended = if n % 5 == 0 { since(n, start).failed(start + 9) } else { since(n, start).succeeded(start + 9) };
        noted(&seen, [ended, since(n + 1, start + 100)], start + 10)
    });
    assert_eq!(names(&told), ["p24", "p23", "p22", "p21", "p20", "p19", "p15", "p10", "p5", "p0"]);
    let more = (25..45_u32).fold(told, |seen, n| {
        let start = i64::from(n) * 100;
        noted(&seen, [since(n, start).failed(start + 9), since(n + 1, start + 100)], start + 10)
    });
    let newest: Vec<String> = (35..45).rev().map(|n| format!("p{n}")).collect();
    assert_eq!(names(&more), newest, "of ten failures the newest");
}

#[test]
fn pods_that_the_controller_ends_because_of_the_result_take_no_place_from_the_others() {
    let many = || (1..20_u32).map(|n| since(n, 50));
    let run = job().completions(20).parallelism(20).backoff_limit(0).started(1);
    let failed = noted(&run, [since(0, 2).main_exits(3, 60)].into_iter().chain(many()), 61);
    assert!(failed.job.status.result_is_known());
    let ended = noted(&failed, many().map(|pod| pod.deleted(62).failed(63)), 64);
    assert_eq!((all(&ended).len(), names(&ended).contains(&"p0")), (10, true));
}

#[test]
fn what_the_failure_policy_ignores_and_what_can_not_start_is_told() {
    let policy = json!({"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]});
    let run = job_with(json!({"podFailurePolicy": policy})).started(1);
    assert_eq!(all(&noted(&run, [pod(0).failed(5)], 6))[0].result, PodResult::Ignored);
    let cant_start = pod(0).pending().container("main", |c| c.cant_start = Some("ImagePullBackOff".into()));
    let seen = noted(&job().started(1), [cant_start.deleted(9)], 10);
    let told = &all(&seen)[0];
    assert_eq!((told.result, told.containers.len()), (PodResult::Failed, 1));
    assert_eq!(told.containers[0].reason.as_deref(), Some("ImagePullBackOff"));
}

#[test]
fn pods_that_count_for_nothing_are_not_told() {
    let run = job().indexed(2).started(1);
    let seen = noted(&run, [pod(0).failed(5), pod(1).index(7).failed(5), pod(2).index(0), pod(3).index(1)], 6);
    assert_eq!(names(&seen), [""; 0]);
    let suspended = job().suspended().started(1);
    assert_eq!(names(&noted(&suspended, [pod(0).released().deleted(5)], 6)), [""; 0]);
    assert_eq!(names(&noted(&job().batch().started(1), [pod(0).failed(5)], 6)), [""; 0], "a Job has no room");
}

#[test]
fn the_list_has_at_most_16_kib_and_one_pod_at_most_half_of_that() {
    let large = |n: u32| {
        let mut pod = since(n, i64::from(n)).failed(50);
        pod.containers
            .extend((0..60).map(|n| container(&format!("{n}-{}", "\u{1}".repeat(60)), Slot::Plain, Restart::Never)));
        pod
    };
    let run = job().completions(9).parallelism(9).backoff_limit(99).started(1);
    let seen = noted(&run, (0..5).map(large), 60);
    let sizes: Vec<usize> = all(&seen).iter().map(size).collect();
    assert!(sizes.iter().all(|bytes| *bytes <= BYTES_OF_ONE), "{sizes:?}");
    assert!(sizes.iter().sum::<usize>() <= BYTES && !sizes.is_empty(), "{sizes:?}");
    assert_eq!(names(&seen)[0], "p4", "the newest");
}
