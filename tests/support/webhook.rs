//! Injecting webhooks for a test: the program `tests/webhook` in a Pod of the test's namespace, called by the API server
//! over TLS for Pods of that namespace alone.
//!
//! ```ignore
//! let hooks = Webhooks::start(&w).await;
//! hooks.register(&[Call::once("/plain/proxy"), Call::again("/strip")]).await;
//! ```
//!
//! Needs `SIDECARJOB_WEBHOOK_IMAGE`, an image of that program which the cluster has or can pull; `make test` sees to it.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};

use super::{World, eventually, kubectl};

/// One webhook: what it does, and whether it is called once more when the Pod was changed after it.
pub struct Call {
    does: String,
    reinvocation: &'static str,
}

impl Call {
    /// `reinvocationPolicy: Never`, the default of webhooks. For what it may do see `tests/webhook/program.rs`.
    pub fn once(does: &str) -> Self {
        Self { does: does.into(), reinvocation: "Never" }
    }

    /// `reinvocationPolicy: IfNeeded`.
    pub fn again(does: &str) -> Self {
        Self { does: does.into(), reinvocation: "IfNeeded" }
    }
}

/// The running program and what is registered with it, removed when dropped.
pub struct Webhooks {
    namespace: String,
    ca: String,
}

impl Webhooks {
    /// Starts the program and waits until it listens. Nothing is registered yet.
    pub async fn start(w: &World) -> Self {
        let image = std::env::var("SIDECARJOB_WEBHOOK_IMAGE").expect(
            "SIDECARJOB_WEBHOOK_IMAGE names an image of tests/webhook that the cluster can pull: run make test",
        );
        let (ca, certificate, key) = certificates(&format!("webhook.{}.svc", w.namespace));
        w.kubectl_ok(&["apply", "-f", "-"], &objects(&image, &certificate, &key).to_string());
        w.kubectl_ok(&["wait", "pod/webhook", "--for=condition=Ready", "--timeout=120s"], "");
        Self { namespace: w.namespace.clone(), ca }
    }

    /// Registers these, to be called in this order, in place of what was registered before; waits until they are.
    pub async fn register(&self, w: &World, calls: &[Call]) {
        w.kubectl_ok(&["apply", "-f", "-"], &self.configuration(calls).to_string());
        let wanted: Vec<_> = calls.iter().map(|c| c.does.trim_start_matches('/').replace('/', ".")).collect();
        eventually("the webhooks are called", || async {
            let probe = ["run", "probe", "--image=busybox:1.37", "--dry-run=server", "-o", "json"];
            let pod: Value = serde_json::from_slice(&w.kubectl(&probe, "").stdout).ok()?;
            let seen = pod["metadata"]["annotations"].as_object()?;
            wanted.iter().all(|does| seen.contains_key(does)).then_some(())
        })
        .await;
    }

    fn configuration(&self, calls: &[Call]) -> Value {
        use base64::Engine;
        let ca = base64::engine::general_purpose::STANDARD.encode(&self.ca);
        let webhooks: Vec<_> = calls
            .iter()
            .enumerate()
            .map(|(n, call)| {
                json!({
                    "name": format!("n{n}.test.sidecarjob.dev"),
                    "clientConfig": {
                        "service": {"name": "webhook", "namespace": self.namespace, "port": 8443, "path": call.does},
                        "caBundle": ca
                    },
                    "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                    "objectSelector": {"matchExpressions": [{"key": "webhook", "operator": "DoesNotExist"}]},
                    "reinvocationPolicy": call.reinvocation, "failurePolicy": "Fail", "timeoutSeconds": 10,
                    "sideEffects": "None", "admissionReviewVersions": ["v1"]
                })
            })
            .collect();
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": self.namespace}, "webhooks": webhooks
        })
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        kubectl(
            &self.namespace,
            &["delete", "--ignore-not-found", "mutatingwebhookconfiguration", &self.namespace],
            "",
        );
    }
}

/// The program's Pod and its Service. The label keeps webhooks away from the Pod itself.
fn objects(image: &str, certificate: &str, key: &str) -> Value {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "webhook", "labels": {"webhook": "itself"}},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [{
                "name": "webhook", "image": image, "imagePullPolicy": "IfNotPresent",
                "env": [{"name": "TLS_CERT", "value": certificate}, {"name": "TLS_KEY", "value": key}],
                "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1}
            }]
        }
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "webhook"},
        "spec": {"selector": {"webhook": "itself"}, "ports": [{"port": 8443}]}
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [pod, service]})
}

/// An authority made for this once, and a certificate and key for that name, as PEM.
fn certificates(name: &str) -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![name.to_string()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    (authority.pem(), certificate.pem(), key.serialize_pem())
}
