//! Who is reconciled next? One queue for each kind, fed by the watch of its objects and by the news of Pods.
//!
//! Objects that another controller manages are dropped where the watch delivers them: they cost no memory and no wake-up.
//! How namespaces share the reconciles is `turns`' part.

use std::collections::HashSet;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, future};
use kube::runtime::WatchStreamExt;
use kube::runtime::controller::{self, Controller, Error as QueueError};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher;
use kube::runtime::watcher::Event;
use kube::{Api, Resource, ResourceExt};
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::api::{Kind, labels};
use crate::controller::context::Context;
use crate::controller::error::{Error, Fatal};
use crate::controller::managed::Managed;
use crate::controller::object::{Key, key};
use crate::controller::orphans;
use crate::controller::reconcile::{on_error, reconcile};
use crate::controller::turns::Turns;
use crate::controller::views::pods::news::Urgency;
use crate::controller::watched::Watched;
use crate::controller::wire::watch::watch as watch_objects;
use crate::telemetry::Metrics;

/// One kind's queue as the watch of Pods sees it.
pub trait Wake: Send + Sync {
    /// Whose queue it is.
    fn kind(&self) -> Kind;
    /// That run is in view.
    fn knows(&self, key: &Key) -> bool;
    /// Reconcile that run, as soon as the urgency says.
    fn wake(&self, key: &Key, urgency: Urgency);
    /// Remove the finalizers from the Pods of that namespace that no run owns or selects.
    fn release_strays(&self, namespace: String);
}

/// The queue's ends: what wakes it, and what it has in view.
pub struct Queue<K: Managed> {
    ctx: Arc<Context<K>>,
    store: Store<Watched<K>>,
    writer: reflector::store::Writer<Watched<K>>,
    wake: mpsc::UnboundedSender<Key>,
    woken: mpsc::UnboundedReceiver<Key>,
}

/// Wakes a queue.
pub struct Waker<K: Managed> {
    ctx: Arc<Context<K>>,
    store: Store<Watched<K>>,
    wake: mpsc::UnboundedSender<Key>,
    /// Those that will be woken anyway.
    later: Arc<Mutex<HashSet<Key>>>,
}

/// A queue, and what wakes it.
pub fn queue<K: Managed>(
    ctx: Arc<Context<K>>,
    (wake, woken): (mpsc::UnboundedSender<Key>, mpsc::UnboundedReceiver<Key>),
) -> (Queue<K>, Waker<K>) {
    let (store, writer) = reflector::store();
    let queue = Queue { ctx: ctx.clone(), store: store.clone(), writer, wake: wake.clone(), woken };
    (queue, Waker { ctx, store, wake, later: Arc::default() })
}

impl<K: Managed> Wake for Waker<K> {
    fn kind(&self) -> Kind {
        K::KIND
    }

    fn knows(&self, key: &Key) -> bool {
        self.store.get(&reference(key)).is_some()
    }

    fn wake(&self, key: &Key, urgency: Urgency) {
        if urgency == Urgency::Hold {
            self.ctx.memory.vanished(key, self.ctx.now());
        }
        if urgency == Urgency::Now {
            let _ = self.wake.send(key.clone());
        } else {
            self.wake_later(key);
        }
    }

    fn release_strays(&self, namespace: String) {
        orphans::release_strays(&self.ctx, namespace);
    }
}

impl<K: Managed> Waker<K> {
    fn wake_later(&self, key: &Key) {
        if !self.later.lock().insert(key.clone()) {
            return;
        }
        let (later, wake, key) = (self.later.clone(), self.wake.clone(), key.clone());
        let period = self.ctx.batch_period.to_std().unwrap_or_default();
        tokio::spawn(async move {
            tokio::time::sleep(period).await;
            later.lock().remove(&key);
            let _ = wake.send(key);
        });
    }
}

impl<K: Managed> Queue<K> {
    /// What stands in for `run` in tests needs these: the view, where a watch writes into it, and who is woken.
    pub fn into_parts(self) -> (Store<Watched<K>>, reflector::store::Writer<Watched<K>>, mpsc::UnboundedReceiver<Key>) {
        (self.store, self.writer, self.woken)
    }

    /// What the queue has at hand, and its view.
    pub fn in_view(&self) -> (Arc<Context<K>>, Store<Watched<K>>) {
        (self.ctx.clone(), self.store.clone())
    }

    /// Works until it is told to stop, and ends what is under way.
    /// `clock` has an item whenever the clock was set: each run is looked at anew.
    pub async fn run(
        self,
        api: Api<Watched<K>>,
        clock: impl Stream<Item = ()> + Send + Sync + 'static,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Fatal> {
        let mut others = Others::new(self.ctx.metrics.clone());
        let ctx = self.ctx.clone();
        let objects = watch_objects(api, None)
            .filter_map(move |event| future::ready(event.map(|event| others.drop_from(event)).transpose()))
            .reflect(self.writer)
            .try_filter(move |event| future::ready(ctx.memory.view_took_in(event)))
            .touched_objects();
        let turns = self.ctx.turns.clone();
        let stopped_early = stopped_before_the_first_list(self.store.clone(), stop.clone());
        let work = Controller::for_stream(objects, self.store)
            .with_config(controller::Config::default().concurrency(turns.slots()))
            .reconcile_on(references(self.woken))
            .reconcile_all_on(clock)
            .graceful_shutdown_on(stopped(stop))
            .run(in_turn(turns.clone(), self.wake, reconcile), on_error, self.ctx.clone())
            .map(Ok)
            .try_for_each(|result| {
                let gone = |key| orphans::release(&self.ctx, key);
                future::ready(report(K::KIND.name(), &turns, result, gone))
            });
        tokio::select! {
            ended = work => ended,
            () = stopped_early => Ok(()),
        }
    }
}

