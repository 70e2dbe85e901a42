//! `sidecarjob lint`: what in these manifests, or in these objects of the cluster, will do harm?
//!
//! This file has the arguments and reads. A file for each question has its rules and finds: `hang`, `naming`, `workaround`,
//! `start`, `retry`, `stop`, `schedule`. Their functions are pure; they get an object as [`subject::Subject`] and return
//! findings with the path of a field. `rules` has the list of all rules, `report` prints.

mod again;
mod call;
mod finding;
mod hang;
mod ignore;
mod live;
mod naming;
mod node;
mod report;
mod retry;
mod rules;
mod schedule;
mod start;
mod stop;
mod subject;
mod told;
mod workaround;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::report::Format;
use crate::cli::lint::report::Located;
use crate::cli::lint::report::Place;
use crate::cli::lint::report::Report;
use crate::cli::lint::subject::Subject;
use crate::cli::manifest;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::printable;

pub use rules::{names, pages};

/// Finds what will do harm in Jobs, CronJobs, SidecarJobs and SidecarCronJobs: a run that hangs, a count that is wrong
///
/// Looks at files and folders (-f), or at objects of the cluster: those that are named, or all of a namespace. A comment
/// "# sidecarjob-lint: ignore NAME" on a line or above it, or the annotation sidecarjob.dev/lint-ignore: NAME of an object,
/// switches a finding off.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 no findings; 1 findings, or something could not be read; 2 wrong usage; 3 no such object, or \
                        the cluster does not know the kind"
)]
pub struct Args {
    /// Objects of the cluster: NAME of a SidecarJob, or job/NAME, cronjob/NAME [default: all of the namespace]
    #[arg(value_name = "NAME|KIND/NAME", conflicts_with = "filename", value_parser = target)]
    pub targets: Vec<Target>,

    /// Manifests: a file, a folder, or - for stdin; repeatable
    #[arg(short, long, value_name = "FILE")]
    pub filename: Vec<PathBuf>,

    /// With -f: also the folders in a folder
    #[arg(short = 'R', long, requires = "filename")]
    pub recursive: bool,

    /// The objects of all namespaces
    #[arg(short = 'A', long, conflicts_with_all = ["filename", "targets"])]
    pub all_namespaces: bool,

    /// Exit code 1 only for findings of this severity or above
    #[arg(long, default_value = "warning", value_name = "SEVERITY")]
    pub severity: Severity,

    /// Print the page of a finding: what happens, why, what to do
    #[arg(long, value_name = "FINDING", conflicts_with_all = ["filename", "targets", "all_namespaces"])]
    #[arg(value_parser = PossibleValuesParser::new(rules::ALL.map(|rule| rule.name)))]
    pub explain: Option<String>,

    /// Output format: json or sarif
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// Endings of manifests, as a shell puts them behind `-f` for `-f *.yaml`.
const MANIFESTS: [&str; 3] = [".yaml", ".yml", ".json"];

/// An object that has findings.
fn target(text: &str) -> Result<Target, String> {
    if MANIFESTS.iter().any(|ending| text.ends_with(ending)) {
        return Err("this is a file: write -f before each file, as in -f a.yaml -f b.yaml, or name the folder".into());
    }
    match text.parse()? {
        Target { kind: Kind::Pod, .. } => {
            Err("lint does not look at Pods: name a job, cronjob, sidecarjob or sidecarcronjob".into())
        }
        target => Ok(target),
    }
}

/// Reads, and prints the findings.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    if let Some(rule) = args.explain.as_deref().and_then(rules::named) {
        rules::page_alone(rule).lines().try_for_each(|line| printable::say(out, line))?;
        return Ok(End::Good);
    }
    let now = Utc::now();
    let report = match args.filename.is_empty() {
        true => live::report(&args, now).await?,
        false => of_files(&args, now)?,
    };
    report.print(args.output, out, err)?;
    Ok(if report.is_bad(args.severity) { End::RunFailed } else { End::Good })
}

/// The findings of an object that its annotation does not switch off; `None`: an object of another kind.
fn findings(object: &Value, now: DateTime<Utc>) -> Option<(Subject<'_>, Vec<Finding>)> {
    let subject = Subject::of(object)?;
    let mut found = Vec::new();
    hang::find(&subject, &mut found);
    naming::find(&subject, &mut found);
    workaround::find(&subject, &mut found);
    start::find(&subject, &mut found);
    retry::find(&subject, &mut found);
    stop::find(&subject, &mut found);
    schedule::find(&subject, now, &mut found);
    found.retain(|finding| !ignore::by_annotation(object, finding));
    Some((subject, found))
}

fn of_files(args: &Args, now: DateTime<Utc>) -> Result<Report, Failed> {
    let mut report = Report::default();
    for file in &args.filename {
        for source in manifest::read(file, args.recursive)? {
            of_text(&source, now, &mut report);
        }
    }
    Ok(report)
}

/// The findings of all objects of a text. A document that is no YAML is told, and the others are looked at.
fn of_text(source: &Arc<manifest::Source>, now: DateTime<Utc>, report: &mut Report) {
    let mut found = Vec::new();
    let mut ignoring = Vec::new();
    let documents = manifest::documents(source);
    for document in &documents {
        let document = match document {
            Ok(document) => document,
            Err(fault) => {
                report.unreadable.push(fault.to_string());
                continue;
            }
        };
        for object in document.objects() {
            let Some((subject, findings)) = findings(object.value, now) else { continue };
            report.objects += 1;
            ignoring.push(object.value);
            let located = findings.into_iter().map(|finding| {
                let position = position(&object, &finding);
                let place = Place::File { name: source.name.clone(), line: position.line, column: position.column };
                located(&subject, finding, place)
            });
            found.extend(located);
        }
    }
    found.retain(|one: &Located| match &one.place {
        Place::File { line, .. } => !ignore::by_comment(&source.text, *line, &one.finding),
        Place::Cluster => true,
    });
    found.sort_by_key(|one| match &one.place {
        Place::File { line, column, .. } => (*line, *column),
        Place::Cluster => (0, 0),
    });
    let unknown = ignore::unknown(&source.text, &ignoring);
    let told = |name: String| format!("{}: {name:?} is no finding, so nothing is switched off by it", source.name);
    report.notes.extend(unknown.into_iter().map(told));
    report.found.extend(found);
}

/// Where the field is written, or else the nearest parent that is.
fn position(object: &manifest::Object<'_>, finding: &Finding) -> manifest::Position {
    let steps = &finding.path.0;
    let nearest = (0..=steps.len()).rev().find_map(|length| object.find(&steps[..length]));
    let node = nearest.map_or(object.node, |found| found.key.unwrap_or(found.value));
    object.document.source.position(node.whole().start)
}

fn located(subject: &Subject<'_>, finding: Finding, place: Place) -> Located {
    let object = Target::new(subject.kind.target(), &subject.name).resource();
    Located { finding, place, object, namespace: subject.namespace.unwrap_or_default().to_owned() }
}

#[cfg(test)]
mod tests;
