//! What does a cron expression say, and why is it invalid?
//!
//! This parser accepts what CronJob accepts: `ParseStandard` of robfig/cron v3.0.1. Five fields, or `@yearly`,
//! `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`, `@hourly`, `@every DURATION`; `TZ=ZONE ` or `CRON_TZ=ZONE `
//! may come first. CronJob accepts no zone in a new schedule; the caller has to check this. `hash` handles `H`.

use chrono::TimeDelta;
use thiserror::Error;

use crate::cron::duration;
use crate::cron::field;
use crate::cron::field::Field;
use crate::cron::field::FieldError;
use crate::cron::zone::Zone;
use crate::cron::zone::ZoneError;

/// A parsed schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The time zone in the expression itself.
    pub zone: Option<Zone>,
    /// When the schedule fires.
    pub kind: Kind,
}

/// The two kinds of schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By the calendar and the local clock.
    Calendar(Calendar),
    /// By the elapsed time: `@every`. At least a second, in whole seconds.
    Every(TimeDelta),
}

/// The five fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Minutes.
    pub minute: Field,
    /// Hours.
    pub hour: Field,
    /// Days of the month.
    pub day: Field,
    /// Months.
    pub month: Field,
    /// Days of the week, Sunday is 0.
    pub weekday: Field,
}

/// The days of each month, of February in a leap year.
pub const LONGEST_MONTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Why an expression is invalid.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The expression is empty.
    #[error("the schedule is empty: write five fields, as in \"0 2 * * *\", or @daily")]
    Empty,
    /// There are not five fields.
    #[error("expected 5 fields (minute, hour, day of month, month, day of week), found {found}: {text:?}")]
    Fields {
        /// The number of fields.
        found: usize,
        /// The expression.
        text: String,
    },
    /// One of the five fields is invalid.
    #[error("{field}: {error}")]
    Field {
        /// The name of the field.
        field: &'static str,
        /// What is wrong with the field.
        error: FieldError,
    },
    /// `@reboot`
    #[error(
        "{0:?} is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every DURATION \
         (lower case, nothing after it)"
    )]
    Descriptor(String),
    /// `@every day`
    #[error("{0:?} has no valid duration: write a duration as in @every 1h30m")]
    Duration(String),
    /// `TZ=ZONE` without a schedule.
    #[error("after {0:?} a space and a schedule are missing")]
    ZoneAlone(String),
    /// The time zone is unknown.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// An `H` is invalid, or has no object name to be computed from.
    #[error("{0}")]
    Hash(String),
}

impl Expression {
    /// Parses an expression, and rejects what CronJob rejects.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Empty);
        }
        let (zone, text) = split_zone(text)?;
        if text.starts_with('@') {
            return Ok(Self { zone, kind: descriptor(text)? });
        }
        Ok(Self { zone, kind: Kind::Calendar(calendar(text)?) })
    }
}

/// A prefix `TZ=` or `CRON_TZ=`, with the time zone as Go's `LoadLocation` finds it. `Local` is UTC here, and so is an
/// empty name.
fn split_zone(text: &str) -> Result<(Option<Zone>, &str), ParseError> {
    let Some(after) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((None, text));
    };
    let (name, rest) = after.split_once(' ').ok_or_else(|| ParseError::ZoneAlone(text.to_owned()))?;
    Ok((Some(Zone::as_go_loads(name)?), rest.trim()))
}

fn descriptor(text: &str) -> Result<Kind, ParseError> {
    const MIDNIGHT: Calendar = Calendar {
        minute: Field::only(0),
        hour: Field::only(0),
        day: Field::all(&field::DAY),
        month: Field::all(&field::MONTH),
        weekday: Field::all(&field::WEEKDAY),
    };
    Ok(Kind::Calendar(match text {
        "@yearly" | "@annually" => Calendar { day: Field::only(1), month: Field::only(1), ..MIDNIGHT },
        "@monthly" => Calendar { day: Field::only(1), ..MIDNIGHT },
        "@weekly" => Calendar { weekday: Field::only(0), ..MIDNIGHT },
        "@daily" | "@midnight" => MIDNIGHT,
        "@hourly" => Calendar { hour: Field::all(&field::HOUR), ..MIDNIGHT },
        _ => return every(text),
    }))
}

fn every(text: &str) -> Result<Kind, ParseError> {
    let duration = text.strip_prefix("@every ").ok_or_else(|| ParseError::Descriptor(text.to_owned()))?;
    let nanoseconds = duration::nanoseconds(duration).ok_or_else(|| ParseError::Duration(text.to_owned()))?;
    Ok(Kind::Every(TimeDelta::seconds((nanoseconds / 1_000_000_000).max(1))))
}

fn calendar(text: &str) -> Result<Calendar, ParseError> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err(ParseError::Fields { found: fields.len(), text: text.to_owned() });
    };
    let read = |text: &str, bounds: &field::Bounds| {
        Field::parse(text, bounds).map_err(|error| ParseError::Field { field: bounds.name, error })
    };
    Ok(Calendar {
        minute: read(minute, &field::MINUTE)?,
        hour: read(hour, &field::HOUR)?,
        day: read(day, &field::DAY)?,
        month: read(month, &field::MONTH)?,
        weekday: read(weekday, &field::WEEKDAY)?,
    })
}

impl Kind {
    /// The minutes in which this may fire.
    pub fn minutes(&self) -> Calendar {
        match self {
            Self::Calendar(calendar) => *calendar,
            Self::Every(_) => Calendar {
                minute: Field::all(&field::MINUTE),
                hour: Field::all(&field::HOUR),
                day: Field::all(&field::DAY),
                month: Field::all(&field::MONTH),
                weekday: Field::all(&field::WEEKDAY),
            },
        }
    }
}

impl Calendar {
    /// The day rule: if one of the day fields is a star, a day must be in both fields, otherwise in either.
    pub fn has_day(&self, day: u32, weekday: u32) -> bool {
        let (of_month, of_week) = (self.day.has(day), self.weekday.has(weekday));
        if self.day.star || self.weekday.star { of_month && of_week } else { of_month || of_week }
    }

    /// Is there a day on which the calendar fires? `0 0 31 2 *` has none, and the empty field `,` has none.
    pub fn can_fire(&self) -> bool {
        let days = |month| LONGEST_MONTHS[month as usize - 1];
        let of_month = (1..=12).filter(|m| self.month.has(*m)).any(|m| self.day.from(1).is_some_and(|d| d <= days(m)));
        let of_week = !self.weekday.is_empty() && !self.month.is_empty();
        let has_day = if self.day.star || self.weekday.star { of_month && of_week } else { of_month || of_week };
        has_day && !self.hour.is_empty() && !self.minute.is_empty()
    }

    /// Does the schedule fire in every hour? Then it follows the elapsed time more than the local clock.
    pub fn every_hour(&self) -> bool {
        self.hour.is_full(&field::HOUR)
    }
}

#[cfg(test)]
mod tests;
