//! How does a command show the logs of a run as they grow, through all Pods, until the run is over?
//!
//! The watches of the run and of its Pods say which containers start; each of them gets a stream. The log of a container is
//! printed once, whatever breaks meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use tokio::time::Instant;

use crate::cli::failed::Failed;
use crate::cli::failure::Failure;
use crate::cli::failure::call;
use crate::cli::logs::choice;
use crate::cli::logs::choice::Log;
use crate::cli::logs::lines::Piece;
use crate::cli::logs::stream;
use crate::cli::logs::stream::Item;
use crate::cli::logs::stream::Part;
use crate::cli::notes::Notes;
use crate::cli::runs::Ending;
use crate::cli::runs::Run;
use crate::cli::watch::news::News;
use crate::cli::watch::news::news;
use crate::printable;

/// After the end of the run the logs may be silent for so long before the command gives them up.
const REST: Duration = Duration::from_secs(20);

/// The run whose logs are followed.
pub struct Followed {
    /// For the watches: a client that drops silent connections.
    pub watches: Client,
    /// For the logs, which may be silent for as long as they like.
    pub logs: Client,
    /// The namespace.
    pub namespace: String,
    /// The name of the run.
    pub name: String,
    /// The UID of the run.
    pub uid: String,
}

/// What is shown of the logs.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The container; `None`: the main container.
    pub container: Option<String>,
    /// The index.
    pub index: Option<u32>,
    /// Pod and container before each line.
    pub prefix: bool,
    /// How much of the logs of the instances in `before`. The other instances are shown from their start.
    pub part: Part,
    /// The IDs of the instances that there were when the command began.
    pub before: BTreeSet<String>,
}

/// How the run ended that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is over.
    Ended(Ending),
    /// Somebody deleted it before.
    Deleted,
}

/// May the command go on without the logs?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// A log that can't be read is an error.
    Logs,
    /// A log that can't be read is a note: the end of the run matters more.
    Note,
}

struct Following<'a, 'b> {
    pods: Api<Pod>,
    logs: Api<Pod>,
    shown: Shown,
    without: Without,
    out: &'a mut (dyn Write + Send),
    notes: &'a mut Notes<'b>,
    /// The instances whose logs are printed or skipped, by their IDs.
    known: BTreeSet<String>,
    /// The names of the logs, by the number of the stream.
    names: BTreeMap<usize, String>,
    streams: SelectAll<BoxStream<'static, (usize, Item)>>,
    /// The stream whose line is not ended yet.
    open_line: Option<usize>,
    /// Notes that were printed.
    told: BTreeSet<String>,
}

