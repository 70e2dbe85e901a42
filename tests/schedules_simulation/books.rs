//! What really ran, who could know of it, and what became of it; and what must hold at each write.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sidecarjob::api::sidecarcronjob::ConcurrencyPolicy;
use sidecarjob::api::{backfilled, scheduled_run};
use sidecarjob::cron::{Budget, budget};
use sidecarjob::engine::schedule::observed::status::Status;
use sidecarjob::engine::schedule::observed::{Cron, Run};

use crate::cluster::{NAME, RUNS, World, has_ended, is_manual, read_run};
use crate::world::store::{self, name, owner};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    User,
    Controller,
    /// Its own time to live was over.
    Itself,
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

/// A time of a schedule, by the object's UID.
type Time = (String, DateTime<Utc>);

#[derive(Default)]
pub struct Books {
    /// Every time that ever ran.
    ran: BTreeSet<Time>,
    /// The time of each run that the controller made, by the UID of the run: whatever the run says of it later.
    times: BTreeMap<String, Time>,
    /// Of which times which life of the controller has seen a run.
    seen: BTreeSet<(u32, Time)>,
    /// Those whose run went before the status knew of it, and not by the controller: nothing in the cluster tells that
    /// they ran.
    untold: BTreeSet<Time>,
    /// How many there ever were.
    all_untold: usize,
    /// Those whose run went and not by the controller.
    deleted: BTreeSet<Time>,
    /// Runs that are gone, in that order.
    graves: Vec<Grave>,
    /// UIDs of runs whose end a new list has hidden from the controller.
    hidden: BTreeSet<String>,
    /// Times that a backfill started.
    backfilled: BTreeSet<Time>,
    /// How many runs there were, how many of them again, and how many a backfill started.
    counts: [u64; 3],
}

impl Books {
    pub fn counts(&self) -> [u64; 3] {
        self.counts
    }

    /// That life of the controller was shown that run.
    pub fn saw(&mut self, life: u32, wire: &Value) {
        let run = read_run(wire);
        if let (Some(at), Some(owner)) = (run.scheduled, owner(wire)) {
            self.seen.insert((life, (owner.to_owned(), at)));
        }
    }

    pub fn bury(&mut self, run: Run, owner: &str, by: Who, life: u32) {
        self.graves.push(Grave { run, owner: owner.to_owned(), by, life });
    }

    /// The watch will not show that it went.
    pub fn hide(&mut self, uid: &str) {
        self.hidden.insert(uid.to_owned());
    }

    /// That run goes now, and not by the controller.
    pub fn remember(&mut self, run: &Run, owner: &str, status: &Status) {
        let known = self.times.get(&run.uid).cloned();
        let said = run.scheduled.filter(|_| !run.manual).map(|at| (owner.to_owned(), at));
        let Some((owner, at)) = known.or(said) else { return };
        let told = status.active.iter().any(|active| active.uid == run.uid)
            || status.recent.iter().any(|recent| recent.name == run.name)
            || (status.last_schedule >= Some(at) && !status.queued.contains(&at));
        if !told {
            self.untold.insert((owner.clone(), at));
            self.all_untold += 1;
        }
        self.deleted.insert((owner, at));
    }

    /// A backfill starts that time. Whether it did before, and the controller let the run go.
    pub fn backfills_again(&mut self, uid: &str, name: &str, at: DateTime<Utc>) -> bool {
        let of_it = |grave: &&Grave| grave.run.name == name && grave.run.manual && grave.owner == uid;
        let by_history = self.graves.iter().rev().find(of_it).is_some_and(|grave| grave.by == Who::Controller);
        let twice = !self.backfilled.insert((uid.to_owned(), at));
        self.counts[2] += 1;
        twice && by_history
    }

    /// No time runs twice, however the clock is set. The one exception that is known: somebody deleted its run, and the
    /// controller that starts it again has never seen the run. Either the status did not know of it yet; or two write at
    /// once, one of which does not lead any more, and do not see yet what the other did.
    fn runs_once(&mut self, life: u32, time: Time, two_at_once: bool) -> bool {
        if self.ran.insert(time.clone()) {
            return true;
        }
        self.counts[1] += 1;
        let seen = self.seen.contains(&(life, time.clone()));
        !seen && (self.untold.remove(&time) || two_at_once && self.deleted.contains(&time))
    }
}

impl World {
    pub fn check_create(&mut self, life: u32, run: &Run, owner: &str) {
        let at = run.scheduled.expect("all are scheduled");
        let two_at_once = self.overlapped || self.zombie;
        self.books.counts[0] += 1;
        self.books.times.insert(run.uid.clone(), (owner.to_owned(), at));
        let once = self.books.runs_once(life, (owner.to_owned(), at), two_at_once);
        self.must(once, format!("{at} runs a second time"));
        self.must(at <= self.latest.max(self.clock.now()), format!("{at} runs before its time"));
        let cron = self.cron();
        if two_at_once || cron.uid != owner {
            return;
        }
        let asked = backfilled::contains(&cron.status.backfilled, at);
        self.must(!asked, format!("{at} ran already, since somebody asked for it"));
        let of_it = |other: &Value| store::owner(other) == Some(owner) && name(other) != run.name;
        // What a tenant forged the controller need not have seen.
        let counts = |other: &Value| !has_ended(other) && !is_manual(other) && !self.forged.runs.contains(name(other));
        let busy = self.names(|other| of_it(other) && counts(other)).len();
        let alone = cron.spec.concurrency != ConcurrencyPolicy::Allow;
        self.must(!alone || busy == 0, format!("{busy} are active and one more starts"));
    }

