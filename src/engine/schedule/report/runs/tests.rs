//! What becomes of runs, and what people are told of them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::engine::schedule::decide;
use crate::engine::schedule::observed::{Departed, Observed, Run};
use crate::engine::schedule::tests::fixture::{at, cron, run, seconds};

#[test]
fn what_the_controller_did_itself_is_not_told_as_missing() {
    let replace = || cron(json!({"concurrencyPolicy": "Replace"})).last(0).runs([run(60)]);
    let settled = |mut seen: Observed, now: DateTime<Utc>| {
        let told = seen.settle(now);
        let result = seen.cron.status.recent.iter().find(|old| old.name == run(60).name).map(|old| old.result.clone());
        (told.into_iter().filter(|reason| reason == "MissingJob").count(), result.unwrap_or_default())
    };
    let begun = |mut seen: Observed| {
        seen.settle(at(61));
        seen
    };
    let gone = |seen: Observed, departed: Option<Departed>| {
        let mut seen = Observed { departed: departed.into_iter().collect(), runs: vec![], ..begun(seen) };
        seen.gone.insert(run(60).uid);
        seen
    };
    let departed = |run, replaced| Some(Departed { run, replaced });
    let changed = |mut seen: Observed, suspend, deleting| {
        (seen.cron.spec.suspend, seen.cron.deleting) = (suspend, deleting);
        seen
    };
    let ended = || run(60).ended(true, 110);
    for (what, seen, want) in [
        ("it is replaced", begun(replace()), (0, "Replaced")),
        ("the one that replaced it was killed, or the next is refused", gone(replace(), None), (0, "Replaced")),
        ("somebody deleted it, as the watch has shown", gone(replace(), departed(run(60), false)), (1, "Deleted")),
        ("suspended right after", changed(gone(replace(), departed(run(60), true)), true, false), (0, "Replaced")),
        ("nobody knows, and no other starts", changed(gone(replace(), None), true, false), (1, "Deleted")),
        ("its own time to live was over", gone(replace(), departed(ended(), false)), (0, "Complete")),
        (
            "the same where runs overlap",
            gone(cron(json!({})).runs([run(60)]), departed(ended(), false)),
            (0, "Complete"),
        ),
        ("it goes with its schedule", changed(gone(replace(), None), false, true), (0, "Deleted")),
        ("somebody deleted it where runs overlap", gone(cron(json!({})).runs([run(60)]), None), (1, "Deleted")),
    ] {
        assert_eq!(settled(seen, at(120)), (want.0, want.1.to_owned()), "{what}");
    }
}

#[test]
fn a_run_by_hand_is_never_replaced() {
    let by_hand = Run { manual: true, ..run(-60) };
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"})).last(60).runs([by_hand]);
    seen.backfilled = BTreeSet::from([at(-60)]);
    seen.settle(at(61));
    (seen.runs, seen.gone) = (vec![], BTreeSet::from([run(-60).uid]));
    assert_eq!(seen.settle(at(120)), ["MissingJob"], "somebody deleted it while no controller was there");
}

#[test]
fn how_a_run_ended_that_is_gone_already_is_written_down() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(60).ended(false, 62)];
    seen.depart(&run(60).uid, false);
    assert_eq!(seen.settle(at(63)), ["SawCompletedJob"]);
    let status = &seen.cron.status;
    assert_eq!((status.last_failure, status.last_result.as_deref()), (Some(at(62)), Some("Failed")));
    assert_eq!((status.active.len(), status.recent[0].finished_at), (0, Some(at(62))));
    assert!(status.written().has_end_of(&seen.departed[0].run), "so the shell need not keep it");
}

