//! The chart takes over what kustomize installed, and CRDs of a release in another namespace, while runs are under way. The
//! release in the other namespace watches one namespace only.

use serde_json::json;

use crate::helm::{Helm, NAMESPACE};
use crate::life::{Run, apply, image, kubectl, nothing_is_installed, restricted_namespace, try_kubectl};
use crate::support::one_container;
use crate::{Folder, chart, root};

const OTHER: &str = "other-system";

/// config/default with the image under test.
fn install_with_kustomize() {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("an image");
    let (name, tag) = image.rsplit_once(':').expect("an image with a tag");
    let folder = Folder::new();
    let up = "../".repeat(folder.0.components().count() - 1);
    let base = root().join("config/default");
    let kustomization = json!({
        "resources": [format!("{up}{}", base.strip_prefix("/").expect("absolute").display())],
        "images": [{"name": "sidecarjob.dev/controller", "newName": name, "newTag": tag}]
    });
    std::fs::write(folder.0.join("kustomization.yaml"), kustomization.to_string()).expect("written");
    kubectl(&["apply", "--server-side", "-k", folder.0.to_str().expect("UTF-8")]);
    kubectl(&["-n", NAMESPACE, "rollout", "status", "deployment/sidecarjob-controller", "--timeout=180s"]);
}

/// The release that the object belongs to: its namespace and name.
fn owner(object: &str) -> String {
    let field = r"jsonpath={.metadata.annotations.meta\.helm\.sh/release-namespace}/{.metadata.annotations.meta\.helm\.sh/release-name}";
    kubectl(&["get", object, "-o", field])
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn by_helm_what_kustomize_or_another_release_installed_is_taken_over() {
    nothing_is_installed(&[NAMESPACE, OTHER]).await;
    install_with_kustomize();
    let [first, second, third] = ["kustomized", "taken-over", "taken-again"].map(Run::start);
    let (chart, image) = (chart(), image());
    let chart = chart.to_str().expect("UTF-8");
    let install = ["install", "sidecarjob", chart, "-n", NAMESPACE, &image, "--wait", "--timeout=180s"];

    for helm in [Helm::Three, Helm::Four] {
        let said = helm.fails(&install);
        assert!(said.contains("invalid ownership metadata"), "{helm:?}: {said}");
    }
    Helm::Three.ok(&[&install[..], &["--take-ownership"]].concat());
    assert_eq!(owner("crd/sidecarjobs.sidecarjob.dev"), format!("{NAMESPACE}/sidecarjob"));
    first.goes_on();
    first.end();
    first.completes();
    // The other Helm goes on with the release. It applies on the server, where kubectl has fields of its own.
    let upgrade = [&["upgrade"], &install[1..]].concat();
    Helm::Four.ok(&upgrade);
    second.goes_on();

    Helm::Four.ok(&["uninstall", "sidecarjob", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    second.end();
    second.pod_ends();
    restricted_namespace(OTHER);
    let other = ["install", "other", chart, "-n", OTHER, &image, "--wait", "--timeout=180s"];
    let other = [&other[..], &["--set=watchNamespaces={default}"]].concat();
    let said = Helm::Four.fails(&other);
    assert!(said.contains("invalid ownership metadata") && said.contains("release-namespace"), "{said}");
    let other = [&other[..], &["--take-ownership"]].concat();
    let said = Helm::Four.fails(&other);
    assert!(said.contains("conflict with \"kubectl\""), "kubectl applied the CRDs on the server: {said}");
    Helm::Four.run(&["uninstall", "other", "-n", OTHER, "--wait"]);
    Helm::Four.ok(&[&other[..], &["--force-conflicts"]].concat());
    assert_eq!(owner("crd/sidecarjobs.sidecarjob.dev"), format!("{OTHER}/other"));
    assert_eq!(try_kubectl(&["get", "clusterrole", "sidecarjob-controller"]), None);
    // Created before the runs below complete, and never looked at.
    let elsewhere = one_container("elsewhere", "", "true")
        .replace("{name: elsewhere}", &format!("{{name: elsewhere, namespace: {OTHER}}}"));
    apply(&elsewhere);
    second.completes();
    third.goes_on();
    third.end();
    third.completes();
    let seen =
        kubectl(&["-n", OTHER, "get", "scj", "elsewhere", "-o", "jsonpath={.status.conditions}{.status.startTime}"]);
    assert_eq!(seen, "", "a run in another namespace is not watched");
    let log = kubectl(&["-n", OTHER, "logs", "--selector=app.kubernetes.io/component=controller", "--tail=-1"]);
    assert!(!log.contains("forbidden"), "a right is missing:\n{log}");
    Helm::Four.ok(&["uninstall", "other", "-n", OTHER, "--wait", "--timeout=180s"]);
    nothing_is_installed(&[NAMESPACE, OTHER]).await;
}
