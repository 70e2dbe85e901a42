//! Which indexes get a Pod.

use crate::api::conditions::types;
use crate::engine::observed::Observed;
use crate::engine::observed::indexes::Indexes;
use crate::engine::tests::fixture::{job, pod, steps};

#[test]
fn new_pods_take_the_lowest_indexes_that_need_one() {
    for (what, seen, want) in [
        ("all", job().indexed(3), "create Pods [0 for index 0, 1 for index 1, 2 for index 2]"),
        ("as many as may run", job().indexed(3).parallelism(2), "create Pods [0 for index 0, 1 for index 1]"),
        (
            "not the completed ones",
            job().indexed(5).parallelism(2).completed("0,2"),
            "create Pods [2 for index 1, 3 for index 3]",
        ),
        (
            "not the failed ones",
            job().indexed(4).per_index(0).failed_indexes("0-1").parallelism(2),
            "create Pods [0 for index 2, 1 for index 3]",
        ),
        ("not those that run", job().indexed(3).pods([pod(0).index(1)]), "create Pods [1 for index 0, 2 for index 2]"),
        (
            "not one whose sidecars drain",
            job().indexed(2).started(0).listed(&[], &["u0"]).backoff_limit(9).pods([pod(0).index(0).main_exits(1, 20)]),
            "create Pods [1 for index 1]",
        ),
    ] {
        assert_eq!(steps(&seen.started(0).decide(100)), [want], "{what}");
    }
}

#[test]
fn the_index_of_a_pod_whose_kubelet_is_silent_gets_another_pod_but_for_policy_failed() {
    // Main failed after 1 s; the Pod's grace of 30 s is over, and a minute of silence after it.
    let silent = || [pod(0).index(0).main_exits(1, 1), pod(1).index(1)];
    for (what, seen) in [
        ("counted by its UID", job().indexed(2).listed(&[], &["u0"]).backoff_limit(9)),
        ("held until its index has another Pod", job().indexed(2).per_index(1)),
    ] {
        let seen = seen.started(0).pods(silent());
        assert_eq!(steps(&seen.decide(90)), [""; 0], "{what}, not yet");
        assert!(steps(&seen.decide(100))[0].starts_with("create Pods [2 for index 0"), "{what}");
        assert_eq!(steps(&seen.replace_when_failed().decide(100)), [""; 0], "{what}: it has not ended");
    }
}

#[test]
fn the_index_of_a_pod_that_is_being_deleted_waits_for_its_end_only_with_policy_failed() {
    let deleted = || [pod(0).index(0).deleted(5).released(), pod(1).index(1)];
    let seen = job().indexed(2).started(0).pods(deleted());
    assert_eq!(steps(&seen.decide(100)), ["create Pods [2 for index 0]"]);
    let seen = job().indexed(2).started(0).replace_when_failed().pods(deleted());
    assert_eq!(steps(&seen.decide(100)), [""; 0]);
}

#[test]
fn pods_without_a_place_are_ended_and_of_two_with_one_index_the_less_advanced() {
    for (what, pods, want) in [
        ("no index", vec![pod(0), pod(1).index(0)], vec!["release p0", "delete p0"]),
        ("beyond the end", vec![pod(0).index(7), pod(1).index(0)], vec!["release p0", "delete p0"]),
        (
            "two of one index",
            vec![pod(0).index(0), pod(1).index(0).pending(), pod(2).index(1)],
            vec!["release p1", "delete p1"],
        ),
        (
            "both",
            vec![pod(0).index(0).pending(), pod(1).index(0), pod(2)],
            vec!["release p0", "delete p0", "release p2", "delete p2"],
        ),
    ] {
        assert_eq!(steps(&job().indexed(2).started(0).pods(pods).decide(100)), want, "{what}");
    }
}

#[test]
fn a_pod_without_a_place_counts_for_nothing_however_it_ends() {
    let seen = job().indexed(2).started(0).pods([
        pod(0).succeeded(5),
        pod(1).index(9).failed(5),
        pod(2).index(0),
        pod(3).index(1),
    ]);
    assert_eq!(steps(&seen.decide(9)), ["release p0", "release p1"]);
    let status = seen.pods([pod(2).index(0), pod(3).index(1)]).next(9);
    assert_eq!((status.succeeded, status.failed, status.uncounted().count()), (0, 0, 0));
}

