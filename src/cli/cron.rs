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

use super::connect::Cluster;
use crate::api::SidecarCronJob;

/// What to do about a schedule.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Print the next times of a cron expression, or of a SidecarCronJob
    Next(next::Args),
    /// Start a run of a SidecarCronJob now
    Run(run::Args),
    /// Run the times of a SidecarCronJob that lie in a span, one after another
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
    #[error("failed to {what}: {why}")]
    Api {
        /// What was tried.
        what: String,
        /// The server's words.
        why: String,
    },
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
        if let Self::NotFound { .. } = self { 3 } else { 1 }
    }

    fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        move |error| {
            let why = match error {
                kube::Error::Api(status) => status.message.clone(),
                other => other.to_string(),
            };
            Self::Api { what, why }
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
    let found = api.get_opt(name).await.map_err(CronError::api(format!("read SidecarCronJob {name}")))?;
    match found {
        Some(cron) => Ok((client, cron)),
        None => Err(CronError::NotFound { name: name.to_owned(), namespace }),
    }
}
