//! What can go wrong, by stage: what was tried, why it failed.
//!
//! Waiting is no error, and a refused Pod is none either: that is news for the engine. What is an error is tried again
//! with a wait that grows.

use std::time::Duration;

use thiserror::Error;

/// A reconcile that could not do all it was to do. It will be tried again.
#[derive(Debug, Error)]
pub enum Error {
    /// A step failed.
    #[error("failed to {step}: {}", message(.source))]
    Step {
        /// What was tried.
        step: String,
        /// What the API server or the network said.
        source: kube::Error,
    },
    /// The status could not be written.
    #[error("failed to write the status: {}", message(.0))]
    Status(#[source] kube::Error),
    /// The API server did not answer.
    #[error("failed to {0}: no answer within {limit}s", limit = CALL_TIMEOUT.as_secs())]
    Timeout(String),
    /// The object that it was to be done for is not there any more, or is being deleted: news is on its way.
    #[error("failed to {0}: the owner is gone, or being deleted")]
    Gone(String),
    /// Rounds of decide and apply did not come to an end.
    #[error("still not quiet after {0} rounds; going on later")]
    NotQuiet(usize),
}

impl Error {
    /// Somebody else wrote at the same time: the newer object is on its way to us.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Status(kube::Error::Api(status)) if status.code == 409)
    }
}

/// How long one call may take. The client repeats calls that were throttled within this time.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The API server's own words; kube's Display adds a dump of the whole Status.
pub fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

/// The object is not there, or its whole kind is not: of a group that it does not know the API server says so in plain
/// text, which has the code and no reason.
pub fn is_absent(status: &kube::core::Status) -> bool {
    status.code == 404
}

/// The wait before try `n` (from 1): 1 s, doubling to 60 s.
pub fn wait(n: u32) -> Duration {
    Duration::from_secs((1_u64 << n.saturating_sub(1).min(6)).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_the_api_server_does_not_know_is_absent_as_an_object_is() {
        let in_text =
            kube::core::Status { code: 404, reason: "Failed to parse error data".into(), ..Default::default() };
        let object = kube::core::Status { code: 404, reason: "NotFound".into(), ..Default::default() };
        let conflict = kube::core::Status { code: 409, reason: "Conflict".into(), ..Default::default() };
        assert!(is_absent(&in_text) && is_absent(&object) && !is_absent(&conflict));
    }

    #[test]
    fn waits_grow_from_one_second_to_one_minute() {
        let seconds: Vec<u64> = (1..=9).map(|n| wait(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait(0).as_secs(), 1);
        assert_eq!(wait(u32::MAX).as_secs(), 60);
    }
}
