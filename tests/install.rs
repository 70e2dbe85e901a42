//! "Install it": config/default as an admin applies it, the controller in a Pod from an image of this project.
//!
//! A test target of its own, run after the others: this controller looks at all namespaces. Needs SIDECARJOB_IMAGE, an
//! image that the cluster has or can pull.

use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::{Client, ResourceExt};
use sidecarjob::api::{Phase, SidecarJob, labels};

#[path = "install/doctor.rs"]
mod doctor;
mod support;
use support::{eventually, lacks_a_right, one_container};

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
async fn installed_in_its_deployment_it_runs_a_sample_and_outlives_a_rolling_restart() {
    let overlay = overlay();
    let folder = overlay.to_str().expect("UTF-8");
    kubectl(&["apply", "--server-side", "--force-conflicts", "-k", folder]);
    kubectl(&["-n", "sidecarjob-system", "rollout", "status", "deployment/sidecarjob-controller", "--timeout=180s"]);
    let client = Client::try_default().await.expect("a cluster");
    doctor::finds_what_is_broken_and_its_commands_mend_it().await;
    run_sample(&client).await;
    a_hook_in_a_pod_starts_a_run();
    let text = logs();
    assert!(text.contains("created Pod"), "it was this controller:\n{text}");
    assert!(!lacks_a_right(&text), "a right is missing:\n{text}");
    assert_eq!(restarts(&client).await, 0);
    runs_under_way_outlive_a_rolling_restart(&client).await;
    let text = logs();
    assert!(!lacks_a_right(&text), "a right is missing:\n{text}");
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

/// What a hook of a chart needs: a ServiceAccount with the ClusterRole edit, and a Pod that runs the program.
const HOOK: &str = r#"
apiVersion: v1
kind: ServiceAccount
metadata: {name: hook}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: hook}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: hook, namespace: default}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hook}
data: {quick.yaml: QUICK, long.yaml: LONG}
"#;

/// A Pod of the hook that runs this file.
fn hook(name: &str) -> String {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("an image");
    format!(
        r#"
---
apiVersion: v1
kind: Pod
metadata: {{name: hook-{name}}}
spec:
  serviceAccountName: hook
  restartPolicy: Never
  terminationGracePeriodSeconds: 600
  volumes: [{{name: runs, configMap: {{name: hook}}}}]
  containers:
  - name: hook
    image: {image}
    args: [run, -f, /runs/{name}.yaml, --logs]
    volumeMounts: [{{name: runs, mountPath: /runs}}]
"#
    )
}

/// The hook runs as the ServiceAccount of its Pod, shows the log of the run, and ends on SIGTERM, long before its grace
/// period is over.
fn a_hook_in_a_pod_starts_a_run() {
    let quoted = |name: &str, main: &str| format!("{:?}", one_container(name, "", main)); // YAML takes Rust's escapes
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("hook.yaml");
    let all = HOOK.replace("QUICK", &quoted("quick", "echo hello")).replace("LONG", &quoted("long", "sleep 1000"));
    std::fs::write(&file, all + &hook("quick") + &hook("long")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let phase = |pod: &str, phase: &str| {
        kubectl(&[
            "wait",
            &format!("pod/{pod}"),
            &format!("--for=jsonpath={{.status.phase}}={phase}"),
            "--timeout=120s",
        ])
    };
    kubectl(&["apply", "-f", file]);
    phase("hook-quick", "Succeeded");
    let text = kubectl(&["logs", "hook-quick"]);
    assert!(text.contains("hello\n") && text.contains("SidecarJob quick Complete"), "{text}");
    kubectl(&["wait", "scj/long", "--for=create", "--timeout=120s"]);
    kubectl(&["wait", "scj/long", "--for=jsonpath={.status.active}=1", "--timeout=120s"]);
    kubectl(&["delete", "pod", "hook-long", "--timeout=120s"]);
    let phase = kubectl(&["get", "scj", "long", "-o", "jsonpath={.status.phase}"]);
    assert!(["Pending", "Running"].contains(&phase.as_str()), "the run goes on: {phase}");
    kubectl(&["delete", "-f", file, "--ignore-not-found"]);
    kubectl(&["delete", "scj", "quick", "long"]);
}

/// Of all replicas.
fn logs() -> String {
    kubectl(&["-n", "sidecarjob-system", "logs", "--selector=app.kubernetes.io/component=controller", "--tail=-1"])
}

/// Runs begin before, during and after the restart of all controllers. Each completes, with one Pod.
async fn runs_under_way_outlive_a_rolling_restart(client: &Client) {
    let of_all = ["-n", "sidecarjob-system", "rollout"];
    let before = pods_of_the_controller(client).await;
    assert_eq!(before.len(), 2, "two replicas");
    let jobs: Api<SidecarJob> = Api::namespaced(client.clone(), "default");
    let run = async |n: usize| {
        let yaml = one_container(&format!("roll-{n}"), "  backoffLimit: 0", "sleep 3");
        let job: SidecarJob = serde_saphyr::from_str(&yaml).expect("a SidecarJob");
        jobs.create(&PostParams::default(), &job).await.expect("created");
    };
    run(0).await;
    kubectl(&[&of_all[..], &["restart", "deployment/sidecarjob-controller"]].concat());
    let rolled = tokio::task::spawn_blocking(move || {
        kubectl(&[&of_all[..], &["status", "deployment/sidecarjob-controller", "--timeout=180s"]].concat())
    });
    let mut count = 1;
    while !rolled.is_finished() {
        run(count).await;
        count += 1;
        tokio::time::sleep(Duration::from_millis(500)).await; // the pace of runs, for as long as the restart takes
    }
    rolled.await.expect("rolled out");
    run(count).await;
    for n in 0..=count {
        let name = format!("roll-{n}");
        let done = eventually(&format!("{name} is over"), || async {
            jobs.get(&name)
                .await
                .ok()?
                .status
                .filter(|status| status.completion_time.is_some() || status.failed > Some(0))
        })
        .await;
        let counts = (done.succeeded.unwrap_or(0), done.failed.unwrap_or(0));
        assert_eq!((done.phase, counts), (Some(Phase::Complete), (1, 0)), "{name}");
        let pods: Api<Pod> = Api::namespaced(client.clone(), "default");
        let its = pods.list(&ListParams::default().labels(&format!("{}={name}", labels::NAME))).await.expect("listed");
        assert_eq!(its.items.len(), 1, "{name} has one Pod");
        jobs.delete(&name, &DeleteParams::background()).await.expect("deleted");
    }
    let after = pods_of_the_controller(client).await;
    assert!(after.iter().all(|name| !before.contains(name)), "all of them are new: {before:?}, {after:?}");
    eprintln!("{} runs during a rolling restart", count + 1);
}

/// The names of the controllers that are not about to end.
async fn pods_of_the_controller(client: &Client) -> Vec<String> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "sidecarjob-system");
    let all = pods.list(&ListParams::default().labels("app.kubernetes.io/component=controller")).await.expect("listed");
    all.items.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).map(ResourceExt::name_any).collect()
}

async fn restarts(client: &Client) -> i32 {
    let pods: Api<Pod> = Api::namespaced(client.clone(), "sidecarjob-system");
    let all = pods.list(&ListParams::default()).await.expect("listed");
    let of = |pod: &Pod| pod.status.clone().and_then(|s| s.container_statuses).unwrap_or_default();
    assert!(all.items.iter().any(|p| p.name_any().starts_with("sidecarjob-controller")));
    all.items.iter().flat_map(of).map(|c| c.restart_count).sum()
}
