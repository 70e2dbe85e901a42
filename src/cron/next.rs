//! When does a calendar fire next? As `SpecSchedule.Next` of robfig/cron v3.0.1 computes it, clock changes included.
//!
//! The code has the same steps in the same order as the original, because these steps determine what happens around a
//! clock change: a skipped time does not fire that day, a repeated time fires twice, and there are odder cases. The
//! search skips several days, hours, minutes or seconds in one step if no clock change lies between. If there is no
//! time within five years, the schedule never fires. The search ends after `MAX_STEPS` in any case.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::cron::budget::{Budget, Spent};
use crate::cron::expression::Calendar;
use crate::cron::field::Field;
use crate::cron::zone::Zone;

/// A search that ends by itself takes at most some thousand steps.
const MAX_STEPS: u32 = 20_000;

/// The first time after `after`; `None`: never within five years.
pub fn after(
    calendar: &Calendar,
    zone: Zone,
    after: DateTime<Utc>,
    budget: &mut Budget,
) -> Result<Option<DateTime<Utc>>, Spent> {
    if !calendar.can_fire() {
        return Ok(None);
    }
    let found = Search::begin(calendar, zone, after, budget).and_then(Search::run);
    match found {
        Ok(unix) => Ok(DateTime::from_timestamp(unix, 0)),
        Err(Stop::Never) => Ok(None),
        Err(Stop::Spent(spent)) => Err(spent),
    }
}

/// The most days that the search skips in one step.
pub const DAYS_AHEAD: usize = 6;

struct Search<'a> {
    calendar: &'a Calendar,
    zone: Zone,
    unix: i64,
    wall: NaiveDateTime,
    /// Whether all fields below the field that moved are at their beginning.
    moved: bool,
    budget: &'a mut Budget,
    /// The steps of the budget that were taken before the search.
    taken: u32,
}

/// The result of the search in one field.
enum Found {
    /// The field matches.
    Yes,
    /// The field went past its end: start again with the month.
    Wrapped,
}

/// Why the search ended without a time.
enum Stop {
    /// There is no time within five years, or within the calendar.
    Never,
    /// The budget is used up.
    Spent(Spent),
}

impl From<Spent> for Stop {
    fn from(spent: Spent) -> Self {
        Self::Spent(spent)
    }
}

/// A time beyond the calendar does not exist.
fn within<T>(calendar: Option<T>) -> Result<T, Stop> {
    calendar.ok_or(Stop::Never)
}

impl<'a> Search<'a> {
    fn begin(calendar: &'a Calendar, zone: Zone, after: DateTime<Utc>, budget: &'a mut Budget) -> Result<Self, Stop> {
        let taken = budget.taken();
        budget.take(1)?;
        let unix = within(after.timestamp().checked_add(1))?; // the next whole second
        let wall = within(zone.wall(unix))?;
        Ok(Self { calendar, zone, unix, wall, moved: false, budget, taken })
    }

    fn run(mut self) -> Result<i64, Stop> {
        let last_year = self.wall.year() + 5;
        while self.wall.year() <= last_year {
            let fields = [Self::month, Self::day, Self::hour, Self::minute, Self::second];
            let mut fits = true;
            for field in fields {
                if let Found::Wrapped = field(&mut self)? {
                    fits = false;
                    break;
                }
            }
            if fits {
                return Ok(self.unix);
            }
        }
        Err(Stop::Never)
    }

    fn go(&mut self, unix: i64) -> Result<(), Stop> {
        self.budget.take(1)?;
        if self.budget.taken() - self.taken > MAX_STEPS {
            return Err(Stop::Never);
        }
        (self.unix, self.wall) = (unix, within(self.zone.wall(unix))?);
        Ok(())
    }

    fn go_to_wall(&mut self, date: NaiveDate, time: NaiveTime) -> Result<(), Stop> {
        self.budget.take(2)?;
        self.go(within(self.zone.guess(date.and_time(time)))?)
    }

    /// Moves ahead by `count` units of `seconds`, in one step. If a clock change lies between, moves ahead by one unit
    /// only.
    fn go_ahead(&mut self, count: u32, seconds: i64) -> Result<(), Stop> {
        if count > 1 {
            let (unix, seconds) = (self.unix, i64::from(count) * seconds);
            let expected = self.wall.checked_add_signed(chrono::TimeDelta::seconds(seconds));
            let wall = self.wall;
            self.go(unix + seconds)?;
            if Some(self.wall) == expected {
                return Ok(());
            }
            (self.unix, self.wall) = (unix, wall);
        }
        self.go(self.unix + seconds)
    }

