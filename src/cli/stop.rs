//! `sidecarjob stop NAME`: how does a person end a run now, for good, and keep its history and logs?
//!
//! The spec has what that needs: a deadline of 0 seconds fails the run at once, with the reason DeadlineExceeded, and
//! `endedPods: Keep` lets the kubelet end the Pods, so that they stay with their logs. An annotation has who stopped the run,
//! and the fields as they were, which a rerun gets back.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Parser;
use kube::Client;
use serde_json::{Value, json};

use crate::api::EndedPods;
use crate::api::labels;
use crate::cli::changes::Changed;
use crate::cli::changes::Changes;
use crate::cli::connect::Cluster;
use crate::cli::cron::run::who;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::object;
use crate::cli::output::Format;
use crate::cli::run::DryRun;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// Ends runs now, for good: they become Failed, with the reason DeadlineExceeded
///
/// The containers get SIGTERM and the grace period of the Pod. Pods that have started stay, with their logs. A schedule
/// goes on with its next run. suspend stops a run that shall go on later.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 done, or it was stopped already; 1 it could not be done; 2 wrong usage; 3 not found"
)]
pub struct Args {
    /// Names of SidecarJobs
    #[arg(required = true, value_name = "NAME")]
    targets: Vec<Target>,

    /// Change nothing: client only looks, server lets the API server check the change
    #[arg(long, value_name = "WHERE")]
    dry_run: Option<DryRun>,

    /// Output format of the objects, as they are then: json, yaml or name
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// Stops the runs, with a line for each.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let mut changes = Changes::new(args.output);
    for target in &args.targets {
        changes.add(args.one(&client, &namespace, target).await, out, err)?;
    }
    changes.end(out)
}

impl Args {
    /// What was done, and the object then.
    async fn one(&self, client: &Client, namespace: &str, target: &Target) -> Result<Changed, Failed> {
        if let Some(sentence) = other_kind(target, &self.cluster) {
            return Err(Failed::Refused(sentence));
        }
        let run = object::read(client, namespace, target).await?;
        if is_stopped(&run) {
            return Ok(Changed::of(target, "was stopped already", run));
        }
        if let Some(end) = object::end(&run) {
            return Err(Failed::Refused(format!("{target} is {end} already: there is nothing to stop")));
        }
        if object::has_result(&run) {
            return Err(Failed::Refused(format!(
                "the result of {target} is known already, and its sidecars stop within their grace periods"
            )));
        }
        let dry = match self.dry_run {
            Some(DryRun::Client) => return Ok(Changed::of(target, "stopped (dry run)", run)),
            Some(DryRun::Server) => "stopped (server dry run)",
            None => "stopped",
        };
        let patch = patch(&run, &who(client).await, Utc::now());
        let stopped = object::patch(client, namespace, (target, "stop"), &patch, self.dry_run.is_some()).await?;
        Ok(Changed::of(target, dry, stopped))
    }
}

fn other_kind(target: &Target, cluster: &Cluster) -> Option<String> {
    let suspend = cluster.command(&format!("suspend {}", target.words()));
    match target.kind {
        Kind::SidecarJob => None,
        Kind::SidecarCronJob | Kind::CronJob => {
            Some(format!("{target} is a schedule: {suspend} ends it for now, and stop takes the names of its runs"))
        }
        Kind::Job => Some(format!("stop knows SidecarJobs only: {suspend} or kubectl delete ends {target}")),
        Kind::Pod => Some(format!("stop knows SidecarJobs only: kubectl delete ends {target}")),
    }
}

fn is_stopped(run: &Value) -> bool {
    run["spec"]["activeDeadlineSeconds"] == json!(0) && run["metadata"]["annotations"][labels::STOPPED_BY].is_string()
}

/// The change that stops this run.
fn patch(run: &Value, user: &str, now: DateTime<Utc>) -> Value {
    let spec = &run["spec"];
    let before = json!({"activeDeadlineSeconds": spec["activeDeadlineSeconds"], "endedPods": spec["endedPods"]});
    let record = json!({"user": user, "time": now.to_rfc3339_opts(SecondsFormat::Secs, true), "before": before});
    let mut fields = json!({
        "metadata": {"annotations": {labels::STOPPED_BY: record.to_string()}},
        "spec": {"activeDeadlineSeconds": 0, "endedPods": EndedPods::Keep}
    });
    if spec["suspend"] == json!(true) {
        fields["spec"]["suspend"] = json!(false); // a suspended run has no deadline
    }
    fields
}

#[cfg(test)]
mod tests;
