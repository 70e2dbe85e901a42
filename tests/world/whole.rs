//! The whole controller on the API server in memory, wired as `controller::run` wires it, without the Lease.

use std::sync::Arc;

use kube::{Api, Client};
use sidecarjob::controller::context::Context;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::places::Places;
use sidecarjob::controller::pod_watch::{self, Wakers};
use sidecarjob::controller::queue::{Queue, Wake, Waker, queue};
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::stop::{AT_ONCE, Stops};
use sidecarjob::controller::turns::Turns;
use sidecarjob::controller::views::pods::Pods;
use sidecarjob::telemetry::Metrics;
use tokio::sync::{mpsc, watch};

use super::clock::Clock;

/// As `--concurrent-syncs`.
const SYNCS: u16 = 20;

/// What all queues share.
struct Shared {
    client: Client,
    clock: Clock,
    events: Events,
    pods: Arc<Pods>,
    metrics: Metrics,
}

impl Shared {
    fn queue<K: Managed>(&self, stop: watch::Receiver<bool>) -> (Queue<K>, Waker<K>) {
        let (wake, woken) = mpsc::unbounded_channel();
        let clock = self.clock.of_controller();
        let ctx = Context {
            pods: self.pods.clone(),
            stops: Stops::new(wake.clone(), None, Places::new(AT_ONCE), clock.clone()),
            metrics: self.metrics.clone(),
            turns: Turns::new(SYNCS),
            stop,
            ..Context::at(self.client.clone(), self.events.clone(), clock)
        };
        queue(Arc::new(ctx), (wake, woken))
    }
}

/// Starts the controller, which works until the sender is dropped or the runtime ends. `O` and `J` are SidecarJob and Job, or
/// stand in for them. `schedules`: it works on schedules too. (Their watch of runs has a label selector, which the server
/// in memory does not know.)
pub async fn start<O: Managed, J: Managed>(client: Client, clock: &Clock, schedules: bool) -> watch::Sender<bool> {
    let (events, _) = Events::start(client.clone());
    let (pods, metrics) = (Arc::default(), Metrics::default());
    let shared = Shared { client: client.clone(), clock: clock.clone(), events, pods, metrics };
    let (stop, stopped) = watch::channel(false);
    let (ours, wake_ours) = shared.queue::<O>(stopped.clone());
    let (jobs, wake_jobs) = shared.queue::<J>(stopped.clone());
    let wakers = Wakers::new([Box::new(wake_ours) as Box<dyn Wake>, Box::new(wake_jobs)]);
    let (listed, mut is_listed) = watch::channel(false);
    let pods = Api::all(client.clone());
    tokio::spawn(pod_watch::run(pods, shared.pods.clone(), wakers, shared.metrics.clone(), listed));
    is_listed.wait_for(|listed| *listed).await.expect("Pods are listed");
    tokio::spawn(ours.run(Api::all(client.clone()), futures::stream::pending(), stopped.clone()));
    tokio::spawn(jobs.run(Api::all(client.clone()), futures::stream::pending(), stopped.clone()));
    if schedules {
        let all = Schedules::at(client, shared.events.clone(), clock.of_controller());
        tokio::spawn(all.run(None, Turns::new(SYNCS), stopped));
    }
    stop
}
