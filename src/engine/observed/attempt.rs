//! How did the controller try to stop one container, and what was the result?

use super::pod::PodRef;
use chrono::{DateTime, Utc};

use crate::api::recipes::Way;

/// A request to one container to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The Pod of the container.
    pub pod: PodRef,
    /// The name of the container.
    pub container: String,
    /// The way to stop the container.
    pub way: Way,
}

/// A request that the controller made, and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The request.
    pub ask: Ask,
    /// The result.
    pub state: AttemptState,
}

/// The result of an attempt, and since when that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// The attempt waits for one of the places that all namespaces share: nobody has asked the container yet.
    Queued(DateTime<Utc>),
    /// The attempt goes on.
    UnderWay(DateTime<Utc>),
    /// The attempt reached the container at this time. The grace period of the container begins here.
    Heard(DateTime<Utc>),
    /// The attempt did not reach the container. The controller tries the next way, for which the grace period begins here.
    Failed(DateTime<Utc>),
}
