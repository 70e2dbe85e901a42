//! Each Pod counts once.

use super::*;
use crate::engine::observed::Phase;
use crate::engine::tests::fixture::{job, pod, steps};

#[test]
fn the_three_moves_listed_let_go_counted() {
    let seen = job().completions(2).started(1).pods([pod(0).succeeded(5), pod(1)]).stored(6);
    assert_eq!((seen.job.status.succeeded, seen.job.status.is_listed("u0")), (0, true));
    assert_eq!(steps(&seen.decide(6)), ["release p0"]);
    let seen = seen.pods([pod(0).succeeded(5).released(), pod(1)]).stored(7);
    assert_eq!((seen.job.status.succeeded, seen.job.status.is_listed("u0")), (1, false));
    let plan = seen.decide(8);
    assert_eq!((steps(&plan), plan.status), (vec![], None), "and that was all");
}

#[test]
fn what_a_pod_counts_as() {
    for (what, seen, want) in [
        ("a new success", job().completions(9).pods([pod(0).succeeded(5)]), (1, 0)),
        ("a new failure", job().pods([pod(0).failed(5)]), (0, 1)),
        ("one that is listed already", job().completions(9).listed(&["u0"], &[]).pods([pod(0).succeeded(5)]), (1, 0)),
        (
            "one that was counted and lost its finalizer",
            job().completions(9).counted(1, 0).pods([pod(0).succeeded(5).released()]),
            (1, 0),
        ),
        ("one that is listed and gone", job().completions(9).listed(&["u0"], &["u1"]), (1, 1)),
        (
            "one that flips after it was listed as failed",
            job().completions(9).listed(&[], &["u0"]).pods([pod(0).succeeded(5)]),
            (0, 1),
        ),
        ("one whose finalizer somebody took before it was listed", job().pods([pod(0).failed(5).released()]), (0, 0)),
        ("one that is deleted while it runs", job().pods([pod(0).deleted(5)]), (0, 1)),
    ] {
        let tally = of(&seen);
        assert_eq!((tally.succeeded, tally.failed), want, "{what}");
    }
}

#[test]
fn no_finalizer_goes_before_the_list_is_stored_nor_while_sidecars_drain() {
    for (what, seen, want) in [
        ("ended, not listed", job().pods([pod(0).failed(5)]), 0),
        ("ended and listed", job().listed(&[], &["u0"]).pods([pod(0).failed(5)]), 1),
        ("draining and listed", job().listed(&["u0"], &[]).pods([pod(0).main_exits(0, 5)]), 0),
        (
            "draining, listed and being deleted",
            job().listed(&["u0"], &[]).pods([pod(0).main_exits(0, 5).deleted(6)]),
            1,
        ),
        ("let go already", job().listed(&["u0"], &[]).pods([pod(0).succeeded(5).released()]), 0),
    ] {
        assert_eq!(of(&seen).released.pods.len(), want, "{what}");
    }
}

#[test]
fn the_list_is_bounded_and_a_job_does_not_end_before_all_are_counted() {
    let seen = job()
        .completions(5)
        .parallelism(5)
        .settings(|s| s.max_uncounted = 2)
        .pods((0..5).map(|n| pod(n).succeeded(5)))
        .started(1)
        .stored(6);
    assert_eq!((seen.job.status.uncounted().count(), seen.job.status.is_finished()), (2, false));
    let seen =
        seen.pods((0..5).map(|n| if n < 2 { pod(n).succeeded(5).released() } else { pod(n).succeeded(5) })).stored(7);
    assert_eq!((seen.job.status.succeeded, seen.job.status.uncounted().count()), (2, 0));
    let seen = seen.stored(8);
    assert_eq!((seen.job.status.uncounted().count(), seen.job.status.is_finished()), (2, false));
}

#[test]
fn pods_are_sorted_by_what_they_do() {
    let seen = job().completions(9).pods([
        pod(0),
        pod(1).pending(),
        pod(2).main_exits(0, 5),
        pod(3).main_exits(1, 5),
        pod(4).deleted(5),
        pod(5).succeeded(5),
        pod(6).deleted(5).ends_as(Phase::Failed),
    ]);
    let tally = of(&seen);
    let working: Vec<_> = tally.working.iter().map(|pod| pod.name.as_str()).collect();
    let draining: Vec<_> = tally.draining.iter().map(|(pod, outcome)| (pod.name.as_str(), outcome.success)).collect();
    assert_eq!((working, draining), (vec!["p0", "p1"], vec![("p2", true), ("p3", false)]));
    assert_eq!(tally.terminating, 1);
}
