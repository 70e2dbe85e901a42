//! What the conditions say, what is told, and what may wait.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::engine::schedule::decide;
use crate::engine::schedule::observed::{Observed, Run};
use crate::engine::schedule::search::Search;
use crate::engine::schedule::tests::fixture::{at, cron, run, seconds};

#[test]
fn a_status_may_wait_if_all_it_tells_is_of_runs_that_go_on() {
    let queue = |seen: Observed| Observed { runs: vec![run(60)], ..seen };
    let told = cron(json!({})).last(60).runs([run(60)]);
    for (what, seen, may_wait) in [
        ("a run has started", cron(json!({})).runs([run(60)]), true),
        ("it has ended, and may go by its own time to live", cron(json!({})).runs([run(60).ended(true, 61)]), false),
        ("it is on its way out", cron(json!({})).runs([Run { deleting: true, ..run(60) }]), false),
        ("it is gone already", Observed { started: BTreeSet::from([at(60)]), ..cron(json!({})) }, false),
        ("one that the status knows of has ended", told.runs([run(60).ended(true, 65)]), false),
        ("a time is to wait in the queue", queue(cron(json!({"concurrencyPolicy": "Queue"})).last(60)), false),
        ("a time does not start", queue(cron(json!({"concurrencyPolicy": "Forbid"})).last(60)), false),
    ] {
        let now =
            if seen.runs.first().is_some_and(|run| run.ended.is_none() && seen.cron.status.last_schedule.is_some()) {
                at(121)
            } else {
                at(70)
            };
        let plan = decide(&seen, now);
        assert!(plan.steps.is_empty() && plan.status.is_some(), "{what}: {plan:?}");
        assert_eq!(plan.may_wait, may_wait, "{what}");
    }
}

#[test]
fn a_schedule_that_can_not_run_is_stalled_with_the_reason() {
    for (spec, reason, words) in [
        (json!({"schedule": "0 24 * * *"}), "UnparseableSchedule", "hour: \"24\" ends above 23"),
        (json!({"schedule": "0 0 31 2 *"}), "InvalidSchedule", "no time within five years"),
        (json!({"timeZone": "europe/berlin"}), "UnknownTimeZone", "write Europe/Berlin"),
        (json!({"schedule": "TZ=UTC 0 0 * * *"}), "UnsupportedSchedule", "set timeZone"),
        (json!({"exclude": ["x"]}), "UnparseableSchedule", "exclude \"x\""),
    ] {
        let mut seen = cron(spec);
        assert_eq!(seen.settle(at(600)), [reason]);
        let stalled = seen.cron.status.conditions.when_true("Stalled").unwrap().clone();
        assert!(stalled.reason == reason && stalled.message.contains(words), "{}", stalled.message);
        assert!(!seen.cron.status.conditions.is_true("Ready") && seen.runs.is_empty());
        let status = seen.cron.status;
        let mut mended = cron(json!({}));
        mended.cron.status = status;
        mended.settle(at(601));
        let conditions = &mended.cron.status.conditions;
        assert!(conditions.is_true("Ready") && !conditions.is_true("Stalled"), "{reason} is over");
    }
}

/// Each minute of each 29 February that is a Saturday, by sixteen schedules.
fn too_complex() -> Value {
    let schedules: Vec<String> = (0..16).map(|n| format!("{n}-59 * * * *")).collect();
    json!({"schedules": schedules, "exclude": ["* * * 1,3-12 *", "* * 1-28 2 *", "* * * * 0-5"], "timeZone": "Africa/Casablanca"})
}

#[test]
fn a_schedule_that_is_too_complex_rests_until_its_spec_changes() {
    let mut seen = cron(too_complex());
    let plan = decide(&seen, at(600));
    assert_eq!((&plan.search, &plan.steps, plan.wake), (&Some(Search::GaveUp), &vec![], None));
    assert_eq!(seen.settle(at(600)), ["ScheduleTooComplex"]);
    let stalled = seen.cron.status.conditions.when_true("Stalled").unwrap().clone();
    assert!(stalled.reason == "ScheduleTooComplex" && stalled.message.contains("exclude fewer times"), "{stalled:?}");
    seen.search = plan.search;
    let again = decide(&seen, at(601));
    assert_eq!((again.status, again.events, again.search), (None, vec![], Some(Search::GaveUp)), "it is known");
    let mut mended = cron(json!({}));
    mended.cron.status = seen.cron.status;
    mended.settle(at(601));
    assert_eq!((mended.times(), mended.cron.status.conditions.is_true("Stalled")), (vec![600], false));
}

#[test]
fn of_a_schedule_that_rests_runs_are_still_reported_and_deleted() {
    let mut spec = too_complex();
    spec["successfulJobsHistoryLimit"] = json!(0);
    let mut seen = cron(spec).last(60).runs([run(60).ended(true, 65)]);
    seen.search = Some(Search::GaveUp);
    seen.settle(at(600));
    assert_eq!((seen.times(), seen.cron.status.last_success), (vec![], Some(at(65))));
    assert_eq!((seen.cron.status.last_schedule, seen.cron.status.missed), (Some(at(60)), 0), "no time is lost");
}

#[test]
fn a_period_shorter_than_a_minute_is_told_once_and_runs_once_a_minute() {
    let mut seen = cron(json!({"schedule": "@every 5s"}));
    assert_eq!(seen.settle(seconds(0, 31)), ["PeriodTooShort"]);
    let ready = seen.cron.status.conditions.when_true("Ready").unwrap();
    assert_eq!(ready.message, "@every 5s runs once a minute at most: a run has the name of its minute");
    for second in 31..150 {
        assert_eq!(seen.settle(seconds(0, second)), [""; 0], "{second}");
    }
    let minutes: BTreeSet<String> = seen.runs.iter().map(|run| run.name.clone()).collect();
    assert_eq!((minutes.len(), seen.runs.len()), (3, 3), "in each of three minutes one");
    assert_eq!(cron(json!({"schedule": "@every 60s"})).settle(at(1)), [""; 0], "that is a minute");
}

#[test]
fn the_clock_that_was_set_back_is_told_and_nothing_runs_again() {
    let mut seen = cron(json!({})).last(600);
    seen.settle(at(300));
    let ready = seen.cron.status.conditions.when_true("Ready").unwrap();
    assert!(ready.message.contains("2026-01-01T10:00:00Z has run already and is in the future"), "{}", ready.message);
    assert_eq!((seen.times(), seen.cron.status.next), (vec![], Some(at(660))));
}
