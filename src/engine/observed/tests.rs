//! From the wire: defaults are settled once.

use serde_json::{Value, json};

use super::*;
use crate::api::SidecarJob;
use crate::engine::build;
use crate::engine::plan::NewPod;
use crate::engine::tests::fixture::{at, job_with};

#[test]
fn completions_and_parallelism_default_as_in_a_job() {
    for (spec, want) in [
        (json!({}), (Some(1), 1)),
        (json!({"parallelism": 3}), (None, 3)),
        (json!({"completions": 3}), (Some(3), 1)),
        (json!({"completions": 3, "parallelism": 2}), (Some(3), 2)),
        (json!({"completions": 0}), (Some(0), 1)),
        (json!({"parallelism": 0}), (None, 0)),
    ] {
        let seen = job_with(spec.clone()).job.spec;
        assert_eq!((seen.completions, seen.parallelism), want, "{spec}");
    }
}

#[test]
fn the_other_defaults() {
    let spec = job_with(json!({})).job.spec;
    assert_eq!((spec.backoff_limit, spec.suspend, spec.restarts_on_failure), (6, false, false));
    assert_eq!((spec.active_deadline, spec.ttl), (None, None));
}

#[test]
fn the_mode_follows_the_cluster_unless_it_is_said() {
    for (mode, on_old, on_new) in [
        (None, false, true),
        (Some("Auto"), false, true),
        (Some("Native"), true, true),
        (Some("Managed"), false, false),
    ] {
        let spec = job_with(mode.map_or(json!({}), |m| json!({"sidecarMode": m}))).job.spec;
        let on = |native_sidecars| spec.native(&Settings { native_sidecars, ..Settings::default() });
        assert_eq!((on(false), on(true)), (on_old, on_new), "{mode:?}");
    }
}

fn pod(status: Value) -> Pod {
    let wire = json!({
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
                     "finalizers": ["a", "sidecarjob.dev/job-tracking"], "labels": {"sidecarjob.dev/attempt": "7"}},
        "spec": {"restartPolicy": "OnFailure", "nodeName": "n", "activeDeadlineSeconds": 9,
                 "initContainers": [{"name": "setup"}, {"name": "side", "restartPolicy": "Always"}],
                 "containers": [{"name": "main"}, {"name": "rules", "restartPolicy": "Never", "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}},
                    {"action": "RestartAllContainers", "exitCodes": {"operator": "NotIn", "values": [0]}}
                 ]}]},
        "status": status
    });
    Pod::from_wire(&serde_json::from_value(wire).unwrap()).unwrap()
}

#[test]
fn a_pod_without_any_status_is_pending_and_waits() {
    let pod = pod(json!(null));
    assert_eq!((pod.phase, pod.tracked, pod.number, pod.node.as_deref()), (Phase::Pending, true, Some(7), Some("n")));
    assert!(pod.active() && !pod.ended() && !pod.terminating());
    let kinds: Vec<_> = pod.containers.iter().map(|c| (c.name.as_str(), c.slot, c.restart, c.state)).collect();
    assert_eq!(
        kinds,
        [
            ("setup", Slot::Init, Restart::OnFailure, State::Waiting),
            ("side", Slot::NativeSidecar, Restart::Always, State::Waiting),
            ("main", Slot::Plain, Restart::OnFailure, State::Waiting),
            ("rules", Slot::Plain, Restart::Never, State::Waiting),
        ]
    );
}

#[test]
fn the_rules_of_a_restart_are_read_in_their_order() {
    let rule = |within, code, all_containers| RestartRule { within, codes: vec![code], all_containers };
    let rules: Vec<_> = pod(json!(null)).containers.into_iter().flat_map(|c| c.rules).collect();
    assert_eq!(rules, [rule(true, 42, false), rule(false, 0, true)]);
}

#[test]
fn states_and_times_come_from_the_status() {
    let pod = pod(json!({
        "phase": "Running", "startTime": "2026-01-01T00:00:02Z",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:05Z"}],
        "containerStatuses": [{"name": "main", "ready": false, "restartCount": 3, "image": "", "imageID": "",
            "state": {"terminated": {"exitCode": 137, "finishedAt": "2026-01-01T00:00:09Z"}}}]
    }));
    assert_eq!((pod.started_at, pod.ready_since, pod.unready_since), (Some(at(2)), Some(at(5)), None));
    let main = pod.containers.iter().find(|c| c.name == "main").unwrap();
    assert_eq!((main.restarts, main.state), (3, State::Terminated { exit: 137, at: Some(at(9)) }));
}

