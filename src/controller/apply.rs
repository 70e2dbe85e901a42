//! How does the controller carry out each step? One function for each step.
//!
//! A process that was killed may have carried out each step before. So a step also succeeds if its object exists
//! already, or is gone already. A Pod that the API server rejects is not an error: `memory` keeps the rejection, and
//! the engine decides again. The views take the answers, so that the next decision has them.

use crate::controller::call::{call, failed, is_absent, is_gone};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::{NamespaceResourceScope, Request};
use serde_json::json;
use tracing::{info, warn};

use crate::api::conditions::{events as reasons, types};
use crate::api::{Kind, labels};
use crate::controller::context::Context;
use crate::controller::create;
use crate::controller::error::{Error, WRITE_THE_STATUS};
use crate::controller::managed::Managed;
use crate::controller::object::{Key, key};
use crate::controller::wire::pods::PodApi;
use crate::controller::wire::whole::{Whole, version_after};
use crate::engine::build::pod;
use crate::engine::observed::status::Status;
use crate::engine::observed::wire::Pod;
use crate::engine::observed::{Job, Observed, PodRef, time};
use crate::engine::plan::{Event, Measure, Step};
use crate::telemetry::Counted;

/// How many Pods the controller patches or deletes at the same time.
const AT_ONCE: usize = 32;

/// Carries out all steps in their order; consecutive steps of one kind run at the same time. After SIGTERM no step
/// begins.
pub async fn steps<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, steps: &[Step]) -> Result<(), Error> {
    let same_kind = |a: &Step, b: &Step| std::mem::discriminant(a) == std::mem::discriminant(b);
    for group in steps.chunk_by(same_kind) {
        for at_once in group.chunks(AT_ONCE) {
            if ctx.is_stopping() {
                return Err(Error::Stopped);
            }
            let done = future::join_all(at_once.iter().map(|one| step(ctx, key, seen, one))).await;
            done.into_iter().collect::<Result<(), _>>()?;
        }
    }
    Ok(())
}

async fn step<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, step: &Step) -> Result<(), Error> {
    match step {
        Step::Adopt(pod) => adopt(ctx, key, seen, pod).await,
        Step::Disown(pod) => disown(ctx, key, seen, pod).await,
        Step::CreatePods(pods) => create::pods(ctx, key, seen, pods).await,
        Step::Release(pod) => release(ctx, key, pod).await,
        Step::Delete(pod) => delete(ctx, key, seen, pod).await.map_err(|e| Error::NotDeleted(Box::new(e))),
        Step::End { pod, deadline_seconds } => end(ctx, key, seen, pod, *deadline_seconds).await,
        Step::StopSidecars { pod, deadline_seconds, at } => {
            let patch = json!({
                "metadata": {"uid": pod.uid, "annotations": {labels::STOPPING_SINCE: time::format(*at)}},
                "spec": {"activeDeadlineSeconds": deadline_seconds}
            });
            stop_sidecars(ctx, key, seen, pod, patch).await
        }
        Step::BeginStop { pod, at } => begin_stop(ctx, key, seen, pod, *at).await,
        Step::Ask(ask) => {
            ctx.stops.ask(ctx.client.clone(), ctx.events.clone(), key, &seen.job, ask.clone());
            Ok(())
        }
        Step::FailPod { pod, deadline_seconds, at, reason, note } => {
            let marks = json!({labels::FAILED: reason, labels::STOPPING_SINCE: time::format(*at)});
            let patch = json!({
                "metadata": {"uid": pod.uid, "annotations": marks}, "spec": {"activeDeadlineSeconds": deadline_seconds}
            });
            if patch_pod(ctx, pod, key, &format!("fail Pod {}", pod.name), patch).await?.is_some() {
                warn!(pod = pod.name, reason, "{note}");
                ctx.events.about_container(&seen.job, Event::warning(reason, note.clone()), pod, "");
            }
            Ok(())
        }
        Step::DeleteJob => delete_job(ctx, key, seen).await,
    }
}

/// Adopts a Pod without an owner. First asks the API server whether the run exists and nobody deletes the run: the view
/// may be old, and a Pod of a deleted owner is deleted too.
async fn adopt<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, pod: &PodRef) -> Result<(), Error> {
    let what = format!("adopt Pod {}", pod.name);
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = call(&what, api.get_opt(&key.1)).await?.map_err(|e| failed(&what, e))?;
    let stays = |job: &K| job.meta().uid.as_ref() == Some(&seen.job.uid) && job.meta().deletion_timestamp.is_none();
    if !found.as_ref().is_some_and(stays) {
        return Err(Error::Gone(what));
    }
    let patch = json!({"metadata": {
        "uid": pod.uid,
        "labels": {labels::UID: seen.job.uid},
        "finalizers": [K::KIND.finalizer()],
        "$deleteFromPrimitiveList/finalizers": K::KIND.other_finalizers(),
        "ownerReferences": [pod::owner(&seen.job)]
    }});
    if patch_pod(ctx, pod, key, &what, patch).await?.is_some() {
        info!(pod = pod.name, "adopted the Pod");
    }
    Ok(())
}

