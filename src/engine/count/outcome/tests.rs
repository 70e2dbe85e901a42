//! What became of a Pod? From its main containers, alone.

use serde_json::json;

use super::*;
use crate::api::PodReplacementPolicy::{self, Failed as WhenFailed, TerminatingOrFailed};
use crate::engine::observed::Restart;
use crate::engine::tests::fixture::{at, container, job_with, pod};

fn spec(replacement: PodReplacementPolicy) -> Spec {
    Spec { replacement, ..job_with(json!({})).job.spec }
}

fn two_mains() -> Spec {
    let containers = json!([{"name": "main"}, {"name": "second"}, {"name": "side"}]);
    job_with(json!({"template": {"spec": {"containers": containers}}})).job.spec
}

fn success(seconds: i64) -> Option<Outcome> {
    Some(Outcome { success: true, at: at(seconds) })
}

fn failure(seconds: i64) -> Option<Outcome> {
    Some(Outcome { success: false, at: at(seconds) })
}

#[test]
fn the_main_container_alone_decides() {
    for (what, pod, want) in [
        ("it runs", pod(0), None),
        ("it waits to start", pod(0).pending(), None),
        ("it succeeded and the sidecar runs", pod(0).main_exits(0, 9), success(9)),
        ("it failed and the sidecar runs", pod(0).main_exits(1, 9), failure(9)),
        ("it runs and the sidecar crashed", pod(0).exits("side", 1, 5), None),
        (
            "it succeeded, the sidecar was killed",
            pod(0).main_exits(0, 9).exits("side", 137, 12).ends_as(Phase::Failed),
            success(9),
        ),
        (
            "it succeeded, the Pod's deadline was set to end plain sidecars",
            pod(0).plain_sidecar().main_exits(0, 9).exits("side", 143, 12).ends_as(Phase::Failed),
            success(9),
        ),
        (
            "it failed, the sidecar ended well",
            pod(0).main_exits(1, 9).exits("side", 0, 12).ends_as(Phase::Failed),
            failure(9),
        ),
        ("the Pod succeeded", pod(0).succeeded(9), success(9)),
        (
            "the Pod was evicted before it started",
            Pod { unready_since: Some(at(7)), ..pod(0).pending().ends_as(Phase::Failed) },
            failure(7),
        ),
        ("it is deleted while it runs", pod(0).deleted(6), failure(6)),
        ("it is deleted after it succeeded", pod(0).main_exits(0, 5).deleted(6), success(5)),
        ("it is deleted before it started", pod(0).pending().deleted(6), failure(6)),
    ] {
        assert_eq!(of(&pod, &spec(TerminatingOrFailed), false), want, "{what}");
    }
}

#[test]
fn with_replacement_policy_failed_a_deleted_pod_is_open_until_it_ended() {
    assert_eq!(of(&pod(0).deleted(6), &spec(WhenFailed), false), None);
    assert_eq!(of(&pod(0).deleted(6).failed(8), &spec(WhenFailed), false), failure(8));
}

#[test]
fn once_the_run_has_failed_a_deleted_pod_has_too() {
    assert_eq!(of(&pod(0).deleted(6), &spec(WhenFailed), true), failure(6));
}

#[test]
fn without_sidecars_the_kubelets_word_is_the_pods() {
    let alone = |pod: Pod| Pod { containers: pod.containers.into_iter().filter(|c| c.name == "main").collect(), ..pod };
    for (what, pod, want) in [
        ("main exited, the kubelet has not said so yet", alone(pod(0).main_exits(0, 9)), None),
        ("the Pod succeeded", alone(pod(0).succeeded(9)), success(9)),
        (
            "it was evicted although main exited with 0",
            alone(pod(0).main_exits(0, 9).ends_as(Phase::Failed)),
            failure(9),
        ),
    ] {
        assert_eq!(of(&pod, &spec(TerminatingOrFailed), false), want, "{what}");
    }
}

