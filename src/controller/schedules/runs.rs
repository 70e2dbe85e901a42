//! Which runs are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! As `pods` does for Pods: a decision never rests on a view that lacks our own deeds. Only the engine's small form of a
//! run is kept. Of runs that are gone their times are remembered until the status knows of them, and the latest
//! for good, so that no time runs again or counts as missed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{GROUP, SidecarJob};
use crate::controller::memory::{Key, version};
use crate::controller::pods::buried::Buried;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::status::Status;

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
    started: BTreeSet<DateTime<Utc>>,
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

    /// The runs of a SidecarCronJob, and the times of which one was ever seen: the latest, and those that its status does
    /// not know of.
    pub fn of(&self, owner_uid: &str, status: &Status) -> (Vec<Run>, BTreeSet<DateTime<Utc>>) {
        let mut state = self.lock();
        let Some(owned) = state.by_owner.get_mut(owner_uid) else { return Default::default() };
        let latest = owned.started.last().copied();
        owned.started.retain(|at| Some(*at) == latest || !status.knows(*at));
        (owned.runs.values().map(|(run, _)| run.clone()).collect(), owned.started.clone())
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
            owned.started.extend(run.scheduled);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn time(minute: u32) -> DateTime<Utc> {
        format!("2026-01-01T00:{minute:02}:00Z").parse().expect("a time")
    }

    fn run(minute: u32) -> SidecarJob {
        let owner = json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "name": "c", "uid": "u", "controller": true
        });
        let meta = json!({
            "name": format!("c-{minute}"), "namespace": "ns", "uid": format!("uid-{minute}"), "ownerReferences": [owner],
            "resourceVersion": (minute + 1).to_string(),
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": time(minute).to_rfc3339()}
        });
        serde_json::from_value(json!({"metadata": meta, "spec": {"template": {}}})).expect("a SidecarJob")
    }

    #[test]
    fn times_of_runs_that_are_gone_are_kept_until_the_status_knows_of_them_and_the_latest_for_good() {
        let runs = Runs::default();
        [1, 2, 3].iter().for_each(|minute| runs.wrote(&run(*minute)));
        [1, 2, 3].iter().for_each(|minute| runs.gone("u", &format!("uid-{minute}")));
        let times = |known: Option<u32>| {
            let status = Status { last_schedule: known.map(time), queued: vec![time(2)], ..Status::default() };
            let (there, started) = runs.of("u", &status);
            assert_eq!(there, []);
            started.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(times(None), [time(1), time(2), time(3)]);
        assert_eq!(times(Some(1)), [time(2), time(3)]);
        assert_eq!(times(Some(3)), [time(2), time(3)], "one that is in the queue is not known to have run");
        assert_eq!(times(Some(9)), [time(2), time(3)], "a watch may show its like again");
    }
}
