//! What does the stored status say, in types without open questions? `wire` has its wire form.

mod wire;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::api;
use crate::api::conditions::types;
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

    /// One of the two lists has this UID.
    pub fn is_listed(&self, uid: &str) -> bool {
        self.uncounted_succeeded.contains(uid) || self.uncounted_failed.contains(uid)
    }

    /// Only `ready` and the strings for people differ, or, when the result is known, how many Pods still run; no decision
    /// depends on them. Many Pods may get ready or stop in quick succession, and each write of the status has a cost for
    /// the API server.
    pub fn differs_for_people_only(&self, stored: &Self) -> bool {
        let mut same = self.clone();
        same.counts.ready = stored.counts.ready;
        if self.result_is_known() && stored.result_is_known() {
            same.counts = stored.counts;
        }
        same.summary = stored.summary.clone();
        same == *stored
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
