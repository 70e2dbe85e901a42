//! The chart takes over what kustomize installed, and CRDs of a release in another namespace, while runs are under way. The
//! release in the other namespace watches one namespace only.

use serde_json::json;

use crate::helm::{Helm, NAMESPACE};
use crate::life::{
    Run, apply, has_field, image, kubectl, nothing_is_installed, older, restricted_namespace, try_kubectl,
};
use crate::rows::RECIPE;
use crate::support::one_container;
use crate::{Folder, chart, root};

const OTHER: &str = "other-system";

/// What is off by default: the API server and the controller take it.
const ALL_ON: &[&str] = &[
    "--set=stop.exec=true,stop.http=true,stop.signal=true,networkPolicy.enabled=true,policies.wellKnownSidecars=true",
    "--set=monitoring.service.enabled=true,monitoring.dashboard.enabled=true,controller.logLevel=debug",
    "--set=topologySpreadConstraints[0].topologyKey=zone,topologySpreadConstraints[0].maxSkew=1",
    "--set=topologySpreadConstraints[0].whenUnsatisfiable=ScheduleAnyway,controller.concurrentSyncs=8",
];

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
    let of = |field: &str| {
        kubectl(&["get", object, "-o", &format!(r"jsonpath={{.metadata.annotations.meta\.helm\.sh/release-{field}}}")])
    };
    format!("{}/{}", of("namespace"), of("name"))
}

#[test]
#[ignore = "needs a cluster: run make test"]
fn by_helm_what_kustomize_or_another_release_installed_is_taken_over() {
    nothing_is_installed(&[NAMESPACE, OTHER]);
    install_with_kustomize();
    let [first, second, third] = ["kustomized", "taken-over", "taken-again"].map(Run::start);
    let (chart, image) = (chart(), image());
    let chart = chart.to_str().expect("UTF-8");
    let install = ["install", "sidecarjob", chart, "-n", NAMESPACE, &image, "--wait", "--timeout=180s"];

    for helm in [Helm::Three, Helm::Four] {
        let said = helm.fails(&install);
        assert!(said.contains("invalid ownership metadata"), "{helm:?}: {said}");
    }
    // Helm 3 takes over with an older chart, and upgrades.
    let folder = Folder::new();
    let older = older(&folder);
    let flags = &install[3..];
    Helm::Three.ok(&[&["install", "sidecarjob", &older, "--take-ownership"], flags].concat());
    assert!(!has_field());
    Helm::Three.ok(&[&["upgrade", "sidecarjob", chart], flags].concat());
    assert!(has_field(), "Helm 3 upgrades the CRD with the chart");
    assert_eq!(owner("crd/sidecarjobs.sidecarjob.dev"), format!("{NAMESPACE}/sidecarjob"));
    first.goes_on();
    first.end();
    first.completes();
    second.goes_on();

    Helm::Four.ok(&["uninstall", "sidecarjob", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    second.end();
    second.pod_ends();
    restricted_namespace(OTHER);
    let other = ["install", "other", chart, "-n", OTHER, &image, "--wait", "--timeout=180s"];
    let other = [&other[..], &["--set=watchNamespaces={default}"]].concat();
    let said = Helm::Four.fails(&other);
    assert!(said.contains("invalid ownership metadata") && said.contains("release-namespace"), "{said}");
    // kubectl and Helm 4 apply on the server, where each has its fields.
    Helm::Four.ok(&[&other[..], &["--take-ownership", "--force-conflicts"], ALL_ON, &["--set", RECIPE]].concat());
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
    let seen = "jsonpath={.status.startTime}{.status.active}";
    let seen = kubectl(&["-n", OTHER, "get", "scj", "elsewhere", "-o", seen]);
    assert_eq!(seen, "", "a run in another namespace is not watched");
    let log = kubectl(&["-n", OTHER, "logs", "--selector=app.kubernetes.io/component=controller", "--tail=-1"]);
    assert!(!log.contains("forbidden"), "a right is missing:\n{log}");
    Helm::Four.ok(&["uninstall", "other", "-n", OTHER, "--wait", "--timeout=180s"]);
    nothing_is_installed(&[NAMESPACE, OTHER]);
}
