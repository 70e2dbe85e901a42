//! What does an entry of `spec.sidecars` ask for?

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
    /// How long the sidecar may take to be up.
    pub start_deadline: Option<TimeDelta>,
    /// `stop.order`: sidecars stop in ascending order.
    pub order: i32,
    /// How long the sidecar may take to stop.
    pub grace: Option<TimeDelta>,
    /// The way to stop the sidecar that the spec has.
    pub way: Option<Way>,
    /// The recipe that the spec names.
    pub recipe: Option<String>,
    /// How often the sidecar may restart.
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

    /// The entry with this name.
    pub fn named<'a>(all: &'a [Self], name: &str) -> Option<&'a Self> {
        all.iter().find(|s| s.name == name)
    }
}
