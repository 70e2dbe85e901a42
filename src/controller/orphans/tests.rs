//! How many calls does it take to remove the finalizers of orphans, how many calls run at the same time, and what does
//! a finalizer cost that stays?

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::{Request, Response};
use kube::Client;
use kube::client::Body;
use kube::runtime::watcher::Event;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;
use crate::api::{Kind, labels};
use crate::controller::clock::wall_clock;
use crate::controller::events::Events;

/// What the API server has counted.
#[derive(Default)]
struct Counts {
    /// Calls by method and name.
    calls: BTreeMap<String, usize>,
    patching: usize,
    most: usize,
    patch: Value,
    is_owned: bool,
}

/// An API server without runs.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Counts>>);

/// The finalizers of the Pod of this name after a patch.
fn finalizers_after(name: &str, before: &Value) -> Option<Value> {
    match name {
        "fails" => None,
        "keeps" => Some(json!([Kind::Job.finalizer()])),
        "all" => Some(before.clone()),
        _ => Some(json!([])),
    }
}

impl Server {
    fn counts<T>(&self, look: impl FnOnce(&mut Counts) -> T) -> T {
        look(&mut self.0.lock())
    }

    fn calls(&self, call: &str) -> usize {
        self.counts(|counts| counts.calls.get(call).copied().unwrap_or(0))
    }

    async fn answer(self, request: Request<Body>) -> (u16, Value) {
        let (parts, body) = request.into_parts();
        let name = parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let call = format!("{} {name}", parts.method);
        self.counts(|counts| *counts.calls.entry(call).or_default() += 1);
        if !parts.uri.path().contains("/pods/") {
            let none = json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"});
            let empty = json!({"metadata": {}, "items": []});
            return if name == "run" { (404, none) } else { (200, empty) };
        }
        if parts.method == "GET" {
            return (200, pod(&name, false));
        }
        let patch = serde_json::from_slice(&body.collect_bytes().await.expect("a body")).expect("JSON");
        self.counts(|counts| {
            counts.patch = patch;
            counts.patching += 1;
            counts.most = counts.most.max(counts.patching);
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.counts(|counts| counts.patching -= 1);
        let mut pod = pod(&name, self.counts(|counts| counts.is_owned));
        match finalizers_after(&name, &pod["metadata"]["finalizers"]) {
            Some(finalizers) => pod["metadata"]["finalizers"] = finalizers,
            None => {
                return (500, json!({"kind": "Status", "code": 500, "reason": "X", "message": "a webhook is down"}));
            }
        }
        pod["metadata"]["resourceVersion"] = json!("2");
        (200, pod)
    }
}

/// A Pod with the finalizers of both kinds.
fn pod(name: &str, is_owned: bool) -> Value {
    let owner = json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": "run", "uid": "old", "controller": true});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": name, "namespace": "ns", "uid": format!("uid-{name}"), "resourceVersion": "1",
        "labels": {labels::UID: "old"}, "finalizers": Kind::ALL.map(Kind::finalizer),
        "ownerReferences": if is_owned { json!([owner]) } else { json!([]) }
    }})
}

fn key() -> Key {
    ("ns".into(), "run".into())
}

/// Puts these Pods into the view, with or without an owner, and starts to remove their finalizers.
fn stage(names: &[&str], is_owned: bool) -> (Arc<Context<SidecarJob>>, Server) {
    let server = Server::default();
    server.counts(|counts| counts.is_owned = is_owned);
    let asked = server.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let server = asked.clone();
        async move {
            let (code, answer) = server.answer(request).await;
            let body = Body::from(serde_json::to_vec(&answer).expect("JSON"));
            Ok::<_, std::convert::Infallible>(Response::builder().status(code).body(body).expect("an answer"))
        }
    });
    let client = Client::new(service, "ns");
    let ctx = Arc::new(Context::at(client.clone(), Events::start(client).0, wall_clock()));
    for name in names {
        ctx.pods.observe(Event::Apply(serde_json::from_value(pod(name, is_owned)).expect("a Pod")));
    }
    (ctx, server)
}

/// Lets that much time pass; in this time no more calls are made than the waits allow.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn pods_of_a_run_that_is_gone_are_let_go_32_at_a_time_with_one_patch_each() {
    let names: Vec<String> = (0..1_000).map(|n| format!("p-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for is_owned in [true, false] {
        let (ctx, server) = stage(&names, is_owned);
        release(&ctx, key());
        pass(600).await;
        assert!(names.iter().all(|name| server.calls(&format!("PATCH {name}")) == 1));
        assert_eq!(server.counts(|counts| counts.most), AT_ONCE);
        assert!(ctx.orphans.begin(&key()), "the task has ended");
    }
}

#[tokio::test(start_paused = true)]
async fn of_ten_thousand_pods_all_are_let_go_but_the_one_that_fails() {
    let mut names: Vec<String> = (0..10_000).map(|n| format!("p-{n}")).collect();
    names[5_000] = "fails".into();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (ctx, server) = stage(&names, true);
    release(&ctx, key());
    pass(60).await;
    let patches: Vec<usize> = names.iter().map(|name| server.calls(&format!("PATCH {name}"))).collect();
    let others = patches.iter().enumerate().filter(|(n, _)| *n != 5_000);
    assert!(others.map(|(_, patches)| *patches).all(|patches| patches == 1), "one patch for each of the others");
    assert_eq!((patches[5_000], server.counts(|counts| counts.most)), (6, AT_ONCE));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_keeps_its_finalizer_delays_no_other_and_waits_grow() {
    for is_owned in [true, false] {
        let (ctx, server) = stage(&["a", "fails", "z"], is_owned);
        release(&ctx, key());
        pass(60).await;
        let patches = ["a", "fails", "z"].map(|name| server.calls(&format!("PATCH {name}")));
        assert_eq!(patches, [1, 6, 1], "tried at 0, 1, 3, 7, 15 and 31 seconds");
    }
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_is_still_there_after_the_patch_is_an_error_that_waits() {
    for (what, name) in [("one of the two", "keeps"), ("both", "all")] {
        for is_owned in [true, false] {
            let (ctx, server) = stage(&[name], is_owned);
            release(&ctx, key());
            pass(60).await;
            assert_eq!(server.calls(&format!("PATCH {name}")), 6, "{what}, of a Pod with an owner: {is_owned}");
        }
        let (ctx, server) = stage(&[name], false);
        release_strays(&ctx, "ns".into());
        pass(60).await;
        assert_eq!(server.calls(&format!("PATCH {name}")), 6, "{what}, of a stray");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_with_the_finalizers_of_both_kinds_loses_both_in_one_patch() {
    for is_owned in [true, false] {
        let (ctx, server) = stage(&["a"], is_owned);
        release(&ctx, key());
        pass(60).await;
        let patch = server.counts(|counts| counts.patch["metadata"]["$deleteFromPrimitiveList/finalizers"].clone());
        assert_eq!((server.calls("PATCH a"), patch), (1, json!(Kind::ALL.map(Kind::finalizer))));
    }
}
