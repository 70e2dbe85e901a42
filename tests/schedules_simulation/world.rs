//! The API server, the users, the runs and the clock; and what must hold at each write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sidecarjob::api::sidecarcronjob::ConcurrencyPolicy;
use sidecarjob::api::{backfilled, scheduled_run};
use sidecarjob::engine::plan::Event;
use sidecarjob::engine::schedule::observed::status::Status;
use sidecarjob::engine::schedule::observed::{Cron, Run};

use crate::dice::Dice;

const BEGIN: i64 = 1_767_225_600;

pub enum Created {
    Run(Run, u64),
    NotOurs,
}

/// A run that is gone.
struct Grave {
    /// As it was last.
    run: Run,
    owner: String,
    by: Who,
    /// How many controllers there had been.
    life: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    User,
    Controller,
    /// Its own time to live was over.
    Itself,
}

pub struct World {
    pub now: DateTime<Utc>,
    pub cron: (Cron, u64),
    /// By name: the run, its version and its owner's UID.
    pub runs: BTreeMap<String, (Run, u64, String)>,
    pub writes: u32,
    pub created: u32,
    pub story: Vec<String>,
    /// A controller that does not lead any more writes.
    pub zombie: bool,
    /// That has happened: two may have written at once, so the policies' bounds are not looked at any more.
    pub overlapped: bool,
    /// A controller was killed on its way.
    pub killed: bool,
    /// Which controller writes: each that lists anew is another.
    pub life: u32,
    spec: Value,
    version: u64,
    /// Every time that ever ran, by the object's UID, and which controller started it.
    ran: BTreeMap<(String, DateTime<Utc>), u32>,
    /// Those of them that a user deleted before the status knew of the run: nothing in the cluster tells that they ran.
    untold: BTreeSet<(String, DateTime<Utc>)>,
    /// How many there ever were.
    all_untold: usize,
    /// Those that a user deleted.
    deleted: BTreeSet<(String, DateTime<Utc>)>,
    /// Runs that are gone, in that order.
    graves: Vec<Grave>,
    /// Times that a backfill started, by the object's UID.
    backfilled: BTreeSet<(String, DateTime<Utc>)>,
    clock_was_set: bool,
    /// How many runs it started.
    pub backfills: u32,
    /// How often one of these ran again.
    pub again: u32,
    /// The latest that the clock ever showed.
    latest: DateTime<Utc>,
}

fn cron(spec: &Value, uid: &str, now: DateTime<Utc>) -> Cron {
    let wire = json!({
        "metadata": {"name": "c", "namespace": "ns", "uid": uid, "generation": 1, "creationTimestamp": now.to_rfc3339()},
        "spec": spec
    });
    Cron::from_wire(Arc::new(serde_json::from_value(wire).expect("a SidecarCronJob"))).expect("from a server")
}

