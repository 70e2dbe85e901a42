//! What do the lists of UIDs and the counters say after this sync?

use std::collections::BTreeSet;

use crate::engine::count::tally::{self, Tally};
use crate::engine::observed::Observed;
use crate::engine::observed::status::Status;

/// The lists and counters after this sync: what is new is listed, what is listed and has no finalizer is counted.
pub fn settle(seen: &Observed, tally: &Tally, status: &mut Status) {
    let tracked = tally::tracked_uids(seen);
    let count = |list: &mut BTreeSet<String>, counter: &mut u32| {
        let before = tally::len(list);
        list.retain(|uid| tracked.contains(uid.as_str()));
        *counter += before - tally::len(list);
    };
    count(&mut status.uncounted_succeeded, &mut status.succeeded);
    count(&mut status.uncounted_failed, &mut status.failed);
    for (uid, outcome) in &tally.new {
        let list = if outcome.success { &mut status.uncounted_succeeded } else { &mut status.uncounted_failed };
        list.insert(uid.clone());
    }
    if seen.job.spec.indexed {
        status.completed = seen.job.completed().union(&tally.new_indexes.iter().copied().collect());
        status.succeeded = status.completed.len();
        status.failed_indexes = tally.failed_indexes.clone();
    }
}

/// The last count, in the write that ends the job: a finished job counts nothing any more, so that everything listed
/// can go into the counters at once; leftover finalizers are taken afterwards. Spares a write for each job.
pub fn settle_for_good(status: &mut Status) {
    status.succeeded += tally::len(&std::mem::take(&mut status.uncounted_succeeded));
    status.failed += tally::len(&std::mem::take(&mut status.uncounted_failed));
}
