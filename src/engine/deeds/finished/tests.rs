//! After the end.

use crate::engine::observed::Observed;
use crate::engine::tests::fixture::{at, job, pod, seconds, steps};

fn done(ttl: Option<i64>) -> Observed {
    job().started(1).spec(|s| s.ttl = ttl.map(seconds)).pods([pod(0).succeeded(5).released()]).counted(1, 0).stored(10)
}

#[test]
fn it_is_deleted_when_its_time_to_live_is_over() {
    for (what, ttl, now, want) in [
        ("no ttl", None, 1_000_000, vec![]),
        ("not yet", Some(60), 69, vec![]),
        ("at the second", Some(60), 70, vec!["delete the SidecarJob"]),
        ("ttl 0: at once", Some(0), 10, vec!["delete the SidecarJob"]),
    ] {
        assert_eq!(steps(&done(ttl).decide(now)), want, "{what}");
    }
    assert_eq!(done(Some(60)).decide(20).wake, Some(at(70)), "and it is looked at again by then");
}

#[test]
fn a_job_that_is_deleted_already_is_not_deleted_again() {
    assert_eq!(steps(&done(Some(0)).deleting().decide(100)), [""; 0]);
}

#[test]
fn a_failed_run_has_a_time_to_live_too() {
    let seen = job().backoff_limit(0).started(1).spec(|s| s.ttl = Some(seconds(5))).pods([pod(0).failed(5)]).stored(10);
    assert_eq!(steps(&seen.decide(15)), ["release p0", "delete the SidecarJob"]);
}

#[test]
fn a_batch_job_is_left_to_the_ttl_controller() {
    let seen = job().batch().spec(|s| s.ttl = Some(seconds(0))).condition("Complete", "CompletionsReached", 5);
    assert_eq!(seen.decide(100), crate::engine::plan::Plan::nothing());
}

#[test]
fn a_spec_that_changes_after_the_end_is_one_write_of_its_generation_and_nothing_else() {
    let mut seen = done(Some(60));
    assert_eq!(seen.decide(20).status, None, "the spec is the one that the status describes");
    seen.job.generation += 1;
    let plan = seen.decide(20);
    let written = plan.status.expect("a status");
    assert_eq!(written.observed_generation, Some(2));
    assert_eq!((plan.steps.len(), plan.events.len(), plan.wake), (0, 0, Some(at(70))));
    let before = seen.job.status.clone();
    assert_eq!(crate::engine::observed::status::Status { observed_generation: Some(1), ..written.clone() }, before);
    seen.job.status = written;
    assert_eq!(seen.decide(20).status, None, "it is written once");
}

#[test]
fn what_is_to_be_done_comes_before_the_generation() {
    let mut seen = job().started(1).pods([pod(0).succeeded(5)]).stored(10);
    seen.job.generation += 1;
    let plan = seen.decide(20);
    assert_eq!(steps(&plan), ["release p0"]);
    assert_eq!(plan.status, None);
}
