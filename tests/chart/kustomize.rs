//! Both ways to install are the same: each object of the chart has the fields that kustomize gives it, but for a short list.

use std::process::Command;

use serde_json::{Value, json};

use crate::helm::{BOTH, Objects, objects, words};
use crate::{Folder, root};

/// How the chart is rendered, and the kustomization that should be the same.
struct Pair {
    what: &'static str,
    helm: &'static [&'static str],
    resources: &'static [&'static str],
    components: &'static [&'static str],
}

const V1BETA1: &str = "admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy";

const PAIRS: &[Pair] = &[
    Pair { what: "Kubernetes 1.37", helm: &["--kube-version=1.37.2"], resources: &["default"], components: &[] },
    Pair { what: "Kubernetes 1.36", helm: &["--kube-version=1.36.0"], resources: &["default"], components: &[] },
    Pair { what: "Kubernetes 1.35", helm: &["--kube-version=1.35.3"], resources: &["without-policy"], components: &[] },
    Pair { what: "Kubernetes 1.30", helm: &["--kube-version=1.30.0"], resources: &["without-policy"], components: &[] },
    Pair {
        what: "Kubernetes 1.34 that serves v1beta1",
        helm: &["--kube-version=1.34.1", "--api-versions", V1BETA1],
        resources: &["default"],
        components: &["components/v1beta1"],
    },
    Pair {
        what: "all that is off by default",
        helm: &[
            "--kube-version=1.37.2",
            "--set=stop.exec=true,stop.http=true,stop.signal=true,policies.wellKnownSidecars=true",
            "--set=monitoring.serviceMonitor.enabled=true,monitoring.rules.enabled=true,monitoring.dashboard.enabled=true",
        ],
        resources: &["default", "components/well-known-sidecars"],
        components: &["components/stop-exec", "components/stop-http", "components/stop-signal", "monitoring"],
    },
];

/// Labels that only the chart's objects have.
const LABELS: &[&str] = &[
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/version",
    "helm.sh/chart",
    // kustomize's objects have these two in part
    "app.kubernetes.io/name",
    "app.kubernetes.io/component",
];

/// Takes out the differences that are meant.
fn without_what_is_meant(objects: &mut Objects) {
    objects.retain(|_, object| object["kind"] != "Namespace"); // helm --create-namespace makes it
    for object in objects.values_mut() {
        let is_crd = object["kind"] == "CustomResourceDefinition";
        let metadata = &mut object["metadata"];
        if let Some(labels) = metadata["labels"].as_object_mut() {
            labels.retain(|label, _| !LABELS.contains(&label.as_str()));
        }
        if is_crd && let Some(metadata) = metadata.as_object_mut() {
            metadata.remove("annotations"); // helm.sh/resource-policy: keep
        }
        let Some(container) = object.pointer_mut("/spec/template/spec/containers/0") else { continue };
        container["image"] = json!("the image"); // :dev, as `make image` has it; of the chart the version of the controller
        let variables = container["env"].as_array_mut().expect("variables");
        // config/ has one namespace, where the controller looks for its Lease by default.
        variables.retain(|variable| variable["name"] != "SIDECARJOB_LEADER_ELECT_NAMESPACE");
    }
}

fn kustomized(pair: &Pair) -> Objects {
    let folder = Folder::new();
    let up = "../".repeat(folder.0.components().count() - 1);
    let base = root().join("config");
    let base = format!("{up}{}", base.strip_prefix("/").expect("absolute").display());
    let all = |names: &[&str]| names.iter().map(|name| format!("{base}/{name}")).collect::<Vec<_>>();
    let kustomization = json!({"resources": all(pair.resources), "components": all(pair.components)});
    std::fs::write(folder.0.join("kustomization.yaml"), kustomization.to_string()).expect("written");
    let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
    let out = Command::new(kubectl).arg("kustomize").arg(&folder.0).output().expect("kubectl runs");
    assert!(out.status.success(), "{}: {}", pair.what, words(&out.stderr));
    objects(&words(&out.stdout))
}

/// The paths at which two values differ.
fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                differences(&format!("{path}.{key}"), &ours[key], &theirs[key], found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (n, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{n}]"), a, b, found);
            }
        }
        // kustomize reads 1 where Helm writes 1.0, and an empty map where the other has none
        _ if ours == theirs || ours.as_f64().is_some_and(|a| Some(a) == theirs.as_f64()) => (),
        (Value::Object(a), Value::Null) | (Value::Null, Value::Object(a)) if a.is_empty() => (),
        _ => found.push(format!("{path}: the chart has {ours}, kustomize {theirs}")),
    }
}

#[test]
#[ignore = "needs kubectl and Go: run make test"]
fn the_chart_renders_what_kustomize_does_on_each_version_of_kubernetes() {
    let mut found = Vec::new();
    for pair in PAIRS {
        let mut theirs = kustomized(pair);
        without_what_is_meant(&mut theirs);
        for helm in BOTH {
            let mut ours = helm.render(pair.helm);
            without_what_is_meant(&mut ours);
            let what = format!("{}, {helm:?}", pair.what);
            assert!(ours.len() > 10, "{what}: {:?}", ours.keys());
            for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
                match (ours.get(key), theirs.get(key)) {
                    (Some(a), Some(b)) => differences(&format!("{what}: {key}"), a, b, &mut found),
                    (a, _) => {
                        found.push(format!("{what}: {key} is only {}", if a.is_some() { "ours" } else { "theirs" }))
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_difference_is_found_wherever_it_is() {
    let mut found = Vec::new();
    let (a, b) = (json!({"a": [{"b": 1, "c": {}}], "d": "x"}), json!({"a": [{"b": 2}], "d": "x"}));
    differences("it", &a, &b, &mut found);
    assert_eq!(found, ["it.a[0].b: the chart has 1, kustomize 2"]);
}
