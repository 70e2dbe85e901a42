//! The files for Argo CD: its own tests beside the scripts, with objects of the real controller, and the same scripts as
//! entries of the ConfigMap argocd-cm. `UPDATE_CONTRIB=1 cargo test --test tools argo -- --ignored` writes them anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program;
use crate::stories;

/// An object for the tests beside the scripts: the file, and the last version of which step of which story.
type Case = (&'static str, &'static str, &'static str);

const CASES: [Case; 12] = [
    ("SidecarJob/testdata/pending.yaml", "a run that another controller manages, which does nothing", "it is created"),
    ("SidecarJob/testdata/running.yaml", "a run that succeeds", "its Pod runs"),
    ("SidecarJob/testdata/unschedulable.yaml", "a run whose Pod waits for a node", "the scheduler finds no node"),
    ("SidecarJob/testdata/stopping.yaml", "a run that succeeds", "its main container is done, a sidecar still stops"),
    ("SidecarJob/testdata/complete.yaml", "a run that succeeds", "the sidecar has stopped"),
    ("SidecarJob/testdata/failed.yaml", "a run that fails with no retry left", "the sidecar has stopped"),
    ("SidecarJob/testdata/refused.yaml", "a run whose Pods a quota rejects", "it is created"),
    ("SidecarJob/testdata/suspended.yaml", "a run that is suspended from the beginning", "it is created"),
    (
        "SidecarCronJob/testdata/healthy.yaml",
        "a schedule whose second run fails",
        "the run is complete, and the second run starts",
    ),
    (
        "SidecarCronJob/testdata/last-run-failed.yaml",
        "a schedule whose second run fails",
        "the second run has failed, and the third run starts",
    ),
    ("SidecarCronJob/testdata/never-fires.yaml", "a schedule that never fires", "it is created"),
    ("SidecarCronJob/testdata/suspended.yaml", "a schedule that is suspended", "it is created"),
];

/// An action, on which object, and the file of what comes of it.
const ACTIONS: [Case; 6] = [
    ("SidecarJob/actions/testdata/running-suspended.yaml", "suspend", "SidecarJob/testdata/running.yaml"),
    ("SidecarJob/actions/testdata/suspended-resumed.yaml", "resume", "SidecarJob/testdata/suspended.yaml"),
    ("SidecarJob/actions/testdata/running-terminated.yaml", "terminate", "SidecarJob/testdata/running.yaml"),
    ("SidecarCronJob/actions/testdata/healthy-suspended.yaml", "suspend", "SidecarCronJob/testdata/healthy.yaml"),
    ("SidecarCronJob/actions/testdata/suspended-resumed.yaml", "resume", "SidecarCronJob/testdata/suspended.yaml"),
    ("SidecarCronJob/actions/testdata/run.yaml", "create-job", "SidecarCronJob/testdata/healthy.yaml"),
];

fn folder() -> PathBuf {
    program::root().join("contrib/argocd")
}

fn scripts(path: &str) -> PathBuf {
    folder().join("resource_customizations/sidecarjob.dev").join(path)
}

fn yaml(object: &Value) -> String {
    serde_saphyr::to_string(object).expect("YAML")
}

/// The file has this text, or gets it.
fn is_in(file: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_CONTRIB").is_some() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(file, text).expect("written");
    }
    let same = fs::read_to_string(file).is_ok_and(|have| have == text);
    same.then_some(()).ok_or_else(|| file.display().to_string())
}

/// The object of that file.
fn object(file: &str) -> &'static Value {
    let (_, about, step) = CASES.iter().find(|(path, ..)| *path == file).expect("an object");
    let mut all = stories::OF_RUNS.iter().chain(stories::OF_SCHEDULES.iter());
    all.find(|played| played.story.about == *about).expect("the story").after(step)
}

