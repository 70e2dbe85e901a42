//! "The result comes from the main containers": where batch/v1 says something else, both run side by side.

use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, job, pod, shell, standin};
use crate::support::{World, eventually, is_true, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn of_any_main_containers_the_first_success_is_the_result_and_the_others_are_stopped() {
    world("any", &[], |w| async move {
        for mode in ["Native", "Managed"] {
            let name = mode.to_lowercase();
            let spec = format!(
                "  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]\n  mainContainers: {{require: Any}}"
            );
            let containers = [shell("fast", "sleep 1"), standin("slow", "-exit 9"), standin("side", "")];
            w.apply(&job(&name, &spec, &containers)).await;
            let status = w.until(&name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!((status.phase, status.failed), (Some(Phase::Complete), Some(0)), "{mode}");
            let pod = w.pods_of(&name).await.remove(0);
            assert!(w.logs(&pod, "slow").await.contains("got TERMINATED"), "{mode}");
            assert_eq!(end(&pod, "slow").exit_code, 9, "{mode}: it ended, and decided nothing");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_is_started_again_too_often_fails_the_pod() {
    world("restarts", &[], |w| async move {
        for (name, mode) in MODES {
            let spec =
                format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side, maxRestarts: 1}}]");
            // The kubelet starts a plain container again with OnFailure only.
            let policy = if mode == "Native" { "Never" } else { "OnFailure" };
            let more = format!("      restartPolicy: {policy}\n");
            let containers = [standin("main", "-drain 1s"), shell("side", "sleep 1; exit 3")];
            w.apply(&pod(name, &spec, &more, &containers)).await;
        }
        for (name, _) in MODES {
            let failed = w.condition(name, "Failed").await;
            assert_eq!(failed.reason, "BackoffLimitExceeded", "{name}");
            assert!(w.event(name, "SidecarFailed").await.contains("maxRestarts is 1"), "{name}");
            let pod = w.pods_of(name).await.remove(0);
            assert_eq!(end(&pod, "main").exit_code, 0, "{name}: main got SIGTERM and had its time");
            assert!(w.logs(&pod, "main").await.contains("got TERMINATED"), "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_is_killed_or_crashes_during_the_drain_changes_and_retries_nothing() {
    world("drain", &[], |w| async move {
        for mode in ["Native", "Managed"] {
            let name = mode.to_lowercase();
            let spec =
                format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: crash}}, {{name: deaf}}]");
            let short = "      terminationGracePeriodSeconds: 2\n";
            let containers = [shell("main", "sleep 1"), standin("crash", "-exit 3"), standin("deaf", "-deaf")];
            w.apply(&pod(&name, &spec, short, &containers)).await;
            let status = w.until(&name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!((status.phase, status.failed), (Some(Phase::Complete), Some(0)), "{mode}");
            let pods = w.pods_of(&name).await;
            assert_eq!(pods.len(), 1, "{mode}: nothing is retried");
            assert_eq!((end(&pods[0], "crash").exit_code, end(&pods[0], "deaf").exit_code), (3, 137), "{mode}");
        }
    })
    .await;
}

/// A batch/v1 Job with a native sidecar.
async fn batch_job(w: &World, name: &str, spec: Value) -> Api<Job> {
    let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
    let object = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec});
    let object: Job = serde_json::from_value(object).expect("a Job");
    jobs.create(&PostParams::default(), &object).await.expect("the Job is created");
    jobs
}

/// How a batch/v1 Job ended, and why.
async fn batch_end(jobs: &Api<Job>, name: &str) -> (String, String) {
    eventually(&format!("{name} has ended"), || async {
        let conditions = jobs.get(name).await.ok()?.status?.conditions?;
        let end = conditions.into_iter().find(|c| c.status == "True" && ["Complete", "Failed"].contains(&&*c.type_))?;
        Some((end.type_, end.reason.unwrap_or_default()))
    })
    .await
}

/// The main container ends well when the sidecar was started again.
fn restarting() -> (String, String) {
    let mounts = ", volumeMounts: [{name: c, mountPath: /c}]";
    let main = shell("main", "until test -f /c/again; do sleep 0.1; done; sleep 3") + mounts;
    let side = "if test -f /c/once; then touch /c/again; else touch /c/once; exit 1; fi; trap 'exit 0' TERM; \
                while :; do sleep 0.1; done";
    (main, shell("side", side) + mounts)
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn restarts_of_a_sidecar_fail_a_batch_job_with_on_failure_and_backoff_limit_0_and_no_sidecarjob() {
    world("leak1", &[], |w| async move {
        let (main, side) = restarting();
        let more = "      restartPolicy: OnFailure\n      volumes: [{name: c, emptyDir: {}}]\n";
        for (name, mode) in MODES {
            let spec = format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &spec, more, &[main.clone(), side.clone()])).await;
        }
        let container = |text: &str| serde_saphyr::from_str::<Value>(&format!("{{{text}}}")).expect("a container");
        let mut native = container(&side);
        native["restartPolicy"] = json!("Always");
        let pod_spec = json!({
            "restartPolicy": "OnFailure", "volumes": [{"name": "c", "emptyDir": {}}], "terminationGracePeriodSeconds": 5,
            "containers": [container(&main)], "initContainers": [native]
        });
        let jobs = batch_job(&w, "theirs", json!({"backoffLimit": 0, "template": {"spec": pod_spec}})).await;
        let theirs = batch_end(&jobs, "theirs").await;
        assert_eq!(theirs, ("Failed".to_owned(), "BackoffLimitExceeded".to_owned()), "batch/v1 counts it");
        for (name, _) in MODES {
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!((status.phase, status.failed), (Some(Phase::Complete), Some(0)), "{name}: we do not");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_failure_policy_matches_a_sidecars_137_in_a_batch_job_and_in_no_sidecarjob() {
    world("leak2", &["--pod-failure-backoff=100ms"], |w| async move {
        // main fails once, with 1; the sidecar that is deaf to SIGTERM is killed: 137.
        let policy = "  backoffLimit: 3\n  podFailurePolicy:\n    rules:\n    - {action: FailJob, onExitCodes: \
                      {operator: In, values: [137]}}\n";
        let short = "      terminationGracePeriodSeconds: 1\n";
        let (main, side) = (shell("main", "sleep 1; exit 1"), standin("side", "-deaf"));
        for (name, mode) in MODES {
            let ours = policy.replace("backoffLimit: 3", "backoffLimit: 0");
            let ours = format!("{ours}  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &ours, short, &[main.clone(), side.clone()])).await;
        }
        let container = |text: &str| serde_saphyr::from_str::<Value>(&format!("{{{text}}}")).expect("a container");
        let mut native = container(&side);
        native["restartPolicy"] = json!("Always");
        let pod_spec = json!({
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container(&main)],
            "initContainers": [native]
        });
        let rules = json!([{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [137]}}]);
        let spec = json!({"backoffLimit": 0, "podFailurePolicy": {"rules": rules}, "template": {"spec": pod_spec}});
        let jobs = batch_job(&w, "theirs", spec).await;
        assert_eq!(batch_end(&jobs, "theirs").await, ("Failed".to_owned(), "PodFailurePolicy".to_owned()));
        for (name, _) in MODES {
            let failed = w.condition(name, "Failed").await;
            assert_eq!(failed.reason, "BackoffLimitExceeded", "{name}: main's 1 matches no rule: {}", failed.message);
            assert_eq!(end(&w.pods_of(name).await[0], "side").exit_code, 137, "{name}");
        }
    })
    .await;
}
