//! What `sidecarjob lint` says will happen, happens: for each finding a manifest that has it, and the harm on a real API
//! server and a real kubelet; and the same manifest after the fix, which ends well and has no finding.
//!
//! `cases` has the runs, `schedules` the schedules, `harm` what is observed of a run. A clock change can't be seen on a real
//! kubelet: `schedules` reads it from the controller's status, and `tests/cron_oracle.rs` compares our times with CronJob's.

mod cases;
mod harm;
mod schedules;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

use serde_json::{Value, json};

use cases::{Case, Place};
use support::piped;
use support::policy::Policy;
use support::webhook::{Call, Webhooks};
use support::{World, world, world_without_controller};

/// What the program finds in this object.
fn report(object: &Value) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    let out = piped::output(command.args(["lint", "-f", "-", "-o", "json"]), &object.to_string());
    let report: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(report["objects"], 1, "{object}");
    let any = report["findings"].as_array().is_some_and(|found| !found.is_empty());
    assert_eq!(out.status.code(), Some(i32::from(any)), "{report}");
    report
}

/// The names of the findings of this object.
fn lint(object: &Value) -> Vec<String> {
    let report = report(object);
    let found = report["findings"].as_array().expect("a list");
    found.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn each_finding_has_a_case_on_a_cluster() {
    let of_runs = cases::all().into_iter().map(|case| case.finding);
    let mut shown: Vec<&str> = of_runs.chain(schedules::FINDINGS).collect();
    shown.sort_unstable();
    shown.dedup();
    let mut all = sidecarjob::cli::lint::names();
    all.sort_unstable();
    assert_eq!(shown, all, "give each finding a case here, in cases.rs or schedules.rs");
}

#[test]
fn each_manifest_has_its_finding_and_none_after_the_fix() {
    for case in cases::all() {
        assert_eq!(lint(&case.before), [case.finding], "{}", case.name);
        assert_eq!(lint(&case.after), [""; 0], "{}, after the fix", case.name);
    }
}

/// Creates both manifests of each case in this world, and waits for the harm and for the good end.
async fn show(w: &World, place: Place) {
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.place == place).collect();
    assert!(!cases.is_empty(), "there are cases for this world");
    futures::future::join_all(cases.iter().map(|case| async {
        for object in [&case.before, &case.after] {
            w.kubectl_ok(&["create", "-f", "-"], &object.to_string());
        }
        if case.harm.goes_on() {
            // What has not ended when its twin after the fix has ended, which began later, hangs.
            harm::ends_well(w, case).await;
            harm::seen(w, case).await;
        } else {
            futures::join!(harm::ends_well(w, case), harm::seen(w, case));
        }
    }))
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_hangs_hangs_and_ends_after_the_fix() {
    world("lint-hang", &[], |w| async move { show(&w, Place::Hangs).await }).await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_counts_or_ends_otherwise_than_it_seems_does_so_and_not_after_the_fix() {
    world("lint-counts", &["--pod-failure-backoff=1s"], |w| async move { show(&w, Place::Counts).await }).await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn annotations_that_are_wrong_or_misplaced_make_a_job_hang_under_the_policy() {
    world_without_controller("lint-policy", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        show(&w, Place::Policy).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_that_injects_a_plain_sidecar_makes_a_job_hang_without_the_annotation() {
    world_without_controller("lint-hook", |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        hooks.register(&w, &[Call::once("/plain/vault-agent")]).await;
        show(&w, Place::Webhook).await;
    })
    .await;
}

/// The object under another name.
fn named(mut object: Value, name: &str) -> Value {
    object["metadata"]["name"] = json!(name);
    object
}
