//! Which times does a schedule have? Several expressions, exclusions, a time zone and a rule for clock changes act as
//! one.
//!
//! `next` looks forward; `pending` returns the times that have come due since. Both have a limit, so a schedule that
//! excludes all its own times has no next time.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::cron::dst;
use crate::cron::exclude;
use crate::cron::expression::Calendar;
use crate::cron::expression::Expression;
use crate::cron::expression::Kind;
use crate::cron::expression::ParseError;
use crate::cron::hash;
use crate::cron::next;
use crate::cron::zone::Zone;
use crate::cron::zone::ZoneError;

/// How many times in a row may be excluded; a whole excluded day counts as one.
const MAX_EXCLUDED: u32 = 10_000;
/// How many times are counted in one go; if there are more, the count is "at least this many".
const MAX_COUNT: usize = 1_000;

/// Everything that determines when an object runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    schedules: Vec<Expression>,
    exclude: Vec<Calendar>,
    zone: Zone,
    dst: Dst,
}

/// What happens at times that a clock change skips or repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dst {
    /// As CronJob: a skipped time does not run, and a repeated time runs twice.
    #[default]
    CronJob,
    /// Each time runs once.
    RunOnce,
}

/// Why there are no times.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimesError {
    /// The time zone is unknown.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// A schedule is invalid.
    #[error("schedule {text:?}: {error}")]
    Schedule {
        /// As it was written.
        text: String,
        /// What is wrong.
        error: ParseError,
    },
    /// An exclusion is invalid, or not a calendar.
    #[error("exclude {text:?}: {why}")]
    Exclude {
        /// As it was written.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// `TZ=` in a schedule, which CronJob rejects too.
    #[error("schedule {0:?}: TZ and CRON_TZ can't be used in a schedule: set timeZone")]
    ZoneInSchedule(String),
    /// `@every` together with other schedules.
    #[error(
        "schedule {0:?}: @every counts from the last run and can't be one of several schedules: make it an object of its own"
    )]
    EveryBesideOthers(String),
}

/// The times that have come due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many times; at most 1,000 are counted.
    pub count: usize,
    /// There are more times than were counted.
    pub more: bool,
    /// The latest of these times, oldest first, as many as the caller asked for.
    pub latest: Vec<DateTime<Utc>>,
}

impl Times {
    /// Parses everything. `name` is `namespace/name` of the object; `H` is computed from it.
    pub fn parse(
        schedules: &[impl AsRef<str>],
        exclude: &[impl AsRef<str>],
        zone: Option<&str>,
        dst: Dst,
        name: &str,
    ) -> Result<Self, TimesError> {
        let zone = zone.map(Zone::parse).transpose()?.unwrap_or(Zone::UTC);
        let exclude: Result<_, _> = exclude.iter().map(|text| exclusion(text.as_ref(), name)).collect();
        let schedules = schedules.iter().map(AsRef::as_ref);
        let read: Result<Vec<_>, _> = schedules.clone().map(|text| schedule(text, name)).collect();
        let (read, exclude) = (read?, exclude?);
        if read.len() > 1
            && let Some((text, _)) = schedules.zip(&read).find(|(_, e)| matches!(e.kind, Kind::Every(_)))
        {
            return Err(TimesError::EveryBesideOthers(text.to_owned()));
        }
        Ok(Self { schedules: read, exclude, zone, dst })
    }

    /// The same with a time zone from an expression.
    pub fn of(expression: Expression, zone: Zone, dst: Dst) -> Self {
        let zone = expression.zone.unwrap_or(zone);
        Self { schedules: vec![expression], exclude: Vec::new(), zone, dst }
    }

    /// The time zone of all calendars.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The calendars among the schedules.
    pub fn calendars(&self) -> impl Iterator<Item = &Calendar> {
        self.schedules.iter().filter_map(|e| match &e.kind {
            Kind::Calendar(calendar) => Some(calendar),
            Kind::Every(_) => None,
        })
    }

    /// The note about a period shorter than a minute: the name of a run contains only the minute.
    pub fn once_a_minute(&self) -> Option<String> {
        let short = |e: &Expression| match e.kind {
            Kind::Every(delay) => Some(delay.num_seconds()).filter(|seconds| *seconds < 60),
            Kind::Calendar(_) => None,
        };
        let seconds = self.schedules.iter().find_map(short)?;
        Some(format!("@every {seconds}s runs once a minute at most: a run has the name of its minute"))
    }

