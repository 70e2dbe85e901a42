//! Which runs are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! As `pods` does for Pods: a decision never rests on a view that lacks our own deeds. Only the engine's small form of a
//! run is kept. Of runs that are gone the latest time is remembered, so that no time runs again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{GROUP, SidecarJob};
use crate::controller::memory::{Key, version};
use crate::controller::pods::buried::Buried;
use crate::engine::schedule::observed::Run;

/// All runs, by the UID of the SidecarCronJob that owns them.
#[derive(Debug, Default)]
pub struct Runs(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    by_owner: HashMap<String, Owned>,
    /// The UIDs of a new list that is being read, while the old view still serves.
    list: Option<HashSet<String>>,
    buried: Buried,
    synced: bool,
}

#[derive(Debug, Default)]
struct Owned {
    key: Key,
    runs: BTreeMap<String, (Run, u64)>,
    reached: Option<DateTime<Utc>>,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch says. Which SidecarCronJobs to look at again.
    pub fn observe(&self, event: Event<DeserializeGuard<SidecarJob>>) -> Vec<Key> {
        let mut state = self.lock();
        match event {
            Event::Init => state.list = Some(HashSet::new()),
            Event::InitApply(job) | Event::Apply(job) => {
                return job.0.ok().and_then(|job| state.put(&job)).into_iter().collect();
            }
            Event::Delete(job) => return job.0.ok().and_then(|job| state.remove(&job)).into_iter().collect(),
            Event::InitDone => return state.finish_list(),
        }
        Vec::new()
    }

    /// Takes in the answer to one of our own writes.
    pub fn wrote(&self, job: &SidecarJob) {
        self.lock().put(job);
    }

    /// The API server says that it is not there any more.
    pub fn gone(&self, owner_uid: &str, uid: &str) {
        let mut state = self.lock();
        state.buried.for_good(uid);
        state.drop_run(owner_uid, uid);
    }

    /// The runs of a SidecarCronJob, and the latest time of which one was ever seen.
    pub fn of(&self, owner_uid: &str) -> (Vec<Run>, Option<DateTime<Utc>>) {
        let state = self.lock();
        let owned = state.by_owner.get(owner_uid);
        let runs = owned.map(|owned| owned.runs.values().map(|(run, _)| run.clone()).collect()).unwrap_or_default();
        (runs, owned.and_then(|owned| owned.reached))
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

    /// The SidecarCronJob is gone.
    pub fn forget(&self, owner_uid: &str) {
        self.lock().by_owner.remove(owner_uid);
    }
}

impl State {
    /// The newer of two views wins.
    fn put(&mut self, job: &SidecarJob) -> Option<Key> {
        let (key, owner_uid) = owner(job)?;
        let run = Run::from_wire(job)?;
        if self.buried.since(&run.uid).is_some() {
            return None;
        }
        if let Some(list) = &mut self.list {
            list.insert(run.uid.clone());
        }
        let owned = self.by_owner.entry(owner_uid).or_default();
        owned.key.clone_from(&key);
        if owned.runs.get(&run.uid).is_some_and(|(_, old)| *old >= version(job)) {
            return None;
        }
        if !run.manual {
            owned.reached = owned.reached.max(run.scheduled);
        }
        let before = owned.runs.insert(run.uid.clone(), (run.clone(), version(job)));
        // A run's own progress is nothing to its schedule.
        before.is_none_or(|(before, _)| before != run).then_some(key)
    }

    fn remove(&mut self, job: &SidecarJob) -> Option<Key> {
        let uid = job.metadata.uid.as_deref()?;
        self.buried.for_good(uid);
        let (key, owner_uid) = owner(job)?;
        self.drop_run(&owner_uid, uid);
        Some(key)
    }

    fn drop_run(&mut self, owner_uid: &str, uid: &str) {
        if let Some(owned) = self.by_owner.get_mut(owner_uid) {
            owned.runs.remove(uid);
        }
    }

    /// What the new list does not have is gone; its schedule finds that out when it looks for it.
    fn finish_list(&mut self) -> Vec<Key> {
        self.synced = true;
        let list = self.list.take().unwrap_or_default();
        let mut changed = Vec::new();
        for owned in self.by_owner.values_mut() {
            let before = owned.runs.len();
            owned.runs.retain(|uid, _| list.contains(uid));
            changed.extend((owned.runs.len() < before).then(|| owned.key.clone()));
        }
        changed
    }
}

/// The SidecarCronJob that controls the run, and its UID.
fn owner(job: &SidecarJob) -> Option<(Key, String)> {
    let references = job.metadata.owner_references.as_deref().unwrap_or_default();
    let owner = references
        .iter()
        .find(|o| o.controller == Some(true) && o.kind == "SidecarCronJob" && o.api_version.starts_with(GROUP))?;
    Some(((job.metadata.namespace.clone()?, owner.name.clone()), owner.uid.clone()))
}
