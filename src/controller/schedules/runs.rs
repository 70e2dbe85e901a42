//! Which runs are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! As `pods` does for Pods: a decision never rests on a view that lacks our own deeds. Only the engine's small form of a
//! run is kept. Of runs that are gone their times are remembered until the status knows of them, and the latest
//! for good, so that no time runs again or counts as missed; and how they ended, or that we deleted them ourselves, until
//! that is written down.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kube::runtime::watcher::Event;
use parking_lot::Mutex;

use crate::api::{SidecarJob, backfilled, labels, scheduled_run};
use crate::controller::object::{Key, version};
use crate::controller::views::buried::Buried;
use crate::controller::views::list::List;
use crate::controller::watched::Watched;
use crate::engine::schedule::observed::status::{Status, is_credible};
use crate::engine::schedule::observed::{Cron, Departed, Run};

/// All runs, by the SidecarCronJob that owns them.
#[derive(Debug, Default)]
pub struct Runs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_owner: HashMap<Arc<Owner>, Owned>,
    /// The owner of each run, by the UID of the run.
    owners: HashMap<String, Arc<Owner>>,
    /// The new list that is being read, while the old view still serves.
    list: Option<List>,
    buried: Buried,
    synced: bool,
}

/// A SidecarCronJob as its runs name it. A reference from another namespace, or with another name, is none: the garbage
/// collector deletes such a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Namespace and name.
    pub key: Key,
    /// `metadata.uid`.
    pub uid: String,
}

#[derive(Debug, Default)]
struct Owned {
    runs: BTreeMap<String, (Run, u64)>,
    /// UIDs of runs that we delete to make room.
    replaced: HashSet<String>,
    departed: Vec<Departed>,
    started: BTreeSet<DateTime<Utc>>,
    backfilled: BTreeSet<DateTime<Utc>>,
    /// Its SidecarCronJob is not there any more: with its last run it is forgotten.
    is_gone: bool,
}

/// What there is to see of the runs of one SidecarCronJob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Those that are there.
    pub runs: Vec<Run>,
    /// Those that are gone, as long as the status does not know what became of them.
    pub departed: Vec<Departed>,
    /// The times of which a run was ever seen: the latest up to now, and those that the status does not know of.
    pub started: BTreeSet<DateTime<Utc>>,
    /// The same of times for which somebody asked.
    pub backfilled: BTreeSet<DateTime<Utc>>,
}

impl Runs {
    /// Takes in what the watch says. Which SidecarCronJobs to look at again.
    pub fn observe(&self, event: Event<Watched<SidecarJob>>) -> Vec<Key> {
        let mut state = self.0.lock();
        match event {
            Event::Init => state.list = Some(List::default()),
            Event::InitApply(job) => {
                job.0.iter().for_each(|job| state.believe(job));
                return job.0.map(|job| state.put(&job)).unwrap_or_default();
            }
            Event::Apply(job) => return job.0.map(|job| state.put(&job)).unwrap_or_default(),
            Event::Delete(job) => return job.0.ok().and_then(|job| state.remove(&job)).into_iter().collect(),
            Event::InitDone => return state.finish_list(),
        }
        Vec::new()
    }

    /// Takes in the answer to one of our own writes.
    pub fn wrote(&self, job: &SidecarJob) {
        let mut state = self.0.lock();
        state.note_change(job.metadata.uid.as_deref().unwrap_or_default());
        state.put(job);
    }

    /// We are about to delete it, to make room for the next one.
    pub fn replaces(&self, owner: &Owner, uid: &str) {
        if let Some(owned) = self.0.lock().by_owner.get_mut(owner) {
            owned.replaced.insert(uid.to_owned());
        }
    }

    /// The API server says that this run, which exists, is no run of a schedule any more: somebody took its owner or its label
    /// away.
    pub fn left(&self, job: &SidecarJob) {
        let mut state = self.0.lock();
        state.note_change(job.metadata.uid.as_deref().unwrap_or_default());
        state.remove(job);
    }

