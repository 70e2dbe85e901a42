//! `sidecarjob cron next | run | backfill`: when does a schedule fire, and how does a user start its runs?
//!
//! This file has the commands, their errors and exit codes; each command has its own file.

mod backfill;
mod next;
pub(super) mod run;

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use kube::{Api, Client};
use thiserror::Error;

use crate::api::SidecarCronJob;
use crate::cli::connect::Cluster;
use crate::cli::failed::Failed;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::call;
use crate::cli::failure::exit;
use crate::cron::Spent;

/// The exit codes in `--help` of each command.
const EXIT_CODES: &str = "Exit codes: 0 success; 1 a run failed, or the expression, span or override is invalid; 2 wrong \
                          usage; 3 no such SidecarCronJob, or the cluster does not know the kind; 4 no permission, \
                          or invalid credentials; 5 no cluster, no answer, or rejected by the cluster";

/// The commands for schedules.
#[derive(Clone, Debug, Subcommand)]
#[allow(missing_docs, reason = "clap would show them in place of those of the arguments, which say more")]
pub enum Command {
    #[command(after_help = EXIT_CODES)]
    Next(next::Args),
    #[command(after_help = EXIT_CODES)]
    Run(run::Args),
    #[command(after_help = EXIT_CODES)]
    Backfill(backfill::Args),
}

/// How the command ended, if it had no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Good,
    /// Exit code 1: a run failed.
    Bad,
}

/// A time on the command line.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let wrong = |_| "write a time as 2026-11-30T08:00:00Z or 2026-11-30T08:00:00+01:00".to_owned();
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(wrong)
}

/// Why the command failed.
#[derive(Debug, Error)]
pub enum CronError {
    /// The expression, or the zone, is invalid.
    #[error("{0}")]
    Refused(String),
    /// The search for times takes too long.
    #[error("failed to find the times: {0}; ask for fewer times or a shorter span, or exclude fewer times")]
    TooManySteps(#[from] Spent),
    /// There is no usable configuration.
    #[error("failed to find a cluster: {0}")]
    Config(String),
    /// The API server rejected the request, or did not answer.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The run was not created, or nobody knows.
    #[error(transparent)]
    Create(Failed),
    /// No object has this name.
    #[error(
        "no SidecarCronJob {name} in namespace {namespace}; see kubectl get sccj --all-namespaces (an expression has five \
         fields: quote it)"
    )]
    NotFound {
        /// The name of the object.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// The output can't be written.
    #[error("failed to print: {0}")]
    Print(#[from] std::io::Error),
}

impl CronError {
    /// The exit code for scripts.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => exit::NOT_FOUND,
            Self::Failed(failure) | Self::Create(Failed::Call(failure) | Failed::MayExist { failure, .. }) => {
                failure.kind.exit_code()
            }
            Self::Create(Failed::Refused(_)) => exit::NO_ANSWER, // the name is taken
            Self::Create(failed) => failed.exit_code(),
            Self::Config(_) | Self::Print(_) => exit::NO_ANSWER,
            Self::Refused(_) | Self::TooManySteps(_) => exit::FAILED,
        }
    }
}

/// Runs the command. The answer goes to `out`, notes go to `err`.
pub async fn run(
    command: Command,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<End, CronError> {
    match command {
        Command::Next(args) => next::run(args, out, err).await.map(|()| End::Good),
        Command::Run(args) => run::run(args, out).await.map(|()| End::Good),
        Command::Backfill(args) => backfill::run(args, out, err).await,
    }
}

/// Reads the SidecarCronJob with this name.
async fn find(cluster: &Cluster, name: &str) -> Result<(Client, SidecarCronJob), CronError> {
    let (client, namespace) = cluster.connect().await.map_err(CronError::Config)?;
    let api: Api<SidecarCronJob> = Api::namespaced(client.clone(), &namespace);
    match call(format!("read SidecarCronJob {name}"), api.get(name)).await {
        Ok(cron) => Ok((client, cron)),
        Err(failure) if failure.kind == Kind::NoObject => Err(CronError::NotFound { name: name.to_owned(), namespace }),
        Err(failure) => Err(failure.into()),
    }
}
