//! The real shell of schedules in this world: its views are fed by watches that lag, and its life may end at any call.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;
use kube::runtime::watcher::Event;
use serde_json::Value;
use sidecarjob::api::SidecarCronJob;
use sidecarjob::controller::error::Error;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::object::Key;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::schedules::reconcile::{on_error, reconcile};
use sidecarjob::controller::watched::Watched;

use crate::cluster::{CRONS, NAME, RUNS, World};
use crate::tenant::is_labelled;
use crate::world::queue::Turn;
use crate::world::server::{self, lock};
use crate::world::store::{NAMESPACE, uid};
use crate::world::watch::{self, Watch};

/// One life of the controller after the other.
pub struct Controller {
    world: Arc<Mutex<World>>,
    life: Life,
}

/// What is lost when it is killed.
struct Life {
    number: u32,
    ctx: Arc<Schedules>,
    turn: Turn,
    /// The watch of the schedule, and what it has shown.
    crons: Watch,
    cron: Option<SidecarCronJob>,
    runs: Watch,
    /// UIDs of the runs that the watch shows by their label.
    selected: HashSet<String>,
}

fn key() -> Key {
    (NAMESPACE.into(), NAME.into())
}

/// Another schedule, whose time comes at the same time.
fn neighbour() -> Key {
    (NAMESPACE.into(), "neighbour".into())
}

impl Life {
    /// It starts, lists everything, and goes on from there.
    fn begin(shared: &Arc<Mutex<World>>) -> Self {
        let mut world = lock(shared);
        let number = world.faults.life;
        let client = server::client(shared, number, Duration::ZERO);
        let (events, _) = Events::start(client.clone());
        let ctx = Schedules::at(client, events, world.clock.of_controller());
        let (runs, first) = Watch::repeating(RUNS, &world.store);
        let (crons, _) = Watch::begin(CRONS, &world.store);
        let mut life = Self { number, ctx, turn: Turn::default(), crons, cron: None, runs, selected: HashSet::new() };
        life.show_run(&mut world, first);
        life.show_all(&mut world);
        life
    }

    fn show_all(&mut self, world: &mut World) {
        let (runs, crons) = (self.runs.all(&world.store), self.crons.all(&world.store));
        runs.into_iter().for_each(|event| self.show_run(world, event));
        crons.into_iter().for_each(|event| self.show_cron(event));
    }

    /// The watches show what they have, some of it late, twice, or as a new list.
    fn show_some(&mut self, world: &mut World) {
        let hidden: Vec<String> = self.runs.unshown(&world.store).iter().map(|c| uid(&c.object).to_owned()).collect();
        let runs = self.runs.some(&world.store, &mut world.dice);
        if matches!(runs[..], [Event::Init]) {
            world.tell("watch of runs: 410 Gone, listed again");
            hidden.iter().for_each(|uid| world.books.hide(uid));
        }
        runs.into_iter().for_each(|event| self.show_run(world, event));
        let crons = self.crons.some(&world.store, &mut world.dice);
        crons.into_iter().for_each(|event| self.show_cron(event));
    }

    /// What a watch by the label shows: that a run went, also where it only lost its label.
    fn by_label(&mut self, event: Event<Value>) -> Option<Event<Value>> {
        let (Event::Apply(run) | Event::InitApply(run) | Event::Delete(run)) = &event else { return Some(event) };
        let labels = is_labelled(&run["metadata"]["labels"]);
        if labels && !matches!(event, Event::Delete(_)) {
            self.selected.insert(uid(run).to_owned());
            return Some(event);
        }
        let was_shown = self.selected.remove(uid(run));
        match event {
            Event::Apply(run) | Event::Delete(run) if was_shown || labels => Some(Event::Delete(run)),
            _ => None,
        }
    }

    fn show_run(&mut self, world: &mut World, event: Event<Value>) {
        let Some(event) = self.by_label(event) else { return };
        if let Event::Apply(run) | Event::InitApply(run) = &event {
            world.books.saw(self.number, run);
        }
        let event = watch::read(event, |run| {
            Watched::from(serde_json::from_value::<sidecarjob::api::SidecarJob>(run).expect("a SidecarJob"))
        });
        if self.ctx.runs.observe(event).contains(&key()) {
            self.turn.wake();
        }
    }

