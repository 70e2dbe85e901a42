//! What does one kind's watch say? All objects first, page by page, then each change, for good: a watch that ends goes on
//! where it was, and one that can't go on begins with a new list.
//!
//! After a failure the next try waits, longer each time. Only what a watch delivers ends the row of failures: a list that
//! begins, or succeeds, does not. `kube::runtime::watcher` reads each object as a whole and begins its row anew with each
//! list, so the controller has a loop of its own, with the same events and errors.

use std::collections::VecDeque;
use std::time::Duration;

use futures::{Stream, stream};
use kube::api::{ListParams, WatchParams};
use kube::core::{Request, Status};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, Resource};
use tokio::time::Instant;

use super::frames::Frames;
use super::{Format, Wire, ask, send};
use crate::controller::bound;

/// Most objects in one answer.
const PAGE: u32 = 500;

/// How long the API server may take to answer. It gives up after a minute.
const ANSWER_WITHIN: Duration = Duration::from_secs(70);

/// For how long the API server keeps a watch open.
const OPEN: u32 = 290;

/// A watch that says nothing for so long is dead: the API server ends each watch before.
const SILENT: Duration = Duration::from_secs(OPEN as u64 + 15);

/// After a watch that ends sooner the next one waits. If it said nothing, that is a failure.
const SHORT: Duration = Duration::from_secs(1);

/// What is watched.
struct Watched {
    client: Client,
    request: Request,
    /// A label selector.
    labels: Option<&'static str>,
}

/// How far it is.
enum State<T> {
    /// All objects have to be listed.
    Unlisted,
    /// Objects of a list that are still to be told, and what comes after them.
    Listing { objects: VecDeque<T>, next: Next },
    /// The watch goes on from this version.
    Listed { version: String },
    /// The watch is open.
    Watching { version: String, frames: Frames, opened: Instant, delivered: bool },
}

/// What comes after a page.
enum Next {
    /// Another page, which begins there; `None`: the first one.
    Page(Option<String>),
    /// The watch, from this version on.
    Watch(String),
}

/// One kind's watch.
struct Loop<T> {
    of: Watched,
    state: State<T>,
    /// In a row.
    failures: u32,
}

/// All that happens to the objects of that kind, for good. `labels`: only to those that this label selector matches.
pub fn watch<K: Resource, T: Wire>(
    api: Api<K>,
    labels: Option<&'static str>,
) -> impl Stream<Item = watcher::Result<Event<T>>> + Send + use<K, T> {
    let of = Watched { request: Request::new(api.resource_url()), client: api.into_client(), labels };
    let begin = Loop { of, state: State::Unlisted, failures: 0 };
    stream::unfold(begin, |mut this| async move {
        let event = this.next().await;
        Some((event, this))
    })
}

