//! What is written back.

mod kept;

use serde_json::json;

use super::*;
use crate::api::conditions::types;
use crate::api::{Phase, SidecarJobStatus};
use crate::engine::observed::Phase::Failed;
use crate::engine::observed::status::Counts;
use crate::engine::observed::{Observed, Pod, Slot, time};
use crate::engine::tests::fixture::{at, job, job_with, pod};

#[test]
fn a_status_is_itself_after_a_round_trip() {
    let foreign = json!({"type": "Theirs", "status": "Unknown", "reason": "r", "message": "m", "observedGeneration": 4, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    for seen in [
        job().pods([pod(0)]),
        job().completions(5).parallelism(2).pods([pod(0).main_exits(0, 8), pod(1).failed(9)]),
        job().started(1).pods([pod(0).succeeded(5)]),
        job().suspended(),
        job().refused(9),
        job().started(1).backoff_limit(0).pods([pod(0).main_exits(137, 8).exits("side", 0, 9).ends_as(Failed)]),
        job().status(|s| s.conditions.0.push(serde_json::from_value(foreign).unwrap())).pods([pod(0)]),
    ] {
        let (status, _) = next(&Judgement::of(&seen, at(10) + chrono::TimeDelta::milliseconds(700)));
        let json = serde_json::to_string(&status.to_wire()).unwrap();
        let back: SidecarJobStatus = serde_json::from_str(&json).unwrap();
        assert_eq!(Status::from_wire(&back), status);
    }
}

#[test]
fn a_range_of_indexes_that_ends_before_it_begins_is_told_once() {
    let said = |completed: &str| {
        let seen = job_with(json!({"completionMode": "Indexed", "completions": 9, "completedIndexes": completed}));
        let (_, events) = next(&Judgement::of(&seen, at(10)));
        let stored = seen.status(|status| status.observed_generation = Some(1));
        let (_, again) = next(&Judgement::of(&stored, at(12)));
        assert!(again.iter().all(|event| event.reason != "CompletedIndexesReversed"), "{completed}: {again:?}");
        let found = events.into_iter().find(|event| event.reason == "CompletedIndexesReversed");
        found.map(|event| event.note).unwrap_or_default()
    };
    assert_eq!(said("0-2,7"), "");
    let note = said("0-2,5-3,8-7");
    assert!(note.contains("has 5-3, 8-7, which ends before it begins"), "{note}");
}

#[test]
fn counts_are_what_is_seen() {
    let status = job().completions(9).parallelism(9).pods([
        pod(0),
        Pod { ready_since: None, ..pod(1) },
        pod(2).main_exits(0, 5),
        pod(3).deleted(5),
        pod(4).succeeded(5),
    ]);
    let status = status.settings(|s| s.max_pods_per_sync = 0);
    let (status, _) = next(&Judgement::of(&status, at(10)));
    assert_eq!(status.counts, Counts { active: Some(3), ready: Some(2), stopping: Some(1), terminating: Some(1) });
}

#[test]
fn the_words_for_kstatus_at_each_stage() {
    let words =
        |status: &Status| (status.conditions.is_true(types::RECONCILING), status.conditions.is_true(types::STALLED));
    for (what, status, want) in [
        ("running", job().pods([pod(0)]).next(10), (true, false)),
        ("refused", job().refused(99).next(10), (true, true)),
        ("suspended", job().suspended().next(10), (false, false)),
        ("draining", job().pods([pod(0).main_exits(0, 5)]).next(10), (true, false)),
        ("complete", job().pods([pod(0).succeeded(5)]).next(10), (false, false)),
        ("failed", job().backoff_limit(0).pods([pod(0).failed(5)]).next(10), (false, true)),
    ] {
        assert_eq!(words(&status), want, "{what}");
    }
}

#[test]
fn the_end_has_its_conditions_times_and_event() {
    let seen = job().started(1).pods([pod(0).succeeded(5)]);
    let plan = seen.decide(10);
    assert_eq!(plan.events, [Event::normal("Completed", "Job completed")]);
    let status = plan.status.unwrap();
    assert_eq!((status.completion_time, status.finished_at()), (Some(at(10)), Some(at(10))));
    let failed = job().started(1).backoff_limit(0).pods([pod(0).failed(5)]).decide(10);
    let note = "container main of Pod p0 exited with 1 (Error); 1 of 1 attempts failed";
    assert_eq!(failed.events, [Event::warning("BackoffLimitExceeded", note)]);
    let status = failed.status.unwrap();
    assert_eq!((status.completion_time, status.finished_at()), (None, Some(at(10))));
    for type_ in [types::FAILURE_TARGET, types::FAILED, types::FINISHED] {
        assert!(status.conditions.is_true(type_), "{type_}");
    }
}

#[test]
fn more_successes_than_wanted_are_told() {
    let plan = job().started(1).counted(2, 0).decide(10);
    assert_eq!(plan.events[0].reason, "TooManySucceededPods");
}

#[test]
fn a_sidecar_that_is_not_there_is_said() {
    let typo = || job_with(json!({"sidecars": [{"name": "sidecra"}]}));
    let missing = |seen: &Observed| {
        let status = seen.next(10);
        status.conditions.get(types::SIDECAR_MISSING).map(|c| (c.status.clone(), c.reason.clone()))
    };
    let said = |status: &str, reason: &str| Some((status.to_string(), reason.to_string()));
    assert_eq!(missing(&typo().suspended()), said("True", "NotInTemplate"));
    assert_eq!(missing(&typo().pods([pod(0)])), said("True", "NotInPod"));
    let mut expected = job_with(json!({"sidecars": [{"name": "later"}], "injectedContainers": "Sidecar"})).suspended();
    assert_eq!(missing(&expected), None, "the spec says that it will be injected");
    expected = expected.pods([pod(0).released().deleted(1)]);
    assert_eq!(missing(&expected), said("True", "NotInPod"), "but it was not");
    let mut injected = pod(0);
    injected.containers.push(crate::engine::tests::fixture::container(
        "sidecra",
        Slot::Plain,
        crate::engine::observed::Restart::Never,
    ));
    assert_eq!(
        missing(&typo().suspended().stored(5).spec(|s| s.suspend = false).pods([injected])),
        said("False", "AllFound")
    );
    assert_eq!(missing(&job().pods([pod(0)])), None, "all are there: no such condition");
}

#[test]
fn it_is_told_once_with_the_names_that_there_are() {
    let plain = Pod { marks: Default::default(), ..pod(0).plain_sidecar() };
    let seen = job_with(json!({"sidecars": [{"name": "sidecra"}]})).pods([plain]);
    let told = seen.decide(10).events;
    assert_eq!((told.len(), told[0].warning, told[0].reason.as_str()), (1, true, "SidecarMissing"));
    assert!(told[0].note.contains("\"sidecra\"") && told[0].note.contains("side, main"), "{}", told[0].note);
    assert_eq!(seen.stored(10).pods([pod(0).plain_sidecar().main_exits(0, 12)]).decide(12).events, []);
}

#[test]
fn strings_for_people() {
    let words = |status: Status| {
        let s = status.summary;
        (s.phase.unwrap(), s.completions.unwrap(), s.sidecars.unwrap_or_default(), s.duration.unwrap_or_default())
    };
    for (what, seen, want) in [
        ("pending", job().pods([pod(0).pending()]), (Phase::Pending, "0/1", "0/1 running", "")),
        ("running", job().pods([pod(0)]), (Phase::Running, "0/1", "1/1 running", "")),
        ("draining", job().pods([pod(0).main_exits(0, 5)]), (Phase::Stopping, "1/1", "0/1 stopped", "")),
        ("complete", job().started(1).pods([pod(0).succeeded(5)]), (Phase::Complete, "1/1", "1/1 stopped", "9s")),
        (
            "failed",
            job().started(1).backoff_limit(0).pods([pod(0).failed(5)]),
            (Phase::Failed, "0/1", "1/1 stopped", "9s"),
        ),
        ("a work queue", job().work_queue(2).pods([pod(0), pod(1)]), (Phase::Running, "0/1 of 2", "2/2 running", "")),
        ("suspended", job().suspended(), (Phase::Suspended, "0/1", "", "")),
    ] {
        let got = words(seen.next(10));
        assert_eq!(got, (want.0, want.1.into(), want.2.into(), want.3.into()), "{what}");
    }
}

#[test]
fn durations_read_as_kubectl_prints_them() {
    for (n, want) in [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (151, "2m31s"),
        (3600, "1h"),
        (3900, "1h5m"),
        (172_800, "2d"),
        (180_000, "2d2h"),
        (-5, "0s"),
    ] {
        assert_eq!(time::human(crate::engine::tests::fixture::seconds(n)), want);
    }
}
