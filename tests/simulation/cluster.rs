//! What there is: one run, its Pods, and the clock.
//!
//! Who changes it: `server` (the controller's calls), `kubelet`, `users`. What must hold is checked where it could break,
//! and the first break is kept with the story that led to it.

use std::collections::BTreeSet;
use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sidecarjob::api::Kind;

use crate::books::Books;
use crate::world::clock::{Clock, stamp};
use crate::world::dice::Dice;
use crate::world::faults::Faults;
use crate::world::store::{Store, finalizers, generation, is_deleting, is_true, name, uid};

/// The name of the run in all histories.
pub const NAME: &str = "job";
/// Pods, as the API server calls them.
pub const PODS: &str = "pods";

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
    pub clock: Clock,
    pub store: Store,
    /// Pods whose main containers are done and whose kubelet says nothing any more.
    pub silent: BTreeSet<String>,
    pub faults: Faults,
    pub books: Books,
    /// The version of the run that the controller knows.
    pub known: u64,
    /// The run as the controller that lives got it when it asked for it last.
    pub looked: Option<Value>,
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
            clock: Clock::start(),
            store: Store::default(),
            silent: BTreeSet::new(),
            faults: Faults::default(),
            books: Books::default(),
            known: 0,
            looked: None,
            story: Vec::new(),
            broken: None,
        }
    }

    // --- time and story

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// As on the wire.
    pub fn stamp(&self) -> String {
        self.clock.stamp()
    }

    pub fn tell(&mut self, what: impl Display) {
        self.story.push(format!("{:>7.1}s {what}", self.clock.elapsed()));
    }

    /// Keeps the first break.
    pub fn must(&mut self, holds: bool, otherwise: impl Display) {
        if !holds && self.broken.is_none() {
            self.tell(format!("BROKEN: {otherwise}"));
            self.broken = Some(otherwise.to_string());
        }
    }

    // --- storage

    /// The run's kind, as the API server calls it.
    pub fn runs(&self) -> &'static str {
        match self.kind {
            Kind::SidecarJob => "sidecarjobs",
            Kind::Job => "jobs",
        }
    }

    /// The run.
    pub fn job(&self) -> Option<&Value> {
        self.store.get(self.runs(), NAME)
    }

    pub fn pod(&self, name: &str) -> Option<&Value> {
        self.store.get(PODS, name)
    }

    pub fn pods(&self) -> impl Iterator<Item = &Value> {
        self.store.all(PODS)
    }

    /// Stores the run, under a new version. It goes when it is being deleted and nothing holds it.
    pub fn put_job(&mut self, job: Value) -> Value {
        let stored = self.store.put(self.runs(), job);
        if self.job().is_none() {
            self.tell("the object is gone");
        }
        stored
    }

    /// Stores a Pod, under a new version: itself as it is now. It goes when it is being deleted, nothing holds it and
    /// nothing of it runs.
    pub fn put_pod(&mut self, pod: Value) -> Value {
        let stored = self.store.put(PODS, pod);
        if self.pod(name(&stored)).is_none() {
            self.tell(format!("Pod {} is gone", name(&stored)));
            self.silent.remove(name(&stored)); // another one of its name has another kubelet
        }
        stored
    }

    /// Changes a Pod that is there.
    pub fn change_pod(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut pod) = self.pod(name).cloned() {
            change(&mut pod);
            self.put_pod(pod);
        }
    }

    /// Deletes a Pod, as the API server does for anybody: one that is on a node gets a grace period.
    pub fn delete_pod(&mut self, name: &str) -> Option<Value> {
        let mut pod = self.pod(name)?.clone();
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
        self.job().map(uid)
    }

    /// The run as the controller knows it.
    pub fn known_job(&self) -> Option<&Value> {
        self.store.log(self.runs()).iter().rev().find(|c| c.version == self.known).map(|c| &c.object)
    }

    pub fn is_finished(&self) -> bool {
        self.job().is_some_and(|job| is_true(job, "Complete") || is_true(job, "Failed"))
    }

    /// Names of the Pods for which that holds.
    pub fn names(&self, holds: impl Fn(&Value) -> bool) -> Vec<String> {
        self.pods().filter(|pod| holds(pod)).map(|pod| name(pod).to_owned()).collect()
    }
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

pub fn index(pod: &Value) -> Option<u64> {
    pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"].as_str()?.parse().ok()
}

/// One of the two finalizers that hold a Pod until it is counted.
pub fn is_tracked(pod: &Value) -> bool {
    let held = |f: &&str| Kind::ALL.iter().any(|k| k.finalizer() == *f);
    finalizers(pod).iter().any(held)
}
