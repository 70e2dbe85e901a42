//! What does the view keep of a Pod? Of a run's Pod the engine's small form. Of a Pod without an owner, or of another
//! manager's Pod, only what identifies the Pod and tells whether a run has to act.
//!
//! The size does not grow with what a tenant writes into a Pod: `engine::observed::Pod` limits each text, and the view
//! compares labels when the Pod arrives and does not keep them.

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
    /// The owner has a selector of its own, as far as the view knows, and the selector matches the labels of the Pod.
    pub by_selector: bool,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

/// A Pod of a batch/v1 Job that another controller manages, as far as the view knows. The Pod still has the Job's
/// finalizer.
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
    /// The labels by which runs without a selector of their own select the Pod, with their values.
    pub uids: Vec<(&'static str, String)>,
    /// The runs with a selector of their own that select the Pod.
    pub selected_by: Vec<(Kind, String)>,
    /// `metadata.resourceVersion`.
    pub version: u64,
}

impl Seen {
    /// The controller made the Pod for its owner, or the owner adopted the Pod: the Pod has our label with the owner's
    /// UID.
    pub fn was_made_for_owner(&self) -> bool {
        self.by_uid[0]
    }

    /// Whether the selector of the owner matches the labels of the Pod. True if nobody can know.
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
    /// The UID of the run that made or adopted the Pod, by our label.
    pub fn made_for(&self) -> Option<&str> {
        self.uids.iter().find(|(label, _)| *label == labels::UID).map(|(_, uid)| uid.as_str())
    }

    /// The run of that UID made or adopted the Pod.
    pub fn was_made_for(&self, uid: &str) -> bool {
        self.made_for() == Some(uid)
    }

    /// A Pod of ours that lost its owner reference: the deletion of the Pod waits for our finalizer.
    pub fn is_orphan(&self) -> bool {
        self.tracked && self.made_for().is_some()
    }

    /// The run selects the Pod.
    pub fn is_selected_by(&self, owner: &Owner, selects: Option<&Selects>) -> bool {
        match selects {
            Some(Selects::Uid(label)) => self.uids.iter().any(|(by, uid)| by == label && *uid == owner.uid),
            Some(Selects::Own(_)) => {
                self.selected_by.iter().any(|(kind, name)| *kind == owner.kind && *name == owner.key.1)
            }
            Some(Selects::Unreadable) | None => false,
        }
    }

    /// From the wire form. `selected_by` has the runs whose own selectors match the labels. `None` for a Pod that no run
    /// selects: of most Pods of a cluster nothing more is looked at.
    pub fn of(wire: &wire::Pod, selected_by: Vec<(Kind, String)>) -> Option<Self> {
        let wire::Meta { namespace, labels: all, .. } = &wire.metadata;
        let short = |value: &&String| value.len() <= MAX_LABEL;
        let uid = |label| Some((label, all.get(label).filter(short)?.clone()));
        let uids: Vec<_> = labels::UID_LABELS.into_iter().filter_map(uid).collect();
        if uids.is_empty() && selected_by.is_empty() {
            return None;
        }
        let pod = Pod::from_wire(wire)?;
        Some(Self {
            pod: pod.to_ref(),
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty())?.clone(),
            tracked: pod.tracked,
            ended: pod.ended(),
            deleting: pod.deleting_since.is_some(),
            uids,
            selected_by,
            version: wire.version(),
        })
    }
}

/// The longest label value that the API server accepts.
const MAX_LABEL: usize = 63;
