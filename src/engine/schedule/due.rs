//! Which times have come, and what becomes of each: it starts, waits, or is missed?
//!
//! All that is later than the watermark (the last scheduled, missed or seen time) and has come is looked at. CronJob runs
//! the latest of these; so does this, unless `catchUp` asks for more. What is decided here moves the watermark when the
//! status is written, and not before: until then the same is decided again.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::cron::{Budget, Pending, Spent, Times, TimesError, budget};
use crate::engine::observed::time;
use crate::engine::schedule::observed::Observed;
use crate::engine::schedule::observed::status::is_credible;
use crate::engine::schedule::search::{self, Search, Span};

/// The judgement about all times so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// Times whose runs start now.
    pub starts: Vec<DateTime<Utc>>,
    /// Times that wait for active runs, oldest first.
    pub queued: Vec<DateTime<Utc>>,
    /// The last scheduled time, once the status is written.
    pub last_schedule: Option<DateTime<Utc>>,
    /// Times that are missed with this decision; the latest of them.
    pub missed: usize,
    /// The latest of these.
    pub last_missed: Option<DateTime<Utc>>,
    /// The latest of them that came too late.
    pub too_late: Option<DateTime<Utc>>,
    /// The time that does not start since a run is active (Forbid).
    pub blocked: Option<DateTime<Utc>>,
    /// More than a hundred had come.
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

/// What CronJob calls too many.
const MANY: usize = 100;

/// Judges all times up to now.
pub fn of(seen: &Observed, now: DateTime<Utc>) -> Due {
    let status = &seen.cron.status;
    let nothing = Due {
        queued: status.queued.iter().copied().filter(|at| is_credible(*at, now)).collect(),
        last_schedule: last_schedule(seen, now),
        last_missed: status.last_missed.filter(|at| is_credible(*at, now)),
        ..Due::default()
    };
    let judged = match &seen.cron.spec.times {
        Ok(times) => judge(seen, times, now, nothing.clone()),
        Err(error) => return Due { error: Some(error.clone()), ..nothing },
    };
    judged.unwrap_or(Due { error: Some(TimesError::TooManySteps), search: Some(Search::GaveUp), ..nothing })
}

fn judge(seen: &Observed, times: &Times, now: DateTime<Utc>, mut due: Due) -> Result<Due, Spent> {
    let (watermark, jitter) = (watermark(seen, now), seen.cron.spec.jitter);
    if seen.cron.spec.suspend {
        // A run that was started just before may be news: what passed up to then is missed.
        due.pass(seen, times, watermark, due.last_schedule.unwrap_or(watermark), 1)?;
        due.queued.retain(|at| !has_run(seen, at));
        due.next = None;
        return Ok(due);
    }
    let begun = now.checked_sub_signed(jitter).unwrap_or(now);
    // A run that is ahead was started before the clock was set back: what it passed over is missed.
    let until = due.last_schedule.map_or(begun, |last| last.max(begun));
    let latest = due.pass(seen, times, watermark, until, seen.cron.spec.catch_up)?;
    let in_time = |at: &DateTime<Utc>| {
        seen.cron.spec.deadline.is_none_or(|deadline| time::after(time::after(*at, jitter), deadline) >= now)
    };
    let (fresh, late): (Vec<_>, Vec<_>) = latest.into_iter().partition(|at| in_time(at) || has_run(seen, at));
    due.too_late = late.last().copied();
    due.miss(late.len(), due.too_late);
    match seen.cron.spec.concurrency {
        ConcurrencyPolicy::Allow | ConcurrencyPolicy::Replace => due.start(seen, fresh, now),
        ConcurrencyPolicy::Forbid => due.forbid(seen, fresh, now),
        ConcurrencyPolicy::Queue => due.queue(seen, fresh, now, in_time),
    }
    let expiry = due.blocked.or(due.queued.first().copied()).zip(seen.cron.spec.deadline);
    let expiry = expiry.map(|(at, deadline)| time::after(time::after(at, jitter), deadline + TimeDelta::seconds(1)));
    due.wake = due.next.map(|at| time::after(at, jitter)).into_iter().chain(expiry).min();
    Ok(due)
}

/// The last scheduled time as the status has it. If that is not credible, the last one that is remembered.
fn stored_schedule(seen: &Observed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let status = &seen.cron.status;
    match status.last_schedule {
        Some(last) if !is_credible(last, now) => {
            status.recent.iter().filter_map(|run| run.scheduled).filter(|at| *at <= now).max()
        }
        last => last,
    }
}

/// Up to then all is dealt with. A run that was seen counts, though the status may not know of it.
fn watermark(seen: &Observed, now: DateTime<Utc>) -> DateTime<Utc> {
    let missed = seen.cron.status.last_missed.filter(|at| is_credible(*at, now));
    stored_schedule(seen, now).into_iter().chain(missed).fold(seen.cron.created_at, DateTime::max)
}

