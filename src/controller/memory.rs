//! What does the controller remember of each run between two reconciles? Nothing that it could not lose.
//!
//! Its own last write, which the watch may not have shown yet; the API server's refusal of a Pod; how many tries failed
//! in a row; of a batch/v1 Job, whose status has no place for it, the failures since its last success (upstream forgets
//! those with a restart too). After a restart all else is found out again.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use kube::ResourceExt;

use super::error;
use crate::engine::backoff::Backoff;
use crate::engine::observed::Refusal;

/// Namespace and name.
pub type Key = (String, String);

/// All that is remembered.
#[derive(Debug)]
pub struct Memory<K>(Mutex<HashMap<Key, Entry<K>>>);

#[derive(Debug)]
struct Entry<K> {
    /// Of which object, once it was seen; another one of the same name starts clean.
    uid: Option<String>,
    written: Option<Arc<K>>,
    refused: Option<(Refusal, u32)>,
    failures: u32,
    held_since: Option<DateTime<Utc>>,
    vanished_at: Option<DateTime<Utc>>,
    backoff: Option<Backoff>,
    /// Names of Pods, or of a schedule's runs, whose creation got no clear answer.
    unclear: BTreeSet<String>,
}

impl<K> Default for Memory<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K> Default for Entry<K> {
    fn default() -> Self {
        Self {
            uid: None,
            written: None,
            refused: None,
            failures: 0,
            held_since: None,
            vanished_at: None,
            backoff: None,
            unclear: BTreeSet::new(),
        }
    }
}

/// The key of an object.
pub fn key<K: kube::Resource>(job: &K) -> Key {
    (job.namespace().unwrap_or_default(), job.name_any())
}

/// `metadata.resourceVersion` as the number that it is since Kubernetes 1.35 by contract and was before in fact.
pub fn version<K: kube::Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}

impl<K: kube::Resource<DynamicType = ()>> Memory<K> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry<K>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            Some(own) if version(&**own) > version(&*watched) => own.clone(),
            _ => {
                entry.written = None;
                watched
            }
        }
    }

    /// This is what was written last.
    pub fn wrote(&self, job: Arc<K>) {
        let key = key(&*job);
        let mut all = self.lock();
        let entry = all.entry(key).or_default();
        (entry.uid, entry.written, entry.held_since) = (job.uid(), Some(job), None);
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

    /// A status is held back: since when.
    pub fn held_since(&self, key: &Key, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.lock().entry(key.clone()).or_default().held_since.get_or_insert(now)
    }

    /// Somebody deleted a Pod that was at work.
    pub fn vanished(&self, key: &Key, now: DateTime<Utc>) {
        self.lock().entry(key.clone()).or_default().vanished_at.get_or_insert(now);
    }

    /// Until when no Pod is created, since one vanished within this time.
    pub fn creations_held(&self, key: &Key, now: DateTime<Utc>, period: TimeDelta) -> Option<DateTime<Utc>> {
        let mut all = self.lock();
        let entry = all.get_mut(key)?;
        let until = entry.vanished_at? + period;
        if until <= now {
            entry.vanished_at = None;
        }
        (until > now).then_some(until)
    }

    /// The API server refused a Pod. Each time in a row the wait grows.
    pub fn refused(&self, key: &Key, message: String, now: DateTime<Utc>) {
        let mut all = self.lock();
        let entry = all.entry(key.clone()).or_default();
        let n = entry.refused.as_ref().map_or(0, |(_, n)| *n).saturating_add(1);
        let wait = TimeDelta::from_std(error::wait(n)).unwrap_or(TimeDelta::MAX);
        entry.refused = Some((Refusal { message, retry_at: now + wait }, n));
    }

    /// The refusal that stands.
    pub fn refusal(&self, key: &Key) -> Option<Refusal> {
        self.lock().get(key).and_then(|e| e.refused.as_ref()).map(|(refusal, _)| refusal.clone())
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

    /// A reconcile failed. How many have now failed in a row.
    pub fn failed(&self, key: &Key) -> u32 {
        let mut all = self.lock();
        let entry = all.entry(key.clone()).or_default();
        entry.failures = entry.failures.saturating_add(1);
        entry.failures
    }

    /// A reconcile went well. An entry with nothing left in it goes.
    pub fn succeeded(&self, key: &Key) {
        let mut all = self.lock();
        if let Some(entry) = all.get_mut(key) {
            entry.failures = 0;
            let nothing_held = entry.held_since.is_none() && entry.backoff.is_none() && entry.unclear.is_empty();
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

#[cfg(test)]
mod tests;
