//! How do events of the watch and answers to writes become one view? The newer version of a Pod wins. The view does not
//! keep a Pod that concerns no run.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::held::{Concern, Held, concerns};
use super::news::{News, Urgency};
use super::owner::{self, Owner};
use super::routes::Routes;
use super::seen::{Foreign, Seen, Stray};
use super::{Key, Kind};
use crate::api::labels;
use crate::controller::views::buried::Buried;
use crate::controller::views::list::List;
use crate::engine::observed::{Pod, wire};

/// All that the view keeps.
#[derive(Debug, Default)]
pub struct State {
    /// Each Pod in view, by its UID.
    pub held: HashMap<String, Held>,
    pub groups: HashMap<(Kind, Key), Group>,
    /// The strays by what may concern them: UIDs of Pods.
    pub strays: HashMap<(String, Concern), BTreeSet<String>>,
    pub routes: Routes,
    /// The new list that is being read, while the old view still serves.
    pub list: Option<List>,
    /// What our own writes were news for; told with what the watch says next.
    pub untold: Vec<News>,
    pub buried: Buried,
    /// Pods in view that we delete: that they vanish is no news from others.
    pub own_deletions: HashSet<String>,
    pub synced: bool,
}

/// The Pods of all objects of one kind and name: usually there is one such object.
#[derive(Debug, Default)]
pub struct Group {
    pub owners: Vec<Owned>,
    pub next_number: u32,
}

/// The Pods of one run, oldest first.
#[derive(Debug)]
pub struct Owned {
    pub owner: Arc<Owner>,
    pub pods: Vec<Seen>,
    /// How many Pods of another manager.
    pub foreign: usize,
}

/// The order of Pods: oldest first.
fn order(a: &Pod, b: &Pod) -> Ordering {
    (a.created_at, a.number, &a.name, &a.uid).cmp(&(b.created_at, b.number, &b.name, &b.uid))
}

impl Owned {
    fn find(&self, pod: &Pod) -> Result<usize, usize> {
        self.pods.binary_search_by(|seen| order(&seen.pod, pod))
    }
}

impl State {
    /// Takes in a Pod; the newer version wins. A Pod that concerns no run is not kept.
    pub fn put(&mut self, wire: &wire::Pod) -> Vec<News> {
        let (uid, version) = (&wire.metadata.uid, wire.version());
        if uid.is_empty() || self.buried.since(uid).is_some_and(|since| since >= version) {
            return Vec::new();
        }
        if let Some(list) = &mut self.list {
            list.has(uid);
        }
        if self.held.get(uid).is_some_and(|old| old.version() >= version) {
            return Vec::new();
        }
        let uid = uid.clone();
        let old = self.take(&uid);
        let new = self.form(wire, version);
        let news = self.compare(old.as_ref(), new.as_ref());
        if let Some(new) = new {
            self.keep(uid, new);
        }
        news
    }

    /// What the view keeps of the Pod. `None` for Pods of other owners, for Pods that no run can select, and for Pods
    /// of other managers' Jobs without a finalizer. Only of a Pod that is kept the engine's form is made.
    fn form(&self, wire: &wire::Pod, version: u64) -> Option<Held> {
        let labels = &wire.metadata.labels;
        let Some(owner) = owner::of(wire) else {
            let selected_by = self.routes.selecting(&wire.metadata.namespace, labels);
            return Stray::of(wire, selected_by).map(|stray| Held::Stray(Box::new(stray)));
        };
        let (owner, pod) = (self.shared(owner?), Pod::from_wire(wire)?);
        let made_for = labels.get(labels::UID);
        if made_for.is_none() && self.routes.may_be_foreign(&owner) {
            return pod.tracked.then(|| Held::Foreign(Foreign { owner, ended: pod.ended(), version }));
        }
        if owner.kind == Kind::Job && made_for.is_none() && !pod.tracked {
            return None;
        }
        Some(Held::Seen(Seen {
            pod: Arc::new(pod),
            labelled: made_for.is_some(),
            by_uid: labels::UID_LABELS.map(|label| labels.get(label) == Some(&owner.uid)),
            by_selector: self.routes.own_selects(&owner, labels),
            owner,
            version,
        }))
    }

    /// The owner, shared with other Pods of the run.
    fn shared(&self, owner: Owner) -> Arc<Owner> {
        let known = self.groups.get(&(owner.kind, owner.key.clone()));
        let known = known.and_then(|group| group.owners.iter().find(|known| *known.owner == owner));
        known.map_or_else(|| Arc::new(owner), |known| known.owner.clone())
    }

