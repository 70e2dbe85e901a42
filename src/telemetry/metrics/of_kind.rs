//! What do the metrics count of the runs of one kind? What the built-in Job controller counts, with its names and labels.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::Counted;

/// The metrics of one kind.
#[derive(Clone, Debug)]
pub struct PerKind {
    syncs: Family<SyncLabels, Counter>,
    sync_seconds: Family<SyncLabels, Histogram>,
    pods_created: Family<CreationLabels, Counter>,
    pods_finished: Family<ModeLabels, Counter>,
    jobs_finished: Family<FinishedLabels, Counter>,
    indexes_finished: Family<IndexLabels, Counter>,
    failures_handled: Family<ActionLabels, Counter>,
    status_writes: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SyncLabels {
    completion_mode: &'static str,
    action: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CreationLabels {
    reason: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModeLabels {
    completion_mode: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FinishedLabels {
    completion_mode: &'static str,
    result: &'static str,
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(non_snake_case, reason = "upstream's label")]
struct IndexLabels {
    status: &'static str,
    backoffLimit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ActionLabels {
    action: &'static str,
}

impl PerKind {
    /// Registers the metrics; `kind` as in `kind:`.
    pub fn register(registry: &mut Registry, kind: &str) -> Self {
        let all = Self {
            syncs: Family::default(),
            sync_seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15))),
            pods_created: Family::default(),
            pods_finished: Family::default(),
            jobs_finished: Family::default(),
            indexes_finished: Family::default(),
            failures_handled: Family::default(),
            status_writes: Counter::default(),
        };
        let help = |what: &str| what.replace("{kind}", kind);
        registry.register("job_syncs", help("Reconciles of a {kind}, by action and result"), all.syncs.clone());
        registry.register("job_sync_duration_seconds", help("Duration of a reconcile"), all.sync_seconds.clone());
        registry.register(
            "job_pods_creation",
            help("Pods created, or refused, by the reason for their creation"),
            all.pods_created.clone(),
        );
        registry.register(
            "job_pods_finished",
            help("Pods counted, by the result of their main containers"),
            all.pods_finished.clone(),
        );
        registry.register("jobs_finished", help("{kind}s finished, by result and reason"), all.jobs_finished.clone());
        registry.register("job_finished_indexes", help("Indexes finished, by result"), all.indexes_finished.clone());
        registry.register(
            "pod_failures_handled_by_failure_policy",
            help("Failed Pods by the action of the rule in spec.podFailurePolicy that matched"),
            all.failures_handled.clone(),
        );
        registry.register("status_writes", help("Writes of a {kind}'s status"), all.status_writes.clone());
        all
    }

    fn finished(&self, mode: &'static str, result: &'static str, more: u32) {
        if more > 0 {
            let labels = ModeLabels { completion_mode: mode, result };
            self.pods_finished.get_or_create(&labels).inc_by(more.into());
        }
    }

    fn indexes(&self, per_index: bool, status: &'static str, more: u32) {
        if more > 0 {
            let labels = IndexLabels { status, backoffLimit: if per_index { "perIndex" } else { "global" } };
            self.indexes_finished.get_or_create(&labels).inc_by(more.into());
        }
    }

    /// A reconcile ended.
    pub fn synced(&self, indexed: bool, action: &'static str, ok: bool, took: Duration) {
        let result = if ok { "success" } else { "error" };
        let labels = SyncLabels { completion_mode: mode(indexed), action, result };
        self.syncs.get_or_create(&labels).inc();
        self.sync_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The controller created a Pod, or tried to.
    pub fn pod_created(&self, reason: &'static str, taken: bool) {
        let status = if taken { "succeeded" } else { "failed" };
        self.pods_created.get_or_create(&CreationLabels { reason, status }).inc();
    }

    /// Rules of a failure policy matched.
    pub fn failures_handled(&self, actions: impl IntoIterator<Item = &'static str>) {
        for action in actions {
            self.failures_handled.get_or_create(&ActionLabels { action }).inc();
        }
    }

    /// The controller stored a status: counts the Pods and indexes that the previous status did not have.
    pub fn status_written(&self, before: &Counted, after: &Counted) {
        self.status_writes.inc();
        let mode = mode(after.indexed);
        let succeeded = match after.indexed {
            true => after.completed_indexes.saturating_sub(before.completed_indexes),
            false => after.succeeded.saturating_sub(before.succeeded),
        };
        self.finished(mode, "succeeded", succeeded);
        self.finished(mode, "failed", after.failed.saturating_sub(before.failed));
        if after.indexed {
            self.indexes(after.per_index, "succeeded", succeeded);
            self.indexes(after.per_index, "failed", after.failed_indexes.saturating_sub(before.failed_indexes));
        }
    }

    /// A run ended.
    pub fn ended(&self, indexed: bool, result: &'static str, reason: String) {
        self.jobs_finished.get_or_create(&FinishedLabels { completion_mode: mode(indexed), result, reason }).inc();
    }
}

fn mode(indexed: bool) -> &'static str {
    if indexed { "Indexed" } else { "NonIndexed" }
}
