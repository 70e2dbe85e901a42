//! What does every reconcile of a schedule have at hand?

use std::sync::{Arc, OnceLock};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::reflector::Store;
use kube::{Client, Resource};
use tokio::sync::watch;
use tracing::info;

use crate::api::SidecarCronJob;
use crate::controller::clock::{Clock, wall_clock};
use crate::controller::events::Events;
use crate::controller::memory::Memory;
use crate::controller::object::Key;
use crate::controller::schedules::known_times::KnownTimes;
use crate::controller::schedules::runs::Runs;
use crate::controller::schedules::rush::Rush;
use crate::controller::watched::Watched;
use crate::engine::plan::Event;
use crate::engine::schedule::observed::Cron;
use crate::telemetry::Metrics;

/// What every reconcile of a schedule has at hand.
pub struct Schedules {
    /// To the API server.
    pub client: Client,
    /// The runs.
    pub runs: Runs,
    /// What may be lost.
    pub memory: Memory<SidecarCronJob>,
    /// Their times.
    pub times: KnownTimes,
    /// Starts come first.
    pub rush: Rush,
    /// To people.
    pub events: Events,
    /// To operators.
    pub metrics: Metrics,
    /// The schedules in view, once their watch has begun.
    pub store: OnceLock<Store<Watched<SidecarCronJob>>>,
    /// The clock.
    pub now: Clock,
    /// True when the program is to end.
    stop: OnceLock<watch::Receiver<bool>>,
}

impl Schedules {
    /// Nothing is in view yet, and nothing is counted.
    pub fn new(client: Client, events: Events) -> Arc<Self> {
        Self::counted(client, events, Metrics::default(), wall_clock())
    }

    /// The same with another clock.
    pub fn at(client: Client, events: Events, now: Clock) -> Arc<Self> {
        Self::counted(client, events, Metrics::default(), now)
    }

    /// The same; these metrics count.
    pub fn counted(client: Client, events: Events, metrics: Metrics, now: Clock) -> Arc<Self> {
        let (runs, memory, rush) = (Runs::default(), Memory::default(), Rush::default());
        let (times, stop, store) = (KnownTimes::default(), OnceLock::new(), OnceLock::new());
        Arc::new(Self { client, runs, memory, times, rush, events, metrics, store, now, stop })
    }

    /// The program is to end: nothing further is begun.
    pub fn is_stopping(&self) -> bool {
        self.stop.get().is_some_and(|stop| *stop.borrow())
    }

    /// The program ends when this is true.
    pub fn stops_with(&self, stop: watch::Receiver<bool>) {
        self.stop.get_or_init(|| stop);
    }

    /// The SidecarCronJob is gone.
    pub fn forget(&self, key: &Key) {
        self.memory.forget(key);
        self.times.forget(key);
        self.runs.owner_is_gone(key);
        self.rush.looked_at(key, (self.now)());
        self.rush.settled(key);
    }

    /// Tells people about the SidecarCronJob, in the log and by an event.
    pub fn tell(&self, cron: &Cron, event: Event) {
        info!(reason = event.reason, "{}", event.note);
        self.say(cron, event);
    }

    /// The same of what is logged elsewhere: by an event alone.
    pub fn say(&self, cron: &Cron, event: Event) {
        let about: ObjectReference = cron.wire.object_ref(&());
        self.events.about_object(about, event);
    }
}
