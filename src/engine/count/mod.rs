//! What is each Pod for the counts?
//!
//! `outcome` says what became of a Pod and `cut_off` who ended its main containers; `failure_policy` says what a
//! failure means, `per_index` what it means for an index, and `backoff` how long the next Pod waits. `judged` has these
//! answers for each Pod. `record` says which results the next status records, `finalizers` which Pods lose our
//! finalizer, and `tally` has all of this and the counts.

pub mod backoff;
pub mod cut_off;
pub mod failure_policy;
pub mod finalizers;
pub mod judged;
pub mod outcome;
pub mod per_index;
pub mod record;
pub mod tally;
