//! What holds the run up, and until when?

use serde_json::json;

use super::*;
use crate::engine::observed::{Restart, Up};
use crate::engine::tests::fixture::{at, container, job, job_with, pod, seconds, steps};

/// The reason and message of the condition at that time.
fn waiting(seen: &Observed, now: i64) -> Option<(String, String)> {
    let status = seen.decide(now).status.unwrap_or(seen.job.status.clone());
    status.conditions.when_true("Waiting").map(|c| (c.reason.clone(), c.message.clone()))
}

fn not_up() -> Pod {
    let pod = pod(0).pending();
    pod.container("side", |c| {
        (c.state, c.up) = (State::Running, Up { since: Some(at(2)), started: false, ready: false })
    })
}

fn draining() -> Pod {
    Pod { deadline_seconds: Some(9), grace: seconds(30), ..pod(0).plain_sidecar().main_exits(0, 8) }
}

#[test]
fn what_is_waited_for_and_until_when() {
    let limited = || job_with(json!({"activeDeadlineSeconds": 600})).started(0);
    let cant = |why: &str| {
        let why = Some(why.to_owned());
        pod(0).pending().container("main", |c| (c.cant_start, c.image) = (why, "no/such:1".into()))
    };
    let deadline = || job_with(json!({"sidecars": [{"name": "side", "start": {"deadlineSeconds": 60}}]}));
    for (what, seen, now, reason, words) in [
        (
            "no node",
            limited().pods([Pod { unschedulable: Some("0/3 nodes are available".into()), ..pod(0).unscheduled() }]),
            10,
            "Unschedulable",
            ["0/3 nodes", "until 2026-01-01T00:10:00Z: spec.activeDeadlineSeconds"],
        ),
        (
            "no node and no deadline",
            job().pods([Pod { unschedulable: Some("no".into()), ..pod(0).unscheduled() }]),
            10,
            "Unschedulable",
            ["Nothing bounds this wait", "set spec.activeDeadlineSeconds"],
        ),
        (
            "no image",
            limited().pods([cant("ImagePullBackOff")]),
            10,
            "ContainerCantStart",
            ["ImagePullBackOff", "no/such:1"],
        ),
        (
            "a sidecar",
            deadline().pods([not_up()]),
            12,
            "SidecarNotUp",
            ["Pod p0 wait for sidecar side", "until 2026-01-01T00:01:01Z: start.deadlineSeconds"],
        ),
        (
            "a deaf sidecar",
            listed_job().pods([draining()]),
            20,
            "SidecarStopping",
            ["still running: side", "kills these containers at 2026-01-01T00:00:40Z"],
        ),
        (
            "a deaf native sidecar",
            listed_job().pods([pod(0).main_exits(0, 8)]),
            18,
            "SidecarStopping",
            ["stop Pod p0 at 2026-01-01T00:00:08Z", "kills these containers at 2026-01-01T00:00:38Z"],
        ),
        (
            "a kubelet, of native sidecars",
            listed_job().pods([pod(0).main_exits(0, 8)]),
            48,
            "KubeletSilent",
            ["ended at 2026-01-01T00:00:38Z", "stops waiting at 2026-01-01T00:01:38Z"],
        ),
        (
            "a kubelet",
            listed_job().pods([draining()]),
            50,
            "KubeletSilent",
            ["the node may be gone", "stops waiting at 2026-01-01T00:01:40Z"],
        ),
        (
            "a kubelet, of a Pod that was deleted",
            job().replace_when_failed().pods([pod(0).deleted(5)]),
            45,
            "KubeletSilent",
            ["ended at 2026-01-01T00:00:35Z", "p0"],
        ),
    ] {
        let (got, message) = waiting(&seen, now).unwrap_or_else(|| panic!("{what}: nothing is said"));
        assert_eq!(got, reason, "{what}");
        assert!(words.iter().all(|word| message.contains(word)), "{what}: {message}");
    }
}

#[test]
fn a_short_wait_is_not_worth_a_write_and_is_looked_at_again_in_time() {
    let seen = job().pods([not_up()]).stored(5);
    assert_eq!((waiting(&seen, 11), seen.decide(11).wake), (None, Some(at(12))));
    let listed = job().started(1).listed(&["u0"], &[]).pods([draining()]);
    assert_eq!((waiting(&listed, 19), listed.decide(19).wake), (None, Some(at(20))));
}

