//! Which times does a schedule have? Several expressions, exclusions, a time zone and a rule for clock changes act as
//! one schedule.
//!
//! `next` returns the next time; `pending` returns the times that have come since the last run. Both count their steps
//! (`budget`). A schedule whose exclusions cover all of its times has no next time. `walk` goes from one time to the
//! next.

mod walk;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::cron::budget;
use crate::cron::budget::{Budget, Spent};
use crate::cron::exclude;
use crate::cron::expression::Calendar;
use crate::cron::expression::Expression;
use crate::cron::expression::Kind;
use crate::cron::expression::ParseError;
use crate::cron::hash;
use crate::cron::zone::Zone;
use crate::cron::zone::ZoneError;
use walk::Walk;

/// The most times that `pending` counts; if there are more, the count is "at least this many".
const MAX_COUNT: usize = 1_000;

/// Everything that determines when an object runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    schedules: Vec<Kind>,
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
        /// The text of the schedule.
        text: String,
        /// What is wrong.
        error: ParseError,
    },
    /// An exclusion is invalid, or not a calendar.
    #[error("exclude {text:?}: {why}")]
    Exclude {
        /// The text of the exclusion.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// More exclusions than can act as one.
    #[error("exclude has {0} entries: combine them, at most 64 are possible")]
    TooManyExclusions(usize),
    /// `TZ=` in a schedule, which CronJob rejects too.
    #[error("schedule {0:?}: TZ and CRON_TZ can't be used in a schedule: set timeZone")]
    ZoneInSchedule(String),
    /// The search for the next time, or for the times that have come, used up its budget.
    #[error(
        "the search for the next time takes more than {max} steps, so nothing starts until the spec changes: exclude fewer \
         times, exclude whole hours or days (as in \"* 0-5 * * *\"), or give fewer schedules",
        max = budget::OF_A_DECISION
    )]
    TooManySteps,
    /// `@every` together with other schedules.
    #[error(
        "schedule {0:?}: @every counts from the last run and can't be one of several schedules: make it an object of its own"
    )]
    EveryBesideOthers(String),
}

