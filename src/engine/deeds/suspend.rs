//! What does `spec.suspend` do to Pods?
//!
//! The controller ends the Pods that work, and does not count them. Pods whose result is known drain to their end.
//! `report::suspend` has the condition, and `report::times` the start time.

use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::plan::Deed;

/// Ends the Pods that work. Does nothing after the result is known.
pub fn end_pods(j: &Judgement) -> Deed {
    if j.ending.is_some() || !j.seen.job.spec.suspend {
        return Deed::default();
    }
    Deed::of(pods::end_unrecorded(j.seen, j.tally.working.iter().copied()))
}

#[cfg(test)]
mod tests;
