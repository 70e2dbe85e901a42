//! `sidecarjob cron run NAME`: how does a user start a run by hand? The run may have its own arguments and environment
//! variables, and records who started it.
//!
//! The run belongs to the SidecarCronJob (history, deletion), but its concurrencyPolicy ignores the run.

use std::io::Write;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Parser;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::{Container, EnvVar};
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt};
use serde_json::json;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::labels;
use crate::api::scheduled_run;
use crate::cli::changes::Changed;
use crate::cli::changes::Changes;
use crate::cli::connect::Cluster;
use crate::cli::create::Name;
use crate::cli::create::New;
use crate::cli::create::Record;
use crate::cli::cron::CronError;
use crate::cli::cron::find;
use crate::cli::failure::call;
use crate::cli::output::Format;
use crate::cli::target;
use crate::cli::target::Kind;
use crate::cli::target::Target;

/// Starts a run of a SidecarCronJob now
///
/// Prints the name of the SidecarJob: sidecarjob watch NAME shows it. The annotation sidecarjob.dev/started-by of the
/// SidecarJob says who started it, when and with which overrides.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Name of the SidecarCronJob
    #[arg(value_parser = target::name)]
    pub name: String,

    #[command(flatten)]
    overrides: Overrides,

    /// Run for this scheduled time, RFC 3339: the run gets the name and the annotation of that time, so that the time
    /// runs only once
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<DateTime<Utc>>,

    /// Output format of the new SidecarJob: json, yaml or name
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// The overrides of the template.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Overrides {
    /// An argument for the main container; replaces all arguments of the template; may be given several times
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    args: Vec<String>,

    /// An environment variable for the main container; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,

    /// The container that gets the arguments and variables [default: the first main container]
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Starts the run and prints its name.
pub async fn run(args: Args, out: &mut (dyn Write + Send)) -> Result<(), CronError> {
    let (client, cron) = find(&args.cluster, &args.name).await?;
    let who = who(&client).await;
    let now = Utc::now();
    let run = by_hand(&cron, args.as_of, &args.overrides, &who, now)?;
    let record = Record::new(&who, now, None);
    let new = New { object: json!(run), name: name(&cron, args.as_of, now), record, is_dry: false };
    let namespace = cron.namespace().unwrap_or_default();
    let stored = new.create(&args.cluster, &client, &namespace).await.map_err(CronError::Create)?;
    let name = stored["metadata"]["name"].as_str().unwrap_or_default();
    let target = Target::new(Kind::SidecarJob, name);
    let changed = Changed::of(&target, "created", stored.clone()).with_text(name);
    let mut changes = Changes::new(args.output);
    changes.add(Ok(changed), out, &mut std::io::sink())?;
    changes.end(out).map_err(CronError::Create)?;
    Ok(())
}

/// The user name by which the API server knows the caller.
pub async fn who(client: &Client) -> String {
    let api: Api<SelfSubjectReview> = Api::all(client.clone());
    let review = call("ask who we are", api.create(&PostParams::default(), &SelfSubjectReview::default())).await;
    let user = review.ok().and_then(|r| r.status).and_then(|s| s.user_info).and_then(|u| u.username);
    user.unwrap_or_else(|| "unknown".into())
}

/// The name of a run that somebody starts by hand. A scheduled time runs only once, so that its run has one name.
pub fn name(cron: &SidecarCronJob, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Name {
    let own = cron.name_any();
    at.map_or_else(|| Name::ByHand(own.clone(), now.timestamp()), |at| Name::Exact(scheduled_run::name(&own, at)))
}

/// The SidecarJob of a run that somebody starts by hand.
pub fn by_hand(
    cron: &SidecarCronJob,
    at: Option<DateTime<Utc>>,
    overrides: &Overrides,
    who: &str,
    now: DateTime<Utc>,
) -> Result<SidecarJob, CronError> {
    let mut run = scheduled_run::run(cron, name(cron, at, now).first(), at);
    let record = json!({
        "user": who, "time": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "args": overrides.args, "env": overrides.env.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>()
    });
    run.annotations_mut().insert(labels::INSTANTIATE.into(), labels::MANUAL.into());
    run.annotations_mut().insert(labels::STARTED_BY.into(), record.to_string());
    overrides.apply(&mut run)?;
    Ok(run)
}

impl Overrides {
    fn apply(&self, run: &mut SidecarJob) -> Result<(), CronError> {
        if self.args.is_empty() && self.env.is_empty() {
            return Ok(());
        }
        let main = self.container.clone().or_else(|| main_container(run));
        let pod = Arc::make_mut(&mut run.spec.template).spec.as_mut();
        let containers = pod.map(|pod| pod.containers.as_mut_slice()).unwrap_or_default();
        let there = containers.iter().map(|c| c.name.clone()).collect::<Vec<_>>().join(", ");
        let found = containers.iter_mut().find(|c| Some(&c.name) == main.as_ref());
        let container = found.ok_or_else(|| {
            CronError::Refused(format!(
                "no container {:?} to override: the containers are {there}",
                main.unwrap_or_default()
            ))
        })?;
        if !self.args.is_empty() {
            container.args = Some(self.args.clone());
        }
        self.env.iter().for_each(|(name, value)| set(container, name, value));
        Ok(())
    }
}

/// The first container that decides the result.
fn main_container(run: &SidecarJob) -> Option<String> {
    let named = run.spec.main_containers.as_ref().and_then(|main| main.names.first());
    let never_ends = |c: &Container| c.restart_policy.as_deref() == Some("Always");
    let is_sidecar = |c: &&Container| never_ends(c) || run.spec.sidecars.iter().any(|s| s.name == c.name);
    let first = || run.spec.template.spec.as_ref()?.containers.iter().find(|c| !is_sidecar(c)).map(|c| c.name.clone());
    named.cloned().or_else(first)
}

fn set(container: &mut Container, name: &str, value: &str) {
    let env = container.env.get_or_insert_default();
    let variable = EnvVar { name: name.into(), value: Some(value.into()), value_from: None };
    match env.iter_mut().find(|var| var.name == name) {
        Some(there) => *there = variable,
        None => env.push(variable),
    }
}

#[cfg(test)]
mod tests;
