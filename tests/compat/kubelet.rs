//! Who plays the kubelet? A simulator, so that no kubelet of an old version has to be built: it writes the statuses that a
//! kubelet writes, for the Pods of one namespace.
//!
//! The container `main` ends with exit code 0, or as the annotation `compat/exit-code` says. All other plain containers go
//! on until the Pod's `activeDeadlineSeconds` is set; native sidecars end after the plain containers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Node, Pod};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The simulated Node.
const NODE: &str = "simulated";
/// The container that does the work.
const MAIN: &str = "main";
const EXIT_CODE: &str = "compat/exit-code";

/// Plays until dropped.
pub struct Kubelet {
    task: JoinHandle<()>,
    holds: Arc<AtomicBool>,
}

impl Kubelet {
    /// For the Pods of that namespace. With `holds`, `main` runs until [`Kubelet::lets_go`].
    pub async fn play(client: &Client, namespace: &str, holds: bool) -> Self {
        join(client).await;
        let holds = Arc::new(AtomicBool::new(holds));
        let (pods, held) = (Api::namespaced(client.clone(), namespace), holds.clone());
        let task = tokio::spawn(async move {
            loop {
                if let Err(error) = round(&pods, held.load(SeqCst)).await {
                    eprintln!("the simulated kubelet tries again: {error}");
                }
                tokio::time::sleep(Duration::from_millis(200)).await; // a kubelet looks once a second
            }
        });
        Self { task, holds }
    }

    /// The main containers end.
    pub fn lets_go(&self) {
        self.holds.store(false, SeqCst);
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Creates the Node, without the taint that every new Node gets: no controller here takes it away.
async fn join(client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = serde_json::from_value(json!({"metadata": {"name": NODE}})).expect("a Node");
    match nodes.create(&PostParams::default(), &node).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        created => drop(created.expect("the Node is created")),
    }
    let room = json!({"cpu": "1k", "memory": "1Ti", "pods": "1k"});
    let ready = json!({"type": "Ready", "status": "True", "reason": "Simulated"});
    let merge = PatchParams::default();
    let untainted = Patch::Merge(json!({"spec": {"taints": null}}));
    nodes.patch(NODE, &merge, &untainted).await.expect("the taint is taken");
    let status = Patch::Merge(json!({"status": {"allocatable": room, "capacity": room, "conditions": [ready]}}));
    nodes.patch_status(NODE, &merge, &status).await.expect("the Node is Ready");
}

/// Brings each Pod one step on.
async fn round(pods: &Api<Pod>, holds: bool) -> kube::Result<()> {
    for pod in pods.list(&ListParams::default()).await? {
        let name = pod.name_any();
        if pod.spec.as_ref().is_none_or(|spec| spec.node_name.is_none()) {
            continue; // the scheduler has not seen it yet
        }
        let done = if pod.metadata.deletion_timestamp.is_some() {
            pods.delete(&name, &DeleteParams::default().grace_period(0)).await.map(drop)
        } else if let Some(status) = next(&pod, holds) {
            let patch = json!({"metadata": {"uid": pod.uid()}, "status": status});
            pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
        } else {
            Ok(())
        };
        match done {
            Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => {} // it is gone, or another one
            done => done?,
        }
    }
    Ok(())
}

/// How far a Pod is.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Runs,
    MainEnded,
    Ended,
    Killed,
}

/// The next status, if there is one.
fn next(pod: &Pod, holds: bool) -> Option<Value> {
    let status = pod.status.as_ref();
    let phase = status.and_then(|s| s.phase.as_deref()).unwrap_or("Pending");
    if phase == "Pending" {
        return Some(written(pod, Step::Runs));
    }
    let spec = pod.spec.as_ref()?;
    let statuses = status?.container_statuses.as_ref()?;
    let ended = statuses.iter().any(|s| s.name == MAIN && s.state.as_ref().is_some_and(|s| s.terminated.is_some()));
    let alone = spec.containers.iter().all(|c| c.name == MAIN);
    match (phase, ended) {
        ("Running", false) if spec.active_deadline_seconds.is_some() => Some(written(pod, Step::Killed)),
        ("Running", false) if !holds => Some(written(pod, Step::MainEnded)),
        ("Running", true) if alone => Some(written(pod, Step::Ended)),
        ("Running", true) if spec.active_deadline_seconds.is_some() => Some(written(pod, Step::Killed)),
        _ => None,
    }
}

fn written(pod: &Pod, step: Step) -> Value {
    let code = pod.annotations().get(EXIT_CODE).and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
    let start = pod.creation_timestamp().map(|time| json!(time)).unwrap_or_default();
    let spec = pod.spec.as_ref().expect("just read");
    let inits = spec.init_containers.as_deref().unwrap_or_default();
    let native = |c: &Container| c.restart_policy.as_deref() == Some("Always");
    let main: Vec<_> = spec.containers.iter().map(|c| container(c, ends_plain(c, step, code), &start)).collect();
    let ends_init =
        |c: &Container| if native(c) && matches!(step, Step::Runs | Step::MainEnded) { None } else { Some(0) };
    let init: Vec<_> = inits.iter().map(|c| container(c, ends_init(c), &start)).collect();
    let phase = match (step, code) {
        (Step::Runs | Step::MainEnded, _) => "Running",
        (Step::Ended, 0) => "Succeeded",
        _ => "Failed",
    };
    let up = if step == Step::Runs { "True" } else { "False" };
    let conditions = [("PodScheduled", "True"), ("Initialized", "True"), ("ContainersReady", up), ("Ready", up)]
        .map(|(type_, status)| json!({"type": type_, "status": status}));
    let reason = (step == Step::Killed).then_some("DeadlineExceeded");
    json!({"phase": phase, "reason": reason, "startTime": start, "conditions": conditions, "containerStatuses": main,
        "initContainerStatuses": init})
}

/// The exit code of a plain container at that step, if it has ended.
fn ends_plain(container: &Container, step: Step, code: i32) -> Option<i32> {
    match (step, container.name == MAIN) {
        (Step::Runs, _) | (Step::MainEnded, false) => None,
        (_, true) => Some(code),
        (_, false) => Some(143),
    }
}

fn container(container: &Container, ended: Option<i32>, start: &Value) -> Value {
    let state = match ended {
        None => json!({"running": {"startedAt": start}}),
        Some(code) => json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
            "startedAt": start, "finishedAt": start}}),
    };
    json!({"name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
        "ready": ended.is_none(), "started": ended.is_none(), "state": state})
}
