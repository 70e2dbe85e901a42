//! "Install it": config/default as an admin applies it, the controller in a Pod from an image of this project.
//!
//! A test target of its own, run after the others: this controller looks at all namespaces. Needs SIDECARJOB_IMAGE, an
//! image that the cluster has or can pull.

use std::process::Command;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::{Client, ResourceExt};
use sidecarjob::api::{Phase, SidecarJob};

mod support;
use support::eventually;

fn kubectl(args: &[&str]) -> String {
    let program = std::env::var("KUBECTL").unwrap_or("kubectl".into());
    let out = Command::new(program).args(args).output().expect("kubectl runs");
    assert!(out.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// config/default with the image under test, as a folder that kustomize takes.
fn overlay() -> std::path::PathBuf {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("SIDECARJOB_IMAGE names the image under test: run make test");
    let (name, tag) = image.rsplit_once(':').expect("an image with a tag");
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("install");
    std::fs::create_dir_all(&dir).expect("a folder");
    let base = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config/default");
    let steps = dir.components().count() - 1;
    let up = "../".repeat(steps);
    let resource = format!("{up}{}", base.strip_prefix("/").expect("absolute").display());
    let yaml = format!(
        "resources: [{resource}]\nimages: [{{name: sidecarjob.dev/controller, newName: {name}, newTag: \"{tag}\"}}]\n"
    );
    std::fs::write(dir.join("kustomization.yaml"), yaml).expect("written");
    dir
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_controller_in_its_deployment_runs_a_sample_with_no_more_rights_than_it_was_given() {
    let overlay = overlay();
    let folder = overlay.to_str().expect("UTF-8");
    kubectl(&["apply", "--server-side", "--force-conflicts", "-k", folder]);
    kubectl(&["-n", "sidecarjob-system", "rollout", "status", "deployment/sidecarjob-controller", "--timeout=180s"]);
    let client = Client::try_default().await.expect("a cluster");
    run_sample(&client).await;
    let text = kubectl(&["-n", "sidecarjob-system", "logs", "deployment/sidecarjob-controller"]);
    assert!(text.contains("created Pod"), "it was this controller:\n{text}");
    assert!(!text.contains("forbidden"), "a right is missing:\n{text}");
    assert_eq!(restarts(&client).await, 0);
    kubectl(&["apply", "--server-side", "--force-conflicts", "-k", folder]); // said twice, it changes nothing
    kubectl(&["delete", "-k", folder, "--wait=true", "--timeout=120s"]);
}

/// The seed's sample, in the namespace default, to its end.
async fn run_sample(client: &Client) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/samples/cleanup-cluster.yaml");
    let yaml = std::fs::read_to_string(file).expect("the sample");
    let job: SidecarJob = serde_saphyr::from_str(&yaml).expect("a SidecarJob");
    let jobs: Api<SidecarJob> = Api::namespaced(client.clone(), "default");
    jobs.create(&PostParams::default(), &job).await.expect("created");
    let done = eventually("cleanup-cluster is Complete", || async {
        let status = jobs.get("cleanup-cluster").await.ok()?.status?;
        (status.phase == Some(Phase::Complete)).then_some(status)
    })
    .await;
    assert_eq!(done.succeeded, Some(1));
    jobs.delete("cleanup-cluster", &DeleteParams::foreground()).await.expect("deleted");
    eventually("it is gone", || async { jobs.get_opt("cleanup-cluster").await.ok()?.is_none().then_some(()) }).await;
}

async fn restarts(client: &Client) -> i32 {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "sidecarjob-system");
    let all = pods.list(&ListParams::default()).await.expect("listed");
    let of = |pod: &Pod| pod.status.clone().and_then(|s| s.container_statuses).unwrap_or_default();
    assert!(all.items.iter().any(|p| p.name_any().starts_with("sidecarjob-controller")));
    all.items.iter().flat_map(of).map(|c| c.restart_count).sum()
}
