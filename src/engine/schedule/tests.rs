//! The order of decisions: what comes before what, and what holds nothing up.

pub mod fixture;

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::engine::observed::Refusal;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::observed::status::Recent;
use fixture::{at, cron, run};

#[test]
fn replace_deletes_the_active_run_first() {
    let mut seen = cron(json!({"concurrencyPolicy": "Replace"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.steps(at(120)), ["replace c-29453820"]);
    seen.settle(at(120));
    assert_eq!(seen.times(), [120]);
    let behind = cron(json!({"concurrencyPolicy": "Replace"})).runs([run(60)]);
    let plan = decide(&behind, at(120));
    let written = plan.status.map(|status| status.last_schedule);
    assert_eq!((plan.steps, written, plan.may_wait), (vec![], Some(Some(at(60))), false), "it is written down first");
    let mut deleting = cron(json!({"concurrencyPolicy": "Replace"})).last(60);
    deleting.runs = vec![Run { deleting: true, ..run(60) }];
    assert_eq!(deleting.steps(at(120)), [""; 0], "one that is on its way out is waited for");
}

#[test]
fn a_refusal_of_long_ago_wakes_nobody() {
    let mut seen = cron(json!({"suspend": true}));
    seen.refusal = Some(Refusal { message: "quota".into(), retry_at: at(61), is_blip: false });
    seen.settle(at(62));
    let plan = decide(&seen, at(62));
    assert_eq!((plan.steps, plan.status, plan.wake), (vec![], None, None));
}

#[test]
fn a_run_that_can_not_be_deleted_holds_up_neither_a_start_nor_the_status() {
    let ended = [run(0).ended(true, 1), run(60).ended(true, 61)];
    let mut seen = cron(json!({"successfulJobsHistoryLimit": 1})).last(0).runs(ended.clone());
    seen.cron.status = decide(&seen, at(62)).status.expect("the ends are written down");
    assert!(seen.steps(at(62))[0].starts_with("delete"), "{:?}", seen.steps(at(62)));
    assert!(seen.steps(at(120))[0].starts_with("create"), "{:?}", seen.steps(at(120)));
    let seen = seen.runs(ended.into_iter().chain([run(120)]));
    let plan = decide(&seen, at(121));
    assert_eq!((plan.steps.len(), plan.status.map(|s| s.last_schedule)), (0, Some(Some(at(120)))));
}

#[test]
fn a_refused_run_stalls_and_is_tried_again_at_its_time() {
    let mut seen = cron(json!({}));
    seen.refusal = Some(Refusal { message: "exceeded quota".into(), retry_at: at(61), is_blip: false });
    assert_eq!(seen.steps(at(60)), [""; 0]);
    let plan = decide(&seen, at(60));
    assert_eq!(plan.wake, Some(at(61)));
    let stalled = plan.status.unwrap().conditions.when_true("Stalled").cloned().unwrap();
    assert_eq!((stalled.reason.as_str(), stalled.message.as_str()), ("JobRefused", "exceeded quota"));
    assert_eq!(seen.steps(at(61)), ["create 01T01:00"]);
}

#[test]
fn a_run_that_may_be_taken_at_the_next_try_waits_for_that_and_nobody_is_told() {
    let mut seen = cron(json!({}));
    seen.refusal = Some(Refusal { message: "a webhook is down".into(), retry_at: at(61), is_blip: true });
    let plan = decide(&seen, at(60));
    assert_eq!((seen.steps(at(60)), plan.wake), (vec![], Some(at(61))));
    assert!(!plan.status.unwrap().conditions.is_true("Stalled"));
}

#[test]
fn a_schedule_that_is_being_deleted_only_has_its_status_kept() {
    let mut seen = cron(json!({})).last(60).runs([run(60)]);
    seen.settle(at(61));
    seen.cron.deleting = true;
    seen.runs = vec![run(60).ended(true, 61)];
    assert_eq!(seen.steps(at(300)), [""; 0]);
    assert_eq!(seen.settle(at(300)), ["SawCompletedJob"]);
    assert_eq!(seen.times(), [60]);
}

#[test]
fn a_run_for_a_time_to_come_ends_no_schedule() {
    for policy in ["Allow", "Forbid", "Replace", "Queue"] {
        for (what, ahead) in [
            ("it has ended", far_ahead().ended(true, 30)),
            ("it is active", far_ahead()),
            ("it is gone", Run { deleting: true, ..far_ahead() }),
        ] {
            let mut seen = cron(json!({"concurrencyPolicy": policy}));
            seen.started = BTreeSet::from([ahead.scheduled.unwrap()]);
            let blocks = ahead.ended.is_none() && matches!(policy, "Forbid" | "Queue") && !ahead.deleting;
            seen.runs = if ahead.deleting { vec![] } else { vec![ahead] };
            seen.settle(at(60));
            if blocks {
                assert!(seen.cron.status.last_schedule <= Some(at(60)), "{policy}, {what}");
                seen.runs = vec![far_ahead().ended(true, 61)];
                seen.settle(at(62));
            }
            let last = seen.cron.status.last_schedule;
            assert!(
                seen.times().contains(&60) && last == Some(at(60)),
                "{policy}, {what}: {:?} {last:?}",
                seen.times()
            );
            assert_eq!(seen.cron.status.next, Some(at(120)), "{policy}, {what}");
        }
    }
}

#[test]
fn a_status_with_times_that_lie_far_ahead_is_healed() {
    let far = far_ahead().scheduled;
    let recent = |minutes| Recent {
        name: run(minutes).name,
        scheduled: Some(at(minutes)),
        started_at: Some(at(minutes)),
        finished_at: Some(at(minutes + 1)),
        result: "Complete".into(),
    };
    for (what, recent, missed) in [("the last runs are remembered", vec![recent(600)], 2), ("nothing is", vec![], 12)] {
        let mut seen = cron(json!({"concurrencyPolicy": "Queue"}));
        let status = &mut seen.cron.status;
        (status.last_schedule, status.last_missed, status.recent) = (far, far, recent);
        status.queued = far.into_iter().collect();
        seen.settle(at(780));
        let status = &seen.cron.status;
        let last = (status.last_schedule, status.last_missed, status.missed);
        assert_eq!(last, (Some(at(780)), Some(at(720)), missed), "{what}");
        assert_eq!((seen.times(), status.queued.len(), status.next), (vec![780], 0, Some(at(840))), "{what}");
    }
}

/// A run with the name of a time in 2099, as anybody can create it.
fn far_ahead() -> Run {
    run(73 * 365 * 24 * 60)
}
