//! "Install it" with Helm, as README.md says.

use std::path::Path;
use std::process::{Command, Stdio};

use super::support::{eventually, world_as_it_is};
use super::{absent, kubectl, kubelet::Kubelet, manifest, succeeded};

/// Runs Helm on the cluster of $KUBECONFIG, which must succeed.
fn helm(programs: &str, args: &[&str]) -> String {
    let mut command = Command::new(format!("{programs}/helm4"));
    command.args(args).args(["--namespace", "sidecarjob-system"]);
    let homes = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"];
    command.envs(homes.map(|name| (name, env!("CARGO_TARGET_TMPDIR"))));
    let out = tokio::task::block_in_place(|| command.output()).expect("Helm runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "helm {args:?}: {said}");
    said.into_owned() + &String::from_utf8_lossy(&out.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)] // kubectl blocks one of them
#[ignore = "needs a cluster: run make compat"]
async fn the_chart_is_installed_upgraded_and_removed_and_its_crds_stay() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (chart, prepare) = (root.join("charts/sidecarjob"), root.join("tests/chart/prepare"));
    if !chart.exists() {
        absent("chart", "no chart");
        return;
    }
    let prepared = Command::new(prepare).stderr(Stdio::inherit()).output().expect("tests/chart/prepare runs");
    let programs = String::from_utf8_lossy(&prepared.stdout).trim().to_owned();
    world_as_it_is("chart", &[], |w| async move {
        let _of_the_deployment = Kubelet::play(&w.client, "sidecarjob-system", true).await;
        let chart = chart.to_str().expect("UTF-8");
        let said = helm(&programs, &["install", "sidecarjob", chart, "--create-namespace"]);
        assert!(!said.contains("Warning:"), "{said}");
        helm(&programs, &["upgrade", "sidecarjob", chart, "--set", "controller.logFormat=text"]);
        helm(&programs, &["uninstall", "sidecarjob"]);
        eventually("the CRDs stay, and take a run", || async {
            w.kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest::run("x", ""))
                .status
                .success()
                .then_some(())
        })
        .await;
        // The namespace first: its removal asks for all kinds that there are, and waits long after one that has just gone.
        succeeded("removed", &kubectl(&["delete", "--wait", "--timeout=120s", "namespace", "sidecarjob-system"], ""));
        succeeded(
            "removed",
            &kubectl(&["delete", "--wait", "--timeout=120s", "-k", concat!(env!("CARGO_MANIFEST_DIR"), "/crds")], ""),
        );
    })
    .await;
}
