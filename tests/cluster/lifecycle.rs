//! "All that a Job does": completions, parallelism, suspend, deadline, time to live, deletion.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::DeleteParams;
use serde_json::json;
use sidecarjob::api::{Phase, labels};

use crate::support::{eventually, is_true, one_container, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn five_completions_two_at_a_time() {
    world("five", &[], |w| async move {
        w.apply(&one_container("five", "  completions: 5\n  parallelism: 2", "exit 0")).await;
        let status = w.until("five", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((status.succeeded, status.completions.as_deref()), (Some(5), Some("5/5")));
        assert_eq!(w.pods_of("five").await.len(), 5);
        // a finished run is not counted again, so the last finalizers go after the last write
        let tracked = |pod: &Pod| pod.finalizers().iter().any(|f| f == labels::TRACKING_FINALIZER);
        eventually("no finalizer is left", || async { (!w.pods_of("five").await.iter().any(tracked)).then_some(()) })
            .await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn suspend_ends_the_pods_without_counting_them_and_resume_starts_the_clock_anew() {
    world("suspend", &[], |w| async move {
        w.apply(&one_container("run", "", "sleep 1000")).await;
        w.until("run", "active", |s| s.active == Some(1)).await;
        w.patch("run", json!({"spec": {"suspend": true}})).await;
        let status = w.until("run", "suspended", |s| is_true(s, "Suspended") && s.terminating == Some(0)).await;
        assert_eq!((status.phase, status.active, status.failed), (Some(Phase::Suspended), Some(0), Some(0)));
        assert_eq!(status.start_time, None);
        w.patch("run", json!({"spec": {"suspend": false}})).await;
        let status = w.until("run", "resumed", |s| s.active == Some(1)).await;
        assert!(status.start_time.is_some() && !is_true(&status, "Suspended"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_that_takes_too_long_fails_with_deadline_exceeded() {
    world("deadline", &[], |w| async move {
        w.apply(&one_container("slow", "  activeDeadlineSeconds: 2", "sleep 1000")).await;
        assert_eq!(w.condition("slow", "Failed").await.reason, "DeadlineExceeded");
        let status = w.until("slow", "ended", |s| s.active == Some(0) && s.terminating == Some(0)).await;
        assert_eq!((status.succeeded, status.failed), (Some(0), Some(1)));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn it_is_deleted_with_its_pods_when_its_time_to_live_is_over() {
    world("ttl", &[], |w| async move {
        w.apply(&one_container("brief", "  ttlSecondsAfterFinished: 0", "exit 0")).await;
        w.gone("brief").await;
        w.pods_gone().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_work_queue_is_complete_when_one_pod_succeeded_and_all_have_ended() {
    world("queue", &[], |w| async move {
        w.apply(&one_container("queue", "  parallelism: 3", "exit 0")).await;
        let status = w.until("queue", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!(status.succeeded, Some(3));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn deleting_it_deletes_its_pods() {
    world("delete", &[], |w| async move {
        w.apply(&one_container("run", "", "sleep 1000")).await;
        w.until("run", "active", |s| s.active == Some(1)).await;
        w.jobs().delete("run", &DeleteParams::default()).await.expect("deleted");
        w.pods_gone().await;
    })
    .await;
}
