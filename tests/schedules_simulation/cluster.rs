//! What there is: one schedule, its runs, and the clock; and what the API server says to the controller's calls.

use std::fmt::Display;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sidecarjob::api::{SidecarJob, labels};
use sidecarjob::engine::schedule::observed::{Cron, Run};

use crate::books::{Books, Who};
use crate::tenant::Forged;
use crate::world::clock::Clock;
use crate::world::dice::Dice;
use crate::world::faults::Faults;
use crate::world::server::{self, Answer, Call, Parts};
use crate::world::store::{Store, is_true, name, owner};

/// Kinds, as the API server calls them.
pub const CRONS: &str = "sidecarcronjobs";
pub const RUNS: &str = "sidecarjobs";
/// The schedule's name in all histories.
pub const NAME: &str = "c";

pub struct World {
    pub clock: Clock,
    pub dice: Dice,
    pub store: Store,
    pub faults: Faults,
    pub books: Books,
    pub story: Vec<String>,
    /// The first thing that must not be.
    pub broken: Option<String>,
    /// A controller that does not lead any more may write: in half of the histories, so that the bounds of the policies
    /// are looked at in the others from the beginning to the end.
    pub overlaps: bool,
    /// A controller that does not lead any more writes.
    pub zombie: bool,
    /// That has happened: two may have written at once, so the policies' bounds are not looked at any more.
    pub overlapped: bool,
    pub clock_was_set: bool,
    /// The latest that the clock showed before it was set.
    pub latest: DateTime<Utc>,
    /// The schedule's spec.
    pub spec: Value,
    /// A tenant forges what is said of runs, and what was forged.
    pub forges: bool,
    pub forged: Forged,
}

impl World {
    /// With a schedule of chance, and things that go wrong.
    pub fn new(mut dice: Dice) -> Self {
        let spec = spec(&mut dice);
        let mut faults = Faults::default();
        (faults.one_in, faults.meanwhile) = ([0, 8, 15][dice.roll(3) as usize], [0, 3, 10][dice.roll(3) as usize]);
        let overlaps = dice.one_in(2);
        Self { faults, overlaps, ..Self::of(spec, dice) }
    }

    /// With that schedule, and nothing that goes wrong.
    pub fn of(spec: Value, dice: Dice) -> Self {
        let clock = Clock::start();
        let mut world = Self {
            latest: clock.now(),
            overlaps: false,
            clock,
            dice,
            store: Store::default(),
            faults: Faults::default(),
            books: Books::default(),
            story: vec![spec.to_string()],
            broken: None,
            zombie: false,
            overlapped: false,
            clock_was_set: false,
            spec,
            forges: false,
            forged: Forged::default(),
        };
        world.create_cron();
        world
    }

    pub fn create_cron(&mut self) {
        let uid = self.store.new_uid("u");
        let metadata = json!({"name": NAME, "uid": uid, "generation": 1, "creationTimestamp": self.clock.stamp()});
        let (api_version, kind) = ("sidecarjob.dev/v1alpha1", "SidecarCronJob");
        let cron = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": self.spec});
        self.store.put(CRONS, cron);
    }

    // --- story

    pub fn tell(&mut self, what: impl Display) {
        self.story.push(format!("{:>8.1}s {} {what}", self.clock.elapsed(), self.clock.now().format("%H:%M:%S")));
    }

    /// Keeps the first break.
    pub fn must(&mut self, holds: bool, otherwise: impl Display) {
        if !holds && self.broken.is_none() {
            self.tell(format!("BROKEN: {otherwise}"));
            self.broken = Some(otherwise.to_string());
        }
    }

    // --- looks

    /// The schedule.
    pub fn cron(&self) -> Cron {
        read_cron(self.store.get(CRONS, NAME).expect("there is always one"))
    }

    /// The UID of the schedule.
    pub fn uid(&self) -> String {
        crate::world::store::uid(self.store.get(CRONS, NAME).expect("there is always one")).to_owned()
    }

    /// The names of the runs for which that holds.
    pub fn names(&self, holds: impl Fn(&Value) -> bool) -> Vec<String> {
        self.store.all(RUNS).filter(|run| holds(run)).map(|run| name(run).to_owned()).collect()
    }

    pub fn all_is_over(&self) -> bool {
        let (uid, cron) = (self.uid(), self.store.get(CRONS, NAME).expect("there is always one"));
        let queue = cron["status"]["queued"].as_array().is_none_or(Vec::is_empty);
        queue && self.store.all(RUNS).all(|run| has_ended(run) || owner(run) != Some(&uid))
    }

    /// A run goes.
    pub fn bury(&mut self, name: &str, by: Who) {
        if let Some(last) = self.store.remove(RUNS, name) {
            self.books.bury(read_run(&last), owner(&last).unwrap_or_default(), by, self.faults.life);
        }
    }

