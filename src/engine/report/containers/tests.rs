//! What became of each container.

use serde_json::json;

use super::*;
use crate::api::history::StopMethod;
use crate::api::recipes::Way;
use crate::engine::observed::{Ask, Attempt, AttemptState, Phase, Restart, State};
use crate::engine::tests::fixture::{at, container, job, job_with, pod};

/// Name, succeeded, failed and restarts of each container that the stored status has.
fn counts(seen: &Observed) -> Vec<(&str, i32, i32, i32)> {
    let all = &seen.job.status.history.containers;
    all.iter().map(|c| (c.name.as_str(), c.succeeded, c.failed, c.restarts)).collect()
}

fn named<'a>(seen: &'a Observed, name: &str) -> &'a ContainerSummary {
    seen.job.status.history.containers.iter().find(|c| c.name == name).unwrap()
}

#[test]
fn a_pod_adds_its_main_containers_with_its_result_and_its_sidecars_when_it_is_counted() {
    let seen = job().completions(2).started(1).pods([pod(0).main_exits(0, 5), pod(1)]).stored(6);
    assert_eq!(counts(&seen), [("main", 1, 0, 0), ("side", 0, 0, 0)]);
    let ended = pod(0).main_exits(0, 5).exits("side", 143, 8).ends_as(Phase::Succeeded);
    let seen = seen.pods([ended.clone(), pod(1)]).stored(9);
    assert_eq!(counts(&seen), [("main", 1, 0, 0), ("side", 0, 1, 0)]);
    let again = crate::engine::take_stock(&seen.clone().pods([ended, pod(1).main_exits(1, 9)]), at(10), true);
    let again = seen.status(|s| *s = again.status.unwrap());
    assert_eq!(counts(&again), [("main", 1, 1, 0), ("side", 0, 1, 0)], "killed before the finalizer went: not twice");
}

#[test]
fn all_pods_of_all_attempts_add_up_and_the_latest_end_is_told() {
    let seen = job().started(1).backoff_limit(5).pods([pod(0).failed(5)]).stored(6);
    let seen = seen.pods([pod(1).container("main", |c| c.restarts = 2).main_exits(137, 50)]).stored(51);
    let seen = seen.pods([pod(1).main_exits(137, 50).exits("side", 0, 52).ends_as(Phase::Failed), pod(2)]).stored(53);
    let seen = seen.pods([pod(2).succeeded(90)]).stored(91);
    assert_eq!(counts(&seen), [("main", 1, 2, 2), ("side", 3, 0, 0)]);
    let main = named(&seen, "main");
    assert_eq!((main.role, main.native, main.injected), (ContainerRole::Main, false, false));
    assert_eq!((main.last_exit_code, main.last_reason.as_deref()), (Some(0), Some("Completed")));
    assert_eq!(main.last_finished_at, Some(time::to_wire(at(90))));
    assert_eq!(named(&seen, "side").role, ContainerRole::Sidecar);
    assert!(named(&seen, "side").native);
}