    /// What the change of a Pod is news for.
    pub fn compare(&self, old: Option<&Held>, new: Option<&Held>) -> Vec<News> {
        let mut news = Vec::new();
        match (old, new) {
            (Some(old), Some(new)) if old.is_like(new) => return news,
            (Some(Held::Seen(old)), Some(Held::Seen(new))) if old.owner == new.owner => {
                news.push(owner_news(&new.owner, is_ours(new), Urgency::of(Some(&old.pod), &new.pod)));
            }
            (old, new) => {
                news.extend(old.map(|old| self.news(old)));
                news.extend(new.map(|new| self.news(new)));
                news.dedup();
            }
        }
        let holds_up = |held: Option<&Held>| held.is_some_and(Held::holds_up_a_job);
        if holds_up(old) != holds_up(new) {
            news.push(News::Tracking(holds_up(new)));
        }
        news
    }

    fn news(&self, held: &Held) -> News {
        match held {
            Held::Seen(seen) => owner_news(&seen.owner, is_ours(seen), Urgency::of(None, &seen.pod)),
            Held::Foreign(foreign) => owner_news(&foreign.owner, false, Urgency::Later),
            Held::Stray(stray) => {
                let by_uid = stray.uids.iter().filter_map(|(l, uid)| self.routes.of_uid(&stray.namespace, l, uid));
                let own = stray.selected_by.iter().map(|(kind, name)| (*kind, (stray.namespace.clone(), name.clone())));
                let runs: Vec<_> = by_uid.chain(own).collect();
                let is_orphan = stray.is_orphan() && runs.is_empty();
                News::Stray { runs, orphan_in: is_orphan.then(|| stray.namespace.clone()) }
            }
        }
    }

    fn keep(&mut self, uid: String, held: Held) {
        match &held {
            Held::Seen(seen) if seen.pod.ended() && !seen.pod.tracked => {
                let (kind, key) = (seen.owner.kind, seen.owner.key.clone());
                self.number_was_used(kind, &key, seen.pod.number);
                self.own_deletions.remove(&uid);
                return self.buried.at(&uid, seen.version);
            }
            Held::Seen(seen) => {
                let owned = self.owned(&seen.owner);
                let (Ok(place) | Err(place)) = owned.find(&seen.pod);
                owned.pods.insert(place, seen.clone());
            }
            Held::Foreign(foreign) => self.owned(&foreign.owner).foreign += 1,
            Held::Stray(stray) => {
                for concern in concerns(stray) {
                    self.strays.entry((stray.namespace.clone(), concern)).or_default().insert(uid.clone());
                }
            }
        }
        self.held.insert(uid, held);
    }

    fn owned(&mut self, owner: &Arc<Owner>) -> &mut Owned {
        let group = self.groups.entry((owner.kind, owner.key.clone())).or_default();
        let known = group.owners.iter().position(|known| known.owner.uid == owner.uid);
        let place = known.unwrap_or_else(|| {
            group.owners.push(Owned { owner: owner.clone(), pods: Vec::new(), foreign: 0 });
            group.owners.len() - 1
        });
        &mut group.owners[place]
    }

    /// Takes a Pod out of the view.
    pub fn take(&mut self, uid: &str) -> Option<Held> {
        let held = self.held.remove(uid)?;
        match &held {
            Held::Seen(seen) => self.take_owned(&seen.owner, |owned| {
                if let Ok(place) = owned.find(&seen.pod) {
                    owned.pods.remove(place);
                }
            }),
            Held::Foreign(foreign) => {
                self.take_owned(&foreign.owner, |owned| owned.foreign -= 1);
                self.forget_if_empty(foreign.owner.kind, &foreign.owner.key);
            }
            Held::Stray(stray) => {
                for concern in concerns(stray) {
                    let place = (stray.namespace.clone(), concern);
                    if let Some(uids) = self.strays.get_mut(&place) {
                        uids.remove(uid);
                        if uids.is_empty() {
                            self.strays.remove(&place);
                        }
                    }
                }
            }
        }
        Some(held)
    }

    fn take_owned(&mut self, owner: &Owner, take: impl FnOnce(&mut Owned)) {
        let Some(group) = self.groups.get_mut(&(owner.kind, owner.key.clone())) else { return };
        if let Some(owned) = group.owners.iter_mut().find(|owned| owned.owner.uid == owner.uid) {
            take(owned);
        }
        group.owners.retain(|owned| !owned.pods.is_empty() || owned.foreign > 0);
    }

    /// Of another manager's Job nothing is remembered.
    fn forget_if_empty(&mut self, kind: Kind, key: &Key) {
        let id = (kind, key.clone());
        if self.groups.get(&id).is_some_and(|group| group.owners.is_empty() && group.next_number == 0) {
            self.groups.remove(&id);
        }
    }

