//! What was tried to stop one container, and what came of it?

use chrono::{DateTime, Utc};

use crate::api::recipes::Way;

/// Something that was tried to stop one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Of which Pod.
    pub pod_uid: String,
    /// Which container.
    pub container: String,
    /// How.
    pub way: Way,
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
