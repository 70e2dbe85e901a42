//! Who starts, who waits and who never starts, by the concurrency policy.

use std::collections::BTreeSet;

use serde_json::json;

use crate::engine::schedule::decide;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::tests::fixture::{at, cron, run, seconds};

#[test]
fn forbid_does_not_start_beside_an_active_run_and_tells_it_once_and_does_not_move_the_last_time() {
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.settle(at(120)), ["JobAlreadyActive"]);
    assert_eq!(seen.settle(at(121)), [""; 0]);
    assert_eq!((seen.times(), seen.cron.status.last_schedule), (vec![60], Some(at(60))));
    seen.runs = vec![run(60).ended(true, 130)];
    seen.settle(at(130));
    assert_eq!(seen.times(), [60, 120], "it starts when the active one is done");
}

#[test]
fn forbid_looks_at_scheduled_runs_only() {
    let by_hand = Run { manual: true, scheduled: None, name: "c-m1".into(), uid: "m".into(), ..run(0) };
    let mut seen = cron(json!({"concurrencyPolicy": "Forbid"})).runs([by_hand]);
    assert_eq!(seen.settle(at(60)), [""; 0], "and a run by hand is not unexpected");
    assert_eq!((seen.times(), seen.cron.status.active.len()), (vec![60], 2));
}

#[test]
fn queue_runs_one_after_another_in_order_and_has_a_bound() {
    let mut seen = cron(json!({"concurrencyPolicy": "Queue", "queueLimit": 2})).last(60).runs([run(60)]);
    seen.settle(at(61));
    assert_eq!(seen.settle(at(120)), ["JobQueued"]);
    seen.settle(at(180));
    assert_eq!(seen.cron.status.queued, [at(120), at(180)]);
    assert_eq!(seen.settle(at(240)), ["MissSchedule"], "there is no room for a third");
    assert_eq!((seen.times(), seen.cron.status.missed), (vec![60], 1));
    for (done, want) in [(60, vec![60, 120]), (120, vec![60, 120, 180])] {
        seen.runs =
            seen.runs.into_iter().map(|r| if r.scheduled == Some(at(done)) { r.ended(true, 250) } else { r }).collect();
        seen.settle(at(250));
        assert_eq!(seen.times(), want);
    }
    assert_eq!((seen.cron.status.queued.len(), seen.cron.status.last_schedule), (0, Some(at(180))));
}

#[test]
fn a_queued_time_does_not_wait_beyond_its_deadline() {
    let spec = json!({"concurrencyPolicy": "Queue", "startingDeadlineSeconds": 600});
    let mut seen = cron(spec).last(60).runs([run(60)]);
    seen.settle(at(120));
    assert_eq!(decide(&seen, at(121)).wake, Some(seconds(130, 1)));
    assert_eq!(seen.settle(seconds(130, 1)), ["MissSchedule"]);
    assert_eq!((seen.cron.status.queued.len(), seen.cron.status.missed), (0, 1));
}

#[test]
fn of_missed_times_that_all_run_one_that_could_not_start_is_missed_when_a_later_one_did() {
    let mut seen = cron(json!({"catchUp": "All"}));
    (seen.runs, seen.started) = (vec![run(120)], BTreeSet::from([at(120)]));
    seen.settle(at(121));
    let status = &seen.cron.status;
    assert_eq!((status.last_schedule, status.missed, status.last_missed), (Some(at(120)), 1, Some(at(60))));
}
