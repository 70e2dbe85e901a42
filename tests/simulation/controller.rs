//! The real shell in this world: its views are fed by watches that lag, and its life may end at any call.
//!
//! What stands in for kube's queue is small: a run is reconciled when it was woken or when its time has come, never
//! otherwise, so that a wake-up that is missing is found.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::core::{DeserializeGuard, SelectorExt};
use kube::runtime::controller::Action;
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sidecarjob::api::Kind;
use sidecarjob::controller::context::{Clock, Context};
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::memory::{Key, Memory};
use sidecarjob::controller::orphans::Orphans;
use sidecarjob::controller::pod_watch;
use sidecarjob::controller::pods::Pods;
use sidecarjob::controller::queue::Wake;
use sidecarjob::controller::reconcile::{on_error, reconcile};
use sidecarjob::controller::stop::Stops;
use sidecarjob::engine::observed::{PodRef, Settings};
use sidecarjob::telemetry::Metrics;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use crate::cluster::{NAME, NAMESPACE, World, now_since};
use crate::server::{self, lock};

/// One life of the controller after the other.
pub struct Controller<K: Managed> {
    world: Arc<Mutex<World>>,
    life: Life<K>,
    /// Which life it is.
    number: u32,
    settings: Settings,
    metrics: Metrics,
}

/// What is lost when it is killed.
struct Life<K: Managed> {
    ctx: Arc<Context<K>>,
    queue: Arc<Queue<K>>,
    /// When it wants to look again.
    due: Option<Instant>,
    /// How much of the logs its watches have shown.
    pods_shown: usize,
    /// What came before the last list comes no more.
    listed: usize,
    jobs_shown: usize,
    /// What is still to come of a list that is being read again.
    relist: Option<Vec<Value>>,
    wakers: Vec<Box<dyn Wake>>,
    /// What came of asking a sidecar to stop.
    asked: UnboundedReceiver<Key>,
}

/// The view of the runs, and who was woken.
struct Queue<K> {
    job: Mutex<Option<K>>,
    woken: AtomicBool,
    /// Woken for that time.
    later: Mutex<Option<Instant>>,
}

struct Waker<K: Managed> {
    ctx: Arc<Context<K>>,
    queue: Arc<Queue<K>>,
}

impl<K: Managed> Wake for Waker<K> {
    fn kind(&self) -> Kind {
        K::KIND
    }

    fn knows(&self, key: &Key) -> bool {
        key.1 == NAME && self.queue.job().is_some()
    }

    fn wake(&self, key: &Key) {
        if key.1 == NAME {
            self.queue.woken.store(true, Ordering::SeqCst);
        }
    }

    fn wake_later(&self, key: &Key) {
        if key.1 == NAME {
            let at = Instant::now() + Duration::from_secs(1);
            self.queue.later.lock().expect("not poisoned").get_or_insert(at);
        }
    }

    fn hold(&self, key: &Key) {
        self.ctx.memory.vanished(key, self.ctx.now());
    }

    fn selecting(&self, _: &str, labels: &BTreeMap<String, String>) -> Vec<Key> {
        let Some(job) = self.queue.job() else { return Vec::new() };
        let selects = job.selector().is_some_and(|selector| selector.matches(labels));
        let going_on = job.observe().is_some_and(|job| !job.deleting && !job.status.is_finished());
        if selects && going_on { vec![key()] } else { Vec::new() }
    }

    fn release_stray(&self, namespace: String, pod: PodRef) {
        Orphans::release_stray(&self.ctx, namespace, pod);
    }
}

impl<K: Managed> Queue<K> {
    fn job(&self) -> Option<K> {
        self.job.lock().expect("not poisoned").clone()
    }

    fn set(&self, job: Option<K>) {
        *self.job.lock().expect("not poisoned") = job;
        self.woken.store(true, Ordering::SeqCst);
    }
}

fn key() -> Key {
    (NAMESPACE.into(), NAME.into())
}

fn read<T: DeserializeOwned>(object: &Value) -> T {
    T::deserialize(object).expect("an object that the types can read")
}

impl<K: Managed> Life<K> {
    /// It starts, lists everything, and goes on from there.
    fn begin(shared: &Arc<Mutex<World>>, settings: &Settings, metrics: &Metrics) -> Self {
        let mut world = lock(shared);
        let start = world.start();
        let (events, _) = Events::start(server::silent());
        let (wake, asked) = unbounded_channel();
        let clock: Clock = Arc::new(move || now_since(start));
        let ctx = Arc::new(Context {
            client: server::client(shared, world.faults.life),
            pods: Arc::new(Pods::default()),
            memory: Memory::default(),
            stops: Stops::new(wake, None, clock.clone()),
            orphans: Orphans::default(),
            events,
            metrics: metrics.clone(),
            settings: settings.clone(),
            batch_period: chrono::TimeDelta::seconds(1),
            clock,
        });
        let queue = Arc::new(Queue { job: Mutex::new(None), woken: AtomicBool::new(false), later: Mutex::new(None) });
        let wakers: Vec<Box<dyn Wake>> = vec![Box::new(Waker { ctx: ctx.clone(), queue: queue.clone() })];
        let relist = Some(world.pods.values().cloned().collect());
        let seen = world.pod_log.len();
        let mut life =
            Self { ctx, queue, due: None, pods_shown: seen, listed: seen, jobs_shown: 0, relist, wakers, asked };
        life.show(Event::Init);
        life.finish_list(); // nothing is decided before all Pods are in view
        life.list_job(&mut world);
        life
    }

