//! The runs of which each cost is counted, as the API server stores them: defaults are filled in.

use serde_json::{Value, json};
use sidecarjob::api::labels;

use crate::world::clock::{BEGIN, stamp};

/// One kind of run.
pub struct Kind {
    /// The head of its column.
    pub title: &'static str,
    /// What a user creates, and its plural.
    pub object: fn() -> Value,
    pub plural: &'static str,
    /// The plural of the run itself.
    pub runs: &'static str,
    /// How the Pods end: all of one attempt with the same exit code.
    pub exits: &'static [i64],
    /// After so many seconds the run begins.
    pub begins_after: u64,
}

/// All, in the order of their columns.
pub const KINDS: [Kind; 6] = [
    Kind { title: "native sidecar", object: native, ..SIDECARJOB },
    Kind { title: "managed sidecar", object: managed, ..SIDECARJOB },
    Kind { title: "batch/v1 Job", object: job, plural: "jobs", runs: "jobs", ..SIDECARJOB },
    Kind { title: "first Pod fails", object: native, exits: &[1, 0], ..SIDECARJOB },
    Kind { title: "Indexed, 10 Pods", object: indexed, ..SIDECARJOB },
    Kind { title: "schedule", object: schedule, plural: "sidecarcronjobs", begins_after: 30, ..SIDECARJOB },
];

const SIDECARJOB: Kind =
    Kind { title: "", object: native, plural: "sidecarjobs", runs: "sidecarjobs", exits: &[0], begins_after: 0 };

/// Half a minute before an hour, so that a schedule begins soon.
pub const START: i64 = BEGIN + 3_570;

/// The name of each object.
pub const NAME: &str = "nightly-etl";
const UID: &str = "5bb4a2a8-5f2c-4a53-9d4a-000000000000";

fn object(api_version: &str, kind: &str, spec: Value) -> Value {
    let created = stamp(chrono::DateTime::from_timestamp(START, 0).expect("a time"));
    json!({
        "apiVersion": api_version, "kind": kind, "spec": spec,
        "metadata": {"name": NAME, "uid": UID, "generation": 1, "creationTimestamp": created, "labels": {"app": "etl"}}
    })
}

fn sidecarjob(more: Value) -> Value {
    object("sidecarjob.dev/v1alpha1", "SidecarJob", spec(more))
}

fn spec(more: Value) -> Value {
    let mut spec = json!({
        "completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
        "sidecars": [{"name": "proxy"}], "template": template()
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
}

fn template() -> Value {
    json!({
        "metadata": {"labels": {"app": "etl"}},
        "spec": {
            "restartPolicy": "Never", "serviceAccountName": "etl",
            "containers": [
                {"name": "work", "image": "registry.example.com/team/etl:1.2.3", "command": ["python", "-m", "etl"],
                 "env": [{"name": "TABLE", "value": "orders"}], "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}},
                {"name": "proxy", "image": "registry.example.com/mesh/proxy:1.29.0", "args": ["proxy", "sidecar"]}
            ]
        }
    })
}

fn native() -> Value {
    sidecarjob(json!({}))
}

fn managed() -> Value {
    sidecarjob(json!({"sidecarMode": "Managed"}))
}

fn indexed() -> Value {
    sidecarjob(json!({"completionMode": "Indexed", "completions": 10, "parallelism": 10}))
}

fn job() -> Value {
    let uid = json!({"batch.kubernetes.io/controller-uid": UID});
    let mut spec = spec(json!({"managedBy": labels::CONTROLLER, "selector": {"matchLabels": uid}}));
    spec.as_object_mut().expect("an object").remove("sidecars");
    spec["template"]["metadata"]["labels"] = uid;
    let mut job = object("batch/v1", "Job", spec);
    job["metadata"]["annotations"] = json!({labels::SIDECARS: "proxy"});
    job["status"] = json!({});
    job
}

fn schedule() -> Value {
    let spec = json!({
        "schedule": "0 * * * *", "concurrencyPolicy": "Allow", "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": spec(json!({}))}
    });
    object("sidecarjob.dev/v1alpha1", "SidecarCronJob", spec)
}
