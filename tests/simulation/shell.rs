//! The controller around the engine: a view that lags, its own writes in it, and an end at any line.

use std::collections::BTreeMap;

use sidecarjob::engine::observed::{Job, Observed, Pod, Settings};
use sidecarjob::engine::plan::Step;
use sidecarjob::engine::{decide, names};

use crate::dice::Dice;
use crate::world::World;

/// What it has in memory; a kill loses it.
#[derive(Default)]
pub struct Shell {
    pods: BTreeMap<String, (Pod, u64)>,
    job: Option<(Job, u64)>,
    next_number: u32,
}

/// It was killed, or the API server said no.
struct Stopped;

impl Shell {
    /// Until quiet, or until it is killed; with trouble the view lags and kills happen.
    pub fn reconcile(&mut self, world: &mut World, dice: &mut Dice, trouble: bool) {
        self.watch(world, dice, trouble);
        for round in 0.. {
            assert!(round < 40, "it does not get quiet");
            let (job, version) = self.job.clone().expect("watched");
            let seen = Observed {
                pods: self.sorted(),
                strays: Vec::new(),
                orphans: Vec::new(),
                next_number: self.next_number,
                refusal: None,
                settings: Settings { max_uncounted: 3, ..Settings::default() },
                job,
            };
            let plan = decide(&seen, world.now);
            if plan.steps.is_empty() && plan.status.is_none() {
                assert!(plan.wake.is_none_or(|at| at > world.now), "it wants to be woken now, and does nothing now");
                return;
            }
            let done = plan.steps.iter().try_for_each(|step| self.step(world, dice, trouble, &seen, step));
            if done.is_err() {
                return *self = Self::default();
            }
            if let Some(status) = plan.status {
                if trouble && dice.one_in(12) {
                    world.story.push("      killed before the status".into());
                    return *self = Self::default();
                }
                if !world.write_status(&status, version) {
                    return; // a conflict: the news will come
                }
                let mut job = seen.job;
                job.status = status;
                self.job = Some((job, world.job_version));
            }
        }
    }

    /// What the watches bring: each object as it is, or, with trouble, as it was.
    fn watch(&mut self, world: &World, dice: &mut Dice, trouble: bool) {
        let fresh = self.job.is_none(); // after a start everything is listed
        let brings = |dice: &mut Dice| fresh || !trouble || !dice.one_in(3);
        if brings(dice) && self.job.as_ref().is_none_or(|(_, version)| *version < world.job_version) {
            self.job = Some((world.job.clone(), world.job_version));
        }
        for (name, (pod, version)) in &world.pods {
            let newer = self.pods.get(name).is_none_or(|(_, have)| have < version);
            if newer && brings(dice) {
                self.pods.insert(name.clone(), (pod.clone(), *version));
            }
        }
        let gone: Vec<String> = self.pods.keys().filter(|n| !world.pods.contains_key(*n)).cloned().collect();
        for name in gone {
            if brings(dice) {
                self.pods.remove(&name);
            }
        }
    }

    fn sorted(&self) -> Vec<Pod> {
        let mut pods: Vec<Pod> = self.pods.values().map(|(pod, _)| pod.clone()).collect();
        pods.sort_by_key(|p| (p.created_at, p.number));
        pods
    }

    fn step(
        &mut self,
        world: &mut World,
        dice: &mut Dice,
        trouble: bool,
        seen: &Observed,
        step: &Step,
    ) -> Result<(), Stopped> {
        let mut call = |shell: &mut Self, name: &str, answer: &mut dyn FnMut(&mut World) -> Option<(Pod, u64)>| {
            if trouble && dice.one_in(20) {
                world.story.push(format!("      killed before: {step}"));
                return Err(Stopped);
            }
            match answer(world) {
                Some(pod) => drop(shell.pods.insert(name.into(), pod)),
                None => drop(shell.pods.remove(name)),
            }
            if trouble && dice.one_in(20) {
                world.story.push(format!("      killed after: {step}"));
                return Err(Stopped);
            }
            Ok(())
        };
        match step {
            Step::CreatePods(pods) => pods.iter().try_for_each(|new| {
                let name = names::pod(&seen.job.name, &seen.job.uid, *new);
                let allowed = seen.job.spec.parallelism;
                call(self, &name, &mut |world| Some(world.create(&name, new.number, allowed)))
            }),
            Step::Adopt(_) | Step::Disown(_) => unreachable!("every Pod is selected and owned"),
            Step::Release(pod) => call(self, &pod.name, &mut |world| world.release(&pod.name, &pod.uid)),
            Step::Delete(pod) => call(self, &pod.name, &mut |world| world.delete(&pod.name, &pod.uid)),
            Step::StopSidecars { pod, deadline_seconds } => {
                call(self, &pod.name, &mut |world| world.set_deadline(&pod.name, &pod.uid, *deadline_seconds))
            }
            Step::DeleteJob => Ok(()),
        }
    }
}
