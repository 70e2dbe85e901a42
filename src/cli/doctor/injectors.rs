//! What do well-known webhooks put into a Pod? Data, by the name of the webhook's configuration or service.

use crate::api::injectors;

/// Webhooks that do more or less than adding one container: a part of the name, and what the webhook adds.
const MORE: [(&str, &str); 9] = [
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
pub fn adds<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    let is_it = |known: &str| names.clone().into_iter().any(|name| name.contains(known));
    let injector = injectors::ALL.iter().find(|injector| injector.webhooks.iter().any(|known| is_it(known)));
    let container = injector.and_then(|injector| injector.container).map(|name| format!("the container {name}"));
    container.or_else(|| MORE.iter().find(|(known, _)| is_it(known)).map(|(_, adds)| (*adds).to_owned()))
}

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
            assert_eq!(adds(names).as_deref(), expected, "{names:?}");
        }
    }
}