impl World {
    pub fn new(dice: &mut Dice) -> Self {
        let schedules = ["* * * * *", "*/5 * * * *", "0 * * * *", "@every 7m", "*/3 1-2 * * *"];
        let policy = ["Allow", "Forbid", "Replace", "Queue"][dice.roll(4) as usize];
        let schedule = schedules[dice.roll(5) as usize];
        let mut spec = json!({
            "schedule": schedule, "jobTemplate": {"spec": {"template": {}}},
            "concurrencyPolicy": policy,
            "successfulJobsHistoryLimit": dice.roll(3), "failedJobsHistoryLimit": dice.roll(2)
        });
        if dice.one_in(3) && spec["concurrencyPolicy"] != "Replace" {
            (spec["catchUp"], spec["catchUpLimit"]) = (json!("All"), json!(1 + dice.roll(20)));
        }
        if spec["concurrencyPolicy"] == "Queue" {
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
        let now = DateTime::from_timestamp(BEGIN, 0).expect("a time");
        Self {
            now,
            cron: (cron(&spec, "u1", now), 1),
            runs: BTreeMap::new(),
            writes: 0,
            created: 0,
            story: vec![spec.to_string()],
            zombie: false,
            overlapped: false,
            killed: false,
            life: 0,
            spec,
            version: 1,
            ran: BTreeMap::new(),
            untold: BTreeSet::new(),
            all_untold: 0,
            deleted: BTreeSet::new(),
            graves: Vec::new(),
            clock_was_set: false,
            backfills: 0,
            backfilled: BTreeSet::new(),
            again: 0,
            latest: now,
        }
    }

    pub fn tell(&mut self, what: impl std::fmt::Display) {
        self.story.push(format!("{:>6}s {what}", (self.now.timestamp() - BEGIN)));
    }

    pub fn pass(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        self.latest = self.latest.max(self.now);
    }

    /// Forward or back, by up to an hour; now and then only, or nothing else would be looked at.
    pub fn set_clock(&mut self, dice: &mut Dice) {
        if dice.one_in(10) {
            self.clock_was_set = true;
            let step = i64::from(dice.roll(7_200)) - 3_600;
            self.pass(step);
            self.tell(format!("the clock was set by {step}s"));
        }
    }

    // --- the API server

    pub fn create(&mut self, owner: &str, at: DateTime<Utc>) -> Created {
        self.writes += 1;
        let name = scheduled_run::name("c", at);
        if let Some((run, version, of)) = self.runs.get(&name) {
            return if of == owner { Created::Run(run.clone(), *version) } else { Created::NotOurs };
        }
        let zombie = if self.zombie { " by a controller that does not lead any more" } else { "" };
        self.tell(format!("created {} for {}{zombie}", name, at.format("%H:%M:%S")));
        self.check_once((owner.to_owned(), at));
        assert!(at <= self.latest, "{at} runs before its time");
        let known = backfilled::contains(&self.cron.0.status.backfilled, at) && self.cron.0.uid == owner;
        assert!(!known || self.zombie || self.overlapped, "{at} ran already, since somebody asked for it");
        let active = |run: &Run| run.ended.is_none() && !run.manual;
        let busy = self.runs.values().filter(|(run, _, of)| active(run) && of == owner).count();
        let alone = self.cron.0.spec.concurrency != ConcurrencyPolicy::Allow;
        assert!(!alone || busy == 0 || self.zombie || self.overlapped, "{busy} are active and one more starts");
        self.created += 1;
        let (run, version) = self.insert(name, at, false, owner);
        Created::Run(run, version)
    }

    fn insert(&mut self, name: String, at: DateTime<Utc>, manual: bool, owner: &str) -> (Run, u64) {
        self.version += 1;
        let run = Run {
            uid: format!("{name}-{}", self.version),
            name: name.clone(),
            scheduled: Some(at),
            manual,
            started_at: Some(self.now),
            ended: None,
            deleting: false,
        };
        self.runs.insert(name, (run.clone(), self.version, owner.into()));
        (run, self.version)
    }

    /// No time runs twice, however the clock is set. The one exception that is known: a user deleted its run, and the
    /// controller that starts it again can't know of it. Either the status did not know yet when the one that had started
    /// it was killed; or two write at once, one of which does not lead any more, and do not see yet what the other did.
    fn check_once(&mut self, time: (String, DateTime<Utc>)) {
        if let Some(life) = self.ran.insert(time.clone(), self.life) {
            let nobody_knows = life != self.life && self.untold.remove(&time);
            let two_at_once = self.overlapped || self.zombie;
            let unseen = two_at_once && life != self.life && self.deleted.contains(&time);
            assert!(nobody_knows || unseen, "{} runs a second time", time.1);
            self.again += 1;
        }
    }

    pub fn delete(&mut self, uid: &str) {
        self.writes += 1;
        self.tell(format!("deleted {uid}"));
        let ended = self.runs.values().find(|(run, ..)| run.uid == uid).is_none_or(|(run, ..)| run.ended.is_some());
        let replaces = self.cron.0.spec.concurrency == ConcurrencyPolicy::Replace;
        assert!(ended || replaces, "a run that is not finished is deleted");
        self.bury(uid, Who::Controller);
    }

    fn bury(&mut self, uid: &str, by: Who) {
        let name = self.runs.values().find(|(run, ..)| run.uid == uid).map(|(run, ..)| run.name.clone());
        if let Some((run, _, owner)) = name.and_then(|name| self.runs.remove(&name)) {
            self.graves.push(Grave { run, owner, by, life: self.life });
        }
    }

    /// The last state of a run that is gone.
    pub fn last_state(&self, uid: &str) -> Option<&Run> {
        self.graves.iter().find(|grave| grave.run.uid == uid).map(|grave| &grave.run)
    }

    /// What people are told of runs that are gone: that one is missing only if somebody deleted it. A controller that did
    /// not see it go can't always tell: the one before it was killed between the deed and the status.
    pub fn told(&self, event: &Event) {
        let Some(name) = event.note.strip_prefix("Active job went missing: ") else { return };
        let (uid, spec) = (&self.cron.0.uid, &self.cron.0.spec);
        let mut graves = self.graves.iter().rev();
        let grave = graves.find(|grave| grave.run.name == name && grave.owner == *uid).expect("it is gone");
        if grave.by == Who::User || self.overlapped {
            return;
        }
        assert!(grave.life != self.life, "{name} is told as missing and went by: {:?}", grave.by);
        let due_again = !spec.suspend && spec.deadline.is_none() && !self.clock_was_set;
        assert!(grave.by != Who::Controller || !due_again, "{name} is told as missing and was replaced");
    }

    /// What was stored; nothing if it is a conflict.
    pub fn write_status(&mut self, uid: &str, status: Status, version: u64) -> Option<(Cron, u64)> {
        self.writes += 1;
        if version != self.cron.1 || uid != self.cron.0.uid {
            self.tell("status: conflict");
            return None;
        }
        let stored = Status::from_wire(&status.to_wire("ns"));
        assert_eq!(stored, status, "the wire keeps all of it");
        let old = &self.cron.0.status;
        assert!(stored.last_schedule >= old.last_schedule, "the last scheduled time goes back");
        assert!(stored.missed >= old.missed && stored.recent.len() <= 10);
        assert!(stored.queued.len() <= self.cron.0.spec.queue_limit, "the queue is too long");
        let (last, missed) = (stored.last_schedule.map(|at| at.format("%H:%M:%S").to_string()), stored.missed);
        self.tell(format!("status: last {last:?}, missed {missed}, active {}", stored.active.len()));
        self.version += 1;
        (self.cron.0.status, self.cron.1) = (stored, self.version);
        Some(self.cron.clone())
    }

    // --- the others

    pub fn finish_one(&mut self, dice: &mut Dice) {
        let names: Vec<String> =
            self.runs.iter().filter(|(_, r)| r.0.ended.is_none()).map(|(n, _)| n.clone()).collect();
        if let Some(name) = dice.pick(&names).cloned() {
            self.finish(&name, !dice.one_in(3));
        }
    }

    pub fn finish_all(&mut self) {
        self.pass(1);
        for name in self.runs.keys().cloned().collect::<Vec<_>>() {
            if self.runs[&name].0.ended.is_none() {
                self.finish(&name, true);
            }
        }
    }

    fn finish(&mut self, name: &str, success: bool) {
        self.tell(format!("{name} ends, success: {success}"));
        self.version += 1;
        if let Some((run, version, _)) = self.runs.get_mut(name) {
            (run.ended, *version) = (Some((success, self.now)), self.version);
        }
    }

    pub fn user(&mut self, dice: &mut Dice) {
        match dice.roll(11) {
            0..=4 => {
                let suspend = !self.cron.0.spec.suspend;
                self.spec["suspend"] = json!(suspend);
                self.tell(format!("suspend: {suspend}"));
                self.change();
                if dice.one_in(4) {
                    self.pass(30 * 86_400 / 50); // a good while
                }
            }
            5 => self.recreate(),
            6..=7 => self.backfill(dice),
            8 => self.own_ttl(dice),
            _ => {
                let uids: Vec<String> = self.runs.values().map(|r| r.0.uid.clone()).collect();
                if let Some(uid) = dice.pick(&uids).cloned() {
                    self.user_deletes(&uid);
                }
            }
        }
    }

    fn user_deletes(&mut self, uid: &str) {
        self.tell(format!("a user deletes {uid}"));
        self.remember(uid);
        self.bury(uid, Who::User);
    }

    /// It goes, and not by the controller: may its time run again?
    fn remember(&mut self, uid: &str) {
        let status = &self.cron.0.status;
        for (run, _, owner) in self.runs.values().filter(|r| r.0.uid == uid && !r.0.manual) {
            let at = run.scheduled.expect("all are scheduled");
            let told = status.active.iter().any(|active| active.uid == uid)
                || status.recent.iter().any(|recent| recent.name == run.name)
                || (status.last_schedule >= Some(at) && !status.queued.contains(&at));
            if !told {
                self.untold.insert((owner.clone(), at));
                self.all_untold += 1;
            }
            self.deleted.insert((owner.clone(), at));
        }
    }

    /// As `sidecarjob cron backfill` does it, which is interrupted and repeated all the time: times of the last two hours,
    /// the oldest that the record does not have first.
    fn backfill(&mut self, dice: &mut Dice) {
        let cron = &self.cron.0;
        let from = self.now - TimeDelta::hours(2);
        let times = cron.spec.times.as_ref().expect("a schedule").pending(from, self.now, 100).latest;
        let asked = |at: &DateTime<Utc>| !backfilled::contains(&cron.status.backfilled, *at);
        let times: Vec<_> = times.into_iter().filter(asked).take(dice.roll(4) as usize).collect();
        for at in times {
            let name = scheduled_run::name("c", at);
            if self.runs.contains_key(&name) {
                continue; // it is there already, and waited for
            }
            self.tell(format!("a backfill starts {name}"));
            let uid = self.cron.0.uid.clone();
            let of_it = |grave: &&Grave| grave.run.name == name && grave.run.manual && grave.owner == uid;
            let by_history = self.graves.iter().rev().find(of_it).is_some_and(|grave| grave.by == Who::Controller);
            let twice = !self.backfilled.insert((uid.clone(), at));
            assert!(!(twice && by_history), "{at} is backfilled a second time, and its run went with the history");
            self.backfills += 1;
            self.insert(name, at, true, &uid);
        }
    }

    /// A run that has ended goes by its own `ttlSecondsAfterFinished`.
    fn own_ttl(&mut self, dice: &mut Dice) {
        let ended = self.runs.values().filter(|(run, ..)| run.ended.is_some());
        let uids: Vec<String> = ended.map(|(run, ..)| run.uid.clone()).collect();
        if let Some(uid) = dice.pick(&uids).cloned() {
            self.tell(format!("{uid} goes by its own time to live"));
            self.remember(&uid);
            self.bury(&uid, Who::Itself);
        }
    }

    fn change(&mut self) {
        self.version += 1;
        let old = self.cron.0.clone();
        let mut new = cron(&self.spec, &old.uid, old.created_at);
        (new.status, new.generation) = (old.status, old.generation + 1);
        self.cron = (new, self.version);
    }

    /// Under the same name; the runs of the old one are collected later, if ever.
    fn recreate(&mut self) {
        self.version += 1;
        self.tell("deleted and created anew");
        self.cron = (cron(&self.spec, &format!("u{}", self.version), self.now), self.version);
    }

    pub fn calm(&mut self) {
        self.tell("calm");
        self.spec["suspend"] = json!(false);
        self.change();
        let uid = self.cron.0.uid.clone();
        self.runs.retain(|_, (_, _, of)| *of == uid); // what a deleted owner left is collected
        let last = self.cron.0.status.last_schedule;
        self.pass((last.unwrap_or(self.now) - self.now).num_seconds().max(0)); // the clock is right again
    }

    pub fn all_finished(&self) -> bool {
        self.runs.values().all(|(run, _, of)| run.ended.is_some() || *of != self.cron.0.uid)
    }

    pub fn queue_is_empty(&self) -> bool {
        self.cron.0.status.queued.is_empty()
    }

    /// Every time ran or is counted as missed.
    pub fn check(&self) {
        let (cron, status) = (&self.cron.0, &self.cron.0.status);
        let times = cron.spec.times.as_ref().expect("a schedule");
        // Up to now, or to where a clock that was ahead has led.
        let dealt = status.last_schedule.max(status.last_missed);
        let until = (self.now - cron.spec.jitter).max(dealt.unwrap_or(cron.created_at));
        let pending = times.pending(cron.created_at, until, 1);
        let ran = self.ran.keys().filter(|(uid, _)| *uid == cron.uid).count();
        let asked = self.backfilled.iter().filter(|time| time.0 == cron.uid && !self.ran.contains_key(time)).count();
        if !pending.more {
            let missed = usize::try_from(status.missed).expect("not negative");
            let words = format!("{ran} ran, {missed} were missed, {} were to run", pending.count);
            assert!(ran + asked + missed >= pending.count, "a time is lost: {words}");
            // A run that was deleted before the status knew of it counts as missed besides.
            let twice = (ran + missed).saturating_sub(pending.count);
            assert!(twice <= self.all_untold || self.overlapped, "counted twice: {words}");
        }
        if let Some(latest) = pending.latest.last().filter(|_| cron.spec.deadline.is_none()) {
            assert!(dealt >= Some(*latest), "{latest} is neither run nor missed: dealt with up to {dealt:?}");
        }
    }
}