#[test]
fn how_a_container_ended_last_is_read_and_of_a_failed_one_the_end_of_its_message() {
    let times = |exit: i32| json!({"exitCode": exit, "startedAt": "2026-01-01T00:00:03Z", "finishedAt": "2026-01-01T00:00:09Z"});
    let with = |exit: i32, reason: &str, message: &str| {
        let mut ended = times(exit);
        (ended["reason"], ended["message"], ended["signal"]) = (json!(reason), json!(message), json!(9));
        json!({"terminated": ended})
    };
    let long = format!("{}the end", "x".repeat(5_000));
    for (what, state, last, want) in [
        ("it runs", json!({"running": {}}), json!({}), None),
        ("it ended", with(137, "OOMKilled", "no memory"), json!({}), Some((137, "OOMKilled", "no memory"))),
        ("it ended before its restart", json!({"waiting": {}}), with(3, "Error", "no"), Some((3, "Error", "no"))),
        ("it ended again", with(4, "Error", "four"), with(3, "Error", "three"), Some((4, "Error", "four"))),
        (
            "it succeeded: its message does not matter",
            with(0, "Completed", "all well"),
            json!({}),
            Some((0, "Completed", "")),
        ),
        ("a long message", with(3, "Error", &long), json!({}), Some((3, "Error", text::end(&long)))),
        ("nothing is said", json!({"terminated": times(3)}), json!({}), Some((3, "", ""))),
    ] {
        let status = json!({"containerStatuses": [{"name": "main", "state": state, "lastState": last}]});
        let pod = pod(status);
        let end = pod.containers.iter().find(|c| c.name == "main").unwrap().end.clone();
        let words = |text: &Option<Box<str>>| text.as_deref().unwrap_or_default().to_owned();
        let got = end.as_ref().map(|end| (end.exit, words(&end.reason), words(&end.message)));
        assert_eq!(got, want.map(|(exit, reason, message)| (exit, reason.into(), message.into())), "{what}");
        let (signal, times) = end.map_or((None, None), |end| (end.signal, end.started_at.zip(end.finished_at)));
        assert_eq!(
            (signal.is_some(), times),
            (what != "it runs" && what != "nothing is said", want.map(|_| (at(3), at(9)))),
            "{what}"
        );
    }
}

#[test]
fn a_status_without_a_name_is_taken_by_its_place() {
    let nameless = |exit| {
        json!({"name": "", "state": {"terminated": {"exitCode": exit, "finishedAt": "2026-01-01T00:00:09Z"}},
        "ready": false, "restartCount": 0, "image": "", "imageID": ""})
    };
    let pod = pod(json!({"phase": "Failed", "containerStatuses": [nameless(13)]}));
    let states: Vec<_> = pod.containers.iter().map(|c| c.state).collect();
    assert_eq!(
        states,
        [State::Waiting, State::Waiting, State::Terminated { exit: 13, at: Some(at(9)) }, State::Waiting],
        "the first of spec.containers"
    );
}

#[test]
fn a_deletion_began_when_its_grace_period_began() {
    let wire = json!({"metadata": {"name": "p", "uid": "u", "deletionTimestamp": "2026-01-01T00:00:40Z", "deletionGracePeriodSeconds": 30}});
    let pod = Pod::from_wire(&serde_json::from_value(wire).unwrap()).unwrap();
    assert_eq!(pod.deleting_since, Some(at(10)));
    assert!(pod.terminating());
}

#[test]
fn annotations_that_the_controller_sets_are_not_taken_for_a_webhooks() {
    let seen = job_with(json!({"completionMode": "Indexed", "completions": 1, "backoffLimitPerIndex": 1}));
    let new = NewPod { index: Some(0), index_failures: IndexFailures { counted: 1, ignored: 1 }, ..NewPod::default() };
    let mut wire = build::pod::pod(&seen.job, new, &seen.settings);
    (wire.metadata.uid, wire.metadata.creation_timestamp) = (Some("u".into()), None);
    let annotations = wire.metadata.annotations.get_or_insert_default();
    assert!(annotations.len() > 4, "{annotations:?}");
    annotations.insert("acme.com/injected".into(), "true".into());
    let wire = serde_json::from_value(serde_json::to_value(wire).unwrap()).unwrap();
    assert_eq!(Pod::from_wire(&wire).unwrap().marks.others, ["acme.com/injected"]);
}

#[test]
fn what_did_not_come_from_an_api_server_is_not_seen() {
    assert!(Pod::from_wire(&Default::default()).is_none());
    assert!(Job::from_wire(&SidecarJob::new("x", Default::default())).is_none());
}

#[test]
fn a_deletion_says_when_it_began_and_how_long_it_takes_whatever_its_grace_is() {
    let pod = |grace: i64| {
        Pod::from_wire(&serde_json::from_value(json!({
            "metadata": {"name": "p", "uid": "u", "deletionTimestamp": "2026-01-01T00:10:00Z", "deletionGracePeriodSeconds": grace},
            "spec": {"terminationGracePeriodSeconds": 30, "containers": []}
        })).unwrap()).unwrap()
    };
    assert_eq!((pod(600).deleting_since, pod(600).grace.num_seconds()), (Some(at(0)), 600));
    assert_eq!(pod(0).grace.num_seconds(), 0);
    for grace in [9_999_999_999_999, i64::MAX, i64::MIN, -1] {
        assert!(pod(grace).deleting_since.is_some(), "{grace}: anybody may send that");
    }
}

#[test]
fn a_deletion_is_reported_when_the_kubelets_status_is_of_the_generation_that_it_made() {
    let of = |generation: Option<i64>, observed: Option<i64>, deleted: bool| {
        let at = deleted.then_some("2026-01-01T00:00:09Z");
        let wire = json!({
            "metadata": {"name": "p", "uid": "u", "generation": generation, "deletionTimestamp": at},
            "status": {"observedGeneration": observed}
        });
        Pod::from_wire(&serde_json::from_value(wire).unwrap()).unwrap().deletion_is_reported
    };
    for (what, generation, observed, deleted, want) in [
        ("it is not deleted", Some(1), Some(1), false, None),
        ("the kubelet reported before", Some(2), Some(1), true, Some(false)),
        ("the kubelet reported afterwards", Some(2), Some(2), true, Some(true)),
        ("an API server that does not tell", None, None, true, None),
    ] {
        assert_eq!(of(generation, observed, deleted), want, "{what}");
    }
}
