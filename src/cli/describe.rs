//! `sidecarjob describe NAME`: what is known of one run or schedule, for people?
//!
//! `run`, `schedule` and `workload` (a Job, a Pod) have the sections of each kind, `text` how a section looks. They are pure.

mod run;
mod schedule;
mod text;
mod workload;

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Parser;
use kube::Resource;
use serde_json::Value;

use crate::cli::connect::Cluster;
use crate::cli::describe::text::Page;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::object;
use crate::cli::output;
use crate::cli::output::Data;
use crate::cli::seen;
use crate::cli::seen::Object;
use crate::cli::seen::Seen;
use crate::cli::seen::last_seen;
use crate::cli::seen::times;
use crate::cli::table;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::cli::when;
use crate::printable;

/// More events than this are not shown: the newest are.
const EVENTS: usize = 20;

/// Shows one run or schedule with its conditions, containers, Pods and events, and what to do next
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 success; 1 not done, for example without permission; 2 wrong usage; 3 no such object, \
                        or the cluster does not know the kind"
)]
pub struct Args {
    /// NAME of a SidecarJob, or KIND/NAME: sccj/NAME, job/NAME, pod/NAME
    #[arg(value_name = "NAME|KIND/NAME")]
    pub target: Target,

    /// Output format: json or yaml: the object itself
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Data,

    #[command(flatten)]
    cluster: Cluster,
}

/// Reads, and prints.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    if args.output != Data::Text {
        args.output.value(out, &whole(&args).await?)?;
        return Ok(End::Good);
    }
    let seen = seen::read(&args.cluster, &args.target).await?;
    page(&seen, Utc::now()).print(out, table::terminal_width())?;
    seen.notes.iter().try_for_each(|note| printable::say(err, format_args!("note: {note}")))?;
    Ok(End::Good)
}

/// The object as the API server gives it, also with fields that this program does not know.
async fn whole(args: &Args) -> Result<Value, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let mut object = match object::read(&client, &namespace, &args.target).await {
        Err(error @ Failed::NotFound { .. }) => {
            return Err(seen::other_kind(&client, &args.target, &namespace, error).await);
        }
        read => read?,
    };
    output::without_managed_fields(&mut object);
    Ok(object)
}

fn page(seen: &Seen, now: DateTime<Utc>) -> Page {
    let mut page = Page::default();
    let meta = match &seen.object {
        Object::Run(run) => run.meta(),
        Object::Job(job) => job.meta(),
        Object::Pod(pod) => pod.meta(),
        Object::Schedule(cron) => cron.meta(),
    };
    let target = seen.target();
    page.field("Name", &target.name);
    page.field("Namespace", &seen.namespace);
    page.field("Kind", target.kind.name());
    let created = meta.creation_timestamp.as_ref().map(when::of);
    page.field("Created", created.map_or(String::new(), |at| format!("{} ({})", when::utc(at), when::ago(at, now))));
    page.field("Deletion", meta.deletion_timestamp.as_ref().map_or(String::new(), |at| when::utc(when::of(at))));
    let owner = meta.owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
    page.field("Controlled by", owner.map_or(String::new(), |owner| format!("{}/{}", owner.kind, owner.name)));
    match &seen.object {
        Object::Run(run) => run::tell(&mut page, run, seen, now),
        Object::Schedule(cron) => schedule::tell(&mut page, cron, now),
        Object::Job(job) => workload::job(&mut page, job, seen, now),
        Object::Pod(pod) => workload::pod(&mut page, pod, now),
    }
    events(&mut page, seen, now);
    page.section("Next steps");
    let words = target.words();
    page.line(format!("  {}", seen.command(&format!("why {words}"))));
    match target.kind {
        Kind::SidecarCronJob => page.line(format!("  {}", seen.command(&format!("cron next {}", target.name)))),
        _ => page.line(format!("  {}", seen.command(&format!("timeline {words}")))),
    }
    page
}

/// The newest last: at the end of the page somebody reads first.
fn events(page: &mut Page, seen: &Seen, now: DateTime<Utc>) {
    if seen.events.is_empty() {
        return;
    }
    page.section("Events");
    let mut rows = vec![["TYPE", "REASON", "AGE", "ABOUT", "MESSAGE"].map(ToOwned::to_owned).to_vec()];
    let newest = &seen.events[seen.events.len().saturating_sub(EVENTS)..];
    rows.extend(newest.iter().map(|event| {
        let age = last_seen(event).map_or(String::new(), |at| when::between(at, now));
        let age = if times(event) > 1 { format!("{age} (x{})", times(event)) } else { age };
        let about = &event.involved_object;
        let about = format!("{}/{}", about.kind.clone().unwrap_or_default(), about.name.clone().unwrap_or_default());
        let words = [&event.type_, &event.reason].map(|word| word.clone().unwrap_or_default());
        let [type_, reason] = words;
        vec![type_, reason, age, about, event.message.clone().unwrap_or_default().trim().to_owned()]
    }));
    page.table(rows);
}

#[cfg(test)]
mod tests;
