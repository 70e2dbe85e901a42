//! Which runs are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! As `pods` does for Pods: a decision never rests on a view that lacks our own deeds. Only the engine's small form of a
//! run is kept. Of runs that are gone their times are remembered until the status knows of them, and the latest
//! for good, so that no time runs again or counts as missed; and how they ended, or that we deleted them ourselves, until
//! that is written down.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{GROUP, SCHEDULE, SidecarJob, backfilled};
use crate::controller::object::{Key, version};
use crate::controller::views::buried::Buried;
use crate::controller::views::list::List;
use crate::engine::schedule::observed::status::Status;
use crate::engine::schedule::observed::{Departed, Run};

/// All runs, by the UID of the SidecarCronJob that owns them.
#[derive(Debug, Default)]
pub struct Runs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_owner: HashMap<String, Owned>,
    /// The new list that is being read, while the old view still serves.
    list: Option<List>,
    buried: Buried,
    synced: bool,
}

#[derive(Debug, Default)]
struct Owned {
    key: Key,
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
    /// The times of which a run was ever seen: the latest, and those that the status does not know of.
    pub started: BTreeSet<DateTime<Utc>>,
    /// The same of times for which somebody asked.
    pub backfilled: BTreeSet<DateTime<Utc>>,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch says. Which SidecarCronJobs to look at again.
    pub fn observe(&self, event: Event<DeserializeGuard<SidecarJob>>) -> Vec<Key> {
        let mut state = self.lock();
        match event {
            Event::Init => state.list = Some(List::default()),
            Event::InitApply(job) => {
                job.0.iter().for_each(|job| state.believe(job));
                return job.0.ok().and_then(|job| state.put(&job)).into_iter().collect();
            }
            Event::Apply(job) => return job.0.ok().and_then(|job| state.put(&job)).into_iter().collect(),
            Event::Delete(job) => return job.0.ok().and_then(|job| state.remove(&job)).into_iter().collect(),
            Event::InitDone => return state.finish_list(),
        }
        Vec::new()
    }

    /// Takes in the answer to one of our own writes.
    pub fn wrote(&self, job: &SidecarJob) {
        let mut state = self.lock();
        state.note_change(job.metadata.uid.as_deref().unwrap_or_default());
        state.put(job);
    }

    /// We are about to delete it, to make room for the next one.
    pub fn replaces(&self, owner_uid: &str, uid: &str) {
        if let Some(owned) = self.lock().by_owner.get_mut(owner_uid) {
            owned.replaced.insert(uid.to_owned());
        }
    }

    /// The API server says that it is not there any more.
    pub fn gone(&self, owner_uid: &str, uid: &str) {
        let mut state = self.lock();
        state.note_change(uid);
        state.buried.for_good(uid);
        state.drop_run(owner_uid, uid);
    }

    /// What there is to see of a SidecarCronJob's runs, beyond what its status knows.
    pub fn of(&self, owner_uid: &str, status: &Status) -> View {
        let mut state = self.lock();
        let Some(owned) = state.by_owner.get_mut(owner_uid) else { return View::default() };
        owned.is_gone = false;
        let latest = owned.started.last().copied();
        owned.started.retain(|at| Some(*at) == latest || !status.knows(*at));
        owned.backfilled.retain(|at| !backfilled::is_settled(&status.backfilled, *at));
        owned.departed.retain(|departed| match departed.run.ended {
            Some(_) => !status.knows_end_of(&departed.run),
            None => status.active.iter().any(|active| active.uid == departed.run.uid),
        });
        View {
            runs: owned.runs.values().map(|(run, _)| run.clone()).collect(),
            departed: owned.departed.clone(),
            started: owned.started.clone(),
            backfilled: owned.backfilled.clone(),
        }
    }

    /// Those of these UIDs that are known to be gone.
    pub fn gone_of<'a>(&self, uids: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let state = self.lock();
        uids.filter(|uid| state.buried.since(uid).is_some()).map(str::to_owned).collect()
    }

    /// The first list has been read.
    pub fn synced(&self) -> bool {
        self.lock().synced
    }

    /// There is no SidecarCronJob of that name any more. What is known of its runs goes with the last of them.
    pub fn owner_is_gone(&self, key: &Key) {
        self.lock().by_owner.retain(|_, owned| {
            owned.is_gone |= owned.key == *key;
            !owned.is_forgotten()
        });
    }

    /// The SidecarCronJob is gone.
    pub fn forget(&self, owner_uid: &str) {
        self.lock().by_owner.remove(owner_uid);
    }
}

