//! Is the Pod that came back the Pod that was sent?

use k8s_openapi::api::core::v1 as core;
use serde_json::json;

use super::*;
use crate::engine::observed::{Digest, Restart, Slot, State};
use crate::engine::plan::NewPod;
use crate::engine::tests::fixture::{at, container, job, job_with, pod, steps};
use crate::engine::{build, take_stock};

/// Its native sidecar came back as an init container that never ends.
fn stripped() -> Pod {
    let pod = pod(0).pending();
    pod.container("side", |c| (c.slot, c.restart, c.state) = (Slot::Init, Restart::Never, State::Running))
}

fn made_plain() -> Pod {
    pod(0).container("side", |c| (c.slot, c.restart) = (Slot::Plain, Restart::Never))
}

fn without(name: &str) -> Pod {
    let mut pod = pod(0);
    pod.containers.retain(|c| c.name != name);
    pod
}

fn reasons_of(pod: &Pod) -> Vec<&'static str> {
    changes(pod, &job().job).into_iter().map(|c| c.reason).collect()
}

#[test]
fn what_differs_has_a_name() {
    let injected = || {
        let mut pod = pod(0);
        pod.containers.push(container("proxy", Slot::Plain, Restart::Never));
        pod.containers.insert(0, container("proxy-init", Slot::Init, Restart::Never));
        pod
    };
    let sh = core::Container { command: Some(vec!["sh".into()]), ..core::Container::default() };
    for (what, pod, want) in [
        ("nothing", pod(0), vec![]),
        ("what a webhook adds is no change", injected(), vec![]),
        ("a managed Pod was sent with plain sidecars", pod(0).plain_sidecar(), vec![]),
        ("restartPolicy is gone", stripped(), vec!["RestartPolicyStripped"]),
        ("the sidecar is a plain container", made_plain(), vec!["SidecarMadePlain"]),
        ("the sidecar is gone", without("side"), vec!["SidecarRemoved"]),
        ("the main container is gone", without("main"), vec!["MainContainerChanged"]),
        ("its image is another", pod(0).container("main", |c| c.image = "other".into()), vec!["MainContainerChanged"]),
        (
            "its command is another",
            pod(0).container("main", |c| c.command = Digest::of_command(&sh)),
            vec!["MainContainerChanged"],
        ),
        (
            "two things",
            made_plain().container("main", |c| c.image = "other".into()),
            vec!["SidecarMadePlain", "MainContainerChanged"],
        ),
    ] {
        assert_eq!(reasons_of(&pod), want, "{what}");
    }
}

#[test]
fn an_injected_sidecar_that_the_spec_names_is_looked_at_too() {
    let job = job_with(json!({"sidecars": [{"name": "side"}, {"name": "proxy"}]})).job;
    let with = |kind| {
        let mut pod = pod(0);
        pod.containers.insert(0, container("proxy", kind, Restart::Never));
        changes(&pod, &job).into_iter().map(|c| c.reason).collect::<Vec<_>>()
    };
    assert_eq!(with(Slot::Init), ["RestartPolicyStripped"]);
    assert_eq!(with(Slot::Plain), [""; 0], "it was injected as a plain one: the ladder stops it");
    assert_eq!(with(Slot::NativeSidecar), [""; 0]);
}

#[test]
fn it_is_said_once_with_what_the_webhook_left_behind() {
    let mut pod = made_plain();
    pod.marks.others = vec!["acme.com/injected".into()];
    let seen = job().pods([pod.clone()]);
    let plan = seen.decide(5);
    let told: Vec<_> = plan.events.iter().map(|e| (e.warning, e.reason.as_str())).collect();
    assert_eq!(told, [(true, "SidecarMadePlain")]);
    let note = &plan.events[0].note;
    assert!(note.contains("p0") && note.contains("sidecar side") && note.contains("acme.com/injected"), "{note}");
    let seen = seen.stored(5);
    assert!(must_be_managed(&seen.job.status.conditions));
    assert_eq!(seen.pods([pod.main_exits(0, 9)]).decide(10).events, []);
}

