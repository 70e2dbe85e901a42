//! From the command line to a controller that works: wiring only.
//!
//! One queue for each namespace that was named, or one for all. SIGTERM and SIGINT: nothing new is begun, what is under
//! way is finished, the Lease is given back, exit 0.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, future};
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::runtime::controller::{self, Controller, Error as QueueError};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{WatchStreamExt, watcher};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use super::args::{self, Args};
use super::cluster::{self, ClusterError};
use super::context::Context;
use super::events::Events;
use super::leader::{Leadership, LeaseError};
use super::memory::{Key, Memory};
use super::orphans::Orphans;
use super::pods::Pods;
use super::reconcile::{Watched, on_error, reconcile};
use super::stop::{self, Stops};
use crate::api::labels;
use crate::api::recipes::{self, Recipe};
use crate::engine::observed::Settings;
use crate::telemetry::{self, Health, Metrics};

/// Why the controller could not start, or ended.
#[derive(Debug, Error)]
pub enum RunError {
    /// The cluster does not fit.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The Lease can't be had.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// The Lease was lost.
    #[error("lost the Lease: another controller may be working; ending, to be started again")]
    LeaseLost,
    /// The recipes can't be used.
    #[error("failed to use the recipes in {}: {why}; correct the file, or the ConfigMap that it comes from", file.display())]
    Recipes {
        /// Where they are.
        file: PathBuf,
        /// What is wrong with them.
        why: String,
    },
    /// The HTTP address is taken.
    #[error("failed to listen on {address}: {reason}; choose another --bind-address")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
}

