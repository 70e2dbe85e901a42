//! How is each step done? One function a step; each may have been done before.
//!
//! What is there already, or is gone already, is success. A Pod that the API server refuses is no error: it is
//! remembered, and the engine is asked again. The answers go into the views, so that the next decision has them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use serde_json::json;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::context::Context;
use super::error::{CALL_TIMEOUT, Error, message};
use super::memory::Key;
use super::stop::Ask;
use crate::api::conditions::events as reasons;
use crate::api::{SidecarJob, labels};
use crate::engine::observed::{Observed, PodRef};
use crate::engine::plan::{Event, Step};
use crate::engine::status::Status;
use crate::engine::{self, pod_template, time};

/// How many Pods are patched or deleted at the same time.
const AT_ONCE: usize = 32;

/// All steps, in their order; those of one kind that stand together at the same time.
pub async fn steps(ctx: &Context, key: &Key, seen: &Observed, steps: &[Step]) -> Result<(), Error> {
    let same_kind = |a: &Step, b: &Step| std::mem::discriminant(a) == std::mem::discriminant(b);
    for group in steps.chunk_by(same_kind) {
        for at_once in group.chunks(AT_ONCE) {
            let done = future::join_all(at_once.iter().map(|one| step(ctx, key, seen, one))).await;
            done.into_iter().collect::<Result<(), _>>()?;
        }
    }
    Ok(())
}

async fn step(ctx: &Context, key: &Key, seen: &Observed, step: &Step) -> Result<(), Error> {
    match step {
        Step::CreatePods(numbers) => create_pods(ctx, key, seen, numbers).await,
        Step::Release(pod) => release(ctx, key, pod).await,
        Step::Delete(pod) => delete(ctx, key, seen, pod).await,
        Step::StopSidecars { pod, deadline_seconds } => stop_sidecars(ctx, key, seen, pod, *deadline_seconds).await,
        Step::BeginStop { pod, at } => begin_stop(ctx, key, seen, pod, *at).await,
        Step::Ask { pod, container, way } => {
            let ask = Ask { job: seen.job.clone(), pod: pod.clone(), container: container.clone(), way: way.clone() };
            ctx.stops.ask(ctx.client.clone(), ctx.events.clone(), key, ask);
            Ok(())
        }
        Step::FailPod { pod, deadline_seconds, at, reason, note } => {
            let marks = json!({labels::FAILED: reason, labels::STOPPING_SINCE: time::format(*at)});
            let patch = json!({
                "metadata": {"uid": pod.uid, "annotations": marks}, "spec": {"activeDeadlineSeconds": deadline_seconds}
            });
            if patch_pod(ctx, key, pod, &format!("fail Pod {}", pod.name), patch).await?.is_some() {
                warn!(pod = pod.name, reason, "{note}");
                ctx.events.about_container(&seen.job, Event::warning(reason, note.clone()), pod, "");
            }
            Ok(())
        }
        Step::DeleteJob => delete_job(ctx, key, seen).await,
    }
}

/// One call, with a bound.
async fn call<T>(what: &str, future: impl Future<Output = kube::Result<T>>) -> Result<kube::Result<T>, Error> {
    timeout(CALL_TIMEOUT, future).await.map_err(|_| Error::Timeout(what.to_owned()))
}

fn failed(step: &str, source: kube::Error) -> Error {
    Error::Step { step: step.to_owned(), source }
}

fn pod_api(ctx: &Context, key: &Key) -> Api<Pod> {
    Api::namespaced(ctx.client.clone(), &key.0)
}

/// In batches of 1, 2, 4, …, so that a template that is refused costs one call and not hundreds.
async fn create_pods(ctx: &Context, key: &Key, seen: &Observed, numbers: &[u32]) -> Result<(), Error> {
    let (mut rest, mut size) = (numbers, 1);
    while !rest.is_empty() {
        let (batch, later) = rest.split_at(size.min(rest.len()));
        let created = future::join_all(batch.iter().map(|n| create_pod(ctx, key, seen, *n))).await;
        let taken: Vec<bool> = created.into_iter().collect::<Result<_, _>>()?;
        if taken.contains(&false) {
            return Ok(());
        }
        (rest, size) = (later, size * 2);
    }
    Ok(())
}