    // --- the API server

    fn create(&mut self, life: u32, call: &Call) -> Answer {
        let there = self.store.get(RUNS, name(&call.body)).is_some();
        if let Some(refusal) = self.faults.refusal().filter(|_| !there) {
            return refusal;
        }
        let answer = server::answer(&mut self.store, call, &self.clock.stamp());
        if answer.0 == 201 {
            let of = owner(&answer.1).unwrap_or_default().to_owned();
            self.check_create(life, &read_run(&answer.1), &of);
        }
        answer
    }

    fn delete(&mut self, life: u32, call: &Call) -> Answer {
        let stored = self.store.get(RUNS, &call.name).cloned();
        let answer = server::answer(&mut self.store, call, &self.clock.stamp());
        if let Some(wire) = stored.filter(|_| answer.0 == 200) {
            let run = read_run(&wire);
            self.check_delete(&run);
            self.books.bury(run, owner(&wire).unwrap_or_default(), Who::Controller, life);
        }
        answer
    }

    fn write_status(&mut self, call: &Call) -> Answer {
        let before = self.cron();
        let answer = server::answer(&mut self.store, call, &self.clock.stamp());
        if answer.0 == 200 {
            self.check_status(&before, &call.body["status"]);
        }
        answer
    }
}

impl server::World for World {
    fn parts(&mut self) -> Parts<'_> {
        Parts { store: &mut self.store, faults: &mut self.faults, dice: &mut self.dice }
    }

    fn tell(&mut self, what: String) {
        self.tell(what);
    }

    fn answer(&mut self, life: u32, call: &Call) -> Answer {
        match (call.method.as_str(), call.kind.as_str(), call.part.as_str()) {
            ("POST", "events", "") => self.check_told(life, &call.body),
            ("POST", RUNS, "") => return self.create(life, call),
            ("DELETE", RUNS, "") => return self.delete(life, call),
            ("PUT", CRONS, "status") => return self.write_status(call),
            ("GET", RUNS, "") | ("PATCH", "events", "") => {}
            ("GET", CRONS, "") if call.name == NAME => {} // after some conflicts in a row
            _ => self.must(false, format!("a call that was never thought of: {} {}", call.method, call.path)),
        }
        server::answer(&mut self.store, call, &self.clock.stamp())
    }

    fn meanwhile(&mut self) {
        match self.dice.roll(3) {
            0 => self.somebody(),
            _ => self.run_goes_on(),
        }
    }

    fn delivered(&mut self, life: u32, call: &Call, (code, body): &Answer) {
        if call.kind == RUNS && *code < 300 && body["kind"] == "SidecarJob" {
            self.books.saw(life, body);
        }
    }
}

pub fn read_cron(wire: &Value) -> Cron {
    let typed = serde_json::from_value(wire.clone()).expect("a SidecarCronJob");
    Cron::from_wire(Arc::new(typed)).expect("from a server")
}

pub fn read_run(wire: &Value) -> Run {
    let typed: SidecarJob = serde_json::from_value(wire.clone()).expect("a SidecarJob");
    Run::from_wire(&typed).expect("from a server")
}

pub fn has_ended(run: &Value) -> bool {
    is_true(run, "Complete") || is_true(run, "Failed")
}

/// Somebody started it.
pub fn is_manual(run: &Value) -> bool {
    run["metadata"]["annotations"][labels::INSTANTIATE].is_string()
}

fn spec(dice: &mut Dice) -> Value {
    let schedules = ["* * * * *", "*/5 * * * *", "0 * * * *", "@every 7m", "*/3 1-2 * * *"];
    let policy = ["Allow", "Forbid", "Replace", "Queue"][dice.roll(4) as usize];
    let schedule = schedules[dice.roll(5) as usize];
    let mut spec = json!({
        "schedule": schedule, "jobTemplate": {"spec": {"template": {}}},
        "concurrencyPolicy": policy,
        "successfulJobsHistoryLimit": dice.roll(3), "failedJobsHistoryLimit": dice.roll(2)
    });
    if dice.one_in(3) && policy != "Replace" {
        (spec["catchUp"], spec["catchUpLimit"]) = (json!("All"), json!(1 + dice.roll(20)));
    }
    if policy == "Queue" {
        spec["queueLimit"] = json!(1 + dice.roll(4));
    }
    if dice.one_in(4) {
        spec["startingDeadlineSeconds"] = json!(dice.roll(600));
    }
    if dice.one_in(4) {
        spec["jitterSeconds"] = json!(300);
    }
    if dice.one_in(4) {
        spec["ttlSecondsAfterSuccess"] = json!(dice.roll(300));
    }
    spec
}