/// Runs until a signal comes.
pub async fn run(args: Args) -> Result<(), RunError> {
    let (stop_sender, stop) = watch::channel(false);
    tokio::spawn(async move {
        telemetry::signal().await;
        stop_sender.send_replace(true);
    });
    let (client, url) = cluster::connect(args.kubeconfig.as_deref()).await?;
    let health = Health::default();
    let metrics = Metrics::default();
    let listen = |reason| RunError::Listen { address: args.bind_address, reason };
    telemetry::serve(args.bind_address, health.clone(), metrics.clone()).await.map_err(listen)?;
    let recipes = load_recipes(&args.recipes)?;
    let native = cluster::has_native_sidecars(&client, &url).await?;
    for namespace in namespaces(&args) {
        cluster::check_kind(&client, namespace.as_deref()).await?;
    }
    info!(version = env!("CARGO_PKG_VERSION"), url, native_sidecars = native, "starting");
    let settings = Settings { recipes, ..args.settings(native) };
    let leadership = match args.leader_elect {
        true => Some(Leadership::seek(client.clone(), &args.leader_elect_namespace).await?),
        false => None,
    };
    lead(&args, client, settings, leadership, stop, &health, metrics).await
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
    client: Client,
    settings: Settings,
    mut leadership: Option<Leadership>,
    stop: watch::Receiver<bool>,
    health: &Health,
    metrics: Metrics,
) -> Result<(), RunError> {
    health.standing_by();
    if let Some(leadership) = &mut leadership {
        tokio::select! {
            () = leadership.won() => {}
            () = stopped(stop.clone()) => {}
        }
    }
    let mut result = Ok(());
    if !*stop.borrow() {
        let lost = async {
            match &mut leadership {
                Some(leadership) => leadership.lost().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            () = work(args, client, settings, stop, health, metrics) => {}
            () = lost => result = Err(RunError::LeaseLost),
        }
    }
    if let Some(leadership) = leadership {
        leadership.release().await;
    }
    info!("stopped");
    result
}

/// The queues, until they were told to stop and are empty.
async fn work(
    args: &Args,
    client: Client,
    settings: Settings,
    stop: watch::Receiver<bool>,
    health: &Health,
    metrics: Metrics,
) {
    let (events, sending) = Events::start(client.clone());
    let signal_image = match &args.stop_signal_image {
        Some(image) => Some(image.clone()),
        None => stop::own_image(client.clone()).await,
    };
    let queues = namespaces(args).into_iter().map(|namespace| {
        let (wake, woken) = mpsc::unbounded_channel();
        let ctx = Arc::new(Context {
            client: client.clone(),
            pods: Arc::new(Pods::default()),
            memory: Memory::default(),
            stops: Stops::new(wake.clone(), signal_image.clone()),
            orphans: Orphans::default(),
            events: events.clone(),
            metrics: metrics.clone(),
            settings: settings.clone(),
            batch_period: args::span(args.sync_batch_period),
        });
        queue(ctx, namespace, args.concurrent_syncs, stop.clone(), health.clone(), (wake, woken))
    });
    let queues: Vec<_> = queues.collect();
    drop(events);
    health.working(queues.len());
    future::join_all(queues).await;
    if tokio::time::timeout(Duration::from_secs(5), sending).await.is_err() {
        warn!("some events were not sent");
    }
}

fn namespaces(args: &Args) -> Vec<Option<String>> {
    match args.namespace.is_empty() {
        true => vec![None],
        false => args.namespace.iter().cloned().map(Some).collect(),
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The SidecarJobs of one namespace, or of all.
async fn queue(
    ctx: Arc<Context>,
    namespace: Option<String>,
    concurrency: u16,
    stop: watch::Receiver<bool>,
    health: Health,
    (wake, woken): (mpsc::UnboundedSender<Key>, mpsc::UnboundedReceiver<Key>),
) {
    let (listed, mut is_listed) = watch::channel(false);
    let pods = tokio::spawn(watch_pods(ctx.clone(), namespace.clone(), wake, listed));
    // Nothing is decided before all Pods are in view: a job that seems to have none would get them twice.
    tokio::select! {
        _ = is_listed.wait_for(|listed| *listed) => health.listed(),
        () = stopped(stop.clone()) => return pods.abort(),
    }
    let config = controller::Config::default().concurrency(concurrency);
    Controller::new(cluster::api::<Watched>(&ctx.client, namespace.as_deref()), watcher::Config::default())
        .with_config(config)
        .reconcile_on(tokio_stream(woken))
        .graceful_shutdown_on(stopped(stop))
        .run(reconcile, on_error, ctx.clone())
        .for_each(|result| report(ctx.clone(), result))
        .await;
    pods.abort();
}

fn tokio_stream(mut woken: mpsc::UnboundedReceiver<Key>) -> impl futures::Stream<Item = ObjectRef<Watched>> {
    futures::stream::poll_fn(move |cx| woken.poll_recv(cx))
        .map(|(namespace, name)| ObjectRef::<Watched>::new(&name).within(&namespace))
}

/// Keeps the view of our Pods, and wakes their SidecarJobs.
async fn watch_pods(
    ctx: Arc<Context>,
    namespace: Option<String>,
    wake: mpsc::UnboundedSender<Key>,
    listed: watch::Sender<bool>,
) {
    let config = watcher::Config::default().labels(labels::UID);
    let mut stream = watcher(cluster::api::<Pod>(&ctx.client, namespace.as_deref()), config).default_backoff().boxed();
    while let Some(event) = stream.next().await {
        match event {
            Ok(event) => {
                for key in ctx.pods.observe(event) {
                    let _ = wake.send(key);
                }
                listed.send_if_modified(|listed| !std::mem::replace(listed, ctx.pods.synced()) && *listed);
            }
            Err(error) => warn!("the watch of Pods was interrupted, starting it again: {error}"),
        }
    }
}

/// What became of a reconcile: errors are logged where they happen, so only the queue's own are left.
async fn report<E>(
    ctx: Arc<Context>,
    result: Result<(ObjectRef<Watched>, controller::Action), QueueError<E, watcher::Error>>,
) where
    E: std::error::Error,
{
    match result {
        Ok(_) | Err(QueueError::ReconcilerFailed(..)) => {}
        Err(QueueError::ObjectNotFound(gone)) => {
            let key: Key = (gone.namespace.unwrap_or_default(), gone.name);
            debug!(sidecarjob = format!("{}/{}", key.0, key.1), "gone");
            Orphans::release(&ctx, key);
        }
        Err(QueueError::QueueError(error)) => {
            warn!("the watch of SidecarJobs was interrupted, starting it again: {error}")
        }
        Err(error) => warn!("{error}"),
    }
}
