//! Why was a command not done, and with which exit code does the program end?
//!
//! `watch` and `cron` have errors and codes of their own (docs/verbs.md).

use std::time::Duration;

use thiserror::Error;

use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::exit;
use crate::cli::manifest::ReadError;
use crate::cli::target::Target;

/// How a command ended, if it had no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Good,
    /// Exit code 1: the run that the command waited for has failed, `doctor` found something broken, `lint` has findings, or
    /// `convert` refused an object.
    RunFailed,
}

/// Why a command was not done.
#[derive(Debug, Error)]
pub enum Failed {
    /// There is no usable configuration.
    #[error("failed to find a cluster: {0}")]
    Config(String),
    /// The API server rejected the request, or did not answer.
    #[error(transparent)]
    Call(#[from] Failure),
    /// No object has this name.
    #[error("no {target} in namespace {namespace}; {} shows which there are", .target.kind.list_command())]
    NotFound {
        /// What was asked for.
        target: Target,
        /// The namespace.
        namespace: String,
    },
    /// No object of the kind has this name, but one of another kind has.
    #[error("no {target} in namespace {namespace}, but there is a {instead}: write {}", .instead.words())]
    OtherKind {
        /// What was asked for.
        target: Target,
        /// The namespace.
        namespace: String,
        /// What is there.
        instead: Target,
    },
    /// What the command needs does not exist, or exists no more: the sentence says what, and what is left of it.
    #[error("{0}")]
    Gone(String),
    /// A create was asked for, and nobody said whether it was done: the object may exist.
    #[error("{}; {next}", .failure.without_advice())]
    MayExist {
        /// The last answer.
        failure: Failure,
        /// How to find out.
        next: String,
    },
    /// A signal ended the command. What the command started goes on.
    #[error("{name} ended this command; what it started in the cluster goes on")]
    Signal {
        /// The name of the signal.
        name: &'static str,
        /// Its number.
        number: u8,
    },
    /// The command was not tried, or does not fit the object: the sentence says why, and what to do.
    #[error("{0}")]
    Refused(String),
    /// `--timeout` has passed.
    #[error("{what} did not happen within {}; {next}", humantime::format_duration(*.after))]
    Timeout {
        /// What the command waited for.
        what: String,
        /// The value of `--timeout`.
        after: Duration,
        /// What to do.
        next: String,
    },
    /// The output can't be written.
    #[error("failed to print: {0}")]
    Print(#[from] std::io::Error),
}

/// A file that is not there is told as an object that is not there.
impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound(_) => Self::Gone(error.to_string()),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl Failed {
    /// The error of a call about one object, whose absence is told with the namespace.
    pub fn of_call(failure: Failure, target: &Target, namespace: &str) -> Self {
        match failure.kind {
            Kind::NoObject => Self::NotFound { target: target.clone(), namespace: namespace.to_owned() },
            _ => Self::Call(failure),
        }
    }

    /// The exit code for scripts.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } | Self::OtherKind { .. } | Self::Gone(_) => exit::NOT_FOUND,
            Self::Signal { number, .. } => exit::SIGNAL + number,
            Self::Call(failure) if matches!(failure.kind, Kind::NoObject | Kind::NotServed) => exit::NOT_FOUND,
            Self::Timeout { .. } => exit::TIMEOUT,
            Self::Print(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit::PIPE,
            Self::Config(_) | Self::Call(_) | Self::MayExist { .. } | Self::Refused(_) | Self::Print(_) => exit::FAILED,
        }
    }
}
