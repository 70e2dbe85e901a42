//! `sidecarjob cron next EXPRESSION|NAME`: prints one time on each line, in the time zone. Notes about clock changes go
//! to stderr.
//!
//! With an expression the command needs no cluster. `cron` computes the times, as for the controller.

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::{Parser, ValueEnum};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::api::SidecarCronJob;
use crate::api::sidecarcronjob::DstPolicy;
use crate::cli::connect::Cluster;
use crate::cli::cron::CronError;
use crate::cli::cron::find;
use crate::cli::target::is_name;
use crate::cron::Budget;
use crate::cron::Dst;
use crate::cron::Expression;
use crate::cron::Spent;
use crate::cron::Times;
use crate::cron::TimesError;
use crate::cron::Zone;
use crate::cron::budget;
use crate::cron::dst;
use crate::cron::dst::Change;
use crate::cron::hash;
use crate::printable::say;
use crate::printable::say_json;

/// Prints the next times of a cron expression, or of a SidecarCronJob, one on each line
///
/// An expression has five fields, or begins with @, and has the same meaning as in a CronJob. TZ=ZONE may stand before
/// it. Notes on stderr name the times that a clock change skips or repeats.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// A cron expression, for example "0 2 * * *", or the name of a SidecarCronJob
    #[arg(allow_hyphen_values = true, value_parser = no_option)]
    pub what: String,

    /// Time zone [default: the time zone of the object; UTC for an expression]
    #[arg(short = 'z', long, value_name = "ZONE")]
    pub time_zone: Option<String>,

    /// Print times after this one, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    pub from: Option<DateTime<Utc>>,

    /// How many times to print
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub count: u16,

    /// Compute H in the expression as for the object with this name
    #[arg(long = "for", value_name = "NAMESPACE/NAME")]
    pub object: Option<String>,

    /// What happens at times that a clock change skips or repeats [default: the policy of the object; CronJob for an
    /// expression]
    #[arg(long, value_name = "POLICY")]
    pub dst_policy: Option<Policy>,

    /// Output format
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// Output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One time on each line.
    Text,
    /// One JSON object.
    Json,
}

/// `spec.dstPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum Policy {
    /// As CronJob does.
    #[value(name = "CronJob")]
    CronJob,
    /// Each time runs once.
    RunOnce,
}

/// Prints the times.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<(), CronError> {
    let now = args.from.unwrap_or_else(Utc::now);
    let Asked { times, from, jitter, suspended } = match is_name(&args.what) {
        true if args.object.is_some() => {
            return Err(CronError::Refused(
                "--for works with an expression only: an object computes H from its own name".into(),
            ));
        }
        true => {
            let (_, cron) = find(&args.cluster, &args.what).await?;
            of_object(&cron, &args, now)?
        }
        false => Asked { times: of_expression(&args)?, from: now, jitter: 0, suspended: false },
    };
    let mut budget = Budget::of(budget::OF_A_COMMAND);
    let list = list(&times, from, args.count.into(), &mut budget)?;
    let notes = notes(&times, from, &list, &mut budget)?;
    let too_complex = times.next(from, &mut Budget::of(budget::OF_A_DECISION)).is_err();
    match args.output {
        Format::Text => {
            list.iter().try_for_each(|at| say(out, format_args!("{}", times.zone().rfc3339(*at))))?;
            notes.iter().try_for_each(|(_, text, _)| say(err, format_args!("note: {text}")))?;
            if let Some(text) = times.once_a_minute() {
                say(err, format_args!("note: {text}"))?;
            }
            if too_complex {
                say(
                    err,
                    format_args!("note: the controller does not run this schedule: {}", TimesError::TooManySteps),
                )?;
            }
            if jitter > 0 {
                say(err, format_args!("note: each run starts with a delay of {jitter}s (spec.jitterSeconds)"))?;
            }
            if suspended {
                say(err, format_args!("note: {} is suspended: no run starts until spec.suspend is false", args.what))?;
            }
        }
        Format::Json => {
            let mut json = json(&times, &list, &notes);
            if let Some(text) = times.once_a_minute() {
                json["onceAMinute"] = json!(text);
            }
            if too_complex {
                json["tooComplex"] = json!(TimesError::TooManySteps.to_string());
            }
            (json["jitterSeconds"], json["suspended"]) = (json!(jitter), json!(suspended));
            say_json(out, &json)?;
        }
    }
    if list.is_empty() {
        return Err(CronError::Refused(format!("{:?} never fires within five years", args.what)));
    }
    Ok(())
}

/// The first `n` times after `from`.
fn list(times: &Times, from: DateTime<Utc>, n: usize, budget: &mut Budget) -> Result<Vec<DateTime<Utc>>, Spent> {
    let (mut list, mut at) = (Vec::new(), from);
    while list.len() < n
        && let Some(next) = times.next(at, budget)?
    {
        list.push(next);
        at = next;
    }
    Ok(list)
}

