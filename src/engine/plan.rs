//! What can the engine decide? The steps, the status, the events, and when to look again.
//!
//! Values only. Each [`Step`] is one action that the API server can reject, and that may have happened before.
//! `controller::apply` carries out the steps.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::history::StopMethod;
use crate::engine::observed::failure_policy::Action;
use crate::engine::observed::status::Status;
use crate::engine::observed::{Ask, IndexFailures, PodRef};

/// The decision about one SidecarJob at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// The status to write when there are no steps, if it differs from the stored one.
    pub status: Option<Status>,
    /// How long the status may wait, so that the controller writes it together with the next change.
    pub hold: Hold,
    /// The events to send when the status is stored.
    pub events: Vec<Event>,
    /// What the failure policy said to the failures that this plan records, for the metric.
    pub handled: Vec<Action>,
    /// What Pods did, for the metrics. The controller observes it when the status is stored, or when the steps are done.
    pub measures: Vec<Measure>,
    /// When to look again, if nothing happens before.
    pub wake: Option<DateTime<Utc>>,
}

/// How long may a status wait?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hold {
    /// The controller writes the status now.
    #[default]
    No,
    /// For the batch period: the status changes only what people read.
    ForPeople,
    /// While other runs wait for the controller: the status only says that the run has begun. A short run then needs one
    /// status write instead of two.
    WhileBusy,
}

impl Plan {
    /// Nothing to do, and no need to look again.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Look again at `at`, if that is sooner than the planned time.
    pub fn wake_at(&mut self, at: Option<DateTime<Utc>>) {
        self.wake = sooner(self.wake, at);
    }
}

/// The steps of one policy, and when to look again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deed {
    /// What to do.
    pub steps: Vec<Step>,
    /// When to look again because of this policy.
    pub wake: Option<DateTime<Utc>>,
}

impl Deed {
    /// No steps before this time.
    pub fn not_before(wake: Option<DateTime<Utc>>) -> Self {
        Self { wake, ..Self::default() }
    }

    /// These steps, and no need to look again.
    pub fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), wake: None }
    }
}

/// All deeds in one, in their order.
impl FromIterator<Deed> for Deed {
    fn from_iter<T: IntoIterator<Item = Self>>(deeds: T) -> Self {
        deeds.into_iter().fold(Self::default(), |mut all, deed| {
            all.steps.extend(deed.steps);
            Self { wake: sooner(all.wake, deed.wake), ..all }
        })
    }
}

/// The sooner of two moments that may be absent.
pub fn sooner(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    a.into_iter().chain(b).min()
}

/// One action that the API server can reject.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Take over a Pod that has no owner and that our selector matches.
    Adopt(PodRef),
    /// Remove our owner reference from a Pod that our selector no longer matches.
    Disown(PodRef),
    /// Create these Pods.
    CreatePods(Vec<NewPod>),
    /// Remove our finalizer from a Pod that is counted, or that must not count.
    Release(PodRef),
    /// Delete a Pod that still runs.
    Delete(PodRef),
    /// End a Pod that still runs by its `activeDeadlineSeconds`, so that the Pod and its logs stay.
    End {
        /// The Pod.
        pod: PodRef,
        /// Seconds since the Pod's start that have passed already, at least 1.
        deadline_seconds: i64,
    },
    /// End a Pod whose main containers are done and whose plain sidecars are not: set `activeDeadlineSeconds`, and note
    /// on the Pod since when the controller stops the sidecars.
    StopSidecars {
        /// The Pod.
        pod: PodRef,
        /// Seconds since the Pod's start that have passed already, at least 1.
        deadline_seconds: i64,
        /// Since when the controller stops the sidecars.
        at: DateTime<Utc>,
    },
    /// Note on a Pod since when the controller stops the sidecars one after the other.
    BeginStop {
        /// The Pod.
        pod: PodRef,
        /// Since when the controller stops the sidecars.
        at: DateTime<Utc>,
    },
    /// Ask one container to stop. A task beside the reconcile does this; the next reconcile observes the attempt.
    Ask(Ask),
    /// Fail a Pod because of its sidecars: write the reason on the Pod, and end the Pod by its `activeDeadlineSeconds`.
    FailPod {
        /// The Pod.
        pod: PodRef,
        /// Seconds since the Pod's start that have passed already, at least 1.
        deadline_seconds: i64,
        /// When the engine decided this.
        at: DateTime<Utc>,
        /// The reason, from `api::conditions`.
        reason: String,
        /// A sentence.
        note: String,
    },
    /// Delete the SidecarJob, because `ttlSecondsAfterFinished` has passed.
    DeleteJob,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adopt(pod) => write!(f, "adopt {}", pod.name),
            Self::Disown(pod) => write!(f, "disown {}", pod.name),
            Self::CreatePods(pods) => {
                let pods: Vec<String> = pods.iter().map(NewPod::to_string).collect();
                write!(f, "create Pods [{}]", pods.join(", "))
            }
            Self::Release(pod) => write!(f, "release {}", pod.name),
            Self::Delete(pod) => write!(f, "delete {}", pod.name),
            Self::End { pod, deadline_seconds: _ } => write!(f, "end {}", pod.name),
            Self::StopSidecars { pod, deadline_seconds, at: _ } => {
                write!(f, "stop the sidecars of {} (deadline {deadline_seconds}s)", pod.name)
            }
            Self::BeginStop { pod, at: _ } => write!(f, "begin to stop {}", pod.name),
            Self::Ask(Ask { pod, container, way }) => write!(f, "ask {container} of {} by {way}", pod.name),
            Self::FailPod { pod, deadline_seconds, at: _, reason, note: _ } => {
                write!(f, "fail {}: {reason} (deadline {deadline_seconds}s)", pod.name)
            }
            Self::DeleteJob => write!(f, "delete the SidecarJob"),
        }
    }
}

