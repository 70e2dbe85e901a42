//! A run with many Pods, or beside many others, in the real view and the real reconcile; and what both allocate.

use std::alloc::System;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher::Event;
use serde_json::{Value, json};
use sidecarjob::api::SidecarJob;
use sidecarjob::controller::clock::wall_clock;
use sidecarjob::controller::context::Context;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::pod_watch::{self, Wakers};
use sidecarjob::controller::queue::{Wake, queue};
use sidecarjob::controller::reconcile::reconcile;
use sidecarjob::controller::watched::Watched;
use sidecarjob::engine::observed::wire::Pod;
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are allocated now.
pub fn live_bytes() -> i64 {
    let Stats { bytes_allocated, bytes_deallocated, .. } = ALLOCATOR.stats();
    bytes_allocated as i64 - bytes_deallocated as i64
}

/// How often something was allocated so far.
pub fn allocations() -> u64 {
    let stats = ALLOCATOR.stats();
    (stats.allocations + stats.reallocations) as u64
}

/// What tenants may make large.
#[derive(Clone, Copy, Default)]
pub struct Shape {
    /// Bytes of arguments of each Pod.
    pub argument: usize,
    /// How many labels and annotations each Pod has besides the usual.
    pub labels: usize,
    /// The Pods beside the run are those of a batch/v1 Job of the built-in controller, instead of nobody's.
    pub of_another_manager: bool,
}

/// One run that goes on, and the controller that looks at it.
pub struct World {
    runtime: Runtime,
    ctx: Arc<Context<SidecarJob>>,
    job: Arc<Watched<SidecarJob>>,
    wakers: Wakers,
    shape: Shape,
    version: u64,
}

impl World {
    /// A run with `own` Pods, in a namespace with `bare` Pods of nobody.
    pub fn new(own: usize, bare: usize, shape: Shape) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let guard = runtime.enter();
        let version = Arc::new(AtomicU64::new(1_000));
        let service = tower::service_fn(move |request: Request<Body>| stored(request, version.clone()));
        let client = Client::new(service, "ns");
        let (events, _) = Events::start(client.clone());
        let ctx = Arc::new(Context::at(client, events, wall_clock()));
        let (_queue, waker) = queue(ctx.clone(), tokio::sync::mpsc::unbounded_channel());
        drop(guard);
        let job = Arc::new(Watched::from(job(own)));
        let mut world =
            Self { runtime, ctx, job, wakers: Wakers::new([Box::new(waker) as Box<dyn Wake>]), shape, version: 100 };
        world.take_in(Event::Init);
        (0..own).for_each(|n| world.take_in(Event::InitApply(pod(n, 1, &shape, true))));
        (0..bare).for_each(|n| world.take_in(Event::InitApply(bare_pod(n, &shape))));
        world.take_in(Event::InitDone);
        for _ in 0..3 {
            world.reconcile();
        }
        world
    }

    fn take_in(&mut self, event: Event<Pod>) {
        let _guard = self.runtime.enter();
        pod_watch::take_in(event, &self.ctx.pods, &self.wakers, &self.ctx.metrics);
    }

    fn reconcile(&self) {
        let done = reconcile(self.job.clone(), self.ctx.clone());
        self.runtime.block_on(done).expect("nothing fails");
    }

    /// What a kubelet writes of one Pod, with another start time: news that may matter.
    pub fn news(&mut self, n: usize) -> Pod {
        self.version += 1;
        let mut pod = pod(n, self.version, &self.shape, true);
        pod.status.start_time = pod.status.conditions[0].last_transition_time;
        pod
    }

    /// The controller takes the news in, and reconciles the run.
    pub fn event(&mut self, news: Pod) {
        self.take_in(Event::Apply(news));
        self.reconcile();
    }
}

/// Whatever is sent is stored, as a new version.
async fn stored(request: Request<Body>, version: Arc<AtomicU64>) -> kube::Result<Response<Body>> {
    let mut object: Value = serde_json::from_slice(&request.into_body().collect_bytes().await?).unwrap_or_default();
    object["metadata"]["resourceVersion"] = json!(version.fetch_add(1, Ordering::SeqCst).to_string());
    Ok(Response::new(Body::from(object.to_string().into_bytes())))
}

fn job(own: usize) -> SidecarJob {
    serde_json::from_value(json!({
        "metadata": {"name": "run", "namespace": "ns", "uid": "5bb4a2a8-5f2c-4a53-9d4a-000000000000", "resourceVersion": "7", "generation": 1},
        "spec": {"completions": own, "parallelism": own, "sidecars": [{"name": "proxy"}], "template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "work", "image": "registry.example.com/team/etl:1.2.3", "command": ["python", "-m", "etl"]}, {"name": "proxy", "image": "registry.example.com/istio/proxyv2:1.29.0"}]
        }}}
    }))
    .expect("a SidecarJob")
}

