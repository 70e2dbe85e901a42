//! Which runs are there? Those that the watch shows and those that we wrote ourselves, whichever is newer.
//!
//! As `pods` does for Pods: a decision never rests on a view that lacks our own deeds. Only the engine's small form of a
//! run is kept. Of runs that are gone their times are remembered until the status knows of them, and the latest
//! for good, so that no time runs again or counts as missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use crate::api::{GROUP, SidecarJob};
use crate::controller::memory::{Key, version};
use crate::controller::pods::buried::Buried;
use crate::controller::pods::list::List;
use crate::engine::schedule::observed::Run;
use crate::engine::schedule::status::Status;

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
    started: BTreeSet<DateTime<Utc>>,
    /// Its SidecarCronJob is not there any more: with its last run it is forgotten.
    is_gone: bool,
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

    /// The API server says that it is not there any more.
    pub fn gone(&self, owner_uid: &str, uid: &str) {
        let mut state = self.lock();
        state.note_change(uid);
        state.buried.for_good(uid);
        state.drop_run(owner_uid, uid);
    }

    /// The runs of a SidecarCronJob, and the times of which one was ever seen: the latest, and those that its status does
    /// not know of.
    pub fn of(&self, owner_uid: &str, status: &Status) -> (Vec<Run>, BTreeSet<DateTime<Utc>>) {
        let mut state = self.lock();
        let Some(owned) = state.by_owner.get_mut(owner_uid) else { return Default::default() };
        owned.is_gone = false;
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
        let (key, owner_uid) = owner(job)?;
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
            let before = owned.runs.len();
            owned.runs.retain(|uid, _| list.knows(uid));
            changed.extend((owned.runs.len() < before).then(|| owned.key.clone()));
        }
        self.by_owner.retain(|_, owned| !owned.is_forgotten());
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

    fn read(job: SidecarJob) -> DeserializeGuard<SidecarJob> {
        DeserializeGuard(Ok(job))
    }

    fn minutes(runs: &Runs) -> Vec<String> {
        runs.of("u", &Status::default()).0.into_iter().map(|run| run.name).collect()
    }

    #[test]
    fn of_a_schedule_that_is_gone_nothing_is_kept_once_its_runs_are_gone() {
        let kept = |runs: &Runs| runs.lock().by_owner.len();
        let key: Key = ("ns".into(), "c".into());
        let runs = Runs::default();
        runs.observe(Event::Apply(read(run(1))));
        runs.owner_is_gone(&("ns".into(), "another".into()));
        runs.observe(Event::Delete(read(run(1))));
        assert_eq!(kept(&runs), 1, "a schedule that is there keeps the time of its latest run");
        runs.owner_is_gone(&key);
        assert_eq!(kept(&runs), 0);

        runs.observe(Event::Apply(read(run(2))));
        runs.owner_is_gone(&key);
        assert_eq!(kept(&runs), 1, "a run of it is still there");
        runs.observe(Event::Delete(read(run(2))));
        assert_eq!(kept(&runs), 0);

        runs.observe(Event::Apply(read(run(3))));
        runs.owner_is_gone(&key);
        runs.observe(Event::Init);
        runs.observe(Event::InitDone);
        assert_eq!(kept(&runs), 0, "nobody said that the run is gone, the new list does not have it");
    }

    #[test]
    fn a_new_list_is_believed_also_where_its_versions_are_lower_but_not_against_what_was_written_since() {
        let runs = Runs::default();
        let version = |job: SidecarJob, version: u64| {
            let mut job = job;
            job.metadata.resource_version = Some(version.to_string());
            job
        };
        let done = |mut job: SidecarJob| {
            job.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
            job
        };
        let is_going = |runs: &Runs| runs.of("u", &Status::default()).0.iter().any(|run| run.deleting);
        runs.wrote(&done(version(run(1), 900)));
        runs.wrote(&version(run(2), 901));
        runs.gone("u", "uid-2");
        runs.observe(Event::Apply(read(version(run(1), 30))));
        assert!(is_going(&runs), "an event that is older than what we know is no news");

        runs.observe(Event::Init);
        runs.wrote(&version(run(3), 35));
        runs.gone("u", "uid-3");
        for restored in [run(1), run(2), run(3)] {
            runs.observe(Event::InitApply(read(version(restored, 30))));
        }
        runs.observe(Event::InitDone);
        assert!(!is_going(&runs), "it is as the list has it");
        assert_eq!(minutes(&runs), ["c-1", "c-2"], "c-3 was deleted after the list had begun");
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
