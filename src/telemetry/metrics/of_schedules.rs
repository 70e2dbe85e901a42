//! What do the metrics count of schedules?

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The metrics of schedules.
#[derive(Clone, Debug, Default)]
pub struct OfSchedules {
    syncs: Family<ResultLabels, Counter>,
    missed: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

impl OfSchedules {
    /// Registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let all = Self::default();
        for result in ["success", "error"] {
            drop(all.syncs.get_or_create(&ResultLabels { result }));
        }
        registry.register("schedule_syncs", "Reconciles of a SidecarCronJob, by result", all.syncs.clone());
        registry.register(
            "schedule_times_missed",
            "Scheduled times that passed without a run, of all SidecarCronJobs",
            all.missed.clone(),
        );
        all
    }

    /// A reconcile ended.
    pub fn synced(&self, ok: bool) {
        let result = if ok { "success" } else { "error" };
        self.syncs.get_or_create(&ResultLabels { result }).inc();
    }

    /// So many scheduled times more passed without a run.
    pub fn missed(&self, more: u32) {
        self.missed.inc_by(more.into());
    }
}
