//! How does a run of a schedule come to be, whatever the API server says to it?
//!
//! A run that is there already is ours, made by a write whose answer was lost, or a stranger's, and that is said. A run
//! that the API server does not take, for whatever reason, is no error: it is remembered, and the engine is asked again.

use chrono::{DateTime, Utc};
use kube::api::{Api, PostParams};
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::api::conditions::schedule as reasons;
use crate::api::{SidecarJob, labels, scheduled_run};
use crate::controller::call::{call, failed, is_terminating};
use crate::controller::error::{BLIP, Error};
use crate::controller::object::Key;
use crate::controller::schedules::context::Schedules;
use crate::controller::schedules::runs::Owner;
use crate::engine::plan::Event;
use crate::engine::schedule::observed::Cron;

/// The API of the runs in the namespace of this schedule.
pub fn api(ctx: &Schedules, key: &Key) -> Api<SidecarJob> {
    Api::namespaced(ctx.client.clone(), &key.0)
}

/// Creates the run of that time.
pub async fn create(ctx: &Schedules, key: &Key, cron: &Cron, at: DateTime<Utc>) -> Result<(), Error> {
    let name = scheduled_run::name(&cron.name, at);
    let created = try_create(ctx, key, cron, at, &name).await;
    if created.is_err() {
        ctx.memory.unclear(key, name); // the run is there, perhaps as ours
    }
    created
}

async fn try_create(ctx: &Schedules, key: &Key, cron: &Cron, at: DateTime<Utc>, name: &str) -> Result<(), Error> {
    let run = scheduled_run::run(&cron.wire, name.to_owned(), Some(at));
    let what = format!("create SidecarJob {name}");
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    let begin = Instant::now();
    match call(&what, api(ctx, key).create(&params, &run)).await {
        Ok(Ok(created)) => {
            ctx.runs.wrote(&created);
            ctx.memory.accepted(key);
            ctx.tell(cron, Event::normal(reasons::SUCCESSFUL_CREATE, format!("Created job {name}")).of_run(name));
            Ok(())
        }
        Ok(Err(kube::Error::Api(status))) if status.is_already_exists() => {
            there_already(ctx, key, cron, at, name).await
        }
        Ok(Err(kube::Error::Api(status))) if is_terminating(&status) => {
            ctx.memory.refused(key, status.message.clone(), (ctx.now)(), false);
            Ok(())
        }
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 400 | 403 | 404 | 413 | 422) => {
            warn!("the API server refuses {name}: {}", status.message);
            not_created(ctx, key, cron, name, status.message.clone(), false);
            Ok(())
        }
        unclear => {
            let error = unclear.and_then(|answer| answer.map(drop).map_err(|e| failed(&what, e)));
            let Err(error) = error else { return Ok(()) };
            warn!("{error}; trying again later");
            ctx.memory.unclear(key, name.to_owned()); // it may be there
            not_created(ctx, key, cron, name, error.words(), begin.elapsed() < BLIP);
            Ok(())
        }
    }
}

/// It waits, and that is told, unless it `may_pass` with the next try. If the run is there after all, its name says so then.
fn not_created(ctx: &Schedules, key: &Key, cron: &Cron, name: &str, words: String, may_pass: bool) {
    let note = format!("Error creating job: {words}");
    ctx.memory.refused(key, words, (ctx.now)(), may_pass);
    if ctx.memory.refusal(key, (ctx.now)()).is_some_and(|refusal| !refusal.is_blip) {
        ctx.say(cron, Event::warning(reasons::FAILED_CREATE, note).of_run(name));
    }
}

/// Looks for the runs that may have been created: a decision that does not know of such a run could start one too many, and
/// count its time as missed.
pub async fn look_for_unclear(ctx: &Schedules, key: &Key) -> Result<(), Error> {
    for name in ctx.memory.all_unclear(key) {
        let what = format!("look whether SidecarJob {name} was created");
        if let Some(run) = call(&what, api(ctx, key).get_opt(&name)).await?.map_err(|e| failed(&what, e))? {
            ctx.runs.wrote(&run);
            ctx.memory.accepted(key);
        }
        ctx.memory.cleared(key, &name);
    }
    Ok(())
}

/// Ours, or a stranger's, who keeps it: the time can't run under this name, which is said.
async fn there_already(ctx: &Schedules, key: &Key, cron: &Cron, at: DateTime<Utc>, name: &str) -> Result<(), Error> {
    let what = format!("get SidecarJob {name}, which exists already");
    let Some(run) = call(&what, api(ctx, key).get_opt(name)).await?.map_err(|e| failed(&what, e))? else {
        return Ok(()); // gone in between: the next round creates it
    };
    if scheduled_run::is_of(&run, &cron.wire) {
        debug!("{name} was created before");
        ctx.runs.wrote(&run);
        if !ctx.runs.has(run.metadata.uid.as_deref().unwrap_or_default()) {
            ctx.runs.ran(&Owner::of(cron), at); // somebody took the label away: the time is not tried again and again
        }
        ctx.memory.accepted(key);
        return Ok(());
    }
    let note = format!("SidecarJob {name} exists already and is not ours: delete it, or rename one of the two");
    ctx.say(cron, Event::warning(reasons::FAILED_CREATE, note.clone()).of_run(name));
    ctx.memory.refused(key, note, (ctx.now)(), false);
    Ok(())
}
