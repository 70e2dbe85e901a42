//! When does a calendar fire next? As `SpecSchedule.Next` of robfig/cron v3.0.1 computes it, clock changes included.
//!
//! The code has the same steps in the same order, because these steps determine what happens around a clock change: a
//! skipped time does not fire that day, a repeated time fires twice, and there are odder cases. If there is no time
//! within five years, the schedule never fires. The search ends after `MAX_STEPS` in any case.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use crate::cron::expression::Calendar;
use crate::cron::zone::Zone;

/// The longest search that ends by itself takes some thousand steps.
const MAX_STEPS: u32 = 100_000;

/// The first time after `after`; `None`: never within five years.
pub fn after(calendar: &Calendar, zone: Zone, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if calendar.minute.is_empty() || calendar.hour.is_empty() || calendar.month.is_empty() {
        return None;
    }
    let unix = after.timestamp().checked_add(1)?; // the next whole second
    let search = Search { calendar, zone, unix, wall: zone.wall(unix)?, moved: false, steps: 0 };
    search.run().and_then(|unix| DateTime::from_timestamp(unix, 0))
}

struct Search<'a> {
    calendar: &'a Calendar,
    zone: Zone,
    unix: i64,
    wall: NaiveDateTime,
    /// All fields below the field that moved are at their beginning.
    moved: bool,
    steps: u32,
}

/// The result of the search in one field.
enum Found {
    /// The field matches.
    Yes,
    /// The field went past its end: start again with the month.
    Wrapped,
}

impl Search<'_> {
    fn run(mut self) -> Option<i64> {
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
                return Some(self.unix);
            }
        }
        None
    }

    fn go(&mut self, unix: i64) -> Option<()> {
        self.steps += 1;
        (self.unix, self.wall) = (unix, self.zone.wall(unix)?);
        (self.steps < MAX_STEPS).then_some(())
    }

    fn go_to_wall(&mut self, date: NaiveDate, time: NaiveTime) -> Option<()> {
        self.go(self.zone.guess(date.and_time(time))?)
    }

    /// Done once: all fields below the field that is about to move go to their beginning.
    fn begin(&mut self, date: NaiveDate, hour: u32) -> Option<()> {
        if !std::mem::replace(&mut self.moved, true) {
            self.go_to_wall(date, NaiveTime::from_hms_opt(hour, 0, 0)?)?;
        }
        Some(())
    }

    fn month(&mut self) -> Option<Found> {
        while !self.calendar.month.has(self.wall.month()) {
            self.begin(self.wall.date().with_day(1)?, 0)?;
            let (date, first) = (self.wall.date(), self.wall.date().with_day(1)?);
            let next = first.checked_add_months(chrono::Months::new(1))?;
            self.go_to_wall(next.checked_add_days(Days::new(u64::from(date.day0())))?, self.wall.time())?;
            if self.wall.month() == 1 {
                return Some(Found::Wrapped);
            }
        }
        Some(Found::Yes)
    }

    fn day(&mut self) -> Option<Found> {
        while !self.calendar.has_day(self.wall.day(), self.wall.weekday().num_days_from_sunday()) {
            self.begin(self.wall.date(), 0)?;
            self.go_to_wall(self.wall.date().succ_opt()?, self.wall.time())?;
            // A clock change at midnight: go back to 0 o'clock of this day, or forward to 0 o'clock of the next.
            match i64::from(self.wall.hour()) {
                0 => {}
                late @ 13.. => self.go(self.unix + (24 - late) * 3600)?,
                early => self.go(self.unix - early * 3600)?,
            }
            if self.wall.day() == 1 {
                return Some(Found::Wrapped);
            }
        }
        Some(Found::Yes)
    }

    fn hour(&mut self) -> Option<Found> {
        while !self.calendar.hour.has(self.wall.hour()) {
            self.begin(self.wall.date(), self.wall.hour())?;
            self.go(self.unix + 3600)?;
            if self.wall.hour() == 0 {
                return Some(Found::Wrapped);
            }
        }
        Some(Found::Yes)
    }

    fn minute(&mut self) -> Option<Found> {
        while !self.calendar.minute.has(self.wall.minute()) {
            if !std::mem::replace(&mut self.moved, true) {
                self.go(self.unix - self.unix.rem_euclid(60))?;
            }
            self.go(self.unix + 60)?;
            if self.wall.minute() == 0 {
                return Some(Found::Wrapped);
            }
        }
        Some(Found::Yes)
    }

    /// Schedules fire at the full minute.
    fn second(&mut self) -> Option<Found> {
        while self.wall.second() != 0 {
            self.moved = true;
            self.go(self.unix + 1)?;
            if self.wall.second() == 0 {
                return Some(Found::Wrapped);
            }
        }
        Some(Found::Yes)
    }
}

#[cfg(test)]
mod tests;
