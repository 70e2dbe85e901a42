//! Which time zone is meant, and what does the clock on its wall say?
//!
//! Names are taken as Go's `time.LoadLocation` takes them on Linux: with their letters' case. CronJob's validation, which
//! is stricter, is `Zone::parse`. The rules come from chrono-tz, compiled in: no file of the machine is read.

use std::fmt;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use thiserror::Error;

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    tz: Tz,
    name: &'static str,
}

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ZoneError {
    /// `""`
    #[error("the time zone is empty: leave it out for UTC, or name one, as in Europe/Berlin")]
    Empty,
    /// `Local`
    #[error("{0:?} is no explicit time zone: name one of https://www.iana.org/time-zones, as in Europe/Berlin")]
    Local(String),
    /// Not in the list.
    #[error("unknown time zone {name:?}{hint}")]
    Unknown {
        /// The name.
        name: String,
        /// The name that was meant, perhaps.
        hint: String,
    },
}

impl Zone {
    /// What an absent time zone means.
    pub const UTC: Self = Self { tz: Tz::UTC, name: "UTC" };

    /// The zone of that name, refused as the API server refuses `spec.timeZone` of a CronJob.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        if name.is_empty() {
            return Err(ZoneError::Empty);
        }
        if name.eq_ignore_ascii_case("local") {
            return Err(ZoneError::Local(name.to_owned()));
        }
        Self::named(name)
    }

    /// The zone of that name as Go's `time.LoadLocation` finds it; nothing, and `Local`, are UTC.
    pub fn as_go_loads(name: &str) -> Result<Self, ZoneError> {
        match name {
            "" | "UTC" | "Local" => Ok(Self::UTC),
            name => Self::named(name),
        }
    }

    /// A zone of the IANA list. `Factory` is in Go's list and not in chrono-tz': it is UTC.
    fn named(name: &str) -> Result<Self, ZoneError> {
        if name == "Factory" {
            return Ok(Self { tz: Tz::UTC, name: "Factory" });
        }
        let found = name.parse::<Tz>().ok().filter(|tz| tz.name() == name);
        found.map(|tz| Self { tz, name: tz.name() }).ok_or_else(|| {
            let meant = Self::all().find(|zone| zone.name.eq_ignore_ascii_case(name));
            let hint = match meant {
                Some(zone) => format!(": upper and lower case matter, write {}", zone.name),
                None => ": names are those of https://www.iana.org/time-zones, as in Europe/Berlin".into(),
            };
            ZoneError::Unknown { name: name.to_owned(), hint }
        })
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let factory = Self { tz: Tz::UTC, name: "Factory" };
        chrono_tz::TZ_VARIANTS.iter().map(|tz| Self { tz: *tz, name: tz.name() }).chain([factory])
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The clock on the wall at that second. `None` beyond the calendar.
    pub fn wall(&self, unix: i64) -> Option<NaiveDateTime> {
        let utc = DateTime::from_timestamp(unix, 0)?.naive_utc();
        utc.checked_add_signed(TimeDelta::seconds(self.offset(unix)?))
    }

    /// Seconds that the wall is ahead of UTC at that second.
    fn offset(&self, unix: i64) -> Option<i64> {
        let utc = DateTime::from_timestamp(unix, 0)?.naive_utc();
        Some(i64::from(self.tz.offset_from_utc_datetime(&utc).fix().local_minus_utc()))
    }

    /// The second at which the wall says so, as Go's `time.Date` guesses it: with the offset of the time around it. For
    /// times that are there twice, or not at all, it is one of those next to them.
    pub fn guess(&self, wall: NaiveDateTime) -> Option<i64> {
        let unix = wall.and_utc().timestamp();
        let first = unix - self.offset(unix)?;
        Some(unix - self.offset(first)?)
    }

    /// The first second at which the wall says so; for a time that a change of clocks leaves out, the first one after it.
    pub fn first(&self, wall: NaiveDateTime) -> Option<i64> {
        let unix = wall.and_utc().timestamp();
        match self.tz.offset_from_local_datetime(&wall) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                Some(unix - i64::from(offset.fix().local_minus_utc()))
            }
            LocalResult::None => self.end_of_gap(wall),
        }
    }

    /// The wall never says so.
    pub fn is_left_out(&self, wall: NaiveDateTime) -> bool {
        matches!(self.tz.offset_from_local_datetime(&wall), LocalResult::None)
    }

    /// The wall says so twice.
    pub fn is_twice(&self, wall: NaiveDateTime) -> bool {
        matches!(self.tz.offset_from_local_datetime(&wall), LocalResult::Ambiguous(..))
    }

    /// The first second after a gap, halving two days.
    fn end_of_gap(&self, wall: NaiveDateTime) -> Option<i64> {
        const DAY: i64 = 86_400;
        let unix = wall.and_utc().timestamp();
        let (mut before, mut after) = (unix - DAY, unix + DAY);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.wall(middle)? < wall { before = middle } else { after = middle }
        }
        Some(after)
    }

    /// As RFC 3339, with the offset of the zone: `2026-11-24T02:00:00+01:00`.
    pub fn rfc3339(&self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.tz);
        local.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests;
