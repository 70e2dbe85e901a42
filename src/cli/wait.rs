//! `sidecarjob wait NAME…`: are these runs over, and how did they end?

use std::io::Write;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use futures::StreamExt;
use futures::stream::select_all;
use kube::{Api, Client, ResourceExt};
use tokio::time::Instant;

use crate::api::SidecarJob;
use crate::cli::connect::Cluster;
use crate::cli::failed::End;
use crate::cli::failed::Failed;
use crate::cli::failure::Kind as FailureKind;
use crate::cli::notes::Notes;
use crate::cli::object;
use crate::cli::output;
use crate::cli::output::Format;
use crate::cli::runs::Run;
use crate::cli::target::Kind;
use crate::cli::target::Target;
use crate::cli::watch::news::News;
use crate::cli::watch::news::WATCH_SECONDS;
use crate::cli::watch::news::of_job;
use crate::printable;

/// The connection is dead if nothing arrived for this time, which is longer than a watch request lasts.
pub const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

/// Waits until SidecarJobs are over
///
/// Prints a line for each run when it is over: to stdout if it is Complete, to stderr if it has Failed. After an
/// interruption the command prints one note and retries.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 all runs are Complete, or what --for says is the case; 1 a run has failed or ended \
                        otherwise, or it could not be done; 2 wrong usage; 3 not found, or deleted meanwhile; 124 timeout"
)]
pub struct Args {
    /// Names of SidecarJobs
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<Target>,

    /// What to wait for: end (Complete or Failed), condition=TYPE, or delete
    #[arg(long = "for", default_value = "end", value_name = "WHAT")]
    pub until: Until,

    /// Give up after this time, with exit code 124
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,

    /// Output format of the objects when the wait is over: json, yaml or name
    #[arg(short, long, default_value = "text", value_name = "FORMAT", hide_default_value = true)]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// What the command waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The run is Complete or Failed.
    End,
    /// The condition of this type is True.
    Condition(String),
    /// The object is gone.
    Delete,
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("condition=").map(|type_| type_.trim_end_matches("=True"))) {
            ("end", _) => Ok(Self::End),
            ("delete", _) => Ok(Self::Delete),
            (_, Some(type_)) if !type_.is_empty() && !type_.contains('=') => Ok(Self::Condition(type_.to_owned())),
            _ => Err("write end, delete, or condition=TYPE, as in condition=SuccessCriteriaMet".into()),
        }
    }
}

/// A run to wait for.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// The name.
    pub name: String,
    /// The UID, if it is known. A run with another UID is another run.
    pub uid: Option<String>,
}

/// What is known of one run when the wait for it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    /// What `--for` says is the case.
    Good(String),
    /// The run ended, and it is not.
    Bad(String),
    /// The run is gone.
    Gone,
}

/// Waits, with a line for each run.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, Failed> {
    if let Some(other) = args.names.iter().find(|target| target.kind != Kind::SidecarJob) {
        return Err(Failed::Refused(format!(
            "wait knows SidecarJobs only: kubectl wait --for=condition=... {} waits for a {}",
            other.resource(),
            other.kind.name()
        )));
    }
    let (client, namespace) = args.cluster.connect_to_watch(SILENCE).await.map_err(Failed::Config)?;
    let runs = args.names.iter().map(|target| Awaited { name: target.name.clone(), uid: None }).collect();
    let mut notes = Notes::new(err);
    let limit = args.timeout.map(|after| Limit { after, cluster: &args.cluster });
    // A script that asks for objects gets nothing else on stdout.
    let is_text = matches!(args.output, Format::Text | Format::Wide);
    let mut nowhere = std::io::sink();
    let lines: &mut (dyn Write + Send) = if is_text { &mut *out } else { &mut nowhere };
    let end = until(&client, &namespace, runs, (&args.until, limit), (lines, &mut notes)).await?;
    if !is_text {
        args.print(&client, &namespace, out).await?;
    }
    Ok(end)
}

