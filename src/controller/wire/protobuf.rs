//! What is in the envelopes of Kubernetes' protobuf?
//!
//! An object begins with four bytes; then `runtime.Unknown` names the kind and has the object's own message in it. A list
//! has the messages of its objects without envelopes. An event of a watch has the object in its envelope.

use hyper::body::Bytes;
use kube::core::Status;
use kube::core::response::{StatusCause, StatusDetails, StatusSummary};
use prost::Message;

use super::{Event, List, Wire};

/// What each object begins with.
const MAGIC: &[u8] = b"k8s\0";

/// `runtime.Unknown`.
#[derive(Clone, PartialEq, Message)]
struct Unknown {
    #[prost(message, required, tag = "1")]
    type_meta: TypeMeta,
    #[prost(bytes = "bytes", tag = "2")]
    raw: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct TypeMeta {
    #[prost(string, tag = "2")]
    kind: String,
}

/// Any list, with the messages of its objects unread.
#[derive(Clone, PartialEq, Message)]
struct RawList {
    #[prost(message, required, tag = "1")]
    metadata: ListMeta,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    items: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ListMeta {
    #[prost(string, tag = "2")]
    resource_version: String,
    #[prost(string, tag = "3")]
    next: String,
}

#[derive(Clone, PartialEq, Message)]
struct WatchEvent {
    #[prost(string, tag = "1")]
    type_: String,
    #[prost(message, required, tag = "2")]
    object: RawExtension,
}

#[derive(Clone, PartialEq, Message)]
struct RawExtension {
    #[prost(bytes = "bytes", tag = "1")]
    raw: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct WireStatus {
    #[prost(string, tag = "2")]
    status: String,
    #[prost(string, tag = "3")]
    message: String,
    #[prost(string, tag = "4")]
    reason: String,
    #[prost(message, optional, tag = "5")]
    details: Option<Details>,
    #[prost(int32, tag = "6")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Details {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    group: String,
    #[prost(string, tag = "3")]
    kind: String,
    #[prost(message, repeated, tag = "4")]
    causes: Vec<Cause>,
    #[prost(int32, tag = "5")]
    retry_after_seconds: i32,
    #[prost(string, tag = "6")]
    uid: String,
}

#[derive(Clone, PartialEq, Message)]
struct Cause {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(string, tag = "3")]
    field: String,
}

/// One page of a list.
pub fn list<T: Wire>(body: Bytes) -> Result<List<T>, String> {
    let RawList { metadata, items } = read(open(body)?.raw)?;
    let items = items.into_iter().map(T::from_protobuf).collect::<Result<_, _>>()?;
    Ok(List { items, resource_version: metadata.resource_version, next: metadata.next })
}

/// One event of a watch.
pub fn event<T: Wire>(frame: Bytes) -> Result<Event<T>, String> {
    let WatchEvent { type_, object } = read(frame)?;
    let Unknown { raw, .. } = open(object.raw)?;
    match type_.as_str() {
        "ERROR" => Ok(Event::Error(Box::new(read::<WireStatus>(raw)?.into()))),
        "BOOKMARK" => Ok(Event::Bookmark(T::from_protobuf(raw)?.resource_version().to_owned())),
        other => Event::about(other, T::from_protobuf(raw)?).ok_or_else(|| format!("there is no type {other:?}")),
    }
}

/// An object; `None`: it is a Status.
pub fn object<T: Wire>(body: Bytes) -> Result<Option<T>, String> {
    let Unknown { type_meta, raw } = open(body)?;
    if type_meta.kind == "Status" { Ok(None) } else { T::from_protobuf(raw).map(Some) }
}

/// A Status.
pub fn status(body: Bytes) -> Result<Status, String> {
    let Unknown { type_meta, raw } = open(body)?;
    if type_meta.kind != "Status" {
        return Err(format!("it is a {}", type_meta.kind));
    }
    Ok(read::<WireStatus>(raw)?.into())
}

/// A message, whatever its kind.
pub fn read<M: Message + Default>(message: Bytes) -> Result<M, String> {
    M::decode(message).map_err(|error| error.to_string())
}

fn open(mut object: Bytes) -> Result<Unknown, String> {
    if !object.starts_with(MAGIC) {
        return Err("it does not begin as Kubernetes' protobuf does".into());
    }
    read(object.split_off(MAGIC.len()))
}

impl From<WireStatus> for Status {
    fn from(wire: WireStatus) -> Self {
        let summary = match wire.status.as_str() {
            "Success" => Some(StatusSummary::Success),
            "Failure" => Some(StatusSummary::Failure),
            _ => None,
        };
        Self {
            status: summary,
            code: u16::try_from(wire.code).unwrap_or(0),
            message: wire.message,
            metadata: None,
            reason: wire.reason,
            details: wire.details.map(Into::into),
        }
    }
}

impl From<Details> for StatusDetails {
    fn from(wire: Details) -> Self {
        let cause = |cause: Cause| StatusCause { reason: cause.reason, message: cause.message, field: cause.field };
        Self {
            name: wire.name,
            group: wire.group,
            kind: wire.kind,
            uid: wire.uid,
            causes: wire.causes.into_iter().map(cause).collect(),
            retry_after_seconds: u32::try_from(wire.retry_after_seconds).unwrap_or(0),
        }
    }
}
