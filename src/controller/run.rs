//! From the command line to a controller that works: wiring only.
//!
//! For each namespace that was named, or for all: one watch of Pods, a queue for SidecarJobs and one for Jobs. SIGTERM and SIGINT: nothing new is begun, what is under
//! way is finished, the Lease is given back, the last events are sent, exit 0.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use futures::{TryFutureExt, future};
use kube::Client;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::info;

use crate::api::recipes::{self, Recipe};
use crate::api::{Kind, SharedJob, SidecarJob};
use crate::controller::args::{self, Args};
use crate::controller::clock::wall_clock;
use crate::controller::cluster::{self, Clients, ClusterError};
use crate::controller::context::Context;
use crate::controller::ending::{End, end, in_time};
use crate::controller::error::Fatal;
use crate::controller::events::Events;
use crate::controller::gate::Gate;
use crate::controller::leader::{Leadership, LeaseError};
use crate::controller::load::Load;
use crate::controller::managed::Managed;
use crate::controller::memory::Memory;
use crate::controller::places::Places;
use crate::controller::pod_watch::Wakers;
use crate::controller::queue::{self, Queue, Wake, Waker, stopped};
use crate::controller::schedules::Schedules;
use crate::controller::scraped::Scraped;
use crate::controller::stop::{self, Stops};
use crate::controller::turns::Turns;
use crate::controller::under_way::UnderWay;
use crate::controller::views::pods::Pods;
use crate::controller::{clock, pod_watch};
use crate::engine::observed::Settings;
use crate::telemetry::{self, Health, Metrics};

/// Why the controller could not start, or ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// The cluster does not fit.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The Lease can't be had, or was lost.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The recipes can't be used.
    #[error("failed to use the recipes in {}: {why}; correct the file, or the ConfigMap that it comes from", file.display())]
    Recipes {
        /// Where they are.
        file: PathBuf,
        /// What is wrong with them.
        why: String,
    },
    /// What is decided from then on would be wrong.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The HTTP address is taken.
    #[error("failed to listen on {address}: {reason}; choose another --bind-address")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
}

/// Runs until a signal comes. `load` is that of the runtime.
pub async fn run(args: Args, load: Load) -> Result<(), RunError> {
    let (stop_sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        telemetry::signal().await;
        stop_sender.send_replace(true);
    });
    let health = Health::default();
    let metrics = Metrics::with(args.per_object_metrics);
    let listen = |reason| RunError::Listen { address: args.bind_address, reason };
    telemetry::serve(args.bind_address, health.clone(), metrics.clone()).await.map_err(listen)?;
    let started = tokio::select! {
        started = start(&args) => started?,
        () = stopped(stop.clone()) => { // whatever the API server does not answer
            info!("stopped");
            return Ok(());
        }
    };
    lead(&args, started, (load, stop), &health, metrics).await
}

/// What is known when the program has started.
struct Started {
    clients: Clients,
    settings: Settings,
    /// Shut until the Lease is held.
    gate: Gate,
    leadership: Option<Leadership>,
}

/// Finds the cluster, and looks whether it fits.
async fn start(args: &Args) -> Result<Started, RunError> {
    let gate = Gate::new(Arc::new(clock::since_boot));
    let clients = cluster::connect(args.kubeconfig.as_deref(), &gate).await?;
    let (client, url) = (&clients.work, &clients.url);
    let recipes = load_recipes(&args.recipes)?;
    let native = cluster::has_native_sidecars(client, url).await?;
    for namespace in namespaces(args) {
        cluster::check_kind(client, namespace.as_deref()).await?;
    }
    info!(version = env!("CARGO_PKG_VERSION"), url, native_sidecars = native, "starting");
    let settings = Settings { recipes, ..args.settings(native) };
    let leadership = match args.leader_elect {
        true => Some(seek(args, &clients, &gate)),
        false => {
            gate.open_for_good();
            None
        }
    };
    Ok(Started { clients, settings, gate, leadership })
}

fn seek(args: &Args, clients: &Clients, gate: &Gate) -> Leadership {
    let clock = Arc::new(clock::since_boot);
    Leadership::seek(clients.leases.clone(), &args.leader_elect_namespace, gate.clone(), clock)
}