/// A Pod to create.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewPod {
    /// The number of the Pod within the run. The name of the Pod follows from this number.
    pub number: u32,
    /// The completion index, if the run is Indexed.
    pub index: Option<u32>,
    /// How many Pods of the index failed before this Pod.
    pub index_failures: IndexFailures,
}

impl fmt::Display for NewPod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        let Some(index) = self.index else { return Ok(()) };
        write!(f, " for index {index}")?;
        match self.index_failures {
            IndexFailures { counted: 0, ignored: 0 } => Ok(()),
            IndexFailures { counted, ignored: 0 } => write!(f, " after {counted} failures"),
            IndexFailures { counted, ignored } => write!(f, " after {counted} failures and {ignored} ignored"),
        }
    }
}

/// What a Pod did, for the metrics. A plan has each measure of a Pod once: with the status that is the first to record
/// or to count the Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The main containers of a Pod are done.
    MainDone {
        /// They succeeded.
        success: bool,
        /// From the start of the first of them to the end of the last one.
        took: TimeDelta,
    },
    /// A sidecar ended after the main containers of its Pod.
    SidecarStopped {
        /// Who or what stopped it.
        by: StoppedBy,
        /// How it ended.
        end: StopResult,
    },
    /// The last sidecar of a Pod ended after the main containers.
    SidecarsDone {
        /// Who or what stopped the last sidecar.
        by: StoppedBy,
        /// From the end of the main containers to the end of the last sidecar.
        took: TimeDelta,
    },
}

/// Who or what stopped a sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoppedBy {
    /// The kubelet, or the controller in this way.
    Method(StopMethod),
    /// The controller, and nobody knows how: another controller asked the sidecar.
    Unknown,
    /// Nobody: it ended by itself.
    Nobody,
}

impl StoppedBy {
    /// In one word, for the metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Method(method) => method.word(),
            Self::Unknown => "Unknown",
            Self::Nobody => "None",
        }
    }
}

/// How a sidecar ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopResult {
    /// With exit code 0.
    Succeeded,
    /// With another exit code.
    Failed,
    /// The kubelet killed it, because its grace period was over.
    Killed,
}

impl StopResult {
    /// In one word, for the metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Killed => "killed",
        }
    }
}

/// An event. The controller sends the event when its cause is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The type is Warning, not Normal.
    pub warning: bool,
    /// The reason, from `api::conditions`.
    pub reason: String,
    /// A sentence.
    pub note: String,
    /// The run of a schedule that the event is about. Events with one reason about different runs are different events.
    pub run: Option<String>,
}

impl Event {
    /// An event of type Normal.
    pub fn normal(reason: &str, note: impl Into<String>) -> Self {
        Self { warning: false, reason: reason.into(), note: note.into(), run: None }
    }

    /// An event of type Warning.
    pub fn warning(reason: &str, note: impl Into<String>) -> Self {
        Self { warning: true, reason: reason.into(), note: note.into(), run: None }
    }

    /// The same event, about this run of a schedule.
    pub fn of_run(self, name: impl Into<String>) -> Self {
        Self { run: Some(name.into()), ..self }
    }
}
