//! What does the controller remember of each run between two reconciles? Only what it may lose.
//!
//! The controller remembers its own last write, which neither the watch nor a list has shown yet; the API server's
//! rejection of a Pod; how many tries failed in a row; and, for a batch/v1 Job, the failures since the last success,
//! because the status of a Job has no field for them (upstream forgets these failures at a restart too). After a
//! restart the controller finds out everything else again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use kube::ResourceExt;
use kube::runtime::watcher::Event;
use parking_lot::Mutex;

use crate::controller::error;
use crate::controller::managed::Managed;
use crate::controller::object::{Key, key, version};
use crate::engine::observed::status::Backoff;
use crate::engine::observed::{Job, Refusal};

/// The memory of all runs.
#[derive(Debug)]
pub struct Memory<K> {
    entries: Mutex<HashMap<Key, Entry<K>>>,
    /// How many lists of the objects have begun.
    lists: AtomicU64,
}

#[derive(Debug)]
struct Entry<K> {
    /// The UID of the object, once the controller saw it. Another object of the same name starts with an empty entry.
    uid: Option<String>,
    /// Our last write, and how many lists had begun before the write.
    written: Option<(Arc<K>, u64)>,
    /// The engine's form of the object, and the version of the object.
    observed: Option<(u64, Job)>,
    refused: Option<(Refusal, u32)>,
    /// Tries that failed in a row, and conflicts in a row.
    failures: u32,
    conflicts: u32,
    held_since: Option<DateTime<Utc>>,
    vanished_at: Option<DateTime<Utc>>,
    backoff: Option<Backoff>,
    /// Names of Pods, or of a schedule's runs, whose create got no clear answer.
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

impl<K> Entry<K> {
    /// Nothing is left that a later reconcile asks for.
    fn is_empty(&self) -> bool {
        let Self { uid: _, written, observed, refused, failures, conflicts, held_since, vanished_at, backoff, unclear } =
            self;
        let no_failures = (*failures, *conflicts) == (0, 0) && refused.is_none() && unclear.is_empty();
        let no_form = written.is_none() && observed.is_none();
        no_failures && no_form && held_since.is_none() && vanished_at.is_none() && backoff.is_none()
    }
}

impl<K: kube::Resource<DynamicType = ()>> Memory<K> {
    /// The view has taken in an event of the watch. If we wrote an object before a list began, then the list has the
    /// object, or the object no longer exists. After a restore of the API server's data the versions in the list are
    /// lower, but the list is right.
    ///
    /// False: the event is no news. It shows our last write, which the reconcile that wrote knew, or what was before.
    #[must_use]
    pub fn view_took_in<T: kube::Resource>(&self, event: &Event<T>) -> bool {
        match event {
            Event::Init => drop(self.lists.fetch_add(1, Ordering::SeqCst)),
            Event::Apply(object) => return !self.is_own_write(object),
            Event::InitDone => {
                let lists = self.lists.load(Ordering::SeqCst);
                for entry in self.entries.lock().values_mut() {
                    entry.written.take_if(|(_, before)| *before < lists);
                }
            }
            Event::InitApply(_) | Event::Delete(_) => {}
        }
        true
    }

    fn is_own_write(&self, object: &impl kube::Resource) -> bool {
        let (mut all, key) = (self.entries.lock(), key(object));
        let Some(entry) = all.get_mut(&key).filter(|entry| entry.uid == object.meta().uid) else { return false };
        let Some((own, _)) = &entry.written else { return false };
        let (own, shown) = (version(&**own), version(object));
        if shown >= own {
            entry.written = None; // the view has the write now
            if entry.is_empty() {
                all.remove(&key);
            }
        }
        (1..=own).contains(&shown)
    }

    /// The newer of this object and our last write.
    pub fn newest(&self, watched: Arc<K>) -> Arc<K> {
        let mut all = self.entries.lock();
        let Some(entry) = all.get_mut(&key(&*watched)) else { return watched };
        if entry.uid.is_some() && entry.uid != watched.uid() {
            *entry = Entry::default();
        }
        entry.uid = watched.uid();
        match &entry.written {
            Some((own, _)) if version(&**own) > version(&*watched) => own.clone(),
            _ => watched,
        }
    }

    /// Keeps our last write.
    pub fn wrote(&self, job: Arc<K>) {
        let key = key(&*job);
        let written = Some((job.clone(), self.lists.load(Ordering::SeqCst)));
        let mut all = self.entries.lock();
        let entry = all.entry(key).or_default();
        (entry.uid, entry.written, entry.held_since) = (job.uid(), written, None);
    }

    /// The engine's form of the object, computed once for each version. Has the failures since the last success, if the
    /// status has no field for them. `None` if the object did not come from an API server.
    pub fn observed(&self, key: &Key, object: &K) -> Option<Job>
    where
        K: Managed,
    {
        let known = |entry: &Entry<K>| {
            let (version, job) = entry.observed.as_ref()?;
            (*version == self::version(object) && Some(&job.uid) == object.meta().uid.as_ref()).then(|| job.clone())
        };
        let known = self.entries.lock().get(key).and_then(known);
        let mut job = known.or_else(|| self.observe(key, object))?;
        job.status.backoff = self.backoff(key).or(job.status.backoff);
        Some(job)
    }

    /// Asks the engine's form of the object that `observed` keeps. `None`: it has none.
    pub fn ask<T>(&self, key: &Key, question: impl FnOnce(&Job) -> T) -> Option<T> {
        let all = self.entries.lock();
        Some(question(&all.get(key)?.observed.as_ref()?.1))
    }

