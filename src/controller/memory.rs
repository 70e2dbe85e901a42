//! What does the controller remember of each SidecarJob between two reconciles? Nothing that it could not lose.
//!
//! Its own last write, which the watch may not have shown yet; the API server's refusal of a Pod; how many tries failed
//! in a row. After a restart all of it is found out again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use kube::ResourceExt;

use super::error;
use crate::api::SidecarJob;
use crate::engine::observed::Refusal;

/// Namespace and name.
pub type Key = (String, String);

/// All that is remembered.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<Key, Entry>>);

#[derive(Debug, Default)]
struct Entry {
    /// Of which object, once it was seen; another one of the same name starts clean.
    uid: Option<String>,
    written: Option<Arc<SidecarJob>>,
    refused: Option<(Refusal, u32)>,
    failures: u32,
    held_since: Option<DateTime<Utc>>,
}

/// The key of an object.
pub fn key(job: &SidecarJob) -> Key {
    (job.namespace().unwrap_or_default(), job.name_any())
}

/// `metadata.resourceVersion` as the number that it is since Kubernetes 1.35 by contract and was before in fact.
pub fn version<K: kube::Resource>(object: &K) -> u64 {
    object.meta().resource_version.as_deref().and_then(|v| v.parse().ok()).unwrap_or(0)
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newer of what the watch shows and what was written last.
    pub fn newest(&self, watched: Arc<SidecarJob>) -> Arc<SidecarJob> {
        let mut all = self.lock();
        let Some(entry) = all.get_mut(&key(&watched)) else { return watched };
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
    pub fn wrote(&self, job: Arc<SidecarJob>) {
        let key = key(&job);
        let mut all = self.lock();
        let entry = all.entry(key).or_default();
        (entry.uid, entry.written, entry.held_since) = (job.uid(), Some(job), None);
    }

    /// A status is held back: since when.
    pub fn held_since(&self, key: &Key, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.lock().entry(key.clone()).or_default().held_since.get_or_insert(now)
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
            if entry.written.is_none() && entry.refused.is_none() && entry.held_since.is_none() {
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
