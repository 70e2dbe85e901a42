//! What is counted? Syncs, Pods and finished SidecarJobs, in the words of the built-in Job controller's metrics.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::api::SidecarJob;
use crate::api::conditions::types;

/// All of them; clones share the counts.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    syncs: Family<SyncLabels, Counter>,
    sync_seconds: Histogram,
    pods_created: Family<ResultLabels, Counter>,
    pods_finished: Family<ResultLabels, Counter>,
    jobs_finished: Family<FinishedLabels, Counter>,
    status_writes: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SyncLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FinishedLabels {
    result: &'static str,
    reason: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("sidecarjob_controller");
        let syncs = Family::default();
        registry.register("syncs", "Reconciles, by result: ok, or the stage that failed", syncs.clone());
        let sync_seconds = Histogram::new(exponential_buckets(0.001, 2.0, 15));
        registry.register("sync_duration_seconds", "Duration of a reconcile", sync_seconds.clone());
        let pods_created = Family::default();
        registry.register("pods_creation", "Pods created, by result: succeeded or failed", pods_created.clone());
        let pods_finished = Family::default();
        registry.register(
            "pods_finished",
            "Pods counted, by the result of their main containers",
            pods_finished.clone(),
        );
        let jobs_finished = Family::default();
        registry.register("jobs_finished", "SidecarJobs finished, by result and reason", jobs_finished.clone());
        let status_writes = Counter::default();
        registry.register("status_writes", "Writes of a SidecarJob's status", status_writes.clone());
        let registry = Arc::new(registry);
        Self { registry, syncs, sync_seconds, pods_created, pods_finished, jobs_finished, status_writes }
    }
}

impl Metrics {
    /// In the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut buffer = String::new();
        match text::encode(&mut buffer, &self.registry) {
            Ok(()) => buffer,
            Err(error) => format!("# failed to write the metrics: {error}\n# EOF\n"),
        }
    }

    /// A reconcile ended.
    pub fn synced(&self, result: &'static str, took: Duration) {
        self.syncs.get_or_create(&SyncLabels { result }).inc();
        self.sync_seconds.observe(took.as_secs_f64());
    }

    /// A Pod was created, or was to be.
    pub fn pod_created(&self, taken: bool) {
        let result = if taken { "succeeded" } else { "failed" };
        self.pods_created.get_or_create(&ResultLabels { result }).inc();
    }

    /// A status was stored: what it says that the one before did not.
    pub fn status_written(&self, before: &SidecarJob, after: &SidecarJob) {
        self.status_writes.inc();
        let count = |job: &SidecarJob, failed: bool| {
            let status = job.status.as_ref();
            u64::try_from(status.and_then(|s| if failed { s.failed } else { s.succeeded }).unwrap_or(0)).unwrap_or(0)
        };
        for (failed, result) in [(false, "succeeded"), (true, "failed")] {
            let more = count(after, failed).saturating_sub(count(before, failed));
            if more > 0 {
                self.pods_finished.get_or_create(&ResultLabels { result }).inc_by(more);
            }
        }
        if let (None, Some((result, reason))) = (end(before), end(after)) {
            self.jobs_finished.get_or_create(&FinishedLabels { result, reason }).inc();
        }
    }
}

/// Result and reason of a finished job.
fn end(job: &SidecarJob) -> Option<(&'static str, String)> {
    let conditions = job.status.as_ref()?.conditions.iter().filter(|c| c.status == "True");
    conditions.into_iter().find_map(|c| match c.type_.as_str() {
        types::COMPLETE => Some(("succeeded", c.reason.clone())),
        types::FAILED => Some(("failed", c.reason.clone())),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
