//! What does `spec.suspend` do?
//!
//! Its Pods are ended and not counted; the condition and the clock of the run follow. A run that was never suspended
//! has no such condition at all.

use crate::engine::count::tally::Tally;
use crate::engine::deeds::pods;
use crate::engine::observed::Observed;
use crate::engine::plan::Step;

/// End what works. Pods whose result is known drain to their end.
pub fn end_pods(seen: &Observed, tally: &Tally) -> Vec<Step> {
    pods::end_unrecorded(seen, tally.working.clone())
}

#[cfg(test)]
mod tests;
