//! By which annotations and labels do well-known injectors add their sidecar, and which make the sidecar native?
//!
//! The words belong to the injectors. `recipes.yaml` says how their sidecars stop.

/// A webhook that adds a sidecar.
#[derive(Debug)]
pub struct Injector {
    /// Its name, for people.
    pub who: &'static str,
    /// The annotations and labels that ask for the sidecar, the strongest first: if one says no, those behind it do not count.
    pub marks: &'static [Mark],
    /// The name of the container; `None`: it differs, or is not known.
    pub container: Option<&'static str>,
    /// Annotations of a Pod, with their values, that make the sidecar native, or let it end by itself.
    pub native: &'static [(&'static str, &'static str)],
    /// When the container is a native sidecar without them: a clause. `None`: not known.
    pub unless: Option<&'static str>,
    /// The annotation of a Pod, with its value, that lets a program ask the sidecar to end; `None`: there is none, or any may ask.
    pub quit: Option<(&'static str, &'static str)>,
    /// Parts of the names that its webhook, its configuration or its service has.
    pub webhooks: &'static [&'static str],
}

/// An annotation or label that asks for a sidecar.
#[derive(Debug)]
pub struct Mark {
    /// The annotation or label.
    pub key: &'static str,
    /// The values with which it asks; none: any but those of [`OFF`], because the value names a revision or a mode.
    pub on: &'static [&'static str],
    /// Where the injector reads it.
    pub read_from: ReadFrom,
}

/// Where an injector reads a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// From the Pod.
    Pod,
    /// From the namespace.
    Namespace,
    /// From both.
    Both,
}

/// Values that turn an injection off.
const OFF: [&str; 4] = ["false", "disabled", "off", ""];

impl Mark {
    /// Whether this value asks for the sidecar.
    pub fn asks(&self, value: &str) -> bool {
        if self.on.is_empty() { !OFF.contains(&value) } else { self.on.contains(&value) }
    }
}

impl Injector {
    /// The mark by which a Pod asks for the sidecar. `of_pod`: the Pod's annotations and labels.
    pub fn asked(&self, of_pod: &[(&str, &str)]) -> Option<&'static Mark> {
        for mark in self.marks.iter().filter(|mark| mark.read_from != ReadFrom::Namespace) {
            let mut values = of_pod.iter().filter(|(key, _)| *key == mark.key).map(|(_, value)| *value);
            if values.clone().any(|value| mark.asks(value)) {
                return Some(mark);
            }
            if values.any(|value| OFF.contains(&value)) {
                return None;
            }
        }
        None
    }

    /// Whether a Pod with these annotations and labels gets a sidecar that keeps no Pod running.
    pub fn is_native(&self, of_pod: &[(&str, &str)]) -> bool {
        self.native.iter().any(|native| of_pod.contains(native))
    }
}

