//! What is left of an object when it becomes a new SidecarJob?

use super::*;

fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap()
}

/// A Job as the API server and kubectl left it.
const JOB: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: etl
  namespace: ns
  uid: 1234
  labels: {team: a, batch.kubernetes.io/controller-uid: 1234, batch.kubernetes.io/job-name: etl, job-name: etl}
  annotations:
    note: b
    sidecarjob.dev/sidecars: proxy
    sidecarjob.dev/main: work
    batch.kubernetes.io/job-tracking: ""
    batch.kubernetes.io/cronjob-scheduled-timestamp: "2026-01-01T00:00:00Z"
    kubectl.kubernetes.io/last-applied-configuration: "{}"
  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: 5678, controller: true}]
spec:
  parallelism: 2
  completions: 4
  completionMode: Indexed
  backoffLimit: 6
  suspend: false
  manualSelector: false
  managedBy: kubernetes.io/job-controller
  podReplacementPolicy: TerminatingOrFailed
  selector: {matchLabels: {batch.kubernetes.io/controller-uid: 1234}}
  template:
    metadata:
      creationTimestamp: null
      labels: {app: etl, batch.kubernetes.io/controller-uid: 1234, controller-uid: 1234, job-name: etl}
      annotations: {sidecarjob.dev/main: work}
    spec:
      restartPolicy: Never
      containers: [{name: work, image: etl}, {name: proxy, image: proxy}]
status: {succeeded: 4}
"#;

#[test]
fn a_job_becomes_a_sidecarjob_without_what_the_server_set() {
    let expected: Value = yaml(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {labels: {team: a}, annotations: {note: b}}
spec:
  sidecars: [{name: proxy}]
  mainContainers: {names: [work]}
  parallelism: 2
  completions: 4
  completionMode: Indexed
  backoffLimit: 6
  suspend: false
  podReplacementPolicy: TerminatingOrFailed
  template:
    metadata: {labels: {app: etl}}
    spec:
      restartPolicy: Never
      containers: [{name: work, image: etl}, {name: proxy, image: proxy}]
"#,
    );
    assert_eq!(job(&yaml(JOB)), expected);
}

#[test]
fn a_cronjob_gives_its_template_and_not_its_schedule() {
    let cron: CronJob = yaml(
        r#"
metadata: {name: nightly, labels: {of: the-schedule}}
spec:
  schedule: "0 2 * * *"
  jobTemplate:
    metadata: {labels: {team: a}, annotations: {sidecarjob.dev/sidecars: proxy}}
    spec:
      backoffLimit: 2
      template: {spec: {restartPolicy: Never, containers: [{name: work}, {name: proxy}]}}
"#,
    );
    let made = cronjob(&cron);
    assert_eq!(made["metadata"], json!({"labels": {"team": "a"}, "annotations": {}}));
    assert_eq!((&made["spec"]["backoffLimit"], &made["spec"]["sidecars"]), (&json!(2), &json!([{"name": "proxy"}])));
    assert_eq!(made["spec"]["template"]["spec"]["containers"][0]["name"], "work");
}

/// The new run of a run with these annotations and this spec.
fn again(annotations: Value, spec: Value) -> Value {
    sidecarjob(&json!({
        "metadata": {"name": "etl", "uid": "u", "resourceVersion": "7", "finalizers": ["x"], "annotations": annotations,
                     "ownerReferences": [{"kind": "SidecarCronJob"}],
                     "labels": {"team": "a", labels::SCHEDULE: "nightly"}},
        "spec": spec, "status": {"succeeded": 1}
    }))
}

#[test]
fn a_sidecarjob_becomes_another_run_that_belongs_to_nobody() {
    let made =
        again(json!({"note": "b", labels::STARTED_BY: "{}", labels::LAST_APPLIED: "{}"}), json!({"new": {"a": 1}}));
    let metadata = json!({"labels": {"team": "a"}, "annotations": {"note": "b"}});
    let expected = json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": metadata, "spec": {"new": {"a": 1}}});
    assert_eq!(made, expected, "with the fields that this program does not know");
}

#[test]
fn a_run_that_was_stopped_runs_again_as_it_was() {
    let stopped = |before: Value| json!({labels::STOPPED_BY: json!({"user": "ann", "before": before}).to_string()});
    let both = json!({"activeDeadlineSeconds": 3600, "endedPods": "Delete"});
    let neither = json!({"activeDeadlineSeconds": null, "endedPods": null});
    for (what, annotations, spec, expected) in [
        ("never stopped", json!({}), json!({"activeDeadlineSeconds": 0}), json!({"activeDeadlineSeconds": 0})),
        ("stopped", stopped(both.clone()), json!({"activeDeadlineSeconds": 0, "endedPods": "Keep"}), both.clone()),
        (
            "stopped without a deadline",
            stopped(neither),
            json!({"activeDeadlineSeconds": 0, "endedPods": "Keep"}),
            json!({}),
        ),
        ("changed since", stopped(both), json!({"activeDeadlineSeconds": 60}), json!({"activeDeadlineSeconds": 60})),
        (
            "no record",
            json!({labels::STOPPED_BY: "x"}),
            json!({"activeDeadlineSeconds": 0}),
            json!({"activeDeadlineSeconds": 0}),
        ),
        ("a strange record", json!({labels::STOPPED_BY: "5"}), json!({"activeDeadlineSeconds": 0}), json!({})),
    ] {
        assert_eq!(again(annotations, spec)["spec"], expected, "{what}");
    }
}