    /// Changes a Pod in view.
    fn change(&mut self, uid: &str, change: impl FnOnce(&mut Held)) {
        if let Some(mut held) = self.take(uid) {
            change(&mut held);
            self.keep(uid.to_owned(), held);
        }
    }

    /// A Pod that the view no longer keeps had the number. Without a group, only a list can still need the number;
    /// otherwise the run is gone.
    fn number_was_used(&mut self, kind: Kind, key: &Key, number: Option<u32>) {
        if self.list.is_some() || self.groups.contains_key(&(kind, key.clone())) {
            let group = self.groups.entry((kind, key.clone())).or_default();
            group.next_number = group.next_number.max(number.map_or(0, |n| n.saturating_add(1)));
        }
    }

    /// Another object has the name of the Pod of that number.
    pub fn number_is_used(&mut self, kind: Kind, key: &Key, number: u32) {
        let group = self.groups.entry((kind, key.clone())).or_default();
        group.next_number = group.next_number.max(number.saturating_add(1));
    }

    /// The Pod is to be taken in once more, although it is known in that version.
    pub fn forget_version(&mut self, uid: &str, version: u64) {
        if let Some(held) = self.held.get_mut(uid).filter(|held| held.version() == version) {
            held.forget_version();
        }
    }

    /// The controller's own writes wake no run. What the metrics count stays for the next event.
    pub fn keep_untold(&mut self, news: Vec<News>) {
        self.untold.extend(news.into_iter().filter(|n| matches!(n, News::Tracking(_))));
    }

    /// The controller is about to delete the Pod.
    pub fn will_delete(&mut self, uid: &str) {
        if self.held.contains_key(uid) {
            self.own_deletions.insert(uid.to_owned());
        }
    }

    /// The controller deleted the Pod at that time: the Pod is at least on its way out.
    pub fn deleted(&mut self, uid: &str, at: DateTime<Utc>) {
        self.change(uid, |held| {
            if let Held::Seen(seen) = held {
                Arc::make_mut(&mut seen.pod).deleting_since.get_or_insert(at);
            }
        });
    }

    /// The API server says that the Pod is gone.
    pub fn gone(&mut self, uid: &str) -> Vec<News> {
        self.note_change(uid);
        self.buried.for_good(uid);
        self.own_deletions.remove(uid);
        let old = self.take(uid);
        self.compare(old.as_ref(), None)
    }

    /// The watch says that the Pod is gone.
    pub fn remove(&mut self, wire: &wire::Pod) -> Vec<News> {
        let uid = wire.metadata.uid.as_str();
        if uid.is_empty() {
            return Vec::new();
        }
        self.buried.for_good(uid);
        let is_ours = self.own_deletions.remove(uid);
        let old = self.take(uid);
        let was_at_work = old.as_ref().and_then(Held::pod).is_some_and(|pod| pod.active());
        let urgency = if was_at_work && !is_ours { Urgency::Hold } else { Urgency::Later };
        with_urgency(self.compare(old.as_ref(), None), urgency)
    }

    /// The run is ours: Pods that looked like another manager's have to be read once more.
    pub fn run_is_ours(&mut self, owner: &Owner) {
        if !self.routes.is_ours(owner) {
            return;
        }
        let group = self.groups.get(&(owner.kind, owner.key.clone()));
        let mut owned = group.into_iter().flat_map(|group| &group.owners);
        if owned.any(|owned| owned.owner.uid == owner.uid && owned.foreign > 0) {
            self.routes.must_read(&owner.key.0); // the Pods are not another manager's
        }
    }

    /// The run is gone.
    pub fn forget(&mut self, kind: Kind, key: &Key) {
        self.routes.forget(kind, key);
        if self.groups.get(&(kind, key.clone())).is_some_and(|group| group.owners.is_empty()) {
            self.groups.remove(&(kind, key.clone()));
        }
    }
}

#[cfg(test)]
impl State {
    pub fn own_deletions(&self) -> usize {
        self.own_deletions.len()
    }

    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    pub fn held(&self) -> usize {
        self.held.len()
    }
}

fn owner_news(owner: &Owner, ours: bool, urgency: Urgency) -> News {
    News::Owner { kind: owner.kind, key: owner.key.clone(), ours, urgency }
}

fn is_ours(seen: &Seen) -> bool {
    seen.pod.tracked && seen.labelled
}

/// The same news with that urgency.
pub fn with_urgency(news: Vec<News>, urgency: Urgency) -> Vec<News> {
    let change = |news| match news {
        News::Owner { kind, key, ours, urgency: _ } => News::Owner { kind, key, ours, urgency },
        other => other,
    };
    news.into_iter().map(change).collect()
}
