//! What becomes of times, of CronJob's features and of those beyond.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::json;

use crate::engine::schedule::decide;
use crate::engine::schedule::tests::fixture::{at, cron, run, seconds};

/// Each row: the spec, the time, the times that have runs then, how many are missed, and what is told.
#[test]
fn of_times_that_have_come_some_run_and_the_others_are_missed() {
    let month = 31 * 24 * 60;
    let minutely = || json!({"schedule": "* * * * *"});
    let deadline = |seconds: i64| json!({"startingDeadlineSeconds": seconds});
    let all = |policy: &str| json!({"catchUp": "All", "catchUpLimit": 3, "concurrencyPolicy": policy});
    for (what, spec, now, runs, missed, told) in [
        ("none has come", json!({}), seconds(59, 59), vec![], 0, ""),
        ("of several the latest runs", json!({}), at(330), vec![300], 4, ""),
        ("a hundred are not too many", minutely(), at(100), vec![100], 99, ""),
        ("of more than a hundred the latest runs too", minutely(), at(102), vec![102], 101, "TooManyMissedTimes"),
        ("nothing starts while suspended", json!({"suspend": true}), at(300), vec![], 0, ""),
        ("the deadline is this second", deadline(60), seconds(61, 0), vec![60], 0, ""),
        ("the deadline has passed", deadline(60), seconds(61, 1), vec![], 1, "MissSchedule"),
        ("a month with a deadline", deadline(600), at(month + 30), vec![], 744, "TooManyMissedTimes MissSchedule"),
        (
            "a time of yesterday runs without a deadline",
            json!({}),
            at(month + 30),
            vec![month],
            743,
            "TooManyMissedTimes",
        ),
        ("all run up to the limit", all("Allow"), at(330), vec![180, 240, 300], 2, ""),
        ("all run one by one", all("Forbid"), at(330), vec![180], 2, "JobAlreadyActive"),
        ("all wait in line", all("Queue"), at(330), vec![180], 2, "JobQueued JobQueued"),
    ] {
        let mut seen = cron(spec);
        let events = seen.settle(now).join(" ");
        assert_eq!((seen.times(), seen.cron.status.missed, events.as_str()), (runs, missed, told), "{what}");
    }
}

#[test]
fn a_run_for_a_time_that_is_none_of_the_schedule_hides_no_missed_time() {
    let every = json!({"schedule": "@every 1h"});
    for (what, spec, minutes, missed) in [
        ("none", json!({}), vec![], 4),
        ("of one that was to run", json!({}), vec![120], 3),
        ("of one that was not to run", json!({}), vec![90], 4),
        ("of both", json!({}), vec![90, 120, 150], 3),
        ("of one that was not to run, by @every", every, vec![90], 4),
    ] {
        let made = minutes.iter().map(|minute| run(*minute).ended(true, 250));
        let mut seen = cron(spec).runs(made);
        seen.settle(at(331));
        assert_eq!(seen.cron.status.missed, missed, "{what}");
    }
}

#[test]
fn a_run_for_a_time_that_is_none_of_the_schedule_moves_nothing() {
    let suspended = cron(json!({"suspend": true})).last(60).runs([run(150)]);
    let mut seen = suspended;
    seen.settle(at(200));
    assert_eq!((seen.cron.status.last_schedule, seen.cron.status.missed), (Some(at(60)), 0), "of one that rests");
    seen.cron.spec.suspend = false;
    seen.settle(at(200));
    let status = &seen.cron.status;
    assert_eq!((status.last_schedule, status.missed, seen.times()), (Some(at(180)), 1, vec![150, 180]));

    let mut seen = cron(json!({"concurrencyPolicy": "Replace"})).last(60).runs([run(90)]);
    seen.settle(at(121));
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![120], Some(at(120))), "it is replaced");
}

#[test]
fn runs_overlap_where_that_is_allowed() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(120));
    assert_eq!(seen.times(), [60, 120]);
}

#[test]
fn a_run_starts_when_its_time_has_come_and_not_before() {
    let mut seen = cron(json!({}));
    assert_eq!(seen.steps(seconds(59, 59)), [""; 0]);
    assert_eq!(decide(&seen, at(1)).wake, Some(at(60)));
    assert_eq!(seen.steps(at(60)), ["create 01T01:00"]);
    assert_eq!(seen.settle(seconds(60, 1)), [""; 0]);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
    assert_eq!((seen.cron.status.active.len(), seen.cron.status.next), (1, Some(at(120))));
    assert_eq!(seen.cron.status.next_text.as_deref(), Some("2026-01-01T02:00:00Z"));
}

#[test]
fn a_time_past_its_starting_deadline_does_not_run_and_is_told_once() {
    let mut seen = cron(json!({"startingDeadlineSeconds": 60}));
    assert_eq!(seen.steps(seconds(61, 0)), ["create 01T01:00"], "in time");
    assert_eq!(seen.settle(seconds(61, 1)), ["MissSchedule"]);
    assert_eq!(seen.settle(seconds(62, 0)), [""; 0], "not again");
    assert_eq!((seen.times(), seen.cron.status.missed, seen.cron.status.last_schedule), (vec![], 1, None));
    seen.settle(at(120));
    assert_eq!(seen.times(), [120]);
}

