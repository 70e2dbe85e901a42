//! What is written back about a schedule, and what people are told?
//!
//! Made from what was seen and what was judged (`due`). Events go with the write that stores their cause, so that each is
//! sent once.

mod runs;
pub mod stalled;
mod summary;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::api::backfilled::{self};
use crate::api::conditions::{schedule, types};
use crate::api::scheduled_run;
use crate::cron::TimesError;
use crate::engine::plan::Event;
use crate::engine::schedule::due::Due;
use crate::engine::schedule::observed::status::Status;
use crate::engine::schedule::observed::{Observed, Run, RunRef};
use crate::engine::schedule::plan::{Plan, Step};

/// Runs that the status has as active and nobody has seen or found gone: the API server is asked.
pub fn to_look_up(seen: &Observed) -> Vec<Step> {
    let there = seen.uids();
    let unknown = |active: &&RunRef| !seen.gone.contains(&active.uid) && !there.contains(active.uid.as_str());
    seen.cron.status.active.iter().filter(unknown).cloned().map(Step::LookUp).collect()
}

/// The plan that writes what is new, or nothing.
pub fn report(seen: &Observed, due: &Due, now: DateTime<Utc>, wake: Option<DateTime<Utc>>) -> Plan {
    let (status, events) = next(seen, due, now);
    if !is_news(&status, &seen.cron.status) {
        return Plan { wake, ..Plan::default() };
    }
    Plan { status: Some(status), events, wake, ..Plan::default() }
}

/// May it be written a little later, while others start? Only if all that it tells is still to be seen then: what ended may
/// be gone, and times that wait in the queue are nowhere else. And not if a start waits for it.
pub fn may_wait(seen: &Observed, due: &Due) -> bool {
    let stored = &seen.cron.status;
    let goes_on = |run: &Run| run.ended.is_none() && !run.deleting;
    let told = |run: &Run| stored.recent.iter().any(|old| old.name == run.name && old.result != schedule::ACTIVE);
    let there: BTreeSet<DateTime<Utc>> = seen.runs.iter().filter_map(|run| run.scheduled).collect();
    due.starts.is_empty()
        && due.queued == stored.queued
        && due.blocked.is_none()
        && seen.runs.iter().all(|run| goes_on(run) || told(run))
        && seen.started.iter().all(|at| stored.knows(*at) || there.contains(at))
        && seen.departed.is_empty()
        && seen.backfilled.iter().all(|at| backfilled::is_settled(&stored.backfilled, *at))
}

/// That a run has begun is not worth a write: it is written with whatever comes next, at the latest with its end. Nor is a
/// summary alone, which a status of before it existed lacks.
fn is_news(next: &Status, stored: &Status) -> bool {
    let mut next = next.clone();
    next.last_run_duration.clone_from(&stored.last_run_duration);
    next.success_rate.clone_from(&stored.success_rate);
    for run in next.recent.iter_mut().filter(|run| run.result == schedule::ACTIVE) {
        if let Some(old) = stored.recent.iter().find(|old| old.name == run.name) {
            run.started_at = old.started_at;
        }
    }
    runs::in_order(&mut next.recent);
    next != *stored
}

fn next(seen: &Observed, due: &Due, now: DateTime<Utc>) -> (Status, Vec<Event>) {
    let stored = &seen.cron.status;
    let mut status = stored.clone();
    let mut told = runs::update(seen, due, &mut status, now);
    status.last_run_duration = summary::last_duration(&status.recent);
    status.success_rate = summary::success_rate(&status.recent);
    status.observed_generation = Some(seen.cron.generation);
    status.schedule = Some(seen.cron.spec.schedule.clone()).filter(|text| !text.is_empty());
    if !seen.cron.deleting {
        told.extend(times(seen, due, &mut status));
        told.extend(too_short(seen));
        told.extend(conditions(seen, due, &mut status, now));
    }
    (status, told)
}

