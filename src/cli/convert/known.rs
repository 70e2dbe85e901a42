//! Does a container look like a well-known sidecar, and how sure is that?
//!
//! The recipes of `src/api/recipes.yaml` come first. [`MORE`] has sidecars that need no recipe, because SIGTERM stops them.

use std::fmt;

use crate::api::recipes;
use crate::cli::convert::work::Container;

/// How sure a role is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One sign says so: the name, the image or the command.
    Likely,
    /// Name and image say so.
    Sure,
    /// The user or the object says so.
    Given,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Likely => "likely",
            Self::Sure => "sure",
            Self::Given => "given",
        })
    }
}

/// More well-known sidecars: names of containers, and ends of the paths of images.
const MORE: [(&str, &[&str], &[&str]); 17] = [
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
    ("docker-in-docker", &["dind", "docker-dind"], &[]),
    ("envoy", &["envoy-proxy", "envoy-sidecar"], &[]),
    ("socat", &["socat"], &["alpine/socat"]),
];

/// A sidecar that the container looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// How sure.
    pub confidence: Confidence,
    /// A piece of a sentence: `name and image are those of istio`.
    pub why: String,
}

/// The best sign that a container is a sidecar.
pub fn sign(container: &Container) -> Option<Sign> {
    let recipes = recipes::built_in();
    let of_recipes = recipes.iter().map(|r| (r.name.as_str(), texts(&r.containers), texts(&r.images)));
    let more = MORE.iter().map(|(name, containers, images)| (*name, containers.to_vec(), images.to_vec()));
    let known = of_recipes.chain(more).filter_map(|(of, names, images)| {
        let named = names.contains(&container.name.as_str());
        let imaged = images.iter().any(|end| is_image(&container.image, end));
        let (confidence, what) = match (named, imaged) {
            (true, true) => (Confidence::Sure, "name and image are those"),
            (true, false) => (Confidence::Likely, "the name is that"),
            (false, true) => (Confidence::Likely, "the image is that"),
            (false, false) => return None,
        };
        Some(Sign { confidence, why: format!("{what} of {of}") })
    });
    let known: Vec<_> = known.collect();
    let sure = known.iter().position(|sign| sign.confidence == Confidence::Sure).unwrap_or(0);
    let always = (container.restart.as_deref() == Some("Always"))
        .then(|| Sign { confidence: Confidence::Sure, why: "its restartPolicy is Always".into() });
    always.or_else(|| known.into_iter().nth(sure)).or_else(|| endless(container))
}

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Whether the repository of the image ends so, in whatever registry and with whatever tag.
fn is_image(image: &str, end: &str) -> bool {
    let path = image.split('@').next().unwrap_or_default();
    let name = path.rfind('/').map_or(0, |at| at + 1);
    let path = path[name..].find(':').map_or(path, |at| &path[..name + at]);
    path == end || path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

/// A command that never ends by itself.
fn endless(container: &Container) -> Option<Sign> {
    const PIECES: [&str; 9] = [
        "tail -f",
        "tail -F",
        "tail -n0 -f",
        "tail -n+1 -F",
        "tail -n+1 -f",
        "while true",
        "while :",
        "sleep infinity",
        "sleep inf",
    ];
    let command = container.words.join(" ");
    let piece = PIECES.iter().find(|piece| command.contains(**piece))?;
    // A loop that is left when the work is done is no endless one.
    let leaves = piece.starts_with("while") && ["break", "exit"].iter().any(|word| command.contains(word));
    (!leaves || command.contains("trap"))
        .then(|| Sign { confidence: Confidence::Likely, why: format!("its command has {piece:?}, which never ends") })
}
