//! Tenants of one controller: the real queues of both kinds, in front of an API server that answers one namespace slowly.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kube::Api;
use sidecarjob::api::SidecarCronJob;
use sidecarjob::controller::error::Fatal;
use sidecarjob::controller::queue;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::turns::Turns;
use sidecarjob::cron::{Budget, budget};
use sidecarjob::engine::schedule::observed::Cron;
use sidecarjob::telemetry::{self, Health};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use super::*;

/// How long the API server takes for each write in the namespace `slow`.
const SLOW: Duration = Duration::from_secs(10);

/// What the API server has, and what it counts.
#[derive(Default)]
struct Counts {
    runs: Vec<Value>,
    crons: Vec<Value>,
    /// Writes in the namespace `slow` that go on, the most that ever did, and those that have been answered.
    slow: [usize; 3],
    /// All writes that came, in their order: method and path.
    writes: Vec<String>,
    /// Of the last object that was stored.
    version: u64,
}

/// The API server.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Counts>>);

impl Server {
    fn counts<T>(&self, look: impl FnOnce(&mut Counts) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }

    /// How many writes came that begin and end like this.
    fn writes(&self, begin: &str, end: &str) -> usize {
        let is_one = |write: &&String| write.starts_with(begin) && write.ends_with(end);
        self.counts(|counts| counts.writes.iter().filter(is_one).count())
    }

    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (code, answer) = server.answer(request).await?;
                let body = Body::from(serde_json::to_vec(&answer).expect("JSON"));
                Ok::<_, kube::Error>(Response::builder().status(code).body(body).expect("a response"))
            }
        });
        Client::new(service, "ns")
    }

    async fn answer(self, request: Request<Body>) -> Result<(u16, Value), kube::Error> {
        let (parts, body) = request.into_parts();
        let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default());
        if query.contains("watch=") {
            return std::future::pending().await; // no news
        }
        if parts.method == Method::GET {
            let items = self.counts(|counts| match path.rsplit('/').next() {
                Some("sidecarcronjobs") => Some(counts.crons.clone()),
                Some("sidecarjobs") if query.contains("labelSelector") => Some(Vec::new()), // runs of schedules
                Some("sidecarjobs") => Some(counts.runs.clone()),
                _ => None,
            });
            let list = |items| json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": items});
            return Ok(
                items.map_or_else(|| refuses(404, "NotFound", "no such object")(&json!(null)), |i| (200, list(i)))
            );
        }
        self.counts(|counts| counts.writes.push(format!("{} {path}", parts.method)));
        if path.contains("/namespaces/slow/") {
            self.counts(|counts| {
                counts.slow[0] += 1;
                counts.slow[1] = counts.slow[1].max(counts.slow[0]);
            });
            tokio::time::sleep(SLOW).await;
            self.counts(|counts| counts.slow = [counts.slow[0] - 1, counts.slow[1], counts.slow[2] + 1]);
        }
        let body: Value = serde_json::from_slice(&body.collect_bytes().await?).unwrap_or_default();
        let version = self.counts(|counts| {
            counts.version += 1;
            counts.version
        });
        Ok(stored(100 + version)(&body))
    }
}

/// An object of that kind.
fn object(kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "uid": format!("uid-{namespace}-{name}"), "generation": 1,
                     "resourceVersion": "4", "creationTimestamp": "2025-03-01T00:00:00Z"},
        "spec": spec
    })
}

fn run_in(namespace: &str, name: &str) -> Value {
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}});
    object("SidecarJob", namespace, name, json!({"template": template}))
}

fn schedule_in(namespace: &str, name: &str, mut spec: Value) -> Value {
    spec["jobTemplate"] = json!({"spec": run_in(namespace, name)["spec"]});
    object("SidecarCronJob", namespace, name, spec)
}

/// What the schedules take for now: two years after they were created.
fn now() -> DateTime<Utc> {
    "2027-03-01T00:00:00Z".parse().expect("a time")
}

