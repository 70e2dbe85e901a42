//! Which containers decide.

use serde_json::{Value, json};

use super::*;
use crate::engine::tests::fixture::job_with;

fn roles(more: Value) -> Roles {
    let mut spec = json!({
        "sidecars": [],
        "template": {"spec": {
            "initContainers": [{"name": "setup"}, {"name": "native", "restartPolicy": "Always"}],
            "containers": [{"name": "work"}, {"name": "ffwd"}]
        }}
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    job_with(spec).job.spec.roles
}

#[test]
fn the_spec_decides_by_name() {
    let sidecar = json!([{"name": "ffwd"}]);
    for (what, spec, name, want) in [
        ("no word of sidecars", json!({}), "ffwd", Role::Main),
        ("a marked one", json!({"sidecars": sidecar}), "ffwd", Role::Sidecar),
        ("the others", json!({"sidecars": sidecar}), "work", Role::Main),
        ("named main", json!({"mainContainers": {"names": ["work"]}}), "work", Role::Main),
        ("not named main, not marked", json!({"mainContainers": {"names": ["work"]}}), "ffwd", Role::Sidecar),
        ("injected", json!({}), "istio-proxy", Role::Sidecar),
        ("injected, and the spec says Sidecar", json!({"injectedContainers": "Sidecar"}), "x", Role::Sidecar),
        ("injected, and the spec says Main", json!({"injectedContainers": "Main"}), "x", Role::Main),
        (
            "injected and marked, and the spec says Main",
            json!({"injectedContainers": "Main", "sidecars": [{"name": "x"}]}),
            "x",
            Role::Sidecar,
        ),
        (
            "injected Main beside named ones",
            json!({"injectedContainers": "Main", "mainContainers": {"names": ["work"]}}),
            "x",
            Role::Main,
        ),
    ] {
        assert_eq!(roles(spec).of_container(name), want, "{what}");
    }
}

#[test]
fn the_lists_are_in_the_order_of_the_template() {
    let roles = roles(json!({"sidecars": [{"name": "ffwd"}, {"name": "setup"}, {"name": "later"}]}));
    assert_eq!(
        (roles.main(), roles.sidecars()),
        (vec!["work"], vec!["setup", "native", "ffwd"]),
        "a native sidecar by hand is one"
    );
    assert_eq!(roles.missing(|name| roles.in_template(name)), ["later"]);
}