impl<T: Wire> Loop<T> {
    async fn next(&mut self) -> watcher::Result<Event<T>> {
        loop {
            let state = std::mem::replace(&mut self.state, State::Unlisted);
            match self.step(state).await {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) => {
                    self.failures = self.failures.saturating_add(1);
                    return Err(error);
                }
            }
        }
    }

    /// One step from that state; the state after a failure is set before.
    async fn step(&mut self, state: State<T>) -> watcher::Result<Option<Event<T>>> {
        match state {
            State::Unlisted => {
                rest(self.failures).await;
                let next = Next::Page(None);
                self.state = State::Listing { objects: VecDeque::new(), next };
                Ok(Some(Event::Init))
            }
            State::Listing { mut objects, next } => {
                if let Some(object) = objects.pop_front() {
                    self.state = State::Listing { objects, next };
                    return Ok(Some(Event::InitApply(object)));
                }
                match next {
                    Next::Page(token) => self.list(token).await.map(|()| None),
                    Next::Watch(version) => {
                        self.state = State::Listed { version };
                        Ok(Some(Event::InitDone))
                    }
                }
            }
            State::Listed { version } => self.open(version).await.map(|()| None),
            State::Watching { version, frames, opened, delivered } => {
                self.hear(version, frames, opened, delivered).await
            }
        }
    }

    /// Reads the next page.
    async fn list(&mut self, token: Option<String>) -> watcher::Result<()> {
        let page = ListParams { continue_token: token, ..self.of.list_params() };
        let list = in_time(self.of.page(&page)).await.map_err(watcher::Error::InitialListFailed)?;
        let next = match (list.next.is_empty(), list.resource_version.is_empty()) {
            (false, _) => Next::Page(Some(list.next)),
            (true, false) => Next::Watch(list.resource_version),
            (true, true) => return Err(watcher::Error::NoResourceVersion),
        };
        self.state = State::Listing { objects: list.items.into(), next };
        Ok(())
    }

    /// Opens the watch.
    async fn open(&mut self, version: String) -> watcher::Result<()> {
        rest(self.failures).await;
        match in_time(self.of.open::<T>(&version)).await {
            Ok(frames) => {
                self.state = State::Watching { version, frames, opened: Instant::now(), delivered: false };
                Ok(())
            }
            Err(error) => {
                if !matches!(&error, kube::Error::Api(status) if is_lost(status)) {
                    self.state = State::Listed { version };
                }
                Err(watcher::Error::WatchStartFailed(error))
            }
        }
    }

    /// Waits for what the watch says next.
    async fn hear(
        &mut self,
        version: String,
        mut frames: Frames,
        opened: Instant,
        delivered: bool,
    ) -> watcher::Result<Option<Event<T>>> {
        let event = match tokio::time::timeout(SILENT, frames.next::<T>()).await.ok().flatten() {
            Some(event) => event,
            None => {
                self.state = State::Listed { version };
                let is_short = opened.elapsed() < SHORT;
                if is_short && !delivered {
                    return Err(watcher::Error::WatchFailed(ended_at_once()));
                }
                self.failures = u32::from(is_short); // otherwise it ends as each watch does after some minutes
                return Ok(None);
            }
        };
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                // An event that can't be read is lost: only a new list makes up for that.
                if !matches!(error, kube::Error::SerdeError(_)) {
                    self.state = State::Listed { version };
                }
                return Err(watcher::Error::WatchFailed(error));
            }
        };
        let (version, event) = match event {
            super::Event::Changed(object) => (object.resource_version().to_owned(), Some(Event::Apply(object))),
            super::Event::Deleted(object) => (object.resource_version().to_owned(), Some(Event::Delete(object))),
            super::Event::Bookmark(version) => (version, None),
            super::Event::Error(status) => {
                if !is_lost(&status) {
                    self.state = State::Listed { version };
                }
                return Err(watcher::Error::WatchError(status));
            }
        };
        if version.is_empty() {
            return Err(watcher::Error::NoResourceVersion);
        }
        self.failures = 0;
        self.state = State::Watching { version, frames, opened, delivered: true };
        Ok(event)
    }
}

impl Watched {
    fn list_params(&self) -> ListParams {
        ListParams { label_selector: self.labels.map(str::to_owned), limit: Some(PAGE), ..ListParams::default() }
    }

    async fn page<T: Wire>(&self, page: &ListParams) -> kube::Result<super::List<T>> {
        let request = self.request.list(page).map_err(kube::Error::BuildRequest)?;
        let (format, body) = ask(&self.client, request, T::ACCEPT).await?;
        format.list(body)
    }

    async fn open<T: Wire>(&self, version: &str) -> kube::Result<Frames> {
        let params = WatchParams {
            label_selector: self.labels.map(str::to_owned),
            timeout: Some(OPEN),
            ..WatchParams::default()
        };
        let request = self.request.watch(&params, version).map_err(kube::Error::BuildRequest)?;
        let answer = send(&self.client, request, T::ACCEPT).await?;
        let format = Format::of(answer.headers());
        Ok(Frames::of(answer.into_body(), format))
    }
}

/// The API server can't go on from that version: too old, or of another past, as after a restore of its data.
fn is_lost(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    status.code == 410 || causes.into_iter().any(|cause| cause.reason == "ResourceVersionTooLarge")
}

/// Waits, if the last try failed.
async fn rest(failures: u32) {
    if failures > 0 {
        tokio::time::sleep(wait(failures)).await;
    }
}

/// The wait after failure `n` in a row (from 1): 800 ms, doubling to 30 s.
fn wait(n: u32) -> Duration {
    Duration::from_millis(800_u64 << n.saturating_sub(1).min(6)).min(Duration::from_secs(30))
}

/// A call with a bound.
async fn in_time<T>(call: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    let late = || Err(kube::Error::Service(format!("no answer within {}s", ANSWER_WITHIN.as_secs()).into()));
    bound::within(ANSWER_WITHIN, call).await.unwrap_or_else(late)
}

fn ended_at_once() -> kube::Error {
    kube::Error::Service("the API server ended the watch at once".into())
}