    /// As kube's store and queue do: what is deleted wakes nobody.
    fn show_cron(&mut self, event: Event<Value>) {
        let event =
            watch::read(event, |cron| serde_json::from_value::<SidecarCronJob>(cron).expect("a SidecarCronJob"));
        let is_news = self.ctx.memory.view_took_in(&event);
        match event {
            Event::Apply(cron) | Event::InitApply(cron) => {
                self.cron = Some(cron);
                if is_news {
                    self.turn.wake();
                }
            }
            Event::Delete(_) => self.cron = None,
            Event::Init | Event::InitDone => {}
        }
    }
}

/// Whether the controller lives on.
#[derive(PartialEq)]
enum Lives {
    Yes,
    No,
}

impl Life {
    fn takes_turn(&mut self, world: &Mutex<World>) -> bool {
        while let Some(released) = self.ctx.rush.released().now_or_never() {
            if released == key() {
                self.turn.wake();
            }
        }
        let mut world = lock(world);
        let turn = self.turn.take();
        if turn && world.faults.meanwhile > 0 && world.dice.one_in(5) {
            let before = world.clock.now() - TimeDelta::seconds(1);
            self.ctx.rush.expect(&neighbour(), Some(before)); // statuses wait for its start
        }
        turn
    }

    async fn reconcile(&mut self, world: &Mutex<World>) -> Lives {
        let ctx = self.ctx.clone();
        let Some(cron) = self.cron.clone() else {
            ctx.forget(&key());
            return Lives::Yes;
        };
        let killed = lock(world).faults.killed.clone();
        let watched = Arc::new(Watched::from(cron));
        let result = tokio::select! {
            biased;
            () = killed.notified() => return Lives::No,
            result = reconcile(watched.clone(), ctx.clone()) => result,
        };
        let action = match result {
            Ok(action) => action,
            Err(error) => {
                lock(world).tell(format!("controller: {error}"));
                lock(world).must(!matches!(error, Error::NotQuiet(_)), &error);
                on_error(watched, &error, ctx)
            }
        };
        self.turn.next(&action);
        // What goes on beside the queue comes to rest: events are sent.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Lives::Yes
    }
}

impl Controller {
    pub fn new(world: Arc<Mutex<World>>) -> Self {
        let life = Life::begin(&world);
        Self { world, life }
    }

    /// It is to look at the schedule, whether anything happened or not.
    pub fn wake(&mut self) {
        self.life.turn.wake();
    }

    /// The watches show something.
    pub fn watch(&mut self) {
        let mut world = lock(&self.world);
        self.life.show_some(&mut world);
        if world.dice.one_in(4) {
            self.life.turn.wake();
        }
        if world.dice.one_in(2) {
            self.life.ctx.rush.looked_at(&neighbour(), world.clock.now());
        }
    }

    /// The watches show everything, and no other schedule is due.
    pub fn catch_up(&mut self) {
        let mut world = lock(&self.world);
        self.life.show_all(&mut world);
        self.life.ctx.rush.looked_at(&neighbour(), world.clock.now());
    }

    /// Reconciles, if it was woken or wanted to look again by now. Whether it did.
    pub async fn work(&mut self) -> bool {
        let turn = self.life.takes_turn(&self.world);
        if turn && self.life.reconcile(&self.world).await == Lives::No {
            self.begin_anew();
        }
        turn
    }

    /// A new one starts; the old one is gone.
    pub fn begin_anew(&mut self) {
        {
            let mut world = lock(&self.world);
            world.faults.life = world.faults.life.max(self.life.number + 1);
        }
        self.life = Life::begin(&self.world);
    }

    /// A new leader. The old one may write once more, from what it had in view.
    pub async fn is_replaced(&mut self) {
        let number = self.life.number;
        lock(&self.world).faults.life = number + 1;
        let new = Life::begin(&self.world);
        let overlaps = { lock(&self.world).overlaps };
        if overlaps && lock(&self.world).dice.one_in(2) {
            {
                let mut world = lock(&self.world);
                world.tell("a controller that does not lead any more writes");
                (world.zombie, world.overlapped, world.faults.life) = (true, true, number);
            }
            self.life.reconcile(&self.world).await;
        }
        self.life = new;
        let mut world = lock(&self.world);
        (world.zombie, world.faults.life) = (false, number + 1);
    }

    /// Nothing is to be done before another time comes.
    pub fn is_quiet(&self) -> bool {
        let world = lock(&self.world);
        let now = world.clock.now();
        let waits = self.life.ctx.memory.refusal(&key(), now).is_some_and(|refusal| refusal.retry_at > now);
        !waits && self.life.runs.is_at_the_end(&world.store) && self.life.crons.is_at_the_end(&world.store)
    }

    /// How long until it wants to look again.
    pub fn rest(&self) -> Option<Duration> {
        self.life.turn.rest()
    }
}