/// The time of the latest run that was started for one. A run for a time to come is not believed: nobody started that by its
/// schedule, or the clock was set back since; when the time comes, its run is found.
fn last_schedule(seen: &Observed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let of_runs = seen.runs.iter().filter(|run| !run.manual).filter_map(|run| run.scheduled);
    let of_runs = of_runs.chain(seen.started.iter().copied()).filter(|at| *at <= now);
    of_runs.chain(stored_schedule(seen, now)).max()
}

/// Runs that were started and that the status does not know of; they may be gone already.
fn started_between(seen: &Observed, after: DateTime<Utc>, before: Option<&DateTime<Utc>>) -> usize {
    let in_view = seen.runs.iter().filter(|run| !run.manual).filter_map(|run| run.scheduled);
    let times: BTreeSet<_> = in_view.chain(seen.started.iter().copied()).collect();
    times.into_iter().filter(|at| *at > after && before.is_some_and(|before| at < before)).count()
}

/// It has a run, or had one a moment ago.
fn has_run(seen: &Observed, at: &DateTime<Utc>) -> bool {
    seen.has_run(*at) || seen.started.contains(at)
}

/// The run of that time is there, or was: times run in their order, so whatever is older than a run that was seen.
fn is_started(seen: &Observed, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    seen.has_run(at) || seen.started.range(at..).next().is_some_and(|later| *later <= now)
}

impl Due {
    /// The latest times up to then; those before them are missed, unless they ran.
    fn pass(
        &mut self,
        seen: &Observed,
        times: &Times,
        watermark: DateTime<Utc>,
        until: DateTime<Utc>,
        keep: usize,
    ) -> Result<Vec<DateTime<Utc>>, Spent> {
        let span = Span { after: watermark, until, keep: keep + 1 };
        let mut budget = Budget::of(budget::OF_A_DECISION);
        let found = search::find(times, seen.search.as_ref(), span, &mut budget)?;
        let Pending { count, mut latest, .. } = found.pending.clone();
        // One more than is wanted tells which time was missed last.
        let earlier = if latest.len() > keep { Some(latest.remove(0)) } else { None };
        let ran = started_between(seen, watermark, latest.first());
        self.miss((count - latest.len()).saturating_sub(ran), earlier);
        (self.too_many, self.next, self.search) = (count > MANY, found.next, Some(Search::Found(found)));
        Ok(latest)
    }

    fn miss(&mut self, count: usize, last: Option<DateTime<Utc>>) {
        if count > 0 {
            self.missed += count;
            self.last_missed = self.last_missed.max(last);
        }
    }

    /// Each starts, unless it is there already. One that could not start, and a later one did, is missed; unless somebody
    /// asked for the later one: then it is its turn still.
    fn start(&mut self, seen: &Observed, fresh: Vec<DateTime<Utc>>, now: DateTime<Utc>) {
        let in_order = fresh.iter().take_while(|at| is_started(seen, **at, now));
        self.last_schedule = self.last_schedule.max(in_order.last().copied());
        let (started, fresh): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|at| is_started(seen, *at, now));
        let passed_over: Vec<_> = started.into_iter().filter(|at| !has_run(seen, at)).collect();
        self.miss(passed_over.len(), passed_over.last().copied());
        self.starts = fresh;
    }

    /// The oldest starts if nothing is active. What does not start stays due.
    fn forbid(&mut self, seen: &Observed, fresh: Vec<DateTime<Utc>>, now: DateTime<Utc>) {
        self.start(seen, fresh, now);
        if seen.blocking().next().is_some() {
            self.blocked = self.starts.first().copied();
            self.starts.clear();
        }
        self.starts.truncate(1);
    }

    /// All wait in line; the first starts if nothing is active.
    fn queue(
        &mut self,
        seen: &Observed,
        fresh: Vec<DateTime<Utc>>,
        now: DateTime<Utc>,
        in_time: impl Fn(&DateTime<Utc>) -> bool,
    ) {
        let (mut line, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.queued).into_iter().partition(|at| in_time(at) || has_run(seen, at));
        self.miss(late.len(), late.last().copied());
        self.too_late = self.too_late.max(late.last().copied());
        line.retain(|at| !has_run(seen, at));
        let passed_over: Vec<_> = line.extract_if(.., |at| is_started(seen, *at, now)).collect();
        self.miss(passed_over.len(), passed_over.last().copied());
        for at in fresh {
            if is_started(seen, at, now) {
                self.last_schedule = self.last_schedule.max(Some(at));
                if !has_run(seen, &at) {
                    self.miss(1, Some(at));
                }
            } else if line.len() < seen.cron.spec.queue_limit || line.is_empty() {
                self.last_schedule = self.last_schedule.max(Some(at));
                line.push(at);
            } else {
                self.miss(1, Some(at));
                self.too_late = self.too_late.max(Some(at));
            }
        }
        if seen.blocking().next().is_none() {
            self.starts = line.first().copied().into_iter().collect();
        }
        self.queued = line;
    }
}
