//! "The samples run as they are": each file of config/samples, applied unchanged.

use sidecarjob::api::Phase;

use crate::support::{World, world};

async fn completes(world: &World, sample: &str) -> sidecarjob::api::SidecarJobStatus {
    let file = format!("{}/config/samples/{sample}.yaml", env!("CARGO_MANIFEST_DIR"));
    let yaml = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let job = world.apply(&yaml).await;
    let name = job.metadata.name.expect("named");
    assert_eq!(name, sample, "a sample is named as its file");
    let status = world.until(&name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
    assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)));
    status
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn cleanup_cluster_completes_and_its_sidecar_flushes_first() {
    world("cleanup", &[], |w| async move {
        completes(&w, "cleanup-cluster").await;
        let pods = w.pods_of("cleanup-cluster").await;
        assert_eq!(pods.len(), 1);
        let spec = pods[0].spec.as_ref().expect("a spec");
        let init = spec.init_containers.as_ref().expect("the sidecar is an init container");
        assert_eq!(init[0].name, "ffwd");
        assert_eq!(init[0].restart_policy.as_deref(), Some("Always"));
        assert!(w.logs(&pods[0], "ffwd").await.contains("flushed"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_plain_job_with_no_sidecar_completes() {
    world("plain", &[], |w| async move {
        let status = completes(&w, "plain-job").await;
        assert_eq!(status.sidecars, None);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_shared_volume_workaround_completes_unchanged() {
    world("workaround", &[], |w| async move {
        completes(&w, "shared-volume-workaround").await;
        let pods = w.pods_of("shared-volume-workaround").await;
        let spec = pods[0].spec.as_ref().expect("a spec");
        assert_eq!((spec.containers.len(), spec.init_containers.is_none()), (2, true), "nothing is moved");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_same_pod_without_the_workaround_completes_too() {
    world("without", &[], |w| async move {
        let status = completes(&w, "without-workaround").await;
        assert_eq!(status.sidecars.as_deref(), Some("1/1 stopped"));
    })
    .await;
}
