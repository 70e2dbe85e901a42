//! Which lines does `watch` print about a run?
//!
//! The observed state gives the facts, in their order; each fact is printed once. The times in the left column say when
//! `watch` saw the fact, or, if it is long past, when it happened by the cluster's clock. Durations come from the
//! cluster, in whole seconds. This module is pure: the time is an argument.

mod containers;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::api::SidecarJob;
use crate::api::conditions::reasons;
use crate::api::conditions::types;
use crate::cli::retry;

/// Facts that are not older than this are printed with the time when `watch` saw them.
const FRESH_SECONDS: f64 = 3.0;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Time since the creation of the SidecarJob.
    pub seconds: f64,
    /// What happened.
    pub text: String,
    /// The Pod.
    pub pod: Option<String>,
    /// The container.
    pub container: Option<String>,
    /// Its colour.
    pub mood: Mood,
}

/// The colour's meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Neutral.
    #[default]
    Plain,
    /// Good.
    Good,
    /// Bad.
    Bad,
}

impl Line {
    /// The line as a JSON object with stable names.
    pub fn to_json(&self) -> Value {
        let seconds = (self.seconds * 10.0).round() / 10.0;
        json!({"seconds": seconds, "pod": self.pod, "container": self.container, "text": self.text})
    }
}

/// Something that is or was the case.
#[derive(Clone, Debug, Default)]
struct Fact {
    /// Two facts with the same key are the same fact.
    key: String,
    at: Option<DateTime<Utc>>,
    text: String,
    pod: Option<String>,
    container: Option<String>,
    mood: Mood,
}

/// A run, and the lines printed so far.
pub struct Story {
    job: SidecarJob,
    pods: BTreeMap<String, Pod>,
    told: BTreeSet<String>,
}

impl Story {
    /// A run without printed lines.
    pub fn new(job: SidecarJob) -> Self {
        Self { job, pods: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// The name of the SidecarJob.
    pub fn name(&self) -> String {
        self.job.name_any()
    }

    /// Stores the current state of the SidecarJob.
    pub fn job(&mut self, job: SidecarJob) {
        self.job = job;
    }

    /// Stores the current state of a Pod of the run.
    pub fn pod(&mut self, pod: Pod) {
        self.pods.insert(pod.name_any(), pod);
    }

    /// Complete or Failed, once the run is over.
    pub fn end(&self) -> Option<bool> {
        let is = |type_| self.condition(type_).is_some();
        if is(types::COMPLETE) { Some(true) } else { is(types::FAILED).then_some(false) }
    }

    /// The lines that are not printed yet, in the order in which things happened.
    pub fn tell(&mut self, now: DateTime<Utc>) -> Vec<Line> {
        let created = self.job.metadata.creation_timestamp.as_ref().map_or(now, time);
        let since = |at: DateTime<Utc>| ((at - created).as_seconds_f64()).max(0.0);
        let facts = self.facts().into_iter().chain(self.waits_for_a_retry(now));
        let mut facts: Vec<Fact> = facts.filter(|f| self.told.insert(f.key.clone())).collect();
        facts.sort_by_key(|f| f.at.unwrap_or(now));
        let line = |f: Fact| {
            let past = f.at.filter(|at| since(now) - since(*at) > FRESH_SECONDS);
            Line { seconds: since(past.unwrap_or(now)), text: f.text, pod: f.pod, container: f.container, mood: f.mood }
        };
        facts.into_iter().map(line).collect()
    }

    fn condition(&self, type_: &str) -> Option<&Condition> {
        let all = self.job.status.as_ref().map(|s| s.conditions.as_slice()).unwrap_or_default();
        all.iter().find(|c| c.type_ == type_ && c.status == "True")
    }

    fn facts(&self) -> Vec<Fact> {
        let created = Fact {
            key: "created".into(),
            at: self.job.metadata.creation_timestamp.as_ref().map(time),
            text: format!("SidecarJob {}/{} created", self.job.namespace().unwrap_or_default(), self.name()),
            ..Fact::default()
        };
        let mut facts = vec![created];
        facts.extend(self.told_by(types::SUSPENDED, "suspended", Mood::Plain));
        facts.extend(self.told_by(types::STALLED, "stalled", Mood::Bad).filter(|_| self.end().is_none()));
        facts.extend(self.waits());
        facts.extend(self.told_by(types::SIDECAR_MISSING, "sidecar missing", Mood::Bad));
        for pod in self.pods.values() {
            facts.extend(pod_facts(pod));
            facts.extend(containers::facts(pod));
        }
        facts.extend(self.told_by(types::SUCCESS_CRITERIA_MET, "result: success", Mood::Good));
        facts.extend(self.told_by(types::FAILURE_TARGET, "result: failure", Mood::Bad));
        facts.extend(self.over());
        facts
    }

    /// The line for a condition that is True; a new message gives a new line.
    fn told_by<'a>(&'a self, type_: &'a str, word: &'a str, mood: Mood) -> impl Iterator<Item = Fact> + use<'a> {
        self.condition(type_).into_iter().map(move |c| Fact {
            key: format!("{type_}/{}/{}", c.last_transition_time.0, c.message),
            at: Some(time(&c.last_transition_time)),
            text: format!("{word}: {}", if c.message.is_empty() { &c.reason } else { &c.message }),
            mood,
            ..Fact::default()
        })
    }

