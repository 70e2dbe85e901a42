//! Whose finalizer goes?

use crate::engine::count::tally::Tally;
use crate::engine::observed::Observed;
use crate::engine::plan::Step;

/// Pods that nobody has to count any more.
pub fn counted(tally: &Tally) -> Vec<Step> {
    tally.free.iter().cloned().map(Step::Release).collect()
}

/// Pods of an older object of the same name: nobody counts them any more.
pub fn orphans(seen: &Observed) -> Vec<Step> {
    seen.orphans.iter().cloned().map(Step::Release).collect()
}
