//! What does a single reconcile allocate, and a single event of a Pod? With no queue beside it: the test shows the
//! controller what there is, and reconciles when it wants to.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use sidecarjob::api::{SharedJob, SidecarJob};
use sidecarjob::controller::context::Context;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::pod_watch::{self, Wakers};
use sidecarjob::controller::reconcile::reconcile;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::schedules::reconcile::reconcile as reconcile_schedule;
use sidecarjob::controller::watched::Watched;
use sidecarjob::engine::observed::wire::Pod;
use sidecarjob::telemetry::Metrics;

use crate::allocations::{self, Allocations, outside};
use crate::controller::client;
use crate::kinds::{Kind, START};
use crate::kubelet;
use crate::life::pass;
use crate::world::clock::Clock;
use crate::world::counting::Server;

/// What was counted of one kind.
#[derive(Default)]
pub struct Reconciles {
    /// Nothing is to be done.
    pub idle: Cost,
    /// It writes a status, and nothing else.
    pub status: Cost,
    /// The view takes in a Pod that the watch shows as the controller has just created it. The Pod is read already. For
    /// runs.
    pub echo: Allocations,
    /// The same of a Pod that runs now.
    pub news: Allocations,
}

/// What one reconcile costs.
#[derive(Default)]
pub struct Cost {
    pub requests: usize,
    pub allocations: Allocations,
}

/// Of that kind.
pub async fn of(kind: &Kind) -> Reconciles {
    let server = Server::new(Clock::start_at(START), Duration::ZERO);
    server.put(kind.plural, (kind.object)());
    match kind.plural {
        "sidecarcronjobs" => of_a_schedule(&server, kind).await,
        "jobs" => of_a_run::<SharedJob>(&server, kind).await,
        _ => of_a_run::<SidecarJob>(&server, kind).await,
    }
}

/// A run is created, and its Pods run.
async fn of_a_run<K: Managed>(server: &Server, kind: &Kind) -> Reconciles {
    let client = client(server);
    let (events, _) = Events::start(client.clone());
    let ctx = Arc::new(Context::<K>::at(client, events, server.clock.of_controller()));
    let again = async || reconcile(watched::<K>(server, kind), ctx.clone()).await.expect("nothing fails");
    let (wakers, metrics) = (Wakers::default(), Metrics::default());
    let show = |event: Event<Pod>| {
        let before = allocations::so_far();
        pod_watch::take_in(event, &ctx.pods, &wakers, &metrics);
        allocations::so_far() - before
    };
    let show_all = || -> Allocations {
        let each: Vec<Allocations> = pods(server).into_iter().map(|pod| show(Event::Apply(pod))).collect();
        *each.last().expect("there are Pods")
    };
    show(Event::Init);
    show(Event::InitDone);
    again().await;
    let echo = show_all();
    kubelet::pods(server, "Pending").iter().for_each(|pod| kubelet::bind(server, pod));
    kubelet::pods(server, "Pending").iter().for_each(|pod| kubelet::start(server, pod));
    let news = show_all();
    again().await; // what only people read waits for a second
    let status = counted(server, &again).await;
    let idle = counted(server, &again).await;
    Reconciles { idle, status, echo, news }
}

/// A schedule is created.
async fn of_a_schedule(server: &Server, kind: &Kind) -> Reconciles {
    let client = client(server);
    let (events, _) = Events::start(client.clone());
    let ctx = Schedules::at(client, events, server.clock.of_controller());
    ctx.runs.observe(Event::Init);
    ctx.runs.observe(Event::InitDone);
    let again = async || reconcile_schedule(watched(server, kind), ctx.clone()).await.expect("nothing fails");
    let status = counted(server, &again).await;
    let idle = counted(server, &again).await;
    Reconciles { idle, status, ..Reconciles::default() }
}

/// What that costs, with the events that it sends.
async fn counted<T>(server: &Server, reconcile: impl AsyncFn() -> T) -> Cost {
    pass(1000).await;
    server.traffic();
    let before = allocations::so_far();
    reconcile().await;
    let allocations = allocations::so_far() - before;
    pass(1000).await; // for events, which are sent beside the reconcile
    Cost { requests: server.traffic().requests.values().sum(), allocations }
}

/// The object as the watch shows it.
fn watched<K: DeserializeOwned>(server: &Server, kind: &Kind) -> Arc<Watched<K>> {
    let read = |object| serde_json::from_value::<K>(object).expect("an object that the types can read");
    outside(|| Arc::new(Watched::from(server.all(kind.plural).pop().map(read).expect("it is there"))))
}

/// All Pods as the watch shows them.
fn pods(server: &Server) -> Vec<Pod> {
    outside(|| server.all("pods").into_iter().map(|pod| serde_json::from_value(pod).expect("a Pod")).collect())
}
