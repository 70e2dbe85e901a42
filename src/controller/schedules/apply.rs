//! How is each step of a schedule done? One function a step; each may have been done before.
//!
//! A run that is there already is ours, made by a write whose answer was lost, or a stranger's, and that is said. A run
//! that the API server does not take, for whatever reason, is no error: it is remembered, and the engine is asked again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kube::api::{Api, DeleteParams, PostParams, Preconditions, PropagationPolicy};
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::api::conditions::schedule as reasons;
use crate::api::{SidecarCronJob, SidecarJob, labels, scheduled_run};
use crate::controller::call::{call, failed, is_gone, is_terminating};
use crate::controller::error::{BLIP, Error, WRITE_THE_STATUS};
use crate::controller::memory::Key;
use crate::controller::schedules::Schedules;
use crate::controller::schedules::runs::Owner;
use crate::engine::plan::Event;
use crate::engine::schedule::observed::status::Status;
use crate::engine::schedule::observed::{Cron, RunRef};
use crate::engine::schedule::plan::Step;

/// Does it.
pub async fn step(ctx: &Schedules, key: &Key, cron: &Cron, step: &Step) -> Result<(), Error> {
    match step {
        Step::Create(at) => {
            let created = create(ctx, key, cron, *at).await;
            if created.is_err() {
                ctx.memory.unclear(key, scheduled_run::name(&cron.name, *at)); // it is there, perhaps as ours
            }
            created
        }
        Step::Delete { run, replaced } => delete(ctx, key, cron, run, *replaced).await,
        Step::LookUp(run) => look_up(ctx, key, cron, run).await,
    }
}

/// About the SidecarCronJob.
pub fn tell(ctx: &Schedules, cron: &Cron, event: Event) {
    info!(reason = event.reason, "{}", event.note);
    say(ctx, cron, event);
}

/// The same of what is logged elsewhere.
pub fn say(ctx: &Schedules, cron: &Cron, event: Event) {
    ctx.events.about_object(about(cron), event);
}

fn about(cron: &Cron) -> ObjectReference {
    cron.wire.object_ref(&())
}

fn runs(ctx: &Schedules, key: &Key) -> Api<SidecarJob> {
    Api::namespaced(ctx.client.clone(), &key.0)
}

async fn create(ctx: &Schedules, key: &Key, cron: &Cron, at: DateTime<Utc>) -> Result<(), Error> {
    let name = scheduled_run::name(&cron.name, at);
    let run = scheduled_run::run(&cron.wire, name.clone(), Some(at));
    let what = format!("create SidecarJob {name}");
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    let begin = Instant::now();
    match call(&what, runs(ctx, key).create(&params, &run)).await {
        Ok(Ok(created)) => {
            ctx.runs.wrote(&created);
            ctx.memory.accepted(key);
            tell(ctx, cron, Event::normal(reasons::SUCCESSFUL_CREATE, format!("Created job {name}")).of_run(&name));
            Ok(())
        }
        Ok(Err(kube::Error::Api(status))) if status.is_already_exists() => there_already(ctx, key, cron, &name).await,
        Ok(Err(kube::Error::Api(status))) if is_terminating(&status) => {
            ctx.memory.refused(key, status.message.clone(), (ctx.now)(), false);
            Ok(())
        }
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 400 | 403 | 404 | 413 | 422) => {
            warn!("the API server refuses {name}: {}", status.message);
            not_created(ctx, key, cron, &name, status.message.clone(), false);
            Ok(())
        }
        unclear => {
            let error = unclear.and_then(|answer| answer.map(drop).map_err(|e| failed(&what, e)));
            let Err(error) = error else { return Ok(()) };
            warn!("{error}; trying again later");
            ctx.memory.unclear(key, name.clone()); // it may be there
            not_created(ctx, key, cron, &name, error.words(), begin.elapsed() < BLIP);
            Ok(())
        }
    }
}

/// It waits, and that is told, unless it `may_pass` with the next try. If the run is there after all, its name says so then.
fn not_created(ctx: &Schedules, key: &Key, cron: &Cron, name: &str, words: String, may_pass: bool) {
    let note = format!("Error creating job: {words}");
    ctx.memory.refused(key, words, (ctx.now)(), may_pass);
    if ctx.memory.refusal(key, (ctx.now)()).is_some_and(|refusal| !refusal.is_blip) {
        say(ctx, cron, Event::warning(reasons::FAILED_CREATE, note).of_run(name));
    }
}