/// The built-in recipes, and those of the file if there is one.
fn load_recipes(file: &Path) -> Result<Arc<Vec<Recipe>>, RunError> {
    let wrong = |why| RunError::Recipes { file: file.to_owned(), why };
    match std::fs::read_to_string(file) {
        Ok(yaml) => {
            let more = recipes::parse(&yaml).map_err(wrong)?;
            info!(file = %file.display(), "read {} recipes", more.len());
            Ok(recipes::with(more))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(recipes::built_in()),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Waits for the Lease if there is one, works while it is held, and gives it back.
async fn lead(
    args: &Args,
    Started { clients, settings, gate, mut leadership }: Started,
    (load, stop): (Load, watch::Receiver<bool>),
    health: &Health,
    metrics: Metrics,
) -> Result<(), RunError> {
    health.standing_by();
    if let Some(leadership) = &mut leadership {
        tokio::select! {
            won = leadership.won() => won?,
            () = stopped(stop.clone()) => {}
        }
    }
    if *stop.borrow() {
        if let Some(leadership) = leadership {
            leadership.release().await;
        }
        info!("stopped");
        return Ok(());
    }
    metrics.leads();
    let (events, sending) = Events::counted(clients.events, metrics.clone(), load.clone());
    let lost = async {
        match &mut leadership {
            Some(leadership) => leadership.lost().await,
            None => future::pending().await,
        }
    };
    let worked = tokio::select! {
        worked = work(args, clients.work, settings, (events, load, stop), health, metrics) => worked,
        lost = lost => return Err(lost.into()), // nothing is sent any more
    };
    Ok(end(worked, &gate, leadership, sending).await?)
}

/// The queues, until they were told to stop and are empty, or the time for that is over.
async fn work(
    args: &Args,
    client: Client,
    settings: Settings,
    (events, load, stop): (Events, Load, watch::Receiver<bool>),
    health: &Health,
    metrics: Metrics,
) -> Result<End, Fatal> {
    let scopes = namespaces(args);
    health.working(scopes.len());
    let (signal_image, jobs_too) = tokio::select! {
        asked = async {
            let image = match &args.stop_signal_image {
                Some(image) => Some(image.clone()),
                None => stop::own_image(client.clone()).await,
            };
            (image, cluster::may_list_jobs(&client, scopes.first().and_then(Option::as_deref)).await)
        } => asked,
        () = stopped(stop.clone()) => return Ok(End::Finished),
    };
    let batch_period = args::span(args.sync_batch_period);
    let stop_places = Places::new(stop::AT_ONCE);
    let turns = Kinds::each(|| Turns::counted(args.concurrent_syncs, load.clone()));
    let shared = Shared {
        client,
        settings,
        events,
        metrics,
        batch_period,
        signal_image,
        stop_places,
        turns,
        stop: stop.clone(),
    };
    let work = scopes.into_iter().map(|namespace| scope(&shared, namespace, jobs_too, stop.clone(), health.clone()));
    in_time(future::try_join_all(work.collect::<Vec<_>>()), stop).await
}

/// What all scopes and kinds have in common.
struct Shared {
    client: Client,
    settings: Settings,
    events: Events,
    metrics: Metrics,
    batch_period: TimeDelta,
    signal_image: Option<String>,
    stop_places: Places,
    turns: Kinds<Turns>,
    stop: watch::Receiver<bool>,
}

/// One for each kind.
#[derive(Clone)]
struct Kinds<T> {
    ours: T,
    jobs: T,
    schedules: T,
}

impl<T> Kinds<T> {
    fn each(one: impl Fn() -> T) -> Self {
        Self { ours: one(), jobs: one(), schedules: one() }
    }
}

impl Shared {
    fn queue<K: Managed>(&self, pods: &Arc<Pods>, turns: &Turns) -> (Queue<K>, Waker<K>) {
        let (wake, woken) = mpsc::unbounded_channel();
        let ctx = Arc::new(Context {
            client: self.client.clone(),
            pods: pods.clone(),
            memory: Memory::default(),
            stops: Stops::new(wake.clone(), self.signal_image.clone(), self.stop_places.clone(), wall_clock()),
            orphans: UnderWay::default(),
            events: self.events.clone(),
            metrics: self.metrics.clone(),
            settings: self.settings.clone(),
            turns: turns.clone(),
            batch_period: self.batch_period,
            clock: wall_clock(),
            stop: self.stop.clone(),
        });
        queue::queue(ctx, (wake, woken))
    }
}

fn namespaces(args: &Args) -> Vec<Option<String>> {
    match args.namespace.is_empty() {
        true => vec![None],
        false => args.namespace.iter().cloned().map(Some).collect(),
    }
}

/// The runs of one namespace, or of all: a queue for each kind, and one watch of Pods for both.
fn scope(
    shared: &Shared,
    namespace: Option<String>,
    jobs_too: bool,
    stop: watch::Receiver<bool>,
    health: Health,
) -> impl Future<Output = Result<(), Fatal>> + use<> {
    let pods = Arc::new(Pods::default());
    let client = shared.client.clone();
    let (ours, wake_ours) = shared.queue::<SidecarJob>(&pods, &shared.turns.ours);
    let (jobs, wake_jobs) = shared.queue::<SharedJob>(&pods, &shared.turns.jobs);
    let turns = shared.turns.schedules.clone();
    let (events, metrics) = (shared.events.clone(), shared.metrics.clone());
    let schedules = Schedules::counted(client.clone(), events, metrics, wall_clock());
    shared.metrics.shows(Arc::new(Scraped::of(&pods, &ours, &jobs, &schedules)));
    let (listed, mut is_listed) = watch::channel(false);
    let wakers = Wakers::new([Box::new(wake_ours) as Box<dyn Wake>, Box::new(wake_jobs)]);
    let scope = namespace.clone();
    let watched = pod_watch::run(cluster::api(&client, scope.as_deref()), pods, wakers, shared.metrics.clone(), listed);
    async move {
        let mut watched = tokio::spawn(watched);
        if !in_view(&mut is_listed, &mut watched, stop.clone()).await? {
            watched.abort();
            return Ok(());
        }
        health.listed();
        let namespace = namespace.as_deref();
        let clock = |kind: Kind| clock::steps(kind.name(), wall_clock());
        let of_ours = async {
            tokio::select! {
                () = cluster::has_kind(&client, namespace) => {}
                () = stopped(stop.clone()) => return Ok(()),
            }
            ours.run(cluster::api(&client, namespace), clock(Kind::SidecarJob), stop.clone()).await
        };
        let of_schedules = schedules.run(namespace.map(str::to_owned), turns, stop.clone());
        let of_jobs = async {
            match jobs_too {
                true => jobs.run(cluster::api(&client, namespace), clock(Kind::Job), stop.clone()).await,
                false => Ok(()),
            }
        };
        let all = future::try_join3(of_ours, of_jobs, of_schedules).map_ok(drop);
        queue::work_with(watched, "Pods", all).await
    }
}

/// Nothing is decided before all Pods are in view: a job that seems to have none would get them twice. `false`: told to stop.
async fn in_view(
    is_listed: &mut watch::Receiver<bool>,
    watched: &mut JoinHandle<()>,
    stop: watch::Receiver<bool>,
) -> Result<bool, Fatal> {
    tokio::select! {
        Ok(_) = is_listed.wait_for(|listed| *listed) => Ok(true),
        () = stopped(stop) => Ok(false),
        ended = watched => Err(Fatal::blind("Pods", ended)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_a_watch_of_pods_nothing_is_decided_and_the_program_ends() {
        let (_stop, told) = watch::channel(false);
        let (listed, mut is_listed) = watch::channel(false);
        let mut watched = tokio::spawn(async move { drop(listed) });
        let ended = in_view(&mut is_listed, &mut watched, told.clone()).await;
        assert!(ended.is_err_and(|why| why.to_string().contains("the watch of Pods has ended")));

        let (listed, mut is_listed) = watch::channel(false);
        let mut watched = tokio::spawn(async move {
            listed.send_replace(true);
            future::pending().await
        });
        assert!(in_view(&mut is_listed, &mut watched, told).await.is_ok_and(|in_view| in_view));
    }
}
