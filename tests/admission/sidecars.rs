//! How sidecars start and stop: one way each, numbers in their bounds, and what a mode can do at all.

use serde_json::{Value, json};

use super::created;

/// A run whose sidecar has those fields besides its name.
fn sidecar(fields: Value) -> Value {
    let mut sidecar = json!({"name": "side"});
    super::merge(&mut sidecar, fields);
    json!({"spec": {"sidecars": [sidecar]}})
}

fn managed(fields: Value) -> Value {
    let mut object = sidecar(fields);
    object["spec"]["sidecarMode"] = json!("Managed");
    object
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn how_sidecars_start_and_stop() {
    let start = json!({"before": "Init", "until": "Ready", "deadlineSeconds": 60});
    let http = json!({"port": 15020});
    let cases = vec![
        ("all of a start", sidecar(json!({"start": start})), None),
        ("all of a stop", sidecar(json!({"stop": {"order": -3, "gracePeriodSeconds": 9, "http": http}})), None),
        ("an unknown place", sidecar(json!({"start": {"before": "Lunch"}})), Some("start.before: Unsupported value")),
        ("an unknown gate", sidecar(json!({"start": {"until": "Happy"}})), Some("start.until: Unsupported value")),
        (
            "no time to start",
            sidecar(json!({"start": {"deadlineSeconds": 0}})),
            Some("start.deadlineSeconds: Invalid value"),
        ),
        (
            "before init containers as a plain one",
            managed(json!({"start": {"before": "Init"}})),
            Some("start.before is Init and spec.sidecarMode is Managed"),
        ),
        (
            "a gate for a plain one",
            managed(json!({"start": {"until": "Ready"}})),
            Some("start.until is Ready and spec.sidecarMode is Managed"),
        ),
        ("a deadline for a plain one", managed(json!({"start": {"deadlineSeconds": 5}})), None),
        ("two ways", sidecar(json!({"stop": {"http": http, "signal": "SIGTERM"}})), Some("at most one may be given")),
        (
            "a recipe and a way",
            sidecar(json!({"stop": {"http": http, "recipe": "istio"}})),
            Some("at most one may be given"),
        ),
        ("no port", sidecar(json!({"stop": {"http": {"path": "/x"}}})), Some("stop.http.port: Required value")),
        ("port 0", sidecar(json!({"stop": {"http": {"port": 0}}})), Some("stop.http.port: Invalid value")),
        (
            "a path without a slash",
            sidecar(json!({"stop": {"http": {"port": 1, "path": "quit"}}})),
            Some("stop.http.path: Invalid value"),
        ),
        (
            "an unknown method",
            sidecar(json!({"stop": {"http": {"port": 1, "method": "SING"}}})),
            Some("stop.http.method: Unsupported value"),
        ),
        ("no command", sidecar(json!({"stop": {"exec": {"command": []}}})), Some("stop.exec.command: Invalid value")),
        (
            "a signal that does nothing",
            sidecar(json!({"stop": {"signal": "SIGKILL"}})),
            Some("stop.signal: Unsupported value"),
        ),
        (
            "no grace",
            sidecar(json!({"stop": {"gracePeriodSeconds": 0}})),
            Some("stop.gracePeriodSeconds: Invalid value"),
        ),
        ("an order beyond all", sidecar(json!({"stop": {"order": 1001}})), Some("stop.order: Invalid value")),
        ("restarts below none", sidecar(json!({"maxRestarts": -1})), Some("maxRestarts: Invalid value")),
        (
            "a field that is not there",
            sidecar(json!({"stop": {"http": {"port": 1, "verb": "x"}}})),
            Some("unknown field"),
        ),
        ("any main container", json!({"spec": {"mainContainers": {"require": "Any"}}}), None),
        ("some of them", json!({"spec": {"mainContainers": {"require": "Some"}}}), Some("require: Unsupported value")),
    ];
    created("sidecars", cases).await;
}