#[test]
#[ignore = "needs Go: run make test"]
fn argo_cds_own_tests_have_objects_of_the_real_controller_and_pass() {
    let mut stale: Vec<String> =
        CASES.iter().filter_map(|(file, ..)| is_in(&scripts(file), &yaml(object(file))).err()).collect();
    for (file, action, input) in ACTIONS {
        let mut result = program::act(action, object(input)).remove(0);
        if result.operation == "create" {
            // the minute, and the second, in which the action ran
            result.resource["metadata"]["name"] = "nightly-etl-2601010104".into();
            result.resource["metadata"]["annotations"]["sidecarjob.dev/started-by"] =
                r#"{"user":"Argo CD","time":"2026-01-01T01:04:00Z"}"#.into();
            stale.extend(is_in(&scripts(file), &yaml(&result.resource)).err());
            continue;
        }
        assert_eq!(result.operation, "patch");
        stale.extend(is_in(&scripts(file), &yaml(&result.resource)).err());
    }
    assert_eq!(stale, [""; 0], "run: UPDATE_CONTRIB=1 cargo test --test tools argo -- --ignored");
    assert_eq!(program::failing_cases(), "", "tests beside the scripts fail");
}

#[test]
#[ignore = "needs Go: run make test"]
fn argo_cd_sees_the_end_of_a_hook_that_its_ttl_deletes() {
    for (file, want) in [
        ("SidecarJob/testdata/complete.yaml", "Healthy"),
        ("SidecarJob/testdata/failed.yaml", "Degraded"),
        ("SidecarJob/testdata/running.yaml", "Progressing"),
    ] {
        let mut hook = object(file).clone();
        let metadata = &mut hook["metadata"];
        metadata["deletionTimestamp"] = "2026-01-01T02:00:00Z".into();
        metadata["finalizers"] = serde_json::json!(["argocd.argoproj.io/hook-finalizer"]);
        metadata["generation"] = (metadata["generation"].as_i64().expect("a number") + 1).into(); // as the API server does
        assert_eq!(program::judge(&[hook])[0].argocd, want, "{file}");
    }
}

/// The text below a key of YAML.
fn block(indent: usize, text: &str) -> String {
    let pad = " ".repeat(indent);
    text.lines().map(|line| if line.is_empty() { "\n".into() } else { format!("{pad}{line}\n") }).collect()
}

fn script(path: &str) -> String {
    fs::read_to_string(scripts(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The ConfigMap with all scripts.
fn config_map() -> String {
    let mut text = "# Generated from resource_customizations/: the entries for Argo CD's ConfigMap argocd-cm.\n\
                    apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\n  labels:\n    \
                    app.kubernetes.io/name: argocd-cm\n    app.kubernetes.io/part-of: argocd\ndata:\n"
        .to_owned();
    for (kind, actions) in
        [("SidecarJob", ["suspend", "resume", "terminate"]), ("SidecarCronJob", ["create-job", "suspend", "resume"])]
    {
        text += &format!("  resource.customizations.health.sidecarjob.dev_{kind}: |\n");
        text += &block(4, &script(&format!("{kind}/health.lua")));
        text += &format!("  resource.customizations.actions.sidecarjob.dev_{kind}: |\n    discovery.lua: |\n");
        text += &block(6, &script(&format!("{kind}/actions/discovery.lua")));
        text += "    definitions:\n";
        for action in actions {
            text += &format!("    - name: {action}\n      action.lua: |\n");
            text += &block(8, &script(&format!("{kind}/actions/{action}/action.lua")));
        }
    }
    text
}

#[test]
fn argocd_cm_has_the_same_scripts() {
    let stale = is_in(&folder().join("argocd-cm.yaml"), &config_map());
    assert_eq!(stale, Ok(()), "run: UPDATE_CONTRIB=1 cargo test --test tools argo -- --ignored");
    let read: Value = serde_saphyr::from_str(&config_map()).expect("YAML");
    let inner = |key: &str| read["data"][key].as_str().expect("a text").to_owned();
    let health = inner("resource.customizations.health.sidecarjob.dev_SidecarJob");
    assert_eq!(health, script("SidecarJob/health.lua"));
    let actions = inner("resource.customizations.actions.sidecarjob.dev_SidecarCronJob");
    let actions: Value = serde_saphyr::from_str(&actions).expect("YAML in YAML");
    assert_eq!(
        actions["definitions"][0]["action.lua"],
        script("SidecarCronJob/actions/create-job/action.lua").as_str()
    );
}
