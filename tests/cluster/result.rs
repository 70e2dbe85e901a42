//! "The result comes from the main containers alone."

use sidecarjob::api::Phase;

use crate::support::{is_true, world};

/// A SidecarJob with one main container and one sidecar.
fn job(name: &str, more: &str, main: &str, sidecar: &str) -> String {
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
  sidecars: [{{name: side}}]
{more}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"]}}
      - {{name: side, image: "busybox:1.37", command: [sh, -c, "{sidecar}"]}}
"#
    )
}

const STAYS: &str = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
const FAILS_ON_TERM: &str = "trap 'exit 7' TERM; while :; do sleep 0.1; done";

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_fails_when_it_is_stopped_fails_nothing() {
    world("sidefail", &[], |w| async move {
        w.apply(&job("native", "  backoffLimit: 0", "exit 0", FAILS_ON_TERM)).await;
        w.apply(&job("managed", "  backoffLimit: 0\n  sidecarMode: Managed", "exit 0", FAILS_ON_TERM)).await;
        for name in ["native", "managed"] {
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(status.phase, Some(Phase::Complete), "{name}");
            assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)), "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_restarts_counts_into_nothing_even_with_on_failure_and_no_retries() {
    world("siderestart", &[], |w| async move {
        let once = "test -f /c/again || { touch /c/again; exit 1; }; trap 'exit 0' TERM; while :; do sleep 0.1; done";
        let waits = "until test -f /c/again; do sleep 0.1; done; sleep 3";
        let yaml = job("restarts", "  backoffLimit: 0", waits, once)
            .replace("restartPolicy: Never", "restartPolicy: OnFailure\n      volumes: [{name: c, emptyDir: {}}]")
            .replace("image: \"busybox:1.37\",", "image: \"busybox:1.37\", volumeMounts: [{name: c, mountPath: /c}],");
        w.apply(&yaml).await;
        let status = w.until("restarts", "finished", |s| is_true(s, "Finished")).await;
        assert_eq!((status.phase, status.failed), (Some(Phase::Complete), Some(0)));
        let pod = &w.pods_of("restarts").await[0];
        let sidecar = &pod.status.as_ref().and_then(|s| s.init_container_statuses.as_ref()).expect("a sidecar")[0];
        assert!(sidecar.restart_count > 0, "the sidecar did restart: {sidecar:?}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_fails_is_retried_up_to_the_limit() {
    world("mainfail", &["--pod-failure-backoff=100ms"], |w| async move {
        w.apply(&job("fails", "  backoffLimit: 2", "exit 3", STAYS)).await;
        let failed = w.condition("fails", "Failed").await;
        assert_eq!(failed.reason, "BackoffLimitExceeded");
        let status = w.until("fails", "counted", |s| s.failed == Some(3)).await;
        assert_eq!(status.succeeded, Some(0));
        assert!(is_true(&status, "Stalled") && is_true(&status, "FailureTarget") && is_true(&status, "Finished"));
        assert_eq!(w.pods_of("fails").await.len(), 3, "three Pods, whose logs are there to read");
        assert_eq!(w.event("fails", "BackoffLimitExceeded").await, failed.message);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_result_is_written_before_the_sidecars_have_drained() {
    world("first", &[], |w| async move {
        let drains = "trap 'until test -f /c/go; do sleep 0.1; done; exit 0' TERM; while :; do sleep 0.1; done";
        let yaml = job("drains", "", "exit 0", drains)
            .replace(
                "terminationGracePeriodSeconds: 5",
                "terminationGracePeriodSeconds: 100\n      volumes: [{name: c, emptyDir: {}}]",
            )
            .replace("name: side,", "name: side, volumeMounts: [{name: c, mountPath: /c}],");
        w.apply(&yaml).await;
        let status = w.until("drains", "result known", |s| is_true(s, "SuccessCriteriaMet")).await;
        assert_eq!((status.phase, status.stopping, status.active), (Some(Phase::Stopping), Some(1), Some(1)));
        assert!(status.main_finished_time.is_some() && status.completion_time.is_none());
        let pod = w.pods_of("drains").await.remove(0).metadata.name.expect("named");
        w.kubectl_ok(&["exec", &pod, "-c", "side", "--", "touch", "/c/go"], "");
        let end = w.until("drains", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!(end.main_finished_time, status.main_finished_time, "what was said stays");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_managed_sidecar_is_stopped_its_pod_and_logs_stay() {
    world("managed", &[], |w| async move {
        let flushes = "trap 'echo flushed; exit 0' TERM; while :; do sleep 0.1; done";
        w.apply(&job("managed", "  sidecarMode: Managed", "exit 0", flushes)).await;
        w.until("managed", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let pods = w.pods_of("managed").await;
        assert!(w.logs(&pods[0], "side").await.contains("flushed"));
        assert!(w.event("managed", "SidecarStopRequested").await.contains(&pods[0].metadata.name.clone().unwrap()));
    })
    .await;
}
