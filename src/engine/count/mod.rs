//! What is each Pod for the counts?
//!
//! `outcome` says what became of a Pod and `cut_off` who ended its main containers; `failure_policy` says what a failure means,
//! `per_index` what it means for an index, and `backoff` how long the next Pod waits. `judged` has these answers for each
//! Pod, and `tally` the counts that follow.

pub mod backoff;
pub mod cut_off;
pub mod failure_policy;
pub mod judged;
pub mod outcome;
pub mod per_index;
pub mod tally;