    fn list_job(&mut self, world: &mut World) {
        self.jobs_shown = world.job_log.len();
        world.known = world.job_log.last().map_or(0, |c| c.version);
        let job = world.job.as_ref().map(read::<K>);
        if job.is_some() || self.queue.job().is_some() {
            self.queue.set(job);
        }
    }

    fn show(&self, event: Event<Pod>) {
        pod_watch::take_in(event, &self.ctx.pods, &self.wakers, &self.ctx.metrics);
    }

    fn finish_list(&mut self) {
        for pod in self.relist.take().into_iter().flatten() {
            self.show(Event::InitApply(read(&pod)));
        }
        self.show(Event::InitDone);
    }

    /// The next event of the watch of Pods.
    fn next_pod(&mut self, world: &World) {
        let Some(change) = world.pod_log.get(self.pods_shown) else { return };
        self.pods_shown += 1;
        let pod = read(&change.object);
        self.show(if change.gone { Event::Delete(pod) } else { Event::Apply(pod) });
    }

    fn next_job(&mut self, world: &mut World) {
        let Some(change) = world.job_log.get(self.jobs_shown) else { return };
        self.jobs_shown += 1;
        if !change.gone {
            world.known = world.known.max(change.version);
        }
        self.queue.set((!change.gone).then(|| read(&change.object)));
    }
}

impl<K: Managed> Controller<K> {
    pub fn new(world: Arc<Mutex<World>>, settings: Settings) -> Self {
        let metrics = Metrics::default();
        let life = Life::begin(&world, &settings, &metrics);
        Self { world, life, number: 0, settings, metrics }
    }

    /// The watches show what they have, some of it late, twice, or as a new list.
    pub fn watch(&mut self) {
        let mut world = lock(&self.world);
        let life = &mut self.life;
        if life.relist.is_some() {
            if world.dice.one_in(2) {
                life.finish_list();
            }
        } else if world.dice.one_in(12) {
            world.tell("watch of Pods: 410 Gone, listed again");
            life.relist = Some(world.pods.values().cloned().collect());
            (life.pods_shown, life.listed) = (world.pod_log.len(), world.pod_log.len());
            life.show(Event::Init);
        } else if world.dice.one_in(8) {
            let back = world.dice.roll(4) as usize;
            life.pods_shown = life.pods_shown.saturating_sub(back).max(life.listed); // some events come again
        } else {
            for _ in 0..world.dice.roll(6) {
                life.next_pod(&world);
            }
        }
        match world.dice.roll(12) {
            0 => life.list_job(&mut world),
            1..=4 => {}
            _ => life.next_job(&mut world),
        }
    }

    /// The watches show everything.
    pub fn catch_up(&mut self) {
        let mut world = lock(&self.world);
        let life = &mut self.life;
        if life.relist.is_some() {
            life.finish_list();
        }
        while life.pods_shown < world.pod_log.len() {
            life.next_pod(&world);
        }
        while life.jobs_shown < world.job_log.len() {
            life.next_job(&mut world);
        }
    }

    /// Reconciles, if it was woken or wanted to look again by now. Whether it did.
    pub async fn work(&mut self) -> bool {
        while self.life.asked.try_recv().is_ok() {
            self.life.queue.woken.store(true, Ordering::SeqCst);
        }
        let is_over = |at: &Instant| *at <= Instant::now();
        let later = self.life.queue.later.lock().expect("not poisoned").take_if(|at| is_over(at)).is_some();
        let due = later || self.life.due.as_ref().is_some_and(is_over);
        if !self.life.queue.woken.swap(false, Ordering::SeqCst) && !due {
            return false;
        }
        self.life.due = None;
        let Some(job) = self.life.queue.job() else {
            Orphans::release(&self.life.ctx, key());
            self.settle().await;
            return true;
        };
        let killed = lock(&self.world).faults.killed.clone();
        let ctx = self.life.ctx.clone();
        let watched = Arc::new(DeserializeGuard(Ok(job)));
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
        self.life.due = wait(&action).map(|wait| Instant::now() + wait);
        true
    }

    /// Lets tasks beside the queue go on; a kill may hit one of them.
    pub async fn settle(&mut self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.survive().await;
    }

    /// A kill that hit while nothing was reconciled.
    pub async fn survive(&mut self) {
        let (life, killed): (u32, Arc<Notify>) = {
            let world = lock(&self.world);
            (world.faults.life, world.faults.killed.clone())
        };
        if life != self.number {
            killed.notified().await;
            self.begin_anew();
        }
    }

    fn begin_anew(&mut self) {
        self.number = lock(&self.world).faults.life;
        self.life = Life::begin(&self.world, &self.settings, &self.metrics);
    }
}

/// kube tells no way to read it but this.
fn wait(action: &Action) -> Option<Duration> {
    let text = format!("{action:?}");
    let text = text.split_once("Some(")?.1.trim_end_matches([' ', '}', ')']);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
    let scale = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        _ => 1e-9,
    };
    Some(Duration::from_secs_f64(number * scale) + Duration::from_millis(1))
}