    /// The rule for clock changes.
    pub fn dst(&self) -> Dst {
        self.dst
    }

    /// The first time after `after`; `@every` also counts from `after`. `None`: never within five years.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.first(after, after)
    }

    /// The first time after both; `@every` counts from `anchor`.
    pub fn next_after(&self, anchor: DateTime<Utc>, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.first(anchor, from.max(anchor))
    }

    /// The times that have come due after `anchor`, up to and including `now`; the latest `keep` of them.
    pub fn pending(&self, anchor: DateTime<Utc>, now: DateTime<Utc>, keep: usize) -> Pending {
        let due = |at: &DateTime<Utc>| *at <= now;
        let mut times = std::iter::successors(self.first(anchor, anchor), |at| self.first(anchor, *at)).take_while(due);
        let counted: Vec<_> = times.by_ref().take(MAX_COUNT).collect();
        if times.next().is_none() {
            let latest = counted[counted.len().saturating_sub(keep)..].to_vec();
            return Pending { count: counted.len(), more: false, latest };
        }
        let back = std::iter::successors(self.last(anchor, now), |at| self.last(anchor, *at - TimeDelta::seconds(1)));
        let mut latest: Vec<_> = back.take(keep).collect();
        latest.reverse();
        Pending { count: MAX_COUNT, more: true, latest }
    }

    /// The last time after `anchor` and up to `until`, by bisection.
    fn last(&self, anchor: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = |from: i64| {
            let from = DateTime::from_timestamp(from, 0)?.max(anchor);
            self.first(anchor, from).filter(|at| *at <= until)
        };
        let (mut found, mut beyond) = (anchor.timestamp(), until.timestamp());
        due(found)?;
        while beyond - found > 1 {
            let middle = found + (beyond - found) / 2;
            if due(middle).is_some() { found = middle } else { beyond = middle }
        }
        due(found)
    }

    /// The first time after `from` that is not excluded; `@every` counts from `anchor`, which is not later than `from`.
    fn first(&self, anchor: DateTime<Utc>, mut from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        for _ in 0..MAX_EXCLUDED {
            let at = self.schedules.iter().filter_map(|e| self.first_of(e, anchor, from)).min()?;
            match exclude::until(&self.exclude, self.zone, at.timestamp()) {
                None => return Some(at),
                Some(last) => from = DateTime::from_timestamp(last, 0)?,
            }
        }
        None
    }

    fn first_of(&self, expression: &Expression, anchor: DateTime<Utc>, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match (&expression.kind, self.dst) {
            (Kind::Calendar(calendar), Dst::CronJob) => next::after(calendar, self.zone, from),
            (Kind::Calendar(calendar), Dst::RunOnce) => dst::run_once_after(calendar, self.zone, from),
            (Kind::Every(delay), _) => {
                let (begin, delay) = (anchor.timestamp(), delay.num_seconds());
                let passed = from.timestamp().checked_sub(begin)? / delay;
                DateTime::from_timestamp(begin.checked_add(passed.checked_add(1)?.checked_mul(delay)?)?, 0)
            }
        }
    }
}

fn schedule(text: &str, name: &str) -> Result<Expression, TimesError> {
    if text.contains("TZ") {
        return Err(TimesError::ZoneInSchedule(text.to_owned()));
    }
    let read = hash::resolve(text, name).and_then(|text| Expression::parse(&text));
    read.map_err(|error| TimesError::Schedule { text: text.to_owned(), error })
}

fn exclusion(text: &str, name: &str) -> Result<Calendar, TimesError> {
    let wrong = |why: String| TimesError::Exclude { text: text.to_owned(), why };
    let read = hash::resolve(text, name).and_then(|text| Expression::parse(&text));
    match read.map_err(|e| wrong(e.to_string()))? {
        Expression { zone: None, kind: Kind::Calendar(calendar) } => Ok(calendar),
        _ => Err(wrong("only five fields or @yearly to @hourly can exclude times".into())),
    }
}

#[cfg(test)]
mod tests;