/// The times that have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many times have come; `pending` counts at most 1,000.
    pub count: usize,
    /// Whether more times have come than `count`.
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
        let exclude: Result<Vec<_>, _> = exclude.iter().map(|text| exclusion(text.as_ref(), name)).collect();
        let schedules = schedules.iter().map(AsRef::as_ref);
        let read: Result<Vec<_>, _> = schedules.clone().map(|text| schedule(text, name)).collect();
        let (read, exclude) = (read?, exclude?);
        if read.len() > 1
            && let Some((text, _)) = schedules.zip(&read).find(|(_, e)| matches!(e.kind, Kind::Every(_)))
        {
            return Err(TimesError::EveryBesideOthers(text.to_owned()));
        }
        Self::new(read.into_iter().map(|expression| expression.kind), exclude, zone, dst)
    }

    /// The times of one expression, with the time zone of the expression if the expression has one.
    pub fn of(expression: Expression, zone: Zone, dst: Dst) -> Self {
        let zone = expression.zone.unwrap_or(zone);
        Self { schedules: without_idle([expression.kind]), exclude: Vec::new(), zone, dst }
    }

    /// Leaves out what has no effect: calendars that never fire, and repeated schedules and exclusions. If the
    /// exclusions cover all times, no schedule is left.
    fn new(
        schedules: impl IntoIterator<Item = Kind>,
        exclude: Vec<Calendar>,
        zone: Zone,
        dst: Dst,
    ) -> Result<Self, TimesError> {
        let mut schedules = without_idle(schedules);
        let mut distinct: Vec<Calendar> = Vec::new();
        for calendar in exclude.into_iter().filter(Calendar::can_fire) {
            if !distinct.contains(&calendar) {
                distinct.push(calendar);
            }
        }
        if distinct.len() > exclude::MAX as usize {
            return Err(TimesError::TooManyExclusions(distinct.len()));
        }
        let calendars: Vec<Calendar> = schedules.iter().map(Kind::minutes).collect();
        if !exclude::leave(&distinct, &calendars) {
            schedules.clear();
        }
        Ok(Self { schedules, exclude: distinct, zone, dst })
    }

    /// The time zone of all calendars.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The calendars among the schedules; only calendars that can fire.
    pub fn calendars(&self) -> impl Iterator<Item = &Calendar> {
        self.schedules.iter().filter_map(|kind| match kind {
            Kind::Calendar(calendar) => Some(calendar),
            Kind::Every(_) => None,
        })
    }

    /// A note, if a period is shorter than a minute: the name of a run contains only the minute.
    pub fn once_a_minute(&self) -> Option<String> {
        let short = |kind: &Kind| match kind {
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
    pub fn next(&self, after: DateTime<Utc>, budget: &mut Budget) -> Result<Option<DateTime<Utc>>, Spent> {
        self.next_after(after, after, budget)
    }

    /// The first time after both `anchor` and `from`; `@every` counts from `anchor`.
    pub fn next_after(
        &self,
        anchor: DateTime<Utc>,
        from: DateTime<Utc>,
        budget: &mut Budget,
    ) -> Result<Option<DateTime<Utc>>, Spent> {
        Walk::new(self, anchor, from.max(anchor)).next(budget)
    }

    /// Is this one of the times after `anchor`, from which `@every` counts?
    pub fn have(&self, anchor: DateTime<Utc>, at: DateTime<Utc>, budget: &mut Budget) -> Result<bool, Spent> {
        Ok(self.next_after(anchor, at - TimeDelta::seconds(1), budget)? == Some(at))
    }

    /// The times that have come after `anchor`, up to and including `now`, and the latest `keep` of these times. The
    /// count stops when half of the budget is used up; `more` is true then.
    pub fn pending(
        &self,
        anchor: DateTime<Utc>,
        now: DateTime<Utc>,
        keep: usize,
        budget: &mut Budget,
    ) -> Result<Pending, Spent> {
        let mut counted = Vec::new();
        let mut walk = Walk::new(self, anchor, anchor);
        let is_all = budget.half(|half| walk.list_up_to(now, MAX_COUNT, &mut counted, half));
        if is_all == Ok(true) {
            let latest = counted[counted.len().saturating_sub(keep)..].to_vec();
            return Ok(Pending { count: counted.len(), more: false, latest });
        }
        let latest = self.latest(anchor, now, keep, budget)?;
        Ok(Pending { count: counted.len().max(latest.len()), more: true, latest })
    }

    /// The latest `keep` times after `anchor` and up to `until`. The search does not look at all times: it finds a time
    /// before `until` from which on there are enough times, and not many more.
    fn latest(
        &self,
        anchor: DateTime<Utc>,
        until: DateTime<Utc>,
        keep: usize,
        budget: &mut Budget,
    ) -> Result<Vec<DateTime<Utc>>, Spent> {
        let most = 2 * keep + 50;
        let mut width = TimeDelta::minutes(i64::try_from(keep).unwrap_or(1).max(1));
        // A search from `few` finds too few times, a search from `many` too many.
        let (mut few, mut many): (DateTime<Utc>, Option<DateTime<Utc>>) = (until, None);
        loop {
            let from = match many {
                Some(many) => many + (few - many) / 2,
                None => until.checked_sub_signed(width).map_or(anchor, |from| from.max(anchor)),
            };
            let mut found = Vec::new();
            let is_all = Walk::new(self, anchor, from).list_up_to(until, most, &mut found, budget)?;
            let ends = few - from <= TimeDelta::seconds(1);
            match (is_all, found.len() >= keep || from == anchor || ends) {
                (true, true) => return Ok(found.split_off(found.len().saturating_sub(keep))),
                (true, false) => (few, width) = (from, width * 2),
                (false, _) => many = Some(from),
            }
        }
    }
}

/// Each schedule once, without calendars that never fire.
fn without_idle(schedules: impl IntoIterator<Item = Kind>) -> Vec<Kind> {
    let mut all: Vec<Kind> = Vec::new();
    for kind in schedules {
        let fires = match &kind {
            Kind::Calendar(calendar) => calendar.can_fire(),
            Kind::Every(_) => true,
        };
        if fires && !all.contains(&kind) {
            all.push(kind);
        }
    }
    all
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
