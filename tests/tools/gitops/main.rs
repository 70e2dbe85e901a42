//! Argo CD and Flux themselves, with runs of the real controller on a real cluster: docs/gitops.md says what they do.
//! `make tools` builds the programs of both and starts them beside the cluster.

#[path = "argocd/mod.rs"]
mod argocd;
mod flux;
mod manifests;
#[path = "../../support/mod.rs"]
mod support;

use kube::ResourceExt;
use kube::api::ListParams;
use sidecarjob::api::Phase;
use support::World;

/// The folder of that variable, which tests/tools/run sets.
fn folder(variable: &str) -> std::path::PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run make tools")).into()
}

/// Ends the main container of the run's newest Pod with that exit code.
async fn end(w: &World, name: &str, code: i32) {
    w.until(name, "its Pod is ready", |s| s.ready == Some(1)).await;
    let pod = w.pods_of(name).await.pop().expect("a Pod").name_any();
    let say = format!("echo {code} > /saying && mv /saying /exit");
    w.kubectl_ok(&["exec", &pod, "--container=main", "--", "sh", "-c", &say], "");
}

/// Waits until the run has no Pods.
async fn no_pods_of(w: &World, name: &str) {
    support::eventually("the Pods of the run are gone", || async { w.pods_of(name).await.is_empty().then_some(()) })
        .await;
}

/// The object exists.
fn exists(w: &World, what: &str) -> bool {
    !w.kubectl_ok(&["get", what, "--ignore-not-found", "-o", "name"], "").is_empty()
}

/// That field of an object, as JSONPath names it; empty if there is none.
fn field(w: &World, what: &str, path: &str) -> String {
    w.kubectl_ok(&["get", what, "-o", &format!("jsonpath={{{path}}}")], "")
}

/// The names and UIDs of all runs, in the order of their names.
async fn runs(w: &World) -> Vec<(String, String)> {
    let all = w.jobs().list(&ListParams::default()).await.expect("listed");
    all.items.iter().map(|run| (run.name_any(), run.uid().expect("a UID"))).collect()
}

/// Starts a run of the schedule, which fails, and waits until the schedule shows the failure; gives the run's name.
async fn run_by_hand(w: &World, schedule: &str) -> String {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_sidecarjob"))
        .args(["cron", "run", schedule, "--namespace", &w.namespace])
        .output()
        .expect("the program runs");
    assert!(out.status.success(), "cron run: {}", String::from_utf8_lossy(&out.stderr));
    let (name, _) = runs(w).await.into_iter().find(|(name, _)| name.starts_with(schedule)).expect("a run");
    w.until(&name, "Failed", |s| s.phase == Some(Phase::Failed)).await;
    support::eventually("the schedule shows the failure", || async {
        (field(w, &format!("sccj/{schedule}"), ".status.lastResult") == "Failed").then_some(())
    })
    .await;
    name
}