/// Reconciles an object in its turn. An object without a turn is left until the queue is woken for it.
pub fn in_turn<O, C, E, F>(
    turns: Turns,
    wake: mpsc::UnboundedSender<Key>,
    reconcile: impl Fn(Arc<O>, Arc<C>) -> F,
) -> impl FnMut(Arc<O>, Arc<C>) -> BoxFuture<'static, Result<controller::Action, E>>
where
    O: Resource,
    E: Send + 'static,
    F: Future<Output = Result<controller::Action, E>> + Send + 'static,
{
    move |object, ctx| match turns.begin(&key(&*object), &wake) {
        None => future::ready(Ok(controller::Action::await_change())).boxed(),
        Some(turn) => reconcile(object, ctx).inspect(move |_| drop(turn)).boxed(),
    }
}

/// The controller of `kube` begins, and so ends, only after its first list; which may never come where the kind is not
/// installed or the API server does not answer.
pub async fn stopped_before_the_first_list<T>(store: Store<T>, stop: watch::Receiver<bool>)
where
    T: reflector::Lookup + Clone + 'static,
    T::DynamicType: Eq + std::hash::Hash + Clone,
{
    stopped(stop).await;
    if store.wait_until_ready().now_or_never().is_some() {
        future::pending::<()>().await; // it has begun: what is under way is ended first
    }
}

/// The objects that another controller manages: dropped, and counted once each.
struct Others {
    uids: HashSet<String>,
    /// Those of a new list that is being read.
    list: Option<HashSet<String>>,
    metrics: Metrics,
}

impl Others {
    fn new(metrics: Metrics) -> Self {
        Self { uids: HashSet::new(), list: None, metrics }
    }

    fn drop_from<K: Managed>(&mut self, event: Event<Watched<K>>) -> Option<Event<Watched<K>>> {
        match event {
            Event::Apply(object) => self.keep(object).map(Event::Apply),
            Event::InitApply(object) => self.keep(object).map(Event::InitApply),
            Event::Delete(object) => {
                let uid = object.uid().unwrap_or_default();
                let kept = self.keep(object);
                self.uids.remove(&uid); // not before: it would look like a new one
                kept.map(Event::Delete)
            }
            Event::Init => {
                self.list = Some(HashSet::new());
                Some(event)
            }
            Event::InitDone => {
                let list = self.list.take().unwrap_or_default();
                self.uids.retain(|uid| list.contains(uid)); // the others are gone, and nobody said so
                Some(event)
            }
        }
    }

    /// Ours; also one that can't be read, so that it is said.
    fn keep<K: Managed>(&mut self, object: Watched<K>) -> Option<Watched<K>> {
        if let Ok(read) = &object.0
            && !read.is_ours()
        {
            let manager = read.manager().filter(|manager| *manager != labels::BUILT_IN_CONTROLLER);
            if let (Some(manager), Some(uid)) = (manager, read.meta().uid.clone())
                && read.meta().deletion_timestamp.is_none()
                && self.is_new(uid)
            {
                self.metrics.managed_by_others(K::KIND, manager);
            }
            return None;
        }
        Some(object)
    }
}

impl Others {
    fn is_new(&mut self, uid: String) -> bool {
        if let Some(list) = &mut self.list {
            list.insert(uid.clone());
        }
        self.uids.insert(uid)
    }
}

/// The object of that name in a queue.
pub fn reference<O: reflector::Lookup<DynamicType = ()>>((namespace, name): &Key) -> ObjectRef<O> {
    ObjectRef::new(name).within(namespace)
}

/// The objects for which a queue is woken.
pub fn references<O: reflector::Lookup<DynamicType = ()>>(
    mut woken: mpsc::UnboundedReceiver<Key>,
) -> impl Stream<Item = ObjectRef<O>> {
    futures::stream::poll_fn(move |cx| woken.poll_recv(cx)).map(|key| reference(&key))
}

/// Until it is told to stop.
pub async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Works as long as the watch that the work rests on goes on.
pub async fn work_with(
    mut watched: JoinHandle<()>,
    of: &'static str,
    work: impl Future<Output = Result<(), Fatal>>,
) -> Result<(), Fatal> {
    tokio::select! {
        ended = work => {
            watched.abort();
            ended
        }
        ended = &mut watched => Err(Fatal::blind(of, ended)),
    }
}

/// What comes out of a queue.
type Outcome<O> = Result<(ObjectRef<O>, controller::Action), QueueError<Error, watcher::Error>>;

/// What became of a reconcile: errors are logged where they happen, so only the queue's own are left. `gone` is called
/// if there is no such object any more.
pub fn report<O: reflector::Lookup<DynamicType = ()>>(
    kind: &str,
    turns: &Turns,
    result: Outcome<O>,
    gone: impl FnOnce(Key),
) -> Result<(), Fatal> {
    match result {
        Err(QueueError::ReconcilerFailed(error @ Error::WentBack(_), _)) => {
            return Err(Fatal::WentBack(error.to_string()));
        }
        Ok(_) | Err(QueueError::ReconcilerFailed(..)) => {}
        Err(QueueError::ObjectNotFound(object)) => {
            let key: Key = (object.namespace.unwrap_or_default(), object.name);
            debug!(kind, name = format!("{}/{}", key.0, key.1), "gone");
            turns.gone(&key);
            gone(key);
        }
        Err(QueueError::QueueError(error)) => {
            warn!("the watch of {kind}s was interrupted, starting it again: {error}");
        }
        Err(error) => warn!("{error}"),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
