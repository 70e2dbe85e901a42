//! An API server in memory, as far as the shell of schedules needs one: both kinds, lists, watches that stay open, and a
//! count of all calls. The test itself plays the SidecarJob controller and the users.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};

/// How often each call was made: `POST sidecarjobs`, `PUT sidecarcronjobs/status`, `POST events`.
pub type Calls = BTreeMap<String, usize>;

/// What is stored, and who watches.
#[derive(Clone, Default)]
pub struct Server {
    state: Arc<Mutex<State>>,
    /// What each call takes.
    takes: Duration,
}

#[derive(Default)]
struct State {
    version: u64,
    /// By kind and name.
    objects: BTreeMap<(String, String), Value>,
    watches: Vec<(String, UnboundedSender<Bytes>)>,
    calls: Calls,
    /// The writes, one by one.
    order: Vec<String>,
}

impl Server {
    /// One whose every call takes so long.
    pub fn slow(takes: Duration) -> Self {
        Self { takes, ..Self::default() }
    }

    /// To it.
    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                tokio::time::sleep(server.takes).await;
                Ok::<_, String>(server.lock().call(&parts.method, &parts.uri, body))
            }
        });
        kube::Client::new(service, "ns")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All calls since the last time that this was asked, but for reads.
    pub fn writes(&self) -> Calls {
        let mut calls = std::mem::take(&mut self.lock().calls);
        calls.retain(|call, _| !call.starts_with("GET"));
        calls
    }

    /// The writes since the last time that this was asked, but for events.
    pub fn order(&self) -> Vec<String> {
        let mut order = std::mem::take(&mut self.lock().order);
        order.retain(|call| !call.starts_with("GET") && !call.ends_with(" events"));
        order
    }

    /// Somebody else stores an object.
    pub fn put(&self, kind: &str, object: Value) {
        self.lock().put(kind, object);
    }

    /// All of a kind.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        let state = self.lock();
        state.objects.iter().filter(|((of, _), _)| of == kind).map(|(_, object)| object.clone()).collect()
    }
}

impl State {
    fn call(
        &mut self,
        method: &http::Method,
        uri: &http::Uri,
        body: Value,
    ) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
        let parts: Vec<&str> = uri.path().split('/').collect();
        let kind = parts.iter().copied().find(|part| ["sidecarjobs", "sidecarcronjobs", "events"].contains(part));
        let kind = kind.unwrap_or_default().to_owned();
        let last = parts.last().copied().unwrap_or_default();
        let name = if last == "status" { parts[parts.len() - 2] } else { last }.to_owned();
        let what = if last == "status" { format!("{kind}/status") } else { kind.clone() };
        let call = format!("{method} {what}");
        *self.calls.entry(call.clone()).or_default() += 1;
        self.order.push(call);
        let query = uri.query().unwrap_or_default();
        if query.contains("watch=") {
            let (send, lines) = unbounded();
            self.watches.push((kind, send));
            let frames = lines.map(|line| Ok::<_, Infallible>(Frame::data(line)));
            return Response::new(StreamBody::new(frames).boxed_unsync());
        }
        let (code, answer) = match (method.as_str(), kind.as_str()) {
            (_, "events") => (201, body),
            ("GET", _) if name == kind => {
                let items: Vec<&Value> =
                    self.objects.iter().filter(|((of, _), _)| *of == kind).map(|(_, o)| o).collect();
                (200, json!({"metadata": {"resourceVersion": self.version.to_string()}, "items": items}))
            }
            ("POST", _) => self.create(&kind, body),
            ("PUT", _) => self.replace(&kind, &name, body),
            ("DELETE", _) => self.delete(&kind, &name),
            _ => {
                self.objects.get(&(kind, name)).map_or_else(|| status(404, "NotFound"), |object| (200, object.clone()))
            }
        };
        let bytes = Bytes::from(answer.to_string());
        let mut response = Response::new(Full::new(bytes).boxed_unsync());
        *response.status_mut() = http::StatusCode::from_u16(code).expect("a code");
        response
    }

    fn create(&mut self, kind: &str, body: Value) -> (u16, Value) {
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        if self.objects.contains_key(&(kind.to_owned(), name.to_owned())) {
            return status(409, "AlreadyExists");
        }
        (201, self.put(kind, body))
    }

    fn replace(&mut self, kind: &str, name: &str, body: Value) -> (u16, Value) {
        let Some(stored) = self.objects.get(&(kind.to_owned(), name.to_owned())) else {
            return status(404, "NotFound");
        };
        if stored["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] {
            return status(409, "Conflict");
        }
        (200, self.put(kind, body))
    }

    fn delete(&mut self, kind: &str, name: &str) -> (u16, Value) {
        let Some(gone) = self.objects.remove(&(kind.to_owned(), name.to_owned())) else {
            return status(404, "NotFound");
        };
        self.version += 1;
        let mut last = gone.clone();
        last["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.say(kind, "DELETED", &last);
        (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
    }

    fn put(&mut self, kind: &str, mut object: Value) -> Value {
        self.version += 1;
        let meta = &mut object["metadata"];
        let name = meta["name"].as_str().unwrap_or_default().to_owned();
        meta["namespace"] = json!("ns");
        meta["resourceVersion"] = json!(self.version.to_string());
        if meta["uid"].is_null() {
            meta["uid"] = json!(format!("{kind}-{}", self.version));
        }
        let before = self.objects.insert((kind.to_owned(), name), object.clone());
        self.say(kind, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
        object
    }

    fn say(&mut self, kind: &str, what: &str, object: &Value) {
        let line = Bytes::from(format!("{}\n", json!({"type": what, "object": object})));
        self.watches.retain(|(of, send)| of != kind || send.unbounded_send(line.clone()).is_ok());
    }
}

fn status(code: u16, reason: &str) -> (u16, Value) {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason}),
    )
}
