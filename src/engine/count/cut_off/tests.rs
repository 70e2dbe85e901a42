//! Who ends the Pod, before or after its main container's own end, native and managed: the table of docs/jobs.md.

use serde_json::json;

use crate::engine::count::{judged, outcome};
use crate::engine::observed::{Observed, Phase, Pod};
use crate::engine::tests::fixture::{at, job, job_with, pod, seconds};

/// Pods whose main container exited with 0 after 9 seconds, in both modes.
fn both_modes() -> [(&'static str, Pod); 2] {
    let done = |pod: Pod| pod.main_exits(0, 9);
    [("native", done(pod(0))), ("managed", done(pod(0).plain_sidecar()))]
}

fn fails(pod: Pod, reason: &str) -> Pod {
    Pod { reason: Some(reason.into()), ..pod.exits("side", 0, 12).ends_as(Phase::Failed) }
}

/// Its own deadline passes after so many seconds of the story: it started after one.
fn deadline(pod: Pod, seconds: i64) -> Pod {
    Pod { deadline_seconds: Some(seconds - 1), ..pod }
}

/// The controller's own deadline, by which it stops plain sidecars: it has passed when it is set.
fn stopped_by_us(mut pod: Pod) -> Pod {
    pod.marks.stopping_since = Some(at(9));
    deadline(pod, 8)
}

/// As the API server keeps it when there is nothing left to wait for.
fn without_grace(pod: Pod) -> Pod {
    Pod { grace: seconds(0), ..pod }
}

fn reported(pod: Pod) -> Pod {
    Pod { deletion_is_reported: Some(true), ..pod }
}

fn unreported(pod: Pod) -> Pod {
    Pod { deletion_is_reported: Some(false), ..pod }
}

fn is_success(pod: &Pod) -> bool {
    outcome::of(pod, &job().job.spec, false).expect("a result").success
}

#[test]
fn a_main_container_that_ended_with_its_pod_has_not_succeeded() {
    type End = fn(Pod) -> Pod;
    let cases: [(&str, End, bool); 18] = [
        ("nobody ended the Pod", |pod| pod.succeeded(9), true),
        (
            "nobody ended the Pod, and the sidecar was killed",
            |pod| pod.exits("side", 137, 12).ends_as(Phase::Failed),
            true,
        ),
        ("its deadline passed before", |pod| fails(deadline(pod, 7), "DeadlineExceeded"), false),
        ("its deadline passed in the same second", |pod| fails(deadline(pod, 9), "DeadlineExceeded"), false),
        ("its deadline passed while the sidecar drained", |pod| fails(deadline(pod, 10), "DeadlineExceeded"), true),
        ("its deadline passed before, and the sidecar drains", |pod| deadline(pod, 7), false),
        ("its deadline has not passed, and the sidecar drains", |pod| deadline(pod, 100), true),
        ("its kubelet evicted it", |pod| fails(pod, "Evicted"), false),
        ("its node was shut down", |pod| fails(pod, "Terminated"), false),
        ("its kubelet preempted it for a critical Pod", |pod| fails(pod, "Preempting"), false),
        ("it was deleted before", |pod| pod.deleted(8), false),
        ("it was deleted before, and all containers exited with 0", |pod| pod.deleted(8).succeeded(9), false),
        ("it was deleted in the same second", |pod| pod.deleted(9), false),
        ("it was deleted while the sidecar drained", |pod| pod.deleted(10), true),
        (
            "it was deleted in the same second, after its kubelet had told of main's end",
            |pod| unreported(pod.deleted(9)),
            true,
        ),
        ("it was deleted after it had ended", |pod| without_grace(pod.succeeded(9).deleted(60)), true),
        (
            "its kubelet ended it and deleted it for good",
            |pod| reported(without_grace(pod.succeeded(9).deleted(12))),
            false,
        ),
        ("its kubelet ended it, and the beginning is known", |pod| reported(pod.succeeded(9).deleted(12)), true),
    ];
    for (what, end, success) in cases {
        for (mode, pod) in both_modes() {
            assert_eq!(is_success(&end(pod)), success, "{what}, {mode}");
        }
    }
}

#[test]
fn without_sidecars_the_kubelets_word_counts_as_it_does_for_a_job() {
    let alone = |pod: Pod| Pod { containers: pod.containers.into_iter().filter(|c| c.name == "main").collect(), ..pod };
    for (what, pod, success) in [
        ("it was deleted, and reads Succeeded", pod(0).deleted(8).succeeded(9), true),
        ("it was deleted, and reads Failed", pod(0).deleted(8).failed(9), false),
        ("its deadline passed", fails(deadline(pod(0).main_exits(0, 9), 7), "DeadlineExceeded"), false),
        ("it was evicted", fails(pod(0).main_exits(0, 9), "Evicted"), false),
    ] {
        assert_eq!(is_success(&alone(pod)), success, "{what}");
    }
}

#[test]
fn the_time_of_a_cut_off_is_that_of_its_main_containers_end() {
    let evicted = fails(pod(0).main_exits(0, 9), "Evicted");
    assert_eq!(outcome::of(&evicted, &job().job.spec, false).map(|o| o.at), Some(at(9)));
}

/// What became of the Pod by what is stored.
fn judged(seen: &Observed) -> Option<bool> {
    judged::all(seen)[0].outcome.map(|o| o.success)
}

#[test]
fn a_success_that_is_stored_stays_one_whatever_becomes_of_its_pod() {
    let evicted = || fails(pod(0).main_exits(0, 9), "Evicted");
    let restarted = || pod(0).plain_sidecar();
    let stopped = || stopped_by_us(pod(0).plain_sidecar().main_exits(0, 9));
    for (what, seen, success) in [
        ("not stored", job().pods([evicted()]), Some(false)),
        ("its UID is listed", job().pods([evicted()]).listed(&["u0"], &[]), Some(true)),
        ("its index is stored", job().indexed(2).completed("1").pods([evicted().index(1)]), Some(true)),
        ("another index is stored", job().indexed(2).completed("0").pods([evicted().index(1)]), Some(false)),
        (
            "another Pod of its index succeeded before it was counted as failed",
            job().indexed(2).completed("1").listed(&[], &["u0"]).pods([evicted().index(1)]),
            Some(false),
        ),
        (
            "another Pod of its index succeeded, and it failed by itself",
            job().indexed(2).completed("1").pods([pod(0).failed(9).index(1)]),
            Some(false),
        ),
        ("the controller's deadline ends the sidecar", job().pods([stopped()]).listed(&["u0"], &[]), Some(true)),
        (
            "the controller's deadline ended the sidecar",
            job().pods([fails(stopped(), "DeadlineExceeded")]).listed(&["u0"], &[]),
            Some(true),
        ),
        ("somebody says on the Pod that the deadline is the controller's", job().pods([stopped()]), Some(false)),
        ("its main container runs again", job().pods([restarted()]).listed(&["u0"], &[]), Some(true)),
        ("its main container runs again, not stored", job().pods([restarted()]), None),
    ] {
        assert_eq!(judged(&seen), success, "{what}");
    }
}

#[test]
fn a_pod_that_is_cut_off_fails_the_run_and_matches_its_failure_policy() {
    let evicted = || fails(pod(0).main_exits(0, 9), "Evicted").with_condition("DisruptionTarget");
    let counted = job_with(json!({"backoffLimit": 0})).pods([evicted()]).started(1).next(13);
    assert!(counted.conditions.is_true("Failed"), "{counted:?}");
    assert_eq!((counted.succeeded, counted.failed), (0, 1));
    let policy = json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]});
    let ignored =
        job_with(json!({"podFailurePolicy": policy, "backoffLimit": 0})).pods([evicted()]).started(1).next(13);
    assert_eq!((ignored.succeeded, ignored.failed, ignored.conditions.is_true("Failed")), (0, 0, false));
}

