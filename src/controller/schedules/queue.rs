//! Which schedule is reconciled next? One queue, fed by the watch of SidecarCronJobs and by the news of their runs.
//!
//! Nothing ticks for a schedule: each reconcile says when it wants to be woken, and the queue keeps all of these in one heap.
//! That the clock is set is the kernel's to say (`clock`).

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, future};
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::{self, ObjectRef};
use kube::runtime::watcher::Event;
use tokio::sync::{mpsc, watch};

use crate::api::{SCHEDULE, SidecarCronJob};
use crate::controller::error::Fatal;
use crate::controller::object::{Key, key};
use crate::controller::queue::{
    in_turn, reference, references, report, stopped, stopped_before_the_first_list, work_with,
};
use crate::controller::schedules::context::Schedules;
use crate::controller::schedules::reconcile::{on_error, reconcile};
use crate::controller::schedules::run_watch;
use crate::controller::turns::Turns;
use crate::controller::watched::Watched;
use crate::controller::wire::watch::watch as watch_schedules;
use crate::controller::{clock, cluster};

impl Schedules {
    /// Works until it is told to stop. A cluster without the kind is waited for. Without its watch of runs it can't go on.
    /// `turns` says how many schedules are worked on at the same time.
    pub async fn run(
        self: Arc<Self>,
        namespace: Option<String>,
        turns: Turns,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Fatal> {
        self.stops_with(stop.clone());
        let (wake, woken) = mpsc::unbounded_channel();
        let (listed, is_listed) = watch::channel(false);
        tokio::select! {
            () = cluster::has_schedules(&self.client, namespace.as_deref()) => {}
            () = stopped(stop.clone()) => return Ok(()),
        }
        let watched = tokio::spawn(run_watch::watch(self.clone(), namespace.clone(), wake.clone(), listed));
        let work = self.work(namespace.as_deref(), (turns, wake), (is_listed, woken), stop);
        work_with(watched, "scheduled runs", work).await
    }

    /// The queue, from the first list of runs on.
    async fn work(
        self: Arc<Self>,
        namespace: Option<&str>,
        (turns, wake): (Turns, mpsc::UnboundedSender<Key>),
        (mut is_listed, woken): (watch::Receiver<bool>, mpsc::UnboundedReceiver<Key>),
        stop: watch::Receiver<bool>,
    ) -> Result<(), Fatal> {
        // Nothing is decided before all runs are in view: a time whose run is not seen would run twice.
        tokio::select! {
            Ok(_) = is_listed.wait_for(|listed| *listed) => {}
            () = stopped(stop.clone()) => return Ok(()),
        }
        let (store, writer) = reflector::store();
        self.store.get_or_init(|| store.clone());
        let (ctx, memory) = (self.clone(), self.clone());
        let crons = watch_schedules(cluster::api::<Watched<SidecarCronJob>>(&self.client, namespace), None)
            .inspect_ok(move |event| ctx.saw(event))
            .reflect(writer)
            .try_filter(move |event| future::ready(memory.memory.view_took_in(event)))
            .applied_objects();
        let stopped_early = stopped_before_the_first_list(store.clone(), stop.clone());
        let work = Controller::for_stream(crons, store)
            .with_config(controller::Config::default().concurrency(turns.slots()))
            .reconcile_on(references(woken))
            .reconcile_on(released(self.clone()))
            .reconcile_all_on(clock::steps(SCHEDULE, self.now.clone()))
            .graceful_shutdown_on(stopped(stop))
            .run(in_turn(turns.clone(), wake, reconcile), on_error, self.clone())
            .map(Ok)
            .try_for_each(|result| {
                // The runs of a schedule that is gone go with it: the API server collects what it owned.
                future::ready(report(SCHEDULE, &turns, result, |key| self.forget(&key)))
            });
        tokio::select! {
            ended = work => ended,
            () = stopped_early => Ok(()),
        }
    }

    /// Any that is listed may be due: as long as it has not been looked at, nobody knows. Of one that is deleted nothing is
    /// kept; a new list does not say which were deleted before.
    fn saw(&self, event: &Event<Watched<SidecarCronJob>>) {
        match event {
            Event::Init => self.times.forget_all(),
            Event::InitApply(cron) => self.rush.expect(&key(cron), Some((self.now)())),
            Event::Delete(cron) => self.times.forget(&key(cron)),
            Event::Apply(_) | Event::InitDone => {}
        }
    }
}

/// Schedules whose statuses need not wait any more.
fn released(ctx: Arc<Schedules>) -> impl futures::Stream<Item = ObjectRef<Watched<SidecarCronJob>>> {
    futures::stream::unfold(ctx, |ctx| async {
        let key = ctx.rush.released().await;
        Some((reference(&key), ctx))
    })
}
