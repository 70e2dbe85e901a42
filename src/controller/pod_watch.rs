//! Whom does a change of a Pod wake? The run that owns it; or, if nobody does, the runs that may take it over.
//!
//! All Pods are watched, since labels and owners of a Pod can change under us; what is kept of them is `pods`' part.

use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::watch;
use tracing::warn;

use super::pods::{News, Pods};
use super::queue::Wake;
use crate::api::Kind;
use crate::telemetry::Metrics;

/// Keeps the view of Pods, and wakes runs. `listed` turns true after the first list.
pub async fn run(
    api: Api<Pod>,
    pods: Arc<Pods>,
    wakers: Vec<Box<dyn Wake>>,
    metrics: Metrics,
    listed: watch::Sender<bool>,
) {
    let mut stream = watcher(api, watcher::Config::default()).default_backoff().boxed();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                for news in pods.observe(event) {
                    tell(&wakers, &metrics, news);
                }
                listed.send_if_modified(|listed| !std::mem::replace(listed, pods.synced()) && *listed);
            }
            Err(error) => warn!("the watch of Pods was interrupted, starting it again: {error}"),
        }
    }
}

/// Wakes the runs that a change of a Pod is news for.
pub fn tell(wakers: &[Box<dyn Wake>], metrics: &Metrics, news: News) {
    match news {
        News::Owner { kind, key, ours } => {
            // A Job that we do not know is another manager's, or gone: then only our own Pods matter.
            for waker in wakers.iter().filter(|w| w.kind() == kind) {
                if kind == Kind::SidecarJob || ours || waker.knows(&key) {
                    waker.wake(&key);
                }
            }
        }
        News::Stray { namespace, labels, orphan } => {
            let mut wanted = false;
            for waker in wakers {
                for key in waker.selecting(&namespace, &labels) {
                    wanted = true;
                    waker.wake(&key);
                }
            }
            if let (Some(pod), false, Some(waker)) = (orphan, wanted, wakers.first()) {
                waker.release_stray(namespace, pod);
            }
        }
        News::Tracking(added) => metrics.tracking_finalizer(added),
    }
}
