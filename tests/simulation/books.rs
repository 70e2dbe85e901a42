//! What really became of each Pod, and what the controller wrote about it: the two sides that must agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cluster::has_ended;
use crate::world::store::uid;

/// A Pod's truth, by UID.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// The run that it belongs to, or belonged to last.
    pub job: Option<String>,
    pub index: Option<u64>,
    /// Whether its main containers succeeded, once that is so.
    pub success: Option<bool>,
    /// It was deleted, lost or meddled with in such a way that success and failure are both right.
    pub doubtful: bool,
    /// The controller let it go without counting it.
    pub uncounted: bool,
}

#[derive(Default)]
pub struct Books {
    pub pods: BTreeMap<String, Truth>,
    /// UIDs that were once in a list of a status, and whether as succeeded.
    listed: BTreeMap<String, bool>,
    /// An elastic run forgot indexes: they count anew.
    pub elastic: bool,
}

impl Books {
    pub fn pod(&mut self, uid: &str) -> &mut Truth {
        self.pods.entry(uid.to_owned()).or_default()
    }

    /// The kubelet's word. It says it once.
    pub fn ended(&mut self, uid: &str, success: bool) {
        self.pod(uid).success.get_or_insert(success);
    }

    /// Deleted before it has ended: it may count at once, or by what its containers make of it.
    pub fn pod_deleted(&mut self, pod: &Value) {
        if !has_ended(pod) {
            self.pod(uid(pod)).doubtful = true;
        }
    }

    /// The UID enters a list. What is wrong with that.
    pub fn list(&mut self, uid: &str, as_succeeded: bool) -> Result<(), String> {
        if let Some(before) = self.listed.insert(uid.to_owned(), as_succeeded) {
            return Err(format!("Pod {uid} is listed a second time (before as succeeded: {before})"));
        }
        let Some(truth) = self.pods.get_mut(uid) else { return Err(format!("{uid} is listed and is no Pod")) };
        if truth.uncounted {
            (truth.uncounted, truth.doubtful) = (false, true); // somebody took it from the run while it was counted
        }
        let right = truth.doubtful || truth.success == Some(as_succeeded);
        if right {
            Ok(())
        } else {
            Err(format!("Pod {uid} is listed as succeeded: {as_succeeded}; the truth is {truth:?}"))
        }
    }

    /// The UID enters the list of those that are counted, without having been in another. How it ended, if that is sure.
    pub fn list_at_once(&mut self, uid: &str) -> Result<Option<bool>, String> {
        let truth = self.pods.get(uid).cloned().unwrap_or_default();
        self.list(uid, truth.success.unwrap_or(false))?;
        Ok(truth.success.filter(|_| !truth.doubtful))
    }

    pub fn is_listed(&self, uid: &str) -> bool {
        self.listed.contains_key(uid)
    }

    /// The Pods of that run that are to be counted with that result: the least and the most.
    pub fn expected(&self, job: &str, success: bool) -> (usize, usize) {
        let of_job = || self.pods.values().filter(|t| t.job.as_deref() == Some(job) && !t.uncounted);
        let certain = of_job().filter(|t| !t.doubtful && t.success == Some(success)).count();
        (certain, certain + of_job().filter(|t| t.doubtful).count())
    }

    /// All Pods of that run that must be in one counter or the other.
    pub fn all(&self, job: &str) -> usize {
        self.pods
            .values()
            .filter(|t| t.job.as_deref() == Some(job) && !t.uncounted && (t.doubtful || t.success.is_some()))
            .count()
    }

    /// All Pods of that run, whatever became of them.
    pub fn of_run(&self, job: &str) -> usize {
        self.pods.values().filter(|t| t.job.as_deref() == Some(job)).count()
    }

    /// The indexes that succeeded: those that must be known, and those that may be.
    pub fn succeeded_indexes(&self, job: &str) -> (BTreeSet<u64>, BTreeSet<u64>) {
        let of_job = || self.pods.values().filter(|t| t.job.as_deref() == Some(job));
        let sure = of_job().filter(|t| t.success == Some(true) && !t.doubtful && !t.uncounted).filter_map(|t| t.index);
        let maybe = of_job().filter(|t| t.success == Some(true) || t.doubtful).filter_map(|t| t.index);
        (sure.collect(), maybe.collect())
    }
}
