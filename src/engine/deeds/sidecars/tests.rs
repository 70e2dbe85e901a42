//! Plain sidecars are ended through the Pod's deadline.

use super::*;
use crate::engine::observed::{Restart, State};
use crate::engine::tests::fixture::{job, pod, steps};

#[test]
fn a_pod_whose_result_is_stored_and_whose_plain_sidecars_run_gets_a_deadline() {
    let drains = || pod(0).plain_sidecar().main_exits(0, 8);
    let listed = || job().listed(&["u0"], &[]);
    for (what, seen, want) in [
        ("a native sidecar needs nothing", listed().pods([pod(0).main_exits(0, 8)]), None),
        ("a plain one", listed().pods([drains()]), Some("stop the sidecars of p0 (deadline 8s)")),
        ("not before the result is stored", job().pods([drains()]), None),
        (
            "one without our finalizer, which counts for nothing",
            job().pods([drains().released()]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        ("one without our finalizer whose main works", job().pods([pod(0).plain_sidecar().released()]), None),
        ("not while main works", job().pods([pod(0).plain_sidecar()]), None),
        ("one that has ended by itself", listed().pods([drains().exits("side", 0, 9)]), None),
        (
            "one that waits to be restarted",
            listed().pods([drains().container("side", |c| c.state = State::Waiting)]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        ("a deadline that has passed already", listed().pods([Pod { deadline_seconds: Some(9), ..drains() }]), None),
        (
            "a deadline of the template that is far away",
            listed().pods([Pod { deadline_seconds: Some(3600), ..drains() }]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        ("a Pod that is being deleted", listed().pods([drains().deleted(9)]), None),
        (
            "a failed main container with Never",
            job().backoff_limit(5).listed(&[], &["u0"]).pods([pod(0).plain_sidecar().main_exits(1, 8)]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        (
            "a succeeded one of an Indexed run, before its index is stored",
            job().indexed(2).pods([drains().index(0)]),
            None,
        ),
        (
            "and after: no list has its UID",
            job().indexed(2).completed("0").pods([drains().index(0)]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        (
            "one beyond the end of the indexes, which counts for nothing",
            job().indexed(2).pods([drains().index(5)]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        (
            "a failed one that waits for the next Pod of its index",
            job().indexed(2).per_index(3).pods([pod(0).plain_sidecar().main_exits(1, 8).index(0)]),
            Some("stop the sidecars of p0 (deadline 8s)"),
        ),
        ("a result for which the list has no room yet", job().settings(|s| s.max_uncounted = 0).pods([drains()]), None),
    ] {
        let got: Vec<String> = steps(&seen.decide(10)).into_iter().filter(|s| s.starts_with("stop")).collect();
        assert_eq!(got, want.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn a_failed_main_container_that_will_be_restarted_keeps_its_sidecars() {
    let seen = job().on_failure().pods([pod(0).plain_sidecar().restart_policy(Restart::OnFailure).main_exits(1, 8)]);
    assert_eq!(steps(&seen.stored(10).decide(10)), [""; 0]);
}

#[test]
fn in_the_first_second_the_deadline_is_one_second() {
    let quick =
        Pod { started_at: Some(crate::engine::tests::fixture::at(10)), ..pod(0).plain_sidecar().main_exits(0, 10) };
    assert_eq!(steps(&job().listed(&["u0"], &[]).pods([quick]).decide(10)), ["stop the sidecars of p0 (deadline 1s)"]);
}
