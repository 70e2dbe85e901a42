//! Why does a container surely never end by itself? A well-known sidecar by name and image, or a command that says so.

use crate::cli::container::Container;
use crate::cli::endless;
use crate::cli::known::{self, Likeness};

/// A clause for people. `None`: the container may end.
pub fn endless(container: &Container) -> Option<String> {
    let is_sure = endless::endless(container).is_some_and(|endless| endless.is_sure);
    if container.script().is_some() {
        return is_sure.then(|| "its script loops for ever".to_owned());
    }
    if is_sure {
        return Some(format!("{:?} never ends", container.words().join(" ")));
    }
    well_known(container)
        .map(|name| format!("it is the well-known sidecar {name}, which runs until it is told to stop"))
}

/// GKE's webhook replaces a container with this name, and its own one ends by itself.
const REPLACED: &str = "gke-gcsfuse-sidecar";

/// The sidecar that the container matches: by the name that an injector gives and no other container has, by name and image, or,
/// if the sidecar has a recipe, by an image that runs its own command.
fn well_known(container: &Container) -> Option<String> {
    // `istio-proxy`, `daprd`: nobody calls another container so. `nginx` or `envoy` may be somebody's own build.
    let is_telling = container.name.contains('-') || ["daprd", "cloudflared"].contains(&container.name.as_str());
    let is_it = |likeness: &Likeness| match (likeness.by_name, likeness.by_image) {
        (true, by_image) => by_image || is_telling,
        (false, by_image) => by_image && likeness.has_recipe && container.command.is_empty(),
    };
    let mut all = known::likenesses(container).into_iter();
    all.find(is_it)
        .filter(|_| container.name != REPLACED)
        .filter(|_| known::serves(container))
        .map(|likeness| likeness.of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_well_known_sidecar_is_known_by_what_no_other_container_has() {
        let rows = [
            ("name and image", json!({"name": "nginx", "image": "docker.io/library/nginx:1.27"}), true),
            ("a name of an injector, with an image of one's own", json!({"name": "istio-proxy", "image": "x/y"}), true),
            ("a common name, with an image of one's own", json!({"name": "envoy", "image": "x/y"}), false),
            ("the image alone", json!({"name": "p", "image": "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2"}), true),
            ("a port in the image", json!({"name": "p", "image": "reg:5000/istio/proxyv2@sha256:0"}), true),
            (
                "version 1 of cloud_sql_proxy, which has no recipe",
                json!({"name": "cloudsql-proxy", "image": "gcr.io/cloudsql-docker/gce-proxy:1.33", "command": ["/cloud_sql_proxy"]}),
                true,
            ),
            ("a sidecar without a recipe", json!({"name": "promtail", "image": "grafana/promtail:2.9"}), true),
            ("its image alone", json!({"name": "p", "image": "grafana/promtail:2.9"}), false),
            (
                "what GKE's webhook replaces",
                json!({"name": "gke-gcsfuse-sidecar", "image": "gke.gcr.io/gcs-fuse-csi-driver-sidecar-mounter:v1"}),
                false,
            ),
            ("the end of another image", json!({"name": "p", "image": "x/my-nginx"}), false),
            (
                "the image with another command",
                json!({"name": "p", "image": "hashicorp/vault", "command": ["vault", "kv"]}),
                false,
            ),
            (
                "the image with a command that ends",
                json!({"name": "p", "image": "hashicorp/vault", "args": ["kv", "get"]}),
                false,
            ),
            ("Vault's agent", json!({"name": "p", "image": "hashicorp/vault", "args": ["agent", "-config=x"]}), true),
            (
                "Istio's init container",
                json!({"name": "istio-init", "image": "istio/proxyv2", "args": ["istio-iptables"]}),
                false,
            ),
            ("a check of a configuration", json!({"name": "nginx", "image": "nginx", "args": ["-t"]}), false),
            (
                "the name, with a program",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["/proxy", "-i=a:b:c"]}),
                true,
            ),
            (
                "the name, with a script that ends",
                json!({"name": "cloud-sql-proxy", "image": "x", "command": ["sh", "-c", "exit"]}),
                false,
            ),
            ("something else", json!({"name": "work", "image": "busybox"}), false),
        ];
        for (case, container, expected) in rows {
            assert_eq!(endless(&Container::of(&container)).is_some(), expected, "{case}");
        }
    }
}
