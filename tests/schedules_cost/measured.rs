//! On a real API server, without a SidecarJob controller: all schedules have one minute. What passes between that and
//! the last start, what is written, and what an idle minute costs the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use futures::StreamExt;
use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config, ResourceExt};
use serde_json::json;
use sidecarjob::api::{SidecarCronJob, SidecarJob};
use sidecarjob::controller::events::Events;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::turns::Turns;
use tokio::sync::watch;

use crate::size;

type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

/// Whatever is to come comes within this.
const PATIENCE: Duration = Duration::from_secs(540);

/// A client that counts what it sends.
async fn counting(counts: Counts) -> Client {
    let config = Config::infer().await.expect("KUBECONFIG names a cluster: run make test");
    let layer = tower::util::MapRequestLayer::new(move |request: Request<Body>| {
        let path = request.uri().path();
        let kind =
            ["sidecarcronjobs", "sidecarjobs", "events"].into_iter().find(|kind| path.contains(&format!("/{kind}")));
        if request.method() != http::Method::GET {
            let status = if path.ends_with("/status") { "/status" } else { "" };
            let call = format!("{} {}{status}", request.method(), kind.unwrap_or("other"));
            *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(call).or_default() += 1;
        }
        request
    });
    ClientBuilder::try_from(config).expect("a client").with_layer(&layer).build()
}

fn take(counts: &Counts) -> BTreeMap<String, usize> {
    std::mem::take(&mut counts.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Seconds of CPU that this process has used.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

fn cron(n: usize, at: DateTime<Utc>) -> SidecarCronJob {
    let container = json!({"name": "main", "image": "busybox:1.37"});
    let job =
        json!({"spec": {"suspend": true, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}});
    let schedule = format!("{} {} * * *", at.minute(), at.hour());
    let spec = json!({"schedule": schedule, "jobTemplate": job});
    serde_json::from_value(json!({"metadata": {"name": format!("c{n}")}, "spec": spec})).expect("a SidecarCronJob")
}

async fn patiently(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

/// All of them, the first time they are needed.
async fn set_up(client: &Client, namespace: &str) {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    for crd in sidecarjob::api::crd::all() {
        let params = PatchParams::apply("sidecarjob-tests").force();
        let api: Api<CustomResourceDefinition> = Api::all(client.clone());
        api.patch(&crd.name_any(), &params, &Patch::Apply(&crd)).await.expect("the CRD is installed");
    }
    patiently("both kinds are served", async || {
        let params = ListParams::default().limit(1);
        let crons: Api<SidecarCronJob> = Api::namespaced(client.clone(), namespace);
        let runs: Api<SidecarJob> = Api::namespaced(client.clone(), namespace);
        crons.list(&params).await.is_ok() && runs.list(&params).await.is_ok()
    })
    .await;
    let object = serde_json::from_value(json!({"metadata": {"name": namespace}})).expect("a Namespace");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.create(&PostParams::default(), &object).await.expect("the namespace is created");
}

/// The minute that all have in common: when they will have been created, with a minute of rest before.
fn minute(n: usize) -> DateTime<Utc> {
    let ready = Utc::now() + TimeDelta::seconds(90 + i64::try_from(n / 40).expect("small"));
    let whole =
        ready - TimeDelta::seconds(i64::from(ready.second())) - TimeDelta::nanoseconds(ready.nanosecond().into());
    whole + TimeDelta::minutes(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: run make test"]
async fn schedules_due_at_one_minute_all_start_with_two_writes_each() {
    let n = size();
    let namespace = format!("t-cronmany-{:x}", std::process::id());
    let counts = Counts::default();
    let (client, ours) = (Client::try_default().await.expect("a cluster"), counting(counts.clone()).await);
    set_up(&client, &namespace).await;
    let crons: Api<SidecarCronJob> = Api::namespaced(client.clone(), &namespace);
    let at = minute(n);
    let begin = Instant::now();
    futures::stream::iter(0..n)
        .for_each_concurrent(16, async |i| {
            crons.create(&PostParams::default(), &cron(i, at)).await.expect("created");
        })
        .await;
    println!("{n} SidecarCronJobs created in {:.1?}, due at {at}", begin.elapsed());
    assert!(Utc::now() < at, "the creation took too long: fewer, please");

    let (events, sending) = Events::start(ours.clone());
    let (stop, stopped) = watch::channel(false);
    let schedules = Schedules::new(ours, events);
    let working = tokio::spawn(schedules.run(Some(namespace.clone()), Turns::new(20), stopped));
    let begin = (Instant::now(), cpu());
    let written = |call: &str| counts.lock().unwrap_or_else(PoisonError::into_inner).get(call).copied().unwrap_or(0);
    patiently("all have their first status", async || written("PUT sidecarcronjobs/status") >= n).await;
    println!("first statuses in {:.1?}, {:.2} s of CPU", begin.0.elapsed(), cpu() - begin.1);
    assert!(Utc::now() < at - TimeDelta::seconds(5), "too slow to see rest before {at}: fewer, please");
    tokio::time::sleep(Duration::from_secs(2)).await; // the watch brings our own writes back
    let first = take(&counts);
    assert_eq!(first.get("PUT sidecarcronjobs/status"), Some(&n), "one each");

    let idle = (Instant::now(), cpu());
    tokio::time::sleep((at - TimeDelta::seconds(1) - Utc::now()).to_std().unwrap_or_default()).await;
    println!("idle: {:.2} s of CPU in {:.1?}, writes {:?}", cpu() - idle.1, idle.0.elapsed(), take(&counts));

    let begin = cpu();
    patiently("all have started", async || written("POST sidecarjobs") >= n).await;
    println!("the last create was sent {:.1} s after the minute", (Utc::now() - at).as_seconds_f64());
    patiently("all is written", async || written("PUT sidecarcronjobs/status") >= n).await;
    println!("the last status was sent {:.1} s after the minute", (Utc::now() - at).as_seconds_f64());
    tokio::time::sleep(Duration::from_secs(2)).await;
    println!("{:.2} s of CPU, writes {:?}", cpu() - begin, counts);
    let runs: Api<SidecarJob> = Api::namespaced(client.clone(), &namespace);
    let created: Vec<_> = runs.list(&ListParams::default()).await.expect("listed").items;
    let last = created.iter().filter_map(|run| run.creation_timestamp()).map(|at| at.0.as_second()).max();
    println!("the last run was created {:?} s after the minute", last.map(|last| last - at.timestamp()));
    assert_eq!((created.len(), written("POST sidecarjobs")), (n, n), "each starts once");
    assert_eq!(written("PUT sidecarcronjobs/status"), n, "and is written once");
    stop.send_replace(true);
    tokio::time::timeout(PATIENCE, working).await.expect("it ends").expect("well").expect("well");
    drop(sending);
    let namespaces: Api<Namespace> = Api::all(client.clone());
    namespaces.delete(&namespace, &DeleteParams::default()).await.expect("deleted");
}