#[test]
fn with_on_failure_a_main_container_that_failed_will_be_restarted() {
    let pod = pod(0).restart_policy(Restart::OnFailure);
    assert_eq!(of(&pod.clone().main_exits(1, 9), &spec(TerminatingOrFailed), false), None);
    assert_eq!(of(&pod.clone().main_exits(0, 9), &spec(TerminatingOrFailed), false), success(9));
    assert_eq!(of(&pod.failed(9), &spec(TerminatingOrFailed), false), failure(9), "the Pod gave up");
}

#[test]
fn a_container_that_is_always_restarted_is_no_main_container() {
    let mut pod = pod(0).main_exits(0, 9);
    pod.containers.push(container("injected", Slot::Plain, Restart::Always));
    let injected_are_main = job_with(json!({"injectedContainers": "Main"})).job.spec;
    assert_eq!(of(&pod, &injected_are_main, false), success(9));
}

#[test]
fn of_several_main_containers_all_must_succeed() {
    let mut two = pod(0);
    two.containers.push(container("second", Slot::Plain, Restart::Never));
    for (what, pod, want) in [
        ("one of two is done", two.clone().main_exits(0, 5), None),
        ("one failed, the other runs", two.clone().main_exits(1, 5), None),
        ("both succeeded", two.clone().main_exits(0, 5).exits("second", 0, 9), success(9)),
        ("one failed", two.clone().main_exits(1, 5).exits("second", 0, 9), failure(9)),
    ] {
        assert_eq!(of(&pod, &two_mains(), false), want, "{what}");
    }
}

#[test]
fn an_init_container_that_fails_fails_the_pod() {
    let mut broken = pod(0).pending().ends_as(Phase::Failed);
    broken.containers.push(Container {
        state: State::Terminated { exit: 1, at: Some(at(4)) },
        ..container("init", Slot::Init, Restart::Never)
    });
    assert_eq!(of(&broken, &spec(TerminatingOrFailed), false).map(|o| o.success), Some(false));
}

#[test]
fn an_injected_container_is_a_sidecar_unless_the_spec_says_main() {
    let mut injected = pod(0).main_exits(0, 5);
    injected.containers.push(container("istio-proxy", Slot::Plain, Restart::Never));
    assert_eq!(of(&injected, &spec(TerminatingOrFailed), false), success(5));
    let main = job_with(json!({"injectedContainers": "Main"})).job.spec;
    assert_eq!(of(&injected, &main, false), None);
}

#[test]
fn of_any_main_containers_the_first_success_decides_and_failure_needs_all() {
    let spec = json!({
        "mainContainers": {"names": ["main", "second"], "require": "Any"},
        "template": {"spec": {"containers": [{"name": "main"}, {"name": "second"}, {"name": "side"}]}}
    });
    let any = job_with(spec).job.spec;
    let mut two = pod(0);
    two.containers.push(container("second", Slot::Plain, Restart::Never));
    for (what, pod, want) in [
        ("both run", two.clone(), None),
        ("one succeeded, the other runs", two.clone().main_exits(0, 5), success(5)),
        ("one failed, the other runs", two.clone().main_exits(1, 5), None),
        ("one failed, then the other succeeded", two.clone().main_exits(1, 5).exits("second", 0, 9), success(9)),
        ("one succeeded, then the other failed", two.clone().main_exits(0, 5).exits("second", 1, 9), success(5)),
        ("both succeeded", two.clone().main_exits(0, 5).exits("second", 0, 9), success(5)),
        ("both failed", two.clone().main_exits(1, 5).exits("second", 2, 9), failure(9)),
        (
            "one succeeded, the other was ended with the Pod",
            two.clone().main_exits(0, 5).exits("second", 137, 9).ends_as(Phase::Failed),
            success(5),
        ),
    ] {
        assert_eq!(of(&pod, &any, false), want, "{what}");
    }
}

#[test]
fn require_without_names_speaks_of_all_containers_that_are_no_sidecars() {
    let any = job_with(json!({"mainContainers": {"require": "Any"}})).job.spec;
    assert_eq!(any.roles.main(), ["main"]);
    assert_eq!(of(&pod(0).main_exits(0, 9), &any, false), success(9));
}
