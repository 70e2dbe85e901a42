//! How a Pod of plain sidecars is built, and what it can't do.

use serde_json::{Value, json};

use super::*;
use crate::engine::tests::fixture::job_with;

fn of(grace: Option<i64>, sidecar: Value) -> (Option<i64>, Vec<String>) {
    let mut side = sidecar;
    side["name"] = json!("side");
    let template = json!({"spec": {
        "terminationGracePeriodSeconds": grace, "containers": [{"name": "main"}, {"name": "side"}]
    }});
    let spec = job_with(json!({"sidecarMode": "Managed", "sidecars": [side], "template": template})).job.spec;
    let mut pod = spec.template.spec.clone().unwrap();
    let said = limits(&pod, &spec.roles, &spec.sidecars, &crate::api::recipes::built_in());
    build(&mut pod, &spec.roles, &spec.sidecars);
    (pod.termination_grace_period_seconds, said)
}

#[test]
fn the_kubelet_kills_nobody_before_its_grace_is_over() {
    for (own, grace, want) in
        [(None, 10, None), (None, 30, None), (None, 31, Some(31)), (Some(5), 6, Some(6)), (Some(60), 31, Some(60))]
    {
        assert_eq!(of(own, json!({"stop": {"gracePeriodSeconds": grace}})).0, want, "{own:?} {grace}");
    }
    assert_eq!(of(Some(7), json!({})).0, Some(7));
}

#[test]
fn what_plain_sidecars_can_not_do_is_said() {
    for (what, sidecar, want) in [
        ("a start beside main", json!({"start": {"before": "Main", "deadlineSeconds": 5}}), None),
        ("a start before init containers", json!({"start": {"before": "Init"}}), Some("start.before")),
        ("main waits", json!({"start": {"until": "Ready"}}), Some("start.until")),
        (
            "a shorter grace",
            json!({"stop": {"gracePeriodSeconds": 5}}),
            Some("gracePeriodSeconds 5 of sidecar side has no effect"),
        ),
        ("a longer one", json!({"stop": {"gracePeriodSeconds": 50}}), None),
        ("a shorter one, then the next way", json!({"stop": {"gracePeriodSeconds": 5, "http": {"port": 1}}}), None),
        ("a recipe", json!({"stop": {"recipe": "envoy"}}), None),
        ("no recipe", json!({"stop": {"recipe": "envy"}}), Some("the recipes are ")),
    ] {
        let said = of(None, sidecar).1;
        assert_eq!(said.len(), usize::from(want.is_some()), "{what}: {said:?}");
        assert!(want.is_none_or(|want| said[0].contains(want)), "{what}: {said:?}");
    }
}

#[test]
fn a_native_sidecar_that_becomes_plain_leaves_its_restart_policy_and_the_rules_beside_it() {
    let rules = json!([{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [3]}}]);
    let native = json!({"name": "native", "restartPolicy": "Always", "restartPolicyRules": rules});
    let template = json!({"spec": {"containers": [{"name": "main"}], "initContainers": [native]}});
    let spec = job_with(json!({"sidecarMode": "Managed", "sidecars": [], "template": template})).job.spec;
    let mut pod = spec.template.spec.clone().unwrap();
    build(&mut pod, &spec.roles, &spec.sidecars);
    let moved = pod.containers.iter().find(|c| c.name == "native").expect("it is plain now");
    assert_eq!((&moved.restart_policy, &moved.restart_policy_rules), (&None, &None), "rules need a policy beside them");
}
