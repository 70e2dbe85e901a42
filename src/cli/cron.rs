//! `sidecarjob cron next | run | backfill`: when a schedule fires, and runs by hand.
//!
//! Here are the commands, their errors and exit codes; each has its file.

mod backfill;
mod next;
mod run;

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use kube::{Api, Client};
use thiserror::Error;

use crate::api::SidecarCronJob;
use crate::cli::connect::Cluster;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::call;
use crate::cli::failure::exit;

/// For `--help` of each of them.
const EXIT_CODES: &str = "Exit codes: 0 success; 1 a run failed, or the expression, span or override is refused; 2 wrong \
                          usage; 3 no such SidecarCronJob, or the cluster does not know the kind; 4 not allowed, or \
                          credentials that are not valid any more; 5 no cluster, no answer, or refused";

/// What to do about a schedule.
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

/// How it ended, if nothing went wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Good,
    /// Exit code 1: a run failed.
    Bad,
}

/// A time on the command line.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let wrong = |_| "a time is written as 2026-11-30T08:00:00Z or 2026-11-30T08:00:00+01:00".to_owned();
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(wrong)
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum CronError {
    /// The expression, or the zone, is refused.
    #[error("{0}")]
    Refused(String),
    /// No usable configuration.
    #[error("failed to find a cluster: {0}; set KUBECONFIG or give --kubeconfig")]
    Config(String),
    /// The API server said no, or nothing.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// There is none of that name.
    #[error(
        "no SidecarCronJob {name} in namespace {namespace}; see kubectl get sccj --all-namespaces (an expression has five \
         fields: quote it)"
    )]
    NotFound {
        /// Which.
        name: String,
        /// Where.
        namespace: String,
    },
    /// The output can't be written.
    #[error("failed to print: {0}")]
    Print(#[from] std::io::Error),
}

impl CronError {
    /// For scripts.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => exit::NOT_FOUND,
            Self::Failed(failure) => failure.kind.exit_code(),
            Self::Config(_) | Self::Print(_) => exit::NO_ANSWER,
            Self::Refused(_) => exit::FAILED,
        }
    }
}

/// Runs the command: what was asked for to `out`, what else there is to know to `err`.
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

/// The SidecarCronJob of that name.
async fn find(cluster: &Cluster, name: &str) -> Result<(Client, SidecarCronJob), CronError> {
    let (client, namespace) = cluster.connect().await.map_err(CronError::Config)?;
    let api: Api<SidecarCronJob> = Api::namespaced(client.clone(), &namespace);
    match call(format!("read SidecarCronJob {name}"), api.get(name)).await {
        Ok(cron) => Ok((client, cron)),
        Err(failure) if failure.kind == Kind::NoObject => Err(CronError::NotFound { name: name.to_owned(), namespace }),
        Err(failure) => Err(failure.into()),
    }
}
