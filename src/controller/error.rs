//! What can go wrong? Each error says what was tried, and why it failed.
//!
//! Waiting is not an error, and a Pod that the API server rejects is not an error: both are input for the engine. After
//! an error the controller tries again, with a wait that grows. `reconcile` reports the error to people, unless the
//! error may be over within seconds.

use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinError;

use crate::api::conditions::{events, reasons};
use crate::engine::plan::Event;

/// A reconcile that could not do all of its work. The controller will try again.
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
    #[error("failed to {0}: {why}", why = no_answer())]
    Timeout(String),
    /// The object that the step is for is gone, or somebody deletes it: the watch will say so.
    #[error("failed to {0}: the owner is gone, or being deleted")]
    Gone(String),
    /// The controller did not create a Pod, or does not know whether it did.
    #[error(transparent)]
    NotCreated(Box<Self>),
    /// The controller did not delete a Pod.
    #[error(transparent)]
    NotDeleted(Box<Self>),
    /// The API server has an older version of an object than before: somebody restored its data from a backup.
    #[error(
        "the API server has an older version of {0} than before, so its data was restored from a backup, and the views of \
         this program are wrong"
    )]
    WentBack(String),
    /// The program got SIGTERM in the middle of the reconcile.
    #[error("told to stop")]
    Stopped,
    /// The API server accepted a step, and the same step is due again at once: another program or an admission webhook
    /// undoes it.
    #[error(
        "the API server accepted this step, and it had no effect: {0}; look for a webhook or a controller that undoes it"
    )]
    NoEffect(String),
    /// After many rounds of decide and apply, the decision still has steps.
    #[error("after {0} rounds of decisions there are still steps to do; going on later")]
    NotQuiet(usize),
}

impl Error {
    /// Somebody else wrote the object at the same time; the watch will deliver the newer object.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Status(kube::Error::Api(status)) if status.code == 409)
    }

    /// The controller could not write the status. So no status can report the error.
    pub fn is_of_the_status(&self) -> bool {
        match self {
            Self::Status(_) => true,
            Self::Timeout(what) => what == WRITE_THE_STATUS,
            _ => false,
        }
    }

    /// The next try may succeed: this was at most try `n` (from 1), and all tries together took less than a few
    /// seconds.
    pub fn is_blip(&self, n: u32, took: Duration) -> bool {
        let few = if self.is_conflict() { CONFLICTS_OF_A_BLIP } else { 1 };
        n <= few && took < BLIP
    }

    /// Why the step failed, without what was tried.
    pub fn words(&self) -> String {
        match self {
            Self::NotCreated(why) | Self::NotDeleted(why) => why.words(),
            Self::Step { source, .. } | Self::Status(source) => message(source),
            Self::Timeout(_) => no_answer(),
            other => other.to_string(),
        }
    }

    /// The event that reports the error to people.
    pub fn event(&self) -> Event {
        match self {
            Self::NotCreated(_) => Event::warning(events::FAILED_CREATE, format!("Error creating: {}", self.words())),
            Self::NotDeleted(_) => Event::warning(events::FAILED_DELETE, format!("Error deleting: {}", self.words())),
            other => Event::warning(reasons::STEP_FAILED, format!("{other}; it is tried again")),
        }
    }
}

/// Why the program has to exit and start again: from then on its decisions would be wrong.
#[derive(Debug, Error)]
pub enum Fatal {
    /// A watch has ended.
    #[error("the watch of {what} has ended{why}; exiting, so that Kubernetes starts the program again")]
    Blind {
        /// What the watch was for.
        what: &'static str,
        /// Why, if it is known.
        why: String,
    },
    /// The views are newer than the data of the API server.
    #[error("{0}; exiting, so that Kubernetes starts the program again")]
    WentBack(String),
}

impl Fatal {
    /// The task with the watch of `what` has ended.
    pub fn blind(what: &'static str, ended: Result<(), JoinError>) -> Self {
        Self::Blind { what, why: ended.err().map(|why| format!(": {why}")).unwrap_or_default() }
    }
}

/// How long one call may take. The API server works at most 34 s on a change, so its own message arrives within this
/// time. The client repeats throttled calls within this time.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(40);

/// The name of a status write in messages.
pub const WRITE_THE_STATUS: &str = "write the status";

/// The controller does not report an error that is over within this time.
pub const BLIP: Duration = Duration::from_secs(3);

/// So many conflicts in a row take about as long as `BLIP`.
const CONFLICTS_OF_A_BLIP: u32 = 4;

/// The message for a call without an answer.
pub fn no_answer() -> String {
    format!("no answer within {}s", CALL_TIMEOUT.as_secs())
}

/// The API server's own message; kube's Display adds a dump of the whole Status.
pub fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}

/// The wait before try `n` (from 1): 1 s, doubling to 60 s.
pub fn wait(n: u32) -> Duration {
    Duration::from_secs((1_u64 << n.saturating_sub(1).min(6)).min(60))
}

/// The wait after conflict `n` in a row (from 1): 200 ms, doubling to 60 s. In most cases the newer object arrives
/// before that.
pub fn conflict_wait(n: u32) -> Duration {
    Duration::from_millis((200_u64 << n.saturating_sub(1).min(9)).min(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_or_some_conflicts_are_a_blip_unless_they_took_long() {
        let conflict = || {
            let status = kube::core::Status { code: 409, ..Default::default() };
            Error::Status(kube::Error::Api(Box::new(status)))
        };
        for (what, error, n, took, blip) in [
            ("one failure", Error::Timeout("x".into()), 1, 0, true),
            ("a second one", Error::Timeout("x".into()), 2, 0, false),
            ("one that took long", Error::Timeout("x".into()), 1, 40, false),
            ("conflicts within three seconds", conflict(), 4, 0, true),
            ("one more", conflict(), 5, 0, false),
        ] {
            assert_eq!(error.is_blip(n, Duration::from_secs(took)), blip, "{what}");
        }
        assert!((1..=4).map(conflict_wait).sum::<Duration>() <= BLIP);
    }

    #[test]
    fn people_are_told_in_the_servers_words_and_a_creation_as_a_job_tells_it() {
        let status = kube::core::Status { code: 500, message: "a webhook is down".into(), ..Default::default() };
        let step =
            || Box::new(Error::Step { step: "do it".into(), source: kube::Error::Api(Box::new(status.clone())) });
        for (error, reason, note) in [
            (Error::NotCreated(step()), "FailedCreate", "Error creating: a webhook is down"),
            (Error::NotDeleted(step()), "FailedDelete", "Error deleting: a webhook is down"),
            (*step(), "StepFailed", "failed to do it: a webhook is down; it is tried again"),
            (
                Error::NotCreated(Box::new(Error::Timeout("do it".into()))),
                "FailedCreate",
                "Error creating: no answer within 40s",
            ),
        ] {
            assert_eq!(error.event(), Event::warning(reason, note));
        }
    }

    #[test]
    fn waits_grow_from_one_second_to_one_minute() {
        let seconds: Vec<u64> = (1..=9).map(|n| wait(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let conflicts: Vec<u128> = (1..=10).map(|n| conflict_wait(n).as_millis()).collect();
        assert_eq!(conflicts, [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000]);
        assert_eq!((wait(0).as_secs(), conflict_wait(u32::MAX).as_secs()), (1, 60));
        assert_eq!(wait(u32::MAX).as_secs(), 60);
    }
}
