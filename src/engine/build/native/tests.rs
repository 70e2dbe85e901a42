//! How a Pod is built for the kubelet, and what that can't do.

use serde_json::{Value, json};

use super::*;
use crate::engine::tests::fixture::job_with;

/// A template with the init containers `one` and `two`, main container `main` and the others.
fn spec(others: &[&str], sidecars: Value) -> crate::engine::observed::Spec {
    let named = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>();
    let mut containers = named(&["main"]);
    containers.extend(named(others));
    let template =
        json!({"spec": {"restartPolicy": "Never", "initContainers": named(&["one", "two"]), "containers": containers}});
    job_with(json!({"sidecars": sidecars, "template": template})).job.spec
}

fn built(spec: &crate::engine::observed::Spec) -> PodSpec {
    let mut pod = spec.template.spec.clone().unwrap();
    build(&mut pod, &spec.roles, &spec.sidecars);
    pod
}

/// What is said of it, with the recipes that the program brings.
fn said_of(spec: &crate::engine::observed::Spec) -> Vec<String> {
    let template = spec.template.spec.as_ref().unwrap();
    limits(template, &spec.roles, &spec.sidecars, &crate::api::recipes::built_in())
}

/// The init containers in their order; those that are sidecars with a star.
fn order(pod: &PodSpec) -> String {
    let star = |c: &Container| if c.restart_policy.as_deref() == Some("Always") { "*" } else { "" };
    let all: Vec<String> = pod.init_containers.iter().flatten().map(|c| format!("{}{}", c.name, star(c))).collect();
    all.join(" ")
}

#[test]
fn where_a_sidecar_stands_says_when_it_starts_and_stops() {
    for (what, sidecars, want) in [
        ("after the init containers", json!([{"name": "a"}, {"name": "b"}]), "one two a* b*"),
        ("before them", json!([{"name": "a", "start": {"before": "Init"}}, {"name": "b"}]), "a* one two b*"),
        (
            "an init container stays where it stands",
            json!([{"name": "one"}, {"name": "a"}, {"name": "b"}]),
            "one* two a* b*",
        ),
        (
            "unless it is said",
            json!([{"name": "one", "start": {"before": "Main"}}, {"name": "two", "start": {"before": "Init"}}, {"name": "a"}, {"name": "b"}]),
            "two* one* a* b*",
        ),
        (
            "what is stopped last starts first",
            json!([{"name": "a", "stop": {"order": 1}}, {"name": "b", "stop": {"order": 2}}]),
            "one two b* a*",
        ),
        (
            "in both places",
            json!([{"name": "a", "start": {"before": "Init"}, "stop": {"order": 1}},
                   {"name": "b", "start": {"before": "Init"}, "stop": {"order": 2}}]),
            "b* a* one two",
        ),
    ] {
        assert_eq!(order(&built(&spec(&["a", "b"], sidecars))), want, "{what}");
    }
}

#[test]
fn all_else_of_a_sidecar_is_kept() {
    let side = json!({
        "name": "a", "image": "x", "ports": [{"containerPort": 80}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        "resources": {"requests": {"cpu": "1"}}, "livenessProbe": {"tcpSocket": {"port": 80}},
        "readinessProbe": {"tcpSocket": {"port": 81}}, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}
    });
    let template = json!({"spec": {"containers": [{"name": "main"}, side.clone()]}});
    let spec = job_with(json!({"sidecars": [{"name": "a"}], "template": template})).job.spec;
    let mut want: Container = serde_json::from_value(side).unwrap();
    want.restart_policy = Some("Always".into());
    assert_eq!(built(&spec).init_containers.unwrap(), [want]);
}

fn probed(start: Value, probes: Value) -> (Option<Probe>, Vec<String>) {
    let mut side = json!({"name": "a"});
    probes.as_object().unwrap().iter().for_each(|(k, v)| side[k] = v.clone());
    let template = json!({"spec": {"containers": [{"name": "main"}, side]}});
    let spec = job_with(json!({"sidecars": [{"name": "a", "start": start}], "template": template})).job.spec;
    let said = said_of(&spec);
    (built(&spec).init_containers.unwrap().remove(0).startup_probe, said)
}

#[test]
fn until_ready_takes_the_readiness_probe_over_as_one_that_never_kills() {
    let ready = json!({"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": 20, "failureThreshold": 2, "successThreshold": 3}});
    let (probe, said) = probed(json!({"until": "Ready"}), ready.clone());
    let probe = probe.unwrap();
    assert_eq!(
        (probe.period_seconds, probe.failure_threshold, probe.success_threshold),
        (Some(1), Some(i32::MAX), Some(1))
    );
    assert!(probe.tcp_socket.is_some() && said.is_empty(), "{said:?}");
    assert_eq!(probed(json!({"until": "Started"}), ready.clone()).0, None);
    assert_eq!(probed(json!({}), ready).0, None);
    let own = json!({"startupProbe": {"tcpSocket": {"port": 9}}, "readinessProbe": {"tcpSocket": {"port": 80}}});
    let (probe, said) = probed(json!({"until": "Ready"}), own);
    assert_eq!((probe.unwrap().failure_threshold, said), (None, vec![]), "its own startup probe stays");
}

