//! `sidecarjob watch NAME`: a run as it happens, a line for each thing that happened, until it is over.
//!
//! Here are the watches and the exit code; what is told, and in which words, is `story`'s part.

mod story;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use clap::{Parser, ValueEnum};
use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use thiserror::Error;

use self::story::{Line, Mood, Story};
use super::connect;
use crate::api::{SidecarJob, labels};

/// Shows a SidecarJob's run as it happens, until it is finished
///
/// Exit codes: 0 Complete, 1 Failed or an error, 2 wrong usage, 3 no such SidecarJob, 124 timeout.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Name of the SidecarJob
    pub name: String,

    /// Namespace [default: that of the context]
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Give up after this time, with exit code 124
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub timeout: Option<Duration>,

    /// Form of the lines: text, or a JSON object each
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: Format,

    /// Kubeconfig file [default: $KUBECONFIG or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Form of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For eyes.
    Text,
    /// For programs.
    Json,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Complete,
    /// Exit code 1.
    Failed,
}

/// Why there is no end to tell of.
#[derive(Debug, Error)]
pub enum WatchError {
    /// No usable configuration.
    #[error("failed to find a cluster: {0}; set KUBECONFIG or give --kubeconfig")]
    Config(String),
    /// The API server said no, or nothing.
    #[error("failed to read SidecarJob {name}: {reason}")]
    Api {
        /// Which.
        name: String,
        /// The server's words.
        reason: String,
    },
    /// There is none of that name.
    #[error("no SidecarJob {name} in namespace {namespace}; see kubectl get scj --all-namespaces")]
    NotFound {
        /// Which.
        name: String,
        /// Where.
        namespace: String,
    },
    /// `--timeout` has passed.
    #[error("not finished after {}; it goes on: kubectl get scj {name}", humantime::format_duration(*.after))]
    Timeout {
        /// Which.
        name: String,
        /// After how long.
        after: Duration,
    },
    /// The output can't be written.
    #[error("failed to print: {0}")]
    Print(#[from] std::io::Error),
}

impl WatchError {
    /// For scripts.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 3,
            Self::Timeout { .. } => 124,
            _ => 1,
        }
    }
}

/// Tells the run to its end.
pub async fn run(args: Args, out: &mut (dyn Write + Send)) -> Result<End, WatchError> {
    let (client, namespace) = connect(&args).await?;
    let jobs: Api<SidecarJob> = Api::namespaced(client.clone(), &namespace);
    let job = match jobs.get_opt(&args.name).await {
        Ok(Some(job)) => job,
        Ok(None) => return Err(WatchError::NotFound { name: args.name, namespace }),
        Err(kube::Error::Api(status)) => {
            return Err(WatchError::Api { name: args.name, reason: status.message.clone() });
        }
        Err(error) => return Err(WatchError::Api { name: args.name, reason: error.to_string() }),
    };
    let pods = Api::namespaced(client, &namespace);
    let (name, timeout) = (args.name.clone(), args.timeout);
    let telling = tell(jobs, pods, job, args.output, out);
    match timeout {
        None => telling.await,
        Some(after) => tokio::time::timeout(after, telling).await.unwrap_or(Err(WatchError::Timeout { name, after })),
    }
}

async fn connect(args: &Args) -> Result<(Client, String), WatchError> {
    let found = connect::connect(args.kubeconfig.as_deref(), args.context.as_deref(), args.namespace.as_deref());
    found.await.map_err(WatchError::Config)
}

/// What a watch has to say.
enum News {
    Job(Option<Box<SidecarJob>>),
    Pod(Box<Pod>),
}

async fn tell(
    jobs: Api<SidecarJob>,
    pods: Api<Pod>,
    job: SidecarJob,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<End, WatchError> {
    let uid = job.uid().unwrap_or_default();
    let namespace = job.namespace().unwrap_or_default();
    let mut news = std::pin::pin!(news(jobs, pods.clone(), &job.name_any(), &uid));
    let mut story = Story::new(job);
    while let Some(news) = news.next().await {
        match news {
            News::Job(Some(job)) if job.uid().as_deref() == Some(&uid) => story.job(*job),
            News::Job(_) => return Err(WatchError::NotFound { name: story.name(), namespace }),
            News::Pod(pod) => story.pod(*pod),
        }
        if story.end().is_some() {
            // The end may be seen before the last that happened to the Pods.
            let last = pods.list(&ListParams::default().labels(&selector(&uid))).await;
            last.into_iter().flatten().for_each(|pod| story.pod(pod));
        }
        for line in story.tell(Utc::now()) {
            print(&line, format, out)?;
        }
        if let Some(complete) = story.end() {
            return Ok(if complete { End::Complete } else { End::Failed });
        }
    }
    Err(WatchError::Api { name: story.name(), reason: "the watch ended".into() })
}

/// Both watches as one. Each starts itself again when it is interrupted.
fn news(jobs: Api<SidecarJob>, pods: Api<Pod>, name: &str, uid: &str) -> impl Stream<Item = News> + use<> {
    let mine = watcher::Config::default().labels(&selector(uid));
    let pods = watcher(pods, mine).default_backoff().applied_objects();
    let pods = pods.filter_map(|pod| async { pod.ok().map(|pod| News::Pod(Box::new(pod))) });
    let jobs = watcher::watch_object(jobs, name).default_backoff();
    let jobs = jobs.filter_map(|job| async { job.ok().map(|job| News::Job(job.map(Box::new))) });
    stream::select(pods, jobs)
}

fn selector(uid: &str) -> String {
    format!("{}={uid}", labels::UID)
}

fn print(line: &Line, format: Format, out: &mut (dyn Write + Send)) -> std::io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", line.to_json()),
        Format::Text => {
            let (on, off) = match line.mood {
                Mood::Plain => ("", ""),
                Mood::Good => ("\x1b[32m", "\x1b[0m"),
                Mood::Bad => ("\x1b[31m", "\x1b[0m"),
            };
            writeln!(out, "{:>6.1}s  {on}{}{off}", line.seconds, line.text)
        }
    }
}