impl Args {
    /// Prints the objects that are there, or their names.
    async fn print(&self, client: &Client, namespace: &str, out: &mut (dyn Write + Send)) -> Result<(), Failed> {
        let mut objects = Vec::new();
        for target in &self.names {
            match object::read(client, namespace, target).await {
                Ok(_) if self.output == Format::Name => printable::say(out, target.resource())?,
                Ok(object) => objects.push(object),
                Err(Failed::NotFound { .. }) => {} // deleted, which may be what was waited for
                Err(failed) => return Err(failed),
            }
        }
        Ok(output::values(out, self.output, objects)?)
    }
}

/// How long the command waits.
#[derive(Clone, Copy, Debug)]
pub struct Limit<'a> {
    /// The value of `--timeout`.
    pub after: Duration,
    /// The flags that were given, for advice.
    pub cluster: &'a Cluster,
}

impl Limit<'_> {
    /// The time has passed, and this run is not over.
    fn has_passed(self, name: &str) -> Failed {
        let what = "what the command waits for".to_owned();
        let next = format!("the run goes on: {} says what it waits for", self.cluster.command(&format!("why {name}")));
        Failed::Timeout { what, after: self.after, next }
    }
}

/// The end of the wait for one run, or that the time has passed.
pub async fn within(
    timeout: Option<Duration>,
    cluster: &Cluster,
    name: &str,
    waiting: impl Future<Output = Result<End, Failed>>,
) -> Result<End, Failed> {
    let Some(after) = timeout else { return waiting.await };
    tokio::time::timeout(after, waiting).await.unwrap_or_else(|_| Err(Limit { after, cluster }.has_passed(name)))
}

