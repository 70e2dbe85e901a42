//! What do the metrics tell of the controller at the moment of a scrape? Does it lead, what does it have in view, and how
//! many Pods do sidecars hold up?

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::api::Kind;
use crate::telemetry::in_view::Draining;

/// Set at each scrape, but for what changes only once.
#[derive(Clone, Debug)]
pub struct State {
    build: Family<VersionLabels, Gauge>,
    leading: Gauge,
    objects: Family<KindLabels, Gauge>,
    per_object: Gauge,
    suppressed: Gauge,
    stopping: Family<KindLabels, Gauge>,
    blocked: Family<KindLabels, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VersionLabels {
    version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

impl State {
    /// Registers the metrics: those of the controller in `ours`, those of Pods in `of_runs`.
    pub fn register(ours: &mut Registry) -> Self {
        let all = Self {
            build: Family::default(),
            leading: Gauge::default(),
            objects: Family::default(),
            per_object: Gauge::default(),
            suppressed: Gauge::default(),
            stopping: Family::default(),
            blocked: Family::default(),
        };
        all.build.get_or_create(&VersionLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        ours.register("build_info", "The version of the controller; always 1", all.build.clone());
        ours.register("leading", "1 while this process works; 0 while another one has the Lease", all.leading.clone());
        ours.register("objects", "Objects that the controller has in view, by kind", all.objects.clone());
        ours.register(
            "per_object_metrics",
            "1 if the scrape has the series of each SidecarJob and SidecarCronJob",
            all.per_object.clone(),
        );
        ours.register(
            "per_object_metrics_suppressed",
            "1 if --per-object-metrics=auto left out the series of each object, because there are too many objects",
            all.suppressed.clone(),
        );
        all
    }

    /// Registers the metrics about Pods.
    pub fn register_pods(&self, of_runs: &mut Registry) {
        of_runs.register(
            "pods_stopping",
            "Pods whose main containers are done and whose sidecars still run",
            self.stopping.clone(),
        );
        of_runs.register(
            "pods_blocked",
            "Pods whose main containers are done and whose sidecars still run although their time is over",
            self.blocked.clone(),
        );
    }

    /// The process works from now on.
    pub fn leads(&self) {
        self.leading.set(1);
    }

    /// What is in view now.
    pub fn in_view(&self, objects: &[(&'static str, usize)], draining: &[Draining]) {
        for (kind, count) in objects {
            self.objects.get_or_create(&KindLabels { kind }).set(number(*count));
        }
        for kind in Kind::ALL {
            let of_kind = || draining.iter().filter(|pod| pod.kind == kind);
            let label = KindLabels { kind: kind.name() };
            self.stopping.get_or_create(&label).set(number(of_kind().count()));
            self.blocked.get_or_create(&label).set(number(of_kind().filter(|pod| pod.blocked).count()));
        }
    }

    /// Whether this scrape has the series of each object, and whether there are too many.
    pub fn per_object(&self, on: bool, suppressed: bool) {
        self.per_object.set(on.into());
        self.suppressed.set(suppressed.into());
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