    /// What the run waits for, unless a line about a Pod says it already: a node, an image.
    fn waits(&self) -> impl Iterator<Item = Fact> + use<'_> {
        let told = [reasons::UNSCHEDULABLE, reasons::CONTAINER_CANT_START];
        let is_new = move |condition: &&Condition| self.pods.is_empty() || !told.contains(&condition.reason.as_str());
        let is_told = self.condition(types::WAITING).filter(|_| self.end().is_none()).filter(is_new).is_some();
        self.told_by(types::WAITING, "waiting", Mood::Bad).filter(move |_| is_told)
    }

    /// During a back-off: which attempt starts when.
    fn waits_for_a_retry(&self, now: DateTime<Utc>) -> Option<Fact> {
        let next = retry::next(&self.job, now).filter(|_| self.end().is_none())?;
        Some(Fact {
            key: format!("retry/{}", next.at),
            text: format!("waiting: {}", next.sentence(now)),
            ..Fact::default()
        })
    }

    /// The last line.
    fn over(&self) -> Option<Fact> {
        let complete = self.end()?;
        let condition = self.condition(if complete { types::COMPLETE } else { types::FAILED })?;
        let status = self.job.status.clone().unwrap_or_default();
        let drained = status.main_finished_time.as_ref().map(|t| time(&condition.last_transition_time) - time(t));
        let mut text = format!("SidecarJob {}", condition.type_);
        if !complete {
            text += &format!(": {}", condition.message);
        }
        if let Some(duration) = status.duration {
            text += &format!(", {duration} from start to end");
        }
        if let Some(drained) = drained.filter(|d| d.num_seconds() > 0) {
            text += &format!(", of which {}s after the result", drained.num_seconds());
        }
        let (at, mood) = (Some(time(&condition.last_transition_time)), if complete { Mood::Good } else { Mood::Bad });
        Some(Fact { key: "over".into(), at, text, mood, ..Fact::default() })
    }
}

/// The facts that a Pod exists, and that it waits for a node.
fn pod_facts(pod: &Pod) -> Vec<Fact> {
    let name = pod.name_any();
    let created = Fact {
        key: format!("{name}/created"),
        at: pod.metadata.creation_timestamp.as_ref().map(time),
        text: format!("Pod {name} created"),
        pod: Some(name.clone()),
        ..Fact::default()
    };
    let conditions = pod.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    let unscheduled = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False").map(|c| Fact {
        key: format!("{name}/unscheduled"),
        text: format!("Pod {name} waits for a node: {}", c.message.as_deref().unwrap_or("no reason is given")),
        pod: Some(name.clone()),
        mood: Mood::Bad,
        ..Fact::default()
    });
    [Some(created), unscheduled].into_iter().flatten().collect()
}

fn time(t: &Time) -> DateTime<Utc> {
    DateTime::from_timestamp(t.0.as_second(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests;
