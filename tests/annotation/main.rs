//! One annotation, no controller: `config/components/policy` on a real API server and a real kubelet, with the built-in
//! controllers of Jobs, CronJobs and Deployments. Nothing of ours runs but in `ours`.
//!
//! Each test has a namespace and copies of the policies for it alone; `page` and `install` apply the real thing, which by
//! its nature touches no Pod without the annotation. Tests named `webhook_…` need the image of `tests/webhook`.

mod containers;
mod install;
mod jobs;
mod many;
mod order;
mod ours;
mod page;
mod refused;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;
mod webhooks;
mod well_known;
mod with_kubectl;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use support::{World, eventually};

/// A plain sidecar: never ends by itself, says so when it is told to stop.
const SIDE: &str = "trap 'echo drained; exit 0' TERM; while :; do sleep 0.1; done";

/// A container that runs this in a shell.
fn container(name: &str, script: &str) -> Value {
    json!({"name": name, "image": "busybox:1.37", "command": ["sh", "-c", script]})
}

/// A Job of one Pod with these containers, `sidecarjob.dev/main` as given, and more fields of the Pod's spec.
fn job(name: &str, main: Option<&str>, containers: &[Value], more: Value) -> Value {
    let mut spec = json!({
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": containers
    });
    spec.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let annotations = main.map(|m| json!({"sidecarjob.dev/main": m})).unwrap_or(json!({}));
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"metadata": {"annotations": annotations}, "spec": spec}}
    })
}

/// The Pod alone, as a dry run: what admission makes of it. Else the words of the refusal.
fn admitted(w: &World, main: Option<&str>, containers: &[Value], more: Value) -> Result<Pod, String> {
    let template = job("x", main, containers, more)["spec"]["template"].take();
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
    pod["metadata"]["name"] = json!("dry");
    create(w, &pod, &["--dry-run=server"]).map(|out| serde_json::from_str(&out).expect("a Pod"))
}

/// kubectl create with these flags: the object as JSON, else what kubectl said.
fn create(w: &World, object: &Value, flags: &[&str]) -> Result<String, String> {
    let out = w.kubectl(&[&["create", "-o", "json", "-f", "-"], flags].concat(), &object.to_string());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
}

/// Creates the Job and waits until it is Complete; its one Pod.
async fn completes(w: &World, object: &Value) -> Pod {
    create(w, object, &[]).unwrap_or_else(|e| panic!("{e}"));
    complete(w, object["metadata"]["name"].as_str().expect("named")).await
}

/// Waits until the Job is Complete; its one Pod.
async fn complete(w: &World, name: &str) -> Pod {
    let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
    let done = eventually(&format!("Job {name} is Complete"), || async {
        let status = jobs.get(name).await.ok()?.status?;
        let is = |type_: &str| status.conditions.iter().flatten().any(|c| c.type_ == type_ && c.status == "True");
        assert!(!is("Failed"), "Job {name} failed: {status:?}");
        is("Complete").then_some(status)
    })
    .await;
    assert_eq!((done.succeeded, done.failed), (Some(1), None));
    pod_of(w, name).await
}

/// The Job's one Pod, when it is there.
async fn pod_of(w: &World, job: &str) -> Pod {
    let pods = w.pods();
    let params = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    eventually(&format!("the Pod of Job {job}"), || async { pods.list(&params).await.ok()?.items.pop() }).await
}

fn names(containers: Option<&Vec<Container>>) -> Vec<&str> {
    containers.into_iter().flatten().map(|c| c.name.as_str()).collect()
}

/// The names of the plain containers.
fn plain(pod: &Pod) -> Vec<&str> {
    names(pod.spec.as_ref().map(|s| &s.containers))
}

/// The names of the init containers, in their order; a native sidecar has a star.
fn inits(pod: &Pod) -> Vec<String> {
    let list = pod.spec.as_ref().and_then(|s| s.init_containers.as_ref()).into_iter().flatten();
    list.map(|c| format!("{}{}", c.name, if c.restart_policy.as_deref() == Some("Always") { "*" } else { "" }))
        .collect()
}

fn annotation<'a>(pod: &'a Pod, name: &str) -> Option<&'a str> {
    pod.annotations().get(&format!("sidecarjob.dev/{name}")).map(String::as_str)
}