/// Releases a Pod whose labels the selector no longer matches. The Pod does not count.
async fn disown<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, pod: &PodRef) -> Result<(), Error> {
    let what = format!("release Pod {}", pod.name);
    let patch = json!({"metadata": {
        "uid": pod.uid,
        "labels": {labels::UID: null}, // with this label, a Pod that is adopted again looks counted
        "$deleteFromPrimitiveList/finalizers": Kind::ALL.map(Kind::finalizer),
        "ownerReferences": [{"$patch": "delete", "uid": seen.job.uid}]
    }});
    if patch_pod(ctx, pod, key, &what, patch).await?.is_some() {
        info!(pod = pod.name, "released the Pod: the selector does not match its labels any more");
    }
    Ok(())
}

/// Removes our finalizers of both kinds from a Pod, because somebody may have added the finalizer of the other kind. The
/// UID in the patch makes the patch fail on another Pod of the same name.
pub async fn release<K: Managed>(ctx: &Context<K>, key: &Key, pod: &PodRef) -> Result<(), Error> {
    let what = format!("take the finalizer from Pod {}", pod.name);
    let finalizers = Kind::ALL.map(Kind::finalizer);
    let patch = json!({"metadata": {"uid": pod.uid, "$deleteFromPrimitiveList/finalizers": finalizers}});
    let patched = patch_pod(ctx, pod, key, &what, patch).await?;
    let kept = |pod: &Pod| pod.metadata.finalizers.iter().any(|f| finalizers.contains(&f.as_str()));
    if patched.as_ref().is_some_and(kept) { Err(Error::NoEffect(what)) } else { Ok(()) }
}

/// The patched Pod; `None` if it is gone.
async fn patch_pod<K: Managed>(
    ctx: &Context<K>,
    pod: &PodRef,
    key: &Key,
    what: &str,
    patch: serde_json::Value,
) -> Result<Option<Pod>, Error> {
    let params = PatchParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PatchParams::default() };
    match call(what, PodApi::of(&ctx.client, &key.0).patch(&pod.name, &params, &Patch::Strategic(patch))).await? {
        Ok(patched) => {
            ctx.pods.wrote(&patched);
            Ok(Some(patched))
        }
        Err(kube::Error::Api(status)) if is_gone(&status) => {
            ctx.pods.gone(&pod.uid);
            Ok(None)
        }
        Err(error) => Err(failed(what, error)),
    }
}

async fn delete<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed, pod: &PodRef) -> Result<(), Error> {
    let what = format!("delete Pod {}", pod.name);
    let preconditions = Preconditions { uid: Some(pod.uid.clone()), resource_version: None };
    let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
    ctx.pods.will_delete(&pod.uid);
    match call(&what, PodApi::of(&ctx.client, &key.0).delete(&pod.name, &params)).await? {
        Ok(answer) => {
            info!(pod = pod.name, "deleted Pod");
            answer.iter().for_each(|left| ctx.pods.wrote(left));
            ctx.pods.deleted(&pod.uid, ctx.now());
            let note = format!("Deleted pod: {}", pod.name);
            ctx.events.about_job(&seen.job, Event::normal(reasons::SUCCESSFUL_DELETE, note));
            Ok(())
        }
        Err(kube::Error::Api(status)) if is_gone(&status) => {
            ctx.pods.gone(&pod.uid);
            Ok(())
        }
        Err(error) => Err(failed(&what, error)),
    }
}

async fn end<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    pod: &PodRef,
    deadline: i64,
) -> Result<(), Error> {
    let patch = json!({"metadata": {"uid": pod.uid}, "spec": {"activeDeadlineSeconds": deadline}});
    if patch_pod(ctx, pod, key, &format!("end Pod {}", pod.name), patch).await?.is_some() {
        info!(pod = pod.name, "the run has ended: ending the Pod, which stays");
        let note = format!("Ended pod: {}; the pod and its logs stay", pod.name);
        ctx.events.about_job(&seen.job, Event::normal(reasons::POD_ENDED, note));
    }
    Ok(())
}

async fn stop_sidecars<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    pod: &PodRef,
    patch: serde_json::Value,
) -> Result<(), Error> {
    let what = format!("stop the sidecars of Pod {}", pod.name);
    if patch_pod(ctx, pod, key, &what, patch).await?.is_some() {
        info!(pod = pod.name, "main containers are done: stopping the sidecars");
        let note = format!("Main containers of pod {} are done: stopping its sidecars", pod.name);
        ctx.events.about_job(&seen.job, Event::normal(reasons::SIDECAR_STOP_REQUESTED, note));
    }
    Ok(())
}

