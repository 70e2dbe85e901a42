//! Which Pods belong to the run?
//!
//! The Pods that have the run as their owner, if the selector matches their labels. The run also adopts Pods without an
//! owner that the selector matches. A Pod whose labels no longer match loses its owner reference, and is not counted.

use crate::engine::observed::Observed;
use crate::engine::plan::Step;

/// The steps that adopt Pods, and that remove owner references.
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
