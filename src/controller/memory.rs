//! What does the controller remember of each run between two reconciles? Nothing that it could not lose.
//!
//! Its own last write, which neither the watch nor a list has shown yet; the API server's refusal of a Pod; how many tries
//! failed in a row; of a batch/v1 Job, whose status has no place for it, the failures since its last success (upstream forgets
//! those with a restart too). After a restart all else is found out again.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use kube::ResourceExt;
use kube::runtime::watcher::Event;

use crate::controller::error;
use crate::controller::managed::Managed;
use crate::controller::object::{Key, key, version};
use crate::engine::observed::status::Backoff;
use crate::engine::observed::{Job, Refusal};

/// All that is remembered.
#[derive(Debug)]
pub struct Memory<K> {
    entries: Mutex<HashMap<Key, Entry<K>>>,
    /// How many lists of the objects have begun.
    lists: AtomicU64,
}

#[derive(Debug)]
struct Entry<K> {
    /// Of which object, once it was seen; another one of the same name starts clean.
    uid: Option<String>,
    /// Our last write, and how many lists had begun before.
    written: Option<(Arc<K>, u64)>,
    /// The engine's form of the object, and the version that it was made from.
    observed: Option<(u64, Job)>,
    refused: Option<(Refusal, u32)>,
    /// Tries that failed in a row, and conflicts in a row.
    failures: u32,
    conflicts: u32,
    held_since: Option<DateTime<Utc>>,
    vanished_at: Option<DateTime<Utc>>,
    backoff: Option<Backoff>,
    /// Names of Pods, or of a schedule's runs, whose creation got no clear answer.
    unclear: BTreeSet<String>,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self { entries: Mutex::default(), lists: AtomicU64::default() }
    }
}

impl<K> Default for Entry<K> {
    fn default() -> Self {
        Self {
            uid: None,
            written: None,
            observed: None,
            refused: None,
            failures: 0,
            conflicts: 0,
            held_since: None,
            vanished_at: None,
            backoff: None,
            unclear: BTreeSet::new(),
        }
    }
}

