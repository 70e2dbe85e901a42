//! Who plays the kubelet? A simulator: each Pod of its Node runs, and ends at once with the exit code of its annotation.
//!
//! The simulator writes two statuses for each Pod, as a kubelet does for containers that end within a second. So a control
//! plane can be measured with thousands of Pods, on a machine that could not start them.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::failure::Result;
use crate::server::{Change, Server};

/// The simulated Node.
const NODE: &str = "simulated";
/// On a Pod: the exit code of its main containers; 0 without.
pub const EXIT_CODE: &str = "bench/exit-code";
/// How many Pods are written at once.
const AT_ONCE: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    uid: String,
    deletion_timestamp: Option<String>,
    #[serde(default)]
    annotations: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    init_containers: Vec<Container>,
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    image: String,
}

#[derive(Deserialize, Default)]
struct Status {
    phase: Option<String>,
}

/// What the simulator did last for a Pod.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed {
    Run,
    Delete,
}

/// Creates the Node, without the taint that every new Node gets: no controller of these control planes removes it.
pub async fn join(server: &Server) -> Result<()> {
    server.create("/api/v1/nodes", &json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})).await?;
    let path = format!("/api/v1/nodes/{NODE}");
    server.merge(&path, &json!({"spec": {"taints": null}})).await?;
    let room = json!({"cpu": "100k", "memory": "100Ti", "pods": "1M"});
    let ready = json!({"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": now(),
        "lastTransitionTime": now()});
    let status = json!({"allocatable": room, "capacity": room, "conditions": [ready]});
    server.merge(&format!("{path}/status"), &json!({ "status": status })).await
}

/// Plays the kubelet for all Pods of the Node, until the task is dropped.
pub async fn play(server: Server) -> Result<()> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut done: HashMap<String, Deed> = HashMap::new();
    let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{NODE}");
    let pods = server.clone();
    server
        .watch(&path, move |change: Change<Pod>| {
            let pod = change.object;
            if change.deleted {
                done.remove(&pod.metadata.uid);
                return;
            }
            let Some(deed) = next(&pod) else { return };
            if done.insert(pod.metadata.uid.clone(), deed) == Some(deed) {
                return;
            }
            let (server, places) = (pods.clone(), places.clone());
            tokio::spawn(async move {
                let _place = places.acquire().await;
                let result = match deed {
                    Deed::Run => run(&server, &pod).await,
                    Deed::Delete => delete(&server, &pod).await,
                };
                if let Err(error) = result {
                    eprintln!("warning: the simulated kubelet: {error}");
                }
            });
        })
        .await
}

fn next(pod: &Pod) -> Option<Deed> {
    if pod.metadata.deletion_timestamp.is_some() {
        return Some(Deed::Delete);
    }
    matches!(pod.status.phase.as_deref(), None | Some("Pending")).then_some(Deed::Run)
}

fn path(pod: &Pod) -> String {
    format!("/api/v1/namespaces/{}/pods/{}", pod.metadata.namespace, pod.metadata.name)
}

async fn delete(server: &Server, pod: &Pod) -> Result<()> {
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
        "preconditions": {"uid": pod.metadata.uid}});
    server.delete(&path(pod), &options).await
}

async fn run(server: &Server, pod: &Pod) -> Result<()> {
    let path = path(pod) + "/status";
    let start = now();
    let write = |status: Value| json!({"metadata": {"uid": pod.metadata.uid}, "status": status});
    server.merge(&path, &write(status(pod, &start, None))).await?;
    let code = pod.metadata.annotations.get(EXIT_CODE).and_then(|code| code.parse().ok()).unwrap_or(0);
    server.merge(&path, &write(status(pod, &start, Some(code)))).await
}

/// Of a Pod that runs, or has ended with that exit code. Sidecars end with the Pod, and with 0.
fn status(pod: &Pod, start: &str, ended: Option<i32>) -> Value {
    let of = |container: &Container, code: i32| {
        let state = match ended {
            None => json!({"running": {"startedAt": start}}),
            Some(_) => json!({"terminated": {"exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
                "startedAt": start, "finishedAt": now()}}),
        };
        json!({"name": container.name, "image": container.image, "imageID": "", "restartCount": 0,
            "ready": ended.is_none(), "started": ended.is_none(), "state": state})
    };
    let phase = match ended {
        None => "Running",
        Some(0) => "Succeeded",
        Some(_) => "Failed",
    };
    let condition = |type_: &str, is: bool| {
        let status = if is { "True" } else { "False" };
        json!({"type": type_, "status": status, "lastTransitionTime": now()})
    };
    let up = ended.is_none();
    let conditions = [("PodScheduled", true), ("Initialized", true), ("ContainersReady", up), ("Ready", up)]
        .map(|(t, is)| condition(t, is));
    let main: Vec<_> = pod.spec.containers.iter().map(|c| of(c, ended.unwrap_or(0))).collect();
    let init: Vec<_> = pod.spec.init_containers.iter().map(|c| of(c, 0)).collect();
    json!({"phase": phase, "startTime": start, "conditions": conditions, "containerStatuses": main,
        "initContainerStatuses": init})
}

/// The time as the API server writes it.
fn now() -> String {
    Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
