//! What is kept of a Pod? Of a run's Pod the engine's small form; of a Pod without an owner, and of another manager's
//! Pod, only what identifies the Pod and tells whether a run has to act on it.
//!
//! Nothing here grows with what a tenant writes into a Pod: `engine::observed::Pod` bounds each text, labels are compared
//! when the Pod arrives, and are not kept.

use std::sync::Arc;

use super::owner::Owner;
use super::routes::Selects;
use crate::api::{Kind, labels};
use crate::engine::observed::{Pod, PodRef, wire};

/// The Pod of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The Pod.
    pub pod: Arc<Pod>,
    /// Its owner; the Pods of one run share the value.
    pub owner: Arc<Owner>,
    /// The Pod has our label, with whatever value.
    pub labelled: bool,
    /// Which of `labels::UID_LABELS` the Pod has with the UID of its owner.
    pub by_uid: [bool; 3],
    /// The owner has a selector of its own, as far as is known, and the selector matches the labels of the Pod.
    pub by_selector: bool,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

/// A Pod of a batch/v1 Job that another controller manages, as far as is known. The Pod still has the Job's finalizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its owner; the Pods of one Job share the value.
    pub owner: Arc<Owner>,
    /// The Pod has ended.
    pub ended: bool,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

/// A Pod without an owner that a run may adopt, or that waits for its finalizer to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The Pod.
    pub pod: PodRef,
    /// Its namespace.
    pub namespace: String,
    /// The Pod has a finalizer of ours.
    pub tracked: bool,
    /// The Pod has ended.
    pub ended: bool,
    /// The Pod is being deleted.
    pub deleting: bool,
    /// The value of our label: the UID of the run that made or adopted the Pod.
    pub made_for: Option<String>,
    /// The labels by which runs without a selector of their own select, with their values.
    pub uids: Vec<(&'static str, String)>,
    /// The runs with a selector of their own that select the Pod.
    pub selected_by: Vec<(Kind, String)>,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

impl Seen {
    /// The controller made the Pod for its owner, or adopted the Pod: the Pod has our label with the owner's UID.
    pub fn was_made_for_owner(&self) -> bool {
        self.by_uid[0]
    }

    /// The selector of the owner matches the labels of the Pod. What can't be known is so.
    pub fn is_selected(&self, selects: Option<&Selects>) -> bool {
        match selects {
            Some(Selects::Uid(label)) => {
                labels::UID_LABELS.iter().zip(self.by_uid).any(|(known, has)| known == label && has)
            }
            Some(Selects::Own(_)) => self.by_selector,
            Some(Selects::Unreadable) | None => true,
        }
    }
}

impl Stray {
    /// The run of that UID made or adopted the Pod.
    pub fn was_made_for(&self, uid: &str) -> bool {
        self.made_for.as_deref() == Some(uid)
    }

    /// A Pod of ours that lost its owner reference: the deletion of the Pod waits for our finalizer.
    pub fn is_orphan(&self) -> bool {
        self.tracked && self.made_for.is_some()
    }

    /// From the wire. `selected_by` are the runs whose own selectors match the labels. `None`: the Pod has no namespace.
    pub fn of(wire: &wire::Pod, pod: &Pod, selected_by: Vec<(Kind, String)>) -> Option<Self> {
        let wire::Meta { namespace, labels: all, .. } = &wire.metadata;
        let short = |value: &&String| value.len() <= MAX_LABEL;
        let uids = labels::UID_LABELS.iter().filter_map(|label| Some((*label, all.get(*label).filter(short)?.clone())));
        Some(Self {
            pod: pod.to_ref(),
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty())?.clone(),
            tracked: pod.tracked,
            ended: pod.ended(),
            deleting: pod.deleting_since.is_some(),
            made_for: all.get(labels::UID).filter(short).cloned(),
            uids: uids.collect(),
            selected_by,
            version: wire.version(),
        })
    }
}

/// The longest value of a label that the API server takes.
const MAX_LABEL: usize = 63;
