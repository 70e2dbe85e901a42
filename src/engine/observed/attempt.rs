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

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// It goes on.
    UnderWay,
    /// The sidecar was reached, then; it ends or it does not. Its grace counts from here.
    Heard(DateTime<Utc>),
    /// It was not reached; the next way is tried.
    Failed,
}
