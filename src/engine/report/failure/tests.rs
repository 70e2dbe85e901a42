//! The last failure.

use serde_json::json;

use crate::api::history::LastFailure;
use crate::engine::observed::{Observed, Phase, Pod, Restart, Slot, time};
use crate::engine::tests::fixture::{at, container, job, job_with, pod};

/// The last failure that the next status has.
fn last(seen: &Observed, seconds: i64) -> Option<LastFailure> {
    let plan = crate::engine::take_stock(seen, at(seconds), true);
    plan.status.as_ref().unwrap_or(&seen.job.status).history.last_failure.clone()
}

/// A Pod with an init container that ended like this.
fn with_init(exit: i32) -> Pod {
    let mut pod = pod(0).pending();
    pod.containers.insert(0, container("setup", Slot::Init, Restart::Never));
    pod.exits("setup", exit, 4).ends_as(Phase::Failed)
}

fn ended_with(pod: Pod, reason: &str, message: &str) -> Pod {
    pod.container("main", |c| {
        let end = c.end.as_mut().unwrap();
        (end.reason, end.message) = (Some(reason.into()), Some(message.into()));
    })
}

#[test]
fn it_names_pod_container_and_cause() {
    let by_kubelet = |pod: Pod, word: &str| Pod { reason: Some(word.into()), phase: Phase::Failed, ..pod };
    let late = |pod: Pod| Pod { deadline_seconds: Some(2), ..pod };
    let mut by_us = pod(0).main_exits(143, 9).ends_as(Phase::Failed);
    (by_us.marks.failed, by_us.marks.stopping_since) = (Some("SidecarFailed".into()), Some(at(8)));
    for (what, failed, want) in [
        ("an exit code", pod(0).main_exits(3, 5), "main exit 3"),
        ("out of memory", ended_with(pod(0).main_exits(137, 5), "OOMKilled", ""), "main exit 137 OOMKilled"),
        ("its kubelet evicted it", by_kubelet(pod(0).main_exits(137, 5), "Evicted"), "main exit 137 Evicted"),
        ("evicted, and all statuses are lost", by_kubelet(pod(0).pending(), "Evicted"), "Evicted"),
        ("its own deadline passed", by_kubelet(late(pod(0).main_exits(0, 5)), "DeadlineExceeded"), "DeadlineExceeded"),
        ("somebody deletes it", pod(0).deleted(5), "PodDeleted"),
        (
            "somebody deleted it",
            pod(0).main_exits(143, 7).deleted(5).ends_as(Phase::Failed),
            "main exit 143 PodDeleted",
        ),
        ("deleted after its failure", pod(0).failed(5).deleted(9), "main exit 1"),
        (
            "the controller ended its sidecars by its deadline",
            by_kubelet(Pod { deadline_seconds: Some(8), ..pod(0).main_exits(3, 5) }, "DeadlineExceeded"),
            "main exit 3",
        ),
        ("an init container failed", with_init(7), "setup exit 7"),
        ("the controller failed it", by_us, "SidecarFailed"),
        ("nobody knows", pod(0).pending().ends_as(Phase::Failed), "failed"),
    ] {
        let found = last(&job().started(1).pods([failed]), 10).map(|last| last.text);
        assert_eq!(found.as_deref(), Some(want), "{what}");
    }
}

#[test]
fn it_has_the_place_of_the_pod_the_signal_and_the_last_words_of_the_container() {
    let failed = ended_with(pod(4).index(1).main_exits(137, 5), "OOMKilled", "no memory");
    let found = last(&job().indexed(2).started(1).pods([failed]), 9).unwrap();
    let want = LastFailure {
        text: "main exit 137 OOMKilled".into(),
        pod_name: "p4".into(),
        index: Some(1),
        attempt: Some(4),
        node_name: Some("node-1".into()),
        container: Some("main".into()),
        exit_code: Some(137),
        signal: Some(9),
        reason: Some("OOMKilled".into()),
        time: time::to_wire(at(5)),
        matched_rule: None,
        message: Some("no memory".into()),
    };
    assert_eq!(found, want);
}

#[test]
fn the_rule_of_the_failure_policy_that_matched_is_named_and_its_container_is_the_one() {
    let rules = json!({"rules": [
        {"action": "FailJob", "onPodConditions": [{"type": "ConfigIssue"}]},
        {"action": "Ignore", "onExitCodes": {"containerName": "side", "operator": "In", "values": [9]}}
    ]});
    let seen = job_with(json!({"podFailurePolicy": rules})).started(1);
    let found = last(&seen.pods([pod(0).main_exits(3, 5).exits("side", 9, 6).ends_as(Phase::Failed)]), 9).unwrap();
    let rule = found.matched_rule.map(|rule| (rule.index, rule.action));
    assert_eq!((found.text.as_str(), rule), ("side exit 9", Some((1, "Ignore".into()))));
}

#[test]
fn the_newest_failure_stays_until_there_is_a_newer_one_and_after_the_result_for_good() {
    let first = job().completions(9).started(1).pods([pod(0).failed(5), pod(1)]).stored(9);
    let text = |seen: &Observed, now| last(seen, now).map(|last| (last.pod_name, last.time));
    let of = |name: &str, seconds| Some((name.to_owned(), time::to_wire(at(seconds))));
    assert_eq!(text(&first, 9), of("p0", 5));
    let gone = first.pods([pod(1)]);
    assert_eq!(text(&gone, 9), of("p0", 5), "its Pod is not in view any more");
    let newer = gone.pods([pod(1).failed(20)]).stored(21);
    assert_eq!(text(&newer, 21), of("p1", 20));
    let over = newer.backoff_limit(1).pods([pod(2)]).stored(22);
    assert!(over.job.status.result_is_known());
    let ended = over.pods([pod(2).deleted(23)]).stored(24);
    assert_eq!(text(&ended, 24), of("p1", 20), "the controller ended the other Pod");
}

#[test]
fn a_failure_alone_is_no_reason_for_a_write() {
    let held = job().indexed(2).per_index(2).failed_indexes("").started(0);
    let stored = held.pods([pod(0).index(0).failed(5), pod(1).index(1)]).stored(6);
    assert_eq!(stored.job.status.history.last_failure.as_ref().map(|l| l.text.as_str()), Some("main exit 1"));
    let reworded = ended_with(pod(0).index(0).failed(5), "OOMKilled", "no memory");
    let plan = stored.pods([reworded, pod(1).index(1)]).decide(7);
    assert_eq!((plan.steps.len(), plan.status), (0, None));
}
