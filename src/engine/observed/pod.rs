//! A Pod as it was seen: phase, times, and each container with its state.
//!
//! Facts only. What they mean for the job is `count`'s part.

use std::collections::BTreeMap;

use super::container::{Container, containers};
use chrono::{DateTime, TimeDelta, Utc};
use k8s_openapi::api::core::v1 as core;

use crate::api::{self, labels};
use crate::engine::observed::{text, time, wire};

/// A Pod of the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Which of the job's Pods it is, from its label; Pods of other origin have none.
    pub number: Option<u32>,
    /// Its completion index, from its annotation.
    pub index: Option<u32>,
    /// How many Pods of its index failed before it.
    pub index_failures: IndexFailures,
    /// `metadata.creationTimestamp`.
    pub created_at: DateTime<Utc>,
    /// It has a deletionTimestamp, and since when: the grace period is taken off. Once its kubelet has ended it, the API
    /// server keeps the time of that, and no longer when the deletion began.
    pub deleting_since: Option<DateTime<Utc>>,
    /// Whether its kubelet knew of the deletion when it last wrote the status: by `observedGeneration`, which Kubernetes
    /// before 1.33 does not have.
    pub deletion_is_reported: Option<bool>,
    /// It carries our finalizer, so is not counted yet.
    pub tracked: bool,
    /// `spec.nodeName`: the node that the scheduler gave it.
    pub node: Option<Box<str>>,
    /// `status.phase`.
    pub phase: Phase,
    /// `status.reason`: the word of the kubelet that failed the Pod whatever its containers did, as Evicted.
    pub reason: Option<String>,
    /// Since when it is Ready.
    pub ready_since: Option<DateTime<Utc>>,
    /// Since when it is not Ready.
    pub unready_since: Option<DateTime<Utc>>,
    /// When the kubelet first saw it.
    pub started_at: Option<DateTime<Utc>>,
    /// `spec.activeDeadlineSeconds`.
    pub deadline_seconds: Option<i64>,
    /// How long the kubelet waits before it kills: `spec.terminationGracePeriodSeconds`, or what its deletion says.
    pub grace: TimeDelta,
    /// The scheduler's words, while no node takes it.
    pub unschedulable: Option<String>,
    /// What its annotations say.
    pub marks: Marks,
    /// Type and status of its conditions, for `spec.podFailurePolicy`.
    pub conditions: Vec<(String, String)>,
    /// Init containers first, then containers, in the order of the spec.
    pub containers: Vec<Container>,
}

/// What the annotations of a Pod say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Its sidecars were not made native when it was created.
    pub managed: bool,
    /// Since when its sidecars are being stopped, or it is being ended.
    pub stopping_since: Option<DateTime<Utc>>,
    /// Why the controller failed it.
    pub failed: Option<String>,
    /// The sidecars that it was sent with; none in a Pod that somebody else made.
    pub sidecars: Option<Vec<String>>,
    /// The names of its other annotations, of the first some: those that it was not sent with tell who changed it.
    pub others: Vec<String>,
}

/// How many Pods of an index failed before this one (KEP-3850).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexFailures {
    /// Those that count.
    pub counted: u32,
    /// Those that a failure policy ignored.
    pub ignored: u32,
}

impl IndexFailures {
    /// Both.
    pub fn all(self) -> u32 {
        self.counted.saturating_add(self.ignored)
    }
}

/// A Pod by name, and by the UID that says it is still the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
}

/// `status.phase`; what is absent or unknown is Pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing runs yet.
    Pending,
    /// Something runs.
    Running,
    /// All ended, with success.
    Succeeded,
    /// All ended, not all with success.
    Failed,
}

impl Pod {
    /// From the wire. `None` if it has no name or UID, so did not come from an API server.
    pub fn from_wire(wire: &wire::Pod) -> Option<Self> {
        let wire::Pod { metadata: meta, spec, status } = wire;
        if meta.name.is_empty() || meta.uid.is_empty() {
            return None;
        }
        let annotation = |name: &str| {
            let text = meta.annotations.get(name)?;
            text.parse::<i32>().ok().and_then(|n| u32::try_from(n).ok()) // as upstream: what does not fit is none
        };
        Some(Self {
            name: meta.name.clone(),
            uid: meta.uid.clone(),
            number: meta.labels.get(labels::ATTEMPT).and_then(|n| n.parse().ok()),
            index: annotation(labels::COMPLETION_INDEX),
            index_failures: IndexFailures {
                counted: annotation(labels::INDEX_FAILURE_COUNT).unwrap_or(0),
                ignored: annotation(labels::INDEX_IGNORED_FAILURE_COUNT).unwrap_or(0),
            },
            created_at: at(meta.creation_timestamp).unwrap_or_default(),
            deleting_since: at(meta.deletion_timestamp)
                .map(|at| time::before(at, time::seconds(meta.deletion_grace_period_seconds.unwrap_or(0)))),
            deletion_is_reported: deletion_is_reported(wire),
            tracked: api::Kind::ALL.iter().any(|k| meta.finalizers.iter().any(|f| f == k.finalizer())),
            node: Some(&spec.node_name).filter(|node| !node.is_empty()).map(|node| text::cut(node).into()),
            phase: phase(&status.phase),
            reason: Some(&status.reason).filter(|reason| !reason.is_empty()).map(|reason| own(reason)),
            ready_since: since_ready(status, "True"),
            unready_since: since_ready(status, "False"),
            started_at: at(status.start_time),
            deadline_seconds: spec.active_deadline_seconds,
            grace: grace(wire),
            unschedulable: unschedulable(status),
            marks: marks(&meta.annotations),
            conditions: status.conditions.iter().map(|c| (own(&c.type_), own(&c.status))).take(text::MOST).collect(),
            containers: containers(wire),
        })
    }

