//! Which times have come, and what becomes of each: it starts, waits, or is missed?
//!
//! Judged are all times that have come since everything was settled (`past`). CronJob runs the latest of these times; so does
//! this controller, unless `catchUp` asks for more. `turn` says which of them start now.

mod turn;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cron::{Budget, Spent, Times, TimesError, budget};
use crate::engine::observed::time;
use crate::engine::plan::sooner;
use crate::engine::schedule::observed::Observed;
use crate::engine::schedule::past::Past;
use crate::engine::schedule::search::{self, Found, Search, Span};
use turn::Turn;

/// The judgement about all times so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Times whose runs start now.
    pub starts: Vec<DateTime<Utc>>,
    /// Times that wait for active runs, oldest first.
    pub queued: Vec<DateTime<Utc>>,
    /// The last scheduled time, for the status.
    pub last_schedule: Option<DateTime<Utc>>,
    /// Times that are missed with this decision.
    pub missed: Missed,
    /// The latest time that passed without a run, for the status.
    pub last_missed: Option<DateTime<Utc>>,
    /// The latest of the missed times that came too late, or found no room in the queue.
    pub too_late: Option<DateTime<Utc>>,
    /// The time that does not start since a run is active (Forbid).
    pub blocked: Option<DateTime<Utc>>,
    /// More than a hundred times had come.
    pub too_many: bool,
    /// The next time.
    pub next: Option<DateTime<Utc>>,
    /// When there will be something to decide.
    pub wake: Option<DateTime<Utc>>,
    /// Why the schedule has no times.
    pub error: Option<TimesError>,
    /// What was searched, to be kept.
    pub search: Option<Search>,
}

/// Times that pass without a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// How many.
    pub count: usize,
    /// The latest of them.
    pub last: Option<DateTime<Utc>>,
}

/// What CronJob calls too many.
const MANY: usize = 100;

/// Judges all times up to now.
pub fn of(seen: &Observed, now: DateTime<Utc>) -> Due {
    let mut budget = Budget::of(budget::OF_A_DECISION);
    let past = Past::of(seen, now, &mut budget);
    let times = match &seen.cron.spec.times {
        Ok(times) => times,
        Err(error) => return without_times(&past, error.clone(), None),
    };
    match find(&past, times, &mut budget) {
        Ok(found) if seen.cron.spec.suspend => suspended(&past, found),
        Ok(found) => judged(&past, found),
        Err(Spent) => without_times(&past, TimesError::TooManySteps, Some(Search::GaveUp)),
    }
}

/// Nothing starts, and no time is lost: all that is not settled is judged when there are times again.
fn without_times(past: &Past, error: TimesError, search: Option<Search>) -> Due {
    Due {
        queued: past.queued(),
        last_schedule: past.last_scheduled(),
        last_missed: past.last_missed(),
        error: Some(error),
        search,
        ..Due::default()
    }
}

/// Nothing starts. A run that was started just before may be news: what passed up to its time is missed.
fn suspended(past: &Past, found: Found) -> Due {
    let Arrived { earlier, too_many, .. } = arrived(past, &found);
    Due {
        queued: past.queued().into_iter().filter(|at| !past.ran(*at)).collect(),
        last_schedule: past.last_scheduled(),
        missed: earlier,
        last_missed: past.last_missed().max(earlier.last),
        too_many,
        search: Some(Search::Found(found)),
        ..Due::default()
    }
}

fn judged(past: &Past, found: Found) -> Due {
    let Arrived { earlier, latest, too_many } = arrived(past, &found);
    let (in_time, late): (Vec<_>, Vec<_>) = latest.into_iter().partition(|at| past.is_in_time(*at) || past.ran(*at));
    let late = Missed::of(late);
    let turn = turn::of(past, &in_time);
    let missed = earlier.and(late).and(turn.missed);
    Due {
        last_schedule: past.last_scheduled().max(turn.last),
        missed,
        last_missed: past.last_missed().max(missed.last),
        too_late: late.last.max(turn.too_late),
        too_many,
        next: found.next,
        wake: wake(past, &turn, found.next),
        search: Some(Search::Found(found)),
        starts: turn.starts,
        queued: turn.queued,
        blocked: turn.blocked,
        error: None,
    }
}

/// How many of the latest times may run.
fn wanted(past: &Past) -> usize {
    if past.seen.cron.spec.suspend { 1 } else { past.seen.cron.spec.catch_up }
}

/// The times since everything was settled, and the next one. One more time than is wanted tells which time was missed last.
fn find(past: &Past, times: &Times, budget: &mut Budget) -> Result<Found, Spent> {
    let span = Span { after: past.settled_until(), until: until(past), keep: wanted(past) + 1 };
    search::find(times, past.seen.search.as_ref(), span, budget)
}

/// Up to which time all times have come. The last one that was started may lie ahead, since somebody set the clock back: what
/// lies before that time is over.
fn until(past: &Past) -> DateTime<Utc> {
    let spec = &past.seen.cron.spec;
    let come = past.now.checked_sub_signed(spec.jitter).unwrap_or(past.now);
    match past.last_scheduled() {
        last if spec.suspend => last.unwrap_or(past.settled_until()),
        Some(last) => last.max(come),
        None => come,
    }
}

/// Times that have come.
struct Arrived {
    /// The latest of them, as many as may run, oldest first.
    latest: Vec<DateTime<Utc>>,
    /// Those before that did not run.
    earlier: Missed,
    too_many: bool,
}

fn arrived(past: &Past, found: &Found) -> Arrived {
    let all = &found.pending.latest;
    let (before, latest) = all.split_at(all.len().saturating_sub(wanted(past)));
    let ran = latest.first().map_or(0, |first| past.started_between(past.settled_until(), *first));
    let count = (found.pending.count - latest.len()).saturating_sub(ran);
    let last = before.last().copied().filter(|_| count > 0);
    Arrived { latest: latest.to_vec(), earlier: Missed { count, last }, too_many: found.pending.count > MANY }
}

/// The next time, or the moment at which a time that waits has waited too long.
fn wake(past: &Past, turn: &Turn, next: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let spec = &past.seen.cron.spec;
    let starts = |at| time::after(at, spec.jitter);
    let waiting = turn.blocked.or(turn.queued.first().copied());
    let expiry =
        waiting.zip(spec.deadline).map(|(at, deadline)| time::after(starts(at), deadline + TimeDelta::seconds(1)));
    sooner(next.map(starts), expiry)
}

impl Missed {
    fn of(times: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        times.into_iter().fold(Self::default(), |all, at| all.and(Self { count: 1, last: Some(at) }))
    }

    fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, last: self.last.max(other.last) }
    }
}

#[cfg(test)]
mod tests;
