//! The shell of schedules: views, queue, and how each step is done. What to do is `engine::schedule`'s part.
//!
//! One queue of SidecarCronJobs, one view of their runs. Nothing ticks for a schedule: each reconcile says when it wants
//! to be woken, and the queue keeps all of these in one heap. That the clock is set is the kernel's to say (`clock`).

pub mod apply;
pub mod known_times;
pub mod reconcile;
pub mod runs;
pub mod rush;

use std::sync::{Arc, OnceLock};

use futures::{StreamExt, TryStreamExt};
use known_times::KnownTimes;
use kube::Client;
use kube::core::DeserializeGuard;
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{self, Controller, Error as QueueError};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::watcher;
use kube::runtime::watcher::Event;
use reconcile::{Watched, on_error, reconcile};
use runs::Runs;
use rush::Rush;
use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};

use crate::api::{SCHEDULE, SidecarCronJob, SidecarJob, labels};
use crate::controller::clock::{Clock, wall_clock};
use crate::controller::error::{Error, Fatal};
use crate::controller::events::Events;
use crate::controller::memory::{Key, Memory, key};
use crate::controller::queue::{stopped, stopped_before_the_first_list, work_with};
use crate::controller::{clock, cluster};

/// What every reconcile of a schedule has at hand.
pub struct Schedules {
    /// To the API server.
    pub client: Client,
    /// The runs.
    pub runs: Runs,
    /// What may be lost.
    pub memory: Memory<SidecarCronJob>,
    /// Their times.
    pub times: KnownTimes,
    /// Starts come first.
    pub rush: Rush,
    /// To people.
    pub events: Events,
    /// The clock.
    pub now: Clock,
    /// True when the program is to end.
    stop: OnceLock<watch::Receiver<bool>>,
}

impl Schedules {
    /// Nothing is in view yet.
    pub fn new(client: Client, events: Events) -> Arc<Self> {
        Self::at(client, events, wall_clock())
    }

    /// The same with another clock.
    pub fn at(client: Client, events: Events, now: Clock) -> Arc<Self> {
        let (runs, memory, rush) = (Runs::default(), Memory::default(), Rush::default());
        let (times, stop) = (KnownTimes::default(), OnceLock::new());
        Arc::new(Self { client, runs, memory, times, rush, events, now, stop })
    }

    /// The program is to end: nothing further is begun.
    pub fn is_stopping(&self) -> bool {
        self.stop.get().is_some_and(|stop| *stop.borrow())
    }