/// Prints the logs until the run is over. The logs in `skipped` are not printed.
pub async fn until_ended<J: Run>(
    run: &Followed,
    shown: Shown,
    without: Without,
    skipped: Vec<Log>,
    (out, notes): (&mut (dyn Write + Send), &mut Notes<'_>),
) -> Result<Outcome, Failed> {
    let pods: Api<Pod> = Api::namespaced(run.watches.clone(), &run.namespace);
    let jobs: Api<J> = Api::namespaced(run.watches.clone(), &run.namespace);
    let mut news = pin!(news(jobs, pods.clone(), &run.name, &run.uid));
    let mut following = Following {
        logs: Api::namespaced(run.logs.clone(), &run.namespace),
        pods,
        shown,
        without,
        out,
        notes,
        known: skipped.into_iter().map(|log| log.instance.id).collect(),
        names: BTreeMap::new(),
        streams: SelectAll::new(),
        open_line: None,
        told: BTreeSet::new(),
    };
    loop {
        let over = tokio::select! {
            Some((number, item)) = following.streams.next() => {
                following.item(number, item)?;
                None
            }
            Some(news) = news.next() => following.news::<J>(news, &run.uid)?,
            else => Some(Outcome::Deleted),
        };
        if let Some(outcome) = over {
            following.rest::<J>(run).await?;
            return Ok(outcome);
        }
    }
}

impl Following<'_, '_> {
    /// The outcome, if the run is over.
    fn news<J: Run>(&mut self, news: News<J>, uid: &str) -> Result<Option<Outcome>, Failed> {
        let is_it = |job: &J| job.meta().uid.as_deref() == Some(uid);
        match news {
            News::Job(job) if is_it(&job) => return Ok(job.ending().map(Outcome::Ended)),
            News::Deleted(job) if is_it(&job) => {
                return Ok(Some(job.ending().map_or(Outcome::Deleted, Outcome::Ended))); // it may have finished
            }
            News::Job(_) | News::Deleted(_) | News::Gone => return Ok(Some(Outcome::Deleted)),
            News::Pod(pod) => self.pod(&pod)?,
            News::NoPods(failure) => self.no_logs(failure)?,
            News::Trouble(failure) if failure.kind.is_passing() => self.notes.interrupted(&failure)?,
            News::Trouble(failure) => return Err(failure.into()),
        }
        Ok(None)
    }

    /// Starts streams for the instances of the container that are new.
    fn pod(&mut self, pod: &Pod) -> Result<(), Failed> {
        if self.shown.index.is_some() && choice::index(pod) != self.shown.index {
            return Ok(());
        }
        let container = match choice::container(pod, self.shown.container.as_deref()) {
            Ok(container) => container,
            Err(sentence) => return Ok(self.once(sentence)?),
        };
        for instance in choice::instances(pod, &container) {
            if self.known.insert(instance.id.clone()) {
                let part = self.shown.part;
                let whole = Part { timestamps: part.timestamps, ..Part::default() };
                let part = if self.shown.before.contains(&instance.id) { part } else { whole };
                let log = choice::log(pod, &container, instance);
                let number = self.names.len();
                self.names.insert(number, format!("[pod/{}/{}] ", log.pod, log.container));
                let stream = stream::follow(self.logs.clone(), log, part);
                self.streams.push(stream.map(move |item| (number, item)).boxed());
            }
        }
        Ok(())
    }

    fn item(&mut self, number: usize, item: Item) -> Result<(), Failed> {
        match item {
            Item::Piece(piece) => self.print(number, &piece)?,
            Item::Trouble(failure) => self.notes.interrupted(&failure)?,
            Item::Denied(failure) => self.no_logs(failure)?,
            Item::Over => {}
        }
        Ok(())
    }

    /// Two logs never share a line.
    fn print(&mut self, number: usize, piece: &Piece) -> std::io::Result<()> {
        if self.open_line.is_some_and(|other| other != number) {
            printable::raw(self.out, b"\n")?;
        }
        if self.shown.prefix && (piece.begins || self.open_line != Some(number)) {
            let name = self.names.get(&number).map(String::as_str).unwrap_or_default();
            printable::raw(self.out, printable::line(name).as_bytes())?;
        }
        printable::raw(self.out, &piece.bytes)?;
        self.open_line = (!piece.bytes.ends_with(b"\n")).then_some(number);
        self.out.flush()
    }

    fn no_logs(&mut self, failure: Failure) -> Result<(), Failed> {
        match self.without {
            Without::Logs => Err(failure.into()),
            Without::Note => Ok(self.once(format!("{failure}. Continuing without this log"))?),
        }
    }

    fn once(&mut self, note: String) -> std::io::Result<()> {
        if !self.told.contains(&note) {
            self.notes.note(&note)?;
            self.told.insert(note);
        }
        Ok(())
    }

    /// The run is over, or deleted: what is left of the logs. The end of the run may arrive before the last changes of its
    /// Pods.
    async fn rest<J: Run>(&mut self, run: &Followed) -> Result<(), Failed> {
        let params = ListParams::default().labels(&J::selector(&run.uid));
        let what = format!("list the Pods of {} {}", J::KIND.name(), run.name);
        match call(what, self.pods.list(&params)).await {
            Ok(mut last) => {
                choice::sort(&mut last.items);
                last.items.iter().try_for_each(|pod| self.pod(pod))?;
            }
            Err(failure) => self.no_logs(failure)?,
        }
        let mut until = Instant::now() + REST;
        loop {
            match tokio::time::timeout_at(until, self.streams.next()).await {
                Ok(Some((number, item))) => {
                    if matches!(item, Item::Piece(_)) {
                        until = Instant::now() + REST; // trouble without a line is no reason to wait longer
                    }
                    self.item(number, item)?;
                }
                Ok(None) => return Ok(()),
                Err(_) => return Ok(self.once("the last lines of the logs may be missing".into())?),
            }
        }
    }
}

/// The Pods of a run, the oldest first.
pub async fn pods_of<J: Run>(pods: &Api<Pod>, run: &J) -> Result<Vec<Pod>, Failure> {
    let params = ListParams::default().labels(&J::selector(&run.uid().unwrap_or_default()));
    let what = format!("list the Pods of {} {}", J::KIND.name(), run.name_any());
    let mut pods = call(what, pods.list(&params)).await?.items;
    choice::sort(&mut pods);
    Ok(pods)
}
