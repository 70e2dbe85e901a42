//! Which calls take a place, how many are in flight, and that a wait for a place is not counted as time of the call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use futures::future::join_all;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, AttachParams, ListParams, WatchParams};
use kube::client::ClientBuilder;
use kube::{Client, Config};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::retry::RetryLayer;

use super::*;
use crate::controller::call::call;
use crate::controller::clock;
use crate::controller::cluster::Clients;
use crate::controller::error::Error;
use crate::controller::gate::Gate;
use crate::controller::throttled::Throttled;

#[test]
fn the_url_says_who_waits_and_what_takes_no_place() {
    for (what, uri, want) in [
        ("a Pod", "/api/v1/namespaces/a/pods/p", Some("a")),
        ("a run", "/apis/sidecarjob.dev/v1alpha1/namespaces/a/sidecarjobs/r/status?fieldManager=x", Some("a")),
        ("a list of all namespaces", "/api/v1/pods?limit=500", Some("")),
        ("the version", "/version", Some("")),
        ("the namespaces", "/api/v1/namespaces", Some("")),
        ("a watch", "/api/v1/pods?&watch=true&timeoutSeconds=290", None),
        ("a watch of one namespace", "/api/v1/namespaces/a/pods?watch=true", None),
        ("the Lease", "/apis/coordination.k8s.io/v1/namespaces/a/leases/l", None),
        ("an event about a Job", "/api/v1/namespaces/a/events", None),
        ("an event about a SidecarJob", "/apis/events.k8s.io/v1/namespaces/a/events/e", None),
        ("a Pod whose name is a resource's", "/api/v1/namespaces/a/pods/events", Some("a")),
        ("a Pod whose name is a watch's", "/api/v1/namespaces/a/pods/watch=true", Some("a")),
        (
            "a namespace whose name is a group's",
            "/api/v1/namespaces/coordination.k8s.io/pods",
            Some("coordination.k8s.io"),
        ),
    ] {
        let request = Request::builder().uri(uri).body(()).expect("a request");
        assert_eq!(line(&request), want, "{what}");
    }
    let upgrade = Request::builder().uri("/api/v1/namespaces/a/pods/p/exec").header(header::UPGRADE, "websocket");
    assert_eq!(line(&upgrade.body(()).expect("a request")), None, "a command in a container");
}

