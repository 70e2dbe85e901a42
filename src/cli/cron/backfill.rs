//! `sidecarjob cron backfill NAME --from --to`: runs the times of a span one after another, each at most once.
//!
//! The name of a run contains its time. Before the history limits delete the run, the controller writes its time into the
//! schedule's status (`api::backfilled`). So a user can repeat an interrupted backfill: it waits for a run that exists,
//! and does not run a time again that is in the record. `one` handles a single time.

mod one;

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use kube::ResourceExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::api::SidecarCronJob;
use crate::api::backfilled;
use crate::api::conditions::types;
use crate::api::sidecarcronjob::DstPolicy;
use crate::cli::connect::Cluster;
use crate::cli::cron::CronError;
use crate::cli::cron::End;
use crate::cli::cron::find;
use crate::cli::cron::run::Overrides;
use crate::cli::cron::run::who;
use crate::cli::target;
use crate::cron::Budget;
use crate::cron::Dst;
use crate::cron::Times;
use crate::cron::budget;
use crate::printable::say;
use one::{Backfill, RAN};

/// Runs the times of a SidecarCronJob that lie in a span, one after another
///
/// If you repeat an interrupted backfill, it continues where it stopped: it waits for a run that exists, and does not run
/// a time again that ran in an earlier backfill. Prints time, name and result of each run as it ends: Complete, Failed,
/// Deleted, or Ran (earlier, and its SidecarJob is gone). Exit code 1: a run failed or was deleted.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Name of the SidecarCronJob
    #[arg(value_parser = target::name)]
    pub name: String,

    /// The first time that may run, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    pub from: DateTime<Utc>,

    /// The last time that may run, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    pub to: Option<DateTime<Utc>>,

    /// How many runs at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: u16,

    /// Maximal number of times; a span with more is rejected
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..1000))]
    pub limit: u16,

    /// Also run times again that ran in an earlier backfill; the backfill still waits for a run that exists
    #[arg(long)]
    pub again: bool,

    /// Print the times that would run, and start no run
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    overrides: Overrides,

    #[command(flatten)]
    cluster: Cluster,
}

/// Runs the times, with a line for each.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, CronError> {
    let (client, cron) = find(&args.cluster, &args.name).await?;
    let times = times(&cron, args.from, args.to.unwrap_or_else(Utc::now), args.limit.into())?;
    let record = cron.status.as_ref().map(|status| status.backfilled.as_slice()).unwrap_or_default();
    let (ran, to_run): (Vec<_>, Vec<_>) =
        times.iter().copied().partition(|at| !args.again && backfilled::contains(record, *at));
    if args.dry_run {
        to_run.iter().try_for_each(|at| say(out, format_args!("{}", at.to_rfc3339())))?;
    } else {
        say(err, format_args!("{} times to run, {} at once", to_run.len(), args.parallelism))?;
    }
    if !ran.is_empty() {
        say(err, format_args!("{} of {} ran in an earlier backfill; --again runs them again", ran.len(), times.len()))?;
    }
    if args.dry_run {
        return Ok(End::Good);
    }
    let (notes, told) = unbounded_channel();
    let who = who(&client).await;
    let backfill = Backfill { client, cron, overrides: args.overrides, who, again: args.again, notes };
    all(&backfill, times, args.parallelism.into(), told, (out, err)).await
}

/// Runs up to `parallelism` times at once, and prints each when it ends. After an error it starts no more runs, and waits
/// for those in progress.
async fn all(
    backfill: &Backfill,
    times: Vec<DateTime<Utc>>,
    at_once: usize,
    mut told: UnboundedReceiver<String>,
    (out, err): (&mut (dyn Write + Send), &mut (dyn Write + Send)),
) -> Result<End, CronError> {
    let mut waiting = times.into_iter();
    let mut running = FuturesUnordered::new();
    let (mut end, mut failed) = (End::Good, None);
    loop {
        let room = if failed.is_none() { at_once.saturating_sub(running.len()) } else { 0 };
        running.extend(waiting.by_ref().take(room).map(|at| async move { (at, backfill.one(at).await) }));
        let (at, result) = tokio::select! {
            Some(note) = told.recv() => {
                say(err, format_args!("{note}"))?;
                continue;
            }
            next = running.next() => match next {
                Some(next) => next,
                None => break,
            },
        };
        match result {
            Ok((name, result)) => {
                end = if [types::COMPLETE, RAN].contains(&result.as_str()) { end } else { End::Bad };
                say(out, format_args!("{} {name} {result}", at.to_rfc3339()))?;
            }
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    let left = waiting.len();
    match failed {
        Some(error) => {
            say(err, format_args!("{left} times have not started: repeat the command to continue"))?;
            Err(error)
        }
        None => Ok(end),
    }
}

/// The times of the span.
fn times(
    cron: &SidecarCronJob,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<DateTime<Utc>>, CronError> {
    let spec = &cron.spec;
    let dst = if spec.dst_policy == Some(DstPolicy::RunOnce) { Dst::RunOnce } else { Dst::CronJob };
    let name = format!("{}/{}", cron.namespace().unwrap_or_default(), cron.name_any());
    let schedules: Vec<&String> = spec.schedule.iter().chain(&spec.schedules).collect();
    let times = Times::parse(&schedules, &spec.exclude, spec.time_zone.as_deref(), dst, &name);
    let times = times.map_err(|e| CronError::Refused(e.to_string()))?;
    let mut budget = Budget::of(budget::OF_A_COMMAND);
    let pending = times.pending(from - TimeDelta::seconds(1), to, limit, &mut budget)?;
    if pending.count > limit {
        let count = pending.count;
        return Err(CronError::Refused(format!(
            "the span has {count} times or more: choose a shorter span, or set --limit"
        )));
    }
    Ok(pending.latest)
}

#[cfg(test)]
mod tests;