/// Looks for the runs that may have been created: a decision that does not know of such a run could start one too many, and
/// count its time as missed.
pub async fn look_for_unclear(ctx: &Schedules, key: &Key) -> Result<(), Error> {
    for name in ctx.memory.all_unclear(key) {
        let what = format!("look whether SidecarJob {name} was created");
        if let Some(run) = call(&what, runs(ctx, key).get_opt(&name)).await?.map_err(|e| failed(&what, e))? {
            ctx.runs.wrote(&run);
            ctx.memory.accepted(key);
        }
        ctx.memory.cleared(key, &name);
    }
    Ok(())
}

/// Ours, or a stranger's, who keeps it: the time can't run under this name, which is said.
async fn there_already(ctx: &Schedules, key: &Key, cron: &Cron, name: &str) -> Result<(), Error> {
    let what = format!("get SidecarJob {name}, which exists already");
    let Some(run) = call(&what, runs(ctx, key).get_opt(name)).await?.map_err(|e| failed(&what, e))? else {
        return Ok(()); // gone in between: the next round creates it
    };
    if is_ours(&run, cron) {
        debug!("{name} was created before");
        ctx.runs.wrote(&run);
        ctx.memory.accepted(key);
        return Ok(());
    }
    let note = format!("SidecarJob {name} exists already and is not ours: delete it, or rename one of the two");
    ctx.events.about_object(about(cron), Event::warning(reasons::FAILED_CREATE, note.clone()).of_run(name));
    ctx.memory.refused(key, note, (ctx.now)(), false);
    Ok(())
}

/// Does this SidecarCronJob control the run?
fn is_ours(run: &SidecarJob, cron: &Cron) -> bool {
    scheduled_run::owner_of(run).is_some_and(|owner| owner.uid == cron.uid && owner.name == cron.name)
}

/// In the background, as CronJob does: the run is gone at once, its Pods are ended then. The UID guards against a newer
/// one of that name.
async fn delete(ctx: &Schedules, key: &Key, cron: &Cron, run: &RunRef, replaced: bool) -> Result<(), Error> {
    let what = format!("delete SidecarJob {}", run.name);
    let params = DeleteParams {
        preconditions: Some(Preconditions { uid: Some(run.uid.clone()), resource_version: None }),
        propagation_policy: Some(PropagationPolicy::Background),
        ..DeleteParams::default()
    };
    if replaced {
        ctx.runs.replaces(&Owner::of(cron), &run.uid);
    }
    let answer = call(&what, runs(ctx, key).delete(&run.name, &params)).await;
    match answer.and_then(|answer| answer.map_err(|e| failed(&what, e))) {
        Ok(answer) => {
            match answer.left() {
                Some(left) => ctx.runs.wrote(&left), // somebody's finalizer keeps it
                None => ctx.runs.gone(&run.uid),
            }
            info!(replaced, "deleted SidecarJob {}", run.name);
            let note = format!("Deleted job {}", run.name);
            ctx.events.about_object(about(cron), Event::normal(reasons::SUCCESSFUL_DELETE, note).of_run(&run.name));
            Ok(())
        }
        Err(Error::Step { source: kube::Error::Api(status), .. }) if is_gone(&status) => {
            ctx.runs.gone(&run.uid);
            Ok(())
        }
        Err(error) => {
            let note = format!("Deleted job: {}", error.words());
            say(ctx, cron, Event::warning(reasons::FAILED_DELETE, note).of_run(&run.name));
            Err(Error::NotDeleted(Box::new(error)))
        }
    }
}

async fn look_up(ctx: &Schedules, key: &Key, cron: &Cron, run: &RunRef) -> Result<(), Error> {
    let what = format!("look up SidecarJob {}", run.name);
    let found = call(&what, runs(ctx, key).get_opt(&run.name)).await?.map_err(|e| failed(&what, e))?;
    match found.filter(|found| found.metadata.uid.as_ref() == Some(&run.uid)) {
        Some(found) if is_ours(&found, cron) => ctx.runs.wrote(&found),
        _ => ctx.runs.gone(&run.uid), // gone, or another's now
    }
    Ok(())
}

/// Writes the status onto the object it was decided from; if that has changed meanwhile, the server says conflict.
pub async fn status(ctx: &Schedules, key: &Key, cron: &Cron, status: &Status) -> Result<(), Error> {
    let next = SidecarCronJob { status: Some(status.to_wire(&cron.namespace)), ..(*cron.wire).clone() };
    let api: Api<SidecarCronJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    match call(WRITE_THE_STATUS, api.replace_status(&key.1, &params, &next)).await? {
        Ok(written) => {
            ctx.memory.wrote(Arc::new(written));
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            ctx.memory.forget(key);
            ctx.runs.forget(&Owner::of(cron));
            Ok(())
        }
        Err(error) => Err(Error::Status(error)),
    }
}
