//! "Something does not work": what `doctor` says of a namespace, its webhooks and policies, and of a user without rights.
//!
//! What it says of a whole installation is in `tests/install/doctor.rs`.

use std::process::Command;

use serde_json::Value;

use crate::support::policy::Policy;
use crate::support::webhook::{Call, Webhooks};
use crate::support::{World, world_without_controller};

/// The exit code and the report.
fn report(w: &World, kubeconfig: Option<&str>) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    kubeconfig.map(|file| command.env("KUBECONFIG", file));
    let ended = command.args(["doctor", "-o", "json", "-n", &w.namespace]).output().expect("it runs");
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {err}")))
}

/// The results and words of a check.
fn told(report: &Value, check: &str) -> Vec<(String, String)> {
    let sections = report["sections"].as_array().expect("sections");
    let all = sections.iter().flat_map(|section| section["findings"].as_array().expect("findings"));
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    all.filter(|finding| finding["check"] == check).map(|f| (text(f, "result"), text(f, "message"))).collect()
}

/// A finding of the check has this result and these words.
fn assert_told(report: &Value, check: &str, result: &str, words: &str) {
    let all = told(report, check);
    assert!(all.iter().any(|(r, message)| r == result && message.contains(words)), "{check}: {all:#?}");
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_cluster_with_a_namespace_that_enforces_restricted_is_told() {
    world_without_controller("doctor", |w| async move {
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        w.kubectl_ok(&["label", "namespace", &w.namespace, enforce], "");
        let (_, report) = report(&w, None);
        assert_told(
            &report,
            "PodSecurity",
            "Warn",
            "stop.signal, and stop.order of plain sidecars, work only in Pods that name runAsUser",
        );
        assert_told(&report, "DryRun", "Ok", "comes back as it was sent");
        assert_told(&report, "Kubelets", "Ok", "with native sidecars; kubelets: ");
        assert_told(&report, "Crds", "Ok", "the CRDs are those of this program");
        assert_told(&report, "YourRights", "Ok", "you may use list");
        assert!(report["kubernetes"].as_str().is_some_and(|version| version.starts_with("v1.")), "{report:#}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_user_without_permissions_is_told_which_are_missing_and_nothing_fails() {
    world_without_controller("doctor-nobody", |w| async move {
        w.kubectl_ok(&["create", "serviceaccount", "nobody"], "");
        // The admin's kubeconfig, in which the admin acts as the ServiceAccount.
        let own = std::env::var("KUBECONFIG").expect("KUBECONFIG names a cluster");
        let text = std::fs::read_to_string(own).expect("a kubeconfig");
        let mut config: Value = serde_saphyr::from_str(&text).expect("YAML");
        for user in config["users"].as_array_mut().expect("users") {
            user["user"]["as"] = format!("system:serviceaccount:{}:nobody", w.namespace).into();
        }
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.kubeconfig", w.namespace));
        std::fs::write(&file, config.to_string()).expect("written");
        let (code, report) = report(&w, file.to_str());
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(code, Some(0), "{report:#}");
        assert_eq!(report["user"], format!("system:serviceaccount:{}:nobody", w.namespace));
        for (check, right) in [
            ("Kubelets", "needs list for nodes"),
            ("Crds", "needs get for customresourcedefinitions"),
            ("MutatingPolicy", "needs list for mutatingadmissionpolicies"),
            ("ControllerDeployment", "needs list for deployments"),
            ("DryRun", "needs create for pods (a dry run)"),
            ("ControllerRights", "needs create for subjectaccessreviews"),
        ] {
            assert_told(&report, check, "NotChecked", right);
        }
        assert_told(&report, "YourRights", "Warn", "you lack get for sidecarjobs");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_and_policy_are_seen_in_what_they_make_of_a_pod() {
    world_without_controller("doctor-hooks", |w| async move {
        let hooks = Webhooks::start(&w).await;
        hooks.register(&w, &[Call::once("/plain/proxy")]).await;
        let (_, injects) = report(&w, None);
        assert_told(&injects, "Webhooks", "Ok", &w.namespace);
        assert_told(&injects, "DryRun", "Ok", "gets the containers proxy (plain)");
        assert_eq!(injects["mode"], "Native", "{injects:#}");
        assert_told(&injects, "Mode", "Ok", "the controller stops the injected proxy");
        hooks.register(&w, &[Call::once("/strip")]).await;
        let (_, strips) = report(&w, None);
        assert_told(&strips, "DryRun", "Warn", "a webhook strips restartPolicy: Always");
        assert_eq!(strips["mode"], "Managed", "{strips:#}");
        let _policy = Policy::one_annotation(&w).await;
        let (_, mended) = report(&w, None);
        assert_told(&mended, "DryRun", "Ok", "the policy puts it back");
        assert_told(&mended, "MutatingPolicy", "Ok", "installed under another name, and acts in this namespace");
        assert_eq!(mended["mode"], "NativeByPolicy", "{mended:#}");
    })
    .await;
}
