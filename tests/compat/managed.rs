//! Sidecars as plain containers, which the controller stops.

use sidecarjob::api::Phase;

use super::support::world;
use super::{kubelet::Kubelet, manifest};

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn the_controller_ends_the_sidecar_and_main_decides() {
    world("managed", &[], |w| async move {
        let _kubelet = Kubelet::play(&w.client, &w.namespace, false).await;
        w.apply(&manifest::run("good", "  sidecarMode: Managed")).await;
        w.apply(&manifest::failing("bad", "  sidecarMode: Managed\n")).await;
        let good = w.until("good", "ended", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!((good.succeeded, good.failed), (Some(1), Some(0)));
        w.until("bad", "ended", |s| s.phase == Some(Phase::Failed)).await;
        let pod = w.pods_of("good").await.remove(0);
        let spec = pod.spec.expect("a spec");
        assert_eq!((spec.containers.len(), spec.init_containers.unwrap_or_default().len()), (2, 0));
        assert_eq!(pod.status.and_then(|s| s.reason).as_deref(), Some("DeadlineExceeded"), "the kubelet ended the Pod");
    })
    .await;
}
