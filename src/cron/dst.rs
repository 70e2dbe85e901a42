//! What happens at a time that a clock change skips or repeats?
//!
//! `CronJob`: as CronJob does: a skipped time does not run, a repeated time runs twice. `RunOnce`: a skipped time runs at
//! the first instant after the gap, a repeated time runs the first time only. A schedule that fires in every hour follows
//! the elapsed time: for it both rules are the same, since otherwise it would not fire for an hour.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::cron::expression::Calendar;
use crate::cron::next;
use crate::cron::zone::Zone;

/// How many times in a row may have run already: a clock change by a few hours, minute by minute.
const MAX_TRIES: u32 = 2_000;

/// The first time after `after` by the rule `RunOnce`.
pub fn run_once_after(calendar: &Calendar, zone: Zone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if calendar.every_hour() {
        return next::after(calendar, zone, after);
    }
    let mut wall = zone.wall(after.timestamp())?;
    for _ in 0..MAX_TRIES {
        wall = wall_after(calendar, wall)?;
        let at = zone.first(wall)?;
        if at > after.timestamp() {
            return DateTime::from_timestamp(at, 0);
        }
    }
    None
}

/// The next time by a local clock that never changes.
fn wall_after(calendar: &Calendar, wall: NaiveDateTime) -> Option<NaiveDateTime> {
    next::after(calendar, Zone::UTC, wall.and_utc()).map(|at| at.naive_utc())
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
pub fn changes(calendar: &Calendar, zone: Zone, from: DateTime<Utc>, to: DateTime<Utc>, limit: usize) -> Vec<Change> {
    if calendar.every_hour() {
        return Vec::new();
    }
    let left_out = left_out(calendar, zone, from, to).take(limit).map(Change::LeftOut);
    let twice = twice(calendar, zone, from, to).take(limit).map(Change::Twice);
    left_out.chain(twice).collect()
}

fn left_out(
    calendar: &Calendar,
    zone: Zone,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = NaiveDateTime> {
    let (first, last) = (zone.wall(from.timestamp()), zone.wall(to.timestamp()));
    let walls = std::iter::successors(first, move |wall| wall_after(calendar, *wall)).skip(1);
    walls.take_while(move |wall| last.is_some_and(|last| *wall <= last)).filter(move |wall| zone.is_left_out(*wall))
}

fn twice(
    calendar: &Calendar,
    zone: Zone,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = DateTime<Utc>> {
    let times = std::iter::successors(Some(from), move |at| next::after(calendar, zone, *at)).skip(1);
    times.take_while(move |at| *at <= to).filter(move |at| {
        let wall = zone.wall(at.timestamp());
        wall.is_some_and(|wall| zone.is_twice(wall) && zone.first(wall) != Some(at.timestamp()))
    })
}

#[cfg(test)]
mod tests;
