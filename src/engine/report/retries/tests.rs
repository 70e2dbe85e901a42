//! The retries.

use super::*;
use crate::engine::observed::{Observed, Restart};
use crate::engine::tests::fixture::{at, job, pod};

/// Used, of how many, and when the next Pod may start.
fn told(seen: &Observed) -> Option<(i32, Option<i32>, Option<i64>)> {
    let retries = seen.job.status.history.retries.as_ref()?;
    let next = retries.next.as_ref().map(|next| (time::from_wire(next) - at(0)).num_seconds());
    Some((retries.used, retries.limit, next))
}

#[test]
fn a_failure_uses_a_retry_and_the_next_pod_waits_for_its_back_off() {
    let seen = job().backoff_limit(2).started(1).pods([pod(0)]).stored(2);
    assert_eq!(told(&seen), None, "nothing has failed");
    let first = seen.pods([pod(0).failed(5)]).stored(6);
    assert_eq!(told(&first), Some((1, Some(2), Some(15))));
    let again = first.pods([pod(1)]).stored(16);
    assert_eq!(told(&again), Some((1, Some(2), None)), "it has started");
    let second = again.pods([pod(1).failed(20)]).stored(21);
    assert_eq!(told(&second), Some((2, Some(2), Some(40))));
    let last = second.pods([pod(2)]).stored(41).pods([pod(2).failed(50)]).stored(51);
    assert_eq!(told(&last), Some((2, Some(2), None)), "no retry is left");
    assert!(last.job.status.is_finished());
}

#[test]
fn what_counts_as_a_retry() {
    let restarted = |n: u32| pod(0).restart_policy(Restart::OnFailure).container("main", |c| c.restarts = n);
    let per_index = || job().indexed(2).per_index(3).failed_indexes("").started(0);
    for (what, seen, want) in [
        ("no retry is allowed", job().backoff_limit(0).started(1).pods([pod(0).failed(5)]), None),
        ("restarts inside the Pod", job().on_failure().started(1).pods([restarted(3)]), Some((3, Some(6), None))),
        ("a success", job().started(1).pods([pod(0).succeeded(5)]), None),
        (
            "each index has its own limit",
            per_index().pods([pod(0).index(0).failed(5), pod(1).index(1)]),
            Some((1, None, Some(15))),
        ),
        ("a batch/v1 Job has no room", job().batch().started(1).pods([pod(0).failed(5)]), None),
    ] {
        assert_eq!(told(&seen.stored(6)), want, "{what}");
    }
}

#[test]
fn after_the_result_the_number_stays_whatever_the_controller_ends() {
    let run = job().on_failure().completions(3).parallelism(3).backoff_limit(2).started(1);
    let restarted = pod(0).restart_policy(Restart::OnFailure).container("main", |c| c.restarts = 2);
    let failed = run.pods([restarted, pod(1), pod(2)]).stored(9);
    assert_eq!((failed.job.status.result_is_known(), told(&failed)), (true, Some((2, Some(2), None))));
    let ended = failed.pods([0, 1, 2].map(|n| pod(n).deleted(10).failed(11))).stored(12);
    assert_eq!((ended.job.status.failed, told(&ended)), (3, Some((2, Some(2), None))));
}