    /// Works until it is told to stop. A cluster without the kind is waited for. Without its watch of runs it can't go on.
    pub async fn run(
        self: Arc<Self>,
        namespace: Option<String>,
        concurrency: u16,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Fatal> {
        self.stop.get_or_init(|| stop.clone());
        let (wake, woken) = mpsc::unbounded_channel();
        let (listed, is_listed) = watch::channel(false);
        tokio::select! {
            () = cluster::has_schedules(&self.client, namespace.as_deref()) => {}
            () = stopped(stop.clone()) => return Ok(()),
        }
        let watched = tokio::spawn(watch_runs(self.clone(), namespace.clone(), wake, listed));
        work_with(watched, "scheduled runs", self.work(namespace.as_deref(), concurrency, (is_listed, woken), stop))
            .await
    }

    /// The queue, from the first list of runs on.
    async fn work(
        self: Arc<Self>,
        namespace: Option<&str>,
        concurrency: u16,
        (mut is_listed, woken): (watch::Receiver<bool>, mpsc::UnboundedReceiver<Key>),
        stop: watch::Receiver<bool>,
    ) -> Result<(), Fatal> {
        // Nothing is decided before all runs are in view: a time whose run is not seen would run twice.
        tokio::select! {
            Ok(_) = is_listed.wait_for(|listed| *listed) => {}
            () = stopped(stop.clone()) => return Ok(()),
        }
        let (store, writer) = reflector::store();
        let (ctx, memory) = (self.clone(), self.clone());
        let crons = watcher(cluster::api::<Watched>(&self.client, namespace), watcher::Config::default())
            .default_backoff()
            .inspect_ok(move |event| ctx.listed(event))
            .reflect(writer)
            .inspect_ok(move |event| memory.memory.view_took_in(event))
            .applied_objects();
        let stopped_early = stopped_before_the_first_list(store.clone(), stop.clone());
        let work = Controller::for_stream(crons, store)
            .with_config(controller::Config::default().concurrency(concurrency))
            .reconcile_on(references(woken))
            .reconcile_on(released(self.clone()))
            .reconcile_all_on(clock::steps(SCHEDULE, self.now.clone()))
            .graceful_shutdown_on(stopped(stop))
            .run(reconcile, on_error, self.clone())
            .map(Ok)
            .try_for_each(|result| futures::future::ready(report(&self, result)));
        tokio::select! {
            ended = work => ended,
            () = stopped_early => Ok(()),
        }
    }

    /// The SidecarCronJob is gone.
    pub fn forget(&self, key: &Key) {
        self.memory.forget(key);
        self.times.forget(key);
        self.runs.owner_is_gone(key);
        self.rush.looked_at(key, (self.now)());
        self.rush.settled(key);
    }

    /// Any that is listed may be due: as long as it has not been looked at, nobody knows.
    fn listed(&self, event: &Event<Watched>) {
        if let Event::InitApply(cron) = event {
            self.rush.expect(&key(cron), Some((self.now)()));
        }
    }
}

/// Keeps the view of runs, and wakes their schedules.
async fn watch_runs(
    ctx: Arc<Schedules>,
    namespace: Option<String>,
    wake: mpsc::UnboundedSender<Key>,
    listed: watch::Sender<bool>,
) {
    let config = watcher::Config::default().labels(labels::SCHEDULE);
    let api = cluster::api::<DeserializeGuard<SidecarJob>>(&ctx.client, namespace.as_deref());
    let mut stream = watcher(api, config).default_backoff().boxed();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                ctx.runs.observe(event).into_iter().for_each(|key| drop(wake.send(key)));
                listed.send_if_modified(|listed| !std::mem::replace(listed, ctx.runs.synced()) && *listed);
            }
            Err(error) => warn!("the watch of scheduled runs was interrupted, starting it again: {error}"),
        }
    }
}

fn references(mut woken: mpsc::UnboundedReceiver<Key>) -> impl futures::Stream<Item = ObjectRef<Watched>> {
    futures::stream::poll_fn(move |cx| woken.poll_recv(cx)).map(reference)
}

/// Schedules whose statuses need not wait any more.
fn released(ctx: Arc<Schedules>) -> impl futures::Stream<Item = ObjectRef<Watched>> {
    futures::stream::unfold(ctx, |ctx| async {
        let key = ctx.rush.released().await;
        Some((reference(key), ctx))
    })
}

fn reference((namespace, name): Key) -> ObjectRef<Watched> {
    ObjectRef::<Watched>::new(&name).within(&namespace)
}

/// What comes out of the queue.
type Outcome<E> = Result<(ObjectRef<Watched>, controller::Action), QueueError<E, watcher::Error>>;

/// Errors are logged where they happen, so only the queue's own are left.
fn report(ctx: &Schedules, result: Outcome<Error>) -> Result<(), Fatal> {
    match result {
        Err(QueueError::ReconcilerFailed(error @ Error::WentBack(_), _)) => {
            return Err(Fatal::WentBack(error.to_string()));
        }
        Ok(_) | Err(QueueError::ReconcilerFailed(..)) => {}
        Err(QueueError::ObjectNotFound(gone)) => {
            debug!(name = gone.name, "gone"); // its runs go with it: the API server collects what it owned
            let key = (gone.namespace.unwrap_or_default(), gone.name);
            ctx.forget(&key);
        }
        Err(QueueError::QueueError(error)) => {
            warn!("the watch of SidecarCronJobs was interrupted, starting it again: {error}");
        }
        Err(error) => warn!("{error}"),
    }
    Ok(())
}
