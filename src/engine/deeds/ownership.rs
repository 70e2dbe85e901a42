//! Which Pods are ours to run?
//!
//! Those that name us as their owner, as long as our selector matches their labels; and those without an owner that it
//! matches: these are taken over. A Pod whose labels match no longer is let go, without being counted.

use crate::engine::observed::Observed;
use crate::engine::plan::Step;

/// Adoptions and releases.
pub fn settle(seen: &Observed) -> Vec<Step> {
    if seen.job.deleting {
        return Vec::new();
    }
    let adopt = seen.strays.iter().cloned().map(Step::Adopt);
    let disown = seen.unselected.iter().cloned().map(Step::Disown);
    adopt.chain(disown).collect()
}

#[cfg(test)]
mod tests;
