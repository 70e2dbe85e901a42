//! What does one object cost between the socket and what the controller keeps? From an API server that answers from memory.

use std::convert::Infallible;

use futures::{Stream, StreamExt};
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use hyper::body::Bytes;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// A Pod as an API server of Kubernetes 1.37 gave it, in both forms. It has four containers.
const POD_JSON: &[u8] = include_bytes!("../wire/pod.json");
const POD: &[u8] = include_bytes!("../wire/pod.pb");

/// One kind of object on the wire, in one form.
pub struct Form {
    /// The object, as an answer has it.
    pub object: Vec<u8>,
    media_type: &'static str,
}

/// A Pod in JSON.
pub fn json() -> Form {
    Form { object: POD_JSON.trim_ascii().to_vec(), media_type: "application/json" }
}

/// A Pod in protobuf.
pub fn protobuf() -> Form {
    Form { object: POD.to_vec(), media_type: "application/vnd.kubernetes.protobuf" }
}

/// A SidecarJob with that Pod as its template, and the Pod's `managedFields`.
pub fn run() -> Form {
    let mut pod: Value = serde_json::from_slice(POD_JSON).expect("JSON");
    pod["spec"]["initContainers"] = json!([pod["spec"]["initContainers"][0]]);
    let run = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": pod["metadata"],
        "spec": {"completions": 1, "sidecars": [{"name": "helper"}], "template": {"spec": pod["spec"]}},
        "status": {"active": 1, "startTime": "2026-01-01T00:00:00Z"}
    });
    Form { object: run.to_string().into_bytes(), media_type: "application/json" }
}

/// A field of a protobuf message that has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

impl Form {
    fn is_json(&self) -> bool {
        self.media_type == "application/json"
    }

    fn list(&self, n: usize) -> Vec<u8> {
        if self.is_json() {
            let all = vec![self.object.as_slice(); n].join(&b","[..]);
            return [b"{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[".as_slice(), &all, b"]}"].concat();
        }
        // What is in the envelope of the Pod is an item of the list.
        let kind = self.object.windows(4).position(|some| some == b"Pod\x12").expect("a kind") + 4;
        let length = prost::encoding::decode_varint(&mut &self.object[kind..]).expect("a length");
        let message = &self.object[kind + prost::encoding::encoded_len_varint(length)..][..length as usize];
        let list = [field(1, &field(2, b"10")), field(2, message).repeat(n)].concat();
        [b"k8s\0".to_vec(), field(1, &field(2, b"PodList")), field(2, &list)].concat()
    }

    fn watch(&self, n: usize) -> Vec<u8> {
        if self.is_json() {
            return [b"{\"type\":\"MODIFIED\",\"object\":".as_slice(), &self.object, b"}\n"].concat().repeat(n);
        }
        let event = [field(1, b"MODIFIED"), field(2, &field(1, &self.object))].concat();
        [(event.len() as u32).to_be_bytes().as_slice(), &event].concat().repeat(n)
    }

    /// An API server with so many objects and events.
    pub fn server(&self, objects: usize, events: usize) -> Server {
        let (list, watch) = (self.list(objects).into(), self.watch(events).into());
        Server { list, watch, media_type: self.media_type, says: objects + events + 2 }
    }
}

/// An API server that answers from memory.
pub struct Server {
    list: Bytes,
    watch: Bytes,
    media_type: &'static str,
    /// How many things a watch says of it all.
    says: usize,
}

impl Server {
    /// Reads all that it has, and keeps nothing.
    pub fn read<T, E: std::fmt::Debug, S: Stream<Item = Result<T, E>>>(self, watch: impl FnOnce(Client) -> S) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let Self { list, watch: events, media_type, says } = self;
            let service = tower::service_fn(move |request: Request<Body>| {
                let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
                let body = Body::from(if is_watch { events.clone() } else { list.clone() });
                let answer = Response::builder().header(CONTENT_TYPE, media_type).body(body).expect("an answer");
                std::future::ready(Ok::<_, Infallible>(answer))
            });
            let told = watch(Client::new(service, "ns")).take(says);
            told.for_each(|event| {
                drop(event.expect("nothing fails"));
                std::future::ready(())
            })
            .await;
        });
    }
}
