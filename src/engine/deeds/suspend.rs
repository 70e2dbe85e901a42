//! What does `spec.suspend` do to Pods?
//!
//! Pods that work are ended and not counted. Pods whose result is known drain to their end. The condition and the clock of
//! the run are `report::suspend`'s part.

use crate::engine::deeds::pods;
use crate::engine::judgement::Judgement;
use crate::engine::plan::Deed;

/// Ends what works, while the result is open.
pub fn end_pods(j: &Judgement) -> Deed {
    if j.ending.is_some() || !j.seen.job.spec.suspend {
        return Deed::default();
    }
    Deed::of(pods::end_unrecorded(j.seen, j.tally.working.iter().copied()))
}

#[cfg(test)]
mod tests;
