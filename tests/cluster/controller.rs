//! "Each Pod counts once, whatever happens to the controller."

use kube::api::DeleteParams;
use sidecarjob::api::Phase;

use crate::support::world;

const MANY: &str = r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {name: many}
spec:
  completions: 8
  parallelism: 4
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "busybox:1.37", command: [sh, -c, "sleep 1"]}]
"#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_controller_that_is_killed_again_and_again_counts_each_pod_once() {
    world("killed", &[], |mut w| async move {
        w.apply(MANY).await;
        for seen in [1, 3, 5] {
            w.until("many", "some done", |s| s.succeeded.unwrap_or(0) >= seen).await;
            w.kill_controller();
            w.start_controller();
        }
        let status = w.until("many", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((status.succeeded, status.failed), (Some(8), Some(0)));
        assert_eq!(w.pods_of("many").await.len(), 8, "no Pod was created twice");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn pods_of_a_job_that_was_deleted_while_no_controller_ran_are_let_go() {
    world("orphans", &[], |mut w| async move {
        w.apply(&MANY.replace("sleep 1", "sleep 1000")).await;
        w.until("many", "active", |s| s.active == Some(4)).await;
        w.kill_controller();
        w.jobs().delete("many", &DeleteParams::background()).await.expect("deleted");
        w.gone("many").await;
        w.start_controller();
        w.pods_gone().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_made_anew_under_the_same_name_starts_clean() {
    world("anew", &[], |w| async move {
        w.apply(&MANY.replace("sleep 1", "sleep 1000")).await;
        w.until("many", "active", |s| s.active == Some(4)).await;
        w.jobs().delete("many", &DeleteParams::background()).await.expect("deleted");
        w.gone("many").await;
        w.apply(&MANY.replace("sleep 1", "exit 0")).await;
        let status = w.until("many", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((status.succeeded, status.failed), (Some(8), Some(0)));
    })
    .await;
}
