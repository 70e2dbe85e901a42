//! What do the metrics count? Syncs, Pods and finished runs, with the names and labels of the built-in Job controller.
//!
//! There are two sets: `job_controller_…` for batch/v1 Jobs, so that dashboards of the built-in controller work with this
//! one, and `sidecarjob_controller_…` for SidecarJobs.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::api::Kind;
use crate::telemetry::words::Words;

/// All metrics; clones share the counts.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    of_sidecarjobs: PerKind,
    of_jobs: PerKind,
    tracking_finalizers: Family<EventLabels, Counter>,
    by_others: Family<ControllerLabels, Counter>,
    /// The values of the labels that others choose.
    managers: Words,
    end_reasons: Words,
    events_lost: Family<LossLabels, Counter>,
}

/// Why an event was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventLoss {
    /// There were many events about the object.
    Burst,
    /// Many events of its namespace are waiting.
    Share,
    /// The API server rejected the event, or did not answer.
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LossLabels {
    why: &'static str,
}

/// The metrics of one kind.
#[derive(Clone, Debug)]
struct PerKind {
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EventLabels {
    event: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    controller_name: String,
}

/// The parts of a status that the metrics count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// The kind of the object.
    pub kind: Kind,
    /// Does the run have indexes?
    pub indexed: bool,
    /// Does each index have a limit?
    pub per_index: bool,
    /// Succeeded Pods; for an Indexed run: succeeded indexes.
    pub succeeded: u32,
    /// Failed Pods.
    pub failed: u32,
    /// Succeeded indexes.
    pub completed_indexes: u32,
    /// Failed indexes.
    pub failed_indexes: u32,
    /// Result and reason, if the run is finished.
    pub end: Option<(&'static str, String)>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix("sidecarjob_controller");
        let of_sidecarjobs = PerKind::register(ours, Kind::SidecarJob.name());
        let events_lost = Family::default();
        ours.register(
            "events_dropped",
            "Events that were not sent: too many about one object (burst), too many of one namespace (share), or rejected by \
             the API server (failed)",
            events_lost.clone(),
        );
        let jobs = registry.sub_registry_with_prefix("job_controller");
        let of_jobs = PerKind::register(jobs, Kind::Job.name());
        let tracking_finalizers = Family::default();
        jobs.register(
            "terminated_pods_tracking_finalizer",
            "Ended Pods of Jobs that got (add) or lost (delete) the finalizer batch.kubernetes.io/job-tracking",
            tracking_finalizers.clone(),
        );
        let by_others = Family::default();
        jobs.register(
            "jobs_by_external_controller",
            "Jobs seen whose spec.managedBy names neither this nor the built-in controller",
            by_others.clone(),
        );
        Self {
            registry: Arc::new(registry),
            of_sidecarjobs,
            of_jobs,
            tracking_finalizers,
            by_others,
            managers: Words::default(),
            end_reasons: Words::default(),
            events_lost,
        }
    }
}

impl PerKind {
    fn register(registry: &mut Registry, kind: &str) -> Self {
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
}

impl Metrics {
    /// The metrics in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut buffer = String::new();
        match text::encode(&mut buffer, &self.registry) {
            Ok(()) => buffer,
            Err(error) => format!("# failed to write the metrics: {error}\n# EOF\n"),
        }
    }

    fn of(&self, kind: Kind) -> &PerKind {
        match kind {
            Kind::SidecarJob => &self.of_sidecarjobs,
            Kind::Job => &self.of_jobs,
        }
    }

    /// A reconcile ended.
    pub fn synced(&self, kind: Kind, indexed: bool, action: &'static str, ok: bool, took: Duration) {
        let result = if ok { "success" } else { "error" };
        let labels = SyncLabels { completion_mode: mode(indexed), action, result };
        self.of(kind).syncs.get_or_create(&labels).inc();
        self.of(kind).sync_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The controller created a Pod, or tried to.
    pub fn pod_created(&self, kind: Kind, reason: &'static str, taken: bool) {
        let status = if taken { "succeeded" } else { "failed" };
        self.of(kind).pods_created.get_or_create(&CreationLabels { reason, status }).inc();
    }

    /// Rules of a failure policy matched.
    pub fn failures_handled(&self, kind: Kind, actions: impl IntoIterator<Item = &'static str>) {
        for action in actions {
            self.of(kind).failures_handled.get_or_create(&ActionLabels { action }).inc();
        }
    }

    /// A Pod that has ended got a Job's finalizer, or lost it.
    pub fn tracking_finalizer(&self, added: bool) {
        let event = if added { "add" } else { "delete" };
        self.tracking_finalizers.get_or_create(&EventLabels { event }).inc();
    }

    /// The watch delivered a Job of another manager for the first time. The author of the Job chooses the name.
    pub fn managed_by_others(&self, kind: Kind, manager: &str) {
        if kind == Kind::Job {
            let controller_name = self.managers.bounded(manager);
            self.by_others.get_or_create(&ControllerLabels { controller_name }).inc();
        }
    }

    /// An event was not sent.
    pub fn event_lost(&self, loss: EventLoss) {
        let why = match loss {
            EventLoss::Burst => "burst",
            EventLoss::Share => "share",
            EventLoss::Failed => "failed",
        };
        self.events_lost.get_or_create(&LossLabels { why }).inc();
    }

    /// The controller stored a status: counts what the previous status did not have.
    pub fn status_written(&self, before: &Counted, after: &Counted) {
        let all = self.of(after.kind);
        all.status_writes.inc();
        let mode = mode(after.indexed);
        let succeeded = match after.indexed {
            true => after.completed_indexes.saturating_sub(before.completed_indexes),
            false => after.succeeded.saturating_sub(before.succeeded),
        };
        all.finished(mode, "succeeded", succeeded);
        all.finished(mode, "failed", after.failed.saturating_sub(before.failed));
        if after.indexed {
            all.indexes(after.per_index, "succeeded", succeeded);
            all.indexes(after.per_index, "failed", after.failed_indexes.saturating_sub(before.failed_indexes));
        }
        if let (None, Some((result, reason))) = (&before.end, &after.end) {
            let reason = self.end_reasons.bounded(reason); // the reason may come from a condition that others wrote
            all.jobs_finished.get_or_create(&FinishedLabels { completion_mode: mode, result, reason }).inc();
        }
    }
}

fn mode(indexed: bool) -> &'static str {
    if indexed { "Indexed" } else { "NonIndexed" }
}

#[cfg(test)]
mod tests;
