//! `sidecarjob convert`: how does a Job or CronJob that exists become one that ends beside its sidecars?
//!
//! This file has the arguments and the order of things. `roles` says which containers are sidecars, `choice` which form
//! solves the case, `change` what that means for the values, `text` and `moving` how the text changes, and `file` puts these
//! together for one text.

mod change;
mod check;
mod choice;
mod extent;
mod file;
mod injection;
pub(super) mod known;
mod limits;
mod live;
mod moving;
mod needless;
mod place;
mod reason;
mod report;
mod rewrite;
mod roles;
mod template;
mod text;
mod work;
mod workaround;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use serde_json::json;

use crate::api::kubernetes;
use crate::cli::connect::Cluster;
use crate::cli::convert::choice::To;
use crate::cli::convert::file::{Converted, Wanted};
use crate::cli::convert::report::{Happened, Report};
use crate::cli::convert::roles::Said;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::manifest::{self, Source};
use crate::cli::target::Target;
use crate::printable;

/// The newest form needs this minor version. Without `--kubernetes`, a file is meant for such a cluster.
const NEWEST: u32 = kubernetes::MUTATING_POLICIES;

/// Converts Jobs and CronJobs with sidecars, so that they end
///
/// Finds the sidecars, and chooses the least that solves the case: native sidecars, one annotation, a Job with managedBy, or a
/// SidecarJob. Prints all documents of the input, with the same bytes wherever nothing changes, and a line on stderr for each Job.
/// An object that can't be converted stays as it is, and the exit code is 1.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 converted, or nothing to do; 1 an object was refused, or it could not be done; 2 wrong usage; \
                        3 not found"
)]
#[command(group = clap::ArgGroup::new("source").required(true).multiple(true).args(["targets", "filename"]))]
pub struct Args {
    /// job/NAME or cronjob/NAME in the cluster
    #[arg(value_name = "KIND/NAME")]
    targets: Vec<Target>,

    /// File, folder, or - for stdin; repeatable
    #[arg(short, long, value_name = "FILE")]
    filename: Vec<PathBuf>,

    /// Read the folders in the folder too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// What the Jobs become [default: the least that solves the case]
    #[arg(long, value_name = "FORM")]
    to: Option<To>,

    /// A main container: every other container is a sidecar then; repeatable
    #[arg(long, value_name = "CONTAINER")]
    main: Vec<String>,

    /// A sidecar; repeatable
    #[arg(long, value_name = "CONTAINER")]
    sidecar: Vec<String>,

    /// Version of Kubernetes [default: that of the cluster where one is asked, else 1.36]
    #[arg(long, value_name = "VERSION", value_parser = minor)]
    kubernetes: Option<u32>,

    /// Change the files, and print no document
    #[arg(short, long, conflicts_with_all = ["targets", "dry_run"])]
    in_place: bool,

    /// server: let the API server check each converted object; nothing is stored
    #[arg(long, value_name = "WHERE")]
    dry_run: Option<DryRun>,

    /// json: print a report of all objects instead of the documents
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,

    #[command(flatten)]
    cluster: Cluster,
}

/// Who checks the converted objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DryRun {
    /// The API server
    Server,
}

/// What is printed instead of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A report of all objects
    Json,
}

/// The minor version in `1.32`, `v1.32.4`.
fn minor(text: &str) -> Result<u32, String> {
    let minor =
        text.trim_start_matches('v').trim_end_matches('+').strip_prefix("1.").and_then(|rest| rest.split('.').next());
    minor.and_then(|minor| minor.parse().ok()).ok_or_else(|| "write 1.32, or another version of Kubernetes".into())
}

impl Args {
    /// The texts of the files. Wrong usage ends the program.
    pub fn texts(&self) -> Result<Vec<Arc<Source>>, Failed> {
        if self.in_place && self.filename.iter().any(|file| file == Path::new("-")) {
            let what = "--in-place needs files, and - is stdin";
            Self::command().error(ErrorKind::ArgumentConflict, what).exit();
        }
        let mut all = Vec::new();
        for file in &self.filename {
            all.extend(manifest::read(file, self.recursive)?);
        }
        Ok(all)
    }
}

