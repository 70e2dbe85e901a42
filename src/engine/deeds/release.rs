//! The steps that remove our finalizer. `count::finalizers` says from which Pods of the run.

use crate::engine::judgement::Judgement;
use crate::engine::plan::{Deed, Step};

/// From the Pods that nobody has to count any more.
pub fn counted(j: &Judgement) -> Deed {
    Deed::of(j.tally.released.pods.iter().map(|pod| Step::Release(pod.to_ref())))
}

/// From the Pods of an older object of the same name: nobody counts these Pods any more.
pub fn orphans(j: &Judgement) -> Deed {
    Deed::of(j.seen.orphans.iter().cloned().map(Step::Release))
}