const fn pod(key: &'static str, on: &'static [&'static str]) -> Mark {
    Mark { key, on, read_from: ReadFrom::Pod }
}

const fn namespace(key: &'static str, on: &'static [&'static str]) -> Mark {
    Mark { key, on, read_from: ReadFrom::Namespace }
}

const fn both(key: &'static str, on: &'static [&'static str]) -> Mark {
    Mark { key, on, read_from: ReadFrom::Both }
}

/// All injectors that are known.
pub const ALL: &[Injector] = &[
    Injector {
        who: "Istio",
        marks: &[
            pod("sidecar.istio.io/inject", &["true"]),
            both("istio.io/rev", &[]),
            namespace("istio-injection", &["enabled"]),
        ],
        container: Some("istio-proxy"),
        native: &[("sidecar.istio.io/nativeSidecar", "true")],
        unless: Some("unless Istio is 1.28 or newer with all nodes on Kubernetes 1.33 or newer"),
        quit: None,
        webhooks: &["istio-sidecar-injector", "istio-revision-tag"],
    },
    Injector {
        who: "Linkerd",
        marks: &[both("linkerd.io/inject", &["enabled", "ingress"])],
        container: Some("linkerd-proxy"),
        native: &[
            ("config.alpha.linkerd.io/proxy-enable-native-sidecar", "true"),
            ("config.beta.linkerd.io/proxy-enable-native-sidecar", "true"),
        ],
        unless: Some("unless Linkerd is edge-26.5.2 or newer, or told to add native sidecars"),
        quit: None,
        webhooks: &["linkerd-proxy-injector"],
    },
    Injector {
        who: "Vault",
        marks: &[pod("vault.hashicorp.com/agent-inject", &["true"])],
        container: Some("vault-agent"),
        native: &[("vault.hashicorp.com/agent-pre-populate-only", "true")],
        unless: Some("since it is a plain container"),
        quit: Some(("vault.hashicorp.com/agent-enable-quit", "true")),
        webhooks: &["vault-agent-injector"],
    },
    Injector {
        who: "Dapr",
        marks: &[pod("dapr.io/enabled", &["true"])],
        container: Some("daprd"),
        native: &[("dapr.io/enable-native-sidecar", "true")],
        unless: Some("since it is a plain container"),
        quit: None,
        webhooks: &["dapr-sidecar-injector"],
    },
    Injector {
        who: "Consul",
        marks: &[both("consul.hashicorp.com/connect-inject", &["true"])],
        container: Some("consul-dataplane"),
        native: &[],
        unless: Some("unless Consul is told to add native sidecars"),
        quit: None,
        webhooks: &["consul-connect-inject"],
    },
    Injector {
        who: "Kuma",
        marks: &[both("kuma.io/sidecar-injection", &["enabled", "true"])],
        container: Some("kuma-sidecar"),
        native: &[],
        unless: None,
        quit: None,
        webhooks: &["kuma-admission", "kong-mesh-admission"],
    },
    Injector {
        who: "OpenTelemetry",
        marks: &[pod("sidecar.opentelemetry.io/inject", &[])],
        container: Some("otc-container"),
        native: &[],
        unless: None,
        quit: None,
        webhooks: &["opentelemetry-operator"],
    },
    Injector {
        who: "App Mesh",
        marks: &[both("appmesh.k8s.aws/sidecarInjectorWebhook", &["enabled"])],
        container: Some("envoy"),
        native: &[],
        unless: None,
        quit: None,
        webhooks: &["appmesh"],
    },
    Injector {
        who: "Open Service Mesh",
        marks: &[pod("openservicemesh.io/sidecar-injection", &["enabled", "true"])],
        container: None,
        native: &[],
        unless: None,
        quit: None,
        webhooks: &[],
    },
    Injector {
        who: "Datadog",
        marks: &[pod("agent.datadoghq.com/sidecar", &[])],
        container: Some("datadog-agent-injected"),
        native: &[],
        unless: None,
        quit: None,
        webhooks: &[],
    },
    Injector {
        who: "Conjur",
        marks: &[pod("conjur.org/inject", &["true"])],
        container: None,
        native: &[],
        unless: None,
        quit: None,
        webhooks: &[],
    },
    Injector {
        who: "Nginx Service Mesh",
        marks: &[pod("injector.nsm.nginx.com/auto-inject", &["true"])],
        container: None,
        native: &[],
        unless: None,
        quit: None,
        webhooks: &[],
    },
    Injector {
        who: "Gloo",
        marks: &[pod("gloo.solo.io/inject", &["true"])],
        container: None,
        native: &[],
        unless: None,
        quit: None,
        webhooks: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_asks_by_the_value_of_a_mark_and_the_strongest_mark_decides() {
        let inject = "sidecar.istio.io/inject";
        let rows = [
            ("asked for", &[(inject, "true")][..], Some(inject)),
            ("refused", &[(inject, "false")], None),
            ("a revision", &[("istio.io/rev", "canary")], Some("istio.io/rev")),
            ("a revision, and refused", &[("istio.io/rev", "canary"), (inject, "false")], None),
            ("a revision, and asked for", &[("istio.io/rev", "canary"), (inject, "true")], Some(inject)),
            ("a mark of the namespace", &[("istio-injection", "enabled")], None),
            (
                "any value but those for off",
                &[("sidecar.opentelemetry.io/inject", "otel/mine")],
                Some("sidecar.opentelemetry.io/inject"),
            ),
            ("a value for off", &[("sidecar.opentelemetry.io/inject", "false")], None),
        ];
        for (case, of_pod, expected) in rows {
            let asked = ALL.iter().find_map(|injector| injector.asked(of_pod));
            assert_eq!(asked.map(|mark| mark.key), expected, "{case}");
        }
    }

    #[test]
    fn each_mark_stands_here_once() {
        let mut keys: Vec<_> = ALL.iter().flat_map(|injector| injector.marks).map(|mark| mark.key).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
