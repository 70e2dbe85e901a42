//! What does the controller see of a run? Answered from the views in memory, without a call to the API server.

use std::collections::HashSet;

use crate::controller::context::Context;
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::controller::views::pods::View;
use crate::controller::views::pods::seen::Stray;
use crate::engine::observed::{Job, Observed};

/// All input of the engine for the run. `None` if the object did not come from an API server.
pub fn gather<K: Managed>(ctx: &Context<K>, key: &Key, object: &K) -> Option<Observed> {
    let (job, owner) = (ctx.memory.observed(key, object)?, object.as_owner()?);
    if K::is_ours(object) {
        ctx.pods.run_is_ours(&owner);
    }
    if K::is_ours(object) && !job.deleting && !job.status.is_finished() {
        ctx.pods.run_goes_on(&owner, object.selects());
    } else {
        ctx.pods.run_is_over(K::KIND, key);
    }
    let View { pods, unselected, left_behind, strays, next_number } = ctx.pods.of(&owner);
    // How its sidecars were stopped is told when a Pod is counted.
    let needed = pods.iter().filter(|pod| !pod.ended() || pod.tracked);
    let needed: HashSet<&str> = needed.map(|pod| pod.uid.as_str()).collect();
    Some(Observed {
        attempts: ctx.stops.attempts(key, &needed),
        strays: strays.iter().filter(|stray| can_be_adopted(stray, &job)).map(|stray| stray.pod.clone()).collect(),
        orphans: left_behind,
        pods,
        unselected,
        next_number,
        refusal: ctx.memory.refusal(key, ctx.now()),
        failing: None,
        settings: ctx.settings.clone(),
        job,
    })
}

/// Whether the run may adopt the Pod. A Pod that was counted already, and whose owner somebody removed, would count
/// again.
fn can_be_adopted(stray: &Stray, job: &Job) -> bool {
    let is_counted = stray.ended && !stray.tracked && stray.was_made_for(&job.uid);
    !stray.deleting && !is_counted
}
