//! What happens at a time that a clock change skips or repeats?
//!
//! `CronJob`: as CronJob does: a skipped time does not run, a repeated time runs twice. `RunOnce`: a skipped time runs
//! at the first instant after the gap, and a repeated time runs the first time only. A schedule that fires in every
//! hour follows the elapsed time under both rules, because otherwise it would not fire for an hour.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::cron::budget::{Budget, Spent};
use crate::cron::expression::Calendar;
use crate::cron::next;
use crate::cron::zone::Zone;

/// How many times in a row may have run before: each minute of some hours that a clock change repeats.
const MAX_TRIES: u32 = 2_000;

/// The most steps for the second of a local time: `Zone::first` searches the end of a gap by bisection.
const STEPS_OF_FIRST: u32 = 20;

/// The first time after `after` by the rule `RunOnce`.
pub fn run_once_after(
    calendar: &Calendar,
    zone: Zone,
    after: DateTime<Utc>,
    budget: &mut Budget,
) -> Result<Option<DateTime<Utc>>, Spent> {
    if calendar.every_hour() {
        return next::after(calendar, zone, after, budget);
    }
    let Some(mut wall) = zone.wall(after.timestamp()) else { return Ok(None) };
    for _ in 0..MAX_TRIES {
        let Some(next) = wall_after(calendar, wall, budget)? else { return Ok(None) };
        budget.take(if zone.is_left_out(next) { STEPS_OF_FIRST } else { 2 })?;
        wall = next;
        match zone.first(wall) {
            Some(at) if at <= after.timestamp() => {}
            found => return Ok(found.and_then(|at| DateTime::from_timestamp(at, 0))),
        }
    }
    Ok(None)
}

/// The next time by a local clock that never changes.
fn wall_after(calendar: &Calendar, wall: NaiveDateTime, budget: &mut Budget) -> Result<Option<NaiveDateTime>, Spent> {
    Ok(next::after(calendar, Zone::UTC, wall.and_utc(), budget)?.map(|at| at.naive_utc()))
}

/// An effect of a clock change on a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This local time never occurs.
    LeftOut(NaiveDateTime),
    /// This local time occurs a second time.
    Twice(DateTime<Utc>),
}

/// The effects of clock changes between two times: at most `limit` of each kind.
pub fn changes(
    calendar: &Calendar,
    zone: Zone,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: usize,
    budget: &mut Budget,
) -> Result<Vec<Change>, Spent> {
    if calendar.every_hour() {
        return Ok(Vec::new());
    }
    let mut changes = left_out(calendar, zone, (from, to), limit, budget)?;
    changes.extend(twice(calendar, zone, (from, to), limit, budget)?);
    Ok(changes)
}

fn left_out(
    calendar: &Calendar,
    zone: Zone,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: usize,
    budget: &mut Budget,
) -> Result<Vec<Change>, Spent> {
    let mut found = Vec::new();
    let (Some(mut wall), Some(last)) = (zone.wall(from.timestamp()), zone.wall(to.timestamp())) else {
        return Ok(found);
    };
    while let Some(next) = wall_after(calendar, wall, budget)?.filter(|next| *next <= last && found.len() < limit) {
        budget.take(1)?;
        wall = next;
        found.extend(zone.is_left_out(wall).then_some(Change::LeftOut(wall)));
    }
    Ok(found)
}

fn twice(
    calendar: &Calendar,
    zone: Zone,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: usize,
    budget: &mut Budget,
) -> Result<Vec<Change>, Spent> {
    let (mut found, mut at) = (Vec::new(), from);
    while let Some(next) = next::after(calendar, zone, at, budget)?.filter(|next| *next <= to && found.len() < limit) {
        budget.take(3)?;
        at = next;
        let wall = zone.wall(at.timestamp());
        let again = wall.is_some_and(|wall| zone.is_twice(wall) && zone.first(wall) != Some(at.timestamp()));
        found.extend(again.then_some(Change::Twice(at)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
