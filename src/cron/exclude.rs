//! Until when is a time excluded?
//!
//! An exclusion is a cron expression of five fields. A time does not run if an exclusion would fire in the same minute
//! by the local clock. `* * 25 12 *` excludes a day, `* 0-5 * * *` the night. All exclusions of a day act as one
//! exclusion. So a search skips a whole excluded hour or day in one step, whether one exclusion covers the hour or day
//! or several do.

use chrono::{Datelike, NaiveDateTime, TimeDelta, Timelike};

use crate::cron::budget::{Budget, Spent};
use crate::cron::expression::{Calendar, LONGEST_MONTHS};
use crate::cron::zone::Zone;

/// All minutes of an hour.
const WHOLE_HOUR: u64 = (1 << 60) - 1;

/// At most so many exclusions act as one.
pub const MAX: u32 = 64;

/// The steps for combining all exclusions of a day.
const STEPS_OF_A_DAY: u32 = 8;

/// The exclusions, and what they exclude on the day of the last question.
pub struct Exclusions<'a> {
    all: &'a [Calendar],
    zone: Zone,
    day: Day,
}

impl<'a> Exclusions<'a> {
    /// These exclusions, at most `MAX`, by the local clock of this zone.
    pub fn new(all: &'a [Calendar], zone: Zone) -> Self {
        Self { all, zone, day: Day::of(all, 0) }
    }

    /// If the minute of this second is excluded: the last second up to which every minute is certainly excluded.
    pub fn until(&mut self, unix: i64, budget: &mut Budget) -> Result<Option<i64>, Spent> {
        if self.all.is_empty() {
            return Ok(None);
        }
        budget.take(1)?;
        let Some(wall) = self.zone.wall(unix) else { return Ok(None) };
        let date = wall.date();
        let on_day = on(self.all, (date.month(), date.day(), date.weekday().num_days_from_sunday()));
        if on_day != self.day.exclusions {
            budget.take(STEPS_OF_A_DAY)?;
            self.day = Day::of(self.all, on_day);
        }
        if !self.day.excludes(wall) {
            return Ok(None);
        }
        if self.day.is_whole {
            return self.midnight_after(unix, wall, budget).map(Some);
        }
        // The local time of the end determines the second only if no clock change lies between.
        for end in [self.day.end(wall), hour_end(&self.day, wall)] {
            budget.take(1)?;
            let at = unix + (end - wall).num_seconds();
            if self.zone.wall(at) == Some(end) {
                return Ok(Some((at - 1).max(unix)));
            }
        }
        Ok(Some(unix))
    }

    /// The last second of this day: all of the day is excluded, whatever the clocks do.
    fn midnight_after(&self, unix: i64, wall: NaiveDateTime, budget: &mut Budget) -> Result<i64, Spent> {
        budget.take(2)?;
        let midnight = midnight_after(wall).and_then(|midnight| self.zone.first(midnight));
        Ok(midnight.map_or(unix, |midnight| (midnight - 1).max(unix)))
    }
}

/// All exclusions of one day, combined.
struct Day {
    /// The exclusions that have this day: bit `n` stands for exclusion `n`.
    exclusions: u64,
    /// The excluded minutes of each hour.
    hours: [u64; 24],
    /// Every minute is excluded.
    is_whole: bool,
}

impl Day {
    fn of(all: &[Calendar], exclusions: u64) -> Self {
        let mut hours = [0; 24];
        for calendar in numbered(all).filter(|(n, _)| exclusions & (1 << n) != 0).map(|(_, calendar)| calendar) {
            let with = (0..24).zip(&mut hours).filter(|(hour, _)| calendar.hour.has(*hour));
            with.for_each(|(_, minutes)| *minutes |= calendar.minute.bits());
        }
        Self { exclusions, is_whole: hours.iter().all(|minutes| *minutes == WHOLE_HOUR), hours }
    }

    fn excludes(&self, wall: NaiveDateTime) -> bool {
        self.hours[wall.hour() as usize] & (1 << wall.minute()) != 0
    }

    /// Whether the calendar fires in a minute of this day that is not excluded. The caller knows that the calendar has
    /// this day.
    fn leaves(&self, calendar: &Calendar) -> bool {
        let mut hours = (0..24).zip(&self.hours);
        hours.any(|(hour, excluded)| calendar.hour.has(hour) && calendar.minute.bits() & !excluded != 0)
    }

    /// The first minute from there on that is not excluded; midnight if this day has no such minute.
    fn end(&self, wall: NaiveDateTime) -> NaiveDateTime {
        let first = |hour: u32, from: u32| {
            let open = !self.hours[hour as usize] & WHOLE_HOUR & (u64::MAX << from);
            (open != 0).then(|| wall.date().and_hms_opt(hour, open.trailing_zeros(), 0)).flatten()
        };
        let this_hour = first(wall.hour(), wall.minute());
        let later = || (wall.hour() + 1..24).find_map(|hour| first(hour, 0));
        this_hour.or_else(later).or_else(|| midnight_after(wall)).unwrap_or(wall)
    }
}

/// The end of this hour, or the end of the excluded minutes if that comes first.
fn hour_end(day: &Day, wall: NaiveDateTime) -> NaiveDateTime {
    let rest = TimeDelta::seconds(3600 - i64::from(wall.minute() * 60 + wall.second()));
    day.end(wall).min(wall.checked_add_signed(rest).unwrap_or(wall))
}

fn midnight_after(wall: NaiveDateTime) -> Option<NaiveDateTime> {
    wall.date().succ_opt()?.and_hms_opt(0, 0, 0)
}

/// Whether one of these calendars fires in a minute that is not excluded, by a local clock that never changes.
pub fn leave(exclude: &[Calendar], calendars: &[Calendar]) -> bool {
    if exclude.is_empty() {
        return !calendars.is_empty();
    }
    let months = (1..=12).zip(LONGEST_MONTHS);
    let days = months.flat_map(|(month, last)| (1..=last).map(move |day| (month, day)));
    let mut day = Day::of(exclude, 0);
    days.flat_map(|(month, day)| (0..7).map(move |weekday| (month, day, weekday))).any(|date| {
        let on_day = on(exclude, date);
        if on_day != day.exclusions {
            day = Day::of(exclude, on_day);
        }
        calendars.iter().any(|calendar| has(calendar, date) && day.leaves(calendar))
    })
}

/// Month, day of the month, and day of the week.
type Date = (u32, u32, u32);

fn has(calendar: &Calendar, (month, day, weekday): Date) -> bool {
    calendar.month.has(month) && calendar.has_day(day, weekday)
}

/// The exclusions that have this day.
fn on(all: &[Calendar], date: Date) -> u64 {
    numbered(all).filter(|(_, calendar)| has(calendar, date)).fold(0, |bits, (n, _)| bits | 1 << n)
}

fn numbered(all: &[Calendar]) -> impl Iterator<Item = (u32, &Calendar)> {
    (0..MAX).zip(all)
}

#[cfg(test)]
mod tests;
