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
                match release_all(&ctx, &key).await {
                    Ok(Owner::Gone) => {}
                    Ok(Owner::Anew) => break, // its own reconcile knows what is an orphan
                    Err(why) => {
                        let sidecarjob = format!("{}/{}", key.0, key.1);
                        warn!(sidecarjob, "{why}; trying again in {}s", RETRY.as_secs());
                        tokio::time::sleep(RETRY).await;
                    }
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

/// What the look-up found under the name.
enum Owner {
    /// Nothing.
    Gone,
    /// A SidecarJob, which may be a new one.
    Anew,
}

/// Takes the finalizer from each Pod that names another owner than the one that is there.
async fn release_all(ctx: &Context, key: &Key) -> Result<Owner, String> {
    let jobs: Api<SidecarJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let found = jobs.get_opt(&key.1).await;
    let found = found.map_err(|e| format!("failed to look up the owner of Pods: {}", message(&e)))?;
    let owner = found.and_then(|job| job.metadata.uid);
    for seen in tracked(ctx, key).iter().filter(|seen| owner.as_ref() != Some(&seen.owner_uid)) {
        info!(pod = seen.pod.name, "its SidecarJob is gone: taking the finalizer");
        apply::release(ctx, key, &seen.pod.to_ref()).await.map_err(|e| e.to_string())?;
    }
    Ok(if owner.is_some() { Owner::Anew } else { Owner::Gone })
}
