//! Which indexes get a Pod, and which Pods have no place among the indexes?
//!
//! The lowest indexes that are neither completed nor failed, and that have no Pod that works, drains or (with policy
//! Failed) is being deleted, get a Pod. A Pod whose kubelet is silent keeps its index for a limited time; with policy
//! Failed, until the Pod has ended. Of two Pods with one index the controller ends the less advanced one. It also ends
//! a Pod without an index, or with an index beyond the last one.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::engine::count::tally::Tally;
use crate::engine::observed::indexes::Indexes;
use crate::engine::observed::{Observed, Pod};
use crate::engine::result::given_up;

/// The next indexes that need a Pod, ascending.
pub fn pending(seen: &Observed, tally: &Tally, now: DateTime<Utc>) -> impl Iterator<Item = u32> {
    let ended_only = seen.job.spec.replaces_ended_only();
    let goes_on = |pod: &Pod| pod.active() && (ended_only || !given_up::is_given_up(seen, pod, now));
    let waits_for = |pod: &&Pod| goes_on(pod) || (pod.terminating() && ended_only);
    let taken: Indexes = seen.own_pods().filter(waits_for).filter_map(|pod| pod.index).collect();
    let done = tally.failed_indexes.as_ref().map_or_else(|| tally.completed.clone(), |f| tally.completed.union(f));
    let pending: Vec<u32> =
        done.union(&taken).missing(seen.job.spec.completions.unwrap_or(0)).take(limit(seen)).collect();
    pending.into_iter()
}

/// The controller never creates more Pods than this at once.
fn limit(seen: &Observed) -> usize {
    seen.settings.max_pods_per_sync.max(seen.job.spec.parallelism as usize)
}

/// Splits Pods into those without a place among the indexes, and the others. The less advanced Pods come first.
pub fn misplaced<'a>(seen: &Observed, pods: Vec<&'a Pod>) -> (Vec<&'a Pod>, Vec<&'a Pod>) {
    if !seen.job.spec.indexed {
        return (Vec::new(), pods);
    }
    let mut last: BTreeMap<u32, &str> = BTreeMap::new();
    for pod in &pods {
        if let Some(index) = pod.index {
            last.insert(index, &pod.uid);
        }
    }
    let is_last = |pod: &Pod| pod.index.is_some_and(|index| last.get(&index) == Some(&pod.uid.as_str()));
    pods.into_iter().partition(|pod| !seen.job.spec.has_place_for(pod) || !is_last(pod))
}

#[cfg(test)]
mod tests;
