//! What becomes of Pods whose run is gone? They lose our finalizer, or they could never be deleted.
//!
//! Asked when a Pod's owner is not in the queue's view, or its owner reference was taken away; also after a restart. What is
//! there is looked up once more before: a view can be old.

use crate::controller::call::{call, is_absent};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job as BatchJob;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use kube::core::DeserializeGuard;
use tracing::{info, warn};

use crate::api::SidecarJob;
use crate::controller::apply;
use crate::controller::context::Context;
use crate::controller::error::message;
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::engine::observed::PodRef;

/// How long until a look-up or patch that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Begins a task for the Pods of a run that is not there any more, unless one is at it.
pub fn release<K: Managed>(ctx: &Arc<Context<K>>, key: Key) {
    ctx.memory.forget(&key);
    ctx.stops.forget(&key);
    ctx.pods.forget(K::KIND, &key);
    let nothing_left = tracked(ctx, &key).is_empty() && left_behind(ctx, &key.0).is_empty();
    if nothing_left || !ctx.orphans.begin(&key) {
        return;
    }
    let ctx = ctx.clone();
    tokio::spawn(async move {
        while !tracked(&ctx, &key).is_empty() {
            match release_all(&ctx, &key).await {
                Ok(Owner::Gone) => {}
                Ok(Owner::Anew) => break, // its own reconcile knows what is an orphan
                Err(why) => again(&key, &why).await,
            }
        }
        while let Err(why) = release_left_behind(&ctx, &key.0).await {
            again(&key, &why).await;
        }
        ctx.pods.forget(K::KIND, &key);
        ctx.orphans.end(&key);
    });
}

/// Begins a task for a Pod of ours whose owner reference was taken away and that no run selects, unless one is at it.
pub fn release_stray<K: Managed>(ctx: &Arc<Context<K>>, namespace: String, pod: PodRef) {
    let task = (namespace.clone(), pod.uid.clone());
    if !ctx.orphans.begin(&task) {
        return;
    }
    let (ctx, key) = (ctx.clone(), (namespace, pod.name.clone()));
    tokio::spawn(async move {
        while let Err(why) = release_ownerless(&ctx, &key, &pod).await {
            again(&key, &why).await;
        }
        ctx.orphans.end(&task);
    });
}

async fn again(key: &Key, why: &str) {
    warn!(name = format!("{}/{}", key.0, key.1), "{why}; trying again in {}s", RETRY.as_secs());
    tokio::time::sleep(RETRY).await;
}

fn tracked<K: Managed>(ctx: &Context<K>, key: &Key) -> Vec<(PodRef, String)> {
    ctx.pods.uncounted(K::KIND, key)
}

/// What the API server says, within a bound of time; why not, in a sentence.
async fn answer<T>(what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
    let answer = call(what, asked).await.map_err(|e| e.to_string())?;
    answer.map_err(|e| format!("failed to {what}: {}", message(&e)))
}

/// Pods of ours without an owner: the run that was to take them over may be the one that is gone.
fn left_behind<K: Managed>(ctx: &Context<K>, namespace: &str) -> Vec<(PodRef, String)> {
    ctx.pods.orphans(namespace)
}

/// Takes the finalizer from those whose run is not there any more.
async fn release_left_behind<K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<(), String> {
    let left = left_behind(ctx, namespace);
    if left.is_empty() {
        return Ok(());
    }
    let there = [uids::<SidecarJob, K>(ctx, namespace).await?, uids::<BatchJob, K>(ctx, namespace).await?].concat();
    for (pod, _) in left.iter().filter(|(_, uid)| !there.contains(uid)) {
        release_ownerless(ctx, &(namespace.to_owned(), pod.name.clone()), pod).await?;
    }
    Ok(())
}

/// The UIDs of all runs of a kind; none where the kind is not installed.
async fn uids<O: Managed, K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<Vec<String>, String> {
    let api: Api<DeserializeGuard<O>> = Api::namespaced(ctx.client.clone(), namespace);
    let listed = call("list runs", api.list(&ListParams::default())).await.map_err(|e| e.to_string())?;
    match listed {
        Ok(list) => Ok(list.items.iter().filter_map(ResourceExt::uid).collect()),
        Err(kube::Error::Api(status)) if is_absent(&status) => Ok(Vec::new()),
        Err(error) => Err(format!("failed to list runs: {}", message(&error))),
    }
}

/// What the look-up found under the name.
enum Owner {
    /// Nothing.
    Gone,
    /// An object, which may be a new one, or another manager's.
    Anew,
}

/// Takes the finalizer from each Pod that names another owner than the one that is there.
async fn release_all<K: Managed>(ctx: &Context<K>, key: &Key) -> Result<Owner, String> {
    let jobs: Api<K> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = answer("look up the owner of Pods", jobs.get_opt(&key.1)).await?;
    if found.as_ref().is_some_and(|job| !job.is_ours()) {
        return Ok(Owner::Anew);
    }
    let owner = found.and_then(|job| job.meta().uid.clone());
    for (pod, _) in tracked(ctx, key).iter().filter(|(_, uid)| owner.as_ref() != Some(uid)) {
        info!(pod = pod.name, "its {} is gone: taking the finalizer", K::KIND.name());
        apply::release(ctx, key, pod).await.map_err(|e| e.to_string())?;
    }
    Ok(if owner.is_some() { Owner::Anew } else { Owner::Gone })
}

/// Takes the finalizer from a Pod that still has no owner.
async fn release_ownerless<K: Managed>(ctx: &Context<K>, key: &Key, pod: &PodRef) -> Result<(), String> {
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = answer(&format!("look up Pod {}", pod.name), pods.get_opt(&pod.name)).await?;
    let Some(found) = found.filter(|found| found.metadata.uid.as_ref() == Some(&pod.uid)) else {
        ctx.pods.gone(&pod.uid);
        return Ok(());
    };
    if found.metadata.owner_references.iter().flatten().any(|owner| owner.controller == Some(true)) {
        return Ok(());
    }
    info!(pod = pod.name, "its owner was taken away: taking the finalizer");
    apply::release(ctx, key, pod).await.map_err(|e| e.to_string())
}
