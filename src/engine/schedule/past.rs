//! What has become of the times so far: which ran, and up to which time is everything settled?
//!
//! Four sources say that a time ran: a run that is there, a run that was seen (`Observed::started`), the runs that the status
//! remembers (`recent`), and the record of backfills. Only the status says up to which time everything is settled, so a time
//! is judged again until the status is written.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::api::{backfilled, scheduled_run};
use crate::cron::Budget;
use crate::engine::observed::time;
use crate::engine::schedule::observed::Observed;
use crate::engine::schedule::observed::status::is_credible;

/// What was observed, as the times see it.
pub struct Past<'a> {
    /// What was observed.
    pub seen: &'a Observed,
    /// The time.
    pub now: DateTime<Utc>,
    /// Times up to now for which the schedule itself started runs that were seen.
    started: BTreeSet<DateTime<Utc>>,
    /// The names of the runs that are there.
    names: BTreeSet<&'a str>,
}

impl<'a> Past<'a> {
    /// The past up to now. A run for a time to come is left out: nobody started that run by the schedule, or the clock was
    /// set back since. When the time comes, its run is found. A run for a time that is none of the schedule is left out too:
    /// somebody made that run, and it says nothing about the times around it. Half of the budget may be used to find that
    /// out. A time that is left out since the budget is used up still counts as `ran`.
    pub fn of(seen: &'a Observed, now: DateTime<Utc>, budget: &mut Budget) -> Self {
        let in_view = seen.runs.iter().filter(|run| !run.manual).filter_map(|run| run.scheduled);
        let started = in_view.chain(seen.started.iter().copied()).filter(|at| *at <= now).collect();
        let mut past = Self { seen, now, started, names: seen.names() };
        if let Ok(times) = &seen.cron.spec.times {
            let settled = past.settled_until();
            budget.half(|half| {
                past.started.retain(|at| *at <= settled || times.have(settled, *at, half) == Ok(true));
            });
        }
        past
    }

    /// The time has a run, or had one, whoever started the run.
    pub fn ran(&self, at: DateTime<Utc>) -> bool {
        let (name, status) = (scheduled_run::name(&self.seen.cron.name, at), &self.seen.cron.status);
        self.started.contains(&at)
            || self.seen.started.contains(&at)
            || self.names.contains(name.as_str())
            || status.recent.iter().any(|run| run.name == name)
            || backfilled::contains(&status.backfilled, at)
    }

    /// The time has no run, and a later time was started: times start in their order, so this one does not start any more.
    pub fn is_passed_over(&self, at: DateTime<Utc>) -> bool {
        !self.ran(at) && self.started.range(at..).next().is_some()
    }

    /// The time does not start (again): it ran, or was passed over.
    pub fn is_settled(&self, at: DateTime<Utc>) -> bool {
        self.ran(at) || self.is_passed_over(at)
    }

    /// How many times in between were started. The status need not know of them, and their runs may be gone.
    pub fn started_between(&self, after: DateTime<Utc>, before: DateTime<Utc>) -> usize {
        self.started.iter().filter(|at| **at > after && **at < before).count()
    }

    /// The latest time that was started, or that was put in the queue.
    pub fn last_scheduled(&self) -> Option<DateTime<Utc>> {
        self.started.last().copied().max(self.stored_last_scheduled())
    }

    /// The latest time that passed without a run, as the status has it.
    pub fn last_missed(&self) -> Option<DateTime<Utc>> {
        self.seen.cron.status.last_missed.filter(|at| self.is_credible(*at))
    }

    /// The times that wait, as the status has them, oldest first.
    pub fn queued(&self) -> Vec<DateTime<Utc>> {
        self.seen.cron.status.queued.iter().copied().filter(|at| self.is_credible(*at)).collect()
    }

    /// Up to this time everything is settled and written down.
    pub fn settled_until(&self) -> DateTime<Utc> {
        let stored = self.stored_last_scheduled().max(self.last_missed());
        stored.map_or(self.seen.cron.created_at, |stored| stored.max(self.seen.cron.created_at))
    }

    /// The time can still start: its starting deadline has not passed.
    pub fn is_in_time(&self, at: DateTime<Utc>) -> bool {
        let spec = &self.seen.cron.spec;
        spec.deadline.is_none_or(|deadline| time::after(time::after(at, spec.jitter), deadline) >= self.now)
    }

    /// `lastScheduleTime`. If that lies too far ahead, the last time that the status remembers of a run.
    fn stored_last_scheduled(&self) -> Option<DateTime<Utc>> {
        let status = &self.seen.cron.status;
        match status.last_schedule {
            Some(last) if !self.is_credible(last) => {
                status.recent.iter().filter_map(|run| run.scheduled).filter(|at| *at <= self.now).max()
            }
            last => last,
        }
    }

    fn is_credible(&self, at: DateTime<Utc>) -> bool {
        is_credible(at, self.now)
    }
}

#[cfg(test)]
mod tests;
