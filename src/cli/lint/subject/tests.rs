//! "Which role has a container": a table of objects.

use serde_json::{Value, json};

use super::*;

/// The names with their roles.
fn roles(object: &Value) -> Vec<(&str, Role)> {
    Subject::of(object).expect("a kind that lint knows").containers.iter().map(|c| (c.name, c.role)).collect()
}

/// `work` and `side` are plain containers, `setup` and `mesh` init containers, of which `mesh` is always restarted.
fn object(version: &str, kind: &str, spec: Value, annotations: Value) -> Value {
    let pod = json!({
        "containers": [{"name": "work"}, {"name": "side"}],
        "initContainers": [{"name": "setup"}, {"name": "mesh", "restartPolicy": "Always"}]
    });
    let mut run = json!({"template": {"metadata": {"annotations": annotations}, "spec": pod}});
    run.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    let spec = if kind.contains("Cron") { json!({"jobTemplate": {"spec": run}}) } else { run };
    json!({"apiVersion": version, "kind": kind, "metadata": {"name": "etl"}, "spec": spec})
}

#[test]
fn roles_come_from_the_spec_the_annotations_and_restart_policy() {
    use Role::{Init, Main, Sidecar};
    let (batch, ours) = ("batch/v1", "sidecarjob.dev/v1alpha1");
    let named = |label: &str, names: &str| json!({label: names});
    let managed = json!({"managedBy": labels::CONTROLLER});
    let rows = [
        ("a Job", object(batch, "Job", json!({}), json!({})), [Main, Main]),
        ("a CronJob", object(batch, "CronJob", json!({}), json!({})), [Main, Main]),
        ("the annotation", object(batch, "Job", json!({}), named(labels::MAIN, "work")), [Main, Sidecar]),
        ("sidecars that nobody reads", object(batch, "Job", json!({}), named(labels::SIDECARS, "side")), [Main, Main]),
        ("sidecars of a managed Job", object(batch, "Job", managed, named(labels::SIDECARS, "side")), [Main, Sidecar]),
        (
            "a SidecarJob",
            object(ours, "SidecarJob", json!({"sidecars": [{"name": "side"}]}), json!({})),
            [Main, Sidecar],
        ),
        (
            "named main containers",
            object(ours, "SidecarCronJob", json!({"mainContainers": {"names": ["side"]}}), json!({})),
            [Sidecar, Main],
        ),
    ];
    for (case, object, [work, side]) in rows {
        let expected = [("setup", Init), ("mesh", Sidecar), ("work", work), ("side", side)];
        assert_eq!(roles(&object), expected, "{case}");
    }
}

#[test]
fn other_kinds_and_other_managers_are_told_apart() {
    let other = object("apps/v1", "Deployment", json!({}), json!({}));
    assert!(Subject::of(&other).is_none());
    assert!(Subject::of(&json!({"kind": "Job"})).is_none() && Subject::of(&json!("x")).is_none());
    assert!(Subject::of(&json!({"apiVersion": "batch.volcano.sh/v1", "kind": "Job"})).is_none(), "another group");
    let runner = |manager: Value| {
        let object = object("batch/v1", "Job", json!({"managedBy": manager}), json!({}));
        Subject::of(&object).unwrap().runner
    };
    let rows = [
        (json!(null), Runner::BuiltIn),
        (json!("kubernetes.io/job-controller"), Runner::BuiltIn),
        (json!(labels::CONTROLLER), Runner::Ours),
        (json!("kueue.x-k8s.io/multikueue"), Runner::Other),
    ];
    for (manager, expected) in rows {
        assert_eq!(runner(manager.clone()), expected, "{manager}");
    }
}
