//! Installed, upgraded, rolled back, uninstalled and installed again, while runs are under way: each completes, and each Pod
//! counts once.

use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use serde_json::Value;

use crate::helm::{Helm, NAMESPACE, words};
use crate::support::{eventually, lacks_a_right};
use crate::{Folder, chart, root};

/// Runs kubectl, which must succeed.
pub fn kubectl(args: &[&str]) -> String {
    let out = command(args).output().expect("kubectl runs");
    assert!(out.status.success(), "kubectl {args:?}: {}", words(&out.stderr));
    words(&out.stdout)
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("KUBECTL").unwrap_or("kubectl".into()));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs kubectl, whatever comes of it.
pub fn try_kubectl(args: &[&str]) -> Option<String> {
    let out = command(args).output().expect("kubectl runs");
    out.status.success().then(|| words(&out.stdout))
}

/// Applies what the text says, in the namespace default.
pub fn apply(yaml: &str) {
    let folder = Folder::new();
    let file = folder.0.join("it.yaml");
    std::fs::write(&file, yaml).expect("written");
    kubectl(&["apply", "-f", file.to_str().expect("UTF-8")]);
}

/// The values that name the image under test. One replica, since each step of an upgrade takes seconds for each of them;
/// tests/install.rs has two.
pub fn image() -> String {
    let image = std::env::var("SIDECARJOB_IMAGE").expect("SIDECARJOB_IMAGE names the image under test: run make test");
    let (name, tag) = image.rsplit_once(':').expect("an image with a tag");
    format!("--set=image.repository={name},image.tag={tag},replicas=1")
}

/// A run whose main container ends when it is told to, with a sidecar beside it.
pub struct Run {
    name: String,
    pod: String,
    uid: String,
}

impl Run {
    /// Starts it; its Pod runs.
    pub fn start(name: &str) -> Self {
        apply(&format!(
            r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  sidecars: [{{name: side}}]
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "until [ -e /tmp/end ]; do sleep 0.2; done"]}}
      - {{name: side, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.2; done"]}}
"#
        ));
        kubectl(&["wait", &format!("scj/{name}"), "--for=jsonpath={.status.ready}=1", "--timeout=120s"]);
        let pods = pods_of(name);
        let [pod] = &pods[..] else { panic!("{name} has one Pod: {pods:?}") };
        let of = |field: &str| pod["metadata"][field].as_str().expect("text").to_owned();
        Self { name: name.into(), pod: of("name"), uid: of("uid") }
    }

    /// Its Pod is the one that was started, and runs.
    pub fn goes_on(&self) {
        let phase = kubectl(&["get", "pod", &self.pod, "-o", "jsonpath={.metadata.uid} {.status.phase}"]);
        assert_eq!(phase, format!("{} Running", self.uid), "{}", self.name);
    }

    /// Ends its main container.
    pub fn end(&self) {
        kubectl(&["exec", &self.pod, "-c", "main", "--", "touch", "/tmp/end"]);
    }

    /// Its Pod has ended, whether a controller runs or not.
    pub fn pod_ends(&self) {
        kubectl(&["wait", &format!("pod/{}", self.pod), "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"]);
    }

    /// It is Complete with its one Pod, counted once. Removes it.
    pub fn completes(self) {
        let name = format!("scj/{}", self.name);
        kubectl(&["wait", &name, "--for=condition=Finished", "--timeout=120s"]);
        let all = kubectl(&["get", &name, "-o", "json"]);
        let status: Value = serde_json::from_str::<Value>(&all).expect("JSON")["status"].take();
        let counts = (status["phase"].as_str(), status["succeeded"].as_i64(), status["failed"].as_i64().unwrap_or(0));
        assert_eq!(counts, (Some("Complete"), Some(1), 0), "{}: {status}", self.name);
        let pods = pods_of(&self.name);
        let uids: Vec<_> = pods.iter().filter_map(|pod| pod["metadata"]["uid"].as_str()).collect();
        assert_eq!(uids, [self.uid.as_str()], "{} has the Pod that it began with", self.name);
        kubectl(&["delete", &name, "--timeout=120s"]);
    }
}

fn pods_of(name: &str) -> Vec<Value> {
    let label = format!("{}={name}", sidecarjob::api::labels::NAME);
    let json = kubectl(&["get", "pods", "-l", &label, "-o", "json"]);
    serde_json::from_str::<Value>(&json).expect("JSON")["items"].as_array().expect("items").clone()
}

/// What installations have beside their namespace.
const OF_THE_CLUSTER: &str = "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,\
                              validatingadmissionpolicybindings,clusterroles,clusterrolebindings";

/// Nothing is left of an installation, also of one by a test that failed: neither CRDs, nor these namespaces, nor policies.
pub fn nothing_is_installed(namespaces: &[&str]) {
    let delete = ["delete", "--ignore-not-found", "--timeout=120s"];
    let crds: Vec<_> = sidecarjob::api::crd::all().into_iter().filter_map(|crd| crd.metadata.name).collect();
    let crds = crds.iter().map(String::as_str).collect::<Vec<_>>();
    kubectl(&[&delete[..], &["crds"], &crds].concat());
    kubectl(&[&delete[..], &["namespaces"], namespaces].concat());
    kubectl(&[&delete[..], &[OF_THE_CLUSTER, "-l", "app.kubernetes.io/part-of=sidecarjob"]].concat());
}

/// A namespace that takes only Pods that fit Pod Security `restricted`.
pub fn restricted_namespace(name: &str) {
    kubectl(&["create", "namespace", name]);
    kubectl(&["label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted"]);
}

