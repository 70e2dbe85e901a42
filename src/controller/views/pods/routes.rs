//! Which runs does a Pod without an owner concern? The routing table: the runs that go on, by UID, and those with a
//! selector of their own, by namespace.
//!
//! Almost every run selects its Pods by a label with its UID. A run with a selector of its own is rare. Only for such
//! runs does the view compare the labels of Pods without an owner, and only in the namespace of the run.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kube::core::{Selector, SelectorExt};

use super::owner::Owner;
use crate::api::{Kind, labels};
use crate::controller::object::Key;

/// How a run selects its Pods.
#[derive(Clone, Debug, PartialEq)]
pub enum Selects {
    /// By this label, whose value is the UID of the run.
    Uid(&'static str),
    /// By a selector of its own.
    Own(Selector),
    /// The selector can't be read: no Pod is adopted, and none is released.
    Unreadable,
}

/// A run that goes on.
#[derive(Clone, Debug, PartialEq)]
struct Route {
    uid: String,
    selects: Selects,
    /// The UID of the run that had this name before and went on, as far as the view knew.
    before: Option<String>,
}

/// Why the Pods of a namespace have to be read once more, and which task reads them.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// The number of the latest reason.
    pub reason: u64,
    /// The task that reads holds this mutex.
    pub gate: Arc<tokio::sync::Mutex<()>>,
}

/// The table.
#[derive(Debug, Default)]
pub struct Routes {
    runs: HashMap<(Kind, Key), Route>,
    by_uid: HashMap<String, (Kind, Key)>,
    /// The UIDs of the Jobs that are ours, also of those that have ended: all others are another manager's, as far as is
    /// known.
    jobs: HashMap<Key, String>,
    /// The runs with a selector of their own.
    own: HashMap<String, BTreeMap<(Kind, String), Selector>>,
    /// Namespaces whose Pods have to be read once more, because the view kept too little of the Pods before it knew the
    /// runs.
    unread: HashMap<String, Unread>,
    /// How many reasons to read there have been.
    reasons: u64,
}

impl Routes {
    /// The run goes on.
    pub fn put(&mut self, owner: &Owner, selects: Selects) {
        let id = (owner.kind, owner.key.clone());
        let known = self.runs.get(&id);
        if known.is_some_and(|known| known.uid == owner.uid && known.selects == selects) {
            return;
        }
        let before = known.and_then(|known| match known.uid == owner.uid {
            true => known.before.clone(),
            false => Some(known.uid.clone()),
        });
        self.remove(owner.kind, &owner.key);
        if let Selects::Own(selector) = &selects {
            let own = self.own.entry(owner.key.0.clone()).or_default();
            own.insert((owner.kind, owner.key.1.clone()), selector.clone());
            self.must_read(&owner.key.0);
        }
        self.by_uid.insert(owner.uid.clone(), id.clone());
        self.runs.insert(id, Route { uid: owner.uid.clone(), selects, before });
    }

    /// The run has ended, is being deleted, or is gone.
    pub fn remove(&mut self, kind: Kind, key: &Key) {
        let Some(route) = self.runs.remove(&(kind, key.clone())) else { return };
        self.by_uid.remove(&route.uid);
        if let Some(own) = self.own.get_mut(&key.0) {
            own.remove(&(kind, key.1.clone()));
            if own.is_empty() {
                self.own.remove(&key.0);
            }
        }
    }

    /// The run is ours. True if that is news of a Job.
    pub fn is_ours(&mut self, owner: &Owner) -> bool {
        owner.kind == Kind::Job && self.jobs.insert(owner.key.clone(), owner.uid.clone()).as_ref() != Some(&owner.uid)
    }

    /// The owner may be another manager's Job.
    pub fn may_be_foreign(&self, owner: &Owner) -> bool {
        owner.kind == Kind::Job && self.jobs.get(&owner.key) != Some(&owner.uid)
    }

    /// The run is gone.
    pub fn forget(&mut self, kind: Kind, key: &Key) {
        self.remove(kind, key);
        if kind == Kind::Job {
            self.jobs.remove(key);
        }
    }

    /// How the owner selects its Pods, if the owner is a run that goes on.
    pub fn of(&self, owner: &Owner) -> Option<&Selects> {
        let route = self.runs.get(&(owner.kind, owner.key.clone())).filter(|route| route.uid == owner.uid)?;
        Some(&route.selects)
    }

    /// The UID of the run whose name the owner took, if the view never saw the end of that run.
    pub fn before(&self, owner: &Owner) -> Option<&str> {
        let route = self.runs.get(&(owner.kind, owner.key.clone())).filter(|route| route.uid == owner.uid)?;
        route.before.as_deref()
    }

    /// The owner has a selector of its own that matches these labels.
    pub fn own_selects(&self, owner: &Owner, labels: &BTreeMap<String, String>) -> bool {
        matches!(self.of(owner), Some(Selects::Own(selector)) if selector.matches(labels))
    }

    /// The runs with a selector of their own that matches these labels.
    pub fn selecting(&self, namespace: &str, labels: &BTreeMap<String, String>) -> Vec<(Kind, String)> {
        let here = self.own.get(namespace).into_iter().flatten();
        here.filter(|(_, selector)| selector.matches(labels)).map(|(run, _)| run.clone()).collect()
    }

    /// The run of that UID in that namespace, if the run selects by this label, or made the Pod.
    pub fn of_uid(&self, namespace: &str, label: &'static str, uid: &str) -> Option<(Kind, Key)> {
        let id = self.by_uid.get(uid).filter(|(_, key)| key.0 == namespace)?;
        let selects = &self.runs.get(id)?.selects;
        (label == labels::UID || *selects == Selects::Uid(label)).then(|| id.clone())
    }

    /// The view may have too little of the Pods of that namespace.
    pub fn must_read(&mut self, namespace: &str) {
        self.reasons += 1;
        self.unread.entry(namespace.to_owned()).or_default().reason = self.reasons;
    }

    /// Why the Pods of that namespace have to be read once more, if so.
    pub fn unread(&self, namespace: &str) -> Option<Unread> {
        self.unread.get(namespace).cloned()
    }

    /// The Pods of that namespace were read, for all reasons up to this one.
    pub fn was_read(&mut self, namespace: &str, reason: u64) {
        if self.unread.get(namespace).is_some_and(|unread| unread.reason <= reason) {
            self.unread.remove(namespace);
        }
    }
}