    /// The API server says that the time has a run of this SidecarCronJob, whether the view shows the run or not.
    pub fn ran(&self, owner: &Owner, at: DateTime<Utc>) {
        self.0.lock().by_owner.entry(Arc::new(owner.clone())).or_default().started.insert(at);
    }

    /// The run of that UID is in view.
    pub fn has(&self, uid: &str) -> bool {
        self.0.lock().owners.contains_key(uid)
    }

    /// The API server says that it is not there any more.
    pub fn gone(&self, uid: &str) {
        let mut state = self.0.lock();
        state.note_change(uid);
        state.buried.for_good(uid);
        state.drop_run(uid);
    }

    /// What there is to see of a SidecarCronJob's runs, beyond what its status knows.
    pub fn of(&self, owner: &Owner, status: &Status, now: DateTime<Utc>) -> View {
        let mut state = self.0.lock();
        let Some(owned) = state.by_owner.get_mut(owner) else { return View::default() };
        owned.is_gone = false;
        let latest = owned.started.range(..=now).next_back().copied();
        owned.started.retain(|at| Some(*at) == latest || (!status.knows(*at) && is_credible(*at, now)));
        owned.backfilled.retain(|at| !backfilled::is_settled(&status.backfilled, *at));
        let written = status.written();
        owned.departed.retain(|departed| match departed.run.ended {
            Some(_) => !written.has_end_of(&departed.run),
            None => written.is_active(&departed.run.uid),
        });
        View {
            runs: owned.runs.values().map(|(run, _)| run.clone()).collect(),
            departed: owned.departed.clone(),
            started: owned.started.clone(),
            backfilled: owned.backfilled.clone(),
        }
    }

    /// Those of these UIDs that are known to be gone, or to belong to another SidecarCronJob.
    pub fn gone_of<'a>(&self, owner: &Owner, uids: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let state = self.0.lock();
        let is_of_another = |uid: &str| state.owners.get(uid).is_some_and(|other| **other != *owner);
        uids.filter(|uid| state.buried.since(uid).is_some() || is_of_another(uid)).map(str::to_owned).collect()
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.0.lock().synced
    }

    /// There is no SidecarCronJob of that name any more. What is known of its runs goes with the last of them.
    pub fn owner_is_gone(&self, key: &Key) {
        self.0.lock().by_owner.retain(|owner, owned| {
            owned.is_gone |= owner.key == *key;
            !owned.is_forgotten()
        });
    }

    /// The SidecarCronJob is gone.
    pub fn forget(&self, owner: &Owner) {
        let mut state = self.0.lock();
        let owned = state.by_owner.remove(owner).unwrap_or_default();
        owned.runs.keys().for_each(|uid| drop(state.owners.remove(uid)));
    }
}

impl Owned {
    fn is_forgotten(&self) -> bool {
        self.is_gone && self.runs.is_empty()
    }
}

impl State {
    /// The newer of two views wins. Which SidecarCronJobs to look at again.
    fn put(&mut self, job: &SidecarJob) -> Vec<Key> {
        let Some(uid) = job.metadata.uid.clone() else { return Vec::new() };
        if self.buried.since(&uid).is_some_and(|until| version(job) <= until) {
            return Vec::new();
        }
        if let Some(list) = &mut self.list {
            list.has(&uid);
        }
        if self.known(&uid).is_some_and(|(_, known)| *known >= version(job)) {
            return Vec::new();
        }
        let owner = Owner::of_run(job).map(Arc::new);
        let mut changed = match self.owners.get(&uid) {
            Some(before) if Some(before) != owner.as_ref() => self.drop_run(&uid).into_iter().collect(),
            _ => Vec::new(),
        };
        let Some((owner, run)) = owner.zip(Run::from_wire(job)) else { return changed };
        self.buried.dig_up(&uid); // it had left its schedule, and is back
        let owned = self.by_owner.entry(owner.clone()).or_default();
        let times = if run.manual { &mut owned.backfilled } else { &mut owned.started };
        times.extend(run.scheduled);
        let before = owned.runs.insert(uid.clone(), (run.clone(), version(job)));
        self.owners.insert(uid, owner.clone());
        // A run's own progress is nothing to its schedule.
        if before.is_none_or(|(before, _)| before != run) {
            changed.push(owner.key.clone());
        }
        changed
    }

