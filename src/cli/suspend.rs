//! `sidecarjob suspend` and `resume`: may a run, or a schedule, start Pods?

use std::io::Write;

use clap::Parser;
use kube::Client;
use serde_json::{Value, json};

use crate::cli::changes::Changed;
use crate::cli::changes::Changes;
use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::object;
use crate::cli::output::Format;
use crate::cli::run::DryRun;
use crate::cli::target::Kind;
use crate::cli::target::Target;

const EXIT_CODES: &str = "Exit codes: 0 done, or it was so already; 1 it could not be done; 2 wrong usage; 3 not found";

/// Suspends runs or schedules, until resume
///
/// The Pods of a suspended run end, and do not count as failed. A suspended schedule starts no runs; the runs that it has
/// started go on.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXIT_CODES)]
pub struct Suspend {
    #[command(flatten)]
    what: What,
}

/// Resumes runs or schedules that are suspended
///
/// The deadline of a run counts anew from then on.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXIT_CODES)]
pub struct Resume {
    #[command(flatten)]
    what: What,
}

#[derive(Clone, Debug, clap::Args)]
struct What {
    /// NAME of a SidecarJob, or sidecarcronjob/NAME, job/NAME, cronjob/NAME
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

/// Suspends.
pub async fn suspend(args: Suspend, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    args.what.set(true, out, err).await
}

/// Resumes.
pub async fn resume(args: Resume, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    args.what.set(false, out, err).await
}

impl What {
    async fn set(
        self,
        suspend: bool,
        out: &mut (dyn Write + Send),
        err: &mut (dyn Write + Send),
    ) -> Result<End, Failed> {
        let (client, namespace) = self.cluster.connect().await.map_err(Failed::Config)?;
        let mut changes = Changes::new(self.output);
        for target in &self.targets {
            changes.add(self.one(&client, &namespace, target, suspend).await, out, err)?;
        }
        changes.end(out)
    }

    /// What was done, and the object then.
    async fn one(&self, client: &Client, namespace: &str, target: &Target, suspend: bool) -> Result<Changed, Failed> {
        if target.kind == Kind::Pod {
            return Err(Failed::Refused(format!("{target} can't be suspended: name its run, as NAME or job/NAME")));
        }
        let mut object = object::read(client, namespace, target).await?;
        let change = change(&object, target, suspend, &self.cluster).map_err(Failed::Refused)?;
        let (Change::Done(done) | Change::Already(done)) = &change;
        let dry = match self.dry_run {
            None => "",
            Some(DryRun::Client) => " (dry run)",
            Some(DryRun::Server) => " (server dry run)",
        };
        if matches!(change, Change::Done(_)) && self.dry_run != Some(DryRun::Client) {
            let fields = json!({"spec": {"suspend": suspend}});
            let word = if suspend { "suspend" } else { "resume" };
            object = object::patch(client, namespace, (target, word), &fields, self.dry_run.is_some()).await?;
        }
        Ok(Changed::of(target, &format!("{done}{dry}"), object))
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The object changes: this happens.
    Done(&'static str),
    /// Nothing: this is so already.
    Already(&'static str),
}

/// What there is to do with this object; the error is a sentence.
fn change(object: &Value, target: &Target, suspend: bool, cluster: &Cluster) -> Result<Change, String> {
    let is_suspended = object["spec"]["suspend"] == json!(true);
    let word = if suspend { "suspended" } else { "resumed" };
    if let Some(end) = object::end(object) {
        let again = match target.kind {
            Kind::SidecarJob => format!("; {} starts another one", cluster.command(&format!("rerun {}", target.name))),
            _ => String::new(),
        };
        return Err(format!("{target} is {end} already, and a run that is over can't be {word}{again}"));
    }
    if suspend && object::has_result(object) {
        return Err(format!("the result of {target} is known already, and only its sidecars still stop"));
    }
    Ok(match (suspend, is_suspended) {
        (true, false) => Change::Done("suspended"),
        (true, true) => Change::Already("was suspended already"),
        (false, true) => Change::Done("resumed"),
        (false, false) => Change::Already("was not suspended"),
    })
}

#[cfg(test)]
mod tests;
