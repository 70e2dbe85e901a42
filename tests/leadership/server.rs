//! An API server with one Lease, one run that needs Pods for ever, and those Pods. It notes each call, when it came and
//! from whom.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, Response, StatusCode, Uri};
use futures::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::front::{endless_run, version};

/// What the API server does with calls about the Lease.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    Works,
    /// It answers 500.
    Fails,
    /// It does not answer.
    Hangs,
}

/// A call that came.
#[derive(Clone, Debug)]
pub struct Call {
    pub at: Instant,
    from: String,
    method: Method,
    path: String,
    pub body: Value,
    /// It was answered with success.
    pub is_taken: bool,
}

impl Call {
    fn is_of_the_lease(&self) -> bool {
        self.path.contains("/leases")
    }

    /// It is no read.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// It is a write that is neither about the Lease nor an event.
    pub fn is_work(&self) -> bool {
        self.writes() && !self.is_of_the_lease() && !self.path.contains("/events")
    }

    /// It took or renewed the Lease.
    pub fn renews(&self) -> bool {
        self.writes() && self.is_of_the_lease() && self.is_taken && !self.releases()
    }

    /// It gave the Lease back.
    pub fn releases(&self) -> bool {
        self.writes() && self.is_of_the_lease() && self.is_taken && self.body["spec"]["holderIdentity"] == ""
    }
}

struct World {
    mood: Mood,
    version: u64,
    calls: Vec<Call>,
    lease: watch::Sender<Value>,
    watchers: Vec<String>,
    run: Value,
    pods: Vec<Value>,
}

/// The API server.
#[derive(Clone)]
pub struct Server {
    world: Arc<Mutex<World>>,
    pub url: String,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let world = World {
            mood: Mood::Works,
            version: 10,
            calls: Vec::new(),
            lease: watch::Sender::new(Value::Null),
            watchers: Vec::new(),
            run: endless_run(),
            pods: Vec::new(),
        };
        let server = Self { world: Arc::new(Mutex::new(world)), url };
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on.
    pub fn be(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// All calls of that controller so far.
    pub fn calls_of(&self, name: &str) -> Vec<Call> {
        self.lock().calls.iter().filter(|call| call.from == name).cloned().collect()
    }

    pub fn watchers_of_the_lease(&self, name: &str) -> usize {
        self.lock().watchers.iter().filter(|watcher| *watcher == name).count()
    }

    pub fn lease(&self) -> Value {
        self.lock().lease.borrow().clone()
    }

    /// Somebody else annotates it, so that its version changes.
    pub fn annotate_the_lease(&self) {
        let mut lease = self.lease();
        lease["metadata"]["annotations"] = json!({"their": "annotation"});
        self.lock().store_lease(lease);
    }

    /// Somebody else is the holder now.
    pub fn gives_the_lease_to(&self, holder: &str) {
        let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 3600, "leaseTransitions": 7});
        let metadata = json!({"name": "sidecarjob-controller", "namespace": "sidecarjob-system"});
        self.lock().store_lease(json!({"metadata": metadata, "spec": spec}));
    }

    /// The names of Pods that were created more than once.
    pub fn pods_made_twice(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        let all: Vec<String> = self.lock().pods.iter().map(|pod| pod["metadata"]["name"].to_string()).collect();
        all.into_iter().filter(|name| !names.insert(name.clone())).collect()
    }
}

impl World {
    fn next_version(&mut self) -> Value {
        self.version += 1;
        json!(self.version.to_string())
    }

    fn store_lease(&mut self, mut lease: Value) -> Value {
        lease["metadata"]["uid"] = json!("lease");
        lease["metadata"]["resourceVersion"] = self.next_version();
        self.lease.send_replace(lease.clone());
        lease
    }

    /// A write of the Lease, which has to name the version that is there.
    fn write_lease(&mut self, lease: Value) -> (u16, Value) {
        let stored = self.lease.borrow()["metadata"]["resourceVersion"].clone();
        match stored == lease["metadata"]["resourceVersion"] {
            true => (200, self.store_lease(lease)),
            false => (409, refusal(409, "Conflict")),
        }
    }

