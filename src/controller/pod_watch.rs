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

use crate::api::Kind;
use crate::controller::pods::{News, Pods};
use crate::controller::queue::Wake;
use crate::engine::observed;
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
                take_in(event, &pods, &wakers, &metrics);
                listed.send_if_modified(|listed| !std::mem::replace(listed, pods.synced()) && *listed);
            }
            Err(error) => warn!("the watch of Pods was interrupted, starting it again: {error}"),
        }
    }
}

/// One event: into the view, and on to the runs that it is news for.
pub fn take_in(event: watcher::Event<Pod>, pods: &Pods, wakers: &[Box<dyn Wake>], metrics: &Metrics) {
    let vanishes = |pod: &Pod| pods.vanishes(pod.metadata.uid.as_deref().unwrap_or_default());
    let urgency = match &event {
        watcher::Event::Delete(pod) if vanishes(pod) => Urgency::Hold,
        _ => Urgency::of(&event),
    };
    for news in pods.observe(event) {
        tell(wakers, metrics, urgency, news);
    }
}

/// When a run is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// Something may have to be counted, or be done beside what runs.
    Now,
    /// A Pod is going or gone, or is not ours to count any more.
    Later,
    /// Somebody deleted a Pod that was at work. Who deletes one often deletes more, and the run as well: a replacement
    /// made at once, for whatever reason the run is looked at, is made in vain.
    Hold,
}

impl Urgency {
    fn of(event: &watcher::Event<Pod>) -> Self {
        match event {
            watcher::Event::Delete(_) => Self::Later,
            watcher::Event::Apply(pod) if !is_urgent(pod) => Self::Later,
            _ => Self::Now,
        }
    }
}

fn is_urgent(wire: &Pod) -> bool {
    observed::Pod::from_wire(wire).is_some_and(|pod| pod.tracked && (pod.ended() || pod.deleting_since.is_none()))
}

fn tell(wakers: &[Box<dyn Wake>], metrics: &Metrics, urgency: Urgency, news: News) {
    match news {
        News::Owner { kind, key, ours } => {
            // A Job that we do not know is another manager's, or gone: then only our own Pods matter.
            for waker in wakers.iter().filter(|w| w.kind() == kind) {
                if kind == Kind::SidecarJob || ours || waker.knows(&key) {
                    match urgency {
                        Urgency::Now => waker.wake(&key),
                        Urgency::Later => waker.wake_later(&key),
                        Urgency::Hold => {
                            waker.hold(&key);
                            waker.wake_later(&key);
                        }
                    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::controller::memory::Key;
    use crate::engine::observed::PodRef;

    /// A queue of Jobs that notes when it is woken.
    #[derive(Default)]
    struct Noted(Arc<Mutex<Vec<&'static str>>>);

    impl Wake for Noted {
        fn kind(&self) -> Kind {
            Kind::Job
        }
        fn knows(&self, _: &Key) -> bool {
            true
        }
        fn wake(&self, _: &Key) {
            self.0.lock().unwrap().push("now");
        }
        fn wake_later(&self, _: &Key) {
            self.0.lock().unwrap().push("later");
        }
        fn hold(&self, _: &Key) {
            self.0.lock().unwrap().push("hold");
        }
        fn selecting(&self, _: &str, _: &BTreeMap<String, String>) -> Vec<Key> {
            Vec::new()
        }
        fn release_stray(&self, _: String, _: PodRef) {}
    }

    fn pod(tracked: bool, deleting: bool, phase: &str) -> watcher::Event<Pod> {
        let wire = json!({
            "metadata": {
                "name": "p", "uid": "u", "finalizers": if tracked { vec![Kind::Job.finalizer()] } else { vec!["their.own/one"] },
                "deletionTimestamp": deleting.then_some("2026-01-01T00:00:00Z"),
            },
            "status": {"phase": phase},
        });
        watcher::Event::Apply(serde_json::from_value(wire).unwrap())
    }

    #[test]
    fn what_can_be_counted_wakes_at_once_and_what_is_going_or_gone_after_the_batch_period() {
        for (what, event, want) in [
            ("a Pod runs", pod(true, false, "Running"), "now"),
            ("it has ended", pod(true, false, "Failed"), "now"),
            ("it has ended while it was deleted", pod(true, true, "Failed"), "now"),
            ("somebody deletes it", pod(true, true, "Running"), "later"),
            ("somebody took its finalizer", pod(false, false, "Running"), "later"),
            ("we took its finalizer, and went on ourselves", pod(false, false, "Succeeded"), "later"),
            ("it is gone", watcher::Event::Delete(Pod::default()), "later"),
            ("a list has it", watcher::Event::InitApply(Pod::default()), "now"),
            ("a list ends", watcher::Event::InitDone, "now"),
        ] {
            let noted = Noted::default();
            let woken = noted.0.clone();
            let news = News::Owner { kind: Kind::Job, key: ("space".into(), "run".into()), ours: true };
            tell(&[Box::new(noted)], &Metrics::default(), Urgency::of(&event), news);
            assert_eq!(*woken.lock().unwrap(), [want], "{what}");
        }
    }
}