#[test]
fn the_first_status_knows_the_end_already() {
    let nowhere = Pod { unschedulable: Some("no".into()), ..pod(0).unscheduled() };
    let seen = job_with(json!({"activeDeadlineSeconds": 600})).pods([nowhere]);
    let (_, message) = waiting(&seen, 15).unwrap();
    assert!(message.contains("until 2026-01-01T00:10:00Z: spec.activeDeadlineSeconds"), "{message}");
}

#[test]
fn it_is_taken_back_when_it_is_over() {
    let seen = job().pods([not_up()]).stored(12);
    assert!(waiting(&seen, 12).is_some());
    let status = seen.pods([pod(0)]).next(15);
    assert_eq!(status.conditions.get("Waiting").unwrap().status, "False");
}

#[test]
fn a_pod_whose_result_is_known_and_whose_kubelet_is_silent_is_not_waited_for_for_ever() {
    let seen = job().started(1).pods([draining()]).stored(9);
    assert_eq!(steps(&seen.decide(10)), [""; 0], "the deadline is set already");
    let before = seen.clone().stored(20).stored(50);
    assert!(!before.job.status.is_finished());
    assert_eq!(before.decide(99).wake, Some(at(100)));
    let after = before.next(100);
    assert!(after.conditions.is_true("Complete") && after.succeeded == 1);
    assert_eq!((after.counts.active, after.counts.stopping), (Some(0), Some(0)), "as the API server wants it of a Job");
}

#[test]
fn a_pod_is_due_to_end_when_it_is_ended_or_its_main_containers_are_done_for_good() {
    let two = |first: i64, second: Option<i64>| {
        let mut pod = pod(0).main_exits(0, first);
        pod.containers.push(container("other", observed::Slot::Plain, Restart::Never));
        match second {
            Some(at) => pod.exits("other", 0, at),
            None => pod,
        }
    };
    let init = |exit, restart| {
        let mut pod = pod(0).pending();
        pod.containers.insert(0, container("init", observed::Slot::Init, restart));
        pod.exits("init", exit, 4)
    };
    let deadline = |seconds, pod| Pod { deadline_seconds: Some(seconds), ..pod };
    for (what, pod, due) in [
        ("main works", pod(0), None),
        ("main is done, native sidecars drain", pod(0).main_exits(0, 8), Some(38)),
        ("main has failed, native sidecars drain", pod(0).main_exits(1, 8), Some(38)),
        ("one of two is done", two(8, None), None),
        ("both are done", two(8, Some(5)), Some(38)),
        ("main is done, a plain sidecar is not told to stop yet", pod(0).plain_sidecar().main_exits(0, 8), None),
        ("a plain sidecar is told by the Pod's deadline", draining(), Some(40)),
        ("a plain sidecar has ended too", pod(0).plain_sidecar().main_exits(0, 8).exits("side", 0, 12), Some(42)),
        ("main failed and is started again", pod(0).restart_policy(Restart::OnFailure).main_exits(1, 8), None),
        ("main succeeded with OnFailure", pod(0).restart_policy(Restart::OnFailure).main_exits(0, 8), Some(38)),
        ("main is always started again", pod(0).restart_policy(Restart::Always).main_exits(0, 8), None),
        ("an init container failed for good", init(1, Restart::Never), Some(34)),
        ("an init container is started again", init(1, Restart::OnFailure), None),
        ("an init container is done", init(0, Restart::Never), None),
        ("nobody says when main ended", pod(0).container("main", |c| c.state = ended_some_time()), None),
        ("its own deadline is far", deadline(3600, pod(0).main_exits(0, 8)), Some(38)),
        (
            "its deadline passes while it drains, and gives it its grace anew",
            deadline(19, pod(0).main_exits(0, 8)),
            Some(50),
        ),
        ("its deadline ended main", deadline(4, pod(0).main_exits(0, 8)), Some(35)),
        ("it is deleted", Pod { grace: seconds(5), ..pod(0).main_exits(0, 8).deleted(20) }, Some(25)),
    ] {
        assert_eq!(must_have_ended_at(&pod), due.map(at), "{what}");
    }
}

