//! `sidecarjob cron backfill NAME --from --to`: the times of a span run one after another, each at most once.
//!
//! A run has the name of its time. So a backfill that was interrupted can be repeated: what is there already is waited
//! for, and not run again.

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use kube::api::{Api, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, ResourceExt};

use super::run::{Overrides, by_hand, who};
use super::{CronError, End, find};
use crate::api::conditions::types;
use crate::api::sidecarcronjob::DstPolicy;
use crate::api::{SidecarCronJob, SidecarJob};
use crate::cli::connect::Cluster;
use crate::cron::{Dst, Times};
use crate::printable::say;

/// Runs the times of a SidecarCronJob that lie in a span, one after another
///
/// Repeated, it goes on where it was interrupted: a time whose run is there is not run again. Exit code 1: a run failed.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Name of the SidecarCronJob
    pub name: String,

    /// The first time that may run, RFC 3339
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    pub from: DateTime<Utc>,

    /// The last time that may run, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    pub to: Option<DateTime<Utc>>,

    /// How many run at once
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub parallelism: u16,

    /// Most times; a span with more is refused
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..1000))]
    pub limit: u16,

    /// Print the times, and start nothing
    #[arg(long)]
    pub dry_run: bool,

    #[command(flatten)]
    overrides: Overrides,

    #[command(flatten)]
    cluster: Cluster,
}

/// Runs them, with a line for each.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, CronError> {
    let (client, cron) = find(&args.cluster, &args.name).await?;
    let times = times(&cron, args.from, args.to.unwrap_or_else(Utc::now), args.limit.into())?;
    if args.dry_run {
        times.iter().try_for_each(|at| say(out, at.to_rfc3339()))?;
        return Ok(End::Good);
    }
    say(err, format_args!("{} times to run, {} at once", times.len(), args.parallelism))?;
    let who = who(&client).await;
    let mut end = End::Good;
    for group in times.chunks(args.parallelism.into()) {
        let runs = group.iter().map(|at| one(&client, &cron, *at, &args.overrides, &who));
        for (at, result) in group.iter().zip(futures::future::join_all(runs).await) {
            let (name, result) = result?;
            end = if result == types::COMPLETE { end } else { End::Bad };
            say(out, format_args!("{} {name} {result}", at.to_rfc3339()))?;
        }
    }
    Ok(end)
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
    let pending = times.pending(from - TimeDelta::seconds(1), to, limit);
    if pending.count > limit {
        let count = pending.count;
        return Err(CronError::Refused(format!("{count} times or more: name a shorter span, or give --limit")));
    }
    Ok(pending.latest)
}

/// Starts a run unless it is there, and waits for its end.
async fn one(
    client: &Client,
    cron: &SidecarCronJob,
    at: DateTime<Utc>,
    overrides: &Overrides,
    who: &str,
) -> Result<(String, String), CronError> {
    let run = by_hand(cron, Some(at), overrides, who, Utc::now())?;
    let name = run.name_any();
    let api: Api<SidecarJob> = Api::namespaced(client.clone(), &cron.namespace().unwrap_or_default());
    match api.create(&PostParams::default(), &run).await {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        other => drop(other.map_err(CronError::api(format!("create SidecarJob {name}")))?),
    }
    let ended = await_condition(api, &name, |job: Option<&SidecarJob>| job.is_none_or(|job| result(job).is_some()));
    let ended =
        ended.await.map_err(|e| CronError::Api { what: format!("watch SidecarJob {name}"), why: e.to_string() })?;
    Ok((name, ended.as_ref().and_then(result).unwrap_or_else(|| "Deleted".into())))
}

/// Complete or Failed, once it is over.
fn result(job: &SidecarJob) -> Option<String> {
    let conditions = job.status.as_ref()?.conditions.iter();
    let mut ends =
        conditions.filter(|c| c.status == "True" && [types::COMPLETE, types::FAILED].contains(&c.type_.as_str()));
    ends.next().map(|c| c.type_.clone())
}
