//! `sidecarjob timeline NAME`: when did which container of which Pod run, and how long did the sidecars drain?
//!
//! `row` finds the spans, `draw` draws them.

mod draw;
mod row;

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Parser;
use serde_json::{Value, json};

use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::output::Data;
use crate::cli::seen;
use crate::cli::seen::Object;
use crate::cli::seen::Seen;
use crate::cli::table;
use crate::cli::target::Target;
use crate::cli::timeline::row::Row;
use crate::cli::when;
use crate::printable;

/// The width of a timeline in a pipe, in characters.
const WIDTH: usize = 80;
/// More Pods than this are not drawn: the latest of them are.
const MOST: usize = 20;

/// Draws when the containers of a run ran, with a row for each Pod and a lane for each container
///
/// Of Pods that are gone the status remembers the latest ones. Works for SidecarJobs, Jobs and Pods.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 success; 1 not done, for example without permission; 2 wrong usage; 3 no such object, \
                        or the cluster does not know the kind"
)]
pub struct Args {
    /// NAME of a SidecarJob, or KIND/NAME: job/NAME, pod/NAME
    #[arg(value_name = "NAME|KIND/NAME")]
    pub target: Target,

    /// Output format: json or yaml, with all spans
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Data,

    #[command(flatten)]
    cluster: Cluster,
}

/// Reads, and draws.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let seen = seen::read(&args.cluster, &args.target).await?;
    let now = Utc::now();
    let rows = match &seen.object {
        Object::Run(run) => row::all_of(&seen.pods, Some(run), now),
        Object::Job(_) | Object::Pod(_) => row::all_of(&seen.pods, None, now),
        Object::Schedule(_) => {
            let list = seen.command("list --runs");
            let why = format!("a SidecarCronJob has no Pods; ask about one of its runs: {list}");
            return Err(Failed::Refused(why));
        }
    };
    let mut notes = seen.notes.clone();
    if !args.output.value(out, &value(&seen, &rows, now))? {
        if rows.is_empty() {
            notes.push(format!("{} has no Pods, and its status remembers none", seen.target()));
        }
        if rows.len() > MOST {
            notes.push(format!("the latest {MOST} of {} Pods are drawn; -o json has all of them", rows.len()));
        }
        print(&rows[rows.len().saturating_sub(MOST)..], now, table::terminal_width().unwrap_or(WIDTH), out)?;
        notes.iter().try_for_each(|note| printable::say(err, format_args!("note: {note}")))?;
    }
    Ok(End::Good)
}

fn print(rows: &[Row], now: DateTime<Utc>, width: usize, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    draw::lines(rows, now, width)
        .iter()
        .try_for_each(|line| printable::say_in(out, line.colour, &line.before, &line.text))
}

/// The spans for programs.
fn value(seen: &Seen, rows: &[Row], now: DateTime<Utc>) -> Value {
    let target = seen.target();
    json!({
        "kind": target.kind.name(), "namespace": seen.namespace, "name": target.name, "now": when::utc(now),
        "pods": rows, "notes": seen.notes,
    })
}

#[cfg(test)]
mod tests;
