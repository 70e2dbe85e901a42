//! What the chart renders with its values (`rows`), what the schema rejects, and what the notes say.

use std::process::Command;

use serde_json::{Value, json};

use crate::helm::{BOTH, Helm, NAMESPACE, Objects};
use crate::rows::{DEPLOYMENT, ROWS, Row};
use crate::{Folder, text};

fn args(set: &[&str]) -> Vec<String> {
    let version = "--kube-version=1.37.2".to_owned();
    std::iter::once(version).chain(set.iter().flat_map(|set| ["--set".to_owned(), set.to_string()])).collect()
}

fn rendered(helm: Helm, set: &[&str]) -> Objects {
    let args = args(set);
    helm.render(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn wrong(row: &Row, all: &Objects) -> Vec<String> {
    let mut wrong = Vec::new();
    for key in row.there.iter().filter(|key| !all.contains_key(**key)) {
        wrong.push(format!("{}: {key} is not there: {:?}", row.says, all.keys()));
    }
    for key in row.not_there.iter().filter(|key| all.contains_key(**key)) {
        wrong.push(format!("{}: {key} is there", row.says));
    }
    for (key, pointer, want) in row.fields {
        let want: Value = serde_json::from_str(want).expect("JSON");
        let have = all.get(*key).unwrap_or(&Value::Null).pointer(pointer).unwrap_or(&Value::Null);
        if *have != want {
            wrong.push(format!("{}: {key} {pointer} is {have}, not {want}", row.says));
        }
    }
    wrong
}

#[test]
#[ignore = "needs Go: run make test"]
fn each_value_does_what_its_comment_says() {
    let wrong: Vec<_> = ROWS.iter().flat_map(|row| wrong(row, &rendered(Helm::Four, row.set))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "needs Go: run make test"]
fn both_helms_render_the_same_with_every_value_and_lint_finds_nothing() {
    // the rows that exclude no other
    let sets: Vec<&str> = ROWS.iter().flat_map(|row| row.set).copied().filter(|set| !set.ends_with("=false")).collect();
    let (four, three) = (rendered(Helm::Four, &sets), rendered(Helm::Three, &sets));
    assert!(four.len() > 30, "{:?}", four.keys());
    assert_eq!(four, three);
    for helm in BOTH {
        helm.ok(&["lint", "--strict", crate::chart().to_str().expect("UTF-8")]);
    }
}

#[test]
#[ignore = "needs Go: run make test"]
fn for_some_namespaces_nothing_of_the_whole_cluster_is_needed() {
    let all = rendered(
        Helm::Four,
        &[
            "watchNamespaces={a}",
            "crds.enabled=false",
            "policies.nativeSidecars=false",
            "policies.checks=false",
            "rbac.people=false",
        ],
    );
    assert!(all.len() > 5, "{:?}", all.keys());
    for (key, object) in &all {
        assert!(object["metadata"]["namespace"].is_string(), "{key} is of the whole cluster");
    }
}

#[test]
#[ignore = "needs Go: run make test"]
fn in_another_namespace_each_object_and_the_lease_are_there() {
    let chart = crate::chart();
    let out = Helm::Four.ok(&[
        "template",
        "other",
        chart.to_str().expect("UTF-8"),
        "--namespace=jobs",
        "--kube-version=1.37.2",
        "--set=monitoring.rules.enabled=true,monitoring.serviceMonitor.enabled=true,networkPolicy.enabled=true",
    ]);
    assert!(out.contains("SIDECARJOB_LEADER_ELECT_NAMESPACE, value: jobs"));
    // The descriptions of CRDs and policies don't count; no other line may name the usual namespace.
    let named: Vec<_> = out.lines().filter(|line| line.contains(NAMESPACE)).collect();
    assert_eq!(named, [""; 0]);
}

#[test]
#[ignore = "needs Go: run make test"]
fn each_flag_of_the_controller_has_a_value() {
    let help = Command::new(env!("CARGO_BIN_EXE_sidecarjob")).args(["controller", "--help"]).output().expect("help");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let named = help.split("[env: ").skip(1).filter_map(|rest| rest.split('=').next());
    // The Pod has no kubeconfig; the recipes are where the chart puts them.
    let flags: Vec<&str> = named.filter(|f| !["SIDECARJOB_KUBECONFIG", "SIDECARJOB_RECIPES"].contains(f)).collect();
    assert!(flags.len() > 10, "the flags were found: {help}");
    let all = rendered(
        Helm::Four,
        &[
            "replicas=1",
            "watchNamespaces={a}",
            "controller.leaderElect=false",
            "controller.bindAddress=0.0.0.0:9090",
            "controller.perObjectMetrics=off",
            "controller.concurrentSyncs=7",
            "controller.podFailureBackoff=1s",
            "controller.podFailureBackoffMax=2s",
            "controller.syncBatchPeriod=3s",
            "controller.stopSignalImage=i",
            "controller.maxUncountedPods=8",
            "controller.maxPodCreateDeletePerSync=9",
        ],
    );
    let pointer = "/spec/template/spec/containers/0/env";
    let variables = all[DEPLOYMENT].pointer(pointer).and_then(Value::as_array).expect("variables");
    let have: Vec<_> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    for flag in flags {
        assert!(have.contains(&flag), "no value sets {flag}: {have:?}");
    }
    assert!(variables.contains(&json!({"name": "SIDECARJOB_CONCURRENT_SYNCS", "value": "7"})), "{variables:?}");
}

/// Values that are rejected, and a word of the message.
const REJECTED: &[(&[&str], &str)] = &[
    (&["replica=3"], "replica"),
    (&["controller.logFormat=xml"], "logFormat"),
    (&["controller.podFailureBackoff=10"], "podFailureBackoff"),
    (&["image.digest=abc"], "digest"),
    (&["watchNamespaces={Not A Name}"], "watchNamespaces"),
    (&["stop.exec=maybe"], "exec"),
    (&["networkPolicy.apiServerPorts={0}"], "apiServerPorts"),
    (&["recipes[0].name=x"], "recipes"),
    (&["controller.leaderElect=false"], "Set replicas to 1"),
];

#[test]
#[ignore = "needs Go: run make test"]
fn a_value_that_cannot_be_meant_is_rejected_by_name() {
    let chart = crate::chart();
    let template = ["template", "sidecarjob", chart.to_str().expect("UTF-8")];
    for (set, word) in REJECTED {
        let args = args(set);
        let args: Vec<_> = template.into_iter().chain(args.iter().map(String::as_str)).collect();
        let said = Helm::Four.fails(&args);
        assert!(said.contains(word), "{set:?}: {said}");
    }
    for helm in BOTH {
        let said = helm.fails(&[&template[..], &["--kube-version=1.29.9"]].concat());
        assert!(said.contains("1.30.0"), "{helm:?}: {said}");
    }
}

/// Arguments of Helm, and what the notes say with them.
const NOTES: &[(&[&str], &[&str], &[&str])] = &[
    (
        &["--kube-version=1.37.2"],
        &["all namespaces of a Kubernetes v1.37.2", "become native sidecars too", "admissionregistration.k8s.io/v1)"],
        &["stay plain containers"],
    ),
    (
        &["--kube-version=1.35.0", "--set=stop.http=true"],
        &[
            "has no MutatingAdmissionPolicy",
            "stay plain containers",
            "(stop.http), and at last by SIGTERM",
            "helm upgrade again",
        ],
        &["become native sidecars too"],
    ),
    (
        &["--kube-version=1.34.0", "--api-versions=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy"],
        &["become native sidecars too", "--feature-gates=MutatingAdmissionPolicy=true"],
        &["stay plain containers"],
    ),
    (
        &["--kube-version=1.37.2", "--set=policies.nativeSidecars=false"],
        &["policies.nativeSidecars is false", "by SIGTERM"],
        &[],
    ),
    (
        &["--kube-version=1.37.2", "--set=crds.keep=false,watchNamespaces={a,b},image.repository=r/s"],
        &["will delete all SidecarJobs", "the namespaces a, b", "kubectl -n a apply"],
        &["No registry has the image"],
    ),
    (
        &["--kube-version=1.37.2", "--set=crds.enabled=false"],
        &["No registry has the image", "the CRDs must be there already"],
        &[],
    ),
];

#[test]
#[ignore = "needs Go: run make test"]
fn the_notes_say_what_the_cluster_lacks_and_who_stops_sidecars() {
    let folder = Folder::new();
    let chart = folder.chart();
    // `helm template` shows no notes.
    let notes =
        "kind: ConfigMap\nmetadata: {name: notes}\ndata: {text: {{ include \"sidecarjob.notes\" . | toJson }}}\n";
    std::fs::write(chart.join("templates/shown.yaml"), notes).expect("written");
    for (args, says, says_not) in NOTES {
        let args = [args, &["--show-only=templates/shown.yaml"][..]].concat();
        let all = Helm::Four.template(&chart, &args);
        let said = all["ConfigMap notes"]["data"]["text"].as_str().expect("text");
        for word in *says {
            assert!(said.contains(word), "{args:?} lacks {word:?}:\n{said}");
        }
        for word in *says_not {
            assert!(!said.contains(word), "{args:?} has {word:?}:\n{said}");
        }
        assert!(said.contains("kind: SidecarJob"), "{said}");
    }
    assert!(text("charts/sidecarjob/templates/NOTES.txt").contains("sidecarjob.notes"));
}
