//! Which Pods lose our finalizer?

use crate::engine::judgement::Judgement;
use crate::engine::plan::{Deed, Step};

/// Pods that nobody has to count any more.
pub fn counted(j: &Judgement) -> Deed {
    Deed::of(j.tally.free.iter().cloned().map(Step::Release))
}

/// Pods of an older object of the same name: nobody counts them any more.
pub fn orphans(j: &Judgement) -> Deed {
    Deed::of(j.seen.orphans.iter().cloned().map(Step::Release))
}
