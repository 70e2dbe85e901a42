//! Which runs does a change of a Pod enqueue? The run that owns the Pod; or, if none does, the runs that may adopt it.
//!
//! The controller watches all Pods, since labels and owners of a Pod can change at any time. `views::pods` keeps what
//! matters, and says what a change is news for and how urgent the news is.

use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::watcher::Event;
use tokio::sync::watch;
use tracing::warn;

use crate::api::Kind;
use crate::controller::queue::Wake;
use crate::controller::views::pods::Pods;
use crate::controller::views::pods::news::{News, Urgency};
use crate::controller::wire::watch::watch as watch_pods;
use crate::engine::observed::wire;
use crate::telemetry::Metrics;

/// The queues, one for each kind: where news go.
#[derive(Default)]
pub struct Wakers(Vec<Box<dyn Wake>>);

impl Wakers {
    /// To these queues.
    pub fn new(queues: impl IntoIterator<Item = Box<dyn Wake>>) -> Self {
        Self(queues.into_iter().collect())
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &dyn Wake> {
        self.0.iter().map(AsRef::as_ref).filter(move |queue| queue.kind() == kind)
    }

    /// One piece of news.
    fn tell(&self, metrics: &Metrics, news: News) {
        match news {
            News::Owner { kind, key, ours, urgency } => {
                // A Job that is not in view is another manager's, or gone: then only our own Pods matter.
                let concerned = |queue: &&dyn Wake| kind == Kind::SidecarJob || ours || queue.knows(&key);
                self.of(kind).filter(concerned).for_each(|queue| queue.wake(&key, urgency));
            }
            News::Stray { runs, orphan_in } => {
                for (kind, key) in &runs {
                    self.of(*kind).for_each(|queue| queue.wake(key, Urgency::Now));
                }
                if let Some(namespace) = orphan_in {
                    self.release(namespace);
                }
            }
            News::Tracking(added) => metrics.tracking_finalizer(added),
        }
    }

    /// Pods that no run owns or selects: no kind is nearer than another, so any queue removes the finalizers.
    fn release(&self, namespace: String) {
        if let Some(queue) = self.0.first() {
            queue.release_strays(namespace);
        }
    }
}

/// Keeps the view of Pods, and wakes runs. `listed` turns true after the first list.
pub async fn run(api: Api<Pod>, pods: Arc<Pods>, wakers: Wakers, metrics: Metrics, listed: watch::Sender<bool>) {
    let mut stream = watch_pods(api, None).boxed();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                take_in(event, &pods, &wakers, &metrics);
                listed.send_if_modified(|listed| !std::mem::replace(listed, pods.synced()) && *listed);
            }
            Err(error) => warn!("the watch of Pods was interrupted, starting it again: {error}"),
        }
    }
}

/// One event: into the view, and on to the runs that it is news for.
pub fn take_in(event: Event<wire::Pod>, pods: &Pods, wakers: &Wakers, metrics: &Metrics) {
    pods.observe(event).into_iter().for_each(|news| wakers.tell(metrics, news));
}
