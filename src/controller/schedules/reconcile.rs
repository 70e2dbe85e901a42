//! The sentence that each schedule goes through: gather, decide, apply, until nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use kube::core::DeserializeGuard;
use kube::runtime::controller::Action;
use tracing::{debug, warn};

use super::runs::View;
use super::{Schedules, apply};
use crate::api::SidecarCronJob;
use crate::controller::error::{self, Error};
use crate::controller::memory::{Key, key};
use crate::controller::reconcile::sleep_until;
use crate::engine::plan::sooner;
use crate::engine::schedule;
use crate::engine::schedule::observed::{Cron, Observed};

/// An object as the watch shows it: one that can't be read does not stop the others.
pub type Watched = DeserializeGuard<SidecarCronJob>;

/// Most rounds of decide and apply in one go: more would be a circle.
const MAX_ROUNDS: usize = 50;

/// One schedule, as often as something happened to it, or its time has come.
#[tracing::instrument(name = "reconcile", skip_all, fields(kind = "SidecarCronJob", name = tracing::field::Empty))]
pub async fn reconcile(watched: Arc<Watched>, ctx: Arc<Schedules>) -> Result<Action, Error> {
    let key = key(&*watched);
    ctx.rush.looked_at(&key, (ctx.now)()); // also one that can't be read: nobody need wait for it
    let cron = match &watched.0 {
        Ok(cron) => Arc::new(cron.clone()),
        Err(invalid) => {
            warn!("skipped {}: can't read it: {}", invalid.metadata.name.as_deref().unwrap_or("?"), invalid.error);
            return Ok(Action::await_change());
        }
    };
    tracing::Span::current().record("name", format!("{}/{}", key.0, key.1));
    let action = until_quiet(&ctx, &key, cron).await?;
    ctx.memory.succeeded(&key);
    Ok(action)
}

async fn until_quiet(ctx: &Schedules, key: &Key, watched: Arc<SidecarCronJob>) -> Result<Action, Error> {
    apply::look_for_unclear(ctx, key).await?;
    for _ in 0..MAX_ROUNDS {
        let Some(seen) = gather(ctx, key, watched.clone()) else { return Ok(Action::await_change()) };
        let plan = schedule::decide(&seen, (ctx.now)());
        if plan.steps.is_empty() {
            ctx.rush.expect(key, plan.wake);
            if plan.status.is_none() {
                ctx.rush.settled(key);
                return Ok(sleep_until(plan.wake, (ctx.now)()));
            }
            if plan.may_wait
                && let Some(until) = ctx.rush.holds(key, (ctx.now)())
            {
                return Ok(sleep_until(sooner(plan.wake, Some(until)), (ctx.now)()));
            }
        }
        for step in &plan.steps {
            apply::step(ctx, key, &seen.cron, step).await?;
        }
        if let Some(status) = &plan.status {
            apply::status(ctx, key, &seen.cron, status).await?;
            plan.events.iter().for_each(|event| apply::tell(ctx, &seen.cron, event.clone()));
        }
    }
    Err(Error::NotQuiet(MAX_ROUNDS))
}

/// All that the engine asks for, from the views in memory.
fn gather(ctx: &Schedules, key: &Key, watched: Arc<SidecarCronJob>) -> Option<Observed> {
    let cron = Cron::from_wire(ctx.memory.newest(watched))?;
    let View { runs, departed, started, backfilled } = ctx.runs.of(&cron.uid, &cron.status);
    let gone = ctx.runs.gone_of(cron.status.active.iter().map(|run| run.uid.as_str()));
    Some(Observed { cron, runs, departed, started, backfilled, gone, refusal: ctx.memory.refusal(key) })
}

/// When to try again. A conflict only means that news is on its way.
pub fn on_error(watched: Arc<Watched>, error: &Error, ctx: Arc<Schedules>) -> Action {
    let Ok(cron) = &watched.0 else { return Action::await_change() };
    let key = key(cron);
    let name = format!("{}/{}", key.0, key.1);
    if error.is_conflict() {
        debug!(kind = "SidecarCronJob", name, "{error}");
        return Action::requeue(Duration::from_millis(200));
    }
    let wait = error::wait(ctx.memory.failed(&key));
    warn!(kind = "SidecarCronJob", name, "{error}; trying again in {}s", wait.as_secs());
    Action::requeue(wait)
}
