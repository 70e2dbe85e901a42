//! When is a Pod blocked by its sidecars?

use super::*;
use crate::engine::observed::Phase;
use crate::engine::tests::fixture::{at, job, job_with, pod, seconds};

#[test]
fn a_pod_is_blocked_when_its_sidecars_run_longer_than_they_may() {
    let native = || pod(0).main_exits(0, 10); // its grace is 30 s
    let managed = || pod(0).plain_sidecar().main_exits(0, 10);
    let deadline = |pod: Pod| Pod { deadline_seconds: Some(12), ..pod }; // at 13
    use Draining::{Blocked, InTime};
    for (what, pod, second, want) in [
        ("main runs", pod(0), 1_000, None),
        ("the Pod has ended", native().exits("side", 0, 12).ends_as(Phase::Succeeded), 1_000, None),
        ("nothing has started", pod(0).pending(), 1_000, None),
        ("native, in its grace period", native(), 39, Some(InTime)),
        ("native, just after it", native(), 50, Some(InTime)),
        ("native, the kubelet did not kill it", native(), 51, Some(Blocked)),
        ("main failed", pod(0).main_exits(1, 10), 51, Some(Blocked)),
        ("managed, the deadline is set", deadline(managed()), 53, Some(InTime)),
        ("managed, the kubelet did not kill it", deadline(managed()), 54, Some(Blocked)),
        ("managed, in its turn", managed(), 110, Some(InTime)),
        ("managed, the controller could not set the deadline", managed(), 111, Some(Blocked)),
        ("somebody deletes the Pod, and its node is gone", native().deleted(20), 61, Some(Blocked)),
    ] {
        assert_eq!(of(&job().job, &pod, at(second)), want, "{what}");
    }
}

#[test]
fn a_pod_of_a_run_that_is_over_is_blocked_by_the_kubelets_bound() {
    let native = || pod(0).main_exits(0, 10);
    for (what, pod, second, want) in [
        ("in its grace period", native(), 50, Some(Draining::InTime)),
        ("the kubelet did not kill it", native(), 51, Some(Draining::Blocked)),
        ("main runs", pod(0), 1_000, None),
        ("nobody has begun to stop it", pod(0).plain_sidecar().main_exits(0, 10), 1_000, None),
    ] {
        assert_eq!(without_run(&pod, at(second)), want, "{what}");
    }
}

#[test]
fn the_turn_of_a_managed_sidecar_is_as_long_as_its_own_grace_period() {
    let run = job_with(serde_json::json!({"sidecars": [{"name": "side", "stop": {"gracePeriodSeconds": 100}}]}));
    let pod = Pod { grace: seconds(100), ..pod(0).plain_sidecar().main_exits(0, 10) };
    assert_eq!(
        of(&run.job, &pod, at(250)),
        Some(Draining::InTime),
        "100 to be asked, 30 to be reached, 100 to be killed"
    );
    assert_eq!(of(&run.job, &pod, at(251)), Some(Draining::Blocked));
}
