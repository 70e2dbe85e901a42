//! `sidecarjob rerun NAME`: how does a run that is over run again, as a whole or only where it failed?

use std::io::Write;

use chrono::Utc;
use clap::Parser;
use serde_json::{Value, json};

use crate::api::COMPLETED_INDEXES_MAX;
use crate::cli::connect::Cluster;
use crate::cli::create::Name;
use crate::cli::create::New;
use crate::cli::create::Record;
use crate::cli::cron::run::who;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::object;
use crate::cli::run::DryRun;
use crate::cli::run::Then;
use crate::cli::run::from;
use crate::cli::run::started_by;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// The field of the record that has the name of the run that runs again.
const RERUN_OF: &str = "rerunOf";

/// Runs a SidecarJob that is over again, under the name NAME-r1, NAME-r2 and so on
///
/// The new run has the same spec. Without --failed-indexes all indexes run, also of a run that was made with it. The
/// annotation sidecarjob.dev/started-by of the new run says who started it, when, and of which run.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 created, or with --wait: Complete; 1 with --wait: the run has failed, or it could not be \
                        done; 2 wrong usage; 3 not found, or deleted meanwhile; 124 timeout; 143 SIGTERM"
)]
pub struct Args {
    /// Name of the SidecarJob
    pub target: Target,

    /// Run only the indexes of an Indexed run that have not succeeded; the others count as succeeded
    #[arg(long)]
    pub failed_indexes: bool,

    #[command(flatten)]
    then: Then,

    #[command(flatten)]
    cluster: Cluster,
}

/// Starts the new run, and waits for it if that is asked for.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let target = &args.target;
    if target.kind != Kind::SidecarJob {
        let from = args.cluster.command(&format!("run --from {}", target.words()));
        return Err(Failed::Refused(format!("rerun knows SidecarJobs only: {from} makes a SidecarJob of {target}")));
    }
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let run = object::read(&client, &namespace, target).await?;
    let object = again(&run, target, args.failed_indexes, &args.cluster).map_err(Failed::Refused)?;
    let mut record = Record::new(&who(&client).await, Utc::now(), Some((RERUN_OF, target.name.clone())));
    if args.failed_indexes {
        record = record.with(from::BEFORE, from::record_before_rerun(&from::sidecarjob(&run)["spec"]));
    }
    let new = New { object, name: name(&run, &target.name), record, is_dry: args.then.dry_run.is_some() };
    if args.then.dry_run == Some(DryRun::Client) {
        return args.then.show_only(&new, &namespace, out);
    }
    args.then.go_on(&args.cluster, (client, &namespace), &new, (out, err)).await
}

/// NAME-r1, or if the run is NAME-r1 itself: NAME-r2.
fn name(run: &Value, own: &str) -> Name {
    let is_rerun = started_by(run)[RERUN_OF].is_string();
    let number = own.rsplit_once("-r").filter(|_| is_rerun).and_then(|(base, n)| Some((base, n.parse::<u32>().ok()?)));
    match number {
        Some((base, n)) => Name::Rerun(base.to_owned(), n.saturating_add(1)),
        None => Name::Rerun(own.to_owned(), 1),
    }
}

/// The new run; the error is a sentence.
fn again(run: &Value, target: &Target, failed_indexes: bool, cluster: &Cluster) -> Result<Value, String> {
    let Some(end) = object::end(run) else {
        let (wait, stop) =
            (cluster.command(&format!("wait {}", target.name)), cluster.command(&format!("stop {}", target.name)));
        let from = cluster.command(&format!("run --from {}", target.argument_with_kind()));
        return Err(format!(
            "{target} is not over: {wait} waits for it, {stop} ends it, and {from} starts a run beside it"
        ));
    };
    let mut object = from::sidecarjob(run);
    if !failed_indexes {
        return Ok(object);
    }
    if run["spec"]["completionMode"] != "Indexed" {
        return Err(format!(
            "{target} has no indexes: its completionMode is not Indexed; rerun without --failed-indexes"
        ));
    }
    if end == crate::api::conditions::types::COMPLETE {
        return Err(format!("{target} is Complete, and no index of it has failed"));
    }
    match run["status"]["completedIndexes"].as_str() {
        None | Some("") => {}
        Some(all) if all.len() > COMPLETED_INDEXES_MAX => {
            return Err(format!(
                "status.completedIndexes of {target} has {} characters, and spec.completedIndexes of the new run may have \
                 {COMPLETED_INDEXES_MAX}: rerun without --failed-indexes",
                all.len()
            ));
        }
        Some(all) => object["spec"]["completedIndexes"] = json!(all),
    }
    Ok(object)
}

#[cfg(test)]
mod tests;
