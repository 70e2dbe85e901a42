//! "Installed, installed again, removed": what is applied is what is read, and it leaves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use tokio::sync::Mutex;

use super::support::{World, eventually, policy, world_without_controller};
use super::{SIDE, admitted, container, inits};
use serde_json::{Value, json};
use sidecarjob::api::labels;

/// Held by who applies the real policies, which belong to the whole cluster.
pub static ALONE: Mutex<()> = Mutex::const_new(());

/// What is installed, removed when dropped, also by a test that fails.
pub struct Installed(pub String);

impl Drop for Installed {
    fn drop(&mut self) {
        let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
        let out = Command::new(kubectl).args(["delete", "--ignore-not-found", "-k", &self.0]).output();
        if !out.as_ref().is_ok_and(|out| out.status.success()) {
            eprintln!("{} could not be removed: {out:?}", self.0); // not a panic: it may be dropped by one
        }
    }
}

/// The policies and bindings of ours that are there. The copies of other tests have a namespace's name behind theirs.
pub fn ours(w: &World) -> Vec<String> {
    let kinds = "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,\
                 validatingadmissionpolicybindings";
    let all = w.kubectl_ok(&["get", "-o", "name", kinds], "");
    all.lines().filter(|line| line.contains("sidecarjob") && !line.contains("-t-")).map(String::from).collect()
}

pub fn folder(name: &str) -> String {
    format!("{}/config/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn moved(w: &World) -> bool {
    let containers = [container("work", "true"), container("side", SIDE)];
    admitted(w, Some("work"), &containers, json!({})).is_ok_and(|pod| inits(&pod) == ["side*"])
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn it_is_applied_twice_and_removed_and_no_pod_is_blocked_by_it_then() {
    let _alone = ALONE.lock().await;
    world_without_controller("install", |w| async move {
        let folder = folder(&policy::one_annotation());
        let _installed = Installed(folder.clone());
        w.kubectl_ok(&["apply", "-k", &folder], "");
        eventually("in force", || async { policy::annotation_is_in_force(&w).then_some(()) }).await;
        let again = w.kubectl_ok(&["apply", "-k", &folder], "");
        assert!(again.lines().all(|line| line.ends_with("unchanged")), "{again}");
        // as the whole's install does, with another field manager: nothing is fought over
        w.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-k", &folder], "");
        assert!(moved(&w));
        w.kubectl_ok(&["delete", "-k", &folder], "");
        eventually("a Pod with any annotation is taken as it is", || async {
            let containers = [container("work", "true"), container("side", SIDE)];
            let pod = admitted(&w, Some("Not, a name"), &containers, json!({})).ok()?;
            inits(&pod).is_empty().then_some(())
        })
        .await;
        assert_eq!(ours(&w), [""; 0]);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_variant_for_older_clusters_differs_in_its_version_alone() {
    world_without_controller("variant", |w| async move {
        let (v1, v1beta1) = (objects(&w, "components/policy"), objects(&w, "components/policy-v1beta1"));
        assert!(v1.keys().eq(v1beta1.keys()), "the same objects: {:?}", v1beta1.keys());
        for (key, mut object) in v1beta1 {
            let version = if key.starts_with("Mutating") { "v1beta1" } else { "v1" };
            assert_eq!(object["apiVersion"], format!("admissionregistration.k8s.io/{version}"), "{key}");
            object["apiVersion"] = json!("admissionregistration.k8s.io/v1");
            assert_eq!(object, v1[&key], "{key}");
        }
    })
    .await;
}

/// The folder's objects as kustomize puts them together, by kind and name.
fn objects(w: &World, name: &str) -> BTreeMap<String, Value> {
    let text = w.kubectl_ok(&["kustomize", &folder(name)], "");
    let all = text.split("\n---\n").map(|yaml| serde_saphyr::from_str::<Value>(yaml).expect("YAML"));
    let objects: BTreeMap<_, _> =
        all.map(|o| (format!("{} {}", o["kind"].as_str().expect("a kind"), o["metadata"]["name"]), o)).collect();
    assert_eq!(objects.len(), 6, "three policies, each with its binding: {:?}", objects.keys());
    objects
}

/// Names that stand in `config/` and in the code.
#[test]
fn each_annotation_and_label_in_the_policies_is_one_that_the_code_knows() {
    let known = [
        labels::MAIN,
        labels::SIDECARS,
        labels::MOVED,
        labels::MODE,
        labels::INJECTED_CONTAINERS,
        labels::WELL_KNOWN,
        labels::WELL_KNOWN_SIDECARS,
        labels::CONTROLLER,
        labels::SCHEDULE,
        labels::STARTED_BY,
    ];
    let files = [
        "components/policy/mutation/policy.yaml",
        "components/policy/validation/refuse.yaml",
        "components/policy/validation/advise.yaml",
        "components/well-known-sidecars/choice.yaml",
        "components/well-known-sidecars/kustomization.yaml",
        "admission/job_sidecars.yaml",
        "admission/schedule_advice.yaml",
    ];
    let mut seen = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(folder(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        for word in text.split("sidecarjob.dev/").skip(1) {
            let end = word.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(word.len());
            if end == 0 {
                continue;
            } // of any name of ours
            let name = format!("sidecarjob.dev/{}", &word[..end]);
            assert!(known.contains(&&*name), "{file}: {name} is not in src/api/labels.rs");
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), known.len(), "each is used: {seen:?}");
}
