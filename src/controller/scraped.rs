//! What does a scrape of the metrics see? The objects in the views of the queues, and the Pods that sidecars hold up.
//!
//! Nothing is kept for a scrape: it reads what the controller has in memory for its work, and calls nobody.

use std::fmt;
use std::sync::Arc;

use kube::runtime::reflector::Store;

use crate::api::{Kind, SCHEDULE, SharedJob, SidecarCronJob, SidecarJob};
use crate::controller::context::Context;
use crate::controller::managed::Managed;
use crate::controller::object::Key;
use crate::controller::queue::Queue;
use crate::controller::schedules::Schedules;
use crate::controller::views::pods::Pods;
use crate::controller::watched::Watched;
use crate::engine::observed::Pod;
use crate::engine::report::blocked::{self, Draining as Drains};
use crate::telemetry::{Draining, InView};

/// What one scope has in view: one namespace, or all.
pub struct Scraped {
    pods: Arc<Pods>,
    ours: OfKind<SidecarJob>,
    jobs: OfKind<SharedJob>,
    schedules: Arc<Schedules>,
}

/// The runs of one kind.
struct OfKind<K: Managed> {
    ctx: Arc<Context<K>>,
    store: Store<Watched<K>>,
}

impl<K: Managed> OfKind<K> {
    fn of(queue: &Queue<K>) -> Self {
        let (ctx, store) = queue.in_view();
        Self { ctx, store }
    }

    /// Whether and how the Pod of that run drains. The engine's form of each run that goes on is in memory.
    fn drains(&self, pod: &Pod, key: &Key) -> Option<Drains> {
        let now = self.ctx.now();
        let known = self.ctx.memory.ask(key, |job| blocked::of(job, pod, now));
        known.unwrap_or_else(|| blocked::without_run(pod, now))
    }
}

impl Scraped {
    /// These queues, which share the view of Pods.
    pub fn of(pods: &Arc<Pods>, ours: &Queue<SidecarJob>, jobs: &Queue<SharedJob>, schedules: &Arc<Schedules>) -> Self {
        let (ours, jobs) = (OfKind::of(ours), OfKind::of(jobs));
        Self { pods: pods.clone(), ours, jobs, schedules: schedules.clone() }
    }
}

impl InView for Scraped {
    fn counts(&self) -> Vec<(&'static str, usize)> {
        let schedules = self.schedules.store.get().map_or(0, Store::len);
        vec![
            (Kind::SidecarJob.name(), self.ours.store.len()),
            (Kind::Job.name(), self.jobs.store.len()),
            (SCHEDULE, schedules),
        ]
    }

    fn runs(&self) -> Vec<Arc<SidecarJob>> {
        self.ours.store.state().iter().filter_map(|run| run.0.as_ref().ok().cloned()).collect()
    }

    fn schedules(&self) -> Vec<Arc<SidecarCronJob>> {
        let all = self.schedules.store.get().map(Store::state).unwrap_or_default();
        all.iter().filter_map(|cron| cron.0.as_ref().ok().cloned()).collect()
    }

    fn draining(&self) -> Vec<Draining> {
        let found = self.pods.like(blocked::may_drain).into_iter().filter_map(|(owner, pod)| {
            let drains = match owner.kind {
                Kind::SidecarJob => self.ours.drains(&pod, &owner.key),
                Kind::Job => self.jobs.drains(&pod, &owner.key),
            }?;
            Some(Draining { kind: owner.kind, run: owner.key.clone(), blocked: drains == Drains::Blocked })
        });
        found.collect()
    }
}

impl fmt::Debug for Scraped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scraped").field("objects", &self.counts()).finish()
    }
}