    /// Nothing of it runs any more, and nothing will.
    pub fn ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// It has not ended and is not being deleted.
    pub fn active(&self) -> bool {
        !self.ended() && self.deleting_since.is_none()
    }

    /// It is being deleted and has not ended.
    pub fn terminating(&self) -> bool {
        !self.ended() && self.deleting_since.is_some()
    }

    /// When its own deadline passes, from which on the kubelet ends it: `spec.activeDeadlineSeconds` after its start.
    pub fn deadline_at(&self) -> Option<DateTime<Utc>> {
        Some(time::after(self.started_at?, time::seconds(self.deadline_seconds?)))
    }

    /// A container ended in such a way that the kubelet starts all containers of the Pod again.
    pub fn starts_again(&self) -> bool {
        !self.ended() && self.containers.iter().any(|c| c.matched_rule().is_some_and(|rule| rule.all_containers))
    }

    /// Of the same Pod at two times: nothing changed but what people are told, so no step can be due.
    pub fn differs_for_people_only(&self, old: &Self) -> bool {
        let mut same = self.clone();
        (same.ready_since, same.unready_since) = (old.ready_since, old.unready_since);
        (same.node, same.unschedulable) = (old.node.clone(), old.unschedulable.clone());
        same.conditions.clone_from(&old.conditions);
        for (new, old) in same.containers.iter_mut().zip(&old.containers) {
            new.cant_start.clone_from(&old.cant_start);
        }
        same == *old
    }

    /// Its name and UID.
    pub fn to_ref(&self) -> PodRef {
        PodRef { name: self.name.clone(), uid: self.uid.clone() }
    }
}

fn phase(word: &str) -> Phase {
    match word {
        "Running" => Phase::Running,
        "Succeeded" => Phase::Succeeded,
        "Failed" => Phase::Failed,
        _ => Phase::Pending,
    }
}

fn at(time: Option<wire::Time>) -> Option<DateTime<Utc>> {
    time?.at()
}

/// Since when the Ready condition has that status.
fn since_ready(status: &wire::Status, is: &str) -> Option<DateTime<Utc>> {
    let ready = status.conditions.iter().find(|c| c.type_ == "Ready" && c.status == is)?;
    Some(at(ready.last_transition_time).unwrap_or_default())
}

/// A deletion is a generation of its own, but for the one with which the kubelet says that nothing is left.
fn deletion_is_reported(wire: &wire::Pod) -> Option<bool> {
    at(wire.metadata.deletion_timestamp)?;
    let (made, reported) = (wire.metadata.generation, wire.status.observed_generation);
    (made > 0 && reported > 0).then_some(reported >= made)
}

/// What Kubernetes gives a Pod that says nothing.
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// How long the kubelet waits until it kills what is left of such a Pod.
pub fn grace_seconds(spec: &core::PodSpec) -> i64 {
    spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS)
}

fn grace(wire: &wire::Pod) -> TimeDelta {
    let is_deleting = at(wire.metadata.deletion_timestamp).is_some();
    let of_deletion = wire.metadata.deletion_grace_period_seconds.filter(|_| is_deleting);
    let of_spec = || wire.spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS);
    time::seconds(of_deletion.unwrap_or_else(of_spec))
}

fn unschedulable(status: &wire::Status) -> Option<String> {
    let refused =
        |c: &&wire::Condition| c.type_ == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable";
    status.conditions.iter().find(refused).map(|c| own(&c.message))
}

fn own(text: &str) -> String {
    text::cut(text).to_owned()
}

fn marks(all: &BTreeMap<String, String>) -> Marks {
    Marks {
        managed: all.get(labels::MODE).is_some_and(|mode| mode == labels::MANAGED),
        stopping_since: all.get(labels::STOPPING_SINCE).and_then(|text| time::parse(text)),
        failed: all.get(labels::FAILED).map(|reason| own(reason)),
        sidecars: all.get(labels::SIDECARS).map(|names| names.split(',').take(text::MOST).map(own).collect()),
        others: all.keys().filter(|name| !labels::is_ours(name)).take(text::MOST).map(|name| own(name)).collect(),
    }
}