#[test]
fn a_success_is_counted_by_its_index_and_needs_no_uid() {
    let seen = job().batch().indexed(2).started(0).pods([pod(0).index(0).succeeded(5), pod(1).index(1)]);
    let status = seen.next(9);
    assert_eq!((status.completed.to_string().as_str(), status.succeeded), ("0", 1));
    assert_eq!(status.uncounted().count(), 0);
    assert_eq!(steps(&seen.stored(9).decide(10)), ["release p0"], "once it is stored");
}

#[test]
fn a_success_of_an_indexed_sidecarjob_is_listed_while_its_sidecars_drain() {
    let seen = job().indexed(2).started(0).pods([pod(0).index(0).main_exits(0, 5), pod(1).index(1)]).stored(6);
    let status = &seen.job.status;
    assert_eq!((status.completed.to_string().as_str(), status.succeeded, status.is_listed("u0")), ("0", 1, true));
    let seen = seen.pods([pod(0).index(0).succeeded(5), pod(1).index(1)]).stored(9);
    let status = &seen.job.status;
    assert_eq!((status.succeeded, status.is_listed("u0"), status.counted.contains("u0")), (1, false, true));
    assert_eq!(steps(&seen.decide(10)), ["release p0"]);
}

#[test]
fn a_second_success_of_an_index_changes_nothing() {
    let seen = job().indexed(3).completed("0").started(0).pods([
        pod(0).index(0).succeeded(5),
        pod(1).index(1),
        pod(2).index(2),
    ]);
    assert_eq!(steps(&seen.decide(9)), ["release p0"]);
    assert_eq!(seen.pods([pod(1).index(1), pod(2).index(2)]).next(9).succeeded, 1);
}

#[test]
fn an_elastic_run_that_shrinks_forgets_what_is_beyond_its_end_and_grows_again() {
    let shrunk = job().indexed(2).completed("0,3").started(0).pods([pod(5).index(1)]);
    let status = shrunk.next(9);
    assert_eq!((status.completed.to_string().as_str(), status.succeeded), ("0", 1));
    let grown = shrunk.stored(9).completions(4).parallelism(4);
    assert_eq!(steps(&grown.decide(10)), ["create Pods [6 for index 2, 7 for index 3]"]);
}

#[test]
fn scaled_to_nothing_it_is_complete() {
    let status = job().indexed(0).started(0).next(5);
    assert!(status.conditions.is_true("Complete"));
}

#[test]
fn failures_go_through_the_list_of_uids_as_ever() {
    let seen = job().batch().indexed(2).started(0).pods([pod(0).index(0).failed(5), pod(1).index(1)]);
    let status = seen.next(9);
    assert_eq!(status.uncounted_failed.iter().collect::<Vec<_>>(), ["u0"]);
    assert_eq!(steps(&seen.stored(9).decide(10)), ["release p0"]);
}

/// A run whose spec says that these indexes succeeded in an earlier run.
fn again(earlier: &str, completions: u32) -> Observed {
    job().indexed(completions).spec(|s| s.completed = Indexes::parse(earlier, u32::MAX)).started(0)
}

#[test]
fn indexes_that_succeeded_in_an_earlier_run_count_and_do_not_run() {
    for (what, seen, want) in [
        ("the others run", again("0-2,4", 6), "create Pods [0 for index 3, 1 for index 5]"),
        ("with those of this run", again("0", 3).completed("2"), "create Pods [1 for index 1]"),
        ("beyond the end they mean nothing", again("1,7-9", 2), "create Pods [0 for index 0]"),
    ] {
        assert_eq!(steps(&seen.decide(100)), [want], "{what}");
    }
    let status = again("0-2,4", 6).pods([pod(0).index(3), pod(1).index(5)]).next(100);
    assert_eq!((status.completed.to_string().as_str(), status.succeeded), ("0-2,4", 4));
    let status = again("0-2,4", 6).pods([pod(0).index(3).succeeded(50), pod(1).index(5)]).next(100);
    assert_eq!((status.completed.to_string().as_str(), status.succeeded), ("0-4", 5));
}

#[test]
fn a_run_with_indexes_of_an_earlier_run_ends_by_all_of_them() {
    let all = again("0-1", 2).next(100);
    assert!(all.conditions.is_true(types::SUCCESS_CRITERIA_MET), "nothing is left to run");
    let failed = again("0-1", 3).per_index(0).failed_indexes("2").next(100);
    assert!(failed.conditions.is_true(types::FAILURE_TARGET), "two succeeded before, and the third has failed");
}