#[test]
fn a_pod_that_hangs_is_replaced_uncounted_by_one_with_plain_sidecars_after_it_was_said() {
    let seen = job().pods([stripped()]);
    assert_eq!(steps(&seen.decide(5)), [""; 0], "first it is said");
    let seen = seen.stored(5);
    assert_eq!(seen.job.status.conditions.when_true("PodChanged").unwrap().reason, "RestartPolicyStripped");
    assert_eq!(steps(&seen.decide(5)), ["release p0", "delete p0"]);
    let seen = seen.pods([stripped().released().deleted(5)]);
    assert_eq!(steps(&seen.decide(6)), ["create Pods [1]"]);
    let next = build::pod::pod(&seen.job, NewPod { number: 1, ..NewPod::default() }, &seen.settings);
    assert_eq!(next.spec.as_ref().unwrap().containers.len(), 2, "main and side, both plain");
    assert_eq!(next.metadata.annotations.unwrap()["sidecarjob.dev/mode"], "managed");
    let done = Pod { number: Some(1), ..pod(1).plain_sidecar().main_exits(0, 9) };
    let status = seen.pods([stripped().released().deleted(5), done]).next(10);
    assert!(status.conditions.is_true("SuccessCriteriaMet") && status.conditions.is_true("PodChanged"));
    assert_eq!((status.failed, status.uncounted_failed.len()), (0, 0));
}

#[test]
fn a_pod_that_can_go_on_does() {
    let seen = job().pods([made_plain()]).stored(5);
    assert_eq!(steps(&seen.decide(6)), [""; 0]);
    let done = seen.pods([made_plain().main_exits(0, 8)]).stored(8);
    assert_eq!(steps(&done.decide(9)), ["stop the sidecars of p0 (deadline 7s)"]);
}

#[test]
fn if_the_webhook_strips_a_managed_pod_too_the_pod_fails_with_the_reason() {
    let seen = job_with(json!({"sidecars": [{"name": "proxy"}]})).condition("PodChanged", "RestartPolicyStripped", 1);
    let mut pod = stripped().container("side", |c| c.name = "proxy".into());
    pod.marks.managed = true;
    assert_eq!(steps(&seen.pods([pod]).decide(6)), ["fail p0: RestartPolicyStripped (deadline 4s)"]);
}

#[test]
fn when_a_later_pod_comes_back_as_it_was_sent_that_is_said() {
    let changed = pod(0).container("main", |c| c.image = "other".into());
    let seen = job().completions(2).pods([changed]).stored(5);
    assert!(!must_be_managed(&seen.job.status.conditions), "a changed main container needs no other mode");
    let status = seen.pods([Pod { number: Some(1), ..pod(1) }]).next(9);
    assert_eq!(status.conditions.get("PodChanged").unwrap().status, "False");
}

#[test]
fn of_several_pods_the_one_that_was_changed_is_told_whichever_it_is() {
    let fine = || Pod { number: Some(1), ..pod(1) };
    let seen = job().completions(2).parallelism(2).pods([stripped(), fine()]).stored(5);
    assert!(must_be_managed(&seen.job.status.conditions));
    assert!(steps(&seen.decide(5)).contains(&"delete p0".to_owned()));
}

#[test]
fn a_native_sidecar_of_the_template_is_compared_without_being_named() {
    let by_hand = json!({"sidecars": [], "template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "main"}],
        "initContainers": [{"name": "side", "restartPolicy": "Always"}]
    }}});
    let job = job_with(by_hand).job;
    assert_eq!(changes(&stripped(), &job)[0].reason, "RestartPolicyStripped");
    assert_eq!(changes(&pod(0), &job), []);
}

#[test]
fn what_a_jobs_annotation_names_only_now_was_not_sent() {
    let mut plain = made_plain();
    plain.marks.sidecars = Some(vec!["other".into()]);
    assert_eq!(reasons_of(&plain), [""; 0]);
    plain.marks.sidecars = Some(vec!["other".into(), "side".into()]);
    assert_eq!(reasons_of(&plain), ["SidecarMadePlain"]);
}

/// It would be built with native sidecars again, and stripped again.
#[test]
fn an_older_pod_that_came_back_as_it_was_sent_does_not_end_managed_mode() {
    let fine = || Pod { number: Some(1), ..pod(1) };
    let seen = job().completions(2).parallelism(2).pods([stripped(), fine()]).stored(5);
    let status = take_stock(&seen.pods([fine()]), at(9), true).status.expect("one Pod less");
    assert!(must_be_managed(&status.conditions));
}