/// Waits for all of these runs. A run that is gone is told at once.
pub async fn until(
    client: &Client,
    namespace: &str,
    runs: Vec<Awaited>,
    (until, limit): (&Until, Option<Limit<'_>>),
    (out, notes): (&mut (dyn Write + Send), &mut Notes<'_>),
) -> Result<End, Failed> {
    let jobs: Api<SidecarJob> = Api::namespaced(client.clone(), namespace);
    let watch = |(n, run): (usize, &Awaited)| of_job(jobs.clone(), &run.name).map(move |news| (n, news)).boxed();
    let mut news = select_all(runs.iter().enumerate().map(watch));
    let verdicts = vec![None; runs.len()];
    let mut waiting = Waiting { namespace, until, runs, verdicts, gone: Vec::new() };
    let at = limit.and_then(|limit| Instant::now().checked_add(limit.after));
    while let Some(pending) = waiting.pending() {
        let next = match at {
            Some(at) => tokio::time::timeout_at(at, news.next()).await,
            None => Ok(news.next().await),
        };
        match (next, limit) {
            (Ok(Some((n, news))), _) => waiting.hear(n, news, (out, notes))?,
            (Err(_), Some(limit)) => return Err(too_late(limit.has_passed(pending), &waiting.gone, notes)),
            _ => break,
        }
    }
    waiting.end()
}

/// What is known of the runs so far.
struct Waiting<'a> {
    namespace: &'a str,
    until: &'a Until,
    runs: Vec<Awaited>,
    /// For each run, when the wait for it is over.
    verdicts: Vec<Option<Verdict>>,
    /// The names of the runs that are gone.
    gone: Vec<String>,
}

impl Waiting<'_> {
    /// The first run that is waited for.
    fn pending(&self) -> Option<&str> {
        let mut all = self.runs.iter().zip(&self.verdicts);
        all.find(|(_, verdict)| verdict.is_none()).map(|(run, _)| run.name.as_str())
    }

    /// There are news of the n-th run.
    fn hear(
        &mut self,
        n: usize,
        news: News,
        (out, notes): (&mut (dyn Write + Send), &mut Notes<'_>),
    ) -> Result<(), Failed> {
        if self.verdicts[n].is_some() {
            return Ok(());
        }
        let is_first = self.runs.iter().all(|run| run.uid.is_none());
        match news {
            // If nobody answers at the beginning, the address may be wrong.
            News::Trouble(failure) if failure.kind == FailureKind::Unreachable && is_first => {
                return Err(failure.into());
            }
            News::Trouble(failure) if failure.kind.is_passing() => notes.interrupted(&failure)?,
            News::Trouble(failure) => return Err(failure.into()),
            news => self.verdicts[n] = judge(&mut self.runs[n], self.until, &news),
        }
        self.tell(n, out, notes)
    }

    /// Prints the verdict on the n-th run, if there is one.
    fn tell(&mut self, n: usize, out: &mut (dyn Write + Send), notes: &mut Notes<'_>) -> Result<(), Failed> {
        match &self.verdicts[n] {
            Some(Verdict::Good(text)) => printable::say(out, text)?,
            Some(Verdict::Bad(text)) => notes.line(text)?,
            Some(Verdict::Gone) => {
                let failed = is_gone(&self.runs[n], self.namespace);
                self.gone.push(self.runs[n].name.clone());
                if self.gone.len() == 1 && self.pending().is_none() {
                    return Err(failed);
                }
                notes.line(&format!("error: {failed}"))?;
            }
            None => {}
        }
        Ok(())
    }

    fn end(self) -> Result<End, Failed> {
        match of_gone(&self.gone) {
            Some(failed) => Err(failed),
            None if self.verdicts.iter().all(|verdict| matches!(verdict, Some(Verdict::Good(_)))) => Ok(End::Good),
            None => Ok(End::RunFailed),
        }
    }
}

/// The end of a wait whose time has passed. A run that is gone decides the exit code.
fn too_late(passed: Failed, gone: &[String], notes: &mut Notes<'_>) -> Failed {
    match of_gone(gone) {
        Some(failed) => notes.line(&format!("error: {passed}")).map_or_else(Failed::from, |()| failed),
        None => passed,
    }
}

/// The end of a wait during which these runs were told to be gone.
fn of_gone(names: &[String]) -> Option<Failed> {
    (!names.is_empty()).then(|| Failed::Gone(format!("not found, or deleted meanwhile: {}", names.join(", "))))
}

fn is_gone(run: &Awaited, namespace: &str) -> Failed {
    let target = Target::new(Kind::SidecarJob, &run.name);
    match run.uid {
        Some(_) => Failed::Gone(format!("{target} in namespace {namespace} was deleted before it finished")),
        None => Failed::NotFound { target, namespace: namespace.to_owned() },
    }
}

/// What the news of a run say about the wait for it.
fn judge(run: &mut Awaited, until: &Until, news: &News) -> Option<Verdict> {
    let name = format!("SidecarJob {}", run.name);
    let gone = || match until {
        Until::Delete => Verdict::Good(format!("{name} deleted")),
        Until::End | Until::Condition(_) => Verdict::Gone,
    };
    let (job, is_deleted) = match news {
        News::Job(job) => (job, false),
        News::Deleted(job) => (job, true),
        _ => return Some(gone()),
    };
    if run.uid.is_some() && run.uid != job.uid() {
        return Some(gone());
    }
    run.uid = job.uid();
    let ending = job.ending();
    let verdict = match (until, ending) {
        (Until::Delete, _) | (Until::End, None) => None,
        (Until::End, Some(ending)) => {
            let text = format!("{name} {}", ending.words());
            Some(if ending.is_complete { Verdict::Good(text) } else { Verdict::Bad(text) })
        }
        (Until::Condition(type_), _) if job.conditions().iter().any(|c| c.type_.eq_ignore_ascii_case(type_)) => {
            Some(Verdict::Good(format!("{name}: condition {type_} is True")))
        }
        (Until::Condition(type_), Some(ending)) => {
            Some(Verdict::Bad(format!("{name} {}; its condition {type_} is not True", ending.words())))
        }
        (Until::Condition(_), None) => None,
    };
    verdict.or_else(|| is_deleted.then(gone))
}

#[cfg(test)]
mod tests;
