//! How many Pods, and which?

use super::*;
use crate::api::conditions::{reasons, types};
use crate::engine::observed::Phase;
use crate::engine::tests::fixture::{at, job, pod, steps};

fn many(n: u32) -> impl Iterator<Item = Pod> {
    (0..n).map(pod)
}

#[test]
fn too_few_are_created() {
    for (what, seen, want) in [
        ("the first", job(), "create Pods [0]"),
        ("as many as run at once", job().completions(9).parallelism(3), "create Pods [0, 1, 2]"),
        ("no more than are missing", job().completions(2).parallelism(9), "create Pods [0, 1]"),
        ("those that work take a place", job().completions(9).parallelism(3).pods(many(2)), "create Pods [2]"),
        ("successes are not run again", job().completions(3).parallelism(3).counted(2, 0), "create Pods [2]"),
        ("numbers of failed Pods are not used again", job().counted(0, 3), "create Pods [3]"),
        (
            "a Pod that drains has its success, the rest is missing",
            job().completions(2).parallelism(2).pods([pod(0).main_exits(0, 5)]).listed(&["u0"], &[]),
            "create Pods [1]",
        ),
        ("a work queue", job().work_queue(2), "create Pods [0, 1]"),
        (
            "in portions",
            job().completions(9).parallelism(9).settings(|s| s.max_pods_per_sync = 2),
            "create Pods [0, 1]",
        ),
        (
            "a deleted Pod is replaced at once",
            job().listed(&[], &["u0"]).pods([pod(0).deleted(5).released()]),
            "create Pods [1]",
        ),
    ] {
        assert_eq!(steps(&seen.decide(1000)), [want], "{what}");
    }
}

#[test]
fn none_is_created() {
    for (what, seen) in [
        ("enough work", job().completions(9).parallelism(2).pods(many(2))),
        ("parallelism 0", job().parallelism(0)),
        ("suspended", job().suspended()),
        (
            "a Pod that drains takes a place",
            job().completions(2).pods([pod(0).main_exits(0, 995)]).listed(&["u0"], &[]),
        ),
        ("with policy Failed a Pod that ends takes a place", job().replace_when_failed().pods([pod(0).deleted(5)])),
        ("a work queue that had a success", job().work_queue(3).counted(1, 0).pods(many(1))),
        (
            "with policy Failed not even where there is room: the one that ends may be the one that is missing",
            job().parallelism(2).replace_when_failed().pods([pod(0).deleted(5)]),
        ),
        (
            "nor for one that has failed and whose sidecar drains",
            job().parallelism(2).replace_when_failed().listed(&[], &["u0"]).pods([pod(0).main_exits(1, 5)]),
        ),
        ("failures ask to wait", job().counted(0, 1).failures(1, 995)),
        ("a refusal asks to wait", job().refused(1001)),
        ("new failures ask to wait before they are stored", job().pods([pod(0).failed(995)])),
    ] {
        let plan = seen.decide(1000);
        assert!(!plan.steps.iter().any(|s| matches!(s, Step::CreatePods(_))), "{what}: {:?}", steps(&plan));
    }
}

#[test]
fn a_wait_says_when_it_ends() {
    assert_eq!(job().counted(0, 2).failures(2, 995).stored(1000).decide(1000).wake, Some(at(1015)));
    assert_eq!(steps(&job().counted(0, 2).failures(2, 995).decide(1015)), ["create Pods [2]"]);
    let both = job().counted(0, 1).failures(1, 995).refused(1100).stored(1000);
    assert_eq!(both.decide(1000).wake, Some(at(1100)), "the later of two waits");
}

#[test]
fn too_many_are_ended_and_are_neither_succeeded_nor_failed() {
    let seen = job().completions(9).parallelism(1).pods([pod(0), pod(1)]);
    assert_eq!(steps(&seen.decide(10)), ["release p1", "delete p1"]);
    let untracked = job().completions(9).parallelism(0).pods([pod(0).released()]);
    assert_eq!(steps(&untracked.decide(10)), ["delete p0"]);
}

#[test]
fn a_work_queue_that_had_a_success_lets_its_other_pods_finish_whatever_parallelism_becomes() {
    for parallelism in [0, 1, 3] {
        let seen = job().work_queue(parallelism).counted(1, 0).pods(many(3));
        assert_eq!(steps(&seen.decide(1000)), [""; 0], "{parallelism}");
    }
}

