//! The real shell in this world: its views are fed by watches that lag, and its life may end at any call.
//!
//! What stands in for kube's queue is `world::queue`; what wakes a run is the real `controller::queue` and `pod_watch`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::runtime::reflector::ObjectRef;
use kube::runtime::reflector::store::{Store, Writer};
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sidecarjob::controller::context::Context;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::object::Key;
use sidecarjob::controller::orphans;
use sidecarjob::controller::places::Places;
use sidecarjob::controller::pod_watch::{self, Wakers};
use sidecarjob::controller::queue::{Wake, queue};
use sidecarjob::controller::reconcile::{on_error, reconcile};
use sidecarjob::controller::stop::{AT_ONCE, Stops};
use sidecarjob::controller::watched::Watched;
use sidecarjob::engine::observed::Settings;
use sidecarjob::telemetry::Metrics;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::cluster::{NAME, PODS, World};
use crate::world::queue::Turn;
use crate::world::server::{self, lock};
use crate::world::store::NAMESPACE;
use crate::world::watch::{self, Watch};

/// One life of the controller after the other.
pub struct Controller<K: Managed> {
    world: Arc<Mutex<World>>,
    life: Life<K>,
    settings: Settings,
    metrics: Metrics,
}

/// What is lost when it is killed.
struct Life<K: Managed> {
    /// Which life it is.
    number: u32,
    ctx: Arc<Context<K>>,
    turn: Turn,
    pods: Watch,
    jobs: Watch,
    /// The view of runs, and where their watch writes into it.
    store: Store<Watched<K>>,
    writer: Writer<Watched<K>>,
    /// The real queue's: what a change of a Pod wakes.
    wakers: Wakers,
    /// Who was woken: by Pods, and by what came of asking a sidecar to stop.
    woken: [UnboundedReceiver<Key>; 2],
}

fn key() -> Key {
    (NAMESPACE.into(), NAME.into())
}

fn read<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).expect("an object that the types can read")
}

impl<K: Managed> Life<K> {
    /// It starts, lists everything, and goes on from there.
    fn begin(shared: &Arc<Mutex<World>>, settings: &Settings, metrics: &Metrics) -> Self {
        let mut world = lock(shared);
        world.looked = None;
        let (events, _) = Events::start(server::silent());
        let (wake, asked) = unbounded_channel();
        let clock = world.clock.of_controller();
        let client = server::client(shared, world.faults.life, Duration::ZERO);
        let ctx = Arc::new(Context {
            stops: Stops::new(wake, None, Places::new(AT_ONCE), clock.clone()),
            metrics: metrics.clone(),
            settings: settings.clone(),
            ..Context::at(client, events, clock)
        });
        let (queue, waker) = queue(ctx.clone(), unbounded_channel());
        let (store, writer, woken) = queue.into_parts();
        let (pods, first) = Watch::repeating(PODS, &world.store);
        let (jobs, _) = Watch::begin(world.runs(), &world.store);
        let (number, woken) = (world.faults.life, [woken, asked]);
        let wakers = Wakers::new([Box::new(waker) as Box<dyn Wake>]);
        let mut life = Self { number, ctx, turn: Turn::default(), pods, jobs, store, writer, wakers, woken };
        life.show_pod(first);
        life.show_all(&mut world); // nothing is decided before all Pods are in view
        life
    }

    fn show_all(&mut self, world: &mut World) {
        self.pods.all(&world.store).into_iter().for_each(|event| self.show_pod(event));
        self.jobs.all(&world.store).into_iter().for_each(|event| self.show_job(world, event));
    }

    /// The watches show what they have, some of it late, twice, or as a new list.
    fn show_some(&mut self, world: &mut World) {
        let pods = self.pods.some(&world.store, &mut world.dice);
        if matches!(pods[..], [Event::Init]) {
            world.tell("watch of Pods: 410 Gone, listed again");
        }
        pods.into_iter().for_each(|event| self.show_pod(event));
        let jobs = self.jobs.some(&world.store, &mut world.dice);
        jobs.into_iter().for_each(|event| self.show_job(world, event));
    }

    fn show_pod(&mut self, event: Event<Value>) {
        pod_watch::take_in(watch::read(event, read), &self.ctx.pods, &self.wakers, &self.ctx.metrics);
    }

    fn show_job(&mut self, world: &mut World, event: Event<Value>) {
        match &event {
            Event::Apply(job) | Event::InitApply(job) => world.known = world.known.max(version(job)),
            _ => {}
        }
        let event = watch::read(event, |job| Watched::from(read::<K>(job)));
        self.writer.apply_watcher_event(&event);
        let is_news = self.ctx.memory.view_took_in(&event);
        if is_news && !matches!(event, Event::Init | Event::InitDone) {
            self.turn.wake(); // what is deleted, too: `touched_objects`
        }
    }

    fn job(&self) -> Option<Arc<Watched<K>>> {
        self.store.get(&ObjectRef::<Watched<K>>::new(NAME).within(NAMESPACE))
    }
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok()).unwrap_or(0)
}

impl<K: Managed> Controller<K> {
    pub fn new(world: Arc<Mutex<World>>, settings: Settings) -> Self {
        let metrics = Metrics::default();
        let life = Life::begin(&world, &settings, &metrics);
        Self { world, life, settings, metrics }
    }

    /// The watches show something.
    pub fn watch(&mut self) {
        self.life.show_some(&mut lock(&self.world));
    }

    /// The watches show everything.
    pub fn catch_up(&mut self) {
        self.life.show_all(&mut lock(&self.world));
    }

    /// Reconciles, if it was woken or wanted to look again by now. Whether it did.
    pub async fn work(&mut self) -> bool {
        for woken in &mut self.life.woken {
            while let Ok(woken) = woken.try_recv() {
                if woken == key() {
                    self.life.turn.wake();
                }
            }
        }
        if !self.life.turn.take() {
            return false;
        }
        let ctx = self.life.ctx.clone();
        let Some(watched) = self.life.job() else {
            orphans::release(&ctx, key());
            self.settle().await;
            return true;
        };
        let killed = lock(&self.world).faults.killed.clone();
        let result = tokio::select! {
            biased;
            () = killed.notified() => { self.begin_anew(); return true; }
            result = reconcile(watched.clone(), ctx.clone()) => result,
        };
        let action = match result {
            Ok(action) => action,
            Err(error) => {
                lock(&self.world).tell(format!("controller: {error}"));
                on_error(watched, &error, ctx)
            }
        };
        self.life.turn.next(&action);
        true
    }

    /// Lets tasks beside the queue go on; a kill may hit one of them.
    pub async fn settle(&mut self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.survive().await;
    }

    /// How many Pods the metrics have, by their main containers, of all lives together.
    pub fn measured(&self) -> u64 {
        let text = self.metrics.encode();
        let counts = text.lines().filter(|line| line.starts_with("sidecarjob_main_duration_seconds_count"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// A kill that hit while nothing was reconciled.
    pub async fn survive(&mut self) {
        let (life, killed) = {
            let world = lock(&self.world);
            (world.faults.life, world.faults.killed.clone())
        };
        if life != self.life.number {
            killed.notified().await;
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.life = Life::begin(&self.world, &self.settings, &self.metrics);
    }
}
