//! `sidecarjob watch NAME`: prints a run as it happens, a line for each event, until the run is over.
//!
//! This file handles each item of the watches, and sets the exit code. `story` chooses the lines and their text; `news`
//! has the watches.

pub(super) mod news;
mod story;

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use chrono::Utc;
use clap::{Parser, ValueEnum};
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::runtime::watcher::DefaultBackoff;
use kube::{Api, Client, ResourceExt};
use thiserror::Error;

use crate::api::SidecarJob;
use crate::cli::connect::Cluster;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::call;
use crate::cli::failure::exit;
use crate::cli::notes::Notes;
use crate::cli::target;
use crate::cli::watch::news::News;
use crate::cli::watch::news::WATCH_SECONDS;
use crate::cli::watch::news::news;
use crate::cli::watch::news::selector;
use crate::cli::watch::story::Line;
use crate::cli::watch::story::Mood;
use crate::cli::watch::story::Story;
use crate::printable;
use crate::printable::Colour;

/// The connection is dead if nothing arrived for this time, which is longer than a watch request lasts.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 10);

/// Shows a SidecarJob's run as it happens, until it is finished
///
/// Prints the run to stdout, and problems to stderr. After an interruption the command prints one note and retries.
/// Without permission to watch Pods it shows the SidecarJob alone.
#[derive(Clone, Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 Complete; 1 Failed; 2 wrong usage; 3 no such SidecarJob, or it was deleted, or the \
                        cluster does not know the kind; 4 no permission, or invalid credentials; 5 no cluster, no answer, or \
                        rejected by the cluster; 124 timeout"
)]
pub struct Args {
    /// Name of the SidecarJob
    #[arg(value_parser = target::name)]
    pub name: String,

    /// Give up after this time, with exit code 124
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,

    /// Output format: text, or a JSON object on each line
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: Format,

    #[command(flatten)]
    cluster: Cluster,
}

/// Output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

/// How the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Complete,
    /// Exit code 1.
    Failed,
}

/// Why `watch` saw no end of the run.
#[derive(Debug, Error)]
pub enum WatchError {
    /// There is no usable configuration.
    #[error("failed to find a cluster: {0}")]
    Config(String),
    /// The API server rejected the request, or did not answer.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// No SidecarJob has this name.
    #[error("no SidecarJob {name} in namespace {namespace}; see kubectl get scj --all-namespaces")]
    NotFound {
        /// The name of the SidecarJob.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// The SidecarJob was deleted.
    #[error("SidecarJob {name} in namespace {namespace} was deleted before it finished; watch can't show how it ended")]
    Deleted {
        /// The name of the SidecarJob.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// `--timeout` has passed.
    #[error(
        "SidecarJob {name} did not finish within {}; {next} shows its state",
        humantime::format_duration(*.after)
    )]
    Timeout {
        /// The name of the SidecarJob.
        name: String,
        /// The value of `--timeout`.
        after: Duration,
        /// The command that shows the run.
        next: String,
    },
    /// The output can't be written.
    #[error("failed to print: {0}")]
    Print(#[from] std::io::Error),
}

impl WatchError {
    /// The exit code for scripts.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } | Self::Deleted { .. } => exit::NOT_FOUND,
            Self::Failed(failure) => failure.kind.exit_code(),
            Self::Timeout { .. } => exit::TIMEOUT,
            Self::Print(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit::PIPE,
            Self::Config(_) | Self::Print(_) => exit::NO_ANSWER,
        }
    }
}

/// Prints the run until its end: the run to `out`, problems to `err`.
pub async fn run(args: Args, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> Result<End, WatchError> {
    let (client, namespace) = args.cluster.connect_to_watch(SILENCE).await.map_err(WatchError::Config)?;
    let (name, timeout) = (args.name.clone(), args.timeout);
    let next = format!("kubectl get scj {name}{}", args.cluster.in_namespace(&namespace).flags());
    let watch = Watch { client, namespace, name: args.name, format: args.output, out, notes: Notes::new(err) };
    let telling = watch.tell();
    match timeout {
        None => telling.await,
        Some(after) => {
            let timeout = Err(WatchError::Timeout { name, after, next });
            tokio::time::timeout(after, telling).await.unwrap_or(timeout)
        }
    }
}

/// The run that `watch` prints.
struct Watch<'a> {
    client: Client,
    namespace: String,
    name: String,
    format: Format,
    out: &'a mut (dyn Write + Send),
    notes: Notes<'a>,
}

