//! What was tried to stop one container, and what came of it?

use super::pod::PodRef;
use chrono::{DateTime, Utc};

use crate::api::recipes::Way;

/// One container is asked to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Of which Pod.
    pub pod: PodRef,
    /// Which container.
    pub container: String,
    /// How.
    pub way: Way,
}

/// It was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who, and how.
    pub ask: Ask,
    /// What came of it.
    pub state: AttemptState,
}

/// What came of an attempt, and since when that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// It waits for one of the places that all namespaces share: nobody has asked the sidecar yet.
    Queued(DateTime<Utc>),
    /// The sidecar is being asked.
    UnderWay(DateTime<Utc>),
    /// The sidecar was reached; it ends or it does not. Its grace counts from here.
    Heard(DateTime<Utc>),
    /// The sidecar was not reached; the next way is tried. Its grace counts from here, so that the next way has its time.
    Failed(DateTime<Utc>),
}