const FIELD: &str = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/endedPods";

/// The chart as of a release before: older, and a field of the CRD was not there yet.
pub fn older(folder: &Folder) -> String {
    let path = folder.chart();
    let yaml = std::fs::read_to_string(path.join("Chart.yaml")).expect("Chart.yaml");
    assert!(yaml.contains("\nversion: "));
    std::fs::write(path.join("Chart.yaml"), yaml.replace("\nversion: ", "\nversion: 0.0.1 # was ")).expect("written");
    let file = path.join("files/crds/sidecarjobs.sidecarjob.dev.yaml");
    let mut crd: Value = serde_saphyr::from_str(&std::fs::read_to_string(&file).expect("the CRD")).expect("YAML");
    let (outer, field) = FIELD.rsplit_once('/').expect("a pointer");
    let fields = crd.pointer_mut(outer).and_then(Value::as_object_mut).expect("the fields of the spec");
    assert!(fields.remove(field).is_some(), "{field} is a field");
    std::fs::write(&file, serde_saphyr::to_string(&crd).expect("YAML")).expect("written");
    path.to_str().expect("UTF-8").into()
}

/// The CRD of the cluster has the field that the release before did not have.
pub fn has_field() -> bool {
    let crd = kubectl(&["get", "crd", "sidecarjobs.sidecarjob.dev", "-o", "json"]);
    serde_json::from_str::<Value>(&crd).expect("JSON").pointer(FIELD).is_some()
}

/// The bytes of the largest Secret in which Helm keeps a release. The API server takes 1 MiB.
fn release_bytes() -> usize {
    let json = kubectl(&["-n", NAMESPACE, "get", "secrets", "-l", "owner=helm", "-o", "json"]);
    let all: Value = serde_json::from_str(&json).expect("JSON");
    let of = |secret: &Value| {
        let data = secret["data"]["release"].as_str().expect("a release");
        base64::engine::general_purpose::STANDARD.decode(data).expect("base64").len()
    };
    all["items"].as_array().expect("items").iter().map(of).max().expect("a release")
}

fn path(path: &Path) -> String {
    path.to_str().expect("UTF-8").into()
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn by_helm_runs_outlive_upgrade_rollback_uninstall_and_the_next_install() {
    nothing_is_installed(&[NAMESPACE]);
    restricted_namespace(NAMESPACE);
    let (folder, image, new) = (Folder::new(), image(), path(&chart()));
    let older = older(&folder);
    let helm = |verb: &'static str, chart: &str| {
        Helm::Four.ok(&[verb, "sidecarjob", chart, "-n", NAMESPACE, &image, "--wait", "--timeout=180s"])
    };
    let notes = helm("install", &older);
    assert!(notes.contains("become native sidecars too") && notes.contains("kind: SidecarJob"), "{notes}");
    assert!(!has_field());
    let names = ["upgraded", "rolled-back", "uninstalled", "installed-again"];
    let [upgraded, back, uninstalled, again] = names.map(Run::start);

    helm("upgrade", &new);
    assert!(has_field(), "the CRD is upgraded with the chart");
    upgraded.goes_on();
    upgraded.end();
    upgraded.completes();
    let bytes = release_bytes();
    eprintln!("the Secret of a release has {bytes} bytes");
    assert!(bytes < 700 << 10, "a release of {bytes} bytes is near the bound of a Secret, 1 MiB");

    Helm::Four.ok(&["rollback", "sidecarjob", "1", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    assert!(!has_field(), "a rollback brings back the CRDs of the older chart");
    back.goes_on();
    back.end();
    back.completes();
    helm("upgrade", &new);
    assert!(has_field());

    let log = kubectl(&["-n", NAMESPACE, "logs", "--selector=app.kubernetes.io/component=controller", "--tail=-1"]);
    assert!(!lacks_a_right(&log), "a right is missing:\n{log}");
    Helm::Four.ok(&["uninstall", "sidecarjob", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    eventually("the controller is gone", || async {
        kubectl(&["-n", NAMESPACE, "get", "deployments,pods,poddisruptionbudgets", "-o", "name"])
            .is_empty()
            .then_some(())
    })
    .await;
    assert_eq!(try_kubectl(&["get", "mutatingadmissionpolicy", "sidecarjob-native-sidecars"]), None);
    uninstalled.goes_on();
    again.goes_on();
    uninstalled.end();
    uninstalled.pod_ends();

    helm("install", &new); // the CRDs are its own: nothing to say about them
    again.goes_on();
    uninstalled.completes();
    again.end();
    again.completes();
    Helm::Four.ok(&["uninstall", "sidecarjob", "-n", NAMESPACE, "--wait", "--timeout=180s"]);
    nothing_is_installed(&[NAMESPACE]);
}

/// The folder `crds/` is installed by plain kubectl, as a folder of files, though a Kustomization stands in it.
#[test]
#[ignore = "needs a cluster: run make test"]
fn crds_not_installed_by_helm_are_applied_as_a_folder() {
    let folder = path(&root().join("crds"));
    for apply in [
        &["apply", "--server-side", "--force-conflicts", "-f", &folder],
        &["apply", "--server-side", "--force-conflicts", "-k", &folder],
    ] {
        let said = kubectl(apply);
        for crd in sidecarjob::api::crd::all() {
            let name = crd.metadata.name.expect("a name");
            assert!(said.contains(&format!("{name} serverside-applied")), "{said}");
        }
    }
    nothing_is_installed(&[NAMESPACE]);
}
