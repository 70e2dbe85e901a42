//! `sidecarjob logs NAME`: what did the containers of a run print?
//!
//! This file has the arguments, and the logs as they are now. `choice` says whose log is asked for, `follow` shows logs as
//! they grow, and `stream` reads one log.

pub(super) mod choice;
pub(super) mod follow;
mod lines;
mod stream;

use std::io::Write;
use std::time::Duration;

use clap::Parser;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, ResourceExt};

use crate::api::SidecarJob;
use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::failure::call;
use crate::cli::logs::choice::Log;
use crate::cli::logs::follow::Followed;
use crate::cli::logs::follow::Outcome;
use crate::cli::logs::follow::Shown;
use crate::cli::logs::follow::Without;
use crate::cli::logs::follow::pods_of;
use crate::cli::logs::stream::Item;
use crate::cli::logs::stream::Part;
use crate::cli::notes::Notes;
use crate::cli::runs::Run;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::cli::wait;
use crate::printable;

/// Prints the log of a run: of the main container of its newest attempt
///
/// The bytes of the log go to stdout as they are, also to a terminal, as with kubectl logs. With --follow the command goes
/// on with the Pod of the next attempt until the run is over; its exit code does not depend on the result of the run.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 done; 1 it could not be done; 2 wrong usage; 3 not found, or the Pod is gone; 141 \
                        the reader of a pipe has exited"
)]
pub struct Args {
    /// NAME of the SidecarJob, or job/NAME, or pod/NAME
    pub target: Target,

    /// The container [default: the main container]
    #[arg(short, long, value_name = "NAME")]
    pub container: Option<String>,

    /// The Pod with this index, of an Indexed run
    #[arg(long, value_name = "N")]
    pub index: Option<u32>,

    /// What ran before: the instance of the container before its restart, or else the Pod of the attempt before. Needs
    /// --index if the Pods have several indexes
    #[arg(short, long, conflicts_with_all = ["follow", "all_attempts"])]
    pub previous: bool,

    /// Go on until the run is over
    #[arg(short, long)]
    pub follow: bool,

    /// The logs of all Pods that are left, the oldest first, with a head line for each
    #[arg(long)]
    pub all_attempts: bool,

    /// So many lines at the end of each log
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub tail: Option<i64>,

    /// Lines that are not older than this
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub since: Option<Duration>,

    /// The time before each line
    #[arg(long)]
    pub timestamps: bool,

    /// Pod and container before each line
    #[arg(long)]
    pub prefix: bool,

    #[command(flatten)]
    cluster: Cluster,
}

impl Args {
    fn part(&self) -> Part {
        let seconds = |since: Duration| i64::try_from(since.as_secs().max(1)).unwrap_or(i64::MAX);
        Part { tail: self.tail, since_seconds: self.since.map(seconds), timestamps: self.timestamps }
    }

    fn shown(&self) -> Shown {
        Shown {
            container: self.container.clone(),
            index: self.index,
            prefix: self.prefix,
            part: self.part(),
            ..Shown::default()
        }
    }
}

/// Prints the logs to `out`, notes to `err`.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    let (client, namespace) = args.cluster.connect().await.map_err(Failed::Config)?;
    let (watches, _) = args.cluster.connect_to_watch(wait::SILENCE).await.map_err(Failed::Config)?;
    let printer = Printer { args, client, namespace, out, notes: Notes::new(err), line_is_open: false };
    match printer.args.target.kind {
        Kind::SidecarJob => printer.of_run::<SidecarJob>(watches).await,
        Kind::Job => printer.of_run::<Job>(watches).await,
        Kind::Pod => printer.of_pod().await,
        Kind::SidecarCronJob | Kind::CronJob => Err(Failed::Refused(format!(
            "{} has no Pods of its own: name one of its runs, or job/NAME, or pod/NAME",
            printer.args.target
        ))),
    }?;
    Ok(End::Good)
}

struct Printer<'a> {
    args: Args,
    client: Client,
    namespace: String,
    out: &'a mut (dyn Write + Send),
    notes: Notes<'a>,
    /// The last piece did not end its line.
    line_is_open: bool,
}

