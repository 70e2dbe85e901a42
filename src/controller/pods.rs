//! Which Pods are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! One watch of Pods feeds it and tells which runs to look at again. What we create or patch goes in at once, so a
//! decision never rests on a view that lacks our own deeds (upstream's KEP-5647 solves the same by waiting).
//! Only the engine's small form of a Pod is kept, and of a Pod that has ended and is counted nothing but its number: what
//! a reconcile costs does not grow with the past.

pub mod buried;
pub mod list;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use buried::Buried;
use k8s_openapi::api::core::v1 as core;
use kube::runtime::watcher::Event;
use list::List;

use crate::api::{Kind, labels};
use crate::controller::memory::{Key, version};
use crate::engine::observed::{Pod, PodRef};

/// All Pods of runs, by their owner, and those without an owner, by their namespace.
#[derive(Debug, Default)]
pub struct Pods(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    owned: HashMap<(Kind, Key), Group>,
    strays: HashMap<String, BTreeMap<String, Seen>>,
    places: HashMap<String, Place>,
    /// The new list that is being read, while the old view still serves.
    list: Option<List>,
    /// What our own writes were news for; told with what the watch says next.
    untold: Vec<News>,
    buried: Buried,
    /// Pods in view that we delete: that they vanish is no news from others.
    own_deletions: HashSet<String>,
    synced: bool,
}

/// The Pods of one run.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    pods: BTreeMap<String, Seen>,
    next_number: u32,
}

/// Where a Pod stands in the view.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Owned(Kind, Key),
    Stray(String),
}

/// A Pod and who owns it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The Pod.
    pub pod: Pod,
    /// The UID in its owner reference; empty if it has none.
    pub owner_uid: String,
    /// Its labels, for selectors.
    pub labels: Arc<BTreeMap<String, String>>,
    version: u64,
}

impl Seen {
    /// Its label says that the run of that UID made it, or took it over.
    pub fn was_made_for(&self, uid: &str) -> bool {
        self.labels.get(labels::UID).is_some_and(|of| of == uid)
    }
}

/// What there is to see of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Its Pods, also those of an older object of the same name; oldest first.
    pub pods: Vec<Seen>,
    /// The number after those of its Pods that are not kept any more.
    pub next_number: u32,
}

/// What a change of a Pod is news for.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The run that owns it, or did.
    Owner {
        /// Its kind.
        kind: Kind,
        /// Its namespace and name.
        key: Key,
        /// The Pod carries a label that only we give and still has to be counted.
        ours: bool,
    },
    /// Every run of its namespace whose selector matches its labels.
    Stray {
        /// Its namespace.
        namespace: String,
        /// Its labels.
        labels: Arc<BTreeMap<String, String>>,
        /// The Pod, if it carries a label that only we give and our finalizer: somebody took its owner away.
        orphan: Option<PodRef>,
    },
    /// A Pod that has ended got (true) or lost (false) a batch/v1 Job's finalizer.
    Tracking(bool),
}

impl Pods {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch says. What it is news for.
    pub fn observe(&self, event: Event<core::Pod>) -> Vec<News> {
        let mut state = self.lock();
        let mut news = match event {
            Event::Init => {
                state.list = Some(List::default());
                Vec::new()
            }
            Event::InitApply(pod) => {
                state.believe(pod.metadata.uid.as_deref().unwrap_or_default(), version(&pod));
                state.put(&pod)
            }
            Event::Apply(pod) => state.put(&pod),
            Event::Delete(pod) => state.remove(&pod),
            Event::InitDone => state.finish_list(),
        };
        news.append(&mut state.untold);
        news
    }

    /// Takes in the answer to one of our own writes. It wakes nobody: who wrote knows.
    pub fn wrote(&self, pod: &core::Pod) {
        let mut state = self.lock();
        state.note_change(pod.metadata.uid.as_deref().unwrap_or_default());
        let news = state.put(pod);
        state.untold.extend(news.into_iter().filter(|n| matches!(n, News::Tracking(_))));
    }

    /// We are about to delete it.
    pub fn will_delete(&self, uid: &str) {
        let mut state = self.lock();
        if state.places.contains_key(uid) {
            state.own_deletions.insert(uid.to_owned());
        }
    }

    /// The watch says that it is gone: whether somebody else deleted it while it was at work.
    pub fn vanishes(&self, uid: &str) -> bool {
        let mut state = self.lock();
        !state.own_deletions.remove(uid) && state.get_mut(uid).is_some_and(|seen| seen.pod.active())
    }

