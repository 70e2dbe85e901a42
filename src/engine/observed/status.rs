//! What does the stored status say, in types that leave nothing open? Its wire form is `wire`'s part.

mod wire;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::api;
use crate::api::conditions::types;
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::indexes::Indexes;

/// The status of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The generation that it speaks of.
    pub observed_generation: Option<i64>,
    /// When the run started, or resumed last.
    pub start_time: Option<DateTime<Utc>>,
    /// When the result was known.
    pub main_finished_at: Option<DateTime<Utc>>,
    /// When it became Complete.
    pub completion_time: Option<DateTime<Utc>>,
    /// Pods that run and are not being deleted.
    pub counts: Counts,
    /// Succeeded Pods that are counted.
    pub succeeded: u32,
    /// Failed Pods that are counted.
    pub failed: u32,
    /// Succeeded Pods on their way to the counter.
    pub uncounted_succeeded: BTreeSet<String>,
    /// Failed Pods on their way to the counter.
    pub uncounted_failed: BTreeSet<String>,
    /// Indexes that succeeded.
    pub completed: Indexes,
    /// Indexes that failed; none without `backoffLimitPerIndex`.
    pub failed_indexes: Option<Indexes>,
    /// The failures in a row.
    pub backoff: Option<Backoff>,
    /// All conditions, those of others included.
    pub conditions: Conditions,
    /// For people.
    pub summary: Summary,
}

/// How many Pods are where; `None` in a status that nobody has written yet.
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
    /// Complete or Failed.
    pub fn is_finished(&self) -> bool {
        self.finished_at().is_some()
    }

    /// When it became Complete or Failed.
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.conditions.true_since(types::COMPLETE).or(self.conditions.true_since(types::FAILED))
    }

    /// The result is stored and will stay.
    pub fn result_is_known(&self) -> bool {
        self.conditions.is_true(types::SUCCESS_CRITERIA_MET) || self.conditions.is_true(types::FAILURE_TARGET)
    }

    /// The UID is on its way to a counter.
    pub fn is_listed(&self, uid: &str) -> bool {
        self.uncounted_succeeded.contains(uid) || self.uncounted_failed.contains(uid)
    }

    /// No decision, no condition and no count but `ready` is another: Pods get ready in quick succession, and each write
    /// costs the API server more than all our thinking.
    pub fn differs_for_people_only(&self, stored: &Self) -> bool {
        let mut same = self.clone();
        same.counts.ready = stored.counts.ready;
        same.summary = stored.summary.clone();
        same == *stored
    }

    /// All UIDs on their way.
    pub fn uncounted(&self) -> impl Iterator<Item = &String> {
        self.uncounted_succeeded.iter().chain(&self.uncounted_failed)
    }
}

/// The strings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Where the run stands.
    pub phase: Option<api::Phase>,
    /// Why, in one word.
    pub reason: Option<String>,
    /// In a sentence.
    pub message: Option<String>,
    /// `3/5`.
    pub completions: Option<String>,
    /// `2/2 running`, `1/2 stopped`.
    pub sidecars: Option<String>,
    /// How many sidecars there were in the Pods that are counted, each Pod's added once.
    pub sidecars_to_stop: Option<u32>,
    /// `2m31s`, at the end.
    pub duration: Option<String>,
    /// Which Pods are its own.
    pub selector: Option<String>,
}

/// The failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Since the last success; at least 1.
    pub failures: u32,
    /// When the last of them was.
    pub last_failure_at: DateTime<Utc>,
}
