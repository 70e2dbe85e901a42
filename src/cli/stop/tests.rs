//! What does stop change, and what does it remember?

use super::*;

fn stopped(spec: Value) -> (Value, Value) {
    let patch = patch(&json!({"spec": spec}), "ann", "2026-11-24T01:00:00Z".parse().unwrap());
    let record = patch["metadata"]["annotations"][labels::STOPPED_BY].as_str().unwrap();
    (patch["spec"].clone(), serde_json::from_str(record).unwrap())
}

#[test]
fn a_run_ends_at_once_keeps_its_pods_and_remembers_its_spec() {
    let before = json!({"activeDeadlineSeconds": 3600, "endedPods": "Delete"});
    let (spec, record) = stopped(before.clone());
    assert_eq!(spec, json!({"activeDeadlineSeconds": 0, "endedPods": "Keep"}));
    assert_eq!(record, json!({"user": "ann", "time": "2026-11-24T01:00:00Z", "before": before}));
    let (spec, record) = stopped(json!({"suspend": true}));
    assert_eq!(spec["suspend"], json!(false), "a suspended run has no deadline");
    assert_eq!(record["before"], json!({"activeDeadlineSeconds": null, "endedPods": null}));
}

#[test]
fn only_a_deadline_of_zero_with_our_record_is_a_stop() {
    let with = |deadline: Value, record: Value| json!({"spec": {"activeDeadlineSeconds": deadline}, "metadata": {"annotations": {labels::STOPPED_BY: record}}});
    for (deadline, record, expected) in
        [(json!(0), json!("{}"), true), (json!(0), json!(null), false), (json!(60), json!("{}"), false)]
    {
        assert_eq!(is_stopped(&with(deadline.clone(), record)), expected, "{deadline}");
    }
}

#[test]
fn other_kinds_are_refused_with_the_command_that_fits() {
    let cluster = Cluster { namespace: None, kubeconfig: None, context: None };
    for (target, said) in [
        ("etl", None),
        ("sccj/nightly", Some("kubectl sidecarjob suspend sccj/nightly ends it for now")),
        ("cj/nightly", Some("kubectl sidecarjob suspend cj/nightly ends it for now")),
        ("job/etl", Some("kubectl sidecarjob suspend job/etl or kubectl delete")),
        ("pod/etl", Some("kubectl delete ends Pod etl")),
    ] {
        let sentence = other_kind(&target.parse().unwrap(), &cluster);
        assert_eq!(sentence.is_some(), said.is_some(), "{target}");
        assert!(sentence.unwrap_or_default().contains(said.unwrap_or_default()), "{target}");
    }
}
