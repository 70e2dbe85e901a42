//! Do annotations or labels of the Pod template ask a webhook to add a sidecar?

use crate::cli::convert::work::Work;

/// Annotations and labels: who reads them, the name, and the values that turn the injection on; none: any but those of [`OFF`].
const MARKS: [(&str, &str, &[&str]); 14] = [
    ("Istio", "sidecar.istio.io/inject", &["true"]),
    ("Istio", "istio.io/rev", &[]),
    ("Linkerd", "linkerd.io/inject", &["enabled", "ingress"]),
    ("Vault", "vault.hashicorp.com/agent-inject", &["true"]),
    ("Dapr", "dapr.io/enabled", &["true"]),
    ("Consul", "consul.hashicorp.com/connect-inject", &["true"]),
    ("Kuma", "kuma.io/sidecar-injection", &["enabled", "true"]),
    ("OpenTelemetry", "sidecar.opentelemetry.io/inject", &[]),
    ("App Mesh", "appmesh.k8s.aws/sidecarInjectorWebhook", &["enabled"]),
    ("Open Service Mesh", "openservicemesh.io/sidecar-injection", &["enabled", "true"]),
    ("Datadog", "agent.datadoghq.com/sidecar", &[]),
    ("Conjur", "conjur.org/inject", &["true"]),
    ("Nginx Service Mesh", "injector.nsm.nginx.com/auto-inject", &["true"]),
    ("Gloo", "gloo.solo.io/inject", &["true"]),
];
/// Values that turn an injection off.
const OFF: [&str; 4] = ["false", "disabled", "off", ""];
/// Vault's agent only fills the files before the main container starts, and ends.
const ONLY_BEFORE: (&str, &str) = ("Vault", "vault.hashicorp.com/agent-pre-populate-only");

/// A mark that asks for a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Who injects.
    pub by: &'static str,
    /// The annotation or label.
    pub mark: &'static str,
}

/// The injections that the Pod template asks for.
pub fn asked(work: &Work) -> Vec<Injection> {
    let asks = |(by, mark, on): &&(&'static str, &'static str, &[&str])| {
        let value = work.mark(mark);
        let is_on = value.is_some_and(|value| if on.is_empty() { !OFF.contains(&value) } else { on.contains(&value) });
        let before = *by == ONLY_BEFORE.0 && work.mark(ONLY_BEFORE.1) == Some("true");
        // `istio.io/rev` beside `inject: false` asks for nothing.
        let refused = *by == "Istio" && work.mark("sidecar.istio.io/inject") == Some("false");
        is_on && !before && !refused
    };
    let mut all: Vec<_> = MARKS.iter().filter(asks).map(|(by, mark, _)| Injection { by, mark }).collect();
    all.dedup_by_key(|injection| injection.by);
    all
}
