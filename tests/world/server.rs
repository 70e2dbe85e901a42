//! The API server as a client meets it: calls, answers, and watches that stay open. What goes wrong with a call is
//! `faults`' part, what is stored `store`'s.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};
use tower::Service;

use super::faults;
use super::patch;
use super::store::{NAMESPACE, Store, finalizers, is_deleting, uid};
use super::{dice::Dice, faults::Faults};

/// Status code and body.
pub type Answer = (u16, Value);

/// The parts that every world has.
pub struct Parts<'a> {
    pub store: &'a mut Store,
    pub faults: &'a mut Faults,
    pub dice: &'a mut Dice,
}

/// What a test brings besides what is stored: its own rules for calls, and others who act meanwhile.
pub trait World: Send + 'static {
    fn parts(&mut self) -> Parts<'_>;
    fn store(&mut self) -> &mut Store {
        self.parts().store
    }
    fn faults(&mut self) -> &mut Faults {
        self.parts().faults
    }
    fn dice(&mut self) -> &mut Dice {
        self.parts().dice
    }
    /// One line of the story.
    fn tell(&mut self, _what: String) {}
    /// What the server says, and what the test demands of the call. Watches are answered before.
    fn answer(&mut self, life: u32, call: &Call) -> Answer;
    /// A watch is opened; `answer` does not see this call.
    fn watched(&mut self, _call: &Call) {}
    /// Others act while a call is under way.
    fn meanwhile(&mut self) {}
    /// That life of the controller has got that answer.
    fn delivered(&mut self, _life: u32, _call: &Call, _answer: &Answer) {}
    /// `exec` and `portforward`. None: no answer, ever.
    fn connect(&mut self, _life: u32, _path: &str) -> Option<Answer> {
        Some(not_found())
    }
}

/// One call.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub query: String,
    /// The plural of the kind.
    pub kind: String,
    /// Empty: all of the kind.
    pub name: String,
    /// `status`, or empty.
    pub part: String,
    pub body: Value,
    /// Bytes of the body.
    pub size: usize,
}

impl Call {
    fn of(method: Method, uri: &http::Uri, body: &[u8]) -> Self {
        let (size, body) = (body.len(), serde_json::from_slice(body).unwrap_or_default());
        let path = uri.path().to_owned();
        let rest = match path.split_once(&format!("/namespaces/{NAMESPACE}/")) {
            Some((_, rest)) => rest,
            None => path.rsplit('/').next().unwrap_or_default(), // all namespaces
        };
        let mut parts = rest.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (kind, name, part) = (next(), next(), next());
        Self { method, query: uri.query().unwrap_or_default().to_owned(), kind, name, part, body, size, path }
    }

    /// In Kubernetes' words: `create pods`, `update sidecarjobs/status`, `watch pods`.
    pub fn in_words(&self) -> String {
        let verb = match self.method.as_str() {
            "POST" => "create",
            "PUT" => "update",
            "GET" if self.query.contains("watch=") => "watch",
            "GET" if self.name.is_empty() => "list",
            other => &other.to_lowercase(),
        };
        let slash = if self.part.is_empty() { "" } else { "/" };
        format!("{verb} {}{slash}{}", self.kind, self.part)
    }

    /// What comes after the namespace.
    pub fn short(&self) -> &str {
        short(&self.path)
    }
}

pub fn short(path: &str) -> &str {
    path.split_once("/namespaces/").map_or(path, |(_, rest)| rest)
}

/// A client for that life of the controller. Each call takes so long.
pub fn client<W: World>(world: &Arc<Mutex<W>>, life: u32, takes: Duration) -> kube::Client {
    kube::Client::new(service(world, life, takes), NAMESPACE)
}

/// The body of an answer.
pub type AnswerBody = UnsyncBoxBody<Bytes, Infallible>;

/// What such a client sends its requests to.
pub fn service<W: World>(
    world: &Arc<Mutex<W>>,
    life: u32,
    takes: Duration,
) -> impl Service<Request<Body>, Response = Response<AnswerBody>, Error = String, Future: Send> + Clone + Send + use<W>
{
    let world = world.clone();
    tower::service_fn(move |request: Request<Body>| {
        let world = world.clone();
        async move {
            let (parts, body) = request.into_parts();
            if parts.headers.contains_key(http::header::UPGRADE) {
                let answer = lock(&world).connect(life, parts.uri.path());
                let Some((code, _)) = answer else { return std::future::pending().await };
                return response(code, Bytes::new());
            }
            let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
            let call = Call::of(parts.method, &parts.uri, &body);
            if takes > Duration::ZERO {
                tokio::time::sleep(takes).await;
            }
            if call.query.contains("watch=") {
                let lines = {
                    let mut world = lock(&world);
                    world.watched(&call);
                    world.store().watch(&call.kind)
                };
                let frames = lines.map(|line| Ok::<_, Infallible>(Frame::data(line)));
                return Ok(Response::new(StreamBody::new(frames).boxed_unsync()));
            }
            let answer = faults::call(&mut *lock(&world), life, &call);
            let Some((code, body)) = answer else { return std::future::pending().await };
            response(code, Bytes::from(body.to_string()))
        }
    })
}

