//! What became of runs: which are active, how they ended, which are remembered?
//!
//! A run that is gone was not always deleted by somebody: it may have ended first and gone by its own time to live, this
//! controller may have made room by it, or it goes with its schedule. Only what is left after that is missing.
//!
//! A schedule may have thousands of runs: whatever is asked for each of them is looked up in a set or a map that is made once,
//! or in the ten runs that are remembered.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::api::backfilled;
use crate::api::conditions::{schedule, types};
use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::engine::observed::time;
use crate::engine::plan::Event;
use crate::engine::schedule::due::Due;
use crate::engine::schedule::observed::status::{Recent, Status};
use crate::engine::schedule::observed::{Departed, Observed, Run};

/// How many runs are remembered.
const RECENT_MAX: usize = 10;

/// What became of an active run that is not there any more.
enum Fate<'a> {
    /// It had ended before it was deleted.
    Ended(&'a Run),
    /// This controller deleted it: concurrencyPolicy is Replace.
    Replaced,
    /// Its schedule is being deleted.
    WithSchedule,
    /// Somebody deleted it.
    Missing,
}

/// Writes it into the status; what people are told.
pub fn update(seen: &Observed, due: &Due, status: &mut Status, now: DateTime<Utc>) -> Vec<Event> {
    let fates = Fates::of(seen, due);
    let told = events(seen, &fates);
    status.active = seen.runs.iter().filter(|run| run.ended.is_none()).map(Run::to_ref).collect();
    for (run, (success, at)) in all_ended(seen) {
        if Some(at) > status.last_success.max(status.last_failure) {
            status.last_result = Some(result(run).to_owned());
        }
        let last = if success { &mut status.last_success } else { &mut status.last_failure };
        *last = (*last).max(Some(at));
    }
    status.backfilled = backfilled::with(&seen.cron.status.backfilled, seen.backfilled.iter().copied());
    status.recent = recent(seen, &fates, now);
    told
}

fn events(seen: &Observed, fates: &Fates) -> Vec<Event> {
    let mut told = Vec::new();
    let (there, stored, written) = (seen.uids(), &seen.cron.status.active, seen.cron.status.written());
    let completed = |run: &Run| {
        let note = format!("Saw completed job: {}, condition: {}", run.name, result(run));
        Event::normal(schedule::SAW_COMPLETED_JOB, note).of_run(&run.name)
    };
    for active in stored.iter().filter(|active| !there.contains(active.uid.as_str())) {
        match fates.of_run(&active.name) {
            Fate::Ended(run) => told.push(completed(run)),
            Fate::Replaced | Fate::WithSchedule => {}
            Fate::Missing => {
                let note = format!("Active job went missing: {}", active.name);
                told.push(Event::normal(schedule::MISSING_JOB, note).of_run(&active.name));
            }
        }
    }
    let was_active = |run: &&Run| written.is_active(&run.uid);
    for run in seen.runs.iter().filter(|run| run.ended.is_none() && !was_active(run)) {
        if run.scheduled.is_none() && !run.manual {
            let note = format!("Saw a job that the controller did not create or forgot: {}", run.name);
            told.push(Event::warning(schedule::UNEXPECTED_JOB, note).of_run(&run.name));
        }
    }
    told.extend(seen.runs.iter().filter(|run| run.ended.is_some()).filter(was_active).map(completed));
    told
}

/// What is known of runs that are gone.
struct Fates<'a> {
    seen: &'a Observed,
    due: &'a Due,
    /// By name; the first of each name.
    departed: BTreeMap<&'a str, &'a Departed>,
}

impl<'a> Fates<'a> {
    fn of(seen: &'a Observed, due: &'a Due) -> Self {
        let departed = seen.departed.iter().rev().map(|departed| (departed.run.name.as_str(), departed)).collect();
        Self { seen, due, departed }
    }

    fn of_run(&self, name: &str) -> Fate<'a> {
        match self.departed.get(name).copied() {
            Some(departed) if departed.run.ended.is_some() => Fate::Ended(&departed.run),
            Some(departed) if departed.replaced => Fate::Replaced,
            _ if self.seen.cron.deleting => Fate::WithSchedule,
            None if was_in_the_way(self.seen, self.due, name) => Fate::Replaced,
            _ => Fate::Missing,
        }
    }
}

/// Nobody saw it go, and a newer time starts, or has started: the controller that was here before made room.
fn was_in_the_way(seen: &Observed, due: &Due, name: &str) -> bool {
    let status = &seen.cron.status;
    let by_schedule = |at| !backfilled::contains(&status.backfilled, at);
    seen.cron.spec.concurrency == ConcurrencyPolicy::Replace
        && (!due.starts.is_empty() || due.last_schedule > status.last_schedule)
        && status.recent.iter().any(|run| run.name == name && run.scheduled.is_some_and(by_schedule))
}

/// Runs whose end is known, gone ones included.
fn all_ended(seen: &Observed) -> impl Iterator<Item = (&Run, (bool, DateTime<Utc>))> {
    let departed = seen.departed.iter().map(|departed| &departed.run);
    seen.runs.iter().chain(departed).filter_map(|run| Some((run, run.ended?)))
}

fn result(run: &Run) -> &'static str {
    match run.ended {
        None => schedule::ACTIVE,
        Some((true, _)) => types::COMPLETE,
        Some((false, _)) => types::FAILED,
    }
}

/// What was remembered, with what is seen now; the newest.
fn recent(seen: &Observed, fates: &Fates, now: DateTime<Utc>) -> Vec<Recent> {
    let mut all = seen.cron.status.recent.clone();
    let names = seen.names();
    let there = |name: &str| names.contains(name);
    let departed = seen.departed.iter().map(|departed| &departed.run);
    let gone: Vec<&Run> = departed.filter(|run| run.ended.is_some() && !there(&run.name)).collect();
    all.retain(|old| !there(&old.name) && !gone.iter().any(|run| run.name == old.name));
    for old in all.iter_mut().filter(|old| old.result == schedule::ACTIVE) {
        let replaced = matches!(fates.of_run(&old.name), Fate::Replaced);
        old.result = if replaced { schedule::REPLACED } else { schedule::DELETED }.into();
        old.finished_at = Some(time::whole_seconds(now));
    }
    all.extend(seen.runs.iter().chain(gone).map(|run| Recent {
        name: run.name.clone(),
        scheduled: run.scheduled,
        started_at: run.started_at,
        finished_at: run.ended.map(|(_, at)| at),
        result: result(run).into(),
    }));
    in_order(&mut all);
    all.truncate(RECENT_MAX);
    all
}

/// The newest first; those that have not begun are newer than all others.
pub fn in_order(runs: &mut [Recent]) {
    runs.sort_by_key(|run| {
        (run.started_at.is_some(), std::cmp::Reverse((run.started_at, run.scheduled)), run.name.clone())
    });
}

#[cfg(test)]
mod tests;