/// Converts the texts, and what is named in the cluster.
pub async fn run(
    args: Args,
    mut texts: Vec<Arc<Source>>,
    out: &mut (dyn Write + Send),
    err: &mut (dyn Write + Send),
) -> Result<End, Failed> {
    let connected = match !args.targets.is_empty() || args.dry_run.is_some() {
        true => Some(args.cluster.connect().await.map_err(Failed::Config)?),
        false => None,
    };
    let minor = match (&args.kubernetes, &connected) {
        (Some(minor), _) => *minor,
        (None, Some((client, _))) => live::minor(client).await?,
        (None, None) => NEWEST,
    };
    if let Some((client, namespace)) = &connected {
        for target in &args.targets {
            texts.push(live::read(client, namespace, target).await?);
        }
    }
    let said = Said { main: args.main.clone(), sidecars: args.sidecar.clone() };
    let wanted = Wanted { to: args.to, said, minor };
    let mut all: Vec<(Arc<Source>, Converted)> =
        texts.into_iter().map(|source| (source.clone(), file::convert(&source, &wanted))).collect();
    if let Some((client, namespace)) = connected.as_ref().filter(|_| args.dry_run.is_some()) {
        for report in all.iter_mut().flat_map(|(_, converted)| &mut converted.reports).filter(|r| r.is_changed()) {
            let own = Some(report.namespace.as_str()).filter(|own| !own.is_empty());
            if let Some(why) = live::refusal(client, own.unwrap_or(namespace), report).await? {
                report.result = Happened::Refused(why);
            }
        }
    }
    tell(&args, &all, err)?;
    let named = named(&wanted.said, &all);
    if let Err(why) = &named {
        printable::say(err, format_args!("error: {why}"))?;
    }
    give(&args, &all, out)?;
    let refused = all.iter().flat_map(|(_, converted)| &converted.reports).any(Report::is_refused);
    Ok(if refused || named.is_err() { End::RunFailed } else { End::Good })
}

/// A name of `--main` or `--sidecar` that no object has is probably a mistake.
fn named(said: &Said, all: &[(Arc<Source>, Converted)]) -> Result<(), String> {
    let names = said.main.iter().chain(&said.sidecars);
    let reports = || all.iter().flat_map(|(_, converted)| &converted.reports);
    let is_there = |name: &&String| reports().any(|report| report.containers.contains(name));
    let mut missing = names.filter(|name| !is_there(name));
    missing.next().map_or(Ok(()), |name| Err(format!("no object has a container {name}")))
}

fn tell(args: &Args, all: &[(Arc<Source>, Converted)], err: &mut (dyn Write + Send)) -> Result<(), Failed> {
    for (source, converted) in all {
        if converted.reports.is_empty() && args.output.is_none() {
            printable::say(err, format_args!("{}: no Job and no CronJob in it", source.name))?;
        }
        for line in converted.reports.iter().flat_map(Report::lines) {
            printable::say(err, line)?;
        }
    }
    Ok(())
}

/// Prints the documents or the report, and changes the files that change.
fn give(args: &Args, all: &[(Arc<Source>, Converted)], out: &mut (dyn Write + Send)) -> Result<(), Failed> {
    if args.in_place {
        for (source, converted) in all.iter().filter(|(source, converted)| source.text != converted.text) {
            let Some(path) = &source.path else { continue };
            place::replace(path, &converted.text)
                .map_err(|error| Failed::Refused(format!("failed to write {}: {error}", source.name)))?;
        }
    }
    if args.output.is_some() {
        let reports: Vec<_> = all.iter().flat_map(|(_, converted)| &converted.reports).map(Report::json).collect();
        printable::say_json_lines(out, &json!({"objects": reports}))?;
    } else if !args.in_place {
        printable::raw(out, joined(all).as_bytes())?;
    }
    Ok(())
}

/// One text, byte for byte; several texts with `---` between them.
fn joined(all: &[(Arc<Source>, Converted)]) -> String {
    let mut text = String::new();
    for (_, converted) in all {
        let next = if text.is_empty() { &*converted.text } else { converted.text.trim_start_matches('\u{feff}') };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if !text.is_empty() && !next.starts_with("---") {
            text.push_str("---\n");
        }
        text.push_str(next);
    }
    text
}

#[cfg(test)]
mod tests;
