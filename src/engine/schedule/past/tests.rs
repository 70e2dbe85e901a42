//! What is known of a time, and from where.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::cron::budget;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::observed::status::{Recent, Status};
use crate::engine::schedule::tests::fixture::{at, cron, run};

fn recent(minutes: i64) -> Recent {
    Recent {
        name: run(minutes).name,
        scheduled: Some(at(minutes)),
        started_at: Some(at(minutes)),
        finished_at: Some(at(minutes + 1)),
        result: "Complete".into(),
    }
}

fn seen() -> Observed {
    cron(json!({}))
}

fn with_status(change: impl FnOnce(&mut Status)) -> Observed {
    let mut seen = seen();
    change(&mut seen.cron.status);
    seen
}

fn plenty() -> Budget {
    Budget::of(budget::OF_A_DECISION)
}

#[test]
fn what_ran_counts_as_run_though_the_steps_are_used_up() {
    let seen = seen().runs([run(60)]);
    let past = Past::of(&seen, at(120), &mut Budget::of(0));
    assert_eq!((past.ran(at(60)), past.last_scheduled()), (true, None));
}

/// Each row: was the time of 1 o'clock run, or passed over? It is 2 o'clock.
#[test]
fn a_time_is_settled_if_it_ran_or_a_later_time_was_started() {
    let started = |minutes| Observed { started: BTreeSet::from([at(minutes)]), ..seen() };
    let by_hand = |minutes| Run { manual: true, ..run(minutes) };
    for (what, seen, ran, passed_over) in [
        ("nothing is known", seen(), false, false),
        ("its run is there", seen().runs([run(60)]), true, false),
        ("a run has its name, and says nothing", seen().runs([Run { scheduled: None, ..run(60) }]), true, false),
        ("a run by hand is there", seen().runs([by_hand(60)]), true, false),
        ("its run was seen, and is gone", started(60), true, false),
        ("the status remembers its run", with_status(|status| status.recent = vec![recent(60)]), true, false),
        (
            "a backfill ran it, and its run is gone",
            with_status(|status| status.backfilled = backfilled::with(&[], [at(60)])),
            true,
            false,
        ),
        ("an earlier run is there", seen().runs([run(0)]), false, false),
        ("a later run is there", seen().runs([run(120)]), false, true),
        ("a later run was seen, and is gone", started(120), false, true),
        ("somebody asked for a later run", seen().runs([by_hand(120)]), false, false),
        ("a run for a time to come is there", seen().runs([run(180)]), false, false),
        ("a run for a time to come was seen", started(180), false, false),
        ("a run for a time that is none of the schedule is there", seen().runs([run(90)]), false, false),
        ("such a run was seen, and is gone", started(90), false, false),
    ] {
        let past = Past::of(&seen, at(120), &mut plenty());
        assert_eq!((past.ran(at(60)), past.is_passed_over(at(60))), (ran, passed_over), "{what}");
        assert_eq!(past.is_settled(at(60)), ran || passed_over, "{what}");
    }
}

/// Each row: the last scheduled time, and up to when everything is settled. It is 2 o'clock on the second day.
#[test]
fn what_the_status_says_is_believed_up_to_a_day_ahead() {
    let (day, created) = (24 * 60, seen().cron.created_at);
    let last = |minutes| with_status(|status| status.last_schedule = Some(at(minutes)));
    let far = |recents: &[i64]| {
        with_status(|status| {
            (status.last_schedule, status.last_missed) = (Some(at(4 * day)), Some(at(4 * day)));
            status.recent = recents.iter().map(|minutes| recent(*minutes)).collect();
        })
    };
    for (what, seen, last, settled) in [
        ("nothing ran", seen(), None, created),
        ("the status has a time", last(60), Some(at(60)), at(60)),
        ("a run was started since", last(60).runs([run(120)]), Some(at(120)), at(60)),
        ("a later time was missed", with_status(|status| status.last_missed = Some(at(180))), None, at(180)),
        ("the clock was set back by an hour", last(day + 180), Some(at(day + 180)), at(day + 180)),
        ("the time lies two days ahead", last(3 * day + 180), None, created),
        ("the last runs are remembered", far(&[60, 120]), Some(at(120)), at(120)),
        ("the run of that time is remembered too", far(&[60, 4 * day]), Some(at(60)), at(60)),
    ] {
        let past = Past::of(&seen, at(day + 120), &mut plenty());
        assert_eq!((past.last_scheduled(), past.settled_until()), (last, settled), "{what}");
    }
}
