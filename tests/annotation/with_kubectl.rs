//! "As any other Job": what people do with kubectl to an annotated Job and to its Pod while that runs.

use std::process::Output;

use serde_json::{Value, json};

use super::support::{World, eventually, policy::Policy, world_without_controller};
use super::{SIDE, annotation, complete, container, inits, job, plain, pod_of};

/// What it wrote on both streams; it has to succeed.
fn said(out: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{text}");
    text
}

fn objects() -> [Value; 2] {
    let work = container("work", "until test -e /tmp/go; do sleep 0.1; done");
    let job = job("x", Some("work"), &[work, container("side", SIDE)], json!({}));
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "x"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": job["spec"]}}});
    [job, cron]
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn kubectl_apply_says_the_same_twice_and_a_dry_run_leaves_nothing() {
    world_without_controller("twice", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        for object in objects() {
            let yaml = object.to_string();
            let run = |args: &[&str]| said(&w.kubectl(&[args, &["-f", "-"]].concat(), &yaml));
            let warned = "These run as native sidecars: side. ";
            assert!(run(&["apply", "--dry-run=server"]).contains(warned));
            assert!(!w.kubectl(&["get", "-f", "-"], &yaml).status.success(), "a dry run leaves nothing");
            assert!(run(&["apply"]).contains(warned));
            let again = run(&["apply"]);
            assert!(again.trim_end().ends_with("/x unchanged"), "nothing is new, nothing is said: {again}");
            assert_eq!(run(&["diff"]), "");
            // another way of applying changes no template either, which a Job would refuse
            for _ in 0..2 {
                let again = run(&["apply", "--server-side", "--force-conflicts"]);
                assert!(again.trim_end().ends_with("/x serverside-applied") && !again.contains(warned), "{again}");
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn kubectl_changes_and_debugs_a_running_pod_as_any_other() {
    world_without_controller("running", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        said(&w.kubectl(&["create", "-f", "-"], &objects()[0].to_string()));
        let name = pod_of(&w, "x").await.metadata.name.expect("named");
        w.kubectl_ok(&["wait", "pod", &name, "--for=condition=Ready", "--timeout=60s"], "");
        w.kubectl_ok(&["label", "pod", &name, "a=b"], "");
        // a running Pod's containers can't be moved any more, so neither does the annotation mean anything
        w.kubectl_ok(&["annotate", "pod", &name, "sidecarjob.dev/main=nobody", "--overwrite"], "");
        w.kubectl_ok(&["annotate", "pod", &name, "sidecarjob.dev/main=work", "--overwrite"], "");
        w.kubectl_ok(&["label", "job", "x", "a=b"], "");
        w.kubectl_ok(
            &["debug", &name, "--image=busybox:1.37", "--target=work", "--container=debugger", "--", "true"],
            "",
        );
        debugged(&w, &name).await;
        w.kubectl_ok(
            &["debug", &name, "--image=busybox:1.37", "--copy-to=copy", "--container=debugger", "--", "true"],
            "",
        );
        let copy = w.pods().get("copy").await.expect("the copy");
        assert_eq!((plain(&copy), inits(&copy)), (vec!["work", "debugger"], vec!["side*".to_string()]));
        w.kubectl_ok(&["delete", "pod", "copy", "--now"], "");
        w.kubectl_ok(&["exec", &name, "-c", "work", "--", "touch", "/tmp/go"], "");
        let pod = complete(&w, "x").await;
        assert_eq!((plain(&pod), inits(&pod)), (vec!["work"], vec!["side*".to_string()]));
        assert_eq!(annotation(&pod, "moved"), Some("side"));
        assert!(w.logs(&pod, "side").await.contains("drained"));
    })
    .await;
}

/// Waits until the ephemeral container has ended well.
async fn debugged(w: &World, name: &str) {
    eventually("the ephemeral container has run", || async {
        let status = w.pods().get(name).await.ok()?.status?.ephemeral_container_statuses?.pop()?;
        (status.state?.terminated?.exit_code == 0).then_some(())
    })
    .await;
}