impl Owned {
    fn is_forgotten(&self) -> bool {
        self.is_gone && self.runs.is_empty()
    }
}

impl State {
    /// The newer of two views wins.
    fn put(&mut self, job: &SidecarJob) -> Option<Key> {
        let Some((key, owner_uid)) = owner(job) else { return self.lose(job.metadata.uid.as_deref()?) };
        let run = Run::from_wire(job)?;
        if self.buried.since(&run.uid).is_some() {
            return None;
        }
        if let Some(list) = &mut self.list {
            list.has(&run.uid);
        }
        let owned = self.by_owner.entry(owner_uid).or_default();
        owned.key.clone_from(&key);
        if owned.runs.get(&run.uid).is_some_and(|(_, old)| *old >= version(job)) {
            return None;
        }
        let times = if run.manual { &mut owned.backfilled } else { &mut owned.started };
        times.extend(run.scheduled);
        let before = owned.runs.insert(run.uid.clone(), (run.clone(), version(job)));
        // A run's own progress is nothing to its schedule.
        before.is_none_or(|(before, _)| before != run).then_some(key)
    }

    fn remove(&mut self, job: &SidecarJob) -> Option<Key> {
        let uid = job.metadata.uid.as_deref()?;
        self.buried.for_good(uid);
        let Some((key, owner_uid)) = owner(job) else { return self.lose(uid) };
        let owned = self.by_owner.get_mut(&owner_uid);
        if let Some(((run, _), last)) = owned.and_then(|owned| owned.runs.get_mut(uid)).zip(Run::from_wire(job)) {
            *run = last; // its end may be news, too
        }
        self.drop_run(&owner_uid, uid);
        Some(key)
    }

    /// Somebody took the owner from the run: it is gone for its schedule.
    fn lose(&mut self, uid: &str) -> Option<Key> {
        let owned = self.by_owner.iter().find(|(_, owned)| owned.runs.contains_key(uid));
        let (owner_uid, key) = owned.map(|(owner_uid, owned)| (owner_uid.clone(), owned.key.clone()))?;
        self.drop_run(&owner_uid, uid);
        Some(key)
    }

    fn drop_run(&mut self, owner_uid: &str, uid: &str) {
        if let Some(owned) = self.by_owner.get_mut(owner_uid) {
            owned.drop_run(uid);
            if owned.is_forgotten() {
                self.by_owner.remove(owner_uid);
            }
        }
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
        let (Some((_, owner_uid)), Some(uid)) = (owner(job), job.metadata.uid.as_deref()) else { return };
        if self.list.as_ref().is_some_and(|list| list.outweighs(uid)) {
            self.buried.dig_up(uid);
            let known = self.by_owner.get_mut(&owner_uid).and_then(|owned| owned.runs.get_mut(uid));
            if let Some((_, old)) = known.filter(|(_, old)| *old > version(job)) {
                *old = 0;
            }
        }
    }

    /// What the new list does not have is gone; its schedule finds that out when it looks for it.
    fn finish_list(&mut self) -> Vec<Key> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let mut changed = Vec::new();
        for owned in self.by_owner.values_mut() {
            let gone: Vec<String> = owned.runs.keys().filter(|uid| !list.knows(uid)).cloned().collect();
            gone.iter().for_each(|uid| owned.drop_run(uid));
            changed.extend((!gone.is_empty()).then(|| owned.key.clone()));
        }
        self.by_owner.retain(|_, owned| !owned.is_forgotten());
        changed
    }
}

impl Owned {
    fn drop_run(&mut self, uid: &str) {
        if let Some((run, _)) = self.runs.remove(uid) {
            self.departed.push(Departed { replaced: self.replaced.remove(uid), run });
        }
    }
}

/// The SidecarCronJob that controls the run, and its UID.
fn owner(job: &SidecarJob) -> Option<(Key, String)> {
    let references = job.metadata.owner_references.as_deref().unwrap_or_default();
    let owner = references
        .iter()
        .find(|o| o.controller == Some(true) && o.kind == SCHEDULE && o.api_version.starts_with(GROUP))?;
    Some(((job.metadata.namespace.clone()?, owner.name.clone()), owner.uid.clone()))
}

#[cfg(test)]
mod tests;
