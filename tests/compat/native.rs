//! Sidecars as init containers with `restartPolicy: Always`, which the kubelet starts and stops.

use sidecarjob::api::Phase;

use super::support::world;
use super::{kubelet::Kubelet, manifest};

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn a_run_completes_and_one_that_fails_says_so() {
    world("native", &[], |w| async move {
        let _kubelet = Kubelet::play(&w.client, &w.namespace, false).await;
        w.apply(&manifest::run("good", "")).await;
        w.apply(&manifest::failing("bad", "")).await;
        let good = w.until("good", "ended", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((good.succeeded, good.failed), (Some(1), Some(0)));
        let bad = w.until("bad", "ended", |s| s.phase == Some(Phase::Failed)).await;
        assert_eq!((bad.succeeded, bad.failed), (Some(0), Some(1)));
        let pod = w.pods_of("good").await.remove(0).spec.expect("a spec");
        let inits = pod.init_containers.unwrap_or_default();
        assert_eq!(inits.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["side"], "Auto is Native here");
        assert_eq!(inits[0].restart_policy.as_deref(), Some("Always"), "the API server kept it");
    })
    .await;
}