fn ended_some_time() -> State {
    State::Terminated { exit: 0, at: None }
}

#[test]
fn a_node_that_is_lost_while_native_sidecars_drain_is_told_and_bounded_as_in_managed_mode() {
    let seen = job().started(1).pods([pod(0).main_exits(0, 8)]).stored(9);
    assert_eq!(seen.decide(9).wake, Some(at(18)));
    let told = seen.clone().stored(18).stored(48);
    assert!(!told.job.status.is_finished());
    assert_eq!(told.decide(97).wake, Some(at(98)));
    let after = told.next(98);
    assert!(after.conditions.is_true("Complete") && after.succeeded == 1);
    assert_eq!(after.summary.sidecars.as_deref(), Some("0/1 stopped"), "nobody has seen it stop");
    for late in [told.next(98), seen.next(98)] {
        let over = late.conditions.get("Waiting").expect("it stays what was not waited for");
        assert!(over.status == "False" && over.message.contains("p0 should have ended"), "{}", over.message);
    }
}

#[test]
fn a_pod_whose_kubelet_is_silent_does_not_keep_the_place_of_the_next_one_for_ever() {
    for (what, pod) in [("native", pod(0).main_exits(1, 8)), ("managed", draining().main_exits(1, 8))] {
        let end = must_have_ended_at(&pod).unwrap() + SILENCE;
        let now = (end - at(0)).num_seconds();
        let seen = job().started(1).pods([pod]).stored(9).stored(now - 1);
        assert_eq!((steps(&seen.decide(now - 1)), seen.decide(now - 1).wake), (vec![], Some(end)), "{what}");
        assert_eq!(steps(&seen.decide(now)), ["create Pods [1]"], "{what}");
        let strict = seen.replace_when_failed();
        assert_eq!(steps(&strict.decide(now)), [""; 0], "{what}: with policy Failed it must have ended");
    }
}

#[test]
fn a_pod_that_was_deleted_from_a_lost_node_neither() {
    let done = Pod { grace: seconds(30), ..pod(0).main_exits(0, 8).deleted(20) };
    let seen = job().started(1).pods([done.clone()]).stored(21).pods([done.released()]);
    assert!(!seen.clone().stored(61).job.status.is_finished());
    assert!(seen.stored(61).next(110).conditions.is_true("Complete"));
}

#[test]
fn a_pod_that_works_is_waited_for() {
    let lost = Pod { grace: seconds(30), ..pod(0).deleted(20) };
    let seen = job().replace_when_failed().started(1).pods([lost]);
    let status = seen.next(9999);
    assert!(!status.conditions.is_true("Failed") && status.conditions.is_true("Waiting"));
}

#[test]
fn a_job_is_told_of_it_too_if_it_has_a_sidecar_and_else_looks_as_the_built_in_controller_leaves_it() {
    let deaf = || listed_job().pods([draining()]);
    let job = deaf().batch();
    assert_eq!(waiting(&job, 20).map(|(reason, _)| reason).as_deref(), Some("SidecarStopping"));
    let (reason, message) = waiting(&job, 200).expect("it waits");
    assert!(reason == "KubeletSilent" && message.contains("The Job waits until somebody deletes the Pod"), "{message}");
    assert!(!job.next(200).is_finished(), "its Pod is tracked by others too");
    let alone =
        json!({"sidecars": [], "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}});
    let without = Observed { pods: job.pods.clone(), ..job_with(alone).started(1).batch() };
    assert_eq!(waiting(&without, 20), None);
    assert_eq!(wake(&without, at(10)), None);
}

fn listed_job() -> Observed {
    job().started(1).listed(&["u0"], &[]).condition("SuccessCriteriaMet", "CompletionsReached", 9)
}

#[test]
fn an_index_that_succeeded_is_not_waited_for_for_ever_either() {
    let seen = job().indexed(1).started(1).pods([draining().index(0)]).stored(9);
    let last = seen.stored(20).stored(50);
    assert!(!last.job.status.is_finished());
    assert!(last.next(100).conditions.is_true("Complete"));
}
