//! Which time zone does a name mean, and what is the local time there?
//!
//! Names are case-sensitive, as for Go's `time.LoadLocation` on Linux. `Zone::parse` is CronJob's validation, which is
//! stricter. The program contains the rules of chrono-tz, and reads no time zone file of the machine.

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

/// Why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ZoneError {
    /// `""`
    #[error("the time zone is empty: leave it out for UTC, or name one, as in Europe/Berlin")]
    Empty,
    /// `Local`
    #[error("{0:?} is not an explicit time zone: name one of https://www.iana.org/time-zones, as in Europe/Berlin")]
    Local(String),
    /// The name is not in the list.
    #[error("unknown time zone {name:?}{hint}")]
    Unknown {
        /// The name.
        name: String,
        /// The name that the user perhaps meant.
        hint: String,
    },
}

impl Zone {
    /// The meaning of an absent time zone.
    pub const UTC: Self = Self { tz: Tz::UTC, name: "UTC" };

    /// The time zone with this name; rejects the names that the API server rejects in `spec.timeZone` of a CronJob.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        if name.is_empty() {
            return Err(ZoneError::Empty);
        }
        if name.eq_ignore_ascii_case("local") {
            return Err(ZoneError::Local(name.to_owned()));
        }
        Self::named(name)
    }

    /// The time zone with this name as Go's `time.LoadLocation` finds it; an empty name and `Local` are UTC.
    pub fn as_go_loads(name: &str) -> Result<Self, ZoneError> {
        match name {
            "" | "UTC" | "Local" => Ok(Self::UTC),
            name => Self::named(name),
        }
    }

    /// A time zone of the IANA list. `Factory` is in Go's list but not in chrono-tz's; it is UTC.
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

    /// All time zones.
    pub fn all() -> impl Iterator<Item = Self> {
        let factory = Self { tz: Tz::UTC, name: "Factory" };
        chrono_tz::TZ_VARIANTS.iter().map(|tz| Self { tz: *tz, name: tz.name() }).chain([factory])
    }

    /// The name of the time zone.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The local time at this second. `None` beyond the calendar.
    pub fn wall(&self, unix: i64) -> Option<NaiveDateTime> {
        let utc = DateTime::from_timestamp(unix, 0)?.naive_utc();
        utc.checked_add_signed(TimeDelta::seconds(self.offset_at(&utc)))
    }

    /// How many seconds the local time is ahead of UTC at this second.
    fn offset(&self, unix: i64) -> Option<i64> {
        Some(self.offset_at(&DateTime::from_timestamp(unix, 0)?.naive_utc()))
    }

    fn offset_at(&self, utc: &NaiveDateTime) -> i64 {
        i64::from(self.tz.offset_from_utc_datetime(utc).fix().local_minus_utc())
    }

    /// The second with this local time, as Go's `time.Date` guesses: with the offset of the time around it. If the
    /// local time occurs twice, or not at all, the result is one of the neighbouring seconds.
    pub fn guess(&self, wall: NaiveDateTime) -> Option<i64> {
        let unix = wall.and_utc().timestamp();
        let first = unix - self.offset(unix)?;
        Some(unix - self.offset(first)?)
    }

    /// The first second with this local time; if a clock change skips the local time, the first second after the gap.
    pub fn first(&self, wall: NaiveDateTime) -> Option<i64> {
        let unix = wall.and_utc().timestamp();
        match self.tz.offset_from_local_datetime(&wall) {
            LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
                Some(unix - i64::from(offset.fix().local_minus_utc()))
            }
            LocalResult::None => self.end_of_gap(wall),
        }
    }

    /// Whether this local time never occurs.
    pub fn is_left_out(&self, wall: NaiveDateTime) -> bool {
        matches!(self.tz.offset_from_local_datetime(&wall), LocalResult::None)
    }

    /// Whether this local time occurs twice.
    pub fn is_twice(&self, wall: NaiveDateTime) -> bool {
        matches!(self.tz.offset_from_local_datetime(&wall), LocalResult::Ambiguous(..))
    }

    /// The first second after a gap, by bisection over two days.
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

    /// The time as RFC 3339, with the offset of the zone: `2026-11-24T02:00:00+01:00`.
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
