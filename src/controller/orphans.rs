//! What becomes of Pods whose SidecarJob is gone? They lose our finalizer, or they could never be deleted.
//!
//! Asked when a Pod's owner is not in the queue's view, also after a restart. The owner is looked up once more before:
//! a view can be old.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Api;
use tracing::{info, warn};

use super::apply;
use super::context::Context;
use super::error::message;
use super::memory::Key;
use super::pods::Seen;
use crate::api::SidecarJob;

/// How long until a look-up or patch that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The owners whose Pods are being let go: one task for each, however many Pods ask.
#[derive(Debug, Default)]
pub struct Orphans(Mutex<HashSet<Key>>);

impl Orphans {
    /// Begins a task for the Pods of a SidecarJob that is not there any more, unless one is at it.
    pub fn release(ctx: &Arc<Context>, key: Key) {
        ctx.memory.forget(&key);
        if tracked(ctx, &key).is_empty() || !ctx.orphans.lock().insert(key.clone()) {
            return;
        }
        let ctx = ctx.clone();
        tokio::spawn(async move {
            while !tracked(&ctx, &key).is_empty() {
                if let Err(why) = release_all(&ctx, &key).await {
                    warn!(sidecarjob = format!("{}/{}", key.0, key.1), "{why}; trying again in {}s", RETRY.as_secs());
                    tokio::time::sleep(RETRY).await;
                } else if still_owned(&ctx, &key).await {
                    break; // a new SidecarJob of that name: its own reconcile knows what is an orphan
                }
            }
            ctx.orphans.lock().remove(&key);
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tracked(ctx: &Context, key: &Key) -> Vec<Seen> {
    ctx.pods.of(key).into_iter().filter(|seen| seen.pod.tracked).collect()
}

async fn still_owned(ctx: &Context, key: &Key) -> bool {
    owner(ctx, key).await.is_ok_and(|uid| uid.is_some())
}

/// The UID of the SidecarJob of that name, if there is one.
async fn owner(ctx: &Context, key: &Key) -> Result<Option<String>, String> {
    let jobs: Api<SidecarJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = jobs.get_opt(&key.1).await;
    let found = found.map_err(|e| format!("failed to look up the owner of Pods: {}", message(&e)))?;
    Ok(found.and_then(|job| job.metadata.uid))
}

/// Takes the finalizer from each Pod that names another owner than the one that is there.
async fn release_all(ctx: &Context, key: &Key) -> Result<(), String> {
    let owner = owner(ctx, key).await?;
    for seen in tracked(ctx, key).iter().filter(|seen| owner.as_ref() != Some(&seen.owner_uid)) {
        info!(pod = seen.pod.name, "its SidecarJob is gone: taking the finalizer");
        apply::release(ctx, key, &seen.pod.to_ref()).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}
