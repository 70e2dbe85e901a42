//! What do well-known webhooks put into a Pod? Data, by the name of the webhook's configuration or service.

/// A part of the name, and what the webhook adds.
const KNOWN: [(&str, &str); 19] = [
    ("istio-sidecar-injector", "the container istio-proxy"),
    ("istio-revision-tag", "the container istio-proxy"),
    ("linkerd-proxy-injector", "the container linkerd-proxy"),
    ("vault-agent-injector", "the container vault-agent"),
    ("dapr-sidecar-injector", "the container daprd"),
    ("consul-connect-inject", "the container consul-dataplane"),
    ("kuma-admission", "the container kuma-sidecar"),
    ("kong-mesh-admission", "the container kuma-sidecar"),
    ("appmesh", "the container envoy"),
    ("opentelemetry-operator", "the container otc-container"),
    ("datadog", "the container datadog-agent-injected, or environment variables"),
    ("cloud-sql-proxy-operator", "a container of cloud-sql-proxy"),
    ("gke-gcsfuse", "the container gke-gcsfuse-sidecar"),
    ("azure-wi-webhook", "environment variables and a volume; on request the container azwi-proxy"),
    ("pod-identity-webhook", "environment variables and a volume, no container"),
    ("dynatrace", "an init container"),
    ("kyverno", "what its policies say"),
    ("gatekeeper-mutating", "what its mutations say"),
    ("kueue-mutating", "a scheduling gate, no container"),
];

/// What the webhook adds, if it is well known. `names` are those of its configuration, its service and itself.
pub fn adds<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| names.clone().into_iter().any(|name| name.contains(known))).map(|(_, adds)| *adds)
}

/// Labels and annotations by which a namespace asks for sidecars: the key, its value (`*`: any), and what this asks for.
pub const NAMESPACE_MARKS: [(&str, &str, &str); 8] = [
    ("istio-injection", "enabled", "istio-proxy"),
    ("istio.io/rev", "*", "istio-proxy"),
    ("linkerd.io/inject", "enabled", "linkerd-proxy"),
    ("linkerd.io/inject", "ingress", "linkerd-proxy"),
    ("kuma.io/sidecar-injection", "enabled", "kuma-sidecar"),
    ("kuma.io/sidecar-injection", "true", "kuma-sidecar"),
    ("appmesh.k8s.aws/sidecarInjectorWebhook", "enabled", "envoy"),
    ("consul.hashicorp.com/connect-inject", "true", "consul-dataplane"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_known_by_the_name_of_its_configuration_or_service() {
        for (names, expected) in [
            (["istio-sidecar-injector-1-20", "istiod"], Some("the container istio-proxy")),
            (["linkerd-proxy-injector-webhook-config", ""], Some("the container linkerd-proxy")),
            (["inject", "vault-agent-injector-svc"], Some("the container vault-agent")),
            (["pod-identity-webhook", ""], Some("environment variables and a volume, no container")),
            (["cert-manager-webhook", ""], None),
        ] {
            assert_eq!(adds(names), expected, "{names:?}");
        }
    }
}