    fn observe(&self, key: &Key, object: &K) -> Option<Job>
    where
        K: Managed,
    {
        let job = object.observe()?;
        if !job.status.is_finished() {
            self.entries.lock().entry(key.clone()).or_default().observed = Some((version(object), job.clone()));
        } else if let Some(entry) = self.entries.lock().get_mut(key) {
            entry.observed = None; // the controller rarely reconciles a run that has ended
        }
        Some(job)
    }

    /// The failures since the last success, if the status has no field for them.
    pub fn backoff(&self, key: &Key) -> Option<Backoff> {
        self.entries.lock().get(key)?.backoff
    }

    /// Keeps the failures since the last success.
    pub fn keep_backoff(&self, key: &Key, backoff: Option<Backoff>) {
        let mut all = self.entries.lock();
        if backoff.is_some() || all.contains_key(key) {
            all.entry(key.clone()).or_default().backoff = backoff;
        }
    }

    /// Since when the controller has held back a status. Never later than `now`, because somebody may have set the
    /// clock back.
    pub fn held_since(&self, key: &Key, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut all = self.entries.lock();
        let since = all.entry(key.clone()).or_default().held_since.get_or_insert(now);
        *since = now.min(*since);
        *since
    }

    /// Somebody deleted a Pod that ran.
    pub fn vanished(&self, key: &Key, now: DateTime<Utc>) {
        self.entries.lock().entry(key.clone()).or_default().vanished_at.get_or_insert(now);
    }

    /// Until when the controller creates no Pod, because a Pod vanished within `period`.
    pub fn creations_held(&self, key: &Key, now: DateTime<Utc>, period: TimeDelta) -> Option<DateTime<Utc>> {
        let mut all = self.entries.lock();
        let entry = all.get_mut(key)?;
        let vanished = entry.vanished_at.as_mut()?;
        *vanished = now.min(*vanished); // somebody may have set the clock back
        let until = *vanished + period;
        if until <= now {
            entry.vanished_at = None;
        }
        (until > now).then_some(until)
    }

    /// The API server did not accept a Pod. The wait grows with each rejection in a row. `may_pass`: the next try may
    /// succeed, so the first failure is a blip.
    pub fn refused(&self, key: &Key, message: String, now: DateTime<Utc>, may_pass: bool) {
        let mut all = self.entries.lock();
        let entry = all.entry(key.clone()).or_default();
        let n = entry.refused.as_ref().map_or(0, |(_, n)| *n).saturating_add(1);
        let retry_at = now + refusal_wait(n);
        entry.refused = Some((Refusal { message, retry_at, is_blip: may_pass && n == 1 }, n));
    }

    /// The rejection that still holds. Its wait is never longer than at the beginning, because somebody may have set
    /// the clock back.
    pub fn refusal(&self, key: &Key, now: DateTime<Utc>) -> Option<Refusal> {
        let mut all = self.entries.lock();
        let (refusal, n) = all.get_mut(key)?.refused.as_mut()?;
        refusal.retry_at = refusal.retry_at.min(now + refusal_wait(*n));
        Some(refusal.clone())
    }

    /// How many rejections have come in a row.
    pub fn refusals(&self, key: &Key) -> u32 {
        self.entries.lock().get(key).and_then(|entry| entry.refused.as_ref()).map_or(0, |(_, n)| *n)
    }

    /// The API server accepted a Pod.
    pub fn accepted(&self, key: &Key) {
        if let Some(entry) = self.entries.lock().get_mut(key) {
            entry.refused = None;
        }
    }

    /// The object may exist, because its create got no clear answer.
    pub fn unclear(&self, key: &Key, pod: String) {
        self.entries.lock().entry(key.clone()).or_default().unclear.insert(pod);
    }

    /// The names of all such objects.
    pub fn all_unclear(&self, key: &Key) -> BTreeSet<String> {
        self.entries.lock().get(key).map(|entry| entry.unclear.clone()).unwrap_or_default()
    }

    /// The controller knows now whether the object exists.
    pub fn cleared(&self, key: &Key, pod: &str) {
        if let Some(entry) = self.entries.lock().get_mut(key) {
            entry.unclear.remove(pod);
        }
    }

    /// A reconcile failed. Returns how many have failed in a row in the same way: by a conflict, or otherwise.
    pub fn failed(&self, key: &Key, by_conflict: bool) -> u32 {
        let mut all = self.entries.lock();
        let entry = all.entry(key.clone()).or_default();
        let count = if by_conflict { &mut entry.conflicts } else { &mut entry.failures };
        *count = count.saturating_add(1);
        *count
    }

    /// How many reconciles have failed in a row in that way.
    pub fn failures(&self, key: &Key, by_conflict: bool) -> u32 {
        let count = |entry: &Entry<K>| if by_conflict { entry.conflicts } else { entry.failures };
        self.entries.lock().get(key).map_or(0, count)
    }

    /// A reconcile succeeded. Removes an entry that has become empty.
    pub fn succeeded(&self, key: &Key) {
        let mut all = self.entries.lock();
        if let Some(entry) = all.get_mut(key) {
            (entry.failures, entry.conflicts) = (0, 0);
            if entry.is_empty() {
                all.remove(key);
            }
        }
    }

    /// The object is gone.
    pub fn forget(&self, key: &Key) {
        self.entries.lock().remove(key);
    }
}

fn refusal_wait(n: u32) -> TimeDelta {
    TimeDelta::from_std(error::wait(n)).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