#[test]
fn a_time_never_runs_twice() {
    for (what, seen) in [
        ("its run is active", cron(json!({})).last(60).runs([run(60)])),
        ("the last scheduled time is that", cron(json!({})).last(60)),
        ("the clock was set back", cron(json!({})).last(60 * 24)),
        ("its run is there and the status does not know: killed in between", cron(json!({})).runs([run(60)])),
        ("that run has finished meanwhile", cron(json!({})).runs([run(60).ended(true, 61)])),
    ] {
        let creates = seen.steps(at(62)).iter().filter(|s| s.starts_with("create")).count();
        assert_eq!(creates, 0, "{what}");
    }
    let mut seen = cron(json!({}));
    seen.started = BTreeSet::from([at(60)]);
    seen.settle(at(62));
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![], Some(at(60))), "seen once, and deleted since");
}

#[test]
fn suspended_nothing_starts_and_after_the_resume_the_latest_missed_time_does() {
    let mut seen = cron(json!({"suspend": true}));
    seen.settle(at(300));
    assert_eq!((seen.times(), decide(&seen, at(300)).wake, seen.cron.status.next), (vec![], None, None));
    let month = 31 * 24 * 60;
    let status = seen.cron.status;
    let mut seen = cron(json!({}));
    seen.cron.status = status;
    seen.settle(at(month + 30));
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![month], 31 * 24 - 1));
}

#[test]
fn a_run_that_was_replaced_before_the_status_knew_of_it_is_not_missed() {
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"}));
    seen.started = BTreeSet::from([at(60)]);
    seen.runs = vec![run(120)];
    seen.settle(at(121));
    let status = &seen.cron.status;
    assert_eq!((status.last_schedule, status.missed, status.last_missed), (Some(at(120)), 0, None));
}

#[test]
fn every_counts_from_the_last_run_or_the_creation() {
    let mut seen = cron(json!({"schedule": "@every 90m"}));
    assert_eq!(decide(&seen, at(1)).wake, Some(seconds(90, 30)));
    seen.settle(seconds(90, 30));
    assert_eq!(seen.cron.status.next, Some(seconds(180, 30)));
    let changed = cron(json!({"schedule": "@every 10m"})).last(60);
    assert_eq!(decide(&changed, at(61)).wake, Some(at(70)), "a changed schedule counts at once");
}

#[test]
fn catch_up_all_runs_each_missed_time_up_to_its_limit() {
    let mut seen = cron(json!({"catchUp": "All", "catchUpLimit": 3}));
    seen.settle(at(330));
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![180, 240, 300], 2));
    let mut one_by_one = cron(json!({"catchUp": "All", "catchUpLimit": 3, "concurrencyPolicy": "Forbid"}));
    one_by_one.settle(at(330));
    assert_eq!((one_by_one.times(), one_by_one.cron.status.missed), (vec![180], 2));
    one_by_one.runs = vec![run(180).ended(true, 331)];
    one_by_one.settle(at(331));
    assert_eq!((one_by_one.times(), one_by_one.cron.status.missed), (vec![180, 240], 2));
}

#[test]
fn jitter_starts_each_run_later_and_keeps_its_time() {
    let mut seen = cron(json!({"jitterSeconds": 600}));
    let jitter = seen.cron.spec.jitter;
    assert!(jitter > TimeDelta::zero() && jitter <= TimeDelta::minutes(10));
    assert_eq!(seen.steps(at(60) + jitter - TimeDelta::seconds(1)), [""; 0]);
    assert_eq!(decide(&seen, at(60)).wake, Some(at(60) + jitter));
    seen.settle(at(60) + jitter);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
}

#[test]
fn several_schedules_and_exclusions_are_one() {
    let mut seen = cron(json!({"schedules": ["30 * * * *", "0 3 * * *"], "exclude": ["30 1 * * *"]}));
    for minute in (0..200).step_by(10) {
        seen.settle(at(minute));
    }
    assert_eq!(
        (seen.times(), seen.cron.status.schedule.as_deref()),
        (vec![30, 150, 180], Some("30 * * * *; 0 3 * * *"))
    );
}

#[test]
fn run_once_runs_once_where_cronjob_skips_or_doubles() {
    let day = |policy: &str, schedule: &str, zone_day: i64| {
        let mut seen = cron(json!({"schedule": schedule, "timeZone": "America/New_York", "dstPolicy": policy}));
        seen.cron.created_at = at(zone_day * 1440);
        let mut times = Vec::new();
        for quarter in 0..(30 * 4) {
            seen.settle(at(zone_day * 1440 + quarter * 15));
            times = seen.times();
        }
        times.len()
    };
    let (march_8, november_1) = (66, 304);
    assert_eq!((day("CronJob", "30 2 * * *", march_8), day("RunOnce", "30 2 * * *", march_8)), (0, 1));
    assert_eq!((day("CronJob", "30 1 * * *", november_1), day("RunOnce", "30 1 * * *", november_1)), (2, 1));
}
