//! Does a container look like a well-known sidecar, by its name or its image?
//!
//! The recipes of `src/api/recipes.yaml` come first. [`MORE`] has sidecars that need no recipe, because SIGTERM stops them.

use crate::api::recipes;
use crate::cli::container::Container;
use crate::cli::known::server::{Runs, repository, runs};
use crate::cli::shell::program::basename;

mod never_ends;
mod server;

pub use never_ends::never_ends;
pub use server::programs;

/// More well-known sidecars: names of containers, and ends of the paths of images.
const MORE: [(&str, &[&str], &[&str]); 22] = [
    ("cloud_sql_proxy v1", &["cloudsql-proxy", "cloud_sql_proxy", "cloudsql"], &["cloudsql-docker/gce-proxy"]),
    (
        "opentelemetry-collector",
        &["otel-collector", "otel-agent", "otelcol"],
        &["aws-otel-collector", "otel/collector"],
    ),
    ("promtail", &["promtail"], &["grafana/promtail"]),
    ("grafana-agent", &["grafana-agent", "alloy"], &["grafana/agent", "grafana/alloy"]),
    ("vector", &["vector"], &["timberio/vector"]),
    ("logstash", &["logstash"], &["logstash/logstash"]),
    ("metricbeat", &["metricbeat"], &["beats/metricbeat"]),
    ("telegraf", &["telegraf"], &["telegraf"]),
    ("statsd-exporter", &["statsd-exporter", "statsd"], &["prom/statsd-exporter"]),
    ("datadog-agent", &["datadog-agent", "dd-agent"], &[]),
    ("jaeger-agent", &["jaeger-agent"], &["jaegertracing/jaeger-agent"]),
    ("xray-daemon", &["xray-daemon", "xray"], &["aws-xray-daemon", "xray/aws-xray-daemon"]),
    ("cloudwatch-agent", &["cloudwatch-agent", "cwagent"], &["cloudwatch-agent/cloudwatch-agent", "cloudwatch-agent"]),
    ("gcs-fuse", &["gke-gcsfuse-sidecar"], &["gcs-fuse-csi-driver-sidecar-mounter"]),
    (DIND, &["dind", "docker-dind"], &[]),
    ("envoy", &["envoy-proxy", "envoy-sidecar"], &["envoyproxy/envoy-distroless", "envoyproxy/envoy-contrib"]),
    ("fluent-bit", &[], &["bitnami/fluent-bit", "bitnamilegacy/fluent-bit"]),
    ("splunk-otel-collector", &[], &["signalfx/splunk-otel-collector"]),
    ("tailscale", &["tailscale", "ts-sidecar"], &["tailscale/tailscale"]),
    ("kube-rbac-proxy", &["kube-rbac-proxy"], &["kube-rbac-proxy"]),
    ("aws-sigv4-proxy", &["aws-sigv4-proxy", "sigv4-proxy"], &["aws-sigv4-proxy"]),
    ("socat", &["socat"], &["alpine/socat"]),
];
/// The sidecar whose program may end by itself: its configuration may say `exit_after_auth`.
const MAY_END: &str = "vault-agent";
/// The sidecar that is known by the tag of its image.
const DIND: &str = "docker-in-docker";

/// A well-known sidecar that a container looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likeness {
    /// The sidecar.
    pub of: String,
    /// The container has a name of the sidecar.
    pub by_name: bool,
    /// The container has an image of the sidecar.
    pub by_image: bool,
    /// The sidecar has a recipe.
    pub has_recipe: bool,
    /// The container's own script stops the sidecar.
    pub ends: bool,
}

/// The well-known sidecars that the container is, as far as one can tell: it has a name or an image of the sidecar, and what it runs
/// is the server, which serves. A name that no other container has stands for a program that nobody knows.
pub fn sidecars(container: &Container) -> Vec<Likeness> {
    let may_end = container.is_init && container.restart.is_none();
    let seen = |likeness: Likeness| {
        let runs = runs(container, Some(&likeness));
        let is_it = match runs {
            Runs::Server => !(may_end && likeness.of == MAY_END),
            Runs::Stopped => true,
            Runs::Other => false,
            Runs::Unknown => !likeness.by_image && is_telling(&container.name),
        };
        is_it.then_some(Likeness { ends: runs == Runs::Stopped, ..likeness })
    };
    likenesses(container).into_iter().filter_map(seen).collect()
}