/// The rules of KEP-5307 and KEP-5532.
mod restarts {
    use super::*;
    use crate::engine::observed::{Restart, RestartRule, State};

    fn rule(within: bool, codes: &[i32], all_containers: bool) -> RestartRule {
        RestartRule { within, codes: codes.into(), all_containers }
    }

    #[test]
    fn a_container_is_done_when_neither_a_rule_nor_its_policy_starts_it_again() {
        let on_42 = || vec![rule(true, &[42], false)];
        let but_for_7 = || vec![rule(false, &[7], false)];
        for (what, restart, rules, exit, done) in [
            ("Never", Restart::Never, vec![], 1, true),
            ("OnFailure, exit 0", Restart::OnFailure, vec![], 0, true),
            ("OnFailure, exit 1", Restart::OnFailure, vec![], 1, false),
            ("Never, a rule matches", Restart::Never, on_42(), 42, false),
            ("Never, no rule matches", Restart::Never, on_42(), 7, true),
            ("Never, no rule matches, exit 0", Restart::Never, on_42(), 0, true),
            ("OnFailure, no rule matches, exit 7", Restart::OnFailure, on_42(), 7, false),
            ("NotIn, another code", Restart::Never, but_for_7(), 0, false),
            ("NotIn, that code", Restart::Never, but_for_7(), 7, true),
            ("a rule for all containers", Restart::Never, vec![rule(true, &[42], true)], 42, false),
        ] {
            let pod = pod(0).main_exits(exit, 9).container("main", |c| (c.restart, c.rules) = (restart, rules));
            for (mode, pod) in [("native", pod.clone()), ("managed", pod.plain_sidecar())] {
                let known = outcome::of(&pod, &job().job.spec, false).map(|o| o.success);
                assert_eq!(known, done.then_some(exit == 0), "{what}, {mode}");
            }
        }
    }

    #[test]
    fn a_pod_whose_containers_all_start_again_has_no_result() {
        let restarts_all = |pod: Pod| pod.container("side", |c| c.rules = vec![rule(true, &[3], true)]);
        let spec = job().job.spec;
        let side_exits = |exit| restarts_all(pod(0).plain_sidecar()).main_exits(0, 9).exits("side", exit, 10);
        assert_eq!(outcome::of(&side_exits(3), &spec, false), None, "the sidecar's end starts main again");
        assert_eq!(outcome::of(&side_exits(0), &spec, false).map(|o| o.success), Some(true), "no rule matches");
        let ended = side_exits(3).ends_as(Phase::Failed);
        assert_eq!(outcome::of(&ended, &spec, false).map(|o| o.success), Some(true), "a Pod that ended starts nothing");
    }

    #[test]
    fn main_containers_that_run_again_after_their_result_is_stored_are_stopped_with_their_pod() {
        let again = pod(0).plain_sidecar().container("main", |c| (c.state, c.restarts) = (State::Running, 1));
        let seen = job().started(1).listed(&["u0"], &[]).condition("SuccessCriteriaMet", "CompletionsReached", 9);
        let steps = crate::engine::tests::fixture::steps(&seen.pods([again]).decide(20));
        assert_eq!(steps, ["stop the sidecars of p0 (deadline 18s)"]);
    }
}
