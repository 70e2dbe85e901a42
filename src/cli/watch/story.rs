//! What is told of a run, and in which words?
//!
//! From what is seen now follow the facts, in their order; each is told once. Times in the left column are when it was
//! seen, or the cluster's own if it is long past; durations are the cluster's, in whole seconds. Pure: the time is told.

mod containers;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::api::SidecarJob;
use crate::api::conditions::types;
use crate::api::labels;

/// How long ago something may have happened to be told with the time it was seen.
const FRESH_SECONDS: f64 = 3.0;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Since the SidecarJob was created.
    pub seconds: f64,
    /// What happened.
    pub text: String,
    /// In which Pod.
    pub pod: Option<String>,
    /// To which container.
    pub container: Option<String>,
    /// Its colour.
    pub mood: Mood,
}

/// How it is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// As it goes.
    #[default]
    Plain,
    /// As it should.
    Good,
    /// As it should not.
    Bad,
}

impl Line {
    /// As an object with stable names.
    pub fn to_json(&self) -> Value {
        let seconds = (self.seconds * 10.0).round() / 10.0;
        json!({"seconds": seconds, "pod": self.pod, "container": self.container, "text": self.text})
    }
}

/// Something that is or was so.
#[derive(Clone, Debug, Default)]
struct Fact {
    /// Two facts of one key are one.
    key: String,
    at: Option<DateTime<Utc>>,
    text: String,
    pod: Option<String>,
    container: Option<String>,
    mood: Mood,
}

/// A run and what was told of it.
pub struct Story {
    job: SidecarJob,
    pods: BTreeMap<String, Pod>,
    told: BTreeSet<String>,
}

impl Story {
    /// Nothing is told yet.
    pub fn new(job: SidecarJob) -> Self {
        Self { job, pods: BTreeMap::new(), told: BTreeSet::new() }
    }

    /// The name of the SidecarJob.
    pub fn name(&self) -> String {
        self.job.name_any()
    }

    /// The SidecarJob is like this now.
    pub fn job(&mut self, job: SidecarJob) {
        self.job = job;
    }

    /// A Pod of it is like this now.
    pub fn pod(&mut self, pod: Pod) {
        self.pods.insert(pod.name_any(), pod);
    }

    /// Complete, or Failed, once it is over.
    pub fn end(&self) -> Option<bool> {
        let is = |type_| self.condition(type_).is_some();
        if is(types::COMPLETE) { Some(true) } else { is(types::FAILED).then_some(false) }
    }

    /// What has not been told, in the order in which it happened.
    pub fn tell(&mut self, now: DateTime<Utc>) -> Vec<Line> {
        let created = self.job.metadata.creation_timestamp.as_ref().map_or(now, time);
        let since = |at: DateTime<Utc>| ((at - created).as_seconds_f64()).max(0.0);
        let mut facts: Vec<Fact> = self.facts().into_iter().filter(|f| self.told.insert(f.key.clone())).collect();
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

    /// A condition that is True, told anew when its message changes.
    fn told_by<'a>(&'a self, type_: &'a str, word: &'a str, mood: Mood) -> impl Iterator<Item = Fact> + use<'a> {
        self.condition(type_).into_iter().map(move |c| Fact {
            key: format!("{type_}/{}/{}", c.last_transition_time.0, c.message),
            at: Some(time(&c.last_transition_time)),
            text: format!("{word}: {}", if c.message.is_empty() { &c.reason } else { &c.message }),
            mood,
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

/// That it is there, and that it waits for a node.
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

/// Names in an annotation, separated by commas.
fn names<'a>(pod: &'a Pod, annotation: &str) -> impl Iterator<Item = &'a str> {
    pod.annotations().get(annotation).map_or("", String::as_str).split(',').filter(|n| !n.is_empty())
}

fn is_main(pod: &Pod, container: &str) -> bool {
    names(pod, labels::MAIN).any(|n| n == container)
}

fn time(t: &Time) -> DateTime<Utc> {
    DateTime::from_timestamp(t.0.as_second(), 0).unwrap_or_default()
}

#[cfg(test)]
mod tests;
