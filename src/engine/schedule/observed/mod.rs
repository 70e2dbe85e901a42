//! What was seen of a SidecarCronJob and its runs, with the wire's options and defaults settled.

mod run;
pub mod status;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::SidecarCronJob;
use crate::api::sidecarcronjob::{CatchUp, ConcurrencyPolicy, DstPolicy};
use crate::cron::{Dst, Times, TimesError, hash};
use crate::engine::observed::{Refusal, time};
use crate::engine::schedule::search::Search;
use status::Status;

pub use run::{Departed, Run, RunRef};

/// A SidecarCronJob, its runs, and what the shell knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The SidecarCronJob.
    pub cron: Cron,
    /// Its runs, in no order.
    pub runs: Vec<Run>,
    /// The times of which a run was ever seen, deleted ones included: the latest, and all that the status does not know of.
    pub started: BTreeSet<DateTime<Utc>>,
    /// Times for which somebody asked, of whose runs one was ever seen: all that the status does not know of.
    pub backfilled: BTreeSet<DateTime<Utc>>,
    /// UIDs of runs that the API server says are gone.
    pub gone: BTreeSet<String>,
    /// Runs that were seen to go, and of which the status does not know it.
    pub departed: Vec<Departed>,
    /// The API server refused the last run.
    pub refusal: Option<Refusal>,
    /// What was searched before, with the same spec.
    pub search: Option<Search>,
}

/// A SidecarCronJob.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.creationTimestamp`: nothing before it is due.
    pub created_at: DateTime<Utc>,
    /// `metadata.generation`.
    pub generation: i64,
    /// It has a deletionTimestamp.
    pub deleting: bool,
    /// What is wanted.
    pub spec: Spec,
    /// What was written last.
    pub status: Status,
    /// As it came, to make runs from.
    pub wire: Arc<SidecarCronJob>,
}

/// The spec with its defaults filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// When it fires, or why it can't.
    pub times: Result<Arc<Times>, TimesError>,
    /// The schedules as they were written.
    pub schedule: String,
    /// Each run starts so much later.
    pub jitter: TimeDelta,
    /// A run that could not start in this time is missed.
    pub deadline: Option<TimeDelta>,
    /// What happens when a run is active.
    pub concurrency: ConcurrencyPolicy,
    /// How many may wait.
    pub queue_limit: usize,
    /// How many of several missed times run.
    pub catch_up: usize,
    /// Nothing starts.
    pub suspend: bool,
    /// What becomes of runs that succeeded.
    pub succeeded: Keep,
    /// What becomes of runs that failed.
    pub failed: Keep,
}

/// How long finished runs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// So many at most.
    pub limit: usize,
    /// So long at most.
    pub ttl: Option<TimeDelta>,
}

impl Observed {
    /// The UIDs of the runs that are there. Made once for many questions: a schedule may have thousands of runs, and the
    /// cost of a decision must not grow with their square.
    pub fn uids(&self) -> BTreeSet<&str> {
        self.runs.iter().map(|run| run.uid.as_str()).collect()
    }

    /// The names of the runs that are there. As `uids`.
    pub fn names(&self) -> BTreeSet<&str> {
        self.runs.iter().map(|run| run.name.as_str()).collect()
    }

    /// Runs that are not finished and that the concurrency policy looks at: those that somebody started by hand are not.
    pub fn blocking(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.ended.is_none() && !run.manual)
    }
}

impl Cron {
    /// From the wire. `None` if it did not come from an API server.
    pub fn from_wire(wire: Arc<SidecarCronJob>) -> Option<Self> {
        let times = parse(&wire);
        Self::with_times(wire, times)
    }

    /// The same with times that `parse` returned for this spec before.
    pub fn with_times(wire: Arc<SidecarCronJob>, times: Result<Arc<Times>, TimesError>) -> Option<Self> {
        let meta = &wire.metadata;
        let (name, namespace) = (meta.name.clone()?, meta.namespace.clone()?);
        Some(Self {
            uid: meta.uid.clone()?,
            created_at: meta.creation_timestamp.as_ref().map(time::from_wire)?,
            generation: meta.generation.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            spec: Spec::from_wire(&wire, &format!("{namespace}/{name}"), times),
            status: wire.status.as_ref().map(Status::from_wire).unwrap_or_default(),
            name,
            namespace,
            wire,
        })
    }
}

/// When the schedule fires, or why it can't.
pub fn parse(wire: &SidecarCronJob) -> Result<Arc<Times>, TimesError> {
    let (meta, spec) = (&wire.metadata, &wire.spec);
    let name = [&meta.namespace, &meta.name].map(|part| part.as_deref().unwrap_or_default()).join("/");
    let dst = match spec.dst_policy.unwrap_or_default() {
        DstPolicy::CronJob => Dst::CronJob,
        DstPolicy::RunOnce => Dst::RunOnce,
    };
    Times::parse(&schedules(wire), &spec.exclude, spec.time_zone.as_deref(), dst, &name).map(Arc::new)
}

fn schedules(wire: &SidecarCronJob) -> Vec<&str> {
    wire.spec.schedule.iter().chain(&wire.spec.schedules).map(String::as_str).collect()
}

impl Spec {
    fn from_wire(wire: &SidecarCronJob, name: &str, times: Result<Arc<Times>, TimesError>) -> Self {
        let spec = &wire.spec;
        let count = |n: Option<i32>, default: usize| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(default);
        let seconds = |n: Option<i32>| n.map(|n| time::seconds(n.into()));
        let jitter = u32::try_from(spec.jitter_seconds.unwrap_or(0)).unwrap_or(0);
        Self {
            times,
            schedule: schedules(wire).join("; "),
            jitter: time::seconds(hash::jitter(name, jitter).into()),
            deadline: spec.starting_deadline_seconds.map(time::seconds),
            concurrency: spec.concurrency_policy.unwrap_or_default(),
            queue_limit: count(spec.queue_limit, 10),
            catch_up: match spec.catch_up.unwrap_or_default() {
                CatchUp::Latest => 1,
                CatchUp::All => count(spec.catch_up_limit, 10).max(1),
            },
            suspend: spec.suspend.unwrap_or(false),
            succeeded: Keep {
                limit: count(spec.successful_jobs_history_limit, 3),
                ttl: seconds(spec.ttl_seconds_after_success),
            },
            failed: Keep {
                limit: count(spec.failed_jobs_history_limit, 1),
                ttl: seconds(spec.ttl_seconds_after_failure),
            },
        }
    }
}
