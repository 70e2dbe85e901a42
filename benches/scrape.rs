//! What does a scrape cost that has the series of each object? Prints the time of one thread, the bytes of the answer, and
//! the longest time for which the scrape keeps the thread; and what the look at all Pods in view costs. The tests count
//! (`src/telemetry/objects/tests.rs`).

use std::sync::Arc;

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher::Event;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use sidecarjob::api::{SharedJob, SidecarCronJob, SidecarJob};
use sidecarjob::controller::clock::wall_clock;
use sidecarjob::controller::context::Context;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::queue::{Queue, queue};
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::scraped::Scraped;
use sidecarjob::controller::views::pods::Pods;
use sidecarjob::engine::observed::wire::Pod;
use sidecarjob::telemetry::{Draining, Form, InView, Metrics, PerObject};

/// Finished runs.
#[derive(Debug)]
struct Finished(Vec<Arc<SidecarJob>>);

impl InView for Finished {
    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("SidecarJob", self.0.len())]
    }

    fn runs(&self) -> Vec<Arc<SidecarJob>> {
        self.0.clone()
    }

    fn schedules(&self) -> Vec<Arc<SidecarCronJob>> {
        Vec::new()
    }

    fn draining(&self) -> Vec<Draining> {
        Vec::new()
    }
}

fn finished(n: usize) -> Arc<SidecarJob> {
    let (begin, end) = ("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
    let condition = |type_: &str| {
        json!({
            "type": type_, "status": "True", "reason": "CompletionsReached", "message": "", "lastTransitionTime": end
        })
    };
    let owner = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "name": "hourly-report", "uid": "u", "controller": true
    });
    let conditions = ["SuccessCriteriaMet", "Complete", "Finished"].map(condition);
    let wire = json!({
        "metadata": {
            "namespace": "team-reports", "name": format!("hourly-report-{n}"), "creationTimestamp": begin,
            "ownerReferences": [owner]
        },
        "spec": {"template": {}, "sidecars": [{"name": "istio-proxy"}]},
        "status": {
            "active": 0, "ready": 0, "stopping": 0, "terminating": 0, "succeeded": 1, "failed": 0, "startTime": begin,
            "mainFinishedTime": end, "completionTime": end,
            "conditions": conditions
        }
    });
    Arc::new(serde_json::from_value(wire).expect("a SidecarJob"))
}

/// Seconds that this thread has used; whatever else runs on the machine does not count.
fn cpu() -> f64 {
    let at = clock_gettime(ClockId::ThreadCPUTime);
    at.tv_sec as f64 + at.tv_nsec as f64 / 1e9
}

fn main() {
    println!("| objects | one scrape | the longest piece | series | answer |");
    println!("|---|---|---|---|---|");
    for objects in [0, 1_000, 5_000, 20_000, 100_000] {
        let metrics = Metrics::with(PerObject::On);
        metrics.shows(Arc::new(Finished((0..objects).map(finished).collect())));
        let rounds: Vec<_> = (0..5).map(|_| scrape(&metrics)).collect();
        let best = rounds.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("rounds");
        let (whole, longest, series, bytes) = best;
        println!(
            "| {objects} | {:.1} ms | {:.2} ms | {series} | {:.2} MB |",
            whole * 1e3,
            longest * 1e3,
            bytes as f64 / 1e6
        );
    }
    println!("\n| Pods in view | the look at them, if all work | if the sidecars of all are stopping |");
    println!("|---|---|---|");
    for pods in [1_000, 20_000, 100_000] {
        println!("| {pods} | {:.1} ms | {:.1} ms |", look(pods, false) * 1e3, look(pods, true) * 1e3);
    }
}

/// Seconds of the look at so many Pods, each of a run of its own.
fn look(pods: usize, drain: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let nobody = |_: Request<Body>| async { Err::<Response<Body>, _>(std::io::Error::other("nobody answers")) };
    let client = Client::new(tower::service_fn(nobody), "ns");
    let (events, _) = Events::start(client.clone());
    let view = Arc::new(Pods::default());
    (0..pods).for_each(|n| drop(view.observe(Event::Apply(pod(n, drain)))));
    let schedules = Schedules::at(client.clone(), events.clone(), wall_clock());
    let ours = idle::<SidecarJob>(&client, &events, &view);
    let jobs = idle::<SharedJob>(&client, &events, &view);
    let scraped = Scraped::of(&view, &ours, &jobs, &schedules);
    let times = (0..5).map(|_| {
        let begin = cpu();
        assert_eq!(scraped.draining().len(), if drain { pods } else { 0 });
        cpu() - begin
    });
    times.fold(f64::MAX, f64::min)
}

/// A queue of a controller that does nothing.
fn idle<K: Managed>(client: &Client, events: &Events, pods: &Arc<Pods>) -> Queue<K> {
    let ctx = Context { pods: pods.clone(), ..Context::at(client.clone(), events.clone(), wall_clock()) };
    queue(Arc::new(ctx), tokio::sync::mpsc::unbounded_channel()).0
}

/// A Pod whose main container runs, or is done while its sidecar runs.
fn pod(n: usize, drain: bool) -> Pod {
    let uid = format!("5bb4a2a8-5f2c-4a53-9d4a-{n:012}");
    let running = json!({"running": {"startedAt": "2026-01-01T00:00:02Z"}});
    let done = json!({"terminated": {"exitCode": 0, "startedAt": "2026-01-01T00:00:02Z", "finishedAt": "2026-01-01T00:00:09Z"}});
    let status =
        |name: &str, state: &serde_json::Value| json!({"name": name, "restartCount": 0, "ready": true, "state": state});
    let main = status("main", if drain { &done } else { &running });
    let pod = json!({
        "metadata": {
            "name": format!("run-{n}-x7k2p"), "namespace": "ns", "uid": uid, "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["sidecarjob.dev/job-tracking"],
            "labels": {"sidecarjob.dev/uid": uid},
            "ownerReferences": [{
                "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": format!("run-{n}"), "uid": uid, "controller": true
            }]
        },
        "spec": {
            "restartPolicy": "Never",
            "initContainers": [{"name": "side", "image": "i", "restartPolicy": "Always"}], "containers": [{"name": "main", "image": "i"}]
        },
        "status": {
            "phase": "Running", "startTime": "2026-01-01T00:00:01Z",
            "initContainerStatuses": [status("side", &running)], "containerStatuses": [main]
        }
    });
    serde_json::from_value(pod).expect("a Pod")
}

/// Seconds of the whole, seconds of the longest piece, series, bytes.
fn scrape(metrics: &Metrics) -> (f64, f64, usize, usize) {
    let begin = cpu();
    let pieces = metrics.pieces(Form::OpenMetrics);
    let (mut last, mut longest, mut series, mut bytes) = (begin, 0.0_f64, 0, 0);
    for piece in pieces {
        let now = cpu();
        longest = longest.max(now - last);
        bytes += piece.len();
        series += piece.lines().filter(|line| !line.starts_with('#')).count();
        last = cpu();
    }
    (last - begin, longest, series, bytes)
}
