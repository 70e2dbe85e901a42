//! The decision as a whole: what is done first, what follows from it, and that it gets quiet.

pub mod fixture;

use serde_json::json;

use crate::api;
use crate::api::conditions::{reasons, types};
use crate::engine::observed::{Observed, Phase};
use crate::engine::plan::Hold;
use crate::engine::take_stock;
use crate::engine::tests::fixture::{at, job, job_with, pod, steps};

#[test]
fn a_new_job_creates_its_pod_before_it_writes_a_status() {
    let plan = job().decide(0);
    assert_eq!((steps(&plan), plan.status), (vec!["create Pods [0]".to_string()], None));
}

#[test]
fn the_first_status_knows_of_the_pod_and_the_run_started_with_its_creation() {
    let status = job().pods([pod(0).pending()]).next(5);
    assert_eq!((status.counts.active, status.start_time), (Some(1), Some(at(0))));
    assert_eq!(status.summary.phase, Some(api::Phase::Pending));
}

#[test]
fn when_the_status_is_stored_and_nothing_happens_there_is_nothing_to_do() {
    for seen in [
        job().pods([pod(0)]),
        job().pods([pod(0).main_exits(0, 9)]),
        job().pods([pod(0).succeeded(9).released()]).counted(1, 0),
        job().pods([pod(0).failed(9).released()]).counted(0, 1).failures(3, 9),
        job().suspended(),
        job().refused(100),
    ] {
        let quiet = seen.stored(10).decide(10);
        assert_eq!((steps(&quiet), quiet.status), (vec![], None));
    }
}

#[test]
fn a_pod_that_ended_is_complete_in_one_write_and_then_let_go() {
    let seen = job().started(1).pods([pod(0).succeeded(9)]).stored(10);
    assert!(seen.job.status.is_finished());
    assert_eq!((seen.job.status.succeeded, seen.job.status.uncounted().count()), (1, 0));
    assert_eq!(steps(&seen.decide(10)), ["release p0"]);
}

#[test]
fn a_pod_whose_sidecars_drain_is_complete_when_they_have_drained() {
    let seen = job().started(1).pods([pod(0).main_exits(0, 8)]).stored(9);
    assert!(seen.job.status.conditions.is_true(types::SUCCESS_CRITERIA_MET) && !seen.job.status.is_finished());
    assert_eq!(seen.job.status.main_finished_at, Some(at(8)));
    assert_eq!(seen.job.status.summary.phase, Some(api::Phase::Stopping));
    let seen = seen.pods([pod(0).succeeded(8)]);
    let status = seen.next(12);
    assert_eq!(steps(&seen.stored(12).decide(12)), ["release p0"], "when it is counted");
    assert_eq!((status.is_finished(), status.completion_time, status.succeeded), (true, Some(at(12)), 1));
    assert_eq!(status.main_finished_at, Some(at(8)), "what was said stays");
}

#[test]
fn nothing_that_happens_to_the_sidecars_after_the_result_changes_it() {
    let seen = job().started(1).backoff_limit(0).pods([pod(0).main_exits(0, 8)]).stored(9);
    let released = |pod: crate::engine::observed::Pod| pod.released();
    for (what, later) in [
        (
            "the sidecar is killed",
            vec![released(pod(0).main_exits(0, 8).exits("side", 137, 12).ends_as(Phase::Failed))],
        ),
        ("the Pod is evicted and its statuses are lost", vec![released(pod(0).pending().ends_as(Phase::Failed))]),
        ("the Pod is deleted", vec![released(pod(0).main_exits(0, 8).deleted(12).ends_as(Phase::Failed))]),
        ("the node is gone and the Pod with it", vec![]),
    ] {
        let status = seen.clone().pods(later).next(20);
        assert!(status.conditions.is_true(types::COMPLETE), "{what}");
        assert_eq!((status.succeeded, status.failed), (1, 0), "{what}");
    }
}

