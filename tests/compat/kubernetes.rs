//! Kubernetes upgraded: the API server of the next version finds what the one before stored. `make compat` runs this on each
//! version in turn, over the same etcd; COMPAT_BEFORE is the version before, empty for the first one.

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use serde_json::json;
use sidecarjob::api::{Phase, SidecarJob};

use super::support::{eventually, world};
use super::{kubelet::Kubelet, manifest};

/// Where the run is that goes on from version to version.
const NAMESPACE: &str = "compat-kubernetes";
const RUN: &str = "under-way";

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn a_run_that_was_under_way_goes_on_under_the_next_version() {
    world("kubernetes", &["--namespace", NAMESPACE], |w| async move {
        let w = &w; // the whole world: the controller is a part of it, and ends with it
        let jobs: Api<SidecarJob> = Api::namespaced(w.client.clone(), NAMESPACE);
        let pods: Api<Pod> = Api::namespaced(w.client.clone(), NAMESPACE);
        let is = |phase: Phase| {
            let jobs = jobs.clone();
            move || {
                let jobs = jobs.clone();
                async move { jobs.get(RUN).await.ok()?.status.filter(|status| status.phase == Some(phase)) }
            }
        };
        if std::env::var("COMPAT_BEFORE").is_ok_and(|before| !before.is_empty()) {
            let stored = jobs.get(RUN).await.expect("the version before stored it").status.expect("with its status");
            assert_eq!((stored.phase, stored.ready), (Some(Phase::Running), Some(1)), "it was under way");
            let _kubelet = Kubelet::play(&w.client, NAMESPACE, false).await;
            let status = eventually("the run is Complete", is(Phase::Complete)).await;
            assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)));
            let all = pods.list(&ListParams::default()).await.expect("listed").items;
            assert_eq!(all.len(), 1, "its Pod went on");
            jobs.delete(RUN, &DeleteParams::foreground()).await.expect("deleted");
            eventually("it is gone", || async { jobs.get_opt(RUN).await.ok()?.is_none().then_some(()) }).await;
        } else {
            let namespaces: Api<Namespace> = Api::all(w.client.clone());
            let namespace = serde_json::from_value(json!({"metadata": {"name": NAMESPACE}})).expect("a Namespace");
            namespaces.create(&PostParams::default(), &namespace).await.expect("created");
        }
        let _kubelet = Kubelet::play(&w.client, NAMESPACE, true).await;
        let run: SidecarJob = serde_saphyr::from_str(&manifest::run(RUN, "")).expect("a SidecarJob");
        jobs.create(&PostParams::default(), &run).await.expect("created");
        eventually("the next run is under way", || async {
            let status = is(Phase::Running)().await?;
            (status.ready == Some(1)).then_some(())
        })
        .await;
    })
    .await;
}
