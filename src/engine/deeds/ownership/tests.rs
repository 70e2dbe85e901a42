//! Which Pods are ours.

use crate::engine::tests::fixture::{job, pod, steps};

#[test]
fn a_pod_without_an_owner_that_is_selected_is_taken_over_before_anything_else_is_decided() {
    let mut seen = job().started(0);
    seen.strays = vec![pod(3).to_ref()];
    assert_eq!(steps(&seen.decide(1)), ["adopt p3"]);
}

#[test]
fn a_pod_whose_labels_do_not_match_any_more_is_let_go() {
    let mut seen = job().started(0).pods([pod(0), pod(1)]);
    seen.unselected = vec![pod(0).to_ref()];
    assert_eq!(steps(&seen.decide(1)), ["disown p0"]);
}

#[test]
fn a_run_that_is_being_deleted_or_finished_takes_and_leaves_nothing() {
    let mut deleting = job().deleting().pods([pod(0).released()]);
    deleting.unselected = vec![pod(0).to_ref()];
    deleting.strays = vec![pod(3).to_ref()];
    assert_eq!(steps(&deleting.decide(1)), [""; 0]);
    let mut finished = job().condition("Complete", "CompletionsReached", 1);
    finished.strays = vec![pod(3).to_ref()];
    assert_eq!(steps(&finished.decide(2)), [""; 0]);
}
