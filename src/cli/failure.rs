//! Why did a call to the API server fail, can a retry help, and what can a person do about it?
//!
//! This file also has the table of exit codes, so that scripts can tell a failed run from a question without an answer.

use std::error::Error as _;
use std::time::Duration;

use kube::core::Status;
use kube::runtime::watcher;
use thiserror::Error;

/// Exit codes of the commands, as in `--help` and docs/verbs.md; 0 is success, 2 (clap's) wrong usage.
pub mod exit {
    /// A run failed, or the input was invalid and the cluster was not asked.
    pub const FAILED: u8 = 1;
    /// The object does not exist, or was deleted, or the cluster does not know its kind.
    pub const NOT_FOUND: u8 = 3;
    /// The cluster rejects the credentials, or the user has no permission.
    pub const NOT_ALLOWED: u8 = 4;
    /// The cluster was not found, did not answer, or rejected the request for another reason.
    pub const NO_ANSWER: u8 = 5;
    /// `--timeout` has passed.
    pub const TIMEOUT: u8 = 124;
    /// A signal ended the command: this number and that of the signal, as a shell has it.
    pub const SIGNAL: u8 = 128;
    /// The reader of a pipe has exited: the same code as of a program that SIGPIPE ends.
    pub const PIPE: u8 = 141;
}

/// How long one call may take. Within this time the client repeats calls that the API server throttled.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// What the program tried, why it failed, and what to do.
#[derive(Debug, Error)]
#[error("failed to {what}: {why}; {}", .kind.advice())]
pub struct Failure {
    what: String,
    why: String,
    /// The kind of the failure.
    pub kind: Kind,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 401: there are no valid credentials, or they have expired.
    Unauthorized,
    /// 403: this user has no permission. Admission uses this code too.
    Forbidden,
    /// 404: no object has this name.
    NoObject,
    /// 404: the API server does not serve the kind.
    NotServed,
    /// 409: another object has the name.
    Taken,
    /// The API server will give the same answer again.
    Refused,
    /// The answer can't be parsed.
    Unreadable,
    /// The API server is temporarily unable: too busy, an error of its own, an object that changed at the same time.
    Busy,
    /// There was no answer.
    Unreachable,
}

impl Kind {
    /// The kind of a failure that the API server reports.
    fn of_answer(status: &Status) -> Self {
        // A server that does not know the kind answers in plain text, or names no object.
        let names_an_object = status.details.as_ref().is_some_and(|d| !d.name.is_empty());
        match status.code {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 if status.reason == "NotFound" && names_an_object => Self::NoObject,
            404 => Self::NotServed,
            409 if status.reason == "AlreadyExists" => Self::Taken,
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

    /// Can a retry help?
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Busy | Self::Unreachable)
    }

    /// The exit code for scripts.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Unauthorized | Self::Forbidden => exit::NOT_ALLOWED,
            Self::NoObject | Self::NotServed => exit::NOT_FOUND,
            Self::Taken | Self::Refused | Self::Unreadable | Self::Busy | Self::Unreachable => exit::NO_ANSWER,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "log in to the cluster again, or choose other credentials with --context or --kubeconfig"
            }
            Self::Forbidden => {
                "if a permission is missing: the ClusterRole view allows reading, edit also allows starting runs; a cluster \
                 admin binds one of them to you"
            }
            Self::NoObject => "list the objects that exist: kubectl get scj,sccj --all-namespaces",
            Self::NotServed => {
                "if the cluster does not know the kind: sidecarjob crds | kubectl apply --server-side -f - installs it"
            }
            Self::Taken => "the name is taken: choose another name, or look at the object that has the name",
            Self::Refused => "correct what the API server rejects",
            Self::Unreadable => "use the version of sidecarjob that the cluster has installed",
            Self::Busy => "try again; kubectl get --raw /readyz shows whether the API server is healthy",
            Self::Unreachable => "try again; kubectl cluster-info shows whether the API server answers",
        }
    }
}

impl Failure {
    /// The failure of a call.
    pub fn of(what: impl Into<String>, error: &kube::Error) -> Self {
        Self { what: what.into(), why: why(error), kind: Kind::of(error) }
    }

    /// The failure of a watch.
    pub fn of_watch(what: impl Into<String>, error: &watcher::Error) -> Self {
        use watcher::Error::{InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed};
        match error {
            InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => Self::of(what, error),
            WatchError(status) => Self { what: what.into(), why: words(status), kind: Kind::of_answer(status) },
            NoResourceVersion => Self { what: what.into(), why: error.to_string(), kind: Kind::Refused },
        }
    }

    /// What the program tried, and why it failed.
    pub fn without_advice(&self) -> String {
        format!("failed to {}: {}", self.what, self.why)
    }
}

/// Makes the call, and waits for the answer at most `CALL_TIMEOUT`.
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

/// The API server's own message (kube's Display adds a dump of the whole Status), or each cause of another error.
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
