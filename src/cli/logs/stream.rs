//! What does the API server send of one log? The bytes once, or all lines until the container ends, over any number of
//! connections.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use futures::stream::{self, BoxStream, StreamExt};
use futures::{AsyncBufRead, AsyncBufReadExt};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;
use kube::runtime::watcher::DefaultBackoff;

use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::failure::call;
use crate::cli::logs::choice::Log;
use crate::cli::logs::lines::Lines;
use crate::cli::logs::lines::Piece;

/// After this time without a line the log is asked for again: the connection may be dead.
const SILENCE: Duration = Duration::from_secs(60);
/// The API server may end an answer before the container ends: so long until the next look.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// How much of a log is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// So many lines at the end.
    pub tail: Option<i64>,
    /// The lines of so many seconds.
    pub since_seconds: Option<i64>,
    /// A time before each line.
    pub timestamps: bool,
}

/// What comes of a log.
#[derive(Debug)]
pub enum Item {
    /// A line, or a piece of one.
    Piece(Piece),
    /// The connection broke; another one follows.
    Trouble(Failure),
    /// The log can't be read. The last item.
    Denied(Failure),
    /// The container has ended, and this was all. The last item.
    Over,
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

fn params(log: &Log, part: Part, follow: bool) -> LogParams {
    LogParams {
        container: Some(log.container.clone()),
        follow,
        previous: log.instance.previous,
        tail_lines: part.tail,
        since_seconds: part.since_seconds,
        timestamps: part.timestamps || follow,
        ..LogParams::default()
    }
}

fn words(log: &Log) -> String {
    format!("read the log of container {} of Pod {}", log.container, log.pod)
}

/// Gives all bytes of the log to `take`, as they come.
pub async fn once<E: From<Failure>>(
    pods: &Api<Pod>,
    log: &Log,
    part: Part,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let params = params(log, part, false);
    let mut reader = Box::pin(call(words(log), pods.log_stream(&log.pod, &params)).await?);
    loop {
        let bytes = call(words(log), async { reader.fill_buf().await.map_err(broken) }).await?;
        if bytes.is_empty() {
            return Ok(());
        }
        take(bytes)?;
        let n = bytes.len();
        reader.consume_unpin(n);
    }
}

fn broken(error: std::io::Error) -> kube::Error {
    // The causes repeat the text of the innermost one.
    let innermost = std::iter::successors(Some(&error as &dyn std::error::Error), |e| (*e).source()).last();
    let text = innermost.map_or_else(|| error.to_string(), ToString::to_string);
    kube::Error::ReadEvents(std::io::Error::other(text))
}

/// All lines of the log, until the container has ended.
pub fn follow(pods: Api<Pod>, log: Log, part: Part) -> BoxStream<'static, Item> {
    let lines = Lines::with_times(part.timestamps);
    let state = Following {
        pods,
        params: params(&log, part, true),
        log,
        lines,
        reader: None,
        found: VecDeque::new(),
        is_new: true,
        ended: false,
        has_broken: false,
        waits: DefaultBackoff::default(),
    };
    stream::unfold(state, |mut state| async {
        let item = state.next().await?;
        Some((item, state))
    })
    .boxed()
}

/// A log that is followed.
struct Following {
    pods: Api<Pod>,
    log: Log,
    params: LogParams,
    lines: Lines,
    reader: Option<Reader>,
    found: VecDeque<Piece>,
    /// The connections brought a line since the last look, or there was no look yet.
    is_new: bool,
    ended: bool,
    /// The last connection broke: a wait comes before the next one.
    has_broken: bool,
    /// The waits since the last line. Each is longer than the one before.
    waits: DefaultBackoff,
}

impl Following {
    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(piece) = self.found.pop_front() {
                return Some(Item::Piece(piece));
            }
            if self.ended {
                return None;
            }
            let Some(reader) = &mut self.reader else {
                match self.open().await {
                    Some(item) => return Some(item),
                    None => continue,
                }
            };
            match tokio::time::timeout(SILENCE, reader.fill_buf()).await {
                Ok(Ok([])) => {
                    self.reader = None;
                    self.found.extend(self.lines.finish());
                    if !std::mem::replace(&mut self.is_new, false) && self.found.is_empty() {
                        self.ended = true;
                        return Some(Item::Over);
                    }
                    if self.found.is_empty() {
                        tokio::time::sleep(LOOK_AGAIN).await;
                    }
                }
                Ok(Ok(bytes)) => {
                    let pieces = self.lines.push(bytes);
                    let n = bytes.len();
                    reader.consume_unpin(n);
                    self.is_new |= !pieces.is_empty();
                    if !pieces.is_empty() {
                        self.waits = DefaultBackoff::default();
                    }
                    self.found.extend(pieces);
                }
                Ok(Err(error)) => {
                    (self.reader, self.has_broken) = (None, true);
                    return Some(Item::Trouble(Failure::of(words(&self.log), &broken(error))));
                }
                Err(_) => self.reader = None,
            }
        }
    }

    /// Connects. An item if that failed.
    async fn open(&mut self) -> Option<Item> {
        if std::mem::take(&mut self.has_broken) {
            tokio::time::sleep(self.waits.next().unwrap_or(SILENCE)).await;
        }
        if let Some(last) = self.lines.again() {
            (self.params.since_time, self.params.since_seconds, self.params.tail_lines) = (Some(last), None, None);
        }
        match call(words(&self.log), self.pods.log_stream(&self.log.pod, &self.params)).await {
            Ok(reader) => {
                self.reader = Some(Box::pin(reader));
                None
            }
            Err(failure) if failure.kind.is_passing() => {
                tokio::time::sleep(self.waits.next().unwrap_or(SILENCE)).await;
                Some(Item::Trouble(failure))
            }
            Err(failure) => {
                self.ended = true;
                let is_gone = matches!(failure.kind, Kind::NoObject | Kind::Refused); // the Pod, or this instance
                Some(if is_gone { Item::Over } else { Item::Denied(failure) })
            }
        }
    }
}
