//! What do the rules of our CRDs cost an API server at each write? Bytes that Kubernetes' own validator allocates for them
//! (tests/write_cost/main.go), never times, so the figures are the same on every machine.
//!
//! An API server evaluates rules at each write of a status too; a rule in the wrong place costs more than the rest of the write
//! (docs/adr/0046). What whole writes cost is measured by `make bench`.

mod go_program;
mod piped;

use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};

/// A write of an object, and how many kB the rules may allocate at most.
struct Write {
    name: &'static str,
    before: Value,
    after: Value,
    at_most: u64,
}

#[derive(Deserialize)]
struct Cost {
    bytes: u64,
    cost: u64,
    refused: Vec<String>,
}

fn run() -> Value {
    json!({"suspend": true, "sidecars": [{"name": "proxy"}], "template": {"spec": {
        "restartPolicy": "Never",
        "containers": [
            {"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", "true"], "resources": {"requests": {"cpu": "10m"}}},
            {"name": "proxy", "image": "busybox:1.37", "args": ["x"], "env": [{"name": "A", "value": "b"}]}
        ]
    }}})
}

fn object(kind: &str, spec: Value, status: Value) -> Value {
    let metadata = json!({"name": "x", "labels": {"app": "x"}, "creationTimestamp": "2026-01-01T00:00:00Z"});
    json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec, "status": status})
}

/// Writes in the life of an object of a kind: the create, two statuses by the controller, two changes by a user.
fn writes(kind: &str, spec: &Value, statuses: [Value; 3], at_most: [u64; 5]) -> Vec<Write> {
    let [first, grown, counted] = statuses.map(|status| object(kind, spec.clone(), status));
    let mut created = first.clone();
    created.as_object_mut().expect("an object").remove("status");
    let (mut labelled, mut resumed) = (grown.clone(), grown.clone());
    labelled["metadata"]["labels"]["app"] = json!("y");
    resumed["spec"]["suspend"] = json!(false);
    let names = ["create", "a field more in the status", "another number in the status", "a label", "a resume"];
    let pairs = [
        (Value::Null, created),
        (first, grown.clone()),
        (grown.clone(), counted),
        (grown.clone(), labelled),
        (grown, resumed),
    ];
    let all = names.into_iter().zip(pairs).zip(at_most);
    all.map(|((name, (before, after)), at_most)| Write { name, before, after, at_most }).collect()
}

fn costs(writes: &[Write]) -> Vec<Cost> {
    let crds = concat!(env!("CARGO_MANIFEST_DIR"), "/crds");
    let writes: Vec<Value> = writes.iter().map(|write| json!({"before": write.before, "after": write.after})).collect();
    let out = piped::output(
        &mut Command::new(go_program::build("write_cost")),
        &json!({"crds": crds, "writes": writes}).to_string(),
    );
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("an answer for each write")
}

/// Compares each write with what the rules may allocate: a tenth more than measured, since Go's versions differ. A quarter less
/// shows too, so that the bounds stay true.
fn check(writes: Vec<Write>) {
    let costs = costs(&writes);
    assert_eq!(costs.len(), writes.len());
    let mut wrong = Vec::new();
    for (write, Cost { bytes, cost, refused }) in writes.iter().zip(costs) {
        assert_eq!(refused, [""; 0], "{}", write.name);
        let (kb, at_most) = (bytes.div_ceil(1000), write.at_most);
        let line = format!("{}: {kb} kB, of {at_most} kB; CEL counts {cost}", write.name);
        println!("{line}");
        if kb > at_most || kb * 4 < at_most * 3 {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs Go: run make test"]
fn the_rules_of_a_run_allocate_no_more_than_this_at_each_write() {
    let status = |active: u32| json!({"startTime": "2026-01-01T00:00:00Z", "active": active});
    let mut ready = status(1);
    ready["ready"] = json!(1);
    let mut counted = ready.clone();
    counted["ready"] = json!(0);
    check(writes("SidecarJob", &run(), [status(1), ready, counted], [325, 145, 310, 2080, 2920]));
}

#[test]
#[ignore = "needs Go: run make test"]
fn the_rules_of_a_schedule_allocate_no_more_than_this_at_each_write() {
    let spec = json!({"schedule": "0 0 1 1 *", "suspend": true, "jobTemplate": {"spec": run()}});
    let status = |time: &str| json!({"lastScheduleTime": time});
    let grown = |time: &str| json!({"lastScheduleTime": time, "lastSuccessfulTime": time});
    let statuses = [status("2026-01-01T00:00:00Z"), grown("2026-01-01T00:00:00Z"), grown("2026-01-01T00:01:00Z")];
    check(writes("SidecarCronJob", &spec, statuses, [350, 160, 190, 1200, 1200]));
}
