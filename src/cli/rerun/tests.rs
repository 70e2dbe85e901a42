//! Which run does a rerun create, and which is refused?

use super::*;
use crate::api::labels;

fn run(end: &str, spec: Value, completed: Value) -> Value {
    json!({
        "metadata": {"name": "etl", "labels": {"team": "a"}}, "spec": spec,
        "status": {"conditions": [{"type": end, "status": "True"}], "completedIndexes": completed}
    })
}

fn again_of(run: &Value, failed_indexes: bool) -> Result<Value, String> {
    let cluster = Cluster { namespace: None, kubeconfig: None, context: None };
    again(run, &"etl".parse().unwrap(), failed_indexes, &cluster)
}

#[test]
fn a_rerun_has_the_same_spec_and_may_leave_out_what_succeeded() {
    let indexed = json!({"completionMode": "Indexed", "completions": 5});
    let with = |completed: &str| json!({"completionMode": "Indexed", "completions": 5, "completedIndexes": completed});
    for (what, run, failed_indexes, expected) in [
        (
            "all of a Failed run",
            run("Failed", json!({"backoffLimit": 2}), json!(null)),
            false,
            json!({"backoffLimit": 2}),
        ),
        ("all of a Complete run", run("Complete", json!({}), json!(null)), false, json!({})),
        ("all indexes", run("Failed", indexed.clone(), json!("0-2")), false, indexed.clone()),
        ("the indexes that failed", run("Failed", indexed.clone(), json!("0-2")), true, with("0-2")),
        ("where each index failed", run("Failed", indexed.clone(), json!(null)), true, indexed.clone()),
        ("a rerun again, with more that succeeded", run("Failed", with("0-1"), json!("0-3")), true, with("0-3")),
    ] {
        assert_eq!(again_of(&run, failed_indexes).map(|object| object["spec"].clone()), Ok(expected), "{what}");
    }
}

#[test]
fn all_indexes_run_again_also_of_a_run_that_had_only_the_failed_ones() {
    let spec = |completed: Option<&str>| match completed {
        Some(completed) => json!({"completionMode": "Indexed", "completions": 5, "completedIndexes": completed}),
        None => json!({"completionMode": "Indexed", "completions": 5}),
    };
    for (what, before, failed_indexes, expected) in [
        ("all indexes", json!({"before": {"completedIndexes": null}}), false, None),
        ("the indexes that its author left out", json!({"before": {"completedIndexes": "0"}}), false, Some("0")),
        ("only those that failed again", json!({"before": {"completedIndexes": null}}), true, Some("0-3")),
        ("a spec that nobody changed", json!({}), false, Some("0-2")),
    ] {
        let mut run = run("Failed", spec(Some("0-2")), json!("0-3"));
        run["metadata"]["annotations"] = json!({labels::STARTED_BY: before.to_string()});
        let object = again_of(&run, failed_indexes).unwrap();
        assert_eq!(object["spec"], spec(expected), "{what}");
    }
    let mut second = run("Failed", spec(Some("0-2")), json!("0-3"));
    let record = json!({"before": {"completedIndexes": null}}).to_string();
    second["metadata"]["annotations"] = json!({labels::STARTED_BY: record});
    let kept = from::record_before_rerun(&from::sidecarjob(&second)["spec"]);
    assert_eq!(kept, json!({"completedIndexes": null}), "the third run knows what the first one had");
}

#[test]
fn what_can_not_run_again_is_told_with_what_can_be_done() {
    let indexed = json!({"completionMode": "Indexed", "completions": 5});
    let long = "1,".repeat(COMPLETED_INDEXES_MAX / 2) + "1";
    for (what, run, said) in [
        (
            "a run that is not over",
            run("SuccessCriteriaMet", json!({}), json!(null)),
            "kubectl sidecarjob stop etl ends it",
        ),
        ("a run without indexes", run("Failed", json!({}), json!(null)), "SidecarJob etl has no indexes"),
        ("a run that did not fail", run("Complete", indexed.clone(), json!("0-4")), "no index of it has failed"),
        ("a list that is too long", run("Failed", indexed, json!(long)), "rerun without --failed-indexes"),
    ] {
        let error = again_of(&run, true).expect_err(what);
        assert!(error.contains(said), "{what}: {error}");
    }
}

#[test]
fn a_rerun_of_a_rerun_has_the_next_number() {
    let record = json!({RERUN_OF: "etl"}).to_string();
    let with = |record: &str| json!({"metadata": {"annotations": {labels::STARTED_BY: record}}});
    for (own, run, expected) in [
        ("etl", json!({}), Name::Rerun("etl".into(), 1)),
        ("etl-r2", with(&record), Name::Rerun("etl".into(), 3)),
        ("etl-r2", json!({}), Name::Rerun("etl-r2".into(), 1)),
        ("etl-r2", with("x"), Name::Rerun("etl-r2".into(), 1)),
        ("etl-rx", with(&record), Name::Rerun("etl-rx".into(), 1)),
    ] {
        assert_eq!(name(&run, own), expected, "{own}");
    }
}