fn response(code: u16, body: Bytes) -> Result<Response<AnswerBody>, String> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).map_err(|e| e.to_string())?;
    Ok(response)
}

/// A client whose server never answers.
pub fn silent() -> kube::Client {
    let service = tower::service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, String>>());
    kube::Client::new(service, NAMESPACE)
}

pub fn lock<W>(world: &Mutex<W>) -> MutexGuard<'_, W> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an API server without any rules of its own says. `now` is the time as on the wire.
pub fn answer(store: &mut Store, call: &Call, now: &str) -> Answer {
    match (call.method.as_str(), call.kind.as_str(), call.name.as_str()) {
        ("POST", "events", _) => (201, call.body.clone()),
        (_, "events", _) => (200, call.body.clone()),
        ("GET", kind, "") => {
            let items: Vec<&Value> = store.all(kind).collect();
            (200, json!({"metadata": {"resourceVersion": store.version().to_string()}, "items": items}))
        }
        ("GET", kind, name) => store.get(kind, name).map_or_else(not_found, |object| (200, object.clone())),
        ("POST", kind, _) => create(store, kind, call.body.clone(), now),
        ("PUT", kind, name) => replace(store, kind, name, call),
        ("PATCH", kind, name) => match store.get(kind, name).map(|stored| patch::strategic(stored, &call.body)) {
            None => not_found(),
            Some(Err(refused)) => refused,
            Some(Ok(object)) => (200, store.put(kind, object)),
        },
        ("DELETE", kind, name) => delete(store, kind, name, &call.body, now),
        _ => not_found(),
    }
}

/// A new object.
pub fn create(store: &mut Store, kind: &str, mut object: Value, now: &str) -> Answer {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if store.get(kind, name).is_some() {
        return status(409, "AlreadyExists", "an object of that name exists");
    }
    object["metadata"]["uid"] = json!(store.new_uid(name));
    object["metadata"]["creationTimestamp"] = json!(now);
    object["metadata"]["generation"] = json!(1);
    (201, store.put(kind, object))
}

/// The status alone, or all but the status; onto the version that the writer has read.
fn replace(store: &mut Store, kind: &str, name: &str, call: &Call) -> Answer {
    let Some(stored) = store.get(kind, name) else { return not_found() };
    if let Some(conflict) = conflict(stored, &call.body) {
        return conflict;
    }
    let (mut object, other) = match call.part.as_str() {
        "status" => (stored.clone(), &call.body),
        _ => (call.body.clone(), stored),
    };
    object["status"] = other["status"].clone();
    (200, store.put(kind, object))
}

/// What the server says if the writer has read another version, or another object.
pub fn conflict(stored: &Value, sent: &Value) -> Option<Answer> {
    let differs = |field: &str| stored["metadata"][field] != sent["metadata"][field];
    (differs("uid") || differs("resourceVersion")).then(|| status(409, "Conflict", "the object has been modified"))
}

/// What the server says if the caller means another object of that name.
pub fn another(stored: &Value, wanted: &Value) -> Option<Answer> {
    let is_another = wanted.as_str().is_some_and(|wanted| wanted != uid(stored));
    is_another.then(|| status(409, "Conflict", "Precondition failed: UID in precondition"))
}

/// In the background: what is not held goes at once.
fn delete(store: &mut Store, kind: &str, name: &str, options: &Value, now: &str) -> Answer {
    let Some(stored) = store.get(kind, name).cloned() else { return not_found() };
    if let Some(conflict) = another(&stored, &options["preconditions"]["uid"]) {
        return conflict;
    }
    if finalizers(&stored).is_empty() {
        store.remove(kind, name);
        return (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}));
    }
    if is_deleting(&stored) {
        return (200, stored);
    }
    let mut object = stored;
    object["metadata"]["deletionTimestamp"] = json!(now);
    (200, store.put(kind, object))
}

pub fn not_found() -> Answer {
    status(404, "NotFound", "not found")
}

pub fn status(code: u16, reason: &str, message: &str) -> Answer {
    (
        code,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}),
    )
}
