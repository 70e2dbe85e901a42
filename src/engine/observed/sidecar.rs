//! What does an entry of `spec.sidecars` ask for, with its defaults?

use chrono::TimeDelta;

use crate::api::recipes::Way;
use crate::api::{self, StartBefore, StartUntil};
use crate::engine::observed::time;

/// An entry of `spec.sidecars`, with its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sidecar {
    /// The container's name.
    pub name: String,
    /// `start.before`, if given.
    pub before: Option<StartBefore>,
    /// What main containers wait for.
    pub until: StartUntil,
    /// How long it may take to be up.
    pub start_deadline: Option<TimeDelta>,
    /// Its place in the order of stopping.
    pub order: i32,
    /// How long it may take from its turn.
    pub grace: Option<TimeDelta>,
    /// The way to stop it that the spec gives.
    pub way: Option<Way>,
    /// The recipe that the spec names.
    pub recipe: Option<String>,
    /// How often it may be started again.
    pub max_restarts: Option<u32>,
}

impl Sidecar {
    /// From the wire.
    pub fn from_wire(wire: &api::Sidecar) -> Self {
        let start = wire.start.clone().unwrap_or_default();
        let stop = wire.stop.clone().unwrap_or_default();
        let way = stop.http.map(Way::Http).or(stop.exec.map(Way::Exec)).or(stop.signal.map(Way::Signal));
        Self {
            name: wire.name.clone(),
            before: start.before,
            until: start.until.unwrap_or_default(),
            start_deadline: start.deadline_seconds.map(|s| time::seconds(s.into())),
            order: stop.order.unwrap_or(0),
            grace: stop.grace_period_seconds.map(|s| time::seconds(s.into())),
            way,
            recipe: stop.recipe,
            max_restarts: wire.max_restarts.map(|n| u32::try_from(n).unwrap_or(0)),
        }
    }

    /// The entry of that name.
    pub fn named<'a>(all: &'a [Self], name: &str) -> Option<&'a Self> {
        all.iter().find(|s| s.name == name)
    }
}
