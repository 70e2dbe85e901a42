//! What people, runs and the clock do while a schedule goes on.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sidecarjob::api::{backfilled, labels, scheduled_run};
use sidecarjob::cron::{Budget, budget};

use crate::books::Who;
use crate::cluster::{CRONS, NAME, RUNS, World, has_ended, read_run};
use crate::world::store::owner;

impl World {
    /// Forward or back, by up to an hour; now and then only, or nothing else would be looked at. Whether it was.
    pub fn set_clock(&mut self) -> bool {
        let set = self.dice.one_in(10);
        if set {
            self.clock_was_set = true;
            self.latest = self.latest.max(self.clock.now());
            let step = i64::from(self.dice.roll(7_200)) - 3_600;
            self.clock.set(step);
            self.tell(format!("the clock was set by {step}s"));
        }
        set
    }

    // --- runs

    /// One of the runs begins, or ends.
    pub fn run_goes_on(&mut self) {
        let names = self.names(|run| !has_ended(run));
        let Some(name) = self.dice.pick(&names).cloned() else { return };
        match self.dice.roll(6) {
            0 => self.begin(&name),
            n => {
                self.finish(&name, n > 2);
                if self.dice.one_in(4) {
                    self.tell(format!("{name} goes at once by its own time to live"));
                    self.goes(&name, Who::Itself);
                }
            }
        }
    }

    pub fn finish_all(&mut self) {
        for name in self.names(|run| !has_ended(run)) {
            self.finish(&name, true);
        }
    }

    fn change_run(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        if let Some(mut run) = self.store.get(RUNS, name).cloned() {
            change(&mut run);
            self.store.put(RUNS, run);
        }
    }

    fn begin(&mut self, name: &str) {
        let now = self.clock.stamp();
        self.tell(format!("{name} begins, if it had not"));
        self.change_run(name, |run| {
            if run["status"]["startTime"].is_null() {
                run["status"]["startTime"] = json!(now);
            }
        });
    }

    fn finish(&mut self, name: &str, success: bool) {
        self.begin(name);
        self.tell(format!("{name} ends, success: {success}"));
        let (type_, now) = (if success { "Complete" } else { "Failed" }, self.clock.stamp());
        let end = json!({"type": type_, "status": "True", "reason": "", "message": "", "lastTransitionTime": now});
        self.change_run(name, |run| run["status"]["conditions"] = json!([end]));
    }

    // --- people

    /// A user, or the tenant who forges, where there is one.
    pub fn somebody(&mut self) {
        match self.forges && self.dice.one_in(2) {
            true => self.forge(),
            false => self.user(),
        }
    }

    fn user(&mut self) {
        match self.dice.roll(13) {
            0..=4 => self.suspend(),
            5 => self.recreate(),
            6..=7 => self.backfill(),
            8 => self.own_ttl(),
            9 => {
                self.faults.refuses = !self.faults.refuses;
                self.tell(format!("the API server refuses runs: {}", self.faults.refuses));
            }
            _ => {
                let names = self.names(|_| true);
                if let Some(name) = self.dice.pick(&names).cloned() {
                    self.tell(format!("a user deletes {name}"));
                    self.goes(&name, Who::User);
                }
            }
        }
    }

    fn suspend(&mut self) {
        self.spec["suspend"] = json!(self.spec["suspend"] != true);
        self.tell(format!("suspend: {}", self.spec["suspend"]));
        self.change();
    }

    fn change(&mut self) {
        let mut cron = self.store.get(CRONS, NAME).expect("there is always one").clone();
        cron["spec"] = self.spec.clone();
        cron["metadata"]["generation"] = json!(cron["metadata"]["generation"].as_i64().unwrap_or(1) + 1);
        self.store.put(CRONS, cron);
    }

    /// Under the same name; the runs of the old one are collected later, if ever.
    fn recreate(&mut self) {
        self.tell("deleted and created anew");
        self.store.remove(CRONS, NAME);
        self.create_cron();
    }

    /// A run goes, and not by the controller: may its time run again?
    fn goes(&mut self, name: &str, by: Who) {
        let Some(wire) = self.store.get(RUNS, name) else { return };
        let (run, owner) = (read_run(wire), owner(wire).unwrap_or_default().to_owned());
        let status = self.cron().status;
        self.books.remember(&run, &owner, &status);
        self.bury(name, by);
    }

    /// A run that has ended goes by its own `ttlSecondsAfterFinished`.
    fn own_ttl(&mut self) {
        let names = self.names(has_ended);
        if let Some(name) = self.dice.pick(&names).cloned() {
            self.tell(format!("{name} goes by its own time to live"));
            self.goes(&name, Who::Itself);
        }
    }

    /// As `sidecarjob cron backfill` does it, which is interrupted and repeated all the time: times of the last two hours,
    /// the oldest that the record does not have first.
    fn backfill(&mut self) {
        let cron = self.cron();
        let now = self.clock.now();
        let (times, mut budget) = (cron.spec.times.as_ref().expect("a schedule"), Budget::of(budget::OF_A_COMMAND));
        let times = times.pending(now - TimeDelta::hours(2), now, 100, &mut budget).expect("enough steps").latest;
        let asked = times.into_iter().filter(|at| !backfilled::contains(&cron.status.backfilled, *at));
        for at in asked.take(self.dice.roll(4) as usize).collect::<Vec<_>>() {
            let name = scheduled_run::name(NAME, at);
            if self.store.get(RUNS, &name).is_some() {
                continue; // it is there already, and waited for
            }
            self.tell(format!("a backfill starts {name}"));
            let twice = self.books.backfills_again(&cron.uid, &name, at);
            self.must(!twice, format!("{at} is backfilled a second time, and its run went with the history"));
            let mut run = scheduled_run::run(&cron.wire, name, Some(at));
            let annotations = run.metadata.annotations.get_or_insert_default();
            annotations.insert(labels::INSTANTIATE.into(), labels::MANUAL.into());
            run.metadata.uid = Some(self.store.new_uid("backfilled"));
            self.store.put(RUNS, serde_json::to_value(run).expect("JSON"));
        }
    }

    /// Nobody disturbs it any more. How long it takes until a clock that was set back is right again.
    pub fn calm(&mut self) -> Duration {
        self.tell("calm: no trouble from here on");
        self.faults.end();
        self.spec["suspend"] = json!(false);
        self.change();
        let uid = self.uid();
        let is_of_it = |run: &Value| owner(run) == Some(&uid) && run["metadata"]["ownerReferences"][0]["name"] == NAME;
        for name in self.names(|run| !is_of_it(run)) {
            self.store.remove(RUNS, &name); // what a deleted owner left is collected
        }
        let last = self.cron().status.last_schedule;
        last.and_then(|last| (last - self.clock.now()).to_std().ok()).unwrap_or_default()
    }
}
