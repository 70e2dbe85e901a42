//! Why did a call to the API server fail, could another try help, and what can a person do about it?
//!
//! Here is the table of exit codes, too: scripts tell a run that failed from a question that was not answered.

use std::error::Error as _;
use std::time::Duration;

use kube::core::Status;
use kube::runtime::watcher;
use thiserror::Error;

/// Exit codes of the verbs, as `--help` and docs/verbs.md have them; 0 is success, 2 (clap's) wrong usage.
pub mod exit {
    /// A run failed, or an input is refused before the cluster is asked.
    pub const FAILED: u8 = 1;
    /// The object is not there, was deleted, or the cluster does not know its kind.
    pub const NOT_FOUND: u8 = 3;
    /// The cluster does not know who asks, or does not allow it.
    pub const NOT_ALLOWED: u8 = 4;
    /// The cluster was not found, did not answer, or refused for another reason.
    pub const NO_ANSWER: u8 = 5;
    /// `--timeout` has passed.
    pub const TIMEOUT: u8 = 124;
    /// The reader of a pipe has gone away: what a program has that SIGPIPE ends.
    pub const PIPE: u8 = 141;
}

/// How long one call may take. The client repeats calls that were throttled within this time.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What was tried, why it failed, what to do.
#[derive(Debug, Error)]
#[error("failed to {what}: {why}; {}", .kind.advice())]
pub struct Failure {
    what: String,
    why: String,
    /// What that means.
    pub kind: Kind,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 401: the credentials are none, or none any more.
    Unauthorized,
    /// 403: not by this user. Admission says it, too.
    Forbidden,
    /// 404: there is no object of that name.
    NoObject,
    /// 404: there is no such kind.
    NoKind,
    /// The API server will say the same again.
    Refused,
    /// What came can't be read.
    Unreadable,
    /// The API server can't just now: too busy, an error of its own, an object that changed at the same time.
    Busy,
    /// There is no answer.
    Unreachable,
}

impl Kind {
    /// Of an answer of the API server.
    fn of_answer(status: &Status) -> Self {
        // A server that does not know the kind answers in plain text, or names no object.
        let names_an_object = status.details.as_ref().is_some_and(|d| !d.name.is_empty());
        match status.code {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 if status.reason == "NotFound" && names_an_object => Self::NoObject,
            404 => Self::NoKind,
            408 | 409 | 410 | 429 => Self::Busy,
            400..500 => Self::Refused,
            _ => Self::Busy,
        }
    }

    fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::of_answer(status),
            kube::Error::Auth(_) => Self::Unauthorized,
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Self::Unreadable,
            kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => Self::Refused,
            _ => Self::Unreachable,
        }
    }

    /// Another try can help.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Busy | Self::Unreachable)
    }

    /// For scripts.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Unauthorized | Self::Forbidden => exit::NOT_ALLOWED,
            Self::NoObject | Self::NoKind => exit::NOT_FOUND,
            Self::Refused | Self::Unreadable | Self::Busy | Self::Unreachable => exit::NO_ANSWER,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "log in to the cluster again, or choose other credentials by --context or --kubeconfig"
            }
            Self::Forbidden => {
                "if it is a right that is missing: the ClusterRole view has those to read, edit those to start runs"
            }
            Self::NoObject => "see what there is: kubectl get scj,sccj --all-namespaces",
            Self::NoKind => {
                "if the cluster does not know the kind: sidecarjob crds | kubectl apply --server-side -f - installs it"
            }
            Self::Refused => "mend what the API server names",
            Self::Unreadable => "use the sidecarjob of the version that the cluster has",
            Self::Busy => "try again; kubectl get --raw /readyz shows whether the API server is well",
            Self::Unreachable => "try again; kubectl cluster-info shows whether the address answers",
        }
    }
}

impl Failure {
    /// Of a call.
    pub fn of(what: impl Into<String>, error: &kube::Error) -> Self {
        Self { what: what.into(), why: why(error), kind: Kind::of(error) }
    }

    /// Of a watch.
    pub fn of_watch(what: impl Into<String>, error: &watcher::Error) -> Self {
        use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
        match error {
            InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => Self::of(what, error),
            WatchError(status) => Self { what: what.into(), why: words(status), kind: Kind::of_answer(status) },
            NoResourceVersion => Self { what: what.into(), why: error.to_string(), kind: Kind::Refused },
        }
    }

    /// What was tried, and why it failed.
    pub fn without_advice(&self) -> String {
        format!("failed to {}: {}", self.what, self.why)
    }
}

/// Makes the call, and waits for the answer for a bounded time.
pub async fn call<T>(
    what: impl Into<String>,
    answer: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(CALL_TIMEOUT, answer).await {
        Ok(answer) => answer.map_err(|error| Failure::of(what, &error)),
        Err(_) => {
            let why = format!("no answer within {}s", CALL_TIMEOUT.as_secs());
            Err(Failure { what: what.into(), why, kind: Kind::Unreachable })
        }
    }
}

/// The API server's own words (kube's Display adds a dump of the whole Status), or each cause of what else went wrong.
fn why(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        return words(status);
    }
    let causes: Vec<String> =
        std::iter::successors(error.source(), |e| (*e).source()).map(ToString::to_string).collect();
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

fn words(status: &Status) -> String {
    match (status.message.as_str(), status.reason.as_str()) {
        ("", "") => format!("the API server answered {}", status.code),
        ("", reason) => format!("{reason} ({})", status.code),
        (message, _) => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