/// Whether the API server took it.
async fn create_pod(ctx: &Context, key: &Key, seen: &Observed, number: u32) -> Result<bool, Error> {
    let pod = pod_template::pod(&seen.job, number, &seen.settings);
    let name = pod.metadata.name.clone().unwrap_or_default();
    let what = format!("create Pod {name}");
    match call(&what, pod_api(ctx, key).create(&PostParams::default(), &pod)).await? {
        Ok(created) => {
            info!(pod = name, "created Pod");
            ctx.pods.wrote(&created);
            ctx.memory.accepted(key);
            ctx.metrics.pod_created(true);
            let event = Event::normal(reasons::SUCCESSFUL_CREATE, format!("Created pod: {name}"));
            ctx.events.about_pod(&seen.job, event, &created);
            Ok(true)
        }
        Err(error) => {
            ctx.metrics.pod_created(false);
            not_created(ctx, key, seen, &name, error).await
        }
    }
}

/// What a failed create means: there already, refused, or worth another try.
async fn not_created(ctx: &Context, key: &Key, seen: &Observed, name: &str, error: kube::Error) -> Result<bool, Error> {
    let kube::Error::Api(status) = &error else { return Err(failed(&format!("create Pod {name}"), error)) };
    if status.is_already_exists() {
        return already_there(ctx, key, seen, name).await;
    }
    let terminating = is_terminating(status) || status.is_not_found();
    let refused = matches!(status.code, 400 | 403 | 413 | 422);
    if !terminating && !refused {
        return Err(failed(&format!("create Pod {name}"), error));
    }
    if !terminating {
        warn!(pod = name, "the API server refuses the Pod: {}", status.message);
        ctx.events.about_job(
            &seen.job,
            Event::warning(reasons::FAILED_CREATE, format!("Error creating: {}", status.message)),
        );
    }
    ctx.memory.refused(key, status.message.clone(), ctx.now());
    Ok(false)
}

/// The whole namespace is on its way out, and the SidecarJob with it.
fn is_terminating(status: &kube::core::Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes.into_iter().any(|cause| cause.reason == "NamespaceTerminating")
}

/// A name is computed, so a Pod of that name is ours, made by a write whose answer was lost; or a stranger's.
async fn already_there(ctx: &Context, key: &Key, seen: &Observed, name: &str) -> Result<bool, Error> {
    let what = format!("get Pod {name}, which exists already");
    let Some(pod) = call(&what, pod_api(ctx, key).get_opt(name)).await?.map_err(|e| failed(&what, e))? else {
        return Ok(false); // gone in between: the next round creates it
    };
    let owners = pod.metadata.owner_references.as_deref().unwrap_or_default();
    if owners.iter().any(|o| o.uid == seen.job.uid) {
        debug!(pod = name, "Pod was created before");
        ctx.pods.wrote(&pod);
        return Ok(true);
    }
    let note = format!("Pod {name} exists already and is not ours: delete it, or give the SidecarJob another name");
    ctx.events.about_job(&seen.job, Event::warning(reasons::FAILED_CREATE, format!("Error creating: {note}")));
    ctx.memory.refused(key, note, ctx.now());
    Ok(false)
}

/// Takes our finalizer and no other; the UID in the patch makes it fail on another Pod of the same name.
pub async fn release(ctx: &Context, key: &Key, pod: &PodRef) -> Result<(), Error> {
    let what = format!("take the finalizer from Pod {}", pod.name);
    let patch =
        json!({"metadata": {"uid": pod.uid, "$deleteFromPrimitiveList/finalizers": [labels::TRACKING_FINALIZER]}});
    patch_pod(ctx, key, pod, &what, patch).await.map(drop)
}

/// The patched Pod; `None` if it is gone.
async fn patch_pod(
    ctx: &Context,
    key: &Key,
    pod: &PodRef,
    what: &str,
    patch: serde_json::Value,
) -> Result<Option<Pod>, Error> {
    let params = PatchParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PatchParams::default() };
    match call(what, pod_api(ctx, key).patch(&pod.name, &params, &Patch::Strategic(patch))).await? {
        Ok(patched) => {
            ctx.pods.wrote(&patched);
            Ok(Some(patched))
        }
        Err(kube::Error::Api(status)) if is_gone(&status) => {
            ctx.pods.gone(key, &pod.uid);
            Ok(None)
        }
        Err(error) => Err(failed(what, error)),
    }
}

/// Not found, or another object by now: a precondition on the UID fails as a conflict.
fn is_gone(status: &kube::core::Status) -> bool {
    status.is_not_found() || (status.code == 409 && status.message.contains("UID"))
}

