//! What the metrics observe of Pods, and that they observe each Pod once.

use chrono::TimeDelta;

use super::*;
use crate::api::history::StopMethod;
use crate::engine::observed::{Phase, Restart, Slot};
use crate::engine::take_stock;
use crate::engine::tests::fixture::{at, container, job, pod, seconds, steps};

fn main_done(success: bool, took: i64) -> Measure {
    Measure::MainDone { success, took: TimeDelta::seconds(took) }
}

fn stopped(by: StoppedBy, end: StopResult) -> Measure {
    Measure::SidecarStopped { by, end }
}

fn done(by: StoppedBy, took: i64) -> Measure {
    Measure::SidecarsDone { by, took: seconds(took) }
}

const NATIVE: StoppedBy = StoppedBy::Method(StopMethod::Native);

#[test]
fn a_pod_is_measured_with_the_status_that_is_the_first_to_record_or_count_it() {
    let seen = job().completions(2).started(1).pods([pod(0).main_exits(0, 5), pod(1)]);
    assert_eq!(seen.decide(6).measures, [main_done(true, 4)], "its containers run since second 1");
    let seen = seen.stored(6);
    let ended = pod(0).main_exits(0, 5).exits("side", 143, 8).ends_as(Phase::Succeeded);
    let seen = seen.pods([ended.clone(), pod(1)]);
    assert_eq!(seen.decide(9).measures, [stopped(NATIVE, StopResult::Failed), done(NATIVE, 3)]);
    let again = take_stock(&seen.stored(9).pods([ended, pod(1).main_exits(1, 9)]), at(10), true);
    assert_eq!(again.measures, [main_done(false, 8)], "killed before the finalizer went: not twice");
}

#[test]
fn what_is_measured_of_a_pod() {
    let managed = |exit: i32, at_second: i64| {
        let mut pod = pod(0).plain_sidecar().main_exits(0, 10).exits("side", exit, at_second).ends_as(Phase::Failed);
        pod.marks.stopping_since = Some(at(11));
        pod
    };
    let native = |exit, second| pod(0).main_exits(0, 10).exits("side", exit, second).ends_as(Phase::Succeeded);
    let mut two = native(0, 12);
    two.containers.insert(0, container("proxy", Slot::NativeSidecar, Restart::Always));
    let two = two.exits("proxy", 137, 40);
    let unasked = Pod { marks: Default::default(), ..managed(0, 12) };
    let deadline = StoppedBy::Method(StopMethod::Deadline);
    for (what, pod, want) in [
        ("native", native(0, 14), vec![stopped(NATIVE, StopResult::Succeeded), done(NATIVE, 4)]),
        ("killed", native(137, 40), vec![stopped(NATIVE, StopResult::Killed), done(NATIVE, 30)]),
        (
            "the last of two sidecars is the time of the Pod",
            two,
            vec![stopped(NATIVE, StopResult::Killed), stopped(NATIVE, StopResult::Succeeded), done(NATIVE, 30)],
        ),
        (
            "by the deadline",
            Pod { deadline_seconds: Some(12), ..managed(143, 15) },
            vec![stopped(deadline, StopResult::Failed), done(deadline, 5)],
        ),
        (
            "asked by a controller that was killed",
            managed(0, 12),
            vec![stopped(StoppedBy::Unknown, StopResult::Succeeded), done(StoppedBy::Unknown, 2)],
        ),
        (
            "by itself, before anybody asked",
            unasked,
            vec![stopped(StoppedBy::Nobody, StopResult::Succeeded), done(StoppedBy::Nobody, 2)],
        ),
        ("ended before main", native(1, 9), vec![]),
    ] {
        let measures = job().started(1).pods([pod]).decide(50).measures;
        assert_eq!(measures, [vec![main_done(true, 9)], want].concat(), "{what}");
    }
}

#[test]
fn a_pod_of_which_no_main_container_has_ended_has_no_duration() {
    for (what, pod) in [
        ("it never ran", pod(0).pending().ends_as(Phase::Failed)),
        ("somebody deletes it while it runs", pod(0).deleted(5)),
    ] {
        let measures = job().started(1).pods([pod]).decide(9).measures;
        assert!(!measures.iter().any(|m| matches!(m, Measure::MainDone { .. })), "{what}: {measures:?}");
    }
}

#[test]
fn the_sidecars_of_a_job_are_measured_when_its_pod_loses_the_finalizer() {
    let ended = pod(0).main_exits(0, 5).exits("side", 0, 8).ends_as(Phase::Succeeded);
    let seen = job().batch().started(1).pods([ended]);
    assert_eq!(seen.decide(9).measures, [main_done(true, 4)]);
    let listed = seen.stored(9);
    let plan = listed.decide(10);
    assert_eq!(steps(&plan), ["release p0"]);
    assert_eq!(plan.measures, [stopped(NATIVE, StopResult::Succeeded), done(NATIVE, 3)]);
    assert_eq!(listed.pods([]).decide(11).measures, [], "it is not in view any more");
}

#[test]
fn a_status_without_news_of_pods_measures_nothing() {
    assert_eq!(job().pods([pod(0)]).decide(2).measures, []);
    assert_eq!(job().decide(2).measures, []);
}
