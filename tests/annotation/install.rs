//! "Installed, installed again, removed": what is applied is what is read, and it leaves nothing.

use std::collections::BTreeSet;

use tokio::sync::Mutex;

use super::support::{World, eventually, policy, world_without_controller};
use super::{SIDE, admitted, container, inits};
use serde_json::json;
use sidecarjob::api::labels;

/// Held by who applies the real policies, which belong to the whole cluster.
pub static ALONE: Mutex<()> = Mutex::const_new(());

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
        let v1 = w.kubectl_ok(&["kustomize", &folder("components/policy")], "");
        let v1beta1 = w.kubectl_ok(&["kustomize", &folder("components/policy-v1beta1")], "");
        // kustomize puts them in another order, by their version
        let documents = |yaml: &str, version: &str| -> Vec<String> {
            let all = yaml.split("\n---\n").map(|d| d.trim_end().replace(&format!("io/{version}\n"), "io/VERSION\n"));
            let mut all: Vec<String> = all.collect();
            all.sort();
            all
        };
        let only_older = v1beta1.replace("io/v1\n", "io/v1beta1\n");
        assert_eq!(documents(&v1, "v1"), documents(&only_older, "v1beta1"));
        let changed = v1beta1.matches("admissionregistration.k8s.io/v1beta1\n").count();
        assert_eq!(changed, 2, "the MutatingAdmissionPolicy and its binding");
    })
    .await;
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