    /// The run as it is known, and its version.
    fn known(&mut self, uid: &str) -> Option<&mut (Run, u64)> {
        self.by_owner.get_mut(self.owners.get(uid)?)?.runs.get_mut(uid)
    }

    fn remove(&mut self, job: &SidecarJob) -> Option<Key> {
        let uid = job.metadata.uid.as_deref()?;
        match Owner::of_run(job).is_some() {
            true => self.buried.for_good(uid),
            false => self.buried.at(uid, version(job)), // it may be there, and come back
        }
        if let Some(((run, _), last)) = self.known(uid).zip(Run::from_wire(job)) {
            *run = last; // its end may be news, too
        }
        self.drop_run(uid).or_else(|| Owner::of_run(job).map(|owner| owner.key))
    }

    /// It is gone, or gone for its schedule: somebody took the owner from the run. Which schedule that is.
    fn drop_run(&mut self, uid: &str) -> Option<Key> {
        let owner = self.owners.remove(uid)?;
        let owned = self.by_owner.get_mut(&owner)?;
        owned.drop_run(uid);
        if owned.is_forgotten() {
            self.by_owner.remove(&owner);
        }
        Some(owner.key.clone())
    }

    /// Something that a list which is being read may not know of.
    fn note_change(&mut self, uid: &str) {
        if let Some(list) = &mut self.list {
            list.changed(uid);
        }
    }

    /// A list has that run: what was known before the list began counts no more, even if its version is higher, as after a
    /// restore of the API server's data.
    fn believe(&mut self, job: &SidecarJob) {
        let Some(uid) = job.metadata.uid.as_deref() else { return };
        if self.list.as_ref().is_some_and(|list| list.outweighs(uid)) {
            self.buried.dig_up(uid);
            if let Some((_, old)) = self.known(uid).filter(|(_, old)| *old > version(job)) {
                *old = 0;
            }
        }
    }

    /// What the new list does not have is gone; its schedule finds that out when it looks for it.
    fn finish_list(&mut self) -> Vec<Key> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let gone: Vec<String> = self.owners.keys().filter(|uid| !list.knows(uid)).cloned().collect();
        let changed: BTreeSet<Key> = gone.iter().filter_map(|uid| self.drop_run(uid)).collect();
        changed.into_iter().collect()
    }
}

impl Owned {
    fn drop_run(&mut self, uid: &str) {
        if let Some((run, _)) = self.runs.remove(uid) {
            self.departed.push(Departed { replaced: self.replaced.remove(uid), run });
        }
    }
}

impl Owner {
    /// The owner with these runs.
    pub fn of(cron: &Cron) -> Self {
        Self { key: (cron.namespace.clone(), cron.name.clone()), uid: cron.uid.clone() }
    }

    /// The SidecarCronJob that controls the run. None for a run without the label: the watch does not show what becomes of
    /// such a run, so it would be active for ever.
    pub fn of_run(job: &SidecarJob) -> Option<Self> {
        let owner = scheduled_run::owner_of(job).filter(|_| is_selected(job))?;
        Some(Self { key: (job.metadata.namespace.clone()?, owner.name.clone()), uid: owner.uid.clone() })
    }
}

/// The watch of runs selects by this label.
fn is_selected(job: &SidecarJob) -> bool {
    job.metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(labels::SCHEDULE))
}

#[cfg(test)]
mod tests;
