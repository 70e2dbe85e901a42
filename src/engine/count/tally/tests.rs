//! Each Pod counts once.

use super::*;
use crate::engine::observed::Phase;
use crate::engine::tests::fixture::{job, pod, steps};

#[test]
fn the_three_moves_listed_let_go_counted() {
    let seen = job().batch().completions(2).started(1).pods([pod(0).succeeded(5), pod(1)]).stored(6);
    assert_eq!((seen.job.status.succeeded, seen.job.status.is_listed("u0")), (0, true));
    assert_eq!(steps(&seen.decide(6)), ["release p0"]);
    let seen = seen.pods([pod(0).succeeded(5).released(), pod(1)]).stored(7);
    assert_eq!((seen.job.status.succeeded, seen.job.status.is_listed("u0")), (1, false));
    let plan = seen.decide(8);
    assert_eq!((steps(&plan), plan.status), (vec![], None), "and that was all");
}

/// `succeeded` and `failed`, which Pods are listed, and which are counted and still have our finalizer.
fn counts(seen: &Observed) -> (u32, u32, Vec<&str>, Vec<&str>) {
    let status = &seen.job.status;
    let listed = status.uncounted().map(String::as_str).collect();
    (status.succeeded, status.failed, listed, status.counted.iter().map(String::as_str).collect())
}

#[test]
fn the_three_moves_of_a_sidecarjob_listed_counted_let_go() {
    let two = || job().completions(2).started(1);
    let draining = two().pods([pod(0).main_exits(0, 5), pod(1)]).stored(6);
    assert_eq!(counts(&draining), (0, 0, vec!["u0"], vec![]), "its sidecar still runs");
    assert_eq!(steps(&draining.decide(7)), [""; 0]);
    let ended = draining.pods([pod(0).succeeded(5), pod(1)]).stored(8);
    assert_eq!(counts(&ended), (1, 0, vec![], vec!["u0"]), "counted, and it still has the finalizer");
    assert_eq!(steps(&ended.decide(8)), ["release p0"]);
    let released = ended.pods([pod(1)]);
    let plan = released.decide(8);
    assert_eq!((steps(&plan), plan.status), (vec![], None), "that the finalizer is gone is not worth a write");
    let cleaned = released.pods([pod(1).main_exits(1, 9)]).stored(10);
    assert_eq!(counts(&cleaned), (1, 0, vec!["u1"], vec![]), "the next write takes the UID from the list");
}

#[test]
fn a_pod_of_a_sidecarjob_that_has_ended_is_counted_at_once() {
    for (what, ended, want) in [
        ("it succeeded", pod(0).succeeded(5), (1, 0)),
        ("it failed", pod(0).failed(5), (0, 1)),
        ("somebody deletes it", pod(0).deleted(5), (0, 1)),
    ] {
        let seen = job().completions(2).parallelism(2).started(1).failures(1, -1_000);
        let seen = seen.pods([ended, pod(1), pod(2)]).settings(|s| s.max_pods_per_sync = 0).stored(6);
        assert_eq!(counts(&seen), (want.0, want.1, vec![], vec!["u0"]), "{what}");
        assert_eq!(steps(&seen.decide(6)), ["release p0"], "{what}");
    }
}

#[test]
fn a_counted_pod_that_is_killed_in_between_counts_no_second_time_whatever_its_status_says_then() {
    let counted = job().completions(3).started(1).failures(1, 5).counted(0, 1).status(|s| {
        s.counted.insert("u0".into());
    });
    for (what, later) in [
        ("as it was", pod(0).failed(5)),
        ("it flips", pod(0).succeeded(5)),
        ("it is being deleted", pod(0).failed(5).deleted(9)),
        ("its statuses are lost", pod(0).pending().ends_as(Phase::Failed)),
    ] {
        let seen = counted.clone().pods([later]);
        let tally = of(&seen);
        assert_eq!((tally.succeeded, tally.failed), (0, 1), "{what}");
        assert_eq!(steps(&seen.decide(9)), ["release p0"], "{what}");
    }
}

#[test]
fn a_listed_success_whose_index_an_elastic_run_forgot_gets_its_index_back() {
    let draining = || pod(1).index(1).main_exits(0, 5);
    let seen = job().indexed(2).started(0).pods([pod(0).index(0), draining()]).stored(6);
    assert_eq!((seen.job.status.completed.to_string(), seen.job.status.is_listed("u1")), ("1".into(), true));
    let shrunk = seen.completions(1).parallelism(1).stored(7);
    assert_eq!(shrunk.job.status.completed.to_string(), "");
    let grown = shrunk.completions(2).parallelism(2).stored(8);
    assert_eq!(grown.job.status.completed.to_string(), "1");
    assert_eq!((grown.job.status.succeeded, grown.job.status.is_listed("u1")), (1, true), "and counts once");
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
        assert_eq!(of(&seen.clone().batch()).released.pods.len(), want, "{what}");
        assert_eq!(of(&seen).released.pods.len(), 0, "{what}: a SidecarJob counts the Pod first");
    }
}

#[test]
fn the_list_is_bounded_and_a_job_does_not_end_before_all_are_counted() {
    let five = || job().completions(5).parallelism(5).settings(|s| s.max_uncounted = 2).started(1);
    let ended = |released: u32| {
        (0..5).map(move |n| if n < released { pod(n).succeeded(5).released() } else { pod(n).succeeded(5) })
    };
    let seen = five().batch().pods(ended(0)).stored(6);
    assert_eq!((seen.job.status.uncounted().count(), seen.job.status.is_finished()), (2, false));
    let seen = seen.pods(ended(2)).stored(7);
    assert_eq!((seen.job.status.succeeded, seen.job.status.uncounted().count()), (2, 0));
    let seen = seen.stored(8);
    assert_eq!((seen.job.status.uncounted().count(), seen.job.status.is_finished()), (2, false));

    let seen = five().pods(ended(0)).stored(6);
    assert_eq!((seen.job.status.succeeded, seen.job.status.counted.len()), (2, 2), "of a SidecarJob");
    let seen = seen.pods(ended(2)).stored(7);
    assert_eq!(
        (seen.job.status.succeeded, seen.job.status.counted.len(), seen.job.status.is_finished()),
        (4, 2, false)
    );
    let seen = seen.pods(ended(4)).stored(8);
    assert_eq!((seen.job.status.succeeded, seen.job.status.counted.len(), seen.job.status.is_finished()), (5, 0, true));
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
