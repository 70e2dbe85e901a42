//! What does every reconcile have at hand? The client, the views, the clock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kube::Client;
use tokio::sync::{mpsc, watch};

use crate::controller::clock::Clock;
use crate::controller::events::Events;
use crate::controller::managed::Managed;
use crate::controller::memory::Memory;
use crate::controller::places::Places;
use crate::controller::stop::{AT_ONCE, Stops};
use crate::controller::turns::Turns;
use crate::controller::under_way::UnderWay;
use crate::controller::views::pods::Pods;
use crate::engine::observed::Settings;
use crate::telemetry::Metrics;

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
    pub orphans: UnderWay,
    /// To people.
    pub events: Events,
    /// To operators.
    pub metrics: Metrics,
    /// From the command line and the cluster.
    pub settings: Settings,
    /// How many runs are worked on at the same time, and which run is next.
    pub turns: Turns,
    /// How long a status that may wait is held back.
    pub batch_period: TimeDelta,
    /// Asked through `now` only.
    pub clock: Clock,
    /// True when the program is to end; asked through `is_stopping`.
    pub stop: watch::Receiver<bool>,
}

impl<K: Managed> Context<K> {
    /// With that clock and the default settings. Nothing is in view yet, one run at a time is worked on, nobody is woken by a
    /// sidecar that stopped, and the program never ends.
    pub fn at(client: Client, events: Events, clock: Clock) -> Self {
        Self {
            client,
            pods: Arc::new(Pods::default()),
            memory: Memory::default(),
            stops: Stops::new(mpsc::unbounded_channel().0, None, Places::new(AT_ONCE), clock.clone()),
            orphans: UnderWay::default(),
            events,
            metrics: Metrics::default(),
            settings: Settings::default(),
            turns: Turns::new(1),
            batch_period: TimeDelta::seconds(1),
            clock,
            stop: watch::channel(false).1,
        }
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// The program is to end: what is under way is finished, and nothing further begun.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}