/// `istio-proxy`, `daprd`: nobody calls another container so. `nginx` or `envoy` may be somebody's own build.
pub fn is_telling(name: &str) -> bool {
    name.contains('-') || ["daprd", "cloudflared"].contains(&name)
}

/// All well-known sidecars that have the name or the image of the container, those with a recipe first.
fn likenesses(container: &Container) -> Vec<Likeness> {
    let has_name = |all: &[String]| all.contains(&container.name);
    let ends = |all: &[String]| all.iter().any(|end| is_image(&container.image, end));
    let recipes = recipes::built_in();
    let of_recipes = recipes.iter().map(|recipe| Likeness {
        of: recipe.name.clone(),
        by_name: has_name(&recipe.containers),
        by_image: ends(&recipe.images),
        has_recipe: true,
        ends: false,
    });
    let more = MORE.iter().map(|(name, containers, images)| Likeness {
        of: (*name).to_owned(),
        by_name: containers.contains(&container.name.as_str()),
        by_image: images.iter().any(|end| is_image(&container.image, end))
            || *name == DIND && is_dind(&container.image),
        has_recipe: false,
        ends: false,
    });
    of_recipes.chain(more).filter(|likeness| likeness.by_name || likeness.by_image).collect()
}

/// Whether a well-known injector gives this name to its container, or a recipe knows it.
pub fn is_name_of_a_recipe(name: &str) -> bool {
    recipes::built_in().iter().any(|recipe| recipe.containers.iter().any(|known| known == name))
}

/// `docker:27-dind`.
fn is_dind(image: &str) -> bool {
    let repository = repository(image);
    basename(repository) == "docker" && image[repository.len()..].contains("dind")
}

/// Whether the repository of the image ends so, in whatever registry and with whatever tag.
fn is_image(image: &str, end: &str) -> bool {
    repository(image).strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_the_end_of_its_repository() {
        let rows = [
            ("nginx", true),
            ("docker.io/library/nginx:1.27", true),
            ("registry:5000/mine/nginx@sha256:0", true),
            ("registry:5000/nginx:1@sha256:0", true),
            ("my-nginx", false),
            ("nginx/unit", false),
            ("", false),
        ];
        for (image, expected) in rows {
            assert_eq!(is_image(image, "nginx"), expected, "{image}");
        }
    }

    #[test]
    fn a_name_counts_with_an_image_of_the_sidecar_or_if_nobody_else_has_the_name() {
        let rows = [
            ("vector", "timberio/vector", &[][..], true),
            ("vector", "acme/embeddings", &[], false),
            ("nginx", "acme/nginx-migrator", &[], false),
            ("cloudsql", "acme/cloudsql-export", &["--export", "x"], false),
            ("istio-proxy", "mirror/mesh", &["proxy", "sidecar"], true),
            ("istio-proxy", "", &[], true),
            ("filebeat", "elastic/filebeat", &["--once"], false),
        ];
        for (name, image, args, expected) in rows {
            let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
            let container = Container { name: name.into(), image: image.into(), args, ..Container::default() };
            assert_eq!(!sidecars(&container).is_empty(), expected, "{name} {image}");
        }
    }

    #[test]
    fn arguments_say_whether_a_server_serves() {
        let rows = [
            ("hashicorp/vault:1", &[][..], true),
            ("hashicorp/vault:1", &["agent", "-config=x"], true),
            ("hashicorp/vault:1", &["vault", "agent"], true),
            ("hashicorp/vault:1", &["kv", "get"], false),
            ("hashicorp/vault:1", &["vault", "kv", "get"], false),
            ("nginx", &["nginx", "-g", "daemon off;"], true),
            ("nginx", &["-t"], false),
            ("istio/proxyv2", &["istio-iptables"], false),
            ("otel/collector", &["--config=/etc/otel.yaml"], true),
            ("gce-proxy", &["project:region:instance"], true),
        ];
        for (image, args, expected) in rows {
            let args: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
            let container = Container { image: image.into(), args: args.clone(), ..Container::default() };
            assert_eq!(runs(&container, likenesses(&container).first()) == Runs::Server, expected, "{image} {args:?}");
        }
    }
}
