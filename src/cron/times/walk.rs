//! Which time comes after which? The walk merges the times of all schedules, and leaves out excluded times.

use chrono::{DateTime, Datelike, Utc};

use crate::cron::budget::{Budget, Spent};
use crate::cron::dst;
use crate::cron::exclude::Exclusions;
use crate::cron::expression::Kind;
use crate::cron::next;
use crate::cron::times::{Dst, Times};

/// How many times in a row may be excluded; a whole excluded hour or day counts once.
const MAX_EXCLUDED: u32 = 10_000;

/// A walk from time to time. The walk searches the next time of each schedule once, and keeps that time until the walk
/// reaches it.
pub struct Walk<'a> {
    times: &'a Times,
    anchor: DateTime<Utc>,
    from: DateTime<Utc>,
    exclusions: Exclusions<'a>,
    ahead: Vec<Ahead>,
}

/// What the walk knows of the next time of one schedule.
#[derive(Clone, Copy)]
enum Ahead {
    Unknown,
    At(DateTime<Utc>),
    /// There is no time within five years of this year.
    Never(i32),
}

impl<'a> Walk<'a> {
    /// A walk through the times after `from`, which is not before `anchor`; `@every` counts from `anchor`.
    pub fn new(times: &'a Times, anchor: DateTime<Utc>, from: DateTime<Utc>) -> Self {
        let exclusions = Exclusions::new(&times.exclude, times.zone);
        Self { times, anchor, from, exclusions, ahead: vec![Ahead::Unknown; times.schedules.len()] }
    }

    /// The next time that is not excluded.
    pub fn next(&mut self, budget: &mut Budget) -> Result<Option<DateTime<Utc>>, Spent> {
        self.next_up_to(DateTime::<Utc>::MAX_UTC, budget)
    }

    /// The next time that is not excluded, up to and including `until`. The walk looks at no exclusions after `until`.
    fn next_up_to(&mut self, until: DateTime<Utc>, budget: &mut Budget) -> Result<Option<DateTime<Utc>>, Spent> {
        for _ in 0..MAX_EXCLUDED {
            let Some(at) = self.nearest(budget)?.filter(|at| *at <= until) else { return Ok(None) };
            match self.exclusions.until(at.timestamp(), budget)? {
                None => {
                    self.from = at;
                    return Ok(Some(at));
                }
                Some(last) => self.from = DateTime::from_timestamp(last, 0).unwrap_or(at).max(at),
            }
        }
        Ok(None)
    }

    /// Adds the times up to and including `until` to the list. False if there are more than `most`.
    pub fn list_up_to(
        &mut self,
        until: DateTime<Utc>,
        most: usize,
        list: &mut Vec<DateTime<Utc>>,
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        while let Some(at) = self.next_up_to(until, budget)? {
            if list.len() == most {
                return Ok(false);
            }
            list.push(at);
        }
        Ok(true)
    }

    /// The next time of any schedule.
    fn nearest(&mut self, budget: &mut Budget) -> Result<Option<DateTime<Utc>>, Spent> {
        let mut nearest = None;
        for n in 0..self.ahead.len() {
            let is_over = match self.ahead[n] {
                Ahead::Unknown => true,
                Ahead::At(at) => at <= self.from,
                Ahead::Never(year) => year < self.from.year(),
            };
            if is_over {
                let found = self.next_of(n, budget)?;
                self.ahead[n] = found.map_or(Ahead::Never(self.from.year()), Ahead::At);
            }
            if let Ahead::At(at) = self.ahead[n] {
                nearest = Some(nearest.map_or(at, |nearest: DateTime<Utc>| nearest.min(at)));
            }
        }
        Ok(nearest)
    }

    fn next_of(&self, n: usize, budget: &mut Budget) -> Result<Option<DateTime<Utc>>, Spent> {
        let zone = self.times.zone;
        match (&self.times.schedules[n], self.times.dst) {
            (Kind::Calendar(calendar), Dst::CronJob) => next::after(calendar, zone, self.from, budget),
            (Kind::Calendar(calendar), Dst::RunOnce) => dst::run_once_after(calendar, zone, self.from, budget),
            (Kind::Every(delay), _) => {
                budget.take(1)?;
                Ok(every(self.anchor.timestamp(), delay.num_seconds(), self.from.timestamp()))
            }
        }
    }
}

/// The first second after `from` that is a multiple of `delay` after `anchor`.
fn every(anchor: i64, delay: i64, from: i64) -> Option<DateTime<Utc>> {
    let passed = from.checked_sub(anchor)? / delay;
    DateTime::from_timestamp(anchor.checked_add(passed.checked_add(1)?.checked_mul(delay)?)?, 0)
}