#[test]
fn of_a_main_container_succeeded_and_failed_are_the_counted_pods() {
    let mains = |spec: serde_json::Value| {
        let containers = json!([{"name": "main"}, {"name": "other"}, {"name": "side"}]);
        let mut all = json!({"template": {"spec": {"restartPolicy": "Never", "containers": containers}}});
        all["mainContainers"] = spec;
        job_with(all).completions(9).started(1)
    };
    let with_other = |exit: Option<i32>| {
        let mut pod = pod(0).main_exits(0, 5);
        pod.containers.push(container("other", Slot::Plain, Restart::Never));
        exit.into_iter().fold(pod, |pod, exit| pod.exits("other", exit, 6))
    };
    let cut_off = Pod { reason: Some("Evicted".into()), ..pod(0).main_exits(0, 5).ends_as(Phase::Failed) };
    for (what, seen, want) in [
        ("exit code 0", job().completions(9).pods([pod(0).main_exits(0, 5)]), vec![("main", 1, 0)]),
        ("another exit code", job().completions(9).pods([pod(0).main_exits(3, 5)]), vec![("main", 0, 1)]),
        (
            "the Pod ended before it started",
            job().pods([pod(0).pending().ends_as(Phase::Failed)]),
            vec![("main", 0, 1)],
        ),
        ("somebody deletes the Pod while it runs", job().pods([pod(0).deleted(5)]), vec![("main", 0, 1)]),
        ("exit code 0, since somebody ended the Pod", job().pods([cut_off]), vec![("main", 0, 1)]),
        (
            "one of two failed",
            mains(json!({"names": ["main", "other"]})).pods([with_other(Some(2))]),
            vec![("main", 1, 0), ("other", 0, 1)],
        ),
        (
            "one of any succeeded, and the other still runs: it is not needed",
            mains(json!({"names": ["main", "other"], "require": "Any"})).pods([with_other(None)]),
            vec![("main", 1, 0), ("other", 0, 0)],
        ),
    ] {
        let seen = seen.settings(|s| s.max_pods_per_sync = 0).failures(1, 5).stored(9);
        let all = seen.job.status.history.containers.iter().filter(|c| c.role == ContainerRole::Main);
        let got: Vec<_> = all.map(|c| (c.name.as_str(), c.succeeded, c.failed)).collect();
        assert_eq!(got, want, "{what}");
    }
}

#[test]
fn init_containers_and_containers_that_a_webhook_added_are_told_too() {
    let mut pod = pod(0);
    pod.containers.insert(0, container("setup", Slot::Init, Restart::Never));
    pod.containers.push(container("proxy", Slot::Plain, Restart::Never));
    let seen = job().started(1).pods([pod.exits("setup", 0, 2).exits("proxy", 0, 9).succeeded(5)]).stored(9);
    let told: Vec<_> = seen.job.status.history.containers.iter().map(|c| (&*c.name, c.role, c.injected)).collect();
    assert_eq!(
        told,
        [
            ("main", ContainerRole::Main, false),
            ("side", ContainerRole::Sidecar, false),
            ("proxy", ContainerRole::Sidecar, true),
            ("setup", ContainerRole::Init, true),
        ]
    );
    assert_eq!(counts(&seen), [("main", 1, 0, 0), ("side", 1, 0, 0), ("proxy", 1, 0, 0), ("setup", 1, 0, 0)]);
}

#[test]
fn how_a_sidecar_was_stopped_and_how_long_it_took() {
    let managed = |exit: i32, at_second: i64| {
        let mut pod = pod(0).plain_sidecar().main_exits(0, 10).exits("side", exit, at_second).ends_as(Phase::Failed);
        pod.marks.stopping_since = Some(at(11));
        pod
    };
    let deadline = |pod: Pod| Pod { deadline_seconds: Some(12), ..pod }; // at 13
    let heard = |way: Way| {
        let ask = Ask { pod: pod(0).to_ref(), container: "side".into(), way };
        vec![Attempt { ask, state: AttemptState::Heard(at(12)) }]
    };
    let term = || Way::Signal("SIGTERM".into());
    let native = |exit, second| pod(0).main_exits(0, 10).exits("side", exit, second).ends_as(Phase::Succeeded);
    let killed_for_memory =
        |pod: Pod| pod.container("side", |c| c.end.as_mut().unwrap().reason = Some("OOMKilled".into()));
    type Told = (Option<i32>, Option<StopMethod>, Option<i32>, Option<i32>);
    let cases: Vec<(&str, Pod, Vec<Attempt>, Told)> = vec![
        ("native", native(0, 14), vec![], (None, Some(StopMethod::Native), None, Some(4))),
        ("native, killed", native(137, 40), vec![], (None, Some(StopMethod::Native), Some(1), Some(30))),
        (
            "native, out of memory",
            killed_for_memory(native(137, 12)),
            vec![],
            (None, Some(StopMethod::Native), None, Some(2)),
        ),
        ("native, ended by itself before", native(1, 9), vec![], (None, None, None, None)),
        ("by the deadline", deadline(managed(143, 15)), vec![], (Some(1), Some(StopMethod::Deadline), None, Some(5))),
        (
            "killed after the deadline",
            deadline(managed(137, 43)),
            vec![],
            (Some(1), Some(StopMethod::Deadline), Some(1), Some(33)),
        ),
        ("by a signal", managed(0, 12), heard(term()), (Some(1), Some(StopMethod::Signal), None, Some(2))),
        (
            "asked, and then by the deadline",
            deadline(managed(143, 14)),
            heard(term()),
            (Some(1), Some(StopMethod::Deadline), None, Some(4)),
        ),
        ("asked by a controller that was killed", managed(0, 12), vec![], (Some(1), None, None, Some(2))),
        ("plain, ended by itself before", managed(0, 9), vec![], (None, None, None, None)),
    ];
    for (what, pod, attempts, want) in cases {
        let mut seen = job().started(1).pods([pod]);
        seen.attempts = attempts;
        let seen = seen.stored(50);
        let side = named(&seen, "side");
        let told = (side.stopped_by_controller, side.stop_method, side.force_killed, side.max_stop_seconds);
        assert_eq!(told, want, "{what}");
    }
}