    /// Moves all fields below the field that is about to move to their beginning, once for each search.
    fn begin_at(&mut self, date: NaiveDate, hour: u32) -> Result<(), Stop> {
        if !std::mem::replace(&mut self.moved, true) {
            self.go_to_wall(date, within(NaiveTime::from_hms_opt(hour, 0, 0))?)?;
        }
        Ok(())
    }

    fn month(&mut self) -> Result<Found, Stop> {
        while !self.calendar.month.has(self.wall.month()) {
            let first = |date: NaiveDate| within(date.with_day(1));
            self.begin_at(first(self.wall.date())?, 0)?;
            let (date, first) = (self.wall.date(), first(self.wall.date())?);
            let next = within(first.checked_add_months(chrono::Months::new(1)))?;
            let next = within(next.checked_add_days(Days::new(u64::from(date.day0()))))?;
            self.go_to_wall(next, self.wall.time())?;
            if self.wall.month() == 1 {
                return Ok(Found::Wrapped);
            }
        }
        Ok(Found::Yes)
    }

    fn day(&mut self) -> Result<Found, Stop> {
        while !self.has_day(self.wall.date()) {
            self.begin_at(self.wall.date(), 0)?;
            if !self.go_days_ahead()? {
                self.go_to_wall(within(self.wall.date().succ_opt())?, self.wall.time())?;
            }
            // A clock change at midnight: go back to 0 o'clock of this day, or forward to 0 o'clock of the next day.
            match i64::from(self.wall.hour()) {
                0 => {}
                late @ 13.. => self.go(self.unix + (24 - late) * 3600)?,
                early => self.go(self.unix - early * 3600)?,
            }
            if self.wall.day() == 1 {
                return Ok(Found::Wrapped);
            }
        }
        Ok(Found::Yes)
    }

    fn has_day(&self, date: NaiveDate) -> bool {
        self.calendar.has_day(date.day(), date.weekday().num_days_from_sunday())
    }

    /// Skips several midnights in one step, up to a day that matches or begins a month. False, and nothing is skipped,
    /// if the next day is such a day, or if a clock change lies between. No zone changes its clocks twice in
    /// `DAYS_AHEAD` days.
    fn go_days_ahead(&mut self) -> Result<bool, Stop> {
        let (unix, wall) = (self.unix, self.wall);
        let days = wall.date().iter_days().skip(1).take(DAYS_AHEAD).take_while(|d| d.day() != 1 && !self.has_day(*d));
        let days = days.count();
        if days < 2 || wall.time() != NaiveTime::MIN {
            return Ok(false);
        }
        self.go_to_wall(within(wall.date().checked_add_days(Days::new(days as u64)))?, NaiveTime::MIN)?;
        let passed = self.unix - unix == days as i64 * 86_400 && self.wall.time() == NaiveTime::MIN;
        if !passed {
            (self.unix, self.wall) = (unix, wall);
        }
        Ok(passed)
    }

    fn hour(&mut self) -> Result<Found, Stop> {
        while !self.calendar.hour.has(self.wall.hour()) {
            self.begin_at(self.wall.date(), self.wall.hour())?;
            self.go_ahead(until_next(self.calendar.hour, self.wall.hour(), 24), 3600)?;
            if self.wall.hour() == 0 {
                return Ok(Found::Wrapped);
            }
        }
        Ok(Found::Yes)
    }

    fn minute(&mut self) -> Result<Found, Stop> {
        while !self.calendar.minute.has(self.wall.minute()) {
            if !std::mem::replace(&mut self.moved, true) {
                self.go(self.unix - self.unix.rem_euclid(60))?;
            }
            self.go_ahead(until_next(self.calendar.minute, self.wall.minute(), 60), 60)?;
            if self.wall.minute() == 0 {
                return Ok(Found::Wrapped);
            }
        }
        Ok(Found::Yes)
    }

    /// Schedules fire at second 0 of a minute.
    fn second(&mut self) -> Result<Found, Stop> {
        while self.wall.second() != 0 {
            self.moved = true;
            self.go_ahead(60 - self.wall.second(), 1)?;
            if self.wall.second() == 0 {
                return Ok(Found::Wrapped);
            }
        }
        Ok(Found::Yes)
    }
}

/// The distance from `n` to the next number of the field, or to `end`, where the field begins again.
fn until_next(field: Field, n: u32, end: u32) -> u32 {
    field.from(n + 1).unwrap_or(end).min(end) - n
}

#[cfg(test)]
mod tests;
