//! What do the metrics tell of Pods? How long main containers ran, who stopped sidecars, and how long the stop took.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::api::Kind;
use crate::api::history::StopMethod;

/// Seconds. Runs take from a second to a day.
const MAIN: [f64; 13] = [1., 5., 15., 30., 60., 120., 300., 900., 1_800., 3_600., 10_800., 21_600., 86_400.];
/// Seconds. Kubernetes has whole seconds, and most grace periods are shorter than ten minutes.
const STOP: [f64; 10] = [1., 2., 5., 10., 15., 30., 60., 120., 300., 600.];

/// Values of the label `method` beside the words of `StopMethod`.
pub const NO_METHOD: [&str; 2] = ["Unknown", "None"];
/// Values of the label `result` of a sidecar.
pub const STOP_RESULTS: [&str; 3] = ["succeeded", "failed", "killed"];

/// Each Pod adds to these once, when its result is stored.
#[derive(Clone, Debug)]
pub struct OfPods {
    main_seconds: Family<MainLabels, Histogram>,
    stop_seconds: Family<MethodLabels, Histogram>,
    stops: Family<StopLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MainLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    kind: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StopLabels {
    kind: &'static str,
    method: &'static str,
    result: &'static str,
}

impl OfPods {
    /// Registers the metrics. Counters that begin with 0 show the first increase too.
    pub fn register(registry: &mut Registry) -> Self {
        let all = Self {
            main_seconds: Family::new_with_constructor(|| Histogram::new(MAIN)),
            stop_seconds: Family::new_with_constructor(|| Histogram::new(STOP)),
            stops: Family::default(),
        };
        for kind in Kind::ALL.map(Kind::name) {
            for result in ["succeeded", "failed"] {
                drop(all.main_seconds.get_or_create(&MainLabels { kind, result }));
            }
            for method in StopMethod::ALL.map(StopMethod::word).into_iter().chain(NO_METHOD) {
                for result in STOP_RESULTS {
                    drop(all.stops.get_or_create(&StopLabels { kind, method, result }));
                }
            }
        }
        registry.register(
            "main_duration_seconds",
            "Time from the start to the end of the main containers of a Pod",
            all.main_seconds.clone(),
        );
        registry.register(
            "sidecar_stop_duration_seconds",
            "Time from the end of the main containers of a Pod to the end of its last sidecar, by how that sidecar was stopped",
            all.stop_seconds.clone(),
        );
        registry.register(
            "sidecar_stops",
            "Sidecars that ended after the main containers, by how they were stopped and how they ended",
            all.stops.clone(),
        );
        all
    }

    /// The main containers of a Pod are done.
    pub fn main_done(&self, kind: Kind, success: bool, seconds: f64) {
        let result = if success { "succeeded" } else { "failed" };
        self.main_seconds.get_or_create(&MainLabels { kind: kind.name(), result }).observe(seconds);
    }

    /// A sidecar ended after the main containers.
    pub fn sidecar_stopped(&self, kind: Kind, method: &'static str, result: &'static str) {
        self.stops.get_or_create(&StopLabels { kind: kind.name(), method, result }).inc();
    }

    /// The last sidecar of a Pod ended after the main containers.
    pub fn sidecars_done(&self, kind: Kind, method: &'static str, seconds: f64) {
        self.stop_seconds.get_or_create(&MethodLabels { kind: kind.name(), method }).observe(seconds);
    }
}
