//! What becomes of Pods whose run is gone? They lose our finalizers, or they could never be deleted.
//!
//! Asked when a Pod's owner is not in the queue's view, or its owner reference was taken away; also after a restart. What is
//! there is looked up once more before: a view can be old. Many Pods are let go at the same time; what fails for one of them
//! stops no other, and is tried again with waits that grow.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future;
use k8s_openapi::api::batch::v1::Job as BatchJob;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use tracing::{info, warn};

use crate::api::SidecarJob;
use crate::controller::apply;
use crate::controller::call::{call, is_absent};
use crate::controller::context::Context;
use crate::controller::error::{self, message};
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::controller::wire::pods::PodApi;
use crate::engine::observed::PodRef;

/// How many Pods are patched at the same time.
const AT_ONCE: usize = 32;

/// Begins a task for the Pods of a run that is not there any more, unless one is at it.
pub fn release<K: Managed>(ctx: &Arc<Context<K>>, key: Key) {
    ctx.memory.forget(&key);
    ctx.stops.forget(&key);
    ctx.pods.forget(K::KIND, &key);
    let nothing_left = ctx.pods.uncounted(K::KIND, &key).is_empty() && ctx.pods.orphans(&key.0).is_empty();
    if nothing_left || !ctx.orphans.begin(&key) {
        return;
    }
    let ctx = ctx.clone();
    tokio::spawn(async move {
        let mut tries = 0;
        while let Err(why) = release_all(&ctx, &key).await
            && again(&ctx, &key, &mut tries, &why).await
        {}
        tries = 0;
        while let Err(why) = release_left_behind(&ctx, &key.0).await
            && again(&ctx, &key, &mut tries, &why).await
        {}
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
        let mut tries = 0;
        while let Err(why) = let_go(&ctx, &key.0, std::slice::from_ref(&pod), Orphan::Stray).await
            && again(&ctx, &key, &mut tries, &why).await
        {}
        ctx.orphans.end(&task);
    });
}

/// Waits before the next try, longer each time. `false`: the program is to end, and the next one goes on.
async fn again<K: Managed>(ctx: &Context<K>, key: &Key, tries: &mut u32, why: &str) -> bool {
    *tries += 1;
    let wait = error::wait(*tries);
    warn!(name = format!("{}/{}", key.0, key.1), "{why}; trying again in {}s", wait.as_secs());
    tokio::time::sleep(wait).await;
    !ctx.is_stopping()
}

/// Why a Pod is an orphan.
#[derive(Clone, Copy)]
enum Orphan {
    /// Its owner is gone.
    Left,
    /// It has no owner.
    Stray,
}

/// Lets go of all of them, many at the same time: a failure of one stops no other.
async fn let_go<K: Managed>(ctx: &Context<K>, namespace: &str, pods: &[PodRef], orphan: Orphan) -> Result<(), String> {
    let mut failed = Vec::new();
    for some in pods.chunks(AT_ONCE) {
        let answers = future::join_all(some.iter().map(|pod| let_one_go(ctx, namespace, pod, orphan))).await;
        failed.extend(answers.into_iter().filter_map(Result::err));
    }
    match &failed[..] {
        [] => Ok(()),
        [why] => Err(why.clone()),
        [why, ..] => Err(format!("{why} ({} of {} Pods are not let go)", failed.len(), pods.len())),
    }
}

/// What the API server says, within a bound of time; why not, in a sentence.
async fn answer<T>(what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
    let answer = call(what, asked).await.map_err(|e| e.to_string())?;
    answer.map_err(|e| format!("failed to {what}: {}", message(&e)))
}

/// Takes the finalizers from those whose run is not there any more.
async fn release_left_behind<K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<(), String> {
    // The run that was to take them over may be the one that is gone.
    let left = ctx.pods.orphans(namespace);
    if left.is_empty() {
        return Ok(());
    }
    let there = [uids::<SidecarJob, K>(ctx, namespace).await?, uids::<BatchJob, K>(ctx, namespace).await?].concat();
    let there: HashSet<String> = there.into_iter().collect();
    let gone = left.into_iter().filter(|(_, uid)| !there.contains(uid)).map(|(pod, _)| pod);
    let_go(ctx, namespace, &gone.collect::<Vec<_>>(), Orphan::Stray).await
}

/// The UIDs of all runs of a kind; none where the kind is not installed.
async fn uids<O: Managed, K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<Vec<String>, String> {
    let api: Api<O> = Api::namespaced(ctx.client.clone(), namespace);
    let listed = call("list runs", api.list_metadata(&ListParams::default())).await.map_err(|e| e.to_string())?;
    match listed {
        Ok(list) => Ok(list.items.iter().filter_map(ResourceExt::uid).collect()),
        Err(kube::Error::Api(status)) if is_absent(&status) => Ok(Vec::new()),
        Err(error) => Err(format!("failed to list runs: {}", message(&error))),
    }
}

/// Takes the finalizers from each Pod that names another owner than the one that is there: which may be a new object, or
/// another manager's. The reconcile of an owner that is there knows what is an orphan.
async fn release_all<K: Managed>(ctx: &Context<K>, key: &Key) -> Result<(), String> {
    if ctx.pods.uncounted(K::KIND, key).is_empty() {
        return Ok(());
    }
    let jobs: Api<K> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = answer("look up the owner of Pods", jobs.get_opt(&key.1)).await?;
    if found.as_ref().is_some_and(|job| !job.is_ours()) {
        return Ok(());
    }
    let owner = found.and_then(|job| job.meta().uid.clone());
    let uncounted = || ctx.pods.uncounted(K::KIND, key).into_iter();
    let orphans = || uncounted().filter(|(_, uid)| owner.as_ref() != Some(uid)).map(|(pod, _)| pod);
    let_go(ctx, &key.0, &orphans().collect::<Vec<_>>(), Orphan::Left).await?;
    match orphans().count() {
        n @ 1.. if owner.is_none() => Err(format!("{n} further Pods of a {} that is gone have come", K::KIND.name())),
        _ => Ok(()),
    }
}

/// Takes the finalizers from a Pod; from one without an owner only if it still has none.
async fn let_one_go<K: Managed>(ctx: &Context<K>, namespace: &str, pod: &PodRef, orphan: Orphan) -> Result<(), String> {
    match orphan {
        Orphan::Left => info!(pod = pod.name, "its {} is gone: taking the finalizer", K::KIND.name()),
        Orphan::Stray if is_still_stray(ctx, namespace, pod).await? => {
            info!(pod = pod.name, "its owner was taken away: taking the finalizer");
        }
        Orphan::Stray => return Ok(()),
    }
    let key = (namespace.to_owned(), pod.name.clone());
    apply::release(ctx, &key, pod).await.map_err(|e| e.to_string())
}

async fn is_still_stray<K: Managed>(ctx: &Context<K>, namespace: &str, pod: &PodRef) -> Result<bool, String> {
    let pods = PodApi::of(&ctx.client, namespace);
    let found = answer(&format!("look up Pod {}", pod.name), pods.get_opt(&pod.name)).await?;
    let Some(found) = found.filter(|found| found.metadata.uid == pod.uid) else {
        ctx.pods.gone(&pod.uid);
        return Ok(false);
    };
    let is_owned = found.metadata.owner_references.iter().any(|owner| owner.controller == Some(true));
    if is_owned {
        ctx.pods.wrote(&found); // the view has it as a stray
    }
    Ok(!is_owned)
}

#[cfg(test)]
mod tests;
