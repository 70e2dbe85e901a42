//! What there is: one run, its Pods, every version of both, and the clock. The API server's storage, no more.
//!
//! Who changes it: `server` (the controller's calls), `kubelet`, `users`. What must hold is checked where it could break,
//! and the first break is kept with the story that led to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sidecarjob::api::Kind;
use tokio::time::Instant;

use crate::books::Books;
use crate::dice::Dice;
use crate::server::Faults;

/// The name and the namespace of the run in all histories.
pub const NAME: &str = "job";
pub const NAMESPACE: &str = "ns";

/// An object as it was at one version.
#[derive(Clone)]
pub struct Change {
    pub version: u64,
    /// It was deleted with this version.
    pub gone: bool,
    pub object: Value,
}

/// How the main containers of Pods end.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    /// By the dice.
    Open,
    /// By the Pod's place: the same in every telling, whatever else happens.
    Fixed(u64),
    /// Well.
    Good,
}

pub struct World {
    pub kind: Kind,
    pub dice: Dice,
    pub fate: Fate,
    /// The container `side` decides nothing.
    pub has_sidecars: bool,
    start: Instant,
    version: u64,
    pub job: Option<Value>,
    pub pods: BTreeMap<String, Value>,
    /// Pods whose main containers are done and whose kubelet says nothing any more.
    pub silent: BTreeSet<String>,
    /// All versions of the run, and of the Pods, as a watch shows them.
    pub job_log: Vec<Change>,
    pub pod_log: Vec<Change>,
    pub faults: Faults,
    pub books: Books,
    /// Writes of the controller.
    pub writes: usize,
    /// Calls of the controller.
    pub calls: u32,
    /// The version of the run that the controller knows.
    pub known: u64,
    pub story: Vec<String>,
    /// The first thing that must not be.
    pub broken: Option<String>,
}

impl World {
    pub fn new(kind: Kind, dice: Dice, fate: Fate) -> Self {
        Self {
            kind,
            dice,
            fate,
            has_sidecars: false,
            start: Instant::now(),
            version: 10,
            job: None,
            pods: BTreeMap::new(),
            silent: BTreeSet::new(),
            job_log: Vec::new(),
            pod_log: Vec::new(),
            faults: Faults::default(),
            books: Books::default(),
            writes: 0,
            calls: 0,
            known: 0,
            story: Vec::new(),
            broken: None,
        }
    }

    // --- time and story

    /// Tokio's paused clock is the clock of this world.
    pub fn now(&self) -> DateTime<Utc> {
        now_since(self.start)
    }

    /// As on the wire.
    pub fn stamp(&self) -> String {
        stamp(self.now())
    }

    pub fn start(&self) -> Instant {
        self.start
    }

    pub fn tell(&mut self, what: impl Display) {
        let seconds = self.start.elapsed().as_secs_f64();
        self.story.push(format!("{seconds:>7.1}s {what}"));
    }

    /// Keeps the first break.
    pub fn must(&mut self, holds: bool, otherwise: impl Display) {
        if !holds && self.broken.is_none() {
            self.tell(format!("BROKEN: {otherwise}"));
            self.broken = Some(otherwise.to_string());
        }
    }

    // --- storage

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// A UID that says when the object was made.
    pub fn new_uid(&mut self, what: &str) -> String {
        format!("{what}-{}", self.next_version())
    }

    /// Stores the run, under a new version. It goes when it is being deleted and nothing holds it.
    pub fn put_job(&mut self, mut job: Value) {
        let version = self.next_version();
        job["metadata"]["resourceVersion"] = json!(version.to_string());
        let gone = is_deleting(&job) && finalizers(&job).is_empty();
        self.job_log.push(Change { version, gone, object: job.clone() });
        self.job = (!gone).then_some(job);
        if gone {
            self.tell("the object is gone");
        }
    }

    /// Stores a Pod, under a new version: itself as it is now. It goes when it is being deleted, nothing holds it and
    /// nothing of it runs.
    pub fn put_pod(&mut self, mut pod: Value) -> Value {
        let version = self.next_version();
        pod["metadata"]["resourceVersion"] = json!(version.to_string());
        let (name, at_once) = (name(&pod).to_owned(), pod["metadata"]["deletionGracePeriodSeconds"] == json!(0));
        let gone = is_deleting(&pod) && finalizers(&pod).is_empty() && (at_once || has_ended(&pod));
        self.pod_log.push(Change { version, gone, object: pod.clone() });
        if gone {
            self.tell(format!("Pod {name} is gone"));
            self.pods.remove(&name);
        } else {
            self.pods.insert(name, pod.clone());
        }
        pod
    }

    /// Changes a Pod that is there.
    pub fn change_pod(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut pod) = self.pods.get(name).cloned() {
            change(&mut pod);
            self.put_pod(pod);
        }
    }

    /// Deletes a Pod, as the API server does for anybody: one that is on a node gets a grace period.
    pub fn delete_pod(&mut self, name: &str) -> Option<Value> {
        let mut pod = self.pods.get(name)?.clone();
        if !is_deleting(&pod) {
            let at_once = has_ended(&pod) || pod["spec"]["nodeName"].is_null();
            let grace = if at_once { 0 } else { 30 };
            pod["metadata"]["deletionTimestamp"] = json!(stamp(self.now() + TimeDelta::seconds(grace)));
            pod["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
            pod["metadata"]["generation"] = json!(generation(&pod) + 1);
            self.books.pod_deleted(&pod);
        }
        Some(self.put_pod(pod))
    }

    // --- looks

    pub fn job_uid(&self) -> Option<&str> {
        self.job.as_ref().map(uid)
    }

    /// The run as the controller knows it.
    pub fn known_job(&self) -> Option<&Value> {
        self.job_log.iter().rev().find(|c| c.version == self.known).map(|c| &c.object)
    }

    pub fn is_finished(&self) -> bool {
        self.job.as_ref().is_some_and(|job| is_true(job, "Complete") || is_true(job, "Failed"))
    }

    /// Names of the Pods for which that holds.
    pub fn names(&self, holds: impl Fn(&Value) -> bool) -> Vec<String> {
        self.pods.iter().filter(|(_, pod)| holds(pod)).map(|(name, _)| name.clone()).collect()
    }
}

pub fn now_since(start: Instant) -> DateTime<Utc> {
    let begin = DateTime::from_timestamp(1_767_225_600, 0).expect("a time");
    begin + TimeDelta::from_std(start.elapsed()).expect("a span")
}

pub fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

pub fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or(1)
}

pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

pub fn finalizers(object: &Value) -> Vec<&str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

pub fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

pub fn is_true(job: &Value, type_: &str) -> bool {
    let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|c| c["type"] == type_ && c["status"] == "True")
}

pub fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].as_str().unwrap_or_default()
}

pub fn has_ended(pod: &Value) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// It may run, or will.
pub fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !is_deleting(pod)
}

/// The UID of the owner that controls it.
pub fn owner(pod: &Value) -> Option<&str> {
    let owners = pod["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owners.into_iter().find(|o| o["controller"] == true)?["uid"].as_str()
}

pub fn index(pod: &Value) -> Option<u64> {
    pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"].as_str()?.parse().ok()
}

/// One of the two finalizers that hold a Pod until it is counted.
pub fn is_tracked(pod: &Value) -> bool {
    let held = |f: &&str| Kind::ALL.iter().any(|k| k.finalizer() == *f);
    finalizers(pod).iter().any(held)
}
