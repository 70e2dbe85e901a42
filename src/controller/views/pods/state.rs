//! How do the answers of watch and writes become one view? The newer version of a Pod wins; what concerns nobody goes.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::news::{News, Urgency};
use super::owner::{self, Owner};
use super::routes::{Routes, Selects};
use super::seen::{Foreign, Seen, Stray};
use super::{Key, Kind, View};
use crate::api::labels;
use crate::controller::views::buried::Buried;
use crate::controller::views::list::List;
use crate::engine::observed::{Pod, PodRef, wire};

/// All that the view keeps.
#[derive(Debug, Default)]
pub struct State {
    /// Each Pod in view, by its UID.
    held: HashMap<String, Held>,
    groups: HashMap<(Kind, Key), Group>,
    /// The strays by what may concern them: UIDs of Pods.
    strays: HashMap<(String, Concern), BTreeSet<String>>,
    pub routes: Routes,
    /// The new list that is being read, while the old view still serves.
    list: Option<List>,
    /// What our own writes were news for; told with what the watch says next.
    pub untold: Vec<News>,
    buried: Buried,
    /// Pods in view that we delete: that they vanish is no news from others.
    own_deletions: HashSet<String>,
    pub synced: bool,
}

/// The Pods of all objects of one kind and name: usually there is one such object.
#[derive(Debug, Default)]
struct Group {
    owners: Vec<Owned>,
    next_number: u32,
}

/// The Pods of one run, oldest first.
#[derive(Debug)]
struct Owned {
    owner: Arc<Owner>,
    pods: Vec<Seen>,
    /// How many Pods of another manager.
    foreign: usize,
}

/// What is kept of one Pod, and where.
#[derive(Clone, Debug)]
enum Held {
    Seen(Seen),
    Foreign(Foreign),
    Stray(Box<Stray>),
}

/// What a stray may concern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Concern {
    /// A run that selects by this label, whose value is the run's UID.
    Uid(&'static str, String),
    /// A run with a selector of its own.
    Run(Kind, String),
    /// Nobody: the finalizer of the Pod has to be removed.
    Orphan,
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

impl Held {
    fn version(&self) -> u64 {
        match self {
            Self::Seen(seen) => seen.version,
            Self::Foreign(foreign) => foreign.version,
            Self::Stray(stray) => stray.version,
        }
    }

    /// A batch/v1 Job's Pod that has ended and still has the finalizer.
    fn holds_up_a_job(&self) -> bool {
        match self {
            Self::Seen(seen) => seen.owner.kind == Kind::Job && seen.pod.ended() && seen.pod.tracked,
            Self::Foreign(foreign) => foreign.ended,
            Self::Stray(_) => false,
        }
    }

    /// Whatever comes next is newer.
    fn forget_version(&mut self) {
        match self {
            Self::Seen(seen) => seen.version = 0,
            Self::Foreign(foreign) => foreign.version = 0,
            Self::Stray(stray) => stray.version = 0,
        }
    }

    fn pod(&self) -> Option<&Arc<Pod>> {
        match self {
            Self::Seen(seen) => Some(&seen.pod),
            Self::Foreign(_) | Self::Stray(_) => None,
        }
    }

    /// The view says the same of both, whatever their versions.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Seen(a), Self::Seen(b)) => Seen { version: b.version, ..a.clone() } == *b,
            (Self::Foreign(a), Self::Foreign(b)) => Foreign { version: b.version, ..a.clone() } == *b,
            (Self::Stray(a), Self::Stray(b)) => Stray { version: b.version, ..(**a).clone() } == **b,
            _ => false,
        }
    }
}

impl State {
    /// The newer of two views wins. What concerns nobody is not kept.
    pub fn put(&mut self, wire: &wire::Pod) -> Vec<News> {
        let (uid, version) = (&wire.metadata.uid, wire.version());
        if self.buried.since(uid).is_some_and(|since| since >= version) {
            return Vec::new();
        }
        if let Some(list) = &mut self.list {
            list.has(uid);
        }
        if self.held.get(uid).is_some_and(|old| old.version() >= version) {
            return Vec::new(); // as of most own writes: the watch shows each of them again
        }
        let Some(pod) = Pod::from_wire(wire) else { return Vec::new() };
        let uid = pod.uid.clone();
        let old = self.take(&uid);
        let new = self.form(wire, pod, version);
        let news = self.compare(old.as_ref(), new.as_ref());
        if let Some(new) = new {
            self.keep(uid, new);
        }
        news
    }

