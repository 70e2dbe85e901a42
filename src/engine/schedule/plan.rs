//! What can be decided about a schedule: the steps, the status, the events, and when to look again.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::engine::plan::Event;
use crate::engine::schedule::observed::RunRef;
use crate::engine::schedule::observed::status::Status;
use crate::engine::schedule::search::Search;

/// The decision about one SidecarCronJob at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What to do, in this order.
    pub steps: Vec<Step>,
    /// The status to write when there are no steps, if it differs from the stored one.
    pub status: Option<Status>,
    /// That status tells of runs that have started and go on, and nothing waits for it: it may be written later, when other
    /// schedules have started.
    pub may_wait: bool,
    /// To be sent when the status is stored.
    pub events: Vec<Event>,
    /// When to look again if nothing happens before.
    pub wake: Option<DateTime<Utc>>,
    /// What was searched, to be kept as long as the spec is the same. `None`: nothing was.
    pub search: Option<Search>,
}

/// One deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the API server for a run that the status has and the view has not.
    LookUp(RunRef),
    /// Delete a run: to make room for the next, or since enough are kept.
    Delete {
        /// Which.
        run: RunRef,
        /// It still runs, and concurrencyPolicy is Replace.
        replaced: bool,
    },
    /// Create the run of that time.
    Create(DateTime<Utc>),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookUp(run) => write!(f, "look up {}", run.name),
            Self::Delete { run, replaced: false } => write!(f, "delete {}", run.name),
            Self::Delete { run, replaced: true } => write!(f, "replace {}", run.name),
            Self::Create(at) => write!(f, "create {}", at.format("%dT%H:%M")),
        }
    }
}
