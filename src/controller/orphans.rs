//! What happens to Pods whose run is gone? The controller removes our finalizers, because the API server could never
//! delete these Pods otherwise.
//!
//! The controller does this if the owner of a Pod is not in the queue's view, or if somebody removed the Pod's owner
//! reference; also after a restart. Before that the controller asks the API server, because a view may be old. The
//! controller patches many Pods at the same time. A failed patch delays no other Pod; the controller tries again with
//! waits that grow.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use tracing::{info, warn};

use crate::api::{SharedJob, SidecarJob};
use crate::controller::apply;
use crate::controller::call::{call, is_absent};
use crate::controller::context::Context;
use crate::controller::error::{self, message};
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::controller::watched::Watched;
use crate::controller::wire::pods::PodApi;
use crate::engine::observed::{Job, PodRef};

/// How many Pods the controller patches at the same time.
const AT_ONCE: usize = 32;

/// Begins a task for the Pods of a run that is gone, unless such a task is running.
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
        loop {
            let mut tries = 0;
            while let Err(why) = release_all(&ctx, &key).await
                && again(&ctx, &key, &mut tries, &why).await
            {}
            until_released(&ctx, &key).await;
            ctx.pods.forget(K::KIND, &key);
            if !ctx.orphans.goes_on(&key) {
                break;
            }
        }
    });
}

/// Begins a task for our Pods in that namespace that lost their owner reference and that no run in view selects. A task
/// that is running goes round once more.
pub fn release_strays<K: Managed>(ctx: &Arc<Context<K>>, namespace: String) {
    let task = (namespace, String::new());
    if !ctx.orphans.begin(&task) {
        return;
    }
    let ctx = ctx.clone();
    tokio::spawn(async move {
        until_released(&ctx, &task).await;
        while ctx.orphans.goes_on(&task) {
            until_released(&ctx, &task).await;
        }
    });
}

/// Tries to release the Pods of the namespace without an owner until that succeeds.
async fn until_released<K: Managed>(ctx: &Context<K>, task: &Key) {
    let mut tries = 0;
    while let Err(why) = release_left_behind(ctx, &task.0).await
        && again(ctx, task, &mut tries, &why).await
    {}
}

/// Waits before the next try, longer each time. `false`: this program exits, and the next controller continues.
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
    /// The owner of the Pod is gone.
    Left,
    /// The Pod has no owner.
    Stray,
}

/// Removes the finalizers of all these Pods, many at the same time. A failure of one Pod stops no other.
async fn let_go<K: Managed>(ctx: &Context<K>, namespace: &str, pods: &[PodRef], orphan: Orphan) -> Result<(), String> {
    let mut failed = Vec::new();
    for some in pods.chunks(AT_ONCE) {
        let answers = future::join_all(some.iter().map(|pod| let_one_go(ctx, namespace, pod, orphan))).await;
        failed.extend(answers.into_iter().filter_map(Result::err));
    }
    match &failed[..] {
        [] => Ok(()),
        [why] => Err(why.clone()),
        [why, ..] => Err(format!("{why} ({} of {} Pods keep the finalizer)", failed.len(), pods.len())),
    }
}

/// The API server's answer, within a time limit; an error is a sentence.
async fn answer<T>(what: &str, asked: impl Future<Output = kube::Result<T>>) -> Result<T, String> {
    let answer = call(what, asked).await.map_err(|e| e.to_string())?;
    answer.map_err(|e| format!("failed to {what}: {}", message(&e)))
}

/// Removes the finalizers of Pods without an owner that were made for a run that is gone or has ended.
async fn release_left_behind<K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<(), String> {
    // The run that could have adopted these Pods may be the run that is gone.
    let left = ctx.pods.orphans(namespace);
    if left.is_empty() {
        return Ok(());
    }
    let going_on = [uids::<SidecarJob, K>(ctx, namespace).await?, uids::<SharedJob, K>(ctx, namespace).await?].concat();
    let going_on: HashSet<String> = going_on.into_iter().collect();
    let gone = left.into_iter().filter(|(_, uid)| !going_on.contains(uid)).map(|(pod, _)| pod);
    let_go(ctx, namespace, &gone.collect::<Vec<_>>(), Orphan::Stray).await
}

/// The UIDs of all runs of a kind that have not ended: the reconciles of such runs adopt or release the Pods. None if the
/// kind is not installed.
async fn uids<O: Managed, K: Managed>(ctx: &Context<K>, namespace: &str) -> Result<Vec<String>, String> {
    let api: Api<Watched<O>> = Api::namespaced(ctx.client.clone(), namespace);
    let listed = call("list runs", api.list(&ListParams::default())).await.map_err(|e| e.to_string())?;
    match listed {
        Ok(list) => Ok(list.items.iter().filter(|run| may_go_on(run)).filter_map(ResourceExt::uid).collect()),
        Err(kube::Error::Api(status)) if is_absent(&status) => Ok(Vec::new()),
        Err(error) => Err(format!("failed to list runs: {}", message(&error))),
    }
}

/// The run has not ended, or the controller can't read the object.
fn may_go_on<O: Managed>(run: &Watched<O>) -> bool {
    let over = |job: Job| job.deleting || job.status.is_finished();
    !run.0.as_ref().ok().and_then(|run| run.observe()).is_some_and(over)
}

/// Removes the finalizers of each Pod that names another owner than the existing object, which may be a newer object,
/// or another manager's. The reconcile of an existing owner decides about its own orphans.
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

/// Removes the finalizers of a Pod. If the Pod had no owner, only if it still has none.
async fn let_one_go<K: Managed>(ctx: &Context<K>, namespace: &str, pod: &PodRef, orphan: Orphan) -> Result<(), String> {
    match orphan {
        Orphan::Left => info!(pod = pod.name, "the {} of this Pod is gone: removing the finalizer", K::KIND.name()),
        Orphan::Stray if is_still_stray(ctx, namespace, pod).await? => {
            info!(pod = pod.name, "this Pod lost its owner reference: removing the finalizer");
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
        ctx.pods.wrote(&found); // in the view the Pod is a stray
    }
    Ok(!is_owned)
}

#[cfg(test)]
mod tests;
