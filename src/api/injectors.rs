//! By which annotation or label of a Pod do well-known injectors add their sidecar, and which makes the sidecar native?
//!
//! The words belong to the injectors. `recipes.yaml` says how their sidecars stop.

/// A webhook that adds a sidecar.
#[derive(Debug)]
pub struct Injector {
    /// Its name, for people.
    pub who: &'static str,
    /// The annotation or label that asks for the sidecar.
    pub key: &'static str,
    /// The values with which it asks.
    pub on: &'static [&'static str],
    /// The name of the container.
    pub container: &'static str,
    /// Annotations, with their values, that make the sidecar native, or let it end by itself.
    pub native: &'static [(&'static str, &'static str)],
    /// When the container is a native sidecar without them: a clause.
    pub unless: &'static str,
}

/// All injectors that are known.
pub const ALL: &[Injector] = &[
    Injector {
        who: "Istio",
        key: "sidecar.istio.io/inject",
        on: &["true"],
        container: "istio-proxy",
        native: &[("sidecar.istio.io/nativeSidecar", "true")],
        unless: "unless Istio is 1.28 or newer with all nodes on Kubernetes 1.33 or newer",
    },
    Injector {
        who: "Linkerd",
        key: "linkerd.io/inject",
        on: &["enabled", "ingress"],
        container: "linkerd-proxy",
        native: &[
            ("config.alpha.linkerd.io/proxy-enable-native-sidecar", "true"),
            ("config.beta.linkerd.io/proxy-enable-native-sidecar", "true"),
        ],
        unless: "unless Linkerd is edge-26.5.2 or newer, or told to add native sidecars",
    },
    Injector {
        who: "Vault",
        key: "vault.hashicorp.com/agent-inject",
        on: &["true"],
        container: "vault-agent",
        native: &[("vault.hashicorp.com/agent-pre-populate-only", "true")],
        unless: "since it is a plain container",
    },
    Injector {
        who: "Dapr",
        key: "dapr.io/enabled",
        on: &["true"],
        container: "daprd",
        native: &[("dapr.io/enable-native-sidecar", "true")],
        unless: "since it is a plain container",
    },
    Injector {
        who: "Consul",
        key: "consul.hashicorp.com/connect-inject",
        on: &["true"],
        container: "consul-dataplane",
        native: &[],
        unless: "unless Consul is told to add native sidecars",
    },
];