#[test]
fn a_command_to_stop_it_is_its_pre_stop_hook_unless_it_has_one() {
    let hook = |lifecycle: Value| {
        let side = json!({"name": "a", "lifecycle": lifecycle});
        let template = json!({"spec": {"containers": [{"name": "main"}, side]}});
        let sidecars = json!([{"name": "a", "stop": {"exec": {"command": ["/quit", "now"]}}}]);
        let spec = job_with(json!({"sidecars": sidecars, "template": template})).job.spec;
        let said = said_of(&spec);
        (serde_json::to_value(built(&spec).init_containers.unwrap().remove(0).lifecycle).unwrap(), said)
    };
    let ours = json!({"exec": {"command": ["/quit", "now"]}});
    assert_eq!(hook(json!(null)), (json!({"preStop": ours}), vec![]));
    let post_start = json!({"exec": {"command": ["/begin"]}});
    assert_eq!(hook(json!({"postStart": post_start})), (json!({"postStart": post_start, "preStop": ours}), vec![]));
    let own = json!({"preStop": {"sleep": {"seconds": 3}}});
    let (built, said) = hook(own.clone());
    assert_eq!((built, said.len()), (own, 1));
    assert!(said[0].starts_with("stop.exec of sidecar a has no effect"), "{}", said[0]);
}

#[test]
fn a_way_to_stop_it_that_the_kubelet_does_not_know_is_said() {
    for (stop, want) in [
        (json!({"http": {"port": 1}}), Some("stop.http of sidecar a has no effect")),
        (json!({"signal": "SIGQUIT"}), Some("stop.signal SIGQUIT of sidecar a has no effect")),
        (json!({"signal": "SIGTERM"}), None),
        (json!({"recipe": "istio"}), Some("stop.recipe istio of sidecar a has no effect")),
        (json!({"recipe": "isto"}), Some("stop.recipe of sidecar a names the recipe isto, which does not exist")),
        (json!({"order": 3}), None),
    ] {
        let spec = spec(&["a"], json!([{"name": "a", "stop": stop}]));
        let said = said_of(&spec);
        assert_eq!(said.len(), usize::from(want.is_some()), "{stop}: {said:?}");
        assert!(want.is_none_or(|want| said[0].starts_with(want)), "{stop}: {said:?}");
    }
}

#[test]
fn until_ready_without_a_probe_is_said() {
    let (probe, said) = probed(json!({"until": "Ready"}), json!({}));
    assert_eq!((probe, said.len()), (None, 1));
    assert!(said[0].contains("sidecar a") && said[0].contains("readinessProbe"), "{}", said[0]);
}

#[test]
fn the_pod_gets_the_sum_of_the_graces_if_that_is_longer() {
    let sidecars = |a: i32, b: i32| json!([{"name": "a", "stop": {"gracePeriodSeconds": a}}, {"name": "b", "stop": {"gracePeriodSeconds": b}}]);
    let grace = |a, b, own: Option<i64>| {
        let mut spec = spec(&["a", "b"], sidecars(a, b));
        let template = std::sync::Arc::make_mut(&mut spec.template);
        template.spec.as_mut().unwrap().termination_grace_period_seconds = own;
        built(&spec).termination_grace_period_seconds
    };
    assert_eq!(grace(10, 15, None), None, "30 is enough");
    assert_eq!(grace(20, 25, None), Some(45));
    assert_eq!(grace(20, 25, Some(60)), Some(60));
    assert_eq!(grace(3, 4, Some(5)), Some(7));
}

#[test]
fn what_native_sidecars_can_not_do_is_said() {
    let said = |sidecars: Value, hook: bool| {
        let mut spec = spec(&["a", "b"], sidecars);
        if hook {
            let template = std::sync::Arc::make_mut(&mut spec.template);
            let a = &mut template.spec.as_mut().unwrap().containers[1];
            a.lifecycle = serde_json::from_value(json!({"preStop": {"sleep": {"seconds": 5}}})).unwrap();
        }
        said_of(&spec)
    };
    let with_order = |a: i32, b: i32| json!([{"name": "a", "stop": {"order": a}}, {"name": "b", "stop": {"order": b}}]);
    for (what, sidecars, hook, want) in [
        ("nothing special", with_order(1, 2), false, None),
        ("a hook of the first that is stopped waits for nobody", with_order(1, 2), true, None),
        ("a hook, no order", json!([{"name": "a"}, {"name": "b"}]), true, None),
        ("a hook that should wait", with_order(2, 1), true, Some("the preStop hook of sidecar a does not wait")),
        (
            "a proxy that starts first and should stop first",
            json!([{"name": "a", "start": {"before": "Init"}, "stop": {"order": 1}}, {"name": "b", "stop": {"order": 2}}]),
            false,
            Some("the kubelet can't keep stop.order: sidecar a starts before sidecar b"),
        ),
    ] {
        let said = said(sidecars, hook);
        assert_eq!(said.len(), usize::from(want.is_some()), "{what}: {said:?}");
        assert!(want.is_none_or(|want| said[0].contains(want)), "{what}: {said:?}");
    }
}

#[test]
fn it_is_said_with_the_first_status_and_never_again() {
    let spec = json!({"sidecars": [{"name": "side", "start": {"until": "Ready"}}]});
    let seen = job_with(spec).pods([crate::engine::tests::fixture::pod(0)]);
    let limits = |seen: &crate::engine::observed::Observed| {
        seen.decide(10).events.iter().filter(|e| e.reason == "SidecarLimit").count()
    };
    assert_eq!(limits(&seen), 1);
    let later = seen.stored(10).pods([crate::engine::tests::fixture::pod(0).main_exits(0, 12)]);
    assert_eq!(limits(&later), 0);
}
