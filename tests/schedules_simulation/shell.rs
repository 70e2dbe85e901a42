//! A controller: views that may be old, own writes that are in view at once, and death at any line.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sidecarjob::api::backfilled;
use sidecarjob::engine::observed::Refusal;
use sidecarjob::engine::schedule::decide;
use sidecarjob::engine::schedule::observed::{Cron, Departed, Observed, Run};
use sidecarjob::engine::schedule::plan::Step;

use crate::dice::Dice;
use crate::world::{Created, World};

pub struct Shell {
    cron: (Cron, u64),
    runs: BTreeMap<String, (Run, u64)>,
    gone: BTreeSet<String>,
    started: BTreeSet<DateTime<Utc>>,
    backfilled: BTreeSet<DateTime<Utc>>,
    departed: Vec<Departed>,
    replaced: BTreeSet<String>,
    refusal: Option<Refusal>,
}

impl Shell {
    /// As at the start: all is listed.
    pub fn list(world: &World) -> Self {
        let mut shell = Self {
            cron: world.cron.clone(),
            runs: BTreeMap::new(),
            gone: BTreeSet::new(),
            started: BTreeSet::new(),
            backfilled: BTreeSet::new(),
            departed: Vec::new(),
            replaced: BTreeSet::new(),
            refusal: None,
        };
        shell.watch(world);
        shell
    }

    /// The watches deliver what has happened.
    pub fn watch(&mut self, world: &World) {
        if self.cron.0.uid != world.cron.0.uid {
            (self.started, self.backfilled) = (BTreeSet::new(), BTreeSet::new());
            (self.runs, self.departed) = (BTreeMap::new(), Vec::new());
        }
        if self.cron.0.uid != world.cron.0.uid || world.cron.1 > self.cron.1 {
            self.cron = world.cron.clone();
        }
        let own: Vec<(Run, u64)> =
            world.runs.values().filter(|r| r.2 == self.cron.0.uid).map(|r| (r.0.clone(), r.1)).collect();
        let there: BTreeSet<String> = own.iter().map(|(run, _)| run.uid.clone()).collect();
        let gone: Vec<String> = self.runs.keys().filter(|uid| !there.contains(*uid)).cloned().collect();
        gone.into_iter().for_each(|uid| self.saw_go(world, uid));
        own.into_iter().for_each(|(run, version)| self.saw(run, version));
    }

    fn saw(&mut self, run: Run, version: u64) {
        let times = if run.manual { &mut self.backfilled } else { &mut self.started };
        times.extend(run.scheduled);
        self.runs.insert(run.uid.clone(), (run, version));
    }

    /// As a watch shows it: with its last state.
    fn saw_go(&mut self, world: &World, uid: String) {
        if let Some((run, _)) = self.runs.remove(&uid) {
            let run = world.last_state(&uid).cloned().unwrap_or(run);
            self.departed.push(Departed { run, replaced: self.replaced.contains(&uid) });
        }
        self.gone.insert(uid);
    }

    fn observe(&mut self) -> Observed {
        let latest = self.started.last().copied();
        let status = &self.cron.0.status;
        self.started.retain(|at| Some(*at) == latest || !status.knows(*at));
        self.backfilled.retain(|at| !backfilled::is_settled(&status.backfilled, *at));
        self.departed.retain(|departed| match departed.run.ended {
            Some(_) => !status.knows_end_of(&departed.run),
            None => status.active.iter().any(|active| active.uid == departed.run.uid),
        });
        Observed {
            cron: self.cron.0.clone(),
            departed: self.departed.clone(),
            backfilled: self.backfilled.clone(),
            runs: self.runs.values().map(|(run, _)| run.clone()).collect(),
            started: self.started.clone(),
            gone: self.gone.clone(),
            refusal: self.refusal.clone(),
        }
    }

    pub fn wake(&mut self, world: &World) -> Option<DateTime<Utc>> {
        decide(&self.observe(), world.now).wake
    }

    /// Decides and applies until nothing is left to do. True: killed on the way.
    pub fn reconcile(&mut self, world: &mut World, dice: &mut Dice, mortal: bool) -> bool {
        for _ in 0..150 {
            let plan = decide(&self.observe(), world.now);
            if plan.steps.is_empty() && plan.status.is_none() {
                return false;
            }
            for step in plan.steps {
                if mortal && dice.one_in(8) {
                    world.tell("controller killed before a step");
                    return true;
                }
                self.apply(world, step);
                if mortal && dice.one_in(8) {
                    world.tell("controller killed after a step");
                    return true;
                }
            }
            if let Some(status) = plan.status {
                if plan.may_wait && mortal && dice.one_in(5) {
                    world.tell("the status waits for the starts of others");
                    return false;
                }
                match world.write_status(&self.cron.0.uid, status, self.cron.1) {
                    Some(cron) => {
                        self.cron = cron;
                        plan.events.iter().for_each(|event| world.told(event));
                    }
                    None => return false, // a conflict: news is on its way
                }
            }
        }
        panic!("not quiet after 150 rounds");
    }

    fn apply(&mut self, world: &mut World, step: Step) {
        let owner = self.cron.0.uid.clone();
        match step {
            Step::Create(at) => match world.create(&owner, at) {
                Created::Run(run, version) => {
                    self.refusal = None;
                    self.saw(run, version);
                }
                Created::NotOurs => {
                    let retry_at = world.now + TimeDelta::minutes(1);
                    self.refusal = Some(Refusal { message: "there already".into(), retry_at, is_blip: false });
                }
            },
            Step::Delete { run, replaced } => {
                self.replaced.extend(replaced.then(|| run.uid.clone()));
                world.delete(&run.uid);
                self.saw_go(world, run.uid);
            }
            Step::LookUp(run) => match world.runs.values().find(|r| r.0.uid == run.uid).cloned() {
                Some((run, version, _)) => self.saw(run, version),
                None => drop(self.gone.insert(run.uid)),
            },
        }
    }
}
