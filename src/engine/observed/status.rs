//! What does the stored status say, in types without open questions? `wire` has its wire form.

mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::api;
use crate::api::conditions::types;
use crate::api::history::{ContainerSummary, LastFailure, RecentPod, Retries};
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::indexes::Indexes;

/// The status of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The generation of the spec that the status describes.
    pub observed_generation: Option<i64>,
    /// When the run started, or resumed last.
    pub start_time: Option<DateTime<Utc>>,
    /// When the result was known.
    pub main_finished_at: Option<DateTime<Utc>>,
    /// When the run became Complete.
    pub completion_time: Option<DateTime<Utc>>,
    /// How many Pods are where.
    pub counts: Counts,
    /// Succeeded Pods that are counted.
    pub succeeded: u32,
    /// Failed Pods that are counted.
    pub failed: u32,
    /// The UIDs of succeeded Pods that the counter does not count yet.
    pub uncounted_succeeded: BTreeSet<String>,
    /// The UIDs of failed Pods that the counter does not count yet.
    pub uncounted_failed: BTreeSet<String>,
    /// The UIDs of Pods that the counters count and that may still have our finalizer. Only of a SidecarJob.
    pub counted: BTreeSet<String>,
    /// Indexes that succeeded.
    pub completed: Indexes,
    /// Indexes that failed. `None` without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
    /// The failures since the last success.
    pub backoff: Option<Backoff>,
    /// All conditions, with the conditions of other writers.
    pub conditions: Conditions,
    /// The strings for people.
    pub summary: Summary,
    /// What happened. The status shares the value with the status before until a write has more to say.
    pub history: Arc<History>,
}

/// How many Pods are where. `None` in a status that no controller has written yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pods that have not ended and are not being deleted.
    pub active: Option<u32>,
    /// Active Pods that are Ready.
    pub ready: Option<u32>,
    /// Active Pods whose result is known.
    pub stopping: Option<u32>,
    /// Pods that are being deleted and have not ended.
    pub terminating: Option<u32>,
}

impl Status {
    /// The run is Complete or Failed.
    pub fn is_finished(&self) -> bool {
        self.finished_at().is_some()
    }

    /// When the run became Complete or Failed.
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.conditions.true_since(types::COMPLETE).or(self.conditions.true_since(types::FAILED))
    }

    /// The status has the result, which never changes.
    pub fn result_is_known(&self) -> bool {
        self.conditions.is_true(types::SUCCESS_CRITERIA_MET) || self.conditions.is_true(types::FAILURE_TARGET)
    }

    /// One of the two lists of uncounted Pods has this UID.
    pub fn is_listed(&self, uid: &str) -> bool {
        self.uncounted_succeeded.contains(uid) || self.uncounted_failed.contains(uid)
    }

    /// One of all three lists has this UID: the status has the result of the Pod.
    pub fn has_result_of(&self, uid: &str) -> bool {
        self.is_listed(uid) || self.counted.contains(uid)
    }

    /// The status says nothing that the stored one does not say, so the controller does not write the status. That a counted
    /// Pod has lost our finalizer is no news: a later write takes the UID of the Pod from the list. Nor is the history: a
    /// later write takes the history along.
    pub fn is_no_news(&self, stored: &Self) -> bool {
        self == stored || self.as_stored(stored) == *stored
    }

    /// Only `ready` and the strings for people differ; no decision depends on them. When the result is known, the numbers and
    /// lists of Pods may wait as well: the result does not depend on them, and the end comes with conditions. Many Pods may
    /// get ready or stop in quick succession, and each write of the status has a cost for the API server.
    pub fn differs_for_people_only(&self, stored: &Self) -> bool {
        if self.result_is_known() && stored.result_is_known() {
            return self.conditions == stored.conditions;
        }
        let mut same = self.as_stored(stored);
        same.counts.ready = stored.counts.ready;
        same.summary = stored.summary.clone();
        same == *stored
    }

    /// With what is stored of all that is no news.
    fn as_stored(&self, stored: &Self) -> Self {
        let no_other = self.counted.is_subset(&stored.counted);
        let counted = if no_other { &stored.counted } else { &self.counted };
        Self { counted: counted.clone(), history: stored.history.clone(), ..self.clone() }
    }

    /// The status says no more than that the run goes on, and the stored status does not say that yet. A later write tells
    /// the same, from the Pods that are in view then.
    pub fn only_begins(&self, stored: &Self) -> bool {
        let begun = Self {
            observed_generation: self.observed_generation,
            start_time: self.start_time,
            counts: self.counts,
            summary: self.summary.clone(),
            conditions: self.conditions.clone(),
            history: self.history.clone(),
            ..stored.clone()
        };
        let is_news = |type_: &str| type_ != types::RECONCILING;
        stored.start_time.is_none()
            && self.start_time.is_some()
            && *self == begun
            && !self.conditions.0.iter().any(|c| c.status == "True" && is_news(&c.type_))
    }

    /// The UIDs of both lists.
    pub fn uncounted(&self) -> impl Iterator<Item = &String> {
        self.uncounted_succeeded.iter().chain(&self.uncounted_failed)
    }
}

/// What happened in the run, as the wire has it: no decision depends on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What became of the containers, by name.
    pub containers: Vec<ContainerSummary>,
    /// The last failure.
    pub last_failure: Option<LastFailure>,
    /// How many retries are used, and when the next one starts.
    pub retries: Option<Retries>,
    /// The latest Pods with a result, newest first.
    pub recent_pods: Vec<RecentPod>,
}

/// The strings for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The state of the run.
    pub phase: Option<api::Phase>,
    /// Why the run has this phase, in one word.
    pub reason: Option<String>,
    /// Why, in a sentence.
    pub message: Option<String>,
    /// `3/5`.
    pub completions: Option<String>,
    /// `2/2 running`, `1/2 stopped`.
    pub sidecars: Option<String>,
    /// How many sidecars the counted Pods have. The controller adds the sidecars of each Pod once.
    pub sidecars_to_stop: Option<u32>,
    /// `2m31s`, at the end.
    pub duration: Option<String>,
    /// The label selector of the Pods.
    pub selector: Option<String>,
}

/// The failures since the last success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// How many failures there were, at least 1.
    pub failures: u32,
    /// When the last failure was.
    pub last_failure_at: DateTime<Utc>,
}