#[test]
fn a_failed_run_ends_its_other_pods_after_the_result_is_stored() {
    let seen = job().started(1).completions(4).parallelism(2).backoff_limit(0).pods([pod(0).failed(9), pod(1)]);
    let plan = seen.decide(10);
    assert_eq!(steps(&plan), [""; 0], "the result first");
    let seen = seen.stored(10);
    assert!(seen.job.status.conditions.is_true(types::FAILURE_TARGET));
    assert_eq!(steps(&seen.decide(10)), ["release p0", "delete p1"]);
    let seen = seen.pods([pod(0).failed(9).released(), pod(1).deleted(11)]).stored(11);
    assert!(!seen.job.status.is_finished(), "not before its Pods have ended");
    let seen = seen.pods([pod(0).failed(9).released(), pod(1).deleted(11).failed(12).released()]).stored(13);
    assert!(seen.job.status.conditions.is_true(types::FAILED));
    assert_eq!((seen.job.status.succeeded, seen.job.status.failed), (0, 2), "what was ended counts as failed");
}

#[test]
fn a_finished_job_is_never_judged_again() {
    let done = job().started(1).pods([pod(0).succeeded(9)]).stored(10);
    let later = done.pods([pod(0).failed(20), pod(1), pod(2).failed(30)]);
    let plan = later.decide(40);
    assert_eq!(plan.status, None);
    assert_eq!(steps(&plan), ["release p0", "release p1", "release p2"], "only leftover finalizers go");
}

#[test]
fn a_job_of_another_manager_is_left_alone() {
    let mut seen = job().pods([pod(0).failed(3)]).refused(9);
    seen.job.managed_by = Some("example.com/other".into());
    assert_eq!(seen.decide(10), crate::engine::Plan::nothing());
    seen.job.managed_by = Some("sidecarjob.dev/controller".into());
    assert_ne!(seen.decide(10), crate::engine::Plan::nothing());
}

#[test]
fn a_job_that_is_being_deleted_creates_nothing_and_lets_its_pods_go() {
    let plan = job().deleting().completions(5).parallelism(5).pods([pod(0), pod(1).failed(3).released()]).decide(10);
    assert_eq!((steps(&plan), plan.status), (vec!["release p0".to_string()], None));
}

#[test]
fn after_a_step_that_failed_the_status_is_reported_all_the_same() {
    let seen = job().completions(5).parallelism(5).pods([pod(0), pod(1)]);
    assert!(!seen.decide(10).steps.is_empty());
    let plan = crate::engine::take_stock(&seen, at(10), true);
    assert_eq!((steps(&plan), plan.status.unwrap().counts.active), (vec![], Some(2)));
}

#[test]
fn while_a_listed_pod_is_still_to_be_taken_over_again_nothing_is_reported_for_it_would_be_counted() {
    let mut seen = job().started(0).listed(&[], &["u0"]);
    seen.strays = vec![pod(0).to_ref()];
    assert_eq!(crate::engine::take_stock(&seen, at(10), true).status, None);
}

#[test]
fn the_finalizers_of_an_older_job_of_the_same_name_go() {
    let mut seen = job().pods([pod(0)]);
    seen.orphans = vec![pod(7).to_ref()];
    assert_eq!(steps(&seen.decide(1)), ["release p7"]);
}

#[test]
fn a_run_that_begins_with_a_success_policy_that_a_job_may_not_have_fails_before_its_first_pod() {
    let with =
        |rules| job_with(json!({"completionMode": "Indexed", "completions": 5, "successPolicy": {"rules": rules}}));
    let seen = with(json!([{"succeededCount": 1}, {"succeededIndexes": "3,1"}]));
    let plan = seen.decide(1);
    assert_eq!(steps(&plan), Vec::<String>::new());
    let over = seen.stored(1);
    let failed = over.job.status.conditions.when_true(types::FAILED).expect("Failed");
    assert_eq!(
        (failed.reason.as_str(), failed.message.as_str()),
        (
            reasons::INVALID_SUCCESS_POLICY,
            "spec.successPolicy.rules[1].succeededIndexes must ascend, and 1 is not greater than the number before: correct it \
             in a new SidecarJob"
        )
    );
    assert_eq!(over.decide(2).status, None, "and no more is said");
    let began = with(json!([{"succeededIndexes": "3,1"}])).started(0);
    assert_eq!(steps(&began.decide(1)), ["create Pods [0 for index 0]"], "what began under an older version goes on");
}