impl<K: kube::Resource<DynamicType = ()>> Memory<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry<K>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The view has taken in what the watch says. What we wrote before a list began is in that list, or is not there any
    /// more, as after a restore of the API server's data: then the list's versions are lower, and are believed.
    pub fn view_took_in<T>(&self, event: &Event<T>) {
        match event {
            Event::Init => drop(self.lists.fetch_add(1, Ordering::SeqCst)),
            Event::InitDone => {
                let lists = self.lists.load(Ordering::SeqCst);
                for entry in self.lock().values_mut() {
                    entry.written.take_if(|(_, before)| *before < lists);
                }
            }
            Event::InitApply(_) | Event::Apply(_) | Event::Delete(_) => {}
        }
    }

    /// The newer of what the watch shows and what was written last.
    pub fn newest(&self, watched: Arc<K>) -> Arc<K> {
        let mut all = self.lock();
        let Some(entry) = all.get_mut(&key(&*watched)) else { return watched };
        if entry.uid.is_some() && entry.uid != watched.uid() {
            *entry = Entry::default();
        }
        entry.uid = watched.uid();
        match &entry.written {
            Some((own, _)) if version(&**own) > version(&*watched) => own.clone(),
            _ => {
                entry.written = None;
                watched
            }
        }
    }

    /// This is what was written last.
    pub fn wrote(&self, job: Arc<K>) {
        let key = key(&*job);
        let written = Some((job.clone(), self.lists.load(Ordering::SeqCst)));
        let mut all = self.lock();
        let entry = all.entry(key).or_default();
        (entry.uid, entry.written, entry.held_since) = (job.uid(), written, None);
    }

    /// The engine's form of that object, made once for each version of it, with the failures since the last success where
    /// the status has no place for them. `None` if the object did not come from an API server.
    pub fn observed(&self, key: &Key, object: &K) -> Option<Job>
    where
        K: Managed,
    {
        let known = |entry: &Entry<K>| {
            let (version, job) = entry.observed.as_ref()?;
            (*version == self::version(object) && Some(&job.uid) == object.meta().uid.as_ref()).then(|| job.clone())
        };
        let known = self.lock().get(key).and_then(known);
        let mut job = known.or_else(|| self.observe(key, object))?;
        job.status.backoff = self.backoff(key).or(job.status.backoff);
        Some(job)
    }

    fn observe(&self, key: &Key, object: &K) -> Option<Job>
    where
        K: Managed,
    {
        let job = object.observe()?;
        if !job.status.is_finished() {
            self.lock().entry(key.clone()).or_default().observed = Some((version(object), job.clone()));
        } else if let Some(entry) = self.lock().get_mut(key) {
            entry.observed = None; // a run that has ended is not looked at often
        }
        Some(job)
    }

    /// The failures since the last success, where the status has no place for them.
    pub fn backoff(&self, key: &Key) -> Option<Backoff> {
        self.lock().get(key)?.backoff
    }

    /// Keeps them.
    pub fn keep_backoff(&self, key: &Key, backoff: Option<Backoff>) {
        let mut all = self.lock();
        if backoff.is_some() || all.contains_key(key) {
            all.entry(key.clone()).or_default().backoff = backoff;
        }
    }

    /// A status is held back: since when. Never later than now: the clock may have been set back meanwhile.
    pub fn held_since(&self, key: &Key, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut all = self.lock();
        let since = all.entry(key.clone()).or_default().held_since.get_or_insert(now);
        *since = now.min(*since);
        *since
    }

    /// Somebody deleted a Pod that was at work.
    pub fn vanished(&self, key: &Key, now: DateTime<Utc>) {
        self.lock().entry(key.clone()).or_default().vanished_at.get_or_insert(now);
    }

    /// Until when no Pod is created, since one vanished within this time.
    pub fn creations_held(&self, key: &Key, now: DateTime<Utc>, period: TimeDelta) -> Option<DateTime<Utc>> {
        let mut all = self.lock();
        let entry = all.get_mut(key)?;
        let vanished = entry.vanished_at.as_mut()?;
        *vanished = now.min(*vanished); // the clock may have been set back meanwhile
        let until = *vanished + period;
        if until <= now {
            entry.vanished_at = None;
        }
        (until > now).then_some(until)
    }

    /// The API server did not take a Pod. Each time in a row the wait grows. `may_pass`: the next try may do, so the first
    /// time is a blip.
    pub fn refused(&self, key: &Key, message: String, now: DateTime<Utc>, may_pass: bool) {
        let mut all = self.lock();
        let entry = all.entry(key.clone()).or_default();
        let n = entry.refused.as_ref().map_or(0, |(_, n)| *n).saturating_add(1);
        let retry_at = now + refusal_wait(n);
        entry.refused = Some((Refusal { message, retry_at, is_blip: may_pass && n == 1 }, n));
    }

    /// The refusal that stands. It never waits longer than when it came: the clock may have been set back meanwhile.
    pub fn refusal(&self, key: &Key, now: DateTime<Utc>) -> Option<Refusal> {
        let mut all = self.lock();
        let (refusal, n) = all.get_mut(key)?.refused.as_mut()?;
        refusal.retry_at = refusal.retry_at.min(now + refusal_wait(*n));
        Some(refusal.clone())
    }

    /// How many in a row.
    pub fn refusals(&self, key: &Key) -> u32 {
        self.lock().get(key).and_then(|entry| entry.refused.as_ref()).map_or(0, |(_, n)| *n)
    }

    /// A Pod was taken.
    pub fn accepted(&self, key: &Key) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.refused = None;
        }
    }

    /// That object may have been created: no clear answer came.
    pub fn unclear(&self, key: &Key, pod: String) {
        self.lock().entry(key.clone()).or_default().unclear.insert(pod);
    }

    /// All such objects.
    pub fn all_unclear(&self, key: &Key) -> BTreeSet<String> {
        self.lock().get(key).map(|entry| entry.unclear.clone()).unwrap_or_default()
    }

    /// It is known now whether it was.
    pub fn cleared(&self, key: &Key, pod: &str) {
        if let Some(entry) = self.lock().get_mut(key) {
            entry.unclear.remove(pod);
        }
    }

    /// A reconcile failed. How many have now failed in a row, in the same way: by a conflict, or otherwise.
    pub fn failed(&self, key: &Key, by_conflict: bool) -> u32 {
        let mut all = self.lock();
        let entry = all.entry(key.clone()).or_default();
        let count = if by_conflict { &mut entry.conflicts } else { &mut entry.failures };
        *count = count.saturating_add(1);
        *count
    }

    /// How many have failed in a row in that way.
    pub fn failures(&self, key: &Key, by_conflict: bool) -> u32 {
        let count = |entry: &Entry<K>| if by_conflict { entry.conflicts } else { entry.failures };
        self.lock().get(key).map_or(0, count)
    }

    /// A reconcile went well. An entry with nothing left in it goes.
    pub fn succeeded(&self, key: &Key) {
        let mut all = self.lock();
        if let Some(entry) = all.get_mut(key) {
            (entry.failures, entry.conflicts) = (0, 0);
            let nothing_held = entry.held_since.is_none() && entry.vanished_at.is_none();
            let nothing_held = nothing_held && entry.backoff.is_none() && entry.unclear.is_empty();
            let nothing_held = nothing_held && entry.observed.is_none();
            if entry.written.is_none() && entry.refused.is_none() && nothing_held {
                all.remove(key);
            }
        }
    }

    /// The object is gone.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }
}

fn refusal_wait(n: u32) -> TimeDelta {
    TimeDelta::from_std(error::wait(n)).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
