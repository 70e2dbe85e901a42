//! What does the stored status of a schedule say? Its wire form is `wire`'s part.

mod wire;

use std::collections::BTreeSet;

use crate::api::backfilled::{self, Span};
use crate::engine::observed::conditions::Conditions;
use crate::engine::observed::time;
use crate::engine::schedule::observed::{Run, RunRef};
use chrono::{DateTime, TimeDelta, Utc};

/// A clock that is set back is set back by less than this.
const SET_BACK_MAX: TimeDelta = TimeDelta::days(1);

/// Can the status know of that time? It may lie ahead of now if somebody set the clock back, but not far. A wrong clock, or an
/// older version that believed what a run said of its time, has written times that lie further ahead.
pub fn is_credible(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at <= time::after(now, SET_BACK_MAX)
}

/// The status of a SidecarCronJob.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The generation that it speaks of.
    pub observed_generation: Option<i64>,
    /// All conditions, those of others included.
    pub conditions: Conditions,
    /// Runs that are not finished.
    pub active: Vec<RunRef>,
    /// The scheduled time of the run that was started, or queued, last.
    pub last_schedule: Option<DateTime<Utc>>,
    /// When a run succeeded last.
    pub last_success: Option<DateTime<Utc>>,
    /// When a run failed last.
    pub last_failure: Option<DateTime<Utc>>,
    /// The latest time that passed without a run.
    pub last_missed: Option<DateTime<Utc>>,
    /// How many did.
    pub missed: i32,
    /// The next time.
    pub next: Option<DateTime<Utc>>,
    /// The same, to print.
    pub next_text: Option<String>,
    /// The schedules, to print.
    pub schedule: Option<String>,
    /// How the last run ended.
    pub last_result: Option<String>,
    /// How long the last finished run took, to print.
    pub last_run_duration: Option<String>,
    /// How many of the recent finished runs succeeded, to print.
    pub success_rate: Option<String>,
    /// Times that wait.
    pub queued: Vec<DateTime<Utc>>,
    /// The latest runs, newest first.
    pub recent: Vec<Recent>,
    /// Times that ran because somebody asked for them.
    pub backfilled: Vec<Span>,
}

impl Status {
    /// That time is dealt with as far as it says: it ran, or was missed.
    pub fn knows(&self, at: DateTime<Utc>) -> bool {
        self.last_schedule >= Some(at) && !self.queued.contains(&at)
    }

    /// What is written down of runs. Made once for many runs.
    pub fn written(&self) -> Written<'_> {
        Written { status: self, active: self.active.iter().map(|run| run.uid.as_str()).collect() }
    }
}

/// What the status has of runs, so that the question about one run does not look at all others.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    status: &'a Status,
    active: BTreeSet<&'a str>,
}

impl Written<'_> {
    /// The status has the run of that UID as active.
    pub fn is_active(&self, uid: &str) -> bool {
        self.active.contains(uid)
    }

    /// How that run ended is written down, and that its time ran.
    pub fn has_end_of(&self, run: &Run) -> bool {
        let (Some((success, at)), status) = (run.ended, self.status) else { return false };
        let last = if success { status.last_success } else { status.last_failure };
        let passed = run.scheduled.is_none_or(|at| match run.manual {
            true => backfilled::is_settled(&status.backfilled, at),
            false => status.knows(at),
        });
        last >= Some(at) && passed && !self.is_active(&run.uid)
    }
}

/// A run, as it is remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    /// Its name.
    pub name: String,
    /// For which time it ran.
    pub scheduled: Option<DateTime<Utc>>,
    /// When it started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it finished.
    pub finished_at: Option<DateTime<Utc>>,
    /// How.
    pub result: String,
}