#[test]
fn a_refused_pod_waits_and_the_condition_comes_and_goes() {
    let seen = job().refused(100);
    let plan = seen.decide(10);
    assert_eq!((steps(&plan), plan.wake), (vec![], Some(at(100))));
    let stalled = seen.stored(10);
    let condition = stalled.job.status.conditions.when_true(types::STALLED).unwrap();
    assert_eq!((condition.reason.as_str(), condition.message.as_str()), (reasons::POD_REFUSED, "the server's words"));
    assert_eq!(stalled.job.status.summary.message.as_deref(), Some("the server's words"));
    assert_eq!(steps(&stalled.decide(100)), ["create Pods [0]"], "it is tried again");
    let mut taken = stalled.pods([pod(0)]);
    taken.refusal = None;
    assert!(!taken.next(101).conditions.is_true(types::STALLED));
}

#[test]
fn a_pod_that_may_be_taken_at_the_next_try_waits_for_that_and_nobody_is_told() {
    let mut seen = job().refused(100);
    seen.refusal.as_mut().unwrap().is_blip = true;
    let plan = seen.decide(10);
    assert_eq!((steps(&plan), plan.wake), (vec![], Some(at(100))));
    assert!(!seen.next(10).conditions.is_true(types::STALLED));
}

#[test]
fn what_fails_stalls_a_run_until_it_is_done_whatever_the_run_waits_for() {
    for (what, seen, is_said) in [
        ("a run that goes on", job().pods([pod(0)]), true),
        ("one whose result is known", job().pods([pod(0).main_exits(0, 5)]).stored(6), true),
        ("one that is over", job().pods([pod(0).succeeded(5)]).stored(6), false),
        ("one that is being deleted", job().pods([pod(0)]).deleting(), false),
    ] {
        let said = crate::engine::take_stock(&seen.failing("failed to do it: the server's words"), at(10), true).status;
        let stalled = said.as_ref().and_then(|status| status.conditions.when_true(types::STALLED)).cloned();
        let want = is_said.then_some((reasons::STEP_FAILED, "failed to do it: the server's words"));
        assert_eq!(stalled.as_ref().map(|c| (c.reason.as_str(), c.message.as_str())), want, "{what}");
    }
    let ends = job().pods([pod(0).succeeded(5).released()]).listed(&["u0"], &[]).failing("failed to do it");
    let end = crate::engine::take_stock(&ends, at(10), true).status.unwrap();
    assert_eq!(
        (end.is_finished(), end.conditions.is_true(types::STALLED)),
        (true, false),
        "nothing is left to be done"
    );
    let stalled = job().pods([pod(0)]).failing("failed to do it: the server's words");
    let mut stored = job().pods([pod(0)]);
    stored.job.status = crate::engine::take_stock(&stalled, at(10), true).status.unwrap();
    assert_eq!(stored.job.failing(), Some("failed to do it: the server's words"));
    assert_eq!(stored.job.status.summary.message.as_deref(), Some("failed to do it: the server's words"));
    assert!(!stored.next(11).conditions.is_true(types::STALLED), "it is done");
}

/// Of two Pods that drain after the result one has ended.
fn draining_of_two() -> Observed {
    let drain = |n| pod(n).main_exits(0, 5);
    let known = job().completions(2).parallelism(2).pods([drain(0), drain(1)]).stored(5);
    let counted = known.pods([drain(0).released(), drain(1).released()]).stored(5);
    counted.pods([drain(0).released(), drain(1).released().exits("side", 0, 6).ends_as(Phase::Succeeded)])
}

#[test]
fn only_news_for_people_and_the_begin_of_a_run_may_wait() {
    let pending = || job().pods([pod(0).pending()]).stored(1);
    for (what, seen, want) in [
        ("a Pod that got ready", pending().pods([pod(0)]), Hold::ForPeople),
        ("the first status", job().pods([pod(0)]), Hold::WhileBusy),
        ("the first status of a batch/v1 Job", job().batch().pods([pod(0)]), Hold::WhileBusy),
        ("the first status, which has the result", job().pods([pod(0).main_exits(0, 5)]), Hold::No),
        ("the first status, which lists a failure", job().pods([pod(0).failed(5)]), Hold::No),
        ("the first status of a suspended run", job().suspended().pods([]), Hold::No),
        ("the first status, a Pod being refused", job().pods([]).refused(99), Hold::No),
        ("how many Pods still drain", draining_of_two(), Hold::ForPeople),
        ("a result", pending().pods([pod(0).main_exits(0, 5)]), Hold::No),
        ("a Pod that is being deleted", pending().pods([pod(0).released().deleted(5), pod(1)]), Hold::No),
        ("a suspension", pending().suspended().pods([pod(0).released().deleted(2)]), Hold::No),
        ("a refusal", job().pods([pod(0).pending()]).stored(1).pods([]).refused(99), Hold::No),
    ] {
        let plan = seen.decide(6);
        assert_eq!((plan.status.is_some(), plan.hold), (true, want), "{what}: {:?}", steps(&plan));
    }
}

