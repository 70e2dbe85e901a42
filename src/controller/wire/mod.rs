//! How do objects come off the wire? Read once, into no more than the controller uses.
//!
//! Built-in kinds come as protobuf where the API server has it, all else as JSON: the `Content-Type` of each answer says
//! which of the two it is, so a server that answers in JSON all the same is understood.

mod frames;
mod json;
pub mod pods;
mod protobuf;
mod templates;
#[cfg(test)]
mod tests;
pub mod watch;
pub mod whole;

use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Request, Response};
use kube::Client;
use kube::client::Body;
use kube::core::Status;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

/// An object as the controller reads it.
pub trait Wire: Sized + Send + 'static {
    /// What to ask for: media types, the best one first.
    const ACCEPT: &'static str;

    /// What is read of the object in JSON.
    type Json: DeserializeOwned;

    /// From JSON.
    fn from_json(read: Self::Json) -> Self;

    /// What stands for an object that can't be read: `error` says why. `None`: nothing does, and reading fails.
    fn unreadable(_object: &Value, _error: &str) -> Option<Self> {
        None
    }

    /// From the protobuf message of the object, without the envelope. An error if the kind is not asked for in protobuf.
    fn from_protobuf(message: Bytes) -> Result<Self, String>;

    /// `metadata.resourceVersion`; empty: there is none.
    fn resource_version(&self) -> &str;
}

/// Media types for a kind that the API server has in JSON only.
const JSON: &str = "application/json";

/// Media types for a built-in kind.
const PROTOBUF_OR_JSON: &str = "application/vnd.kubernetes.protobuf,application/json;q=0.9";

/// One page of a list.
#[derive(Debug)]
struct List<T> {
    items: Vec<T>,
    /// Empty: there is none, as on pages that others follow.
    resource_version: String,
    /// Where the next page begins; empty: this is the last one.
    next: String,
}

/// One event of a watch.
#[derive(Debug)]
enum Event<T> {
    /// An object was added or changed.
    Changed(T),
    /// An object is gone: its last state.
    Deleted(T),
    /// Nothing happened up to this version.
    Bookmark(String),
    /// The watch can't go on.
    Error(Box<Status>),
}

impl<T> Event<T> {
    /// An event of that type about that object; `None`: there is no such type.
    fn about(type_: &str, object: T) -> Option<Self> {
        match type_ {
            "ADDED" | "MODIFIED" => Some(Self::Changed(object)),
            "DELETED" => Some(Self::Deleted(object)),
            _ => None,
        }
    }
}

/// In which form an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Protobuf,
}

impl Format {
    /// What is not said to be protobuf is read as JSON.
    fn of(headers: &HeaderMap) -> Self {
        let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = said.split(';').next().unwrap_or_default().trim();
        if media_type.eq_ignore_ascii_case("application/vnd.kubernetes.protobuf") { Self::Protobuf } else { Self::Json }
    }

    fn list<T: Wire>(self, body: Bytes) -> kube::Result<List<T>> {
        match self {
            Self::Json => json::list(&body),
            Self::Protobuf => protobuf::list(body),
        }
        .map_err(|why| unreadable("a list", &why))
    }

    fn event<T: Wire>(self, frame: Bytes) -> kube::Result<Event<T>> {
        match self {
            Self::Json => json::event(&frame),
            Self::Protobuf => protobuf::event(frame),
        }
        .map_err(|why| unreadable("an event of a watch", &why))
    }

    /// An object; `None`: the API server answers with a Status instead.
    fn object<T: Wire>(self, body: Bytes) -> kube::Result<Option<T>> {
        match self {
            Self::Json => json::object(&body),
            Self::Protobuf => protobuf::object(body),
        }
        .map_err(|why| unreadable("an object", &why))
    }

    fn status(self, body: &Bytes) -> Option<Status> {
        match self {
            Self::Json => serde_json::from_slice(body).ok(),
            Self::Protobuf => protobuf::status(body.clone()).ok(),
        }
    }
}

/// Sends the request. An answer that is no success is an error, in the API server's own words.
async fn send(client: &Client, request: Request<Vec<u8>>, accept: &'static str) -> kube::Result<Response<Body>> {
    let mut request = request.map(Body::from);
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
    let answer = client.send(request).await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let (code, format) = (answer.status().as_u16(), Format::of(answer.headers()));
    let body = answer.into_body().collect_bytes().await?;
    let in_text = || Status {
        code,
        message: String::from_utf8_lossy(&body).into_owned(),
        ..Status::failure("", "Failed to parse error data")
    };
    Err(kube::Error::Api(Box::new(format.status(&body).unwrap_or_else(in_text))))
}

/// Sends the request, and reads the whole answer.
async fn ask(client: &Client, request: Request<Vec<u8>>, accept: &'static str) -> kube::Result<(Format, Bytes)> {
    let answer = send(client, request, accept).await?;
    let format = Format::of(answer.headers());
    Ok((format, answer.into_body().collect_bytes().await?))
}

/// The API server's answer has another form than it should.
fn unreadable(what: &str, why: &str) -> kube::Error {
    kube::Error::SerdeError(serde_json::Error::custom(format!("failed to read {what}: {why}")))
}
