//! A small mutating admission webhook for the tests: what an injector does to a Pod, and what an old one does.
//!
//! What it does is in the path by which it is called:
//!
//! | path | what happens to the Pod |
//! |---|---|
//! | `/plain/NAME` | a plain container is added at the end, unless the Pod has one of that name, moved or not |
//! | `/plain-first/NAME` | the same, at the front |
//! | `/blind/NAME` | a plain container is added, unless `spec.containers` has one: it does not look at init containers |
//! | `/native/NAME` | a native sidecar is added before the init containers |
//! | `/strip` | `restartPolicy` is taken from each init container, as webhooks do that know only an old Pod API |
//!
//! A Pod named `probe` only gets an annotation with the path: so it is found out that a registration is in force. Listens
//! with TLS on port 8443; certificate and key are in `TLS_CERT` and `TLS_KEY` (PEM). `tests/support/webhook.rs` runs it.

use std::sync::Arc;

use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// What an injected container runs: never ends by itself, drains when it is told to stop.
const SCRIPT: &str = "trap 'echo drained; exit 0' TERM; while :; do sleep 0.1; done";

#[tokio::main]
async fn main() {
    let router = Router::new().route("/{*does}", post(review));
    let listener = Tls { tcp: TcpListener::bind("0.0.0.0:8443").await.expect("port 8443 is free"), tls: acceptor() };
    axum::serve(listener, router).await.expect("serves until it is killed");
}

async fn review(Path(does): Path<String>, Json(review): Json<Value>) -> Json<Value> {
    let patch = serde_json::to_vec(&patch(&does, &review["request"]["object"])).expect("JSON");
    Json(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"], "allowed": true, "patchType": "JSONPatch", "patch": STANDARD.encode(patch)
        }
    }))
}

/// The JSON patch for the Pod.
fn patch(does: &str, pod: &Value) -> Value {
    if pod["metadata"]["name"] == "probe" {
        return mark(does, pod);
    }
    let (what, name) = does.split_once('/').unwrap_or((does, ""));
    let has = |list: &str| pod["spec"][list].as_array().is_some_and(|l| l.iter().any(|c| c["name"] == name));
    let container = json!({"name": name, "image": "busybox:1.37", "command": ["sh", "-c", SCRIPT]});
    match what {
        "plain" | "plain-first" | "native" if has("containers") || has("initContainers") => json!([]),
        "blind" if has("containers") => json!([]),
        "plain" | "blind" => json!([{"op": "add", "path": "/spec/containers/-", "value": container}]),
        "plain-first" => json!([{"op": "add", "path": "/spec/containers/0", "value": container}]),
        "native" => native(container, pod),
        "strip" => strip(pod),
        other => panic!("no such path: {other}"),
    }
}

fn mark(does: &str, pod: &Value) -> Value {
    let key = does.replace('/', ".");
    match pod["metadata"]["annotations"].is_object() {
        true => json!([{"op": "add", "path": format!("/metadata/annotations/{key}"), "value": ""}]),
        false => json!([{"op": "add", "path": "/metadata/annotations", "value": {key: ""}}]),
    }
}

fn native(mut container: Value, pod: &Value) -> Value {
    container["restartPolicy"] = json!("Always");
    match pod["spec"]["initContainers"].is_array() {
        true => json!([{"op": "add", "path": "/spec/initContainers/0", "value": container}]),
        false => json!([{"op": "add", "path": "/spec/initContainers", "value": [container]}]),
    }
}

fn strip(pod: &Value) -> Value {
    let inits = pod["spec"]["initContainers"].as_array().into_iter().flatten().enumerate();
    inits
        .filter(|(_, c)| c.get("restartPolicy").is_some())
        .map(|(i, _)| json!({"op": "remove", "path": format!("/spec/initContainers/{i}/restartPolicy")}))
        .collect()
}

/// Connections over TLS; one that does not get that far is dropped.
struct Tls {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

fn acceptor() -> TlsAcceptor {
    let pem = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} has no PEM"));
    let certificate = CertificateDer::from_pem_slice(pem("TLS_CERT").as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(pem("TLS_KEY").as_bytes()).expect("a key");
    let config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).expect("they fit");
    TlsAcceptor::from(Arc::new(config))
}
