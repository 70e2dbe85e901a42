//! Which recipe is for which container?

use serde_json::json;

use super::*;
use crate::api::recipes::built_in;
use crate::engine::observed::{Restart, Slot};
use crate::engine::tests::fixture::{container, job_with};

fn first_way(name: &str, image: &str) -> Option<String> {
    let container = Container { image: image.into(), ..container(name, Slot::Plain, Restart::Never) };
    ways(&container, None, &built_in()).list.first().map(ToString::to_string)
}

#[test]
fn a_well_known_sidecar_is_recognised_by_its_name_or_its_image_in_any_registry() {
    for (name, image, want) in [
        ("istio-proxy", "example.com/own:1", Some("HTTP POST :15020/quitquitquit")),
        ("x", "docker.io/istio/proxyv2:1.28.0", Some("HTTP POST :15020/quitquitquit")),
        ("x", "mirror.corp:5000/gcr/istio/proxyv2@sha256:0123", Some("HTTP POST :15020/quitquitquit")),
        ("x", "cr.l5d.io/linkerd/proxy:edge-26.5.2", Some("HTTP POST :4191/shutdown")),
        ("x", "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.27.0", Some("HTTP POST :9091/quitquitquit")),
        ("vault-agent", "", Some("HTTP POST :8200/agent/v1/quit")),
        ("daprd", "", Some("HTTP POST :3500/v1.0/shutdown")),
        ("x", "nginx:1.29", Some("SIGQUIT")),
        ("x", "nginx", Some("SIGQUIT")),
        ("x", "localhost:5000/nginx", Some("SIGQUIT")),
        ("x", "my-nginx:1", None),
        ("x", "nginx/agent:1", None),
        ("x", "busybox:1.37", None),
        ("x", "", None),
    ] {
        assert_eq!(first_way(name, image).as_deref(), want, "{name} {image}");
    }
}

#[test]
fn what_the_spec_says_comes_before_any_recipe() {
    let sidecars = job_with(json!({"sidecars": [
        {"name": "istio-proxy", "stop": {"http": {"port": 9, "method": "GET", "path": "/bye"}}},
        {"name": "daprd", "stop": {"recipe": "envoy"}},
        {"name": "vault-agent", "stop": {"order": 3}},
        {"name": "linkerd-proxy", "stop": {"recipe": "no such"}}
    ]}))
    .job
    .spec
    .sidecars;
    for (name, want, asked_for) in [
        ("istio-proxy", Some("HTTP GET :9/bye"), true),
        ("daprd", Some("HTTP POST :9901/quitquitquit"), true),
        ("vault-agent", Some("HTTP POST :8200/agent/v1/quit"), false),
        ("linkerd-proxy", None, false),
    ] {
        let container = container(name, Slot::Plain, Restart::Never);
        let found = ways(&container, Sidecar::named(&sidecars, name), &built_in());
        assert_eq!(found.list.first().map(ToString::to_string).as_deref(), want, "{name}");
        assert_eq!(found.asked_for, asked_for, "{name}");
    }
}