#[test]
fn a_time_that_somebody_asked_for_is_written_down_before_its_run_goes_and_does_not_run_again() {
    let spec = || json!({"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": 0});
    let by_hand = |minutes, done| Run { manual: true, ..run(minutes).ended(true, done) };
    let mut seen = cron(spec()).last(60).runs([by_hand(-120, 61), by_hand(120, 62)]);
    seen.cron.status.last_success = Some(at(62)); // of another run
    assert!(!seen.steps(at(63)).iter().any(|step| step.starts_with("delete")), "first it is written down");
    seen.backfilled = BTreeSet::from([at(-120), at(120)]);
    let plan = decide(&seen, at(63));
    assert!(plan.status.is_some() && !plan.may_wait, "at once: a user may delete the run");
    seen.settle(at(63));
    assert_eq!((seen.times(), seen.cron.status.backfilled.len()), (vec![], 1), "two times are one entry");
    seen.cron.status.recent.clear(); // ten others have run
    seen.settle(at(121));
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![], Some(at(120))), "it ran already");
    assert_eq!(seen.settle(at(180)), [""; 0]);
    assert_eq!(seen.times(), [180]);
}

#[test]
fn a_finished_run_leaves_active_and_is_told_and_its_time_is_kept() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(60).ended(true, 65)];
    assert_eq!(seen.settle(at(65)), ["SawCompletedJob"]);
    let status = &seen.cron.status;
    assert_eq!((status.active.len(), status.last_success, status.last_failure), (0, Some(at(65)), None));
    assert_eq!(status.last_result.as_deref(), Some("Complete"));
    assert_eq!((status.recent[0].result.as_str(), status.recent[0].finished_at), ("Complete", Some(at(65))));
    seen.runs.push(run(120).ended(false, 125));
    seen.settle(at(126));
    assert_eq!((seen.cron.status.last_failure, seen.cron.status.last_success), (Some(at(125)), Some(at(65))));
    assert_eq!(seen.cron.status.last_result.as_deref(), Some("Failed"));
}

#[test]
fn that_a_run_has_begun_is_written_with_what_comes_next_and_costs_no_write() {
    let waiting = |minutes| Run { started_at: None, ..run(minutes) };
    let mut seen = cron(json!({})).last(60).runs([waiting(0), waiting(60)]);
    seen.settle(at(61));
    seen.runs = vec![run(0), run(60)];
    assert_eq!(decide(&seen, at(62)).status, None, "nothing is to be written");
    seen.runs = vec![run(0), run(60).ended(true, 63)];
    seen.settle(at(63));
    let started: Vec<_> = seen.cron.status.recent.iter().map(|run| run.started_at).collect();
    assert_eq!(started, [Some(seconds(60, 1)), Some(seconds(0, 1))], "with the end of one");
}

#[test]
fn an_active_run_that_is_gone_is_looked_for_before_it_is_called_missing() {
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.runs.clear();
    assert_eq!(seen.steps(at(120)), ["look up c-29453820"], "before anything is started");
    assert_eq!(seen.settle(at(90)), ["MissingJob"]);
    assert_eq!((seen.cron.status.active.len(), seen.cron.status.recent[0].result.as_str()), (0, "Deleted"));
}

#[test]
fn a_run_of_ours_that_nobody_scheduled_is_unexpected_and_told_once() {
    let stray = Run { scheduled: None, name: "c-stray".into(), ..run(1) };
    let mut seen = cron(json!({})).runs([stray]);
    assert_eq!(seen.settle(at(2)), ["UnexpectedJob"]);
    assert_eq!(seen.settle(at(3)), [""; 0]);
}

#[test]
fn recent_runs_are_bounded_and_newest_first() {
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 2}));
    for hour in 1..=20 {
        seen.settle(at(hour * 60));
        seen.runs =
            seen.runs.into_iter().map(|r| if r.ended.is_none() { r.ended(true, hour * 60 + 5) } else { r }).collect();
        seen.settle(at(hour * 60 + 5));
    }
    let recent = &seen.cron.status.recent;
    assert_eq!((recent.len(), recent[0].scheduled, seen.runs.len()), (10, Some(at(1200)), 2));
}
