//! What do the runs do? The watch of all SidecarJobs that belong to a schedule keeps the view, and wakes their schedules.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tracing::warn;

use crate::api::{SidecarJob, labels};
use crate::controller::cluster;
use crate::controller::object::Key;
use crate::controller::schedules::context::Schedules;
use crate::controller::watched::Watched;
use crate::controller::wire::watch::watch as watch_runs;

/// Keeps the view of runs, and wakes their schedules.
pub async fn watch(
    ctx: Arc<Schedules>,
    namespace: Option<String>,
    wake: mpsc::UnboundedSender<Key>,
    listed: watch::Sender<bool>,
) {
    let api = cluster::api::<Watched<SidecarJob>>(&ctx.client, namespace.as_deref());
    let mut stream = watch_runs(api, Some(labels::SCHEDULE)).boxed();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                ctx.runs.observe(event).into_iter().for_each(|key| drop(wake.send(key)));
                listed.send_if_modified(|listed| !std::mem::replace(listed, ctx.runs.synced()) && *listed);
            }
            Err(error) => warn!("the watch of scheduled runs was interrupted, starting it again: {error}"),
        }
    }
}