#[test]
fn the_longest_stop_is_kept_and_the_others_are_counted() {
    let stopped =
        |n: u32, end: i64, exit| pod(n).index(n).main_exits(0, 10).exits("side", exit, end).ends_as(Phase::Succeeded);
    let seen =
        job().indexed(3).started(1).pods([stopped(0, 45, 137), stopped(1, 12, 0), stopped(2, 41, 137)]).stored(50);
    let side = named(&seen, "side");
    assert_eq!((side.force_killed, side.max_stop_seconds, side.succeeded, side.failed), (Some(2), Some(35), 1, 2));
    assert_eq!((side.last_exit_code, side.last_signal), (Some(137), Some(9)));
}

#[test]
fn a_sidecar_that_nobody_saw_end_has_neither_succeeded_nor_failed() {
    let seen = job().completions(2).started(1).pods([pod(0).main_exits(0, 5), pod(1)]).stored(6);
    let seen = seen.pods([pod(0).main_exits(0, 5).deleted(7), pod(1)]).stored(8);
    assert_eq!(seen.job.status.succeeded, 1);
    assert_eq!(counts(&seen), [("main", 1, 0, 0), ("side", 0, 0, 0)]);
}

#[test]
fn a_status_from_before_containers_were_told_gets_those_of_its_listed_pods() {
    let old = job().completions(3).started(1).counted(1, 0).listed(&["u0"], &["u1"]).failures(1, 5);
    let draining = [pod(0).main_exits(0, 5), pod(1).main_exits(1, 5), pod(2)];
    let seen = old.pods(draining).parallelism(3).settings(|s| s.max_pods_per_sync = 0).stored(6);
    assert_eq!(counts(&seen), [("main", 1, 1, 0), ("side", 0, 0, 0)]);
}

#[test]
fn a_batch_job_has_none_and_the_list_is_bounded() {
    assert!(job().batch().started(1).pods([pod(0).failed(5)]).next(6).history.containers.is_empty());
    let mut many = pod(0).failed(5);
    many.containers.extend((0..50).map(|n| container(&format!("more-{n}"), Slot::Plain, Restart::Never)));
    many.containers.iter_mut().for_each(|c| c.state = State::Terminated { exit: 1, at: Some(at(5)) });
    let seen = job().started(1).backoff_limit(0).pods([many]).stored(6);
    let all = &seen.job.status.history.containers;
    assert_eq!((all.len(), all[0].name.as_str()), (32, "main"));
}