impl Printer<'_> {
    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// `watches`: a client that drops silent connections.
    async fn of_run<J: Run>(mut self, watches: Client) -> Result<(), Failed> {
        let (target, pods) = (self.args.target.clone(), self.pods());
        let runs: Api<J> = Api::namespaced(self.client.clone(), &self.namespace);
        let run = call(format!("read {target}"), runs.get(&target.name)).await;
        let run = run.map_err(|failure| Failed::of_call(failure, &target, &self.namespace))?;
        let mut found = pods_of(&pods, &run).await?;
        if let Some(index) = self.args.index {
            if !run.is_indexed() {
                return Err(Failed::Refused(format!("{target} has no indexes: its completionMode is not Indexed")));
            }
            found.retain(|pod| choice::index(pod) == Some(index));
            if let Some(n) = run.completions().filter(|n| found.is_empty() && i64::from(index) >= i64::from(*n)) {
                let why = format!("its completions are {n}, and its first index is 0");
                return Err(Failed::Refused(format!("{target} has no index {index}: {why}")));
            }
        }
        if self.args.previous && self.args.index.is_none() && has_several_indexes(&found) {
            let newest = found
                .last()
                .and_then(choice::index)
                .map_or(String::new(), |index| format!("; the newest Pod has index {index}"));
            let why = "which ran before depends on the index: give --index too";
            return Err(Failed::Refused(format!("{target} has Pods of several indexes, and {why}{newest}")));
        }
        if self.args.follow {
            return self.follow(&run, &found, watches).await;
        }
        if found.is_empty() {
            return Err(self.no_pod(&run));
        }
        self.tell_what_is_missing(&run, &found)?;
        if self.args.all_attempts {
            let wanted = self.args.container.clone();
            choice::container(&found[0], wanted.as_deref()).map_err(Failed::Refused)?;
            return self.print_all(&choice::all(&found, wanted.as_deref())).await;
        }
        let log = choice::newest(&found, self.args.container.as_deref(), self.args.previous);
        let advice = self.args.cluster.command(&format!("why {}", target.words()));
        let log = log.map_err(|sentence| Failed::Refused(format!("{sentence}; {advice} says more")))?;
        self.print_one(&log).await
    }

    /// Nothing runs that `--follow` could follow when the run is over: then it prints what there is.
    async fn follow<J: Run>(mut self, run: &J, found: &[Pod], watches: Client) -> Result<(), Failed> {
        if found.is_empty() && run.ending().is_some() {
            return Err(self.no_pod(run));
        }
        let mut shown = self.args.shown();
        shown.prefix |= run.parallelism() > 1 && self.args.index.is_none();
        let before = choice::all(found, self.args.container.as_deref());
        shown.before = before.into_iter().map(|log| log.instance.id).collect();
        let skipped = if self.args.all_attempts { Vec::new() } else { self.old(run, found) };
        let namespace = self.namespace.clone();
        let (name, uid) = (run.name_any(), run.uid().unwrap_or_default());
        let followed = Followed { watches, logs: self.client.clone(), namespace, name, uid };
        let end =
            follow::until_ended::<J>(&followed, shown, Without::Logs, skipped, (self.out, &mut self.notes)).await?;
        if end == Outcome::Deleted {
            self.notes.note(&format!("{} was deleted", self.args.target))?;
        }
        Ok(())
    }

    /// The logs of earlier attempts, which `--follow` does not print. Of Pods that run at the same time all are printed.
    fn old<J: Run>(&self, run: &J, found: &[Pod]) -> Vec<Log> {
        let all = choice::all(found, self.args.container.as_deref());
        let newest = found.last().map(ResourceExt::name_any);
        let is_current = |log: &Log| {
            let at_once = run.parallelism() > 1 && log.instance.runs;
            !log.instance.previous && (Some(&log.pod) == newest.as_ref() || at_once)
        };
        all.into_iter().filter(|log| !is_current(log)).collect()
    }

    async fn of_pod(mut self) -> Result<(), Failed> {
        let (target, pods) = (self.args.target.clone(), self.pods());
        if self.args.index.is_some() {
            return Err(Failed::Refused("--index chooses a Pod of a run: name the run".into()));
        }
        let pod = call(format!("read {target}"), pods.get(&target.name)).await;
        let pod = pod.map_err(|failure| Failed::of_call(failure, &target, &self.namespace))?;
        let wanted = self.args.container.clone();
        if self.args.all_attempts {
            choice::container(&pod, wanted.as_deref()).map_err(Failed::Refused)?;
            return self.print_all(&choice::all(&[pod], wanted.as_deref())).await;
        }
        let log = choice::newest(&[pod], wanted.as_deref(), self.args.previous).map_err(Failed::Refused)?;
        if !self.args.follow {
            return self.print_one(&log).await;
        }
        let mut items = stream::follow(pods, log.clone(), self.args.part());
        while let Some(item) = futures::StreamExt::next(&mut items).await {
            match item {
                Item::Piece(piece) => self.piece(&log, &piece)?,
                Item::Trouble(failure) => self.notes.interrupted(&failure)?,
                Item::Denied(failure) => return Err(failure.into()),
                Item::Over => {}
            }
        }
        Ok(())
    }

    async fn print_all(&mut self, logs: &[Log]) -> Result<(), Failed> {
        for (n, log) in logs.iter().enumerate() {
            if !self.args.prefix {
                let gap = if n > 0 { "\n" } else { "" };
                printable::raw(self.out, gap.as_bytes())?;
                printable::say(self.out, head(log))?;
            } else if std::mem::take(&mut self.line_is_open) {
                printable::raw(self.out, b"\n")?; // two logs never share a line
            }
            self.print_one(log).await?;
        }
        Ok(())
    }

    async fn print_one(&mut self, log: &Log) -> Result<(), Failed> {
        let (pods, part) = (self.pods(), self.args.part());
        if !self.args.prefix {
            let out = &mut *self.out;
            stream::once(&pods, log, part, |bytes| printable::raw(out, bytes).map_err(Failed::from)).await?;
            return Ok(self.out.flush()?);
        }
        let mut lines = lines::Lines::default();
        let mut pieces = Vec::new();
        stream::once(&pods, log, part, |bytes| {
            pieces = lines.push(bytes);
            pieces.iter().try_for_each(|piece| self.piece(log, piece)).map_err(Failed::from)
        })
        .await?;
        let last = lines.finish();
        last.iter().try_for_each(|piece| self.piece(log, piece))?;
        Ok(self.out.flush()?)
    }

    fn piece(&mut self, log: &Log, piece: &lines::Piece) -> std::io::Result<()> {
        if self.args.prefix && piece.begins {
            let name = format!("[pod/{}/{}] ", log.pod, log.container);
            printable::raw(self.out, printable::line(&name).as_bytes())?;
        }
        self.line_is_open = !piece.bytes.ends_with(b"\n");
        printable::raw(self.out, &piece.bytes)
    }

    /// There is no Pod: has there not been one yet, or is it gone?
    fn no_pod<J: Run>(&self, run: &J) -> Failed {
        let target = match self.args.index {
            Some(index) => format!("index {index} of {}", self.args.target),
            None => self.args.target.to_string(),
        };
        let history = run.history();
        let had_pods = history.is_some_and(|status| {
            status.failed.unwrap_or(0) > 0 || status.succeeded.unwrap_or(0) > 0 || !status.recent_pods.is_empty()
        });
        let why = self.args.cluster.command(&format!("why {}", self.args.target.words()));
        if run.is_suspended() {
            return Failed::Refused(format!("{target} has no Pod: it is suspended"));
        }
        if !had_pods && run.ending().is_none() {
            return Failed::Refused(format!(
                "{target} has no Pod yet; --follow waits for it, {why} says what is missing"
            ));
        }
        let mut text = format!("no Pod of {target} is left, and with the Pods their logs are gone");
        let is_asked = |index: Option<i32>| self.args.index.is_none_or(|asked| index == i32::try_from(asked).ok());
        let failure = history.and_then(|status| status.last_failure.as_ref());
        if let Some(failure) = failure.filter(|failure| is_asked(failure.index)) {
            text +=
                &format!("; the status has kept of the last failure, of Pod {}: {}", failure.pod_name, failure.text);
            text += &failure.message.as_ref().map_or(String::new(), |message| format!(": {message}"));
        }
        if J::KIND == Kind::SidecarJob {
            text += "; with spec.endedPods: Keep the Pods stay when the run ends before them";
        }
        Failed::Gone(text)
    }

    /// A note if the newest Pod is gone, and the log is of an older one; and which other Pods there are.
    fn tell_what_is_missing<J: Run>(&mut self, run: &J, found: &[Pod]) -> Result<(), Failed> {
        let newest = found.last().and_then(choice::attempt);
        let recent = run.history().and_then(|status| status.recent_pods.iter().max_by_key(|pod| pod.attempt));
        let recent = recent.filter(|_| self.args.index.is_none());
        let attempt = recent.and_then(|pod| u32::try_from(pod.attempt?).ok());
        if let Some(pod) = recent.filter(|_| attempt > newest) {
            self.notes.note(&format!("Pod {} of a later attempt is gone, and its log with it", pod.name))?;
        }
        let shows_one = !self.args.all_attempts && !self.args.previous && self.args.index.is_none();
        if shows_one && run.is_indexed() && found.len() > 1 {
            let shown = found.last().map(ResourceExt::name_any).unwrap_or_default();
            let n = found.len();
            let text = format!("{n} Pods; this is the log of Pod {shown}; --index or --all-attempts show others");
            self.notes.note(&text)?;
        }
        Ok(())
    }
}

/// The Pods are not all of one index.
fn has_several_indexes(pods: &[Pod]) -> bool {
    let mut indexes = pods.iter().filter_map(choice::index);
    indexes.next().is_some_and(|first| indexes.any(|other| other != first))
}

/// The line before a log, as `tail` has it.
fn head(log: &Log) -> String {
    let number = |word: &str, n: Option<u32>| n.map_or(String::new(), |n| format!(", {word} {n}"));
    let instance = if log.instance.previous { ", before its restart" } else { "" };
    let (attempt, index) = (number("attempt", log.attempt), number("index", log.index));
    format!("==> Pod {}{attempt}{index}, container {}{instance} <==", log.pod, log.container)
}

#[cfg(test)]
mod tests;
