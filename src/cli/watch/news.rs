//! What do the two watches say, of the SidecarJob and of its Pods? As one stream; each starts itself again.
//!
//! An interruption is news as well: who hears it tells it, and knows from its kind whether to go on.

use std::future::ready;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{DefaultBackoff, Error, Event};
use kube::runtime::{WatchStreamExt, watcher};

use crate::api::SidecarJob;
use crate::api::labels;
use crate::cli::failure::Failure;
use crate::cli::failure::Kind;

/// How long one watch lasts before it is asked for anew, from where it was. A connection that is dead (a machine that
/// slept, a NAT that forgot) is noticed within this time and five seconds, of which kube has the margin.
pub const WATCH_SECONDS: u32 = 30;

/// What happened.
pub enum News {
    /// There is a SidecarJob of that name, and it is like this.
    Job(Box<SidecarJob>),
    /// It was deleted when it was like this.
    Deleted(Box<SidecarJob>),
    /// There is none of that name any more.
    Gone,
    /// A Pod is like this.
    Pod(Box<Pod>),
    /// Pods can't be watched; nothing more comes of them.
    NoPods(Failure),
    /// A watch was interrupted. If it is a passing trouble, the watch starts again by itself.
    Trouble(Failure),
}

/// kube's waits, from 0.8 s to 30 s, which begin anew when nothing failed for two minutes, and not before: to kube each list
/// that begins is a success, so that a list that fails would be tried every second.
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

/// Both watches.
pub fn news(jobs: Api<SidecarJob>, pods: Api<Pod>, name: &str, uid: &str) -> impl Stream<Item = News> + use<> {
    stream::select(of_pods(pods, name, uid), of_job(jobs, name))
}

/// The label that all Pods of a run have.
pub fn selector(uid: &str) -> String {
    format!("{}={uid}", labels::UID)
}

fn of_job(jobs: Api<SidecarJob>, name: &str) -> impl Stream<Item = News> + use<> {
    let config = watcher::Config::default().fields(&format!("metadata.name={name}")).timeout(WATCH_SECONDS);
    let what = format!("watch SidecarJob {name}");
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

fn of_pods(pods: Api<Pod>, name: &str, uid: &str) -> impl Stream<Item = News> + use<> {
    let config = watcher::Config::default().labels(&selector(uid)).timeout(WATCH_SECONDS);
    let what = format!("watch the Pods of SidecarJob {name}");
    let pods = watcher(pods, config).backoff(Waits::default()).applied_objects();
    let news = pods.filter_map(move |pod| {
        ready(match pod {
            Ok(pod) => Some(News::Pod(Box::new(pod))),
            Err(error) => trouble(&what, &error).map(|failure| match failure.kind {
                Kind::Busy | Kind::Unreachable | Kind::Unauthorized => News::Trouble(failure),
                Kind::Forbidden | Kind::NoObject | Kind::NoKind | Kind::Refused | Kind::Unreadable => {
                    News::NoPods(failure)
                }
            }),
        })
    });
    // The news after which nothing comes is the last, and not left out.
    news.scan(false, |over, news| {
        let is_over = std::mem::replace(over, matches!(news, News::NoPods(_)));
        ready((!is_over).then_some(news))
    })
}

/// Not of a version that is too old: that is how a watch goes, which then lists anew.
fn trouble(what: &str, error: &Error) -> Option<Failure> {
    let is_usual = matches!(error, Error::WatchError(status) if status.code == 410);
    (!is_usual).then(|| Failure::of_watch(what, error))
}
