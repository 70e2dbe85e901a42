//! `sidecarjob why NAME`: what does a run wait for, which sidecar blocks it, what failed, and what is to be done? One paragraph.
//!
//! `run`, `job`, `alone` (a Pod) and `schedule` have the sentences about each kind, `pod` those about the Pods of a run. They are pure: what was read and the time are
//! arguments.

mod alone;
mod answer;
mod job;
mod pod;
mod run;
mod schedule;

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Parser;

use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::output::Data;
use crate::cli::seen;
use crate::cli::seen::Object;
use crate::cli::seen::Seen;
use crate::cli::table;
use crate::cli::target::Target;
use crate::cli::why::answer::Answer;
use crate::printable;

/// Says in one paragraph what a run waits for, which sidecar blocks it, what failed, and what to do
///
/// Works for SidecarJobs, SidecarCronJobs, Jobs and Pods, also if this controller does not run them.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 it could tell; 1 it could not, for example without permission; 2 wrong usage; 3 no \
                        such object, or the cluster does not know the kind"
)]
pub struct Args {
    /// NAME of a SidecarJob, or KIND/NAME: sccj/NAME, job/NAME, pod/NAME
    #[arg(value_name = "NAME|KIND/NAME")]
    pub target: Target,

    /// Output format: json or yaml, with stable names
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Data,

    #[command(flatten)]
    cluster: Cluster,
}

/// Reads, and prints the answer.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let seen = seen::read(&args.cluster, &args.target).await?;
    let answer = tell(&seen, Utc::now());
    let value = serde_json::to_value(&answer).map_err(std::io::Error::other)?;
    if !args.output.value(out, &value)? {
        answer.print(out, table::terminal_width())?;
        seen.notes.iter().try_for_each(|note| printable::say(err, format_args!("note: {note}")))?;
    }
    Ok(End::Good)
}

/// The answer.
fn tell(seen: &Seen, now: DateTime<Utc>) -> Answer {
    let mut answer = match &seen.object {
        Object::Run(run) => run::of(seen, run, now),
        Object::Job(job) => job::of(seen, job, now),
        Object::Pod(pod) => alone::of(seen, pod, now),
        Object::Schedule(cron) => schedule::of(seen, cron, now),
    };
    let target = seen.target();
    answer.kind = target.kind.name().to_owned();
    answer.namespace.clone_from(&seen.namespace);
    answer.name = target.name;
    answer.notes.clone_from(&seen.notes);
    let mut known = std::collections::BTreeSet::new();
    answer.commands.retain(|command| known.insert(command.clone()));
    answer
}

#[cfg(test)]
mod tests;