/// A Pod as a kubelet reports it.
pub fn pod(n: usize, version: u64, shape: &Shape, tracked: bool) -> Pod {
    serde_json::from_value(pod_json(n, version, shape, tracked)).expect("a Pod")
}

/// A Pod whose main container failed, and wrote that many bytes to its termination log; its sidecar has stopped.
pub fn failed_pod(n: usize, message: usize) -> Pod {
    let mut pod = pod_json(n, 1, &Shape::default(), true);
    let ended = |code: i32, reason: &str, message: String| {
        json!({"terminated": {"exitCode": code, "reason": reason, "message": message,
            "startedAt": "2026-01-01T00:00:03Z", "finishedAt": "2026-01-01T00:00:09Z"}})
    };
    pod["status"]["phase"] = json!("Failed");
    pod["status"]["containerStatuses"][0]["state"] = ended(3, "Error", "m".repeat(message));
    pod["status"]["initContainerStatuses"][0]["state"] = ended(0, "Completed", "m".repeat(message));
    serde_json::from_value(pod).expect("a Pod")
}

fn pod_json(n: usize, version: u64, shape: &Shape, tracked: bool) -> Value {
    let name = format!("run-{n:05}-x7k2p");
    let mut command: Vec<String> = ["python", "-m", "etl"].map(str::to_owned).into();
    command.extend((shape.argument > 0).then(|| "a".repeat(shape.argument)));
    let at = format!("2026-01-01T00:{:02}:02Z", version % 60);
    let conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let conditions = conditions.map(|c| json!({"type": c, "status": "True", "lastTransitionTime": at}));
    let mut pod = json!({
        "metadata": {
            "name": name, "namespace": "ns", "uid": format!("5bb4a2a8-5f2c-4a53-9d4a-{n:012}"), "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": if tracked { json!(["sidecarjob.dev/job-tracking"]) } else { json!([]) },
            "labels": {
                "sidecarjob.dev/uid": "5bb4a2a8-5f2c-4a53-9d4a-000000000000", "sidecarjob.dev/name": "run", "sidecarjob.dev/attempt": n.to_string(), "app": "etl"
            },
            "annotations": {"sidecar.istio.io/status": "{}", "sidecarjob.dev/sidecars": "proxy", "prometheus.io/scrape": "true"},
            "ownerReferences": [{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": "run",
                                 "uid": "5bb4a2a8-5f2c-4a53-9d4a-000000000000", "controller": true}]
        },
        "spec": {
            "restartPolicy": "Never", "nodeName": "node-17", "terminationGracePeriodSeconds": 30,
            "initContainers": [{"name": "proxy", "image": "registry.example.com/istio/proxyv2:1.29.0", "restartPolicy": "Always", "args": ["proxy", "sidecar"]}],
            "containers": [{"name": "work", "image": "registry.example.com/team/etl:1.2.3", "command": command}]
        },
        "status": {
            "phase": "Running", "startTime": "2026-01-01T00:00:01Z", "podIP": format!("10.0.{}.{}", n / 250, n % 250),
            "conditions": conditions,
            "initContainerStatuses": [{"name": "proxy", "image": "", "imageID": "", "ready": true, "restartCount": 0, "started": true,
                                       "state": {"running": {"startedAt": "2026-01-01T00:00:02Z"}}}],
            "containerStatuses": [{"name": "work", "image": "", "imageID": "", "ready": true, "restartCount": 0, "started": true,
                                   "state": {"running": {"startedAt": "2026-01-01T00:00:03Z"}}}]
        }
    });
    for n in 0..shape.labels {
        pod["metadata"]["labels"][format!("team.example.com/label-{n}")] = json!("v".repeat(60));
        pod["metadata"]["annotations"][format!("team.example.com/note-{n}")] = json!("v".repeat(60));
    }
    pod
}

/// A Pod without an owner and without any label of ours.
pub fn bare_pod(n: usize, shape: &Shape) -> Pod {
    let mut pod = pod_json(n, 1, shape, false);
    pod["metadata"]["uid"] = json!(format!("bbbbbbbb-5f2c-4a53-9d4a-{n:012}"));
    pod["metadata"]["name"] = json!(format!("bare-{n:05}"));
    pod["metadata"]["ownerReferences"] = json!(null);
    if shape.of_another_manager {
        pod["metadata"]["finalizers"] = json!(["batch.kubernetes.io/job-tracking"]);
        pod["metadata"]["ownerReferences"] = json!([{
            "apiVersion": "batch/v1", "kind": "Job", "name": "theirs", "uid": "cccccccc-5f2c-4a53-9d4a-000000000000", "controller": true
        }]);
    }
    let labels = pod["metadata"]["labels"].as_object_mut().expect("labels");
    labels.retain(|name, _| name == "app" || name.starts_with("team"));
    serde_json::from_value(pod).expect("a Pod")
}
