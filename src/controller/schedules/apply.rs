//! How is each step of a schedule done? One function a step; each may have been done before.
//!
//! `create` creates runs.

use std::sync::Arc;

use kube::api::{DeleteParams, Preconditions, PropagationPolicy};
use tracing::info;

use crate::api::SidecarCronJob;
use crate::api::conditions::schedule as reasons;
use crate::controller::apply::put_status;
use crate::controller::call::{call, failed, is_gone};
use crate::controller::error::{Error, WRITE_THE_STATUS};
use crate::controller::object::Key;
use crate::controller::schedules::context::Schedules;
use crate::controller::schedules::create;
use crate::controller::schedules::runs::Owner;
use crate::engine::plan::Event;
use crate::engine::schedule::observed::status::Status;
use crate::engine::schedule::observed::{Cron, RunRef};
use crate::engine::schedule::plan::Step;

/// Does it.
pub async fn step(ctx: &Schedules, key: &Key, cron: &Cron, step: &Step) -> Result<(), Error> {
    match step {
        Step::Create(at) => create::create(ctx, key, cron, *at).await,
        Step::Delete { run, replaced } => delete(ctx, key, cron, run, *replaced).await,
        Step::LookUp(run) => look_up(ctx, key, run).await,
    }
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
    let answer = call(&what, create::api(ctx, key).delete(&run.name, &params)).await;
    match answer.and_then(|answer| answer.map_err(|e| failed(&what, e))) {
        Ok(answer) => {
            match answer.left() {
                Some(left) => ctx.runs.wrote(&left), // somebody's finalizer keeps it
                None => ctx.runs.gone(&run.uid),
            }
            info!(replaced, "deleted SidecarJob {}", run.name);
            let note = format!("Deleted job {}", run.name);
            ctx.say(cron, Event::normal(reasons::SUCCESSFUL_DELETE, note).of_run(&run.name));
            Ok(())
        }
        Err(Error::Step { source: kube::Error::Api(status), .. }) if is_gone(&status) => {
            ctx.runs.gone(&run.uid);
            Ok(())
        }
        Err(error) => {
            let note = format!("Deleted job: {}", error.words());
            ctx.say(cron, Event::warning(reasons::FAILED_DELETE, note).of_run(&run.name));
            Err(Error::NotDeleted(Box::new(error)))
        }
    }
}

async fn look_up(ctx: &Schedules, key: &Key, run: &RunRef) -> Result<(), Error> {
    let what = format!("look up SidecarJob {}", run.name);
    let found = call(&what, create::api(ctx, key).get_opt(&run.name)).await?.map_err(|e| failed(&what, e))?;
    match found.filter(|found| found.metadata.uid.as_ref() == Some(&run.uid)) {
        Some(found) if Owner::of_run(&found).is_some() => ctx.runs.wrote(&found), // it may be another's now
        Some(found) => ctx.runs.left(&found),
        None => ctx.runs.gone(&run.uid),
    }
    Ok(())
}

/// Writes the status onto the object it was decided from; if that has changed meanwhile, the server says conflict. Returns
/// the object as it is now; `None` if the object is gone.
pub async fn status(
    ctx: &Schedules,
    key: &Key,
    cron: &Cron,
    status: &Status,
) -> Result<Option<Arc<SidecarCronJob>>, Error> {
    let next = SidecarCronJob { status: Some(status.to_wire(&cron.namespace)), ..(*cron.wire).clone() };
    match call(WRITE_THE_STATUS, put_status(&ctx.client, key, next)).await? {
        Ok(written) => {
            let missed = status.missed.saturating_sub(cron.status.missed);
            ctx.metrics.times_missed(u32::try_from(missed).unwrap_or(0));
            let written = Arc::new(written);
            ctx.memory.wrote(written.clone());
            Ok(Some(written))
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            ctx.memory.forget(key);
            ctx.times.forget(key);
            ctx.runs.forget(&Owner::of(cron));
            Ok(None)
        }
        Err(error) => Err(Error::Status(error)),
    }
}
