//! What is a change of a Pod news for, and how urgent is the news?

use crate::api::Kind;
use crate::controller::object::Key;
use crate::engine::observed::Pod;

/// What a change of a Pod is news for.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The run that owns the Pod, or owned the Pod before.
    Owner {
        /// Its kind.
        kind: Kind,
        /// Its namespace and name.
        key: Key,
        /// The Pod has our label and still has to be counted.
        ours: bool,
        /// When to reconcile the run.
        urgency: Urgency,
    },
    /// A Pod without an owner has come, changed or gone.
    Stray {
        /// The runs that go on and select the Pod.
        runs: Vec<(Kind, Key)>,
        /// The namespace, if the Pod is ours and no run in view selects it: somebody removed the owner reference.
        orphan_in: Option<String>,
    },
    /// A Pod that has ended got (true) or lost (false) a batch/v1 Job's finalizer.
    Tracking(bool),
}

/// When the controller reconciles a run because of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Now: a Pod may have to be counted, or a step is due beside the Pods that run.
    Now,
    /// After the batch period: the Pod is being deleted, or gone, or not ours to count; or the change only matters to
    /// people, for example when a Pod becomes ready.
    Later,
    /// After the batch period, and no Pod is created before: somebody deleted a Pod that ran. People who delete one Pod
    /// often delete more Pods and the run too, so a new Pod would be useless.
    Hold,
}

impl Urgency {
    /// The urgency of a Pod of a run that came or changed.
    pub fn of(old: Option<&Pod>, new: &Pod) -> Self {
        if !new.tracked || (!new.ended() && new.deleting_since.is_some()) {
            return Self::Later;
        }
        match old {
            Some(old) if new.differs_for_people_only(old) => Self::Later,
            _ => Self::Now,
        }
    }
}
