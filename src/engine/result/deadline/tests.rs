//! activeDeadlineSeconds.

use super::*;
use crate::engine::observed::Pod;
use crate::engine::tests::fixture::{at, job, pod, seconds};

fn limited() -> Observed {
    job().spec(|s| s.active_deadline = Some(seconds(60)))
}

/// The status still says that the run is suspended.
fn resumed() -> Observed {
    limited().condition("Suspended", "JobSuspended", 3)
}

#[test]
fn it_counts_from_the_start_and_never_while_suspended() {
    for (what, seen, now, want) in [
        ("not started", limited(), 1000, false),
        ("a deadline of 0, not started", limited().spec(|s| s.active_deadline = Some(seconds(0))), 10, true),
        ("in time", limited().started(10), 69, false),
        ("at the second", limited().started(10), 70, true),
        ("suspended", limited().started(10).suspended(), 1000, false),
        ("resumed, with a Pod from before", resumed().pods([pod(0).deleted(5)]), 1000, false),
        ("no deadline", job().started(10), 1000, false),
        ("a deadline of 0", limited().spec(|s| s.active_deadline = Some(seconds(0))).started(10), 10, true),
        (
            "one beyond all calendars",
            limited().spec(|s| s.active_deadline = Some(chrono::TimeDelta::MAX)).started(10),
            1000,
            false,
        ),
    ] {
        assert_eq!(passed(&seen, at(now)).is_some(), want, "{what}");
    }
}

#[test]
fn it_is_looked_at_again_at_that_very_moment() {
    let seen = limited().started(10).pods([pod(0)]);
    assert_eq!(seen.stored(20).decide(20).wake, Some(at(70)));
}

#[test]
fn a_result_that_is_known_is_not_overtaken_by_it() {
    let long = Pod { grace: seconds(100), ..pod(0).main_exits(0, 50) };
    let seen = limited().started(0).pods([long]).stored(51).stored(61);
    let plan = seen.decide(100);
    assert_eq!((plan.status, plan.wake), (None, Some(at(160))), "the sidecars drain beyond the deadline");
}

#[test]
fn a_run_that_is_stopped_before_it_starts_creates_no_pod() {
    let status = job().spec(|s| s.active_deadline = Some(seconds(0))).next(10);
    assert!(status.conditions.is_true(crate::api::conditions::types::FAILURE_TARGET));
}
