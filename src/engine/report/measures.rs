//! What do the metrics observe of Pods, and with which write?
//!
//! Each Pod is measured twice, and each time once: its main containers with the status that is the first to record its
//! result, its sidecars with the status that counts the Pod. A Pod of a Job leaves the view when it loses our finalizer,
//! before the Job's counters count it: its sidecars are measured with the removal. The controller observes a measure only
//! after the write, so a controller that is killed in between loses the measure, and no measure is observed twice.

use chrono::TimeDelta;

use crate::api::Kind;
use crate::engine::count::outcome;
use crate::engine::judgement::Judgement;
use crate::engine::observed::{Observed, Pod};
use crate::engine::plan::{Measure, StopResult, StoppedBy};
use crate::engine::report::stopped::Stop;
use crate::engine::report::{counters, ends};

/// What this status is the first to record or to count.
pub fn of_status(j: &Judgement) -> Vec<Measure> {
    let mut all: Vec<Measure> = j.tally.record.first_counted.iter().filter_map(|pod| main_done(j.seen, pod)).collect();
    if j.seen.job.kind == Kind::SidecarJob {
        counters::newly_counted(j).into_iter().for_each(|pod| sidecars(j.seen, pod, &mut all));
    }
    all
}

/// What the removal of our finalizer from the Pods of a Job is the last chance to see.
pub fn of_released(j: &Judgement) -> Vec<Measure> {
    let mut all = Vec::new();
    if j.seen.job.kind == Kind::Job {
        j.tally.released.pods.iter().for_each(|pod| sidecars(j.seen, pod, &mut all));
    }
    all
}

/// `None`: no main container has ended.
fn main_done(seen: &Observed, pod: &Pod) -> Option<Measure> {
    let spec = &seen.job.spec;
    let outcome = outcome::of(pod, spec, true)?;
    let ended = outcome::mains(pod, &spec.roles).filter_map(ends::now);
    let begin = ended.filter_map(|end| end.started_at).min()?;
    let took = outcome.at - begin;
    (took >= TimeDelta::zero()).then_some(Measure::MainDone { success: outcome.success, took })
}

/// Each sidecar that ended after the main containers, and the last one of them once more, for the whole Pod.
fn sidecars(seen: &Observed, pod: &Pod, all: &mut Vec<Measure>) {
    let stops = || outcome::sidecars(pod, &seen.job.spec.roles).filter_map(|c| Stop::of(seen, pod, c));
    all.extend(stops().map(|stop| Measure::SidecarStopped { by: stop.by(), end: stop.end() }));
    let last = stops().max_by_key(|stop| stop.took);
    all.extend(last.map(|stop| Measure::SidecarsDone { by: stop.by(), took: stop.took }));
}

impl Stop {
    fn by(&self) -> StoppedBy {
        match self.method {
            Some(method) => StoppedBy::Method(method),
            None if self.by_controller => StoppedBy::Unknown,
            None => StoppedBy::Nobody,
        }
    }

    fn end(&self) -> StopResult {
        match self.exit {
            _ if self.killed => StopResult::Killed,
            0 => StopResult::Succeeded,
            _ => StopResult::Failed,
        }
    }
}

#[cfg(test)]
mod tests;
