//! Facts in, words out: what does `doctor` say of a cluster?

use chrono::{DateTime, Utc};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::facts::{Answer, Facts, Policies, Unread};
use super::finding::{Mark, Mode, Report};
use super::installed::{self, Found};
use super::{findings, probe, rights};
use crate::api::install;

fn now() -> DateTime<Utc> {
    "2026-01-01T00:10:00Z".parse().unwrap()
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn version(minor: u32) -> Value {
    json!({
        "major": "1", "minor": minor.to_string(), "gitVersion": format!("v1.{minor}.0"), "gitCommit": "", "gitTreeState": "",
        "buildDate": "", "goVersion": "", "compiler": "", "platform": ""
    })
}

/// The policies or bindings of this program of a kind.
fn ours(kind: &str) -> Vec<Value> {
    let documents = install::POLICIES.iter().flat_map(|(_, yaml)| yaml.split("\n---\n"));
    let objects = documents.filter_map(|text| serde_saphyr::from_str::<Value>(text).ok());
    let all = objects.flat_map(|object| match object["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![object],
    });
    all.filter(|object| object["kind"] == kind).collect()
}

fn policies(kind: &str, versions: &[&str]) -> Policies {
    Policies {
        served: Ok(versions.iter().map(|&version| version.to_owned()).collect()),
        policies: Ok(ours(kind)),
        bindings: Ok(ours(&format!("{kind}Binding"))),
    }
}

/// What came back of the annotated Pod: the policy moved the plain container.
fn moved() -> Answer {
    let mut pod = serde_json::to_value(probe::annotated("x").unwrap()).unwrap();
    let mut plain = pod["spec"]["containers"].as_array_mut().unwrap().remove(1);
    plain["restartPolicy"] = json!("Always");
    pod["spec"]["initContainers"].as_array_mut().unwrap().push(plain);
    Answer::Taken(Box::new(read(pod)))
}

fn deployment() -> Value {
    json!({
        "metadata": {"name": "sidecarjob-controller", "namespace": "sidecarjob-system"},
        "spec": {"replicas": 2, "selector": {}, "template": {"spec": {
            "serviceAccountName": "sidecarjob-controller",
            "containers": [{"name": "controller", "image": format!("r/sidecarjob:v{}", env!("CARGO_PKG_VERSION")), "args": ["controller"]}]
        }}},
        "status": {"readyReplicas": 2}
    })
}

fn pod(status: &Value) -> Value {
    json!({"metadata": {"name": "c-1", "namespace": "sidecarjob-system"}, "status": {"containerStatuses": [status]}})
}

fn status(fields: Value) -> Value {
    let mut status = json!({"name": "controller", "image": "", "imageID": "", "ready": true, "restartCount": 0});
    fields.as_object().unwrap().iter().for_each(|(key, value)| status[key] = value.clone());
    status
}

fn lease(holder: &str, renewed: &str) -> Value {
    json!({"spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed}})
}

/// Small definitions with the names of ours: the real ones are compared on a real cluster.
fn crds() -> Vec<CustomResourceDefinition> {
    let of = |plural: &str| {
        let spec =
            json!({"type": "object", "properties": {"endedPods": {"type": "string"}, "suspend": {"type": "boolean"}}});
        read(json!({
            "metadata": {"name": format!("{plural}.{}", crate::api::GROUP)},
            "spec": {"group": crate::api::GROUP, "scope": "Namespaced", "names": {"kind": "X", "plural": plural}, "versions": [{
                "name": crate::api::VERSION, "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
            }]}
        }))
    };
    vec![of("sidecarjobs"), of("sidecarcronjobs")]
}

/// A cluster in which everything is well, and each thing is installed.
fn well() -> Facts {
    let mut facts = Facts::unknown("batch", " -n batch", now());
    facts.user = Ok("jane".into());
    facts.version = Ok(read(version(37)));
    facts.nodes = Ok(vec![read(json!({"metadata": {"name": "n1"}, "status": {"nodeInfo": node("v1.37.0")}}))]);
    facts.crds = crds().into_iter().map(|crd| (crd.clone(), Ok(crd))).collect();
    facts.mutating = policies("MutatingAdmissionPolicy", &["v1", "v1beta1"]);
    facts.validating = policies("ValidatingAdmissionPolicy", &["v1"]);
    facts.webhooks = Ok(vec![]);
    facts.place = Ok(read(json!({"metadata": {"name": "batch", "labels": {}}})));
    (facts.quotas, facts.limits) = (Ok(vec![]), Ok(vec![]));
    facts.bare = Ok(Answer::Taken(Box::new(probe::bare("x").unwrap())));
    facts.annotated = Ok(moved());
    facts.deployments = Ok(vec![read(deployment())]);
    facts.pods = Ok(vec![read(pod(&status(json!({}))))]);
    facts.lease = Ok(read(lease("c-1_0f", "2026-01-01T00:09:58.000000Z")));
    let all = rights::of_commands("batch").into_iter().flat_map(|(_, rights)| rights);
    facts.own_rights = all.map(|right| (right, Ok(true))).collect();
    let needed = rights::of_controller(None, install::NAMESPACE).into_iter().map(|right| (right, Ok(true)));
    let ways = install::WAYS_TO_STOP.iter().flat_map(|(_, _, yaml)| rights::of_way(yaml, "batch"));
    facts.controller_rights = needed.chain(ways.map(|right| (right, Ok(false)))).collect();
    facts
}

fn node(version: &str) -> Value {
    let mut node = json!({"kubeletVersion": version});
    for key in [
        "architecture",
        "bootID",
        "containerRuntimeVersion",
        "kernelVersion",
        "kubeProxyVersion",
        "machineID",
        "operatingSystem",
        "osImage",
        "systemUUID",
    ] {
        node[key] = json!("");
    }
    node
}

fn text(report: &Report, width: Option<usize>) -> String {
    let mut out = Vec::new();
    report.print(&mut out, width).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_cluster_in_which_all_is_well_is_told_in_a_page() {
    let report = findings::report(&well());
    let program = env!("CARGO_PKG_VERSION");
    let plain = text(&report, None).replace("\x1b[32m", "").replace("\x1b[0m", "");
    assert_eq!(
        plain,
        format!(
            "sidecarjob {program}, Kubernetes v1.37.0, namespace batch, as jane

Cluster
  ok    Kubernetes v1.37.0 has native sidecars
  ok    1 node with native sidecars; kubelets: v1.37.0 on 1
  ok    MutatingAdmissionPolicy is served as v1, v1beta1
  ok    ValidatingAdmissionPolicy is served as v1

Installation
  ok    the CRDs are those of this program, {program}
  ok    the policy sidecarjob-native-sidecars is installed, bound and of this version, and a dry run shows that it acts
  ok    the policies that check annotations are installed, bound and of this version

Controller
  ok    Deployment sidecarjob-controller in namespace sidecarjob-system: 2 of 2 replicas ready
  ok    the controller's image r/sidecarjob:v{program} has the version of this program
  ok    no container of the controller restarted within the last hour
  ok    c-1_0f holds the Lease sidecarjob-controller in namespace sidecarjob-system and renews it
  ok    the ServiceAccount sidecarjob-controller in namespace sidecarjob-system has all 33 permissions of config/rbac
  ok    not allowed, as by default: stop.http and recipes with an endpoint; config/components/stop-http allows it
  ok    not allowed, as by default: stop.exec; config/components/stop-exec allows it
  ok    not allowed, as by default: stop.signal, and stop.order of plain sidecars; config/components/stop-signal allows it

Namespace
  ok    no level of Pod Security is enforced by a label of the namespace
  ok    no webhook changes Pods in this namespace
  ok    a Pod with a native sidecar comes back as it was sent: nothing is injected or stripped
  ok    runs will use native sidecars, by policy: the kubelet stops every sidecar, and the policy also turns injected \
             containers into native sidecars (seen in a dry run)

Your permissions
  ok    you may use list, describe, why, timeline, watch, wait, logs, run, rerun, cron run, cron backfill, suspend, resume, stop

Nothing is wrong.
"
        )
    );
    assert_eq!((report.mode, report.is_good()), (Mode::NativeByPolicy, true));
}

/// A sentence; what is different; the check, its mark and words, and a part of the command that mends it.
type Row = (&'static str, fn(&mut Facts), &'static str, Mark, &'static str, &'static str);

/// Each row changes one fact of the cluster in which all is well.
fn assert_rows(rows: &[Row]) {
    for (sentence, change, check, mark, words, command) in rows {
        let mut facts = well();
        change(&mut facts);
        let report = findings::report(&facts);
        let told: Vec<_> = report.findings().filter(|finding| finding.check == *check).collect();
        let found = told.iter().find(|finding| finding.result == *mark && finding.message.contains(words));
        let found = found.unwrap_or_else(|| panic!("{sentence}: {told:#?}"));
        let commands = found.commands.join("\n");
        assert!(commands.contains(command) && command.is_empty() == commands.is_empty(), "{sentence}: {commands}");
    }
}

fn needs() -> Unread {
    Unread::Needs("list for x".into())
}

#[test]
fn what_the_cluster_can_do_is_told() {
    assert_rows(&[
        (
            "a server that is down",
            |f| f.version = Err(Unread::Failed("failed to read: refused".into())),
            "KubernetesVersion",
            Mark::Fail,
            "failed to read: refused; nothing else was checked",
            "kubectl cluster-info -n batch",
        ),
        (
            "Kubernetes 1.28",
            |f| f.version = Ok(read(version(28))),
            "KubernetesVersion",
            Mark::Warn,
            "has no native sidecars",
            "",
        ),
        (
            "Kubernetes 1.29",
            |f| f.version = Ok(read(version(29))),
            "KubernetesVersion",
            Mark::Warn,
            "nothing is promised before 1.30",
            "",
        ),
        (
            "an old kubelet",
            |f| {
                f.nodes
                    .as_mut()
                    .unwrap()
                    .push(read(json!({"metadata": {"name": "n2"}, "status": {"nodeInfo": node("v1.28.4")}})))
            },
            "Kubelets",
            Mark::Fail,
            "no native sidecars on n2 (v1.28.4 on 1, v1.37.0 on 1)",
            "kubectl cordon n2",
        ),
        (
            "no right to list nodes",
            |f| f.nodes = Err(needs()),
            "Kubelets",
            Mark::NotChecked,
            "not checked: needs list for x",
            "",
        ),
        (
            "1.30 without MutatingAdmissionPolicy",
            |f| {
                f.version = Ok(read(version(30)));
                f.mutating.served = Ok(vec![]);
            },
            "MutatingPolicyApi",
            Mark::Ok,
            "it came with Kubernetes 1.36",
            "",
        ),
        (
            "1.35 with the gate off",
            |f| {
                f.version = Ok(read(version(35)));
                f.mutating.served = Ok(vec![]);
            },
            "MutatingPolicyApi",
            Mark::Ok,
            "serve it as v1beta1 if the API server is told to",
            "",
        ),
        (
            "1.37 with the kind off",
            |f| f.mutating.served = Ok(vec![]),
            "MutatingPolicyApi",
            Mark::Warn,
            "is not served",
            "",
        ),
    ]);
}

fn nothing_is_installed(f: &mut Facts) {
    f.crds.iter_mut().for_each(|(_, there)| *there = Err(Unread::Absent));
    (f.deployments, f.lease, f.pods) = (Ok(vec![]), Err(Unread::Absent), Ok(vec![]));
    for policies in [&mut f.mutating, &mut f.validating] {
        (policies.policies, policies.bindings) = (Ok(vec![]), Ok(vec![]));
    }
    f.annotated = f.bare.clone();
}

fn policy(f: &mut Facts, change: impl Fn(&mut Vec<Value>)) {
    change(f.mutating.policies.as_mut().unwrap());
    f.annotated = Err(Unread::Needs("create for pods (a dry run)".into()));
}

#[test]
fn what_is_not_installed_or_of_another_version_is_told_with_the_command() {
    assert_rows(&[
        (
            "nothing at all",
            nothing_is_installed,
            "Crds",
            Mark::Fail,
            "SidecarJob is not installed",
            "kubectl apply --server-side -k config/default",
        ),
        (
            "nothing, on an old cluster",
            |f| {
                nothing_is_installed(f);
                f.mutating.served = Ok(vec![]);
            },
            "Crds",
            Mark::Fail,
            "SidecarJob is not installed",
            "-k config/without-policy",
        ),
        (
            "one annotation alone",
            |f| {
                let ours = f.mutating.clone();
                nothing_is_installed(f);
                f.mutating = ours;
                f.annotated = Ok(moved());
            },
            "Crds",
            Mark::Ok,
            "one annotation alone is installed",
            "",
        ),
        (
            "one CRD is missing",
            |f| f.crds[0].1 = Err(Unread::Absent),
            "Crds",
            Mark::Fail,
            "the cluster has no CRD sidecarjobs.",
            "sidecarjob crds | kubectl apply",
        ),
        (
            "an old CRD",
            |f| f.crds[0].1 = Ok(without_a_field(&f.crds[0].0)),
            "Crds",
            Mark::Fail,
            "it lacks spec.endedPods",
            "sidecarjob crds |",
        ),
        (
            "a newer CRD",
            |f| f.crds[0].0 = without_a_field(&f.crds[0].0),
            "Crds",
            Mark::Warn,
            "it also has spec.endedPods",
            "",
        ),
        (
            "other rules",
            |f| {
                if let Ok(there) = &mut f.crds[0].1 {
                    there.spec.versions[0].schema.as_mut().unwrap().open_api_v3_schema.as_mut().unwrap().description =
                        Some("other".into());
                }
            },
            "Crds",
            Mark::Warn,
            "other rules or descriptions",
            "sidecarjob crds |",
        ),
        (
            "a CRD that may not be read",
            |f| f.crds[0].1 = Err(needs()),
            "Crds",
            Mark::NotChecked,
            "not checked: needs list for x",
            "",
        ),
        (
            "no policy",
            |f| policy(f, Vec::clear),
            "MutatingPolicy",
            Mark::Warn,
            "is not installed",
            "-k config/components/policy",
        ),
        (
            "an old policy",
            |f| policy(f, |all| all[0]["spec"]["variables"] = json!([])),
            "MutatingPolicy",
            Mark::Warn,
            "of another version than this program",
            "-k config/components/policy",
        ),
        (
            "a policy with what the server fills in",
            |f| policy(f, |all| all[0]["spec"]["matchConstraints"]["matchPolicy"] = json!("Equivalent")),
            "MutatingPolicy",
            Mark::Ok,
            "installed, bound and of this version",
            "",
        ),
        (
            "no binding",
            |f| f.mutating.bindings = Ok(vec![]),
            "MutatingPolicy",
            Mark::Fail,
            "has no binding",
            "-k config/components/policy",
        ),
        (
            "bound elsewhere",
            |f| {
                f.mutating.bindings.as_mut().unwrap()[0]["spec"]["matchResources"] =
                    json!({"namespaceSelector": {"matchLabels": {"a": "b"}}})
            },
            "MutatingPolicy",
            Mark::Warn,
            "not for the namespace batch",
            "",
        ),
        (
            "a policy that does nothing",
            |f| f.annotated = Ok(Answer::Taken(Box::new(probe::annotated("x").unwrap()))),
            "MutatingPolicy",
            Mark::Fail,
            "changed nothing in a dry run",
            "-k config/components/policy",
        ),
        (
            "policies that may not be read",
            |f| f.mutating.policies = Err(needs()),
            "MutatingPolicy",
            Mark::NotChecked,
            "not checked",
            "",
        ),
        (
            "a check is missing",
            |f| {
                f.validating.policies.as_mut().unwrap().pop();
            },
            "ValidatingPolicies",
            Mark::Warn,
            "not installed: sidecarjob-schedule-advice",
            "-k config/admission",
        ),
        (
            "a check without binding",
            |f| {
                f.validating.bindings.as_mut().unwrap().remove(0);
            },
            "ValidatingPolicies",
            Mark::Warn,
            "without a binding: sidecarjob-annotation",
            "-k config/components/policy",
        ),
    ]);
}

/// The CRD as it was before a field came.
fn without_a_field(own: &CustomResourceDefinition) -> CustomResourceDefinition {
    let mut older = serde_json::to_value(own).unwrap();
    let spec = &mut older["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    spec.as_object_mut().unwrap().remove("endedPods").expect("it is there");
    read(older)
}

fn deployed(f: &mut Facts, change: impl Fn(&mut Value)) {
    let mut deployment = deployment();
    change(&mut deployment);
    f.deployments = Ok(vec![read(deployment)]);
}

/// The controller lacks the permissions that the test chooses.
fn lacks(f: &mut Facts, is_lost: impl Fn(&str, &str) -> bool) {
    f.controller_rights
        .iter_mut()
        .filter(|(right, _)| is_lost(&right.resource, &right.verb))
        .for_each(|(_, may)| *may = Ok(false));
}

#[test]
fn what_is_wrong_with_the_controller_is_told() {
    let old = "2026-01-01T00:05:00.000000Z";
    assert_eq!(old.len(), 27);
    assert_rows(&[
        (
            "no Deployment and no Lease",
            |f| {
                f.deployments = Ok(vec![]);
                f.lease = Err(Unread::Absent);
            },
            "ControllerDeployment",
            Mark::Fail,
            "nobody runs SidecarJobs",
            "-k config/default",
        ),
        (
            "a controller outside the cluster",
            |f| {
                f.deployments = Ok(vec![]);
                f.pods = Ok(vec![]);
            },
            "ControllerDeployment",
            Mark::Ok,
            "runs elsewhere",
            "",
        ),
        (
            "no replica is ready",
            |f| deployed(f, |d| d["status"]["readyReplicas"] = json!(0)),
            "ControllerDeployment",
            Mark::Fail,
            "0 of 2 replicas ready, so nobody",
            "kubectl describe pods",
        ),
        (
            "scaled to none",
            |f| deployed(f, |d| d["spec"]["replicas"] = json!(0)),
            "ControllerDeployment",
            Mark::Fail,
            "2 of 0",
            "--replicas=2",
        ),
        (
            "a new image that does not start, beside two Pods of the old one",
            |f| deployed(f, |d| d["status"] = json!({"replicas": 3, "readyReplicas": 2, "updatedReplicas": 1})),
            "ControllerDeployment",
            Mark::Warn,
            "a roll-out is not finished",
            "kubectl rollout status deployment sidecarjob-controller -n sidecarjob-system",
        ),
        (
            "one of two is ready",
            |f| deployed(f, |d| d["status"]["readyReplicas"] = json!(1)),
            "ControllerDeployment",
            Mark::Warn,
            "1 of 2",
            "kubectl describe pods",
        ),
        (
            "another version",
            |f| deployed(f, |d| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("x:9.9.9")),
            "ControllerVersion",
            Mark::Warn,
            "has version 9.9.9",
            "",
        ),
        (
            "two Deployments",
            |f| f.deployments.as_mut().unwrap().push(read(deployment())),
            "SeveralControllers",
            Mark::Fail,
            "they fight",
            "kubectl delete deployment",
        ),
        (
            "two replicas that both work",
            |f| {
                deployed(f, |d| {
                    d["spec"]["template"]["spec"]["containers"][0]["args"] =
                        json!(["controller", "--leader-elect=false"])
                })
            },
            "SeveralControllers",
            Mark::Fail,
            "all of them work",
            "--replicas=1",
        ),
        (
            "it watches other namespaces",
            |f| deployed(f, |d| d["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["--namespace=a"])),
            "ControllerNamespaces",
            Mark::Fail,
            "watches only a, so runs in batch do nothing",
            "kubectl edit deployment",
        ),
        (
            "the Lease ran out",
            |f| f.lease = Ok(read(lease("c-1_0f", "2026-01-01T00:05:00.000000Z"))),
            "Lease",
            Mark::Fail,
            "has not renewed it for 5m",
            "kubectl logs",
        ),
        (
            "nobody holds the Lease",
            |f| f.lease = Ok(read(lease("", "2026-01-01T00:09:58.000000Z"))),
            "Lease",
            Mark::Fail,
            "nobody holds",
            "kubectl logs",
        ),
        (
            "no Lease",
            |f| f.lease = Err(Unread::Absent),
            "Lease",
            Mark::Fail,
            "no controller has worked yet",
            "kubectl logs",
        ),
        (
            "another holder",
            |f| f.lease = Ok(read(lease("laptop_1", "2026-01-01T00:09:58.000000Z"))),
            "Lease",
            Mark::Warn,
            "none of the Pods of the Deployment",
            "kubectl get pods",
        ),
        ("a Lease that may not be read", |f| f.lease = Err(needs()), "Lease", Mark::NotChecked, "not checked", ""),
        (
            "a restart",
            |f| {
                f.pods = Ok(vec![read(pod(&status(
                    json!({"restartCount": 3, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-01T00:05:00Z"}}}),
                )))])
            },
            "ControllerRestarts",
            Mark::Warn,
            "restarted 3 times, the last time 5m ago: exit code 137 (OOMKilled)",
            "--previous",
        ),
        (
            "an image that can't be pulled",
            |f| {
                f.pods = Ok(vec![read(pod(&status(
                    json!({"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}),
                )))])
            },
            "ControllerRestarts",
            Mark::Fail,
            "does not start: ImagePullBackOff: no such image",
            "kubectl describe pod",
        ),
        (
            "a lost right",
            |f| lacks(f, |resource, verb| (resource, verb) == ("pods", "patch")),
            "ControllerRights",
            Mark::Fail,
            "lacks patch for pods (Pods stay, and managed sidecars never stop)",
            "-k config/rbac",
        ),
        ("no rights", |f| lacks(f, |_, _| true), "ControllerRights", Mark::Fail, " and 27 more", "-k config/rbac"),
        (
            "a way to stop that is allowed",
            |f| {
                f.controller_rights
                    .iter_mut()
                    .filter(|(r, _)| r.resource == "pods/exec")
                    .for_each(|(_, may)| *may = Ok(true))
            },
            "StopRights",
            Mark::Ok,
            "allowed: stop.exec",
            "",
        ),
        (
            "half of a way",
            |f| {
                f.controller_rights
                    .iter_mut()
                    .filter(|(r, _)| r.resource == "pods/exec" && r.verb == "get")
                    .for_each(|(_, may)| *may = Ok(true))
            },
            "StopRights",
            Mark::Fail,
            "lacks create for pods/exec",
            "stop-exec",
        ),
        (
            "rights that may not be asked for",
            |f| f.controller_rights.iter_mut().for_each(|(_, may)| *may = Err(needs())),
            "ControllerRights",
            Mark::NotChecked,
            "not checked",
            "",
        ),
    ]);
}

#[test]
fn where_helm_installed_the_controller_helm_mends_it() {
    let mut facts = well();
    deployed(&mut facts, |d| {
        d["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
        d["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "jobs"});
    });
    lacks(&mut facts, |resource, verb| (resource, verb) == ("pods", "patch"));
    facts.crds[0].1 = Err(Unread::Absent);
    let report = findings::report(&facts);
    let commands: Vec<&String> = report.findings().flat_map(|finding| &finding.commands).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands.iter().all(|c| c.starts_with("helm upgrade jobs CHART -n sidecarjob-system")), "{commands:?}");
}

#[test]
fn a_controller_of_some_namespaces_is_asked_for_its_rights_there() {
    let mut facts = well();
    deployed(&mut facts, |d| d["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["--namespace=batch"]));
    let found = Found::of(&facts);
    let needed = rights::of_controller(Some("batch"), &found.lease_namespace);
    facts.controller_rights = needed.into_iter().map(|right| (right, Ok(false))).collect();
    let report = findings::report(&facts);
    let lacks = report.findings().find(|finding| finding.check == "ControllerRights").unwrap();
    assert!(lacks.commands[0].starts_with("kubectl create rolebinding sidecarjob-controller -n batch"), "{lacks:?}");
    assert_eq!(installed::LEASE, "sidecarjob-controller");
}

/// The answer with these containers more.
fn with(answer: &Answer, list: &str, container: &Value) -> Answer {
    let Answer::Taken(pod) = answer else { panic!("taken") };
    let mut pod = serde_json::to_value(pod).unwrap();
    pod["spec"][list].as_array_mut().unwrap().push(container.clone());
    Answer::Taken(Box::new(read(pod)))
}

fn stripped(answer: &Answer) -> Answer {
    let Answer::Taken(pod) = answer else { panic!("taken") };
    let mut pod = serde_json::to_value(pod).unwrap();
    pod["spec"]["initContainers"][0].as_object_mut().unwrap().remove("restartPolicy");
    Answer::Taken(Box::new(read(pod)))
}

fn labelled(f: &mut Facts, labels: Value) {
    f.place = Ok(read(json!({"metadata": {"name": "batch", "labels": labels}})));
}

fn webhook(name: &str, resource: &str, selector: Value) -> Value {
    json!({"metadata": {"name": name}, "webhooks": [{
        "name": format!("{name}.example.com"), "admissionReviewVersions": ["v1"], "sideEffects": "None", "clientConfig": {},
        "namespaceSelector": selector,
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}]
    }]})
}

fn quota(hard: Value, used: Value) -> Value {
    json!({"metadata": {"name": "small"}, "spec": {"hard": hard}, "status": {"hard": hard, "used": used}})
}

#[test]
fn what_the_namespace_does_to_pods_is_told() {
    assert_rows(&[
        (
            "no such namespace",
            |f| f.place = Err(Unread::Absent),
            "Namespace",
            Mark::Fail,
            "does not exist",
            "kubectl create namespace batch",
        ),
        (
            "a namespace that goes",
            |f| f.place = Ok(read(json!({"metadata": {"name": "batch"}, "status": {"phase": "Terminating"}}))),
            "Namespace",
            Mark::Fail,
            "is being deleted",
            "",
        ),
        (
            "restricted, by default",
            |f| labelled(f, json!({"pod-security.kubernetes.io/enforce": "restricted"})),
            "PodSecurity",
            Mark::Ok,
            "restricted, which allows all that SidecarJob does by default; with config/components/stop-signal, \
                 stop.signal",
            "",
        ),
        (
            "restricted, and the controller sends signals",
            |f| {
                labelled(f, json!({"pod-security.kubernetes.io/enforce": "restricted"}));
                f.controller_rights.iter_mut().for_each(|(_, may)| *may = Ok(true));
            },
            "PodSecurity",
            Mark::Warn,
            "stop.signal, and stop.order of plain sidecars, work only in Pods that name runAsUser",
            "",
        ),
        (
            "baseline",
            |f| labelled(f, json!({"pod-security.kubernetes.io/enforce": "baseline"})),
            "PodSecurity",
            Mark::Ok,
            "enforces baseline",
            "",
        ),
        (
            "injection by label",
            |f| labelled(f, json!({"istio-injection": "enabled"})),
            "Injection",
            Mark::Ok,
            "asks for istio-proxy (istio-injection=enabled)",
            "",
        ),
        (
            "a webhook that is well known",
            |f| f.webhooks = Ok(vec![read(webhook("istio-sidecar-injector", "pods", json!({})))]),
            "Webhooks",
            Mark::Ok,
            "istio-sidecar-injector (adds the container istio-proxy)",
            "",
        ),
        (
            "a webhook for other namespaces",
            |f| f.webhooks = Ok(vec![read(webhook("x", "pods", json!({"matchLabels": {"a": "b"}})))]),
            "Webhooks",
            Mark::Ok,
            "no webhook",
            "",
        ),
        (
            "a webhook for other things",
            |f| f.webhooks = Ok(vec![read(webhook("x", "services", json!({})))]),
            "Webhooks",
            Mark::Ok,
            "no webhook",
            "",
        ),
        (
            "webhooks that may not be read",
            |f| f.webhooks = Err(needs()),
            "Webhooks",
            Mark::NotChecked,
            "not checked",
            "",
        ),
        (
            "a container is injected",
            |f| f.bare = Ok(with(f.bare.as_ref().unwrap(), "containers", &json!({"name": "proxy"}))),
            "DryRun",
            Mark::Ok,
            "gets the containers proxy (plain)",
            "",
        ),
        (
            "stripped, and mended by the policy",
            |f| f.bare = Ok(stripped(f.bare.as_ref().unwrap())),
            "DryRun",
            Mark::Ok,
            "the policy puts it back",
            "",
        ),
        (
            "stripped",
            |f| {
                f.bare = Ok(stripped(f.bare.as_ref().unwrap()));
                f.annotated = Ok(stripped(f.annotated.as_ref().unwrap()));
            },
            "DryRun",
            Mark::Warn,
            "a webhook strips restartPolicy: Always",
            "",
        ),
        (
            "a webhook that does not answer",
            |f| {
                f.bare = Ok(Answer::Unanswered("failed calling webhook \"inject.example.com\": no endpoints".into()));
                let webhook = json!({"metadata": {"name": "mesh"}, "webhooks": [{
                    "name": "inject.example.com", "clientConfig": {}, "sideEffects": "None",
                    "admissionReviewVersions": ["v1"]
                }]});
                f.webhooks = Ok(vec![read(webhook)]);
            },
            "DryRun",
            Mark::Fail,
            "a webhook does not answer, so the API server rejects new Pods in this namespace: failed calling webhook",
            "kubectl describe mutatingwebhookconfiguration mesh",
        ),
        (
            "a webhook of an unknown configuration that does not answer",
            |f| f.bare = Ok(Answer::Unanswered("failed calling webhook \"x.example.com\": timeout".into())),
            "DryRun",
            Mark::Fail,
            "timeout",
            "kubectl describe mutatingwebhookconfigurations,validatingwebhookconfigurations",
        ),
        (
            "a quota rejects the Pod",
            |f| f.bare = Ok(Answer::Refused("exceeded quota: small".into())),
            "DryRun",
            Mark::Fail,
            "exceeded quota: small",
            "kubectl describe quota,limits -n batch",
        ),
        (
            "a policy about images rejects the Pod",
            |f| f.bare = Ok(Answer::Refused("no such registry".into())),
            "DryRun",
            Mark::Warn,
            "other Pods may pass: no such registry",
            "",
        ),
        (
            "no right to create Pods",
            |f| f.bare = Err(needs()),
            "DryRun",
            Mark::NotChecked,
            "not checked: needs list for x",
            "",
        ),
        (
            "a full quota",
            |f| f.quotas = Ok(vec![read(quota(json!({"pods": "3"}), json!({"pods": "3"})))]),
            "Quota",
            Mark::Warn,
            "used up (pods: 3 of 3)",
            "kubectl describe quota -n batch small",
        ),
        (
            "a quota of memory without defaults",
            |f| f.quotas = Ok(vec![read(quota(json!({"limits.memory": "1Gi"}), json!({})))]),
            "Quota",
            Mark::Warn,
            "counts limits.memory: each container has to set it",
            "kubectl describe",
        ),
    ]);
}

#[test]
fn a_quota_with_room_or_with_defaults_is_no_finding() {
    let mut facts = well();
    facts.quotas = Ok(vec![read(quota(json!({"pods": "3", "limits.memory": "1Gi"}), json!({"pods": "2"})))]);
    let limit =
        json!({"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]}});
    facts.limits = Ok(vec![read(limit)]);
    assert!(findings::report(&facts).findings().all(|finding| finding.check != "Quota"));
}

#[test]
fn who_stops_the_sidecars_of_the_next_run_is_told() {
    type Row = (&'static str, fn(&mut Facts), Mode, &'static str);
    let rows: [Row; 7] = [
        ("an old cluster", |f| f.version = Ok(read(version(28))), Mode::Managed, "has no native sidecars"),
        (
            "a webhook strips what the policy put back",
            |f| f.annotated = Ok(stripped(f.annotated.as_ref().unwrap())),
            Mode::Managed,
            "the controller replaces the first Pod",
        ),
        ("the policy acts", |_| {}, Mode::NativeByPolicy, "(seen in a dry run)"),
        (
            "no dry run, and the policy is installed",
            |f| (f.bare, f.annotated) = (Err(needs()), Err(needs())),
            Mode::NativeByPolicy,
            "(as far as is known without a dry run)",
        ),
        (
            "no policy",
            |f| {
                policy(f, Vec::clear);
                f.annotated = f.bare.clone();
            },
            Mode::Native,
            "the controller stops containers that a webhook injects",
        ),
        (
            "no policy, and a webhook injects",
            |f| {
                policy(f, Vec::clear);
                f.bare = Ok(with(f.bare.as_ref().unwrap(), "containers", &json!({"name": "proxy"})));
                f.annotated = f.bare.clone();
            },
            Mode::Native,
            "the controller stops the injected proxy",
        ),
        ("no server", |f| f.version = Err(Unread::Failed("down".into())), Mode::Unknown, ""),
    ];
    for (sentence, change, mode, words) in rows {
        let mut facts = well();
        change(&mut facts);
        let report = findings::report(&facts);
        let said = report.findings().find(|finding| finding.check == "Mode").map_or("", |finding| &finding.message);
        assert_eq!((report.mode, said.contains(words)), (mode, true), "{sentence}: {said}");
    }
}

#[test]
fn permissions_that_the_user_lacks_are_a_warning_with_the_binding() {
    for (user, verbs, words, command) in [
        (
            "jane",
            &["create", "patch"][..],
            "you may not use all of run, rerun, cron run, cron backfill: you lack create for sidecarjobs",
            "--clusterrole=edit --user='jane'",
        ),
        (
            "system:serviceaccount:ci:bot",
            &["get", "list", "watch"],
            "you lack get for sidecarjobs, list for sidecarjobs",
            "--clusterrole=view --serviceaccount=ci:bot",
        ),
    ] {
        let mut facts = well();
        facts.user = Ok(user.into());
        let lost = |right: &rights::Right| verbs.contains(&right.verb.as_str());
        facts.own_rights.iter_mut().filter(|(right, _)| lost(right)).for_each(|(_, may)| *may = Ok(false));
        let report = findings::report(&facts);
        let lacks =
            report.findings().find(|f| f.message.contains(words)).unwrap_or_else(|| panic!("{user}: {report:#?}"));
        assert!(lacks.commands[0].contains(command), "{lacks:?}");
        assert!(report.is_good(), "a missing permission of the user breaks nothing");
    }
}

#[test]
fn without_any_right_everything_is_not_checked_and_nothing_fails() {
    let mut facts = Facts::unknown("batch", "", now());
    facts.user = Err(needs());
    facts.version = Err(needs());
    facts.nodes = Err(needs());
    facts.crds = crds().into_iter().map(|crd| (crd, Err(needs()))).collect();
    (facts.mutating.served, facts.validating.served) = (Err(needs()), Err(needs()));
    (facts.webhooks, facts.place, facts.quotas, facts.limits) =
        (Err(needs()), Err(needs()), Err(needs()), Err(needs()));
    (facts.bare, facts.annotated) = (Err(needs()), Err(needs()));
    (facts.deployments, facts.pods, facts.lease) = (Err(needs()), Err(needs()), Err(needs()));
    facts.own_rights = vec![(rights::Right::of("", "pods", "list", Some("batch")), Err(needs()))];
    facts.controller_rights = vec![(rights::Right::of("", "pods", "list", None), Err(needs()))];
    let report = findings::report(&facts);
    let checked: Vec<_> = report.findings().filter(|finding| finding.result != Mark::NotChecked).collect();
    assert!(checked.is_empty() && report.findings().count() > 10, "{checked:#?}");
    assert!(report.is_good());
}

#[test]
fn a_server_that_is_down_is_one_finding() {
    let mut facts = Facts::unknown("batch", "", now());
    facts.version = Err(Unread::Failed("failed to read the version: connection refused".into()));
    let report = findings::report(&facts);
    assert_eq!(report.findings().count(), 1, "{report:#?}");
    assert!(!report.is_good());
}

#[test]
fn marks_have_colours_long_lines_break_and_text_of_others_stays_in_its_line() {
    let mut facts = well();
    facts.bare = Ok(Answer::Refused("exceeded quota\n  ok    forged \x1b[2J".into()));
    let report = findings::report(&facts);
    let printed = text(&report, Some(60));
    assert!(printed.contains("\x1b[31m  FAIL  \x1b[0mthe API server rejects"), "{printed}");
    assert!(!printed.contains("\n  ok    forged") && printed.contains("\\u{1b}[2J"), "{printed}");
    let commands = report.findings().flat_map(|finding| &finding.commands);
    let commands: Vec<String> = commands.map(|command| format!("          {command}")).collect();
    let visible =
        printed.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[0m", "");
    let long: Vec<&str> =
        visible.lines().filter(|line| line.len() > 60 && !commands.iter().any(|c| c == line)).collect();
    assert!(long.iter().all(|line| line.split_whitespace().any(|word| word.len() > 40)), "{long:#?}");
    assert!(printed.ends_with("1 check fails.\n"), "{printed}");
}

#[test]
fn programs_get_stable_names() {
    let mut facts = well();
    facts.nodes = Err(needs());
    let value = serde_json::to_value(findings::report(&facts)).unwrap();
    assert_eq!((&value["mode"], &value["kubernetes"]), (&json!("NativeByPolicy"), &json!("v1.37.0")));
    assert_eq!(value["summary"]["notChecked"], 1);
    let nodes = &value["sections"][0]["findings"][1];
    assert_eq!((&nodes["check"], &nodes["result"]), (&json!("Kubelets"), &json!("NotChecked")));
    assert_eq!(facts.crds[0].0.name_any(), "sidecarjobs.sidecarjob.dev");
}