    /// We deleted it, and it is at least on its way out.
    pub fn deleted(&self, uid: &str, at: chrono::DateTime<chrono::Utc>) {
        let mut state = self.lock();
        if let Some(seen) = state.get_mut(uid) {
            seen.pod.deleting_since.get_or_insert(at);
        }
    }

    /// The API server says that it is not there any more.
    pub fn gone(&self, uid: &str) {
        let mut state = self.lock();
        state.note_change(uid);
        state.buried.for_good(uid);
        state.own_deletions.remove(uid);
        let news = state.take(uid);
        state.untold.extend(news.into_iter().filter(|n| matches!(n, News::Tracking(_))));
    }

    /// The name of that number is another's: the number is not used.
    pub fn name_is_taken(&self, kind: Kind, key: &Key, number: u32) {
        let mut state = self.lock();
        let group = state.owned.entry((kind, key.clone())).or_default();
        group.next_number = group.next_number.max(number.saturating_add(1));
    }

    /// What there is to see of that run.
    pub fn of(&self, kind: Kind, key: &Key) -> View {
        let Group { pods, next_number } = self.lock().owned.get(&(kind, key.clone())).cloned().unwrap_or_default();
        let mut pods: Vec<Seen> = pods.into_values().collect();
        pods.sort_by(|a, b| {
            (a.pod.created_at, a.pod.number, &a.pod.name).cmp(&(b.pod.created_at, b.pod.number, &b.pod.name))
        });
        View { pods, next_number }
    }

    /// The Pods of that namespace without an owner.
    pub fn strays(&self, namespace: &str) -> Vec<Seen> {
        self.lock().strays.get(namespace).map(|pods| pods.values().cloned().collect()).unwrap_or_default()
    }

    /// The run is gone, and so is what was kept of its past.
    pub fn forget(&self, kind: Kind, key: &Key) {
        let mut state = self.lock();
        let key = (kind, key.clone());
        if state.owned.get(&key).is_some_and(|group| group.pods.is_empty()) {
            state.owned.remove(&key);
        }
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }
}

impl State {
    fn get_mut(&mut self, uid: &str) -> Option<&mut Seen> {
        match self.places.get(uid)? {
            Place::Owned(kind, key) => self.owned.get_mut(&(*kind, key.clone()))?.pods.get_mut(uid),
            Place::Stray(namespace) => self.strays.get_mut(namespace)?.get_mut(uid),
        }
    }

    /// The newer of two views wins. What is of no interest to anybody is not kept.
    fn put(&mut self, wire: &core::Pod) -> Vec<News> {
        let (Some(pod), version) = (Pod::from_wire(wire), version(wire)) else { return Vec::new() };
        if self.buried.since(&pod.uid).is_some_and(|since| since >= version) {
            return Vec::new();
        }
        if let Some(list) = &mut self.list {
            list.has(&pod.uid);
        }
        if self.get_mut(&pod.uid).is_some_and(|old| old.version >= version) {
            return Vec::new();
        }
        let uid = pod.uid.clone();
        let mut news = self.take(&uid);
        if let Some((place, seen)) = place(wire, pod, version) {
            news.push(seen.news(&place));
            news.extend(seen.holds_up_a_job(&place).then_some(News::Tracking(true)));
            self.keep(uid, place, seen);
        }
        // It held its Job up before, and does so still: no news.
        if news.contains(&News::Tracking(false)) && news.contains(&News::Tracking(true)) {
            news.retain(|n| !matches!(n, News::Tracking(_)));
        }
        news.dedup();
        news
    }

    fn keep(&mut self, uid: String, place: Place, seen: Seen) {
        match &place {
            Place::Owned(kind, key) => {
                if seen.pod.ended() && !seen.pod.tracked {
                    self.number_is_used(*kind, key, seen.pod.number);
                    self.own_deletions.remove(&uid);
                    return self.buried.at(&uid, seen.version);
                }
                self.owned.entry((*kind, key.clone())).or_default().pods.insert(uid.clone(), seen);
            }
            Place::Stray(namespace) => {
                self.strays.entry(namespace.clone()).or_default().insert(uid.clone(), seen);
            }
        }
        self.places.insert(uid, place);
    }