    pub fn check_delete(&mut self, run: &Run) {
        let replaces = self.cron().spec.concurrency == ConcurrencyPolicy::Replace;
        self.must(run.ended.is_some() || replaces, "a run that is not finished is deleted");
    }

    pub fn check_status(&mut self, before: &Cron, sent: &Value) {
        let after = self.cron();
        let (old, new) = (&before.status, &after.status);
        let again = serde_json::to_value(new.to_wire("ns")).expect("JSON");
        self.must(again == *sent, format!("the wire does not keep all of it: {again} of {sent}"));
        self.must(new.last_schedule >= old.last_schedule, "the last scheduled time goes back");
        let now = self.latest.max(self.clock.now());
        self.must(new.last_schedule <= Some(now), format!("the last scheduled time is ahead: {:?}", new.last_schedule));
        self.must(new.missed >= old.missed && new.recent.len() <= 10, "fewer are missed, or too many are remembered");
        self.must(new.queued.len() <= after.spec.queue_limit, "the queue is too long");
        let last = new.last_schedule.map(|at| at.format("%H:%M:%S").to_string());
        self.tell(format!("   status: last {last:?}, missed {}, active {}", new.missed, new.active.len()));
    }

    /// What people are told of runs that are gone: that one is missing only if somebody deleted it. A controller that did
    /// not see it go can't always tell: the one before it was killed between the deed and the status, or a new list has
    /// hidden it.
    pub fn check_told(&mut self, life: u32, event: &Value) {
        let note = event["note"].as_str().unwrap_or_default();
        let Some(name) = note.strip_prefix("Active job went missing: ") else { return };
        if self.forged.runs.contains(name) {
            return; // it may have left its schedule
        }
        let owner = event["regarding"]["uid"].as_str().unwrap_or_default();
        let mut graves = self.books.graves.iter().rev();
        let grave = graves.find(|grave| grave.run.name == name && grave.owner == owner);
        let Some(grave) = grave else { return self.must(false, format!("{name} is told as missing and is there")) };
        if grave.by == Who::User || self.overlapped {
            return;
        }
        let (by, in_view) = (grave.by, grave.life == life && !self.books.hidden.contains(&grave.run.uid));
        self.must(!in_view, format!("{name} is told as missing and went by: {by:?}"));
        let spec = self.cron().spec;
        let due_again = !spec.suspend && spec.deadline.is_none() && !self.clock_was_set;
        self.must(by != Who::Controller || !due_again, format!("{name} is told as missing and was replaced"));
    }

    /// That a run has ended, or is gone, has woken the schedule: the status does not have it as active any more.
    pub fn check_active(&mut self) {
        let ended = |name: &str| self.store.get(RUNS, name).is_none_or(has_ended);
        let stale = self.cron().status.active.into_iter().find(|run| ended(&run.name));
        self.must(stale.is_none(), format!("the status still has as active: {stale:?}"));
    }

    /// Somebody else than the controller made the run of that time.
    fn is_asked_for(&self, time: &Time) -> bool {
        let given = (time.0.clone(), scheduled_run::name(NAME, time.1));
        let by_somebody = self.books.backfilled.contains(time) || self.forged.given.contains(&given);
        by_somebody && !self.books.ran.contains(time)
    }

    /// Every time ran or is counted as missed.
    pub fn check(&mut self) {
        let cron = self.cron();
        let status = &cron.status;
        let times = cron.spec.times.as_ref().expect("a schedule");
        // Up to now, or to where a clock that was ahead has led.
        let dealt = status.last_schedule.max(status.last_missed);
        let until = (self.clock.now() - cron.spec.jitter).max(dealt.unwrap_or(cron.created_at));
        let mut budget = Budget::of(budget::OF_A_COMMAND);
        let pending = times.pending(cron.created_at, until, 10_000, &mut budget).expect("enough steps");
        // A time that lies ahead is not dealt with yet, though its run is there: the clock was set back since.
        let of_it = |time: &&Time| time.0 == cron.uid && time.1 <= until;
        let ran = self.books.ran.iter().filter(of_it).count();
        let asked = pending.latest.iter().filter(|at| self.is_asked_for(&(cron.uid.clone(), **at))).count();
        if !pending.more {
            let missed = usize::try_from(status.missed).expect("not negative");
            let words = format!("{ran} ran, {missed} were missed, {} were to run", pending.count);
            self.must(ran + asked + missed >= pending.count, format!("a time is lost: {words}"));
            // A run that was deleted before the status knew of it counts as missed besides.
            let twice = (ran + missed).saturating_sub(pending.count);
            let may = twice <= self.books.all_untold + self.forged.runs.len() || self.overlapped;
            self.must(may, format!("counted twice: {words}"));
        }
        if let Some(latest) = pending.latest.last().filter(|_| cron.spec.deadline.is_none()) {
            let said = format!("{latest} is neither run nor missed: dealt with up to {dealt:?}");
            self.must(dealt >= Some(*latest), said);
        }
    }
}