impl Watch<'_> {
    async fn tell(mut self) -> Result<End, WatchError> {
        let job = self.first().await?;
        let uid = job.uid().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &self.namespace);
        let jobs: Api<SidecarJob> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut news = pin!(news(jobs, pods.clone(), &self.name, &uid));
        let mut story = Story::new(job);
        let (mut shows_pods, mut is_deleted) = (true, false);
        while let Some(news) = news.next().await {
            match news {
                News::Job(job) if job.uid().as_ref() == Some(&uid) => story.job(*job),
                News::Deleted(job) if job.uid().as_ref() == Some(&uid) => {
                    story.job(*job); // as it was last: it may have finished
                    is_deleted = true;
                }
                News::Job(_) | News::Deleted(_) | News::Gone => is_deleted = true,
                News::Pod(pod) => story.pod(*pod),
                News::NoPods(failure) => shows_pods = self.go_on_without_pods(&failure)?,
                News::Trouble(failure) if failure.kind.is_passing() => self.notes.interrupted(&failure)?,
                News::Trouble(failure) => return Err(failure.into()),
            }
            if story.end().is_some() && shows_pods {
                self.last_of_pods(&pods, &uid, &mut story).await?;
            }
            story.tell(Utc::now()).iter().try_for_each(|line| print(line, self.format, self.out))?;
            match story.end() {
                Some(complete) => return Ok(if complete { End::Complete } else { End::Failed }),
                None if is_deleted => break,
                None => {}
            }
        }
        Err(WatchError::Deleted { name: self.name, namespace: self.namespace })
    }

    /// The SidecarJob as it is at the beginning. If the API server is busy, `watch` retries. If nobody answers, `watch`
    /// fails: the address may be wrong.
    async fn first(&mut self) -> Result<SidecarJob, WatchError> {
        let jobs: Api<SidecarJob> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut waits = DefaultBackoff::default();
        loop {
            let failure = match call(format!("read SidecarJob {}", self.name), jobs.get(&self.name)).await {
                Ok(job) => return Ok(job),
                Err(failure) => failure,
            };
            match (failure.kind, waits.next()) {
                (Kind::NoObject, _) => {
                    return Err(WatchError::NotFound { name: self.name.clone(), namespace: self.namespace.clone() });
                }
                (Kind::Busy, Some(wait)) => {
                    self.notes.interrupted(&failure)?;
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(failure.into()),
            }
        }
    }

    /// The end of the run may arrive before the last changes of its Pods.
    async fn last_of_pods(&mut self, pods: &Api<Pod>, uid: &str, story: &mut Story) -> Result<(), WatchError> {
        let params = ListParams::default().labels(&selector(uid));
        match call(format!("list the Pods of SidecarJob {}", self.name), pods.list(&params)).await {
            Ok(last) => last.into_iter().for_each(|pod| story.pod(pod)),
            Err(failure) => {
                let failed = failure.without_advice();
                self.notes.note(&format!("{failed}; the last lines of the Pods may be missing below"))?;
            }
        }
        Ok(())
    }

    fn go_on_without_pods(&mut self, failure: &Failure) -> Result<bool, WatchError> {
        self.notes
            .note(&format!("{failure}. Continuing with the SidecarJob alone, without lines of Pods and containers"))?;
        Ok(false)
    }
}

fn print(line: &Line, format: Format, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    let colour = match line.mood {
        Mood::Plain => Colour::Plain,
        Mood::Good => Colour::Green,
        Mood::Bad => Colour::Red,
    };
    match format {
        Format::Json => printable::say_json(out, &line.to_json()),
        Format::Text => printable::say_in(out, colour, format_args!("{:>6.1}s  ", line.seconds), &line.text),
    }
}

#[cfg(test)]
mod tests;
