//! What is there to be seen of a schedule? From the views in memory; no call to the API server.

use std::sync::Arc;

use crate::api::SidecarCronJob;
use crate::controller::object::Key;
use crate::controller::schedules::context::Schedules;
use crate::controller::schedules::runs::{Owner, View};
use crate::engine::schedule::observed::Observed;

/// All that the engine asks for. `None` if the object did not come from an API server.
pub fn gather(ctx: &Schedules, key: &Key, newest: Arc<SidecarCronJob>) -> Option<Observed> {
    let (cron, search) = ctx.times.of(newest)?;
    let owner = Owner::of(&cron);
    let View { runs, departed, started, backfilled } = ctx.runs.of(&owner, &cron.status, (ctx.now)());
    let gone = ctx.runs.gone_of(&owner, cron.status.active.iter().map(|run| run.uid.as_str()));
    let refusal = ctx.memory.refusal(key, (ctx.now)());
    Some(Observed { cron, runs, departed, started, backfilled, gone, refusal, search })
}
