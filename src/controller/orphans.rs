//! What becomes of Pods whose SidecarJob is gone? They lose our finalizer, or they could never be deleted.
//!
//! Asked when a Pod's owner is not in the queue's view, also after a restart. The owner is looked up once more before:
//! a view can be old.

use std::sync::Arc;
use std::time::Duration;

use kube::Api;
use tokio::sync::mpsc::UnboundedSender;
use tracing::{info, warn};

use super::apply;
use super::context::Context;
use super::error::message;
use super::memory::Key;
use crate::api::SidecarJob;

/// How long until a look-up or patch that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Takes the finalizer from the Pods of a SidecarJob that is not there any more.
pub async fn release(ctx: Arc<Context>, key: Key, wake: UnboundedSender<Key>) {
    let pods = ctx.pods.of(&key);
    if pods.iter().all(|seen| !seen.pod.tracked) {
        ctx.memory.forget(&key);
        return;
    }
    let jobs: Api<SidecarJob> = Api::namespaced(ctx.client.clone(), &key.0);
    let owner = match jobs.get_opt(&key.1).await {
        Ok(owner) => owner.and_then(|job| job.metadata.uid),
        Err(error) => {
            warn!(
                sidecarjob = format!("{}/{}", key.0, key.1),
                "failed to look up the owner of Pods: {}",
                message(&error)
            );
            return again(key, wake);
        }
    };
    for seen in pods.iter().filter(|seen| seen.pod.tracked && owner.as_ref() != Some(&seen.owner_uid)) {
        info!(pod = seen.pod.name, "its SidecarJob is gone: taking the finalizer");
        if let Err(error) = apply::release(&ctx, &key, &seen.pod.to_ref()).await {
            warn!("{error}");
            return again(key, wake);
        }
    }
    ctx.memory.forget(&key);
}

/// Wakes the key later.
fn again(key: Key, wake: UnboundedSender<Key>) {
    tokio::spawn(async move {
        tokio::time::sleep(RETRY).await;
        let _ = wake.send(key);
    });
}