    /// What is to be kept of that Pod. Pods of other owners, and those that no run can select, concern nobody; nor do the
    /// Pods of other managers' Jobs that have no finalizer any more.
    fn form(&self, wire: &wire::Pod, pod: Pod, version: u64) -> Option<Held> {
        let labels = &wire.metadata.labels;
        let Some(owner) = owner::of(wire) else {
            let selected_by = self.routes.selecting(&wire.metadata.namespace, labels);
            let stray = Stray::of(wire, &pod, selected_by)?;
            return (!stray.uids.is_empty() || !stray.selected_by.is_empty()).then(|| Held::Stray(Box::new(stray)));
        };
        let owner = self.shared(owner?);
        let made_for = labels.get(labels::UID);
        if owner.kind == Kind::Job && made_for.is_none() && !self.routes.knows(&owner) {
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

    /// The same owner, as other Pods have it already.
    fn shared(&self, owner: Owner) -> Arc<Owner> {
        let known = self.groups.get(&(owner.kind, owner.key.clone()));
        let known = known.and_then(|group| group.owners.iter().find(|known| *known.owner == owner));
        known.map_or_else(|| Arc::new(owner), |known| known.owner.clone())
    }

    /// What the change of a Pod is news for.
    fn compare(&self, old: Option<&Held>, new: Option<&Held>) -> Vec<News> {
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
                News::Stray { runs, orphan: is_orphan.then(|| (stray.namespace.clone(), stray.pod.clone())) }
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
    fn take(&mut self, uid: &str) -> Option<Held> {
        let held = self.held.remove(uid)?;
        match &held {
            Held::Seen(seen) => self.take_owned(&seen.owner, |owned| {
                if let Ok(place) = owned.find(&seen.pod) {
                    owned.pods.remove(place);
                }
            }),
            Held::Foreign(foreign) => self.take_owned(&foreign.owner, |owned| owned.foreign -= 1),
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

    /// The same Pod, changed.
    fn change(&mut self, uid: &str, change: impl FnOnce(&mut Held)) {
        if let Some(mut held) = self.take(uid) {
            change(&mut held);
            self.keep(uid.to_owned(), held);
        }
    }

    /// A Pod that is not kept any more had the number. Without a group only a list can still tell of the run; otherwise
    /// the run is gone.
    fn number_was_used(&mut self, kind: Kind, key: &Key, number: Option<u32>) {
        if self.list.is_some() || self.groups.contains_key(&(kind, key.clone())) {
            let group = self.groups.entry((kind, key.clone())).or_default();
            group.next_number = group.next_number.max(number.map_or(0, |n| n.saturating_add(1)));
        }
    }

    pub fn number_is_used(&mut self, kind: Kind, key: &Key, number: u32) {
        let group = self.groups.entry((kind, key.clone())).or_default();
        group.next_number = group.next_number.max(number.saturating_add(1));
    }

    pub fn begin_list(&mut self) {
        self.list = Some(List::default());
    }

    /// The controller changed the Pod: a list that is being read may not have the change.
    pub fn note_change(&mut self, uid: &str) {
        if let Some(list) = &mut self.list {
            list.changed(uid);
        }
    }

    /// A list has the Pod in that version: what was known before the list began counts no more.
    pub fn believe(&mut self, uid: &str, version: u64) {
        if !self.list.as_ref().is_some_and(|list| list.outweighs(uid)) {
            return;
        }
        if self.buried.since(uid).is_some_and(|since| since > version) {
            self.buried.dig_up(uid);
        }
        if let Some(held) = self.held.get_mut(uid).filter(|held| held.version() > version) {
            held.forget_version();
        }
    }

    /// The Pod is to be taken in once more, although it is known in that version.
    pub fn forget_version(&mut self, uid: &str, version: u64) {
        if let Some(held) = self.held.get_mut(uid).filter(|held| held.version() == version) {
            held.forget_version();
        }
    }

    /// Our own writes wake no run; only what metrics count is told, with the next event.
    pub fn keep_untold(&mut self, news: Vec<News>) {
        self.untold.extend(news.into_iter().filter(|n| matches!(n, News::Tracking(_))));
    }

    pub fn will_delete(&mut self, uid: &str) {
        if self.held.contains_key(uid) {
            self.own_deletions.insert(uid.to_owned());
        }
    }

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

    /// What the new list does not have is gone. Own writes since the list began are in it too (`put`).
    pub fn finish_list(&mut self) -> Vec<News> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let gone: Vec<String> = self.held.keys().filter(|uid| !list.knows(uid)).cloned().collect();
        let mut news = Vec::new();
        for uid in gone {
            let old = self.take(&uid);
            news.extend(self.compare(old.as_ref(), None));
        }
        self.own_deletions.retain(|uid| self.held.contains_key(uid));
        with_urgency(news, Urgency::Now)
    }

    pub fn run_goes_on(&mut self, owner: &Owner, selects: Selects) {
        if !self.routes.put(owner, selects) {
            return;
        }
        let group = self.groups.get(&(owner.kind, owner.key.clone()));
        let mut owned = group.into_iter().flat_map(|group| &group.owners);
        if owned.any(|owned| owned.owner.uid == owner.uid && owned.foreign > 0) {
            self.routes.must_read(&owner.key.0); // they are not another manager's
        }
    }

    pub fn view(&self, owner: &Owner) -> View {
        let id = (owner.kind, owner.key.clone());
        let selects = self.routes.of(owner);
        let mut view = View { strays: self.strays_of(owner, selects), ..View::default() };
        let Some(group) = self.groups.get(&id) else { return view };
        view.next_number = group.next_number;
        for owned in &group.owners {
            if owned.owner.uid == owner.uid {
                view.pods = owned.pods.iter().map(|seen| seen.pod.clone()).collect();
                let unselected = owned.pods.iter().filter(|seen| !seen.is_selected(selects));
                view.unselected = unselected.map(|seen| seen.pod.to_ref()).collect();
            } else {
                let left = owned.pods.iter().filter(|seen| seen.pod.tracked && seen.was_made_for_owner());
                view.left_behind.extend(left.map(|seen| seen.pod.to_ref()));
            }
        }
        view
    }

    fn strays_of(&self, owner: &Owner, selects: Option<&Selects>) -> Vec<Stray> {
        let concern = match selects {
            Some(Selects::Uid(label)) => Concern::Uid(label, owner.uid.clone()),
            Some(Selects::Own(_)) => Concern::Run(owner.kind, owner.key.1.clone()),
            Some(Selects::Unreadable) | None => return Vec::new(),
        };
        self.strays_by(&owner.key.0, concern).cloned().collect()
    }

    fn strays_by(&self, namespace: &str, concern: Concern) -> impl Iterator<Item = &Stray> {
        let uids = self.strays.get(&(namespace.to_owned(), concern)).into_iter().flatten();
        uids.filter_map(|uid| match self.held.get(uid) {
            Some(Held::Stray(stray)) => Some(stray.as_ref()),
            _ => None,
        })
    }

    pub fn uncounted(&self, kind: Kind, key: &Key) -> Vec<(PodRef, String)> {
        let owners = self.groups.get(&(kind, key.clone())).into_iter().flat_map(|group| &group.owners);
        let pods = owners.flat_map(|owned| owned.pods.iter().filter(|seen| seen.pod.tracked));
        pods.map(|seen| (seen.pod.to_ref(), seen.owner.uid.clone())).collect()
    }

    pub fn orphans(&self, namespace: &str) -> Vec<(PodRef, String)> {
        let orphans = self.strays_by(namespace, Concern::Orphan);
        orphans.filter_map(|stray| Some((stray.pod.clone(), stray.made_for.clone()?))).collect()
    }

    pub fn forget(&mut self, kind: Kind, key: &Key) {
        self.routes.remove(kind, key);
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

/// All runs that the Pod may concern, and the Pod itself if it is an orphan of ours.
fn concerns(stray: &Stray) -> Vec<Concern> {
    let by_uid = stray.uids.iter().map(|(label, uid)| Concern::Uid(label, uid.clone()));
    let own = stray.selected_by.iter().map(|(kind, name)| Concern::Run(*kind, name.clone()));
    by_uid.chain(own).chain(stray.is_orphan().then_some(Concern::Orphan)).collect()
}

fn owner_news(owner: &Owner, ours: bool, urgency: Urgency) -> News {
    News::Owner { kind: owner.kind, key: owner.key.clone(), ours, urgency }
}

fn is_ours(seen: &Seen) -> bool {
    seen.pod.tracked && seen.labelled
}

/// The same news, as urgent as that.
pub fn with_urgency(news: Vec<News>, urgency: Urgency) -> Vec<News> {
    let change = |news| match news {
        News::Owner { kind, key, ours, urgency: _ } => News::Owner { kind, key, ours, urgency },
        other => other,
    };
    news.into_iter().map(change).collect()
}
