//! What do the two watches deliver, of a run and of its Pods? One stream; each watch restarts itself.
//!
//! An interruption is an item of the stream too. Its kind says whether the reader can go on.

use std::future::ready;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{DefaultBackoff, Error, Event};
use kube::runtime::{WatchStreamExt, watcher};

use crate::api::SidecarJob;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;
use crate::cli::runs::Run;

/// How long one watch request lasts before the next one continues where it ended. A dead connection (a machine that
/// slept, a NAT that lost its state) shows within this time plus kube's margin of five seconds.
pub const WATCH_SECONDS: u32 = 30;

/// What happened.
pub enum News<J = SidecarJob> {
    /// The run with this name exists, and this is its state.
    Job(Box<J>),
    /// The run was deleted, and this was its state.
    Deleted(Box<J>),
    /// The run with this name does not exist any more.
    Gone,
    /// The state of a Pod.
    Pod(Box<Pod>),
    /// The Pods can't be watched; no more items about Pods follow.
    NoPods(Failure),
    /// A watch was interrupted. If the cause is temporary, the watch restarts by itself.
    Trouble(Failure),
}

/// kube's waits between retries, from 0.8 s to 30 s. They start again from 0.8 s only after two minutes without a
/// failure: kube takes each list that begins for a success, so it would retry a failing list every second.
#[derive(Default)]
struct Waits(DefaultBackoff);

impl Iterator for Waits {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

impl Backoff for Waits {
    fn reset(&mut self) {}
}

/// Both watches as one stream.
pub fn news<J: Run>(jobs: Api<J>, pods: Api<Pod>, name: &str, uid: &str) -> impl Stream<Item = News<J>> + use<J> {
    stream::select(of_pods(pods, name, uid), of_job(jobs, name))
}

/// The label that all Pods of a SidecarJob have.
pub fn selector(uid: &str) -> String {
    SidecarJob::selector(uid)
}

/// The watch of the run alone.
pub fn of_job<J: Run>(jobs: Api<J>, name: &str) -> impl Stream<Item = News<J>> + use<J> {
    let config = watcher::Config::default().fields(&format!("metadata.name={name}")).timeout(WATCH_SECONDS);
    let what = format!("watch {} {name}", J::KIND.name());
    let events = watcher(jobs, config).backoff(Waits::default());
    let news = events.scan(false, move |listed, event| {
        ready(Some(match event {
            Ok(Event::Init) => {
                *listed = false;
                None
            }
            Ok(Event::InitApply(job)) => {
                *listed = true;
                Some(News::Job(Box::new(job)))
            }
            Ok(Event::InitDone) => (!*listed).then_some(News::Gone),
            Ok(Event::Apply(job)) => Some(News::Job(Box::new(job))),
            Ok(Event::Delete(job)) => Some(News::Deleted(Box::new(job))),
            Err(error) => trouble(&what, &error).map(News::Trouble),
        }))
    });
    news.filter_map(ready)
}

fn of_pods<J: Run>(pods: Api<Pod>, name: &str, uid: &str) -> impl Stream<Item = News<J>> + use<J> {
    let config = watcher::Config::default().labels(&J::selector(uid)).timeout(WATCH_SECONDS);
    let what = format!("watch the Pods of {} {name}", J::KIND.name());
    let pods = watcher(pods, config).backoff(Waits::default()).applied_objects();
    let news = pods.filter_map(move |pod| {
        ready(match pod {
            Ok(pod) => Some(News::Pod(Box::new(pod))),
            Err(error) => trouble(&what, &error).map(|failure| match failure.kind {
                Kind::Busy | Kind::Unreachable | Kind::Unauthorized => News::Trouble(failure),
                Kind::Forbidden | Kind::NoObject | Kind::NotServed | Kind::Taken | Kind::Refused | Kind::Unreadable => {
                    News::NoPods(failure)
                }
            }),
        })
    });
    // The item after which nothing follows is the last item of the stream; it is not dropped.
    news.scan(false, |over, news| {
        let is_over = std::mem::replace(over, matches!(news, News::NoPods(_)));
        ready((!is_over).then_some(news))
    })
}

/// Is the error a problem? A version that is too old is none: then a watch lists again.
fn trouble(what: &str, error: &Error) -> Option<Failure> {
    let is_usual = matches!(error, Error::WatchError(status) if status.code == 410);
    (!is_usual).then(|| Failure::of_watch(what, error))
}
