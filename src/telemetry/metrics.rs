//! What do the metrics count? Syncs, Pods and finished runs, with the names and labels of the built-in Job controller.
//!
//! There are two sets: `job_controller_…` for batch/v1 Jobs, so that dashboards of the built-in controller work with this
//! one, and `sidecarjob_controller_…` for SidecarJobs. `pods` has what only this controller can tell, `state` the moment of
//! a scrape, and `telemetry::objects` the series of each object. docs/metrics.md lists all of them.

mod of_kind;
mod of_schedules;
mod pods;
mod state;

use std::sync::Arc;
use std::time::Duration;

use of_kind::PerKind;
use of_schedules::OfSchedules;
use parking_lot::Mutex;
use pods::OfPods;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use state::State;

use crate::api::Kind;
use crate::telemetry::in_view::InView;
use crate::telemetry::scrape::{PerObject, Seen};
use crate::telemetry::text::Form;
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
    of_schedules: OfSchedules,
    of_pods: OfPods,
    state: State,
    per_object: PerObject,
    views: Arc<Mutex<Vec<Arc<dyn InView>>>>,
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
        Self::with(PerObject::default())
    }
}

impl Metrics {
    /// Nothing is counted yet. Whether each object has series of its own.
    pub fn with(per_object: PerObject) -> Self {
        let mut registry = Registry::default();
        let ours = registry.sub_registry_with_prefix("sidecarjob_controller");
        let of_sidecarjobs = PerKind::register(ours, Kind::SidecarJob.name());
        let events_lost = Family::default();
        for loss in EventLoss::ALL {
            drop(events_lost.get_or_create(&LossLabels { why: loss.word() })); // with 0, so that the first one is an increase
        }
        ours.register(
            "events_dropped",
            "Events that were not sent: too many about one object (burst), too many of one namespace (share), or rejected by \
             the API server (failed)",
            events_lost.clone(),
        );
        let of_schedules = OfSchedules::register(ours);
        let state = State::register(ours);
        let of_runs = registry.sub_registry_with_prefix("sidecarjob");
        let of_pods = OfPods::register(of_runs);
        state.register_pods(of_runs);
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
            of_schedules,
            of_pods,
            state,
            per_object,
            views: Arc::default(),
        }
    }
}

impl EventLoss {
    const ALL: [Self; 3] = [Self::Burst, Self::Share, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Share => "share",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// The controller has these objects in view too.
    pub fn shows(&self, view: Arc<dyn InView>) {
        self.views.lock().push(view);
    }

    /// One scrape, in pieces that are cheap to make.
    pub fn pieces(&self, form: Form) -> impl Iterator<Item = String> + Send + use<> {
        let seen = Seen::now(self.views.lock().clone());
        let (on, suppressed) = self.per_object.decide(seen.objects());
        let on = on && !seen.counts.is_empty(); // a process that stands by has no view
        self.state.in_view(&seen.counts, &seen.draining);
        self.state.per_object(on, suppressed);
        let mut counted = String::new();
        if let Err(error) = text::encode_registry(&mut counted, &self.registry) {
            counted = format!("# failed to write the metrics: {error}\n");
        }
        let series = on.then(|| seen.series()).into_iter().flatten();
        std::iter::once(form.of(counted)).chain(series).chain(form.end())
    }

    /// One scrape in one piece, in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        self.pieces(Form::OpenMetrics).collect()
    }

    fn of(&self, kind: Kind) -> &PerKind {
        match kind {
            Kind::SidecarJob => &self.of_sidecarjobs,
            Kind::Job => &self.of_jobs,
        }
    }

    /// A reconcile ended.
    pub fn synced(&self, kind: Kind, indexed: bool, action: &'static str, ok: bool, took: Duration) {
        self.of(kind).synced(indexed, action, ok, took);
    }

    /// The controller created a Pod, or tried to.
    pub fn pod_created(&self, kind: Kind, reason: &'static str, taken: bool) {
        self.of(kind).pod_created(reason, taken);
    }

    /// Rules of a failure policy matched.
    pub fn failures_handled(&self, kind: Kind, actions: impl IntoIterator<Item = &'static str>) {
        self.of(kind).failures_handled(actions);
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
        self.events_lost.get_or_create(&LossLabels { why: loss.word() }).inc();
    }

    /// The process works from now on.
    pub fn leads(&self) {
        self.state.leads();
    }

    /// What Pods did.
    pub fn of_pods(&self) -> &OfPods {
        &self.of_pods
    }

    /// A reconcile of a schedule ended.
    pub fn schedule_synced(&self, ok: bool) {
        self.of_schedules.synced(ok);
    }

    /// So many scheduled times more passed without a run.
    pub fn times_missed(&self, more: u32) {
        self.of_schedules.missed(more);
    }

    /// The controller stored a status: counts what the previous status did not have.
    pub fn status_written(&self, before: &Counted, after: &Counted) {
        self.of(after.kind).status_written(before, after);
        if let (None, Some((result, reason))) = (&before.end, &after.end) {
            let reason = self.end_reasons.bounded(reason); // the reason may come from a condition that others wrote
            self.of(after.kind).ended(after.indexed, result, reason);
        }
    }
}

#[cfg(test)]
mod tests;
