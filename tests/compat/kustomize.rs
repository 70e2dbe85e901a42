//! "Install it" with kustomize, as README.md says.

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use kube::api::Api;

use super::support::{World, eventually, world_as_it_is};
use super::{folder, kubectl, kubelet::Kubelet, quiet, succeeded};

/// What the API server's type check says of our policies, each looked at in its newest version.
async fn type_checks(w: &World) -> Option<Vec<String>> {
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(w.client.clone());
    let all = policies.list(&Default::default()).await.ok()?.items;
    let mut said = Vec::new();
    for policy in &all {
        let status =
            policy.status.as_ref().filter(|status| status.observed_generation == policy.metadata.generation)?;
        let warnings = status.type_checking.as_ref().and_then(|check| check.expression_warnings.as_ref());
        said.extend(warnings.into_iter().flatten().map(|w| format!("{}: {}", w.field_ref, w.warning)));
    }
    (!all.is_empty()).then_some(said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)] // kubectl blocks one of them
#[ignore = "needs a cluster: run make compat"]
async fn the_documented_folder_is_applied_twice_and_removed_without_a_warning() {
    world_as_it_is("kustomize", &[], |w| async move {
        let _of_the_deployment = Kubelet::play(&w.client, "sidecarjob-system", true).await;
        let folder = folder(&w).await;
        let apply = || kubectl(&["apply", "--server-side", "-k", &folder], "");
        quiet("the first install", &apply());
        let said = eventually("each policy is type-checked", || type_checks(&w)).await;
        assert_eq!(said, [""; 0], "what the API server says of our expressions");
        succeeded("the CRDs", &kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], ""));
        quiet("the second install", &apply());
        succeeded("removed", &kubectl(&["delete", "-k", &folder, "--wait", "--timeout=120s"], ""));
    })
    .await;
}
