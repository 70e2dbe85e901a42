//! What `doctor` says of a whole installation, and that the commands which it proposes mend what is broken.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::eventually;

/// The exit code and the report, for the namespace default.
fn report() -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    let ended = command.args(["doctor", "-n", "default", "-o", "json"]).output().expect("it runs");
    let err = String::from_utf8_lossy(&ended.stderr).into_owned();
    (ended.status.code(), serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {err}")))
}

fn findings(report: &Value) -> Vec<&Value> {
    let sections = report["sections"].as_array().expect("sections");
    sections.iter().flat_map(|section| section["findings"].as_array().expect("findings")).collect()
}

/// Runs a proposed command where a person would: in the clone of the repository, with both programs in the path.
fn mend(command: &str) {
    let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
    let folders = [Path::new(env!("CARGO_BIN_EXE_sidecarjob")).parent(), Path::new(&kubectl).parent()];
    let folders = folders.iter().flatten().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(":");
    let path = format!("{folders}:{}", std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    let ended = shell.args(["-ec", command]).env("PATH", path).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let ended = ended.expect("bash runs");
    assert!(ended.status.success(), "{command}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// Waits until all is well: a policy and a Lease need some seconds.
async fn is_well() -> Value {
    eventually("doctor finds nothing broken", || async {
        let (code, report) = report();
        (code == Some(0)).then_some(report)
    })
    .await
}

/// Waits for a finding that fails, and gives its command.
async fn fails(check: &str, words: &str) -> String {
    eventually(&format!("doctor finds {check}: {words}"), || async {
        let (code, report) = report();
        let all = findings(&report).into_iter().cloned().collect::<Vec<_>>();
        let is_it = |f: &&Value| {
            f["check"] == check && f["result"] == "Fail" && f["message"].as_str().is_some_and(|m| m.contains(words))
        };
        let found = all.iter().find(is_it)?;
        assert_eq!(code, Some(1), "{report:#}");
        Some(found["commands"][0].as_str().expect("a command").to_owned())
    })
    .await
}

/// All is well; then a permission is taken away, and a CRD is an old one.
pub async fn finds_what_is_broken_and_its_commands_mend_it() {
    let report = is_well().await;
    assert_eq!(report["mode"], "NativeByPolicy", "{report:#}");
    for check in [
        "Kubelets",
        "Crds",
        "MutatingPolicy",
        "ValidatingPolicies",
        "ControllerDeployment",
        "Lease",
        "ControllerRights",
        "DryRun",
        "YourRights",
    ] {
        let found: Vec<_> = findings(&report).into_iter().filter(|finding| finding["check"] == check).collect();
        assert!(!found.is_empty() && found.iter().all(|finding| finding["result"] == "Ok"), "{check}: {found:#?}");
    }
    let rule = r#"[{"op": "test", "path": "/rules/7/resources/0", "value": "pods"},
        {"op": "replace", "path": "/rules/7/verbs", "value": ["get", "list", "watch", "create", "delete"]}]"#;
    super::kubectl(&["patch", "clusterrole", "sidecarjob-controller", "--type=json", "-p", rule]);
    mend(&fails("ControllerRights", "lacks patch for pods").await);
    is_well().await;
    let field = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/recentPods";
    let older = format!(r#"[{{"op": "remove", "path": "{field}"}}]"#);
    super::kubectl(&["patch", "crd", "sidecarjobs.sidecarjob.dev", "--type=json", "-p", &older]);
    mend(&fails("Crds", "is older than this program").await);
    is_well().await;
}
