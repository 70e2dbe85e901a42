//! spec.suspend.

use crate::api::conditions::types;
use crate::engine::plan::Event;
use crate::engine::tests::fixture::{at, job, pod, steps};

#[test]
fn what_works_is_ended_and_not_counted() {
    let seen = job().started(1).suspended().pods([pod(0)]);
    assert_eq!(steps(&seen.decide(10)), ["release p0", "delete p0"]);
    let status = seen.pods([pod(0).released().deleted(10)]).next(11);
    assert_eq!((status.failed, status.uncounted().count()), (0, 0));
    assert_eq!((status.counts.active, status.counts.terminating), (Some(0), Some(1)));
}

#[test]
fn the_condition_the_clock_and_the_event_follow() {
    let seen = job().started(1).suspended();
    let plan = seen.decide(10);
    assert_eq!(plan.events, [Event::normal("Suspended", "Job suspended")]);
    let status = plan.status.unwrap();
    assert_eq!((status.start_time, status.conditions.true_since(types::SUSPENDED)), (None, Some(at(10))));
    let mut resumed = seen.stored(10).pods([pod(0)]);
    resumed.job.spec.suspend = false;
    let plan = resumed.decide(50);
    assert_eq!(plan.events, [Event::normal("Resumed", "Job resumed")]);
    let status = plan.status.unwrap();
    assert_eq!((status.start_time, status.conditions.is_true(types::SUSPENDED)), (Some(at(50)), false));
    let quiet = resumed.stored(50).decide(60);
    assert_eq!((quiet.status, quiet.events), (None, vec![]), "the clock starts once");
}

#[test]
fn a_run_that_was_never_suspended_has_no_such_condition() {
    assert!(job().pods([pod(0)]).next(5).conditions.get(types::SUSPENDED).is_none());
}

#[test]
fn pods_that_end_while_suspended_still_count() {
    let status = job().completions(3).suspended().pods([pod(0).succeeded(5)]).next(10);
    assert_eq!((status.succeeded, status.counted.contains("u0")), (1, true));
}

#[test]
fn with_completions_0_it_is_complete_although_it_never_started() {
    let status = job().completions(0).suspended().next(10);
    assert!(status.is_finished());
    assert_eq!(status.start_time, None);
}

#[test]
fn a_run_that_ends_while_suspended_gets_a_start_time_for_the_api_server_asks_for_one() {
    let seen = job().work_queue(2).suspended().pods([pod(0).succeeded(5)]);
    let status = seen.next(10);
    assert!(status.is_finished());
    assert_eq!(status.start_time, Some(at(0)), "the creation of its Pod");
}