/// The work of a queue until it is told to stop.
type Work = BoxFuture<'static, Result<(), Fatal>>;

/// The queue of runs, which measures into these metrics.
fn runs(server: &Server, turns: Turns, metrics: &Metrics, stopped: watch::Receiver<bool>) -> Work {
    let client = server.client();
    let ctx = Context { metrics: metrics.clone(), turns, ..Context::at(client.clone(), listener().0, wall_clock()) };
    let (queue, _) = queue::queue::<SidecarJob>(Arc::new(ctx), mpsc::unbounded_channel());
    queue.run(Api::all(client), futures::stream::pending(), stopped).boxed()
}

fn schedules(server: &Server, turns: Turns, stopped: watch::Receiver<bool>) -> Work {
    Schedules::at(server.client(), listener().0, Arc::new(now)).run(None, turns, stopped).boxed()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await; // the interval of asking
    }
    panic!("never: {what}");
}

/// The sum of what all reconciles of runs took, and their number.
fn took(metrics: &Metrics) -> (f64, f64) {
    let text = metrics.encode();
    let sum = |end: &str| {
        let lines = text.lines().filter(|line| line.contains(&format!("job_sync_duration_seconds_{end}")));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    (sum("sum"), sum("count"))
}

#[tokio::test(start_paused = true)]
async fn slow_reconciles_of_one_namespace_take_half_of_the_turns_and_others_go_at_once() {
    const MANY: usize = 40;
    let hourly = || json!({"schedule": "0 * * * *"});
    for (kind, made) in [("runs", "pods"), ("schedules", "sidecarjobs")] {
        let (server, metrics) = (Server::default(), Metrics::default());
        let names = (0..MANY).map(|n| ("slow", format!("job-{n}"))).chain([("quick", "job".to_owned())]);
        server.counts(|counts| {
            names.for_each(|(namespace, name)| match kind {
                "runs" => counts.runs.push(run_in(namespace, &name)),
                _ => counts.crons.push(schedule_in(namespace, &name, hourly())),
            });
        });
        let (stop, stopped) = watch::channel(false);
        let turns = Turns::new(20);
        let working = tokio::spawn(match kind {
            "runs" => runs(&server, turns, &metrics, stopped),
            _ => schedules(&server, turns, stopped),
        });
        let done = |namespace: &str| server.writes("POST", &format!("/namespaces/{namespace}/{made}"));
        until("the write of the other namespace", || done("quick") == 1).await;
        until("the writes of the slow one", || server.counts(|counts| counts.slow[0] > 0)).await;
        assert_eq!(server.counts(|counts| counts.slow), [10, 10, 0], "{kind}: none had been answered");
        until("all of the slow ones", || server.counts(|counts| counts.slow[2]) == 2 * MANY).await;
        assert_eq!((done("slow"), server.counts(|counts| counts.slow[1])), (MANY, 10), "{kind}");
        stop.send_replace(true);
        working.await.expect("it ends").expect("well");
        let (sum, count) = took(&metrics);
        let slow = (2 * MANY) as f64 * SLOW.as_secs_f64();
        assert!(kind != "runs" || count > MANY as f64 && sum < slow + 1.0, "the wait for a turn counts: {sum} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_told_to_stop_does_not_wait_for_those_that_have_no_turn() {
    let server = Server::default();
    server.counts(|counts| counts.runs = (0..1_000).map(|n| run_in("slow", &format!("job-{n}"))).collect());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(runs(&server, Turns::new(20), &Metrics::default(), stopped));
    until("the first writes", || server.counts(|counts| counts.slow[0]) == 10).await;
    stop.send_replace(true);
    working.await.expect("it ends").expect("well");
    assert!(server.counts(|counts| counts.writes.len()) <= 20, "only what was under way goes on");
}

/// Schedules that cost the most to search, by their names.
fn worst() -> Vec<(String, Value)> {
    let many = |text: &dyn Fn(usize) -> String| (0..16).map(text).collect::<Vec<_>>();
    let zone = "Africa/Casablanca";
    let nearly_all = json!(["* * * 1,3-12 *", "* * 1-28 2 *", "* * * * 0-5"]);
    let never = (0..15).map(|n| format!("{n} 0 31 2,4,6,9,11 *"));
    let attack: Vec<String> = std::iter::once("* * * * *".to_owned()).chain(never).collect();
    let attack = json!({"schedules": attack, "exclude": ["0-29 * * * *", "30-59 * * * *"], "timeZone": zone});
    let in_nearly_every_minute = many(&|n| format!("{n}-59 * * * *"));
    let once = many(&|n| format!("*/{} 0-22 * * *", n + 1));
    let last_of_january = many(&|n| format!("{n} 0 31 1,2,4,6,9,11 *"));
    [
        attack.clone(),
        attack,
        json!({"schedules": in_nearly_every_minute, "timeZone": zone}),
        json!({"schedules": once, "exclude": ["7 * * * *"], "timeZone": zone, "dstPolicy": "RunOnce"}),
        json!({"schedules": last_of_january, "exclude": ["* * * * 0-5"], "timeZone": zone}),
        json!({"schedule": "@every 24h", "exclude": ["0-29 0 * * *"]}),
        json!({"schedule": "* * * * *", "exclude": nearly_all, "timeZone": zone}),
        json!({"schedules": in_nearly_every_minute, "exclude": nearly_all, "timeZone": zone}),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, spec)| (format!("worst-{n}"), spec))
    .collect()
}

/// The steps that one decision takes to search the times of that schedule.
fn steps(schedule: &Value) -> u32 {
    let wire: SidecarCronJob = serde_json::from_value(schedule.clone()).expect("a SidecarCronJob");
    let times = Cron::from_wire(Arc::new(wire)).expect("as from an API server").spec.times.expect("times");
    let (from, mut budget) = (now() - TimeDelta::days(730), Budget::of(budget::OF_A_DECISION));
    let _ = times.pending(from, now(), 2, &mut budget).and_then(|_| times.next_after(from, now(), &mut budget));
    budget.taken()
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    answer
}

/// All in one thread: a search without an end would leave it to nobody else.
#[tokio::test]
async fn beside_the_worst_schedules_another_run_goes_on_and_livez_answers() {
    let (server, metrics) = (Server::default(), Metrics::default());
    let worst: Vec<Value> = worst().into_iter().map(|(name, spec)| schedule_in("bad", &name, spec)).collect();
    let taken: Vec<u32> = worst.iter().map(steps).collect();
    assert!(taken.iter().all(|steps| *steps <= budget::OF_A_DECISION), "{taken:?}");
    server.counts(|counts| (counts.crons, counts.runs) = (worst.clone(), vec![run_in("good", "job")]));
    let address = "127.0.0.1:0".parse().expect("an address");
    let address = telemetry::serve(address, Health::default(), metrics.clone()).await.expect("it listens");
    let (stop, stopped) = watch::channel(false);
    let of_schedules = schedules(&server, Turns::new(20), stopped.clone());
    let working =
        tokio::spawn(futures::future::try_join(of_schedules, runs(&server, Turns::new(20), &metrics, stopped)));
    let written = |name: &str| server.writes("PUT", &format!("/namespaces/bad/sidecarcronjobs/{name}/status"));
    let names: Vec<&str> = worst.iter().filter_map(|cron| cron["metadata"]["name"].as_str()).collect();
    until("a status of each schedule", || names.iter().all(|name| written(name) > 0)).await;
    until("the Pod of the other run", || server.writes("POST", "/namespaces/good/pods") == 1).await;
    assert!(get(address, "/livez").await.ends_with("ok\n"));
    stop.send_replace(true);
    working.await.expect("it ends").expect("well");
    let most = names.iter().map(|name| written(name)).max();
    assert!(most <= Some(2), "no schedule is looked at again and again: {most:?}");
}