/// Writes when the turns of the Pod's sidecars begin, so that another controller can continue.
async fn begin_stop<K: Managed>(
    ctx: &Context<K>,
    key: &Key,
    seen: &Observed,
    pod: &PodRef,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let what = format!("begin to stop the sidecars of Pod {}", pod.name);
    let patch = json!({"metadata": {"uid": pod.uid, "annotations": {labels::STOPPING_SINCE: time::format(at)}}});
    if patch_pod(ctx, pod, key, &what, patch).await?.is_some() {
        info!(pod = pod.name, "main containers are done: stopping the sidecars in their order");
        let note = format!("Main containers of pod {} are done: stopping its sidecars", pod.name);
        ctx.events.about_job(&seen.job, Event::normal(reasons::SIDECAR_STOP_REQUESTED, note));
    }
    Ok(())
}

/// Deletes the run, its Pods first (foreground), as the TTL controller does with Jobs. The UID protects a newer object
/// of the same name.
async fn delete_job<K: Managed>(ctx: &Context<K>, key: &Key, seen: &Observed) -> Result<(), Error> {
    let api: Api<K> = Api::namespaced(ctx.client.clone(), &key.0);
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

/// Writes the status. The write replaces the object that the decision was based on; if the object has changed since,
/// the API server answers with a conflict.
///
/// Returns the object as it is now. `None`: the change is not part of the wire form, and nothing was written.
pub async fn status<K: Managed>(
    ctx: &Context<K>,
    object: &K,
    before: &Job,
    status: &Status,
) -> Result<Option<Arc<K>>, Error> {
    let key = key(object);
    let next = object.with_status(status);
    if next.same_status(object) {
        ctx.memory.keep_backoff(&key, status.backoff);
        return Ok(None);
    }
    match call(WRITE_THE_STATUS, put_status(&ctx.client, &key, next)).await? {
        Ok(written) => {
            ctx.metrics.status_written(&tally(before, &before.status), &tally(before, status));
            let written = Arc::new(written);
            ctx.memory.wrote(written.clone());
            if K::KIND == Kind::Job {
                ctx.memory.keep_backoff(&key, status.backoff);
            }
            Ok(Some(written))
        }
        Err(kube::Error::Api(status)) if is_absent(&status) => {
            ctx.memory.forget(&key);
            Err(Error::Status(kube::Error::Api(status)))
        }
        Err(error) => Err(Error::Status(error)),
    }
}

/// Replaces the status of that object. Of the answer only the version is read: the rest is as it was before, because any
/// other change would have been a conflict. If the API server stores another status, the watch says so.
pub async fn put_status<K>(client: &Client, (namespace, name): &Key, mut object: K) -> kube::Result<K>
where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope> + Whole,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let params = PostParams { field_manager: Some(labels::FIELD_MANAGER.into()), ..PostParams::default() };
    let body = object.status_write().map_err(kube::Error::SerdeError)?;
    let request = Request::new(api.resource_url()).replace_subresource("status", name, &params, body);
    object.meta_mut().resource_version = version_after(client, request.map_err(kube::Error::BuildRequest)?).await?;
    Ok(object)
}

/// The numbers of a status that the metrics count.
fn tally(job: &Job, status: &Status) -> Counted {
    let ended = |type_, result| status.conditions.when_true(type_).map(|c| (result, c.reason.clone()));
    let earlier = job.earlier(); // no work of this run
    Counted {
        kind: job.kind,
        indexed: job.spec.indexed,
        per_index: job.spec.backoff_limit_per_index.is_some(),
        succeeded: status.succeeded.max(earlier.len()),
        failed: status.failed,
        completed_indexes: status.completed.union(&earlier).below(job.spec.completions.unwrap_or(0)).len(),
        failed_indexes: status.failed_indexes.as_ref().map_or(0, |f| f.below(job.spec.completions.unwrap_or(0)).len()),
        end: ended(types::COMPLETE, "succeeded").or_else(|| ended(types::FAILED, "failed")),
    }
}

/// Observes what Pods did. The caller has stored the status before, or has done the steps.
pub fn measures<K: Managed>(ctx: &Context<K>, measures: &[Measure]) {
    let (all, kind) = (ctx.metrics.of_pods(), K::KIND);
    let seconds = |took: TimeDelta| took.as_seconds_f64();
    for measure in measures {
        match *measure {
            Measure::MainDone { success, took } => all.main_done(kind, success, seconds(took)),
            Measure::SidecarStopped { by, end } => all.sidecar_stopped(kind, by.word(), end.word()),
            Measure::SidecarsDone { by, took } => all.sidecars_done(kind, by.word(), seconds(took)),
        }
    }
}

/// Sends the events of a decision. The caller has stored the status before.
pub fn events<K: Managed>(ctx: &Context<K>, job: &Job, events: &[Event]) {
    for event in events {
        info!(reason = event.reason, "{}", event.note);
        ctx.events.about_job(job, event.clone());
    }
}
