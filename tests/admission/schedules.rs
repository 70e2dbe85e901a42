//! What who writes a SidecarCronJob is told: it is taken, with a warning.

use serde_json::{Value, json};

use super::{merge, valid};
use crate::support::{World, policy::Policy, world_without_controller};

fn schedule(changes: Value) -> Value {
    let mut object = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "metadata": {"name": "x"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": valid("x")["spec"]}}
    });
    merge(&mut object["spec"], changes);
    if object["spec"]["schedule"].is_null() {
        object["spec"].as_object_mut().expect("an object").remove("schedule");
    }
    object
}

/// What kubectl prints as warnings.
fn warnings(w: &World, args: &[&str], object: &Value) -> String {
    let out = w.kubectl(&[args, &["-f", "-"]].concat(), &object.to_string());
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{object}: {text}");
    text
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_schedule_that_does_something_else_than_it_says_is_taken_with_a_warning() {
    world_without_controller("advice", |w| async move {
        let dry_run = ["create", "--dry-run=server"];
        let annotated = |key: &str| json!({"jobTemplate": {"metadata": {"annotations": {key: "manual"}}}});
        let in_force = |w: &World| {
            let out = w.kubectl(
                &[&dry_run[..], &["-f", "-"]].concat(),
                &schedule(json!({"schedule": "@every 5s"})).to_string(),
            );
            String::from_utf8_lossy(&out.stderr).contains("Warning")
        };
        let _policy = Policy::install(&w, "admission", in_force).await;
        for (changes, words) in [
            (json!({"schedule": "@every 5s"}), Some("@every 5s runs once a minute at most")),
            (json!({"schedule": "@every 0.5m"}), Some("@every 0.5m runs once a minute at most")),
            (json!({"schedule": null, "schedules": ["@every 59s"]}), Some("@every 59s runs once a minute at most")),
            (json!({"schedule": "@every 1m"}), None),
            (json!({"schedule": "@every 1h30m"}), None),
            (json!({"schedule": "*/5 * * * *"}), None),
            (
                annotated("cronjob.kubernetes.io/instantiate"),
                Some("cronjob.kubernetes.io/instantiate is left out of the runs"),
            ),
            (annotated("batch.kubernetes.io/cronjob-scheduled-timestamp"), Some("is left out of the runs")),
            (annotated("sidecarjob.dev/started-by"), Some("sidecarjob.dev/started-by is left out of the runs")),
            (annotated("example.com/mine"), None),
            (
                json!({"jobTemplate": {"metadata": {"labels": {"sidecarjob.dev/schedule": "other"}}}}),
                Some("sidecarjob.dev/schedule is set by the controller"),
            ),
        ] {
            let said = warnings(&w, &dry_run, &schedule(changes.clone()));
            assert_eq!(said.lines().count(), usize::from(words.is_some()), "{changes}: {said}");
            assert!(said.contains(words.unwrap_or_default()), "{changes}: {said}");
        }
        warnings(&w, &["create"], &schedule(json!({"schedule": "@every 5s"})));
        w.kubectl_ok(&["label", "sccj", "x", "a=b"], "");
        let changed = schedule(json!({"schedule": "@every 6s"}));
        assert!(warnings(&w, &["replace"], &changed).contains("@every 6s runs once"), "a change is looked at");
        assert_eq!(warnings(&w, &["replace"], &changed), "", "nothing is new");
    })
    .await;
}
