//! What does every reconcile have at hand? The client, the views, the clock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kube::Client;
use tokio::sync::mpsc;

use super::events::Events;
use super::managed::Managed;
use super::memory::Memory;
use super::orphans::Orphans;
use super::pods::Pods;
use super::stop::Stops;
use crate::engine::observed::Settings;
use crate::telemetry::Metrics;

/// What time it is; tests bring their own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The computer's clock, the one that the program runs by.
pub fn wall_clock() -> Clock {
    Arc::new(now)
}

/// Shared by all reconciles of one kind.
pub struct Context<K: Managed> {
    /// To the API server.
    pub client: Client,
    /// Our Pods; both kinds share them.
    pub pods: Arc<Pods>,
    /// What may be lost.
    pub memory: Memory<K>,
    /// Sidecars that are being asked to stop.
    pub stops: Stops,
    /// Owners that are gone and whose Pods are being let go.
    pub orphans: Orphans,
    /// To people.
    pub events: Events,
    /// To operators.
    pub metrics: Metrics,
    /// From the command line and the cluster.
    pub settings: Settings,
    /// How long a status that may wait is held back.
    pub batch_period: TimeDelta,
    /// Asked through `now` only.
    pub clock: Clock,
}

impl<K: Managed> Context<K> {
    /// With that clock and the default settings. Nothing is in view yet, and nobody is woken by a sidecar that stopped.
    pub fn at(client: Client, events: Events, clock: Clock) -> Self {
        Self {
            client,
            pods: Arc::new(Pods::default()),
            memory: Memory::default(),
            stops: Stops::new(mpsc::unbounded_channel().0, None, clock.clone()),
            orphans: Orphans::default(),
            events,
            metrics: Metrics::default(),
            settings: Settings::default(),
            batch_period: TimeDelta::seconds(1),
            clock,
        }
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// The one clock of the program.
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