#[test]
fn a_job_is_finished_in_two_steps_and_its_pods_are_let_go_in_between() {
    let seen = job().batch().started(1).pods([pod(0).succeeded(5)]);
    let first = seen.next(10);
    assert!(first.conditions.is_true("SuccessCriteriaMet") && !first.is_finished());
    assert_eq!(first.uncounted_succeeded.iter().collect::<Vec<_>>(), ["u0"]);
    let seen = seen.stored(10);
    assert_eq!(steps(&seen.decide(10)), ["release p0"]);
    let last = seen.pods([]).next(11);
    assert_eq!((last.succeeded, last.is_finished(), last.uncounted().count()), (1, true, 0));
    assert_eq!(last.completion_time, Some(at(11)));
}

#[test]
fn an_ignored_failure_delays_the_next_pod_and_counts_nowhere() {
    let policy = serde_json::json!({"backoffLimit": 0, "podFailurePolicy": {"rules": [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]}});
    let seen = fixture::job_with(policy).started(0).pods([pod(0).failed(5)]);
    assert_eq!(steps(&seen.decide(6)), [""; 0], "it waits");
    let status = seen.next(6);
    assert_eq!((status.failed, status.uncounted().count(), status.result_is_known()), (0, 0, false));
    assert_eq!(status.backoff.map(|b| b.failures), Some(1));
    let seen = seen.stored(6);
    assert_eq!(steps(&seen.decide(7)), ["release p0"], "the wait knows of it");
    let seen = seen.pods([]);
    assert_eq!(seen.decide(7).wake, Some(at(15)));
    assert_eq!(steps(&seen.decide(15)), ["create Pods [0]"]);
}

#[test]
fn an_ignored_failure_whose_sidecar_drains_counts_once_for_the_wait() {
    let policy = serde_json::json!({"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}}]});
    let seen = fixture::job_with(serde_json::json!({"podFailurePolicy": policy, "backoffLimit": 3})).started(0);
    let draining = seen.pods([pod(0).main_exits(3, 5)]).stored(6);
    assert_eq!(draining.job.status.backoff.map(|b| b.failures), Some(1));
    let ended = pod(0).main_exits(3, 5).exits("side", 0, 12).ends_as(Phase::Failed);
    let ended = draining.pods([ended]);
    let status = take_stock(&ended, at(13), true).status.unwrap_or(ended.job.status.clone());
    assert_eq!(status.backoff.map(|b| b.failures), Some(1));
}

#[test]
fn while_a_pod_may_exist_that_is_not_in_view_no_result_is_found() {
    let failed = job().backoff_limit(0).started(1).pods([pod(0).failed(5)]);
    let known =
        |all_in_view| take_stock(&failed, at(10), all_in_view).status.expect("the failure is listed").is_finished();
    assert!(known(true));
    assert!(!known(false), "a Pod whose creation got no clear answer would never be ended");
    let stored = failed.clone().condition(types::FAILURE_TARGET, reasons::BACKOFF_LIMIT_EXCEEDED, 5);
    assert!(take_stock(&stored, at(10), false).status.expect("the end").is_finished(), "a result that is stored stays");
}

#[test]
fn a_refusal_of_the_past_is_taken_back_when_no_pod_is_missing() {
    let refused = job().started(1).refused(100).stored(10);
    assert!(refused.job.status.conditions.is_true(types::STALLED));
    let there = refused.pods([pod(0)]).next(20);
    assert!(!there.conditions.is_true(types::STALLED), "the Pod that was refused exists all the same");
}

#[test]
fn words_of_a_failing_step_that_differ_from_try_to_try_make_one_write() {
    let first = job().started(1).pods([pod(0)]).failing("dial tcp 10.0.0.5:39871: refused");
    let status = take_stock(&first, at(10), true).status.expect("it is told");
    let mut next = first.failing("dial tcp 10.0.0.5:40002: refused");
    next.job.status = status;
    assert_eq!(take_stock(&next, at(20), true).status, None);
}