#[test]
fn the_least_advanced_goes_first() {
    let ready = |n: u32, since: i64| Pod { ready_since: Some(at(since)), ..pod(n) };
    let unready = |n: u32| Pod { ready_since: None, ..pod(n) };
    let restarted = |n: u32| ready(n, 5).container("main", |c| c.restarts = 3);
    for (what, a, b) in [
        ("unscheduled before pending", pod(1).unscheduled(), pod(2).pending()),
        ("pending before running", pod(1).pending(), unready(2)),
        ("not ready before ready", unready(1), ready(2, 5)),
        ("most recently ready first", ready(1, 9), ready(2, 5)),
        ("more restarts first", restarted(1), ready(2, 5)),
        ("newer first", ready(2, 5), ready(1, 5)),
    ] {
        let want = format!("delete {}", a.name);
        for pods in [[a.clone(), b.clone()], [b, a]] {
            let plan = job().completions(9).parallelism(1).pods(pods).decide(10);
            assert_eq!(steps(&plan).last(), Some(&want), "{what}");
        }
    }
}

#[test]
fn those_that_drain_are_left_to_drain() {
    let drains = || pod(0).main_exits(0, 5);
    for (what, seen) in [
        ("when it is scaled to nothing", job().completions(9).parallelism(0)),
        ("when it is suspended", job().completions(9).suspended()),
        ("when it has failed", job().completions(9).condition("FailureTarget", "BackoffLimitExceeded", 1)),
    ] {
        let plan = seen.listed(&["u0"], &[]).pods([drains()]).decide(10);
        assert_eq!(steps(&plan), [""; 0], "{what}");
    }
}

#[test]
fn with_policy_failed_the_replacement_comes_when_the_pod_has_ended() {
    let seen = job().replace_when_failed().settings(|s| s.backoff = chrono::TimeDelta::zero());
    assert_eq!(steps(&seen.clone().pods([pod(0).deleted(5)]).decide(10)), [""; 0]);
    assert_eq!(steps(&seen.pods([pod(0).deleted(5).failed(8)]).decide(10)), ["create Pods [1]"]);
}

#[test]
fn at_the_end_of_the_run_pods_that_work_are_deleted_or_kept_as_the_spec_says() {
    let failed = || job().condition(types::FAILURE_TARGET, reasons::DEADLINE_EXCEEDED, 5);
    let succeeded = || job().condition(types::SUCCESS_CRITERIA_MET, reasons::SUCCESS_POLICY, 5);
    let keep = |seen: Observed| seen.spec(|spec| spec.keeps_pods = true);
    let ended = |seconds| Pod { deadline_seconds: Some(seconds), ..pod(0) };
    for (what, seen, pod, want) in [
        ("a failed run", failed(), pod(0), vec!["delete p0"]),
        ("a failed run that keeps its Pods", keep(failed()), pod(0), vec!["end p0"]),
        (
            "a Pod that no kubelet has started",
            keep(failed()),
            Pod { started_at: None, ..pod(0).unscheduled() },
            vec!["delete p0"],
        ),
        ("a Pod that the kubelet ends already", keep(failed()), ended(1), vec![]),
        ("a Pod with a deadline of its own, which is far", keep(failed()), ended(3600), vec!["end p0"]),
        ("a success by policy", succeeded(), pod(0), vec!["release p0", "delete p0"]),
        ("a success by policy that keeps its Pods", keep(succeeded()), pod(0), vec!["release p0", "end p0"]),
        ("a Pod that is released already", keep(succeeded()), pod(0).released(), vec!["end p0"]),
    ] {
        assert_eq!(steps(&seen.pods([pod]).decide(10)), want, "{what}");
    }
}

#[test]
fn a_pod_that_is_kept_counts_when_the_kubelet_has_ended_it_as_a_deleted_one_does() {
    let end =
        |phase| Pod { deadline_seconds: Some(9), reason: Some("DeadlineExceeded".into()), ..pod(0).ends_as(phase) };
    let run = || job().condition(types::FAILURE_TARGET, reasons::DEADLINE_EXCEEDED, 5).spec(|s| s.keeps_pods = true);
    let goes_on = run().pods([Pod { deadline_seconds: Some(9), ..pod(0) }]).stored(10);
    assert_eq!((goes_on.job.status.failed, goes_on.job.status.is_finished()), (0, false));
    let over = run().pods([end(Phase::Failed).main_exits(0, 12)]).next(13);
    assert_eq!((over.failed, over.succeeded, over.is_finished()), (1, 0, true), "whatever main said on SIGTERM");
    let deleted = run().spec(|s| s.keeps_pods = false).pods([pod(0).deleted(11).ends_as(Phase::Failed)]).next(13);
    assert_eq!((deleted.failed, deleted.succeeded, deleted.is_finished()), (1, 0, true));
}
