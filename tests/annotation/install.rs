//! "Installed, installed again, removed": what is applied is what is read, and it leaves nothing.

use std::collections::{BTreeMap, BTreeSet};

use std::process::Command;

use tokio::sync::Mutex;

use super::support::{World, eventually, policy, world_without_controller};
use super::{SIDE, admitted, container, inits};
use serde_json::json;
use sidecarjob::api::labels;

/// Held by who applies the real policies, which belong to the whole cluster.
pub static ALONE: Mutex<()> = Mutex::const_new(());

/// What is installed, removed when dropped, also by a test that fails.
pub struct Installed(pub String);

impl Drop for Installed {
    fn drop(&mut self) {
        let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
        let args = ["delete", "--ignore-not-found", "-k", &self.0];
        assert!(
            Command::new(kubectl).args(args).output().is_ok_and(|out| out.status.success()),
            "{} is removed",
            self.0
        );
    }
}

fn folder(name: &str) -> String {
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
        let folder = folder("components/policy");
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
        let left = w.kubectl_ok(
            &["get", "-o", "name", "-l", "app.kubernetes.io/component=policy,app.kubernetes.io/name=sidecarjob",
              "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings"],
            "",
        );
        // the copies of other tests have the name of a namespace behind theirs
        let left: Vec<_> = left.lines().filter(|line| !line.contains("-t-")).collect();
        assert_eq!(left, [""; 0]);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_variant_for_older_clusters_differs_in_its_version_alone() {
    world_without_controller("variant", |w| async move {
        let objects = |name: &str| {
            let text = w.kubectl_ok(&["kustomize", &folder(name)], "");
            text.split("\n---\n")
                .map(|o| (versionless(o), o.lines().next().unwrap_or_default().to_string()))
                .collect::<BTreeMap<_, _>>()
        };
        let (v1, v1beta1) = (objects("components/policy"), objects("components/policy-v1beta1"));
        assert!(v1.keys().eq(v1beta1.keys()), "but for the version they are the same");
        let group = "apiVersion: admissionregistration.k8s.io";
        for (object, version) in &v1beta1 {
            assert_eq!(v1[object], format!("{group}/v1"));
            let wanted = if object.contains("kind: Mutating") { "v1beta1" } else { "v1" };
            assert_eq!(version, &format!("{group}/{wanted}"), "{object}");
        }
    })
    .await;
}

/// All lines but the first, which is the version.
fn versionless(object: &str) -> String {
    object.trim_end().lines().skip(1).collect::<Vec<_>>().join("\n")
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
    ];
    let files = [
        "components/policy/mutation/policy.yaml",
        "components/policy/validation/refuse.yaml",
        "components/policy/validation/advise.yaml",
        "components/well-known-sidecars/choice.yaml",
        "components/well-known-sidecars/kustomization.yaml",
        "admission/job_sidecars.yaml",
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