    /// By a Pod that is not kept any more. Of a run that no other Pod told of only a list has one: else the run is gone.
    fn number_is_used(&mut self, kind: Kind, key: &Key, number: Option<u32>) {
        let group = match self.list {
            Some(_) => Some(self.owned.entry((kind, key.clone())).or_default()),
            None => self.owned.get_mut(&(kind, key.clone())),
        };
        if let Some(group) = group {
            group.next_number = group.next_number.max(number.map_or(0, |n| n.saturating_add(1)));
        }
    }

    /// We changed it.
    fn note_change(&mut self, uid: &str) {
        if let Some(list) = &mut self.list {
            list.changed(uid);
        }
    }

    /// A list has the Pod in that version: what was known before the list began counts no more.
    fn believe(&mut self, uid: &str, version: u64) {
        if !self.list.as_ref().is_some_and(|list| list.outweighs(uid)) {
            return;
        }
        if self.buried.since(uid).is_some_and(|since| since > version) {
            self.buried.dig_up(uid);
        }
        if let Some(seen) = self.get_mut(uid).filter(|seen| seen.version > version) {
            seen.version = 0;
        }
    }

    /// Takes a Pod out of the view. What it is news for.
    fn take(&mut self, uid: &str) -> Vec<News> {
        let Some(place) = self.places.remove(uid) else { return Vec::new() };
        let seen = match &place {
            Place::Owned(kind, key) => {
                self.owned.get_mut(&(*kind, key.clone())).and_then(|group| group.pods.remove(uid))
            }
            Place::Stray(namespace) => {
                let seen = self.strays.get_mut(namespace).and_then(|pods| pods.remove(uid));
                self.strays.retain(|_, pods| !pods.is_empty());
                seen
            }
        };
        let Some(seen) = seen else { return Vec::new() };
        let let_go = seen.holds_up_a_job(&place).then_some(News::Tracking(false));
        std::iter::once(seen.news(&place)).chain(let_go).collect()
    }

    fn remove(&mut self, wire: &core::Pod) -> Vec<News> {
        let Some(uid) = wire.metadata.uid.as_deref() else { return Vec::new() };
        self.buried.for_good(uid);
        self.own_deletions.remove(uid);
        self.take(uid)
    }

    /// What the new list does not have is gone. Own writes since the list began are in it too (`put`).
    fn finish_list(&mut self) -> Vec<News> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let gone: Vec<String> = self.places.keys().filter(|uid| !list.knows(uid)).cloned().collect();
        let news = gone.iter().flat_map(|uid| self.take(uid)).collect();
        self.own_deletions.retain(|uid| self.places.contains_key(uid));
        news
    }
}

impl Seen {
    /// A batch/v1 Job's Pod that has ended and still has the finalizer.
    fn holds_up_a_job(&self, place: &Place) -> bool {
        matches!(place, Place::Owned(Kind::Job, _)) && self.pod.ended() && self.pod.tracked
    }

    fn news(&self, place: &Place) -> News {
        let ours = self.pod.tracked && self.labels.contains_key(labels::UID);
        match place {
            Place::Owned(kind, key) => News::Owner { kind: *kind, key: key.clone(), ours },
            Place::Stray(namespace) => News::Stray {
                namespace: namespace.clone(),
                labels: self.labels.clone(),
                orphan: ours.then(|| self.pod.to_ref()),
            },
        }
    }
}

/// Where the Pod belongs: to a run, or to nobody. Pods of other owners, and those that no selector can match, are of no
/// interest; nor are the Pods of other managers' Jobs that have no finalizer any more.
fn place(wire: &core::Pod, pod: Pod, version: u64) -> Option<(Place, Seen)> {
    let meta = &wire.metadata;
    let namespace = meta.namespace.clone()?;
    let labels = Arc::new(meta.labels.clone().unwrap_or_default());
    let controller = meta.owner_references.iter().flatten().find(|o| o.controller == Some(true));
    let Some(owner) = controller else {
        let seen = Seen { pod, owner_uid: String::new(), labels, version };
        return (!seen.labels.is_empty()).then_some((Place::Stray(namespace), seen));
    };
    let kind = Kind::of_reference(&owner.api_version, &owner.kind)?;
    let seen = Seen { pod, owner_uid: owner.uid.clone(), labels, version };
    let kept = kind == Kind::SidecarJob || seen.pod.tracked || seen.labels.contains_key(labels::UID);
    kept.then(|| (Place::Owned(kind, (namespace, owner.name.clone())), seen))
}

#[cfg(test)]
mod tests;