/// What became of times.
fn times(seen: &Observed, due: &Due, status: &mut Status) -> Vec<Event> {
    let stored = &seen.cron.status;
    let of_time = |event: Event, at| event.of_run(scheduled_run::name(&seen.cron.name, at));
    let mut told = Vec::new();
    status.last_schedule = due.last_schedule;
    status.last_missed = due.last_missed;
    status.missed = stored.missed.saturating_add(i32::try_from(due.missed.count).unwrap_or(i32::MAX));
    status.next = due.next;
    status.next_text = due.next.zip(seen.cron.spec.times.as_ref().ok()).map(|(at, times)| times.zone().rfc3339(at));
    if due.too_many && due.missed.count > 0 {
        told.push(Event::warning(schedule::TOO_MANY_MISSED_TIMES, schedule::TOO_MANY_MISSED));
    }
    if let Some(at) = due.too_late {
        let note = format!("Missed scheduled time to start a job: {}", at.format("%a, %d %b %Y %H:%M:%S +0000"));
        told.push(of_time(Event::warning(schedule::MISS_SCHEDULE, note), at));
    }
    // A time that does not start is told once: when the status still has it as the next one.
    if due.blocked.is_some_and(|at| stored.next.is_none_or(|next| next <= at)) {
        told.push(Event::normal(schedule::JOB_ALREADY_ACTIVE, schedule::ALREADY_ACTIVE));
    }
    let told_of: BTreeSet<_> = stored.queued.iter().collect();
    for at in due.queued.iter().filter(|at| !told_of.contains(at)) {
        let note = format!("Waiting for the active job: {}", at.format("%Y-%m-%dT%H:%M:%SZ"));
        told.push(of_time(Event::normal(schedule::JOB_QUEUED, note), *at));
    }
    status.queued.clone_from(&due.queued);
    told
}

/// Ready and Stalled, and a warning when the reason is new.
fn conditions(seen: &Observed, due: &Due, status: &mut Status, now: DateTime<Utc>) -> Option<Event> {
    let suspended = seen.cron.spec.suspend;
    let (ready, reason, message) = match (&due.error, &seen.cron.spec.times) {
        (Some(error), _) | (None, Err(error)) => (false, reason_of(error), error.to_string()),
        (None, Ok(_)) if suspended => (true, schedule::SUSPENDED, "spec.suspend is true".to_owned()),
        (None, Ok(_)) if due.next.is_none() => {
            (false, schedule::INVALID_SCHEDULE, "no time within five years: correct the schedule".to_owned())
        }
        (None, Ok(times)) => (true, schedule::SCHEDULED, clock(due, now).or(times.once_a_minute()).unwrap_or_default()),
    };
    let refused = seen.refusal.as_ref().filter(|refusal| ready && !suspended && !refusal.is_blip);
    let before = status.conditions.when_true(types::STALLED).map(|c| (c.reason.clone(), c.message.clone()));
    status.conditions.set(types::READY, ready, reason, &message, now);
    let stalled = match refused {
        Some(refusal) => Some((schedule::JOB_REFUSED, refusal.message.clone())),
        None => (!ready).then_some((reason, message)),
    };
    let Some((reason, message)) = stalled else {
        status.conditions.clear(types::STALLED, schedule::RECOVERED, "", now);
        return None;
    };
    status.conditions.set(types::STALLED, true, reason, &message, now);
    let is_new = before.is_none_or(|(r, m)| (r.as_str(), &m) != (reason, &message));
    (is_new && refused.is_none()).then(|| Event::warning(reason, message))
}

/// Told of each spec once; the condition Ready says so, too.
fn too_short(seen: &Observed) -> Option<Event> {
    let is_new = seen.cron.status.observed_generation != Some(seen.cron.generation);
    let message = seen.cron.spec.times.as_ref().ok()?.once_a_minute()?;
    is_new.then(|| Event::warning(schedule::PERIOD_TOO_SHORT, message))
}

fn reason_of(error: &TimesError) -> &'static str {
    match error {
        TimesError::Zone(_) => schedule::UNKNOWN_TIME_ZONE,
        TimesError::TooManySteps => schedule::SCHEDULE_TOO_COMPLEX,
        TimesError::ZoneInSchedule(_) => schedule::UNSUPPORTED_SCHEDULE,
        TimesError::Schedule { .. }
        | TimesError::Exclude { .. }
        | TimesError::TooManyExclusions(_)
        | TimesError::EveryBesideOthers(_) => schedule::UNPARSEABLE_SCHEDULE,
    }
}

/// The clock stands before a time that has run: it was set back.
fn clock(due: &Due, now: DateTime<Utc>) -> Option<String> {
    let last = due.last_schedule.filter(|last| *last > now)?;
    Some(format!(
        "{} has run already and is in the future: nothing starts before it",
        last.format("%Y-%m-%dT%H:%M:%SZ")
    ))
}

#[cfg(test)]
mod tests;