/// The schedule that the user asks about.
struct Asked {
    times: Times,
    /// Print times after this one.
    from: DateTime<Utc>,
    /// The delay of each run, in seconds.
    jitter: u32,
    suspended: bool,
}

/// Only an expression may begin with a hyphen, and an expression has spaces.
fn no_option(text: &str) -> Result<String, String> {
    match text.starts_with('-') && !text.contains(char::is_whitespace) {
        true => Err("there is no such option".into()),
        false => Ok(text.to_owned()),
    }
}

fn of_expression(args: &Args) -> Result<Times, CronError> {
    let refused = |e: &dyn std::fmt::Display| CronError::Refused(e.to_string());
    let zone = args.time_zone.as_deref().map(Zone::parse).transpose().map_err(|e| refused(&e))?;
    let text = match &args.object {
        Some(name) => hash::resolve(&args.what, name).map_err(|e| refused(&e))?,
        None if hash::is_in(&args.what) => {
            return Err(CronError::Refused("H depends on the name of an object: give --for NAMESPACE/NAME".into()));
        }
        None => args.what.clone(),
    };
    let expression = Expression::parse(&text).map_err(|e| refused(&e))?;
    if expression.zone.is_some() && zone.is_some() {
        return Err(CronError::Refused("give the zone once: in the expression, or as --time-zone".into()));
    }
    let dst = if args.dst_policy == Some(Policy::RunOnce) { Dst::RunOnce } else { Dst::CronJob };
    Ok(Times::of(expression, zone.unwrap_or(Zone::UTC), dst))
}

/// The times of an object with the given zone and policy; `@every` counts from the object's last run.
fn of_object(cron: &SidecarCronJob, args: &Args, now: DateTime<Utc>) -> Result<Asked, CronError> {
    let spec = &cron.spec;
    let run_once = match args.dst_policy {
        Some(policy) => policy == Policy::RunOnce,
        None => spec.dst_policy == Some(DstPolicy::RunOnce),
    };
    let dst = if run_once { Dst::RunOnce } else { Dst::CronJob };
    let name = format!("{}/{}", cron.namespace().unwrap_or_default(), cron.name_any());
    let schedules: Vec<&String> = spec.schedule.iter().chain(&spec.schedules).collect();
    let zone = args.time_zone.as_deref().or(spec.time_zone.as_deref());
    let times = Times::parse(&schedules, &spec.exclude, zone, dst, &name);
    let times = times.map_err(|e| CronError::Refused(format!("SidecarCronJob {name}: {e}")))?;
    let jitter = hash::jitter(&name, spec.jitter_seconds.and_then(|s| u32::try_from(s).ok()).unwrap_or(0));
    let last =
        cron.status.as_ref().and_then(|s| s.last_schedule_time.as_ref()).or(cron.metadata.creation_timestamp.as_ref());
    let last = last.and_then(|t| DateTime::from_timestamp(t.0.as_second(), 0));
    let from = match (args.from, last) {
        (None, Some(last)) if last <= now => {
            let mut budget = Budget::of(budget::OF_A_COMMAND);
            times.pending(last, now, 1, &mut budget)?.latest.pop().unwrap_or(last)
        }
        _ => now,
    };
    Ok(Asked { times, from, jitter, suspended: spec.suspend == Some(true) })
}

/// Kind, sentence, time.
type Note = (&'static str, String, String);

/// What clock changes do in this span.
fn notes(times: &Times, from: DateTime<Utc>, list: &[DateTime<Utc>], budget: &mut Budget) -> Result<Vec<Note>, Spent> {
    const MOST: usize = 20;
    let Some(last) = list.last() else { return Ok(Vec::new()) };
    let zone = times.zone();
    let once = times.dst() == Dst::RunOnce;
    let note = |change: Change| match change {
        Change::LeftOut(wall) => {
            let what = if once { "runs at the first instant after it" } else { "is skipped" };
            (
                "leftOut",
                format!("{wall} does not exist in {zone} because of a clock change, and {what}"),
                wall.to_string(),
            )
        }
        Change::Twice(at) => {
            let what = if once { "runs the first time only" } else { "runs twice" };
            let text = zone.rfc3339(at);
            (
                "twice",
                format!("{text} occurs a second time in {zone} because of a clock change: the schedule {what}"),
                text,
            )
        }
    };
    let mut notes = Vec::new();
    for calendar in times.calendars() {
        notes.extend(dst::changes(calendar, zone, (from, *last), MOST, budget)?.into_iter().map(note));
    }
    Ok(notes)
}

fn json(times: &Times, list: &[DateTime<Utc>], notes: &[Note]) -> Value {
    let list: Vec<String> = list.iter().map(|at| times.zone().rfc3339(*at)).collect();
    let of = |kind| notes.iter().filter(|(k, ..)| *k == kind).map(|(_, _, time)| time.clone()).collect::<Vec<_>>();
    json!({
        "timeZone": times.zone().name(), "times": list, "leftOut": of("leftOut"), "twice": of("twice")
    })
}

#[cfg(test)]
mod tests;
