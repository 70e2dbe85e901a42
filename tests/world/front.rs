//! What the program under test finds in front of it when a test runs the program itself: a kubeconfig for the test's API
//! server, and what that API server says first.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A kubeconfig with that name, for the API server at that address.
pub fn kubeconfig(name: &str, url: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kubeconfig-{name}"));
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}]
    });
    std::fs::write(&file, config.to_string()).expect("written");
    file
}

/// The answer to `/version`.
pub fn version() -> Value {
    json!({"major": "1", "minor": "37", "gitVersion": "v1.37.0", "gitCommit": "", "gitTreeState": "", "buildDate": "",
           "goVersion": "", "compiler": "", "platform": ""})
}

/// A run of more Pods than any test waits for, or than can be made within any grace.
pub fn endless_run() -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "metadata": {"name": "many", "namespace": "ns", "uid": "u", "resourceVersion": "4", "generation": 1},
        "spec": {
            "completions": 100_000, "parallelism": 100_000,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}}
        }
    })
}

/// Waits until that holds.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await; // the interval of asking
    }
}