async fn delete(ctx: &Context, key: &Key, seen: &Observed, pod: &PodRef) -> Result<(), Error> {
    let what = format!("delete Pod {}", pod.name);
    let preconditions = Preconditions { uid: Some(pod.uid.clone()), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    match call(&what, pod_api(ctx, key).delete(&pod.name, &params)).await? {
        Ok(answer) => {
            info!(pod = pod.name, "deleted Pod");
            answer.left().iter().for_each(|left| ctx.pods.wrote(left));
            ctx.pods.deleted(key, &pod.uid, ctx.now());
            let note = format!("Deleted pod: {}", pod.name);
            ctx.events.about_job(&seen.job, Event::normal(reasons::SUCCESSFUL_DELETE, note));
            Ok(())
        }
        Err(kube::Error::Api(status)) if is_gone(&status) => {
            ctx.pods.gone(key, &pod.uid);
            Ok(())
        }
        Err(error) => {
            let note = format!("Error deleting: {}", message(&error));
            ctx.events.about_job(&seen.job, Event::warning(reasons::FAILED_DELETE, note));
            Err(failed(&what, error))
        }
    }
}

async fn stop_sidecars(ctx: &Context, key: &Key, seen: &Observed, pod: &PodRef, seconds: i64) -> Result<(), Error> {
    let what = format!("stop the sidecars of Pod {}", pod.name);
    let patch = json!({"metadata": {"uid": pod.uid}, "spec": {"activeDeadlineSeconds": seconds}});
    if patch_pod(ctx, key, pod, &what, patch).await?.is_some() {
        info!(pod = pod.name, "main containers are done: stopping the sidecars");
        let note = format!("Main containers of pod {} are done: stopping its sidecars", pod.name);
        ctx.events.about_job(&seen.job, Event::normal(reasons::SIDECAR_STOP_REQUESTED, note));
    }
    Ok(())
}

/// From here the turns of its sidecars are counted, also by a controller that starts later.
async fn begin_stop(ctx: &Context, key: &Key, seen: &Observed, pod: &PodRef, at: DateTime<Utc>) -> Result<(), Error> {
    let what = format!("begin to stop the sidecars of Pod {}", pod.name);
    let patch =
        json!({"metadata": {"uid": pod.uid, "annotations": {labels::STOPPING_SINCE: time::format(at)}}});
    if patch_pod(ctx, key, pod, &what, patch).await?.is_some() {
        info!(pod = pod.name, "main containers are done: stopping the sidecars in their order");
        let note = format!("Main containers of pod {} are done: stopping its sidecars", pod.name);
        ctx.events.about_job(&seen.job, Event::normal(reasons::SIDECAR_STOP_REQUESTED, note));
    }
    Ok(())
}

/// Its Pods first (foreground), as the TTL controller does with Jobs. The UID guards against a newer object.
async fn delete_job(ctx: &Context, key: &Key, seen: &Observed) -> Result<(), Error> {
    let api: Api<SidecarJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let preconditions = Preconditions { uid: Some(seen.job.uid.clone()), resource_version: None };
    let params = DeleteParams {
        preconditions: Some(preconditions),
        propagation_policy: Some(PropagationPolicy::Foreground),
        ..DeleteParams::default()
    };
    match call("delete the SidecarJob", api.delete(&key.1, &params)).await? {
        Ok(_) => info!("deleted: ttlSecondsAfterFinished has passed"),
        Err(kube::Error::Api(status)) if is_gone(&status) => {}
        Err(error) => return Err(failed("delete the SidecarJob", error)),
    }
    Ok(())
}

/// Writes the status onto the object it was decided from; if that has changed meanwhile, the server says conflict.
pub async fn status(ctx: &Context, job: &SidecarJob, status: &Status) -> Result<(), Error> {
    let namespace = job.metadata.namespace.clone().unwrap_or_default();
    let name = job.metadata.name.clone().unwrap_or_default();
    let api: Api<SidecarJob> = Api::namespaced(ctx.client.clone(), &namespace);
    let next = SidecarJob { status: Some(status.to_wire()), ..job.clone() };
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    match call("write the status", api.replace_status(&name, &params, &next)).await? {
        Ok(written) => {
            ctx.metrics.status_written(job, &written);
            ctx.memory.wrote(Arc::new(written));
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            ctx.memory.forget(&(namespace, name));
            Err(Error::Status(kube::Error::Api(status)))
        }
        Err(error) => Err(Error::Status(error)),
    }
}

/// What is told once the status is stored.
pub fn events(ctx: &Context, job: &SidecarJob, events: &[Event]) {
    if let Some(job) = engine::observed::Job::from_wire(job) {
        for event in events {
            info!(reason = event.reason, "{}", event.note);
            ctx.events.about_job(&job, event.clone());
        }
    }
}