/// What an API server counts that answers nobody before the gate is open.
#[derive(Clone, Default)]
struct Counts {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Counts {
    fn comes(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    fn goes(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    fn now(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }
}

/// A client with so many places, of an API server that answers when the gate is open.
fn gated(size: usize) -> (Client, Counts, watch::Sender<bool>) {
    let (gate, is_open) = watch::channel(false);
    let counts = Counts::default();
    let seen = counts.clone();
    let service = tower::service_fn(move |_: Request<Body>| {
        let (counts, mut is_open) = (seen.clone(), is_open.clone());
        async move {
            counts.comes();
            let _ = is_open.wait_for(|open| *open).await;
            counts.goes();
            let pod = json!({"metadata": {"name": "p"}});
            Ok::<_, BoxError>(Response::new(Body::from(serde_json::to_vec(&pod)?)))
        }
    });
    let layers = ServiceBuilder::new().layer(InFlight::of(size)).layer(BufferLayer::new(1024)).into_inner();
    (ClientBuilder::new(service, "ns").with_layer(&layers).build(), counts, gate)
}

fn pods(client: &Client, namespace: &str) -> Api<Pod> {
    Api::namespaced(client.clone(), namespace)
}

/// Until nothing goes on any more: no time passes in it.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_namespace_alone_has_half_of_the_calls_and_others_go_at_once() {
    let (client, counts, gate) = gated(8);
    let many = |namespace: &str, n: usize| {
        let api = pods(&client, namespace);
        tokio::spawn(join_all((0..n).map(move |_| {
            let api = api.clone();
            async move { api.get("p").await.is_ok() }
        })))
    };
    let noisy = many("a", 1_000);
    settle().await;
    assert_eq!(counts.now(), 4, "of a thousand");
    let quiet = many("b", 1);
    settle().await;
    assert_eq!(counts.now(), 5);
    gate.send_replace(true);
    assert!(noisy.await.expect("done").into_iter().chain(quiet.await.expect("done")).all(|ok| ok));
    assert_eq!((counts.most.load(Ordering::SeqCst), counts.now()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn the_lease_watches_and_commands_in_containers_never_wait_for_a_place() {
    let (client, counts, _gate) = gated(1);
    let (held, waits) = (pods(&client, "a"), pods(&client, "b"));
    tokio::spawn(async move { held.get("p").await });
    settle().await;
    for n in 0..2_000 {
        let waits = waits.clone();
        tokio::spawn(async move { waits.get(&format!("p-{n}")).await });
    }
    settle().await;
    assert_eq!(counts.now(), 1, "more calls wait than the client's buffers take");
    let (leases, exec, seen): (Api<Lease>, _, _) =
        (Api::namespaced(client.clone(), "a"), pods(&client, "a"), pods(&client, "a"));
    tokio::spawn(async move { leases.get("l").await });
    tokio::spawn(async move { exec.exec("p", ["x"], &AttachParams::default()).await.map(drop) });
    tokio::spawn(async move { seen.watch(&WatchParams::default(), "0").await.map(drop) });
    settle().await;
    assert_eq!(counts.now(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_a_call_waits_for_a_place_does_not_count_as_its_time() {
    let (client, counts, gate) = gated(1);
    let first = pods(&client, "a");
    let first = tokio::spawn(async move { call("read it", first.get("p")).await });
    settle().await;
    let second = pods(&client, "b");
    let second = tokio::spawn(async move { call("read it", second.get("p")).await });
    let why = first.await.expect("done");
    assert!(matches!(why, Err(Error::Timeout(_))), "it had its place and got no answer");
    settle().await;
    assert_eq!(counts.now(), 2, "now the other one has the place");
    tokio::time::sleep(Duration::from_secs(39)).await;
    gate.send_replace(true);
    assert!(second.await.expect("done").is_ok_and(|answer| answer.is_ok()), "39 of its 40 seconds were over");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_gives_its_place_back() {
    let (client, counts, gate) = gated(1);
    for _ in 0..3 {
        let api = pods(&client, "a");
        let given_up = tokio::spawn(async move { api.get("p").await });
        settle().await;
        given_up.abort();
        settle().await;
    }
    assert_eq!(counts.most.load(Ordering::SeqCst), 3, "the server has not seen that they are gone");
    gate.send_replace(true);
    assert!(pods(&client, "b").get("p").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_client_repeats_later_has_no_place_meanwhile() {
    let calls = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = calls.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let namespace = request.uri().path().split('/').nth(4).unwrap_or_default().to_owned();
        let is_first = seen.lock().expect("not poisoned").is_empty();
        seen.lock().expect("not poisoned").push(namespace);
        let answer = Response::builder();
        let answer = if is_first { answer.status(429).header("Retry-After", "5") } else { answer };
        std::future::ready(answer.body(Body::from(b"{}".to_vec())).map_err(BoxError::from))
    });
    let layers = ServiceBuilder::new()
        .layer(RetryLayer::new(Throttled::default()))
        .layer(InFlight::of(1))
        .layer(BufferLayer::new(1024));
    let client = ClientBuilder::new(service, "ns").with_layer(&layers.into_inner()).build();
    let throttled = pods(&client, "a");
    let throttled = tokio::spawn(async move { throttled.get("p").await.is_ok() });
    settle().await;
    assert!(pods(&client, "b").get("p").await.is_ok() && throttled.await.expect("done"));
    assert_eq!(*calls.lock().expect("not poisoned"), ["a", "b", "a"]);
}

/// An API server on a socket, so that `cluster::connect` itself is asked.
#[tokio::test]
async fn the_client_that_all_use_has_this_bound() {
    const CALLS: usize = 500;
    let (answers, is_open) = watch::channel(false);
    let counts = Counts::default();
    let seen = counts.clone();
    let answer = move || {
        let (counts, mut is_open) = (seen.clone(), is_open.clone());
        async move {
            counts.comes();
            let _ = is_open.wait_for(|open| *open).await;
            counts.goes();
            r#"{"metadata": {"name": "p"}, "items": []}"#
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let gate = Gate::new(Arc::new(clock::since_boot));
    gate.open_for_good();
    let client = Clients::of(Config::new(url.parse().expect("a URL")), &gate).expect("clients").work;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "a");
    let calls = tokio::spawn(join_all((0..CALLS).map(move |_| {
        let maps = maps.clone();
        async move { maps.get("p").await.is_ok() }
    })));
    let others = pods(&client, "b");
    let other = tokio::spawn(async move { others.list(&ListParams::default()).await.is_ok() });
    while counts.now() < AT_ONCE / 2 + 1 {
        tokio::task::yield_now().await;
    }
    answers.send_replace(true);
    assert!(calls.await.expect("done").into_iter().all(|ok| ok) && other.await.expect("done"));
    assert_eq!(counts.most.load(Ordering::SeqCst), AT_ONCE / 2 + 1, "of {CALLS} of one namespace and one of another");
}
