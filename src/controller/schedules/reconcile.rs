//! The sentence that each schedule goes through: gather, decide, apply, until nothing is left to do.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::api::{SCHEDULE, SidecarCronJob};
use crate::controller::error::Error;
use crate::controller::object::{Key, key};
use crate::controller::reconcile::{LOOK_AFTER, look_again, sleep_until, try_again};
use crate::controller::schedules::context::Schedules;
use crate::controller::schedules::gather::gather;
use crate::controller::schedules::{apply, create};
use crate::controller::watched::Watched;
use crate::engine::plan::sooner;
use crate::engine::schedule::{self, report::stalled};

/// Most rounds of decide and apply in one go: more would be a circle.
const MAX_ROUNDS: usize = 50;

/// One schedule, as often as something happened to it, or its time has come.
#[tracing::instrument(name = "reconcile", skip_all, fields(kind = SCHEDULE, name = tracing::field::Empty))]
pub async fn reconcile(watched: Arc<Watched<SidecarCronJob>>, ctx: Arc<Schedules>) -> Result<Action, Error> {
    let key = key(&*watched);
    ctx.rush.looked_at(&key, (ctx.now)()); // also one that can't be read: nobody need wait for it
    let cron = match &watched.0 {
        Ok(cron) => cron.clone(),
        Err(invalid) => {
            warn!("skipped {}: can't read it: {}", invalid.metadata.name.as_deref().unwrap_or("?"), invalid.error);
            return Ok(Action::await_change());
        }
    };
    tracing::Span::current().record("name", format!("{}/{}", key.0, key.1));
    let begin = Instant::now();
    let mut newest = cron.clone();
    let result = until_quiet(&ctx, &key, &mut newest).await;
    ctx.metrics.schedule_synced(result.is_ok());
    match result {
        Ok(action) => {
            ctx.memory.succeeded(&key);
            Ok(action)
        }
        Err(error) => Err(tell(&ctx, &key, newest, error, begin.elapsed()).await),
    }
}

/// Decide and apply. `newest` is the newest known form of the object: a write of this reconcile counts from its answer on,
/// whatever the watch has shown.
async fn until_quiet(ctx: &Schedules, key: &Key, newest: &mut Arc<SidecarCronJob>) -> Result<Action, Error> {
    for _ in 0..MAX_ROUNDS {
        create::look_for_unclear(ctx, key).await?; // also in this round: time has passed while no answer came
        *newest = ctx.memory.newest(newest.clone());
        let Some(seen) = gather(ctx, key, newest.clone()) else { return Ok(Action::await_change()) };
        let mut plan = schedule::decide(&seen, (ctx.now)());
        ctx.times.keep(&seen.cron, plan.search.take());
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
            if ctx.is_stopping() {
                return Ok(Action::await_change());
            }
            apply::step(ctx, key, &seen.cron, step).await?;
            if ctx.memory.refusal(key, (ctx.now)()).is_some_and(|refusal| refusal.retry_at > (ctx.now)()) {
                break; // the next one would be refused as well
            }
        }
        if let Some(status) = &plan.status {
            if let Some(written) = apply::status(ctx, key, &seen.cron, status).await? {
                *newest = written;
            }
            plan.events.iter().for_each(|event| ctx.tell(&seen.cron, event.clone()));
        }
    }
    Err(Error::NotQuiet(MAX_ROUNDS))
}

/// After something failed: that is told, unless it is likely to be over at the next try. The error to go on with.
async fn tell(ctx: &Schedules, key: &Key, watched: Arc<SidecarCronJob>, error: Error, took: Duration) -> Error {
    let tries = ctx.memory.failed(key, error.is_conflict());
    if error.is_conflict()
        && tries >= LOOK_AFTER
        && let Some(went_back) = look_again(&ctx.client, &ctx.memory, key, watched.clone()).await
    {
        return went_back;
    }
    let Some((cron, _)) = ctx.times.of(ctx.memory.newest(watched)).filter(|_| !error.is_blip(tries, took)) else {
        return error;
    };
    if !matches!(error, Error::NotDeleted(_)) {
        ctx.say(&cron, error.event()); // that was told already, with the run that it is about
    }
    if !error.is_of_the_status()
        && let Some(status) = stalled::by(&cron, &error.to_string(), (ctx.now)())
        && let Err(why) = apply::status(ctx, key, &cron, &status).await
    {
        debug!("that could not be written: {why}");
    }
    error
}

/// When to try again. A conflict most often means that news is on its way.
pub fn on_error(watched: Arc<Watched<SidecarCronJob>>, error: &Error, ctx: Arc<Schedules>) -> Action {
    let Ok(cron) = &watched.0 else { return Action::await_change() };
    let key = key(&**cron);
    try_again(SCHEDULE, &key, error, ctx.memory.failures(&key, error.is_conflict()))
}