    fn create_pod(&mut self, mut pod: Value) -> (u16, Value) {
        let taken = self.pods.iter().any(|other| other["metadata"]["name"] == pod["metadata"]["name"]);
        pod["metadata"]["uid"] = json!(format!("uid-{}", self.pods.len()));
        pod["metadata"]["resourceVersion"] = self.next_version();
        pod["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        self.pods.push(pod.clone()); // a second one of the name is kept, for the test to find
        if taken { (409, refusal(409, "AlreadyExists")) } else { (201, pod) }
    }

    fn write_status(&mut self, run: Value) -> (u16, Value) {
        if run["metadata"]["resourceVersion"] != self.run["metadata"]["resourceVersion"] {
            return (409, refusal(409, "Conflict"));
        }
        self.run = run;
        self.run["metadata"]["resourceVersion"] = self.next_version();
        (200, self.run.clone())
    }

    fn list(&self, items: Value) -> (u16, Value) {
        let metadata = json!({"resourceVersion": self.version.to_string()});
        (200, json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}))
    }

    fn answer(&mut self, call: &Call) -> (u16, Value) {
        let ends = |end: &str| call.path.ends_with(end);
        let lease = self.lease.borrow().clone();
        match (call.method.as_str(), call.path.as_str()) {
            ("GET", "/version") => (200, version()),
            ("GET", _) if ends("/leases") => self.list(json!([lease])),
            ("GET", _) if call.is_of_the_lease() && lease.is_null() => (404, refusal(404, "NotFound")),
            ("GET", _) if call.is_of_the_lease() => (200, lease),
            (_, _) if call.is_of_the_lease() => self.write_lease(call.body.clone()),
            ("GET", _) if ends("/sidecarjobs") => self.list(json!([self.run])),
            ("GET", _) if ends("/pods") => self.list(json!(self.pods)),
            ("POST", _) if ends("/pods") => self.create_pod(call.body.clone()),
            ("PUT", _) if ends("/status") => self.write_status(call.body.clone()),
            ("GET", _) => self.list(json!([])),
            _ => (200, call.body.clone()),
        }
    }
}

async fn answer(State(server): State<Server>, method: Method, uri: Uri, body: Bytes) -> Response<Body> {
    let (from, path) = uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut call =
        Call { at: Instant::now(), from: from.into(), method, path: format!("/{path}"), body, is_taken: false };
    if query.contains("watch=") {
        return watched(&server, &call, query).await;
    }
    let mood = if call.is_of_the_lease() { server.lock().mood } else { Mood::Works };
    let (code, answer) = match mood {
        Mood::Works => server.lock().answer(&call),
        Mood::Fails => (500, refusal(500, "InternalError")),
        Mood::Hangs => {
            server.lock().calls.push(call);
            return std::future::pending().await;
        }
    };
    call.is_taken = code < 400;
    let is_a_pod = call.method == Method::POST && call.path.ends_with("/pods");
    server.lock().calls.push(call);
    if is_a_pod {
        tokio::time::sleep(Duration::from_secs(1)).await; // it is slow, so that Pods are made for as long as a test takes
    }
    let code = StatusCode::from_u16(code).expect("a code");
    Response::builder().status(code).body(Body::from(answer.to_string())).expect("an answer")
}

/// Of the Lease there is news; of nothing else.
async fn watched(server: &Server, call: &Call, query: &str) -> Response<Body> {
    if !call.is_of_the_lease() {
        return std::future::pending().await;
    }
    let since = query.split('&').find_map(|part| part.strip_prefix("resourceVersion=")).and_then(|v| v.parse().ok());
    let lease = server.lock().lease.subscribe();
    server.lock().watchers.push(call.from.clone());
    let news = stream::unfold((lease, since.unwrap_or(0_u64)), |(mut lease, seen)| async move {
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok());
        let new = lease.wait_for(|lease| version(lease) > Some(seen)).await.ok()?.clone();
        let line = format!("{}\n", json!({"type": "MODIFIED", "object": new}));
        let seen = version(&new).unwrap_or(seen);
        Some((Ok::<_, Infallible>(line), (lease, seen)))
    });
    Response::new(Body::from_stream(news))
}

fn refusal(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code, "reason": reason,
           "message": reason})
}
