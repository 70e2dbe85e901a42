//! Which Pods are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! One watch of our Pods feeds it and tells which SidecarJob to look at again. What we create or patch goes in at once,
//! so a decision never rests on a view that lacks our own deeds (upstream's KEP-5647 solves the same by waiting).
//! Only the engine's small form of a Pod is kept.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1 as core;
use kube::runtime::watcher::Event;

use super::memory::{Key, version};
use crate::engine::observed::Pod;

/// How many UIDs of deleted Pods are kept, so that a late answer to one of our writes does not bring a Pod back.
const GONE_MAX: usize = 20_000;

/// All our Pods, by the SidecarJob that owns them.
#[derive(Debug, Default)]
pub struct Pods(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_owner: HashMap<Key, BTreeMap<String, Seen>>,
    /// The Pods of a new list that is being read, while the old view still serves.
    list: Option<HashSet<String>>,
    gone: HashSet<String>,
    gone_order: VecDeque<String>,
    synced: bool,
}

/// A Pod and who owns it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The Pod.
    pub pod: Pod,
    /// The UID in its owner reference.
    pub owner_uid: String,
    version: u64,
}

impl Pods {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch says. Which SidecarJobs to look at again.
    pub fn observe(&self, event: Event<core::Pod>) -> Vec<Key> {
        let mut state = self.lock();
        match event {
            Event::Init => state.list = Some(HashSet::new()),
            Event::InitApply(pod) | Event::Apply(pod) => return state.put(&pod).into_iter().collect(),
            Event::Delete(pod) => return state.remove(&pod).into_iter().collect(),
            Event::InitDone => return state.finish_list(),
        }
        Vec::new()
    }

    /// Takes in the answer to one of our own writes.
    pub fn wrote(&self, pod: &core::Pod) {
        self.lock().put(pod);
    }

    /// We deleted it, and it is at least on its way out.
    pub fn deleted(&self, key: &Key, uid: &str, at: chrono::DateTime<chrono::Utc>) {
        if let Some(seen) = self.lock().by_owner.get_mut(key).and_then(|pods| pods.get_mut(uid)) {
            seen.pod.deleting_since.get_or_insert(at);
        }
    }

    /// The API server says that it is not there any more.
    pub fn gone(&self, key: &Key, uid: &str) {
        let mut state = self.lock();
        state.bury(uid);
        state.drop_pod(key, uid);
    }

    /// All Pods that name this SidecarJob as their owner, also those of an older one of the same name; oldest first.
    pub fn of(&self, key: &Key) -> Vec<Seen> {
        let mut all: Vec<Seen> =
            self.lock().by_owner.get(key).map(|pods| pods.values().cloned().collect()).unwrap_or_default();
        all.sort_by(|a, b| {
            (a.pod.created_at, a.pod.number, &a.pod.name).cmp(&(b.pod.created_at, b.pod.number, &b.pod.name))
        });
        all
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }
}

impl State {
    /// The newer of two views wins. Pods without one of our owners are not ours.
    fn put(&mut self, wire: &core::Pod) -> Option<Key> {
        let (key, owner_uid) = owner(wire)?;
        let pod = Pod::from_wire(wire)?;
        if self.gone.contains(&pod.uid) {
            return None;
        }
        if let Some(list) = &mut self.list {
            list.insert(pod.uid.clone());
        }
        let version = version(wire);
        let pods = self.by_owner.entry(key.clone()).or_default();
        if pods.get(&pod.uid).is_some_and(|old| old.version >= version) {
            return None;
        }
        pods.insert(pod.uid.clone(), Seen { pod, owner_uid, version });
        Some(key)
    }

    fn remove(&mut self, wire: &core::Pod) -> Option<Key> {
        let uid = wire.metadata.uid.as_deref()?;
        self.bury(uid);
        let (key, _) = owner(wire)?;
        self.drop_pod(&key, uid);
        Some(key)
    }

    fn drop_pod(&mut self, key: &Key, uid: &str) {
        if let Some(pods) = self.by_owner.get_mut(key) {
            pods.remove(uid);
            if pods.is_empty() {
                self.by_owner.remove(key);
            }
        }
    }

    /// What the new list does not have is gone. Own writes since the list began are in it too (`put`).
    fn finish_list(&mut self) -> Vec<Key> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let mut changed = Vec::new();
        self.by_owner.retain(|key, pods| {
            let before = pods.len();
            pods.retain(|uid, _| list.contains(uid));
            if pods.len() < before {
                changed.push(key.clone());
            }
            !pods.is_empty()
        });
        changed
    }

    fn bury(&mut self, uid: &str) {
        if self.gone.insert(uid.to_owned()) {
            self.gone_order.push_back(uid.to_owned());
        }
        if self.gone_order.len() > GONE_MAX
            && let Some(oldest) = self.gone_order.pop_front()
        {
            self.gone.remove(&oldest);
        }
    }
}

/// The SidecarJob that controls the Pod, and its UID.
fn owner(pod: &core::Pod) -> Option<(Key, String)> {
    let references = pod.metadata.owner_references.as_deref().unwrap_or_default();
    let owner = references.iter().find(|o| {
        o.controller == Some(true) && o.kind == "SidecarJob" && o.api_version.starts_with(crate::api::GROUP)
    })?;
    Some(((pod.metadata.namespace.clone()?, owner.name.clone()), owner.uid.clone()))
}

#[cfg(test)]
mod tests;
