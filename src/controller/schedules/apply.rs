//! How is each step of a schedule done? One function a step; each may have been done before.
//!
//! A run that is there already is ours, made by a write whose answer was lost, or a stranger's, and that is said. A run
//! that the API server refuses is no error: it is remembered, and the engine is asked again.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kube::api::{Api, DeleteParams, PostParams, Preconditions, PropagationPolicy};
use tracing::{debug, info, warn};

use super::Schedules;
use crate::api::conditions::schedule as reasons;
use crate::api::{SidecarCronJob, SidecarJob, labels, scheduled_run};
use crate::controller::apply::{call, failed, is_gone, is_terminating};
use crate::controller::error::{Error, message};
use crate::controller::memory::Key;
use crate::engine::plan::Event;
use crate::engine::schedule::observed::{Cron, RunRef};
use crate::engine::schedule::plan::Step;
use crate::engine::schedule::status::Status;

/// Does it.
pub async fn step(ctx: &Schedules, key: &Key, cron: &Cron, step: &Step) -> Result<(), Error> {
    match step {
        Step::Create(at) => {
            let created = create(ctx, key, cron, *at).await;
            if created.is_err() {
                ctx.memory.unclear(key, scheduled_run::name(&cron.name, *at)); // it may be there
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
    match call(&what, runs(ctx, key).create(&params, &run)).await? {
        Ok(created) => {
            ctx.runs.wrote(&created);
            ctx.memory.accepted(key);
            tell(ctx, cron, Event::normal(reasons::SUCCESSFUL_CREATE, format!("Created job {name}")).of_run(&name));
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_already_exists() => there_already(ctx, key, cron, &name).await,
        Err(kube::Error::Api(status))
            if is_terminating(&status) || matches!(status.code, 400 | 403 | 404 | 413 | 422) =>
        {
            if !is_terminating(&status) {
                warn!("the API server refuses {name}: {}", status.message);
                let note = format!("Error creating job: {}", status.message);
                ctx.events.about_object(about(cron), Event::warning(reasons::FAILED_CREATE, note).of_run(&name));
            }
            ctx.memory.refused(key, status.message.clone(), (ctx.now)());
            Ok(())
        }
        Err(error) => Err(failed(&what, error)),
    }
}

/// Looks for the runs that may have been created: a decision that does not know of such a run could start one too many, and
/// count its time as missed.
pub async fn look_for_unclear(ctx: &Schedules, key: &Key) -> Result<(), Error> {
    for name in ctx.memory.all_unclear(key) {
        let what = format!("look whether SidecarJob {name} was created");
        if let Some(run) = call(&what, runs(ctx, key).get_opt(&name)).await?.map_err(|e| failed(&what, e))? {
            ctx.runs.wrote(&run);
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
    let owners = run.metadata.owner_references.as_deref().unwrap_or_default();
    if owners.iter().any(|o| o.uid == cron.uid) {
        debug!("{name} was created before");
        ctx.runs.wrote(&run);
        ctx.memory.accepted(key);
        return Ok(());
    }
    let note = format!("SidecarJob {name} exists already and is not ours: delete it, or rename one of the two");
    ctx.events.about_object(about(cron), Event::warning(reasons::FAILED_CREATE, note.clone()).of_run(name));
    ctx.memory.refused(key, note, (ctx.now)());
    Ok(())
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
        ctx.runs.replaces(&cron.uid, &run.uid);
    }
    match call(&what, runs(ctx, key).delete(&run.name, &params)).await? {
        Ok(answer) => {
            match answer.left() {
                Some(left) => ctx.runs.wrote(&left), // somebody's finalizer keeps it
                None => ctx.runs.gone(&cron.uid, &run.uid),
            }
            info!(replaced, "deleted SidecarJob {}", run.name);
            let note = format!("Deleted job {}", run.name);
            ctx.events.about_object(about(cron), Event::normal(reasons::SUCCESSFUL_DELETE, note).of_run(&run.name));
            Ok(())
        }
        Err(kube::Error::Api(status)) if is_gone(&status) => {
            ctx.runs.gone(&cron.uid, &run.uid);
            Ok(())
        }
        Err(error) => {
            let note = format!("Deleted job: {}", message(&error));
            ctx.events.about_object(about(cron), Event::warning(reasons::FAILED_DELETE, note).of_run(&run.name));
            Err(failed(&what, error))
        }
    }
}

async fn look_up(ctx: &Schedules, key: &Key, cron: &Cron, run: &RunRef) -> Result<(), Error> {
    let what = format!("look up SidecarJob {}", run.name);
    let found = call(&what, runs(ctx, key).get_opt(&run.name)).await?.map_err(|e| failed(&what, e))?;
    match found.filter(|found| found.metadata.uid.as_ref() == Some(&run.uid)) {
        Some(found) if found.metadata.owner_references.iter().flatten().any(|o| o.uid == cron.uid) => {
            ctx.runs.wrote(&found);
        }
        _ => ctx.runs.gone(&cron.uid, &run.uid), // gone, or another's now
    }
    Ok(())
}

/// Writes the status onto the object it was decided from; if that has changed meanwhile, the server says conflict.
pub async fn status(ctx: &Schedules, key: &Key, cron: &Cron, status: &Status) -> Result<(), Error> {
    let next = SidecarCronJob { status: Some(status.to_wire(&cron.namespace)), ..(*cron.wire).clone() };
    let api: Api<SidecarCronJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    match call("write the status", api.replace_status(&key.1, &params, &next)).await? {
        Ok(written) => {
            ctx.memory.wrote(Arc::new(written));
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            ctx.memory.forget(key);
            ctx.runs.forget(&cron.uid);
            Ok(())
        }
        Err(error) => Err(Error::Status(error)),
    }
}
