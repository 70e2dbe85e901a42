//! Does a schedule fire when its author thinks? `cron` computes the times, as for the controller and as for CronJob.

use chrono::{DateTime, Datelike, Days, NaiveDateTime, Timelike, Utc};

use crate::cli::lint::finding::Finding;
use crate::cli::lint::finding::Rule;
use crate::cli::lint::finding::Severity;
use crate::cli::lint::node::Node;
use crate::cli::lint::subject::Subject;
use crate::cli::workload::Kind as Object;
use crate::cron::Budget;
use crate::cron::Calendar;
use crate::cron::Dst;
use crate::cron::Expression;
use crate::cron::Kind;
use crate::cron::Times;
use crate::cron::Zone;
use crate::cron::dst;
use crate::cron::dst::Change;
use crate::cron::hash;

/// How far ahead clock changes are looked for: two of them.
const DAYS_AHEAD: u64 = 366;
/// Clock changes that are told of one schedule, of each kind.
const MOST: usize = 1;
/// The steps of the search for clock changes.
const STEPS: u32 = 5_000_000;
/// Kubernetes documents that a shorter deadline may miss runs: the controller looks every ten seconds.
const SHORT: i64 = 10;

/// The schedule has no times.
pub static SCHEDULE_NEVER_FIRES: Rule = Rule {
    name: "schedule-never-fires",
    severity: Severity::Error,
    title: "The schedule never fires, or the API server rejects it.",
    page: "\
The finding means

- a date that does not exist (`0 0 31 2 *`), or exclusions that cover all times: the controller reports `InvalidSchedule` once,
  and starts no run,
- a schedule or a time zone that the API server rejects,
- in a CronJob: `@every` with a `startingDeadlineSeconds` that is shorter than the period. The controller counts the period from
  the beginning of the deadline, which moves on with the clock, so the time never comes. (In a SidecarCronJob it comes.)

```yaml
spec:
  schedule: \"0 0 31 2 *\"
```

Correct the schedule; `kubectl sidecarjob cron next '0 0 28 2 *'` prints its times. If the schedule runs by hand only, say so with
`suspend: true`; then there is no finding.",
};

/// A clock change skips or repeats a run.
pub static SCHEDULE_CLOCK_CHANGE: Rule = Rule {
    name: "schedule-clock-change",
    severity: Severity::Warning,
    title: "A clock change makes the schedule skip a run, or run twice.",
    page: "\
In a time zone with summer time, one hour of a year does not exist and one hour exists twice. A CronJob, and a SidecarCronJob
with `dstPolicy: CronJob` (the default), skip a run at a time that does not exist, and run twice at a time that exists twice. The
finding has the next dates. There is no finding for schedules that fire in every hour, and none without `timeZone`.

```yaml
spec:
  schedule: \"30 2 * * *\"
  timeZone: Europe/Berlin        # 2:30 does not exist in the last night of March
```

Choose an hour that no clock change touches, or a SidecarCronJob with `dstPolicy: RunOnce`
(`kubectl sidecarjob convert -f FILE --to=sidecarjob`).",
};

/// Every minute of an hour.
pub static SCHEDULE_EVERY_MINUTE: Rule = Rule {
    name: "schedule-every-minute",
    severity: Severity::Warning,
    title: "The minute is a star beside a fixed hour, so the schedule fires 60 times in that hour.",
    page: "\
`* 2 * * *` reads like \"at two o'clock\", and means each minute from 2:00 to 2:59. There is no finding for a range of hours
(`* 8-17 * * *`).

```yaml
spec:
  schedule: \"* 2 * * *\"          # once a day: 0 2 * * *
```

Write the minute.",
};

/// A day of the month or a day of the week.
pub static SCHEDULE_DAY_OR_WEEKDAY: Rule = Rule {
    name: "schedule-day-or-weekday",
    severity: Severity::Warning,
    title: "Day of month and day of week are both set, so the schedule fires on days that match either of them.",
    page: "\
In cron, two day fields that are not `*` mean \"or\". `0 2 1-7 * 1` is not the first Monday of the month: it fires on each of the
first seven days, and on every Monday.

```yaml
spec:
  schedule: \"0 2 1-7 * 1\"
```

Set one of the two, and let the program check the other one. A SidecarCronJob can exclude days: `schedule: 0 2 1-7 * *` with
`exclude: [\"* * * * 0,2-6\"]` is the first Monday of the month.",
};

/// The deadline for the start is too short.
pub static STARTING_DEADLINE_TOO_SHORT: Rule = Rule {
    name: "starting-deadline-too-short",
    severity: Severity::Warning,
    title: "startingDeadlineSeconds is below 10, so runs may be missed.",
    page: "\
A run is missed if the controller can't start it within `startingDeadlineSeconds` of its time. Kubernetes documents that a value
below 10 may miss runs. With 0 a CronJob never runs: the controller is always a moment late.

```yaml
spec:
  schedule: \"0 2 * * *\"
  startingDeadlineSeconds: 5
```

Use at least 10; a value of minutes also survives a restart of the controller.",
};

/// The findings of this file. Clock changes are looked for after `now`.
pub fn find(subject: &Subject<'_>, now: DateTime<Utc>, found: &mut Vec<Finding>) {
    let Some(schedule) = &subject.schedule else { return };
    let suspended = schedule.at("suspend").is_true();
    let mut all: Vec<Node<'_>> = [schedule.at("schedule")].into_iter().filter(Node::is_there).collect();
    if subject.kind == Object::SidecarCronJob {
        all.extend(schedule.at("schedules").items());
    }
    let written: Vec<Written<'_>> = all.into_iter().filter_map(|at| Written::of(subject, at)).collect();
    if !suspended {
        found.extend(never(subject, schedule, &written));
        found.extend(starting_deadline(subject, schedule));
    }
    for written in &written {
        found.extend(every_minute(subject, written));
        found.extend(day_or_weekday(subject, written));
        found.extend(clock_changes(subject, schedule, written, now));
    }
}

/// A schedule as it is written.
struct Written<'a> {
    at: Node<'a>,
    text: &'a str,
    /// `None`: invalid.
    kind: Option<Kind>,
}

impl<'a> Written<'a> {
    fn of(subject: &Subject<'_>, at: Node<'a>) -> Option<Self> {
        let text = at.text()?;
        let name = name(subject);
        let resolved = match subject.kind {
            Object::SidecarCronJob => hash::resolve(text, &name).ok(),
            _ => Some(text.to_owned()),
        };
        let kind = resolved.and_then(|text| Expression::parse(&text).ok()).map(|expression| expression.kind);
        Some(Self { at, text, kind })
    }

    fn calendar(&self) -> Option<&Calendar> {
        match &self.kind {
            Some(Kind::Calendar(calendar)) => Some(calendar),
            _ => None,
        }
    }

    /// The five fields.
    fn fields(&self) -> Option<[&'a str; 5]> {
        self.text.split_whitespace().collect::<Vec<_>>().try_into().ok()
    }
}

/// `H` is computed from this name.
fn name(subject: &Subject<'_>) -> String {
    format!("{}/{}", subject.namespace.unwrap_or("default"), subject.name)
}

fn never(subject: &Subject<'_>, schedule: &Node<'_>, written: &[Written<'_>]) -> Option<Finding> {
    let first = written.first()?;
    let texts: Vec<&str> = written.iter().map(|w| w.text).collect();
    let is_ours = subject.kind == Object::SidecarCronJob;
    let exclude = if is_ours { schedule.at("exclude").texts() } else { Vec::new() };
    let zone = schedule.at("timeZone");
    let finding = |at: &Node<'_>, why: String, fix: &str| {
        Some(Finding::new(&SCHEDULE_NEVER_FIRES, at, format!("{}: {why}", subject.words()), fix.to_owned()))
    };
    if let Some(Err(error)) = zone.text().map(Zone::parse) {
        return finding(&zone, error.to_string(), "correct spec.timeZone");
    }
    if let (false, Err(error)) = (is_ours, Expression::parse(first.text)) {
        return finding(&first.at, error.to_string(), "correct the schedule"); // `H` is no word of a CronJob
    }
    let wrong = |w: &&Written<'_>| w.kind.is_none() || w.text.contains("TZ");
    let at = written.iter().find(wrong).map_or(&first.at, |wrong| &wrong.at);
    let times = match Times::parse(&texts, &exclude, zone.text(), Dst::CronJob, &name(subject)) {
        Ok(times) => times,
        Err(error) => return finding(at, error.to_string(), "correct the schedule"),
    };
    if let (Some(Kind::Every(period)), false) = (&first.kind, is_ours) {
        let deadline = schedule.at("startingDeadlineSeconds");
        let seconds = deadline.number()?;
        return match seconds < period.num_seconds() {
            true => finding(
                &deadline,
                format!("{} never runs: startingDeadlineSeconds ({seconds}) is shorter than its period", first.text),
                "make startingDeadlineSeconds longer than the period, or leave it out",
            ),
            false => None,
        };
    }
    let is_never = times.calendars().next().is_none() && written.iter().all(|w| w.calendar().is_some());
    let covered = if exclude.is_empty() { "" } else { " or spec.exclude covers all of its times" };
    let why = format!("{} never fires: no such date exists{covered}", texts.join(", "));
    is_never.then(|| finding(&first.at, why, "correct the schedule; kubectl sidecarjob cron next prints the times"))?
}

fn starting_deadline(subject: &Subject<'_>, schedule: &Node<'_>) -> Option<Finding> {
    let at = schedule.at("startingDeadlineSeconds");
    let seconds = at.number().filter(|seconds| *seconds < SHORT)?;
    let what = match (seconds, subject.kind) {
        (0, Object::CronJob) => "no run ever starts: the controller is always a moment late".to_owned(),
        _ => format!("a run is missed if the controller is late by more than {seconds}s"),
    };
    let message = format!("{}: startingDeadlineSeconds is {seconds}, so {what}", subject.words());
    Some(Finding::new(&STARTING_DEADLINE_TOO_SHORT, &at, message, "use at least 10, or leave it out".into()))
}

fn every_minute(subject: &Subject<'_>, written: &Written<'_>) -> Option<Finding> {
    let [minute, hour, ..] = written.fields()?;
    let is_fixed = hour.chars().all(|c| c.is_ascii_digit() || c == ',') && hour.contains(|c: char| c.is_ascii_digit());
    if !written.calendar().is_some_and(|calendar| calendar.minute.star) || !is_fixed {
        return None;
    }
    let message = format!(
        "{}: {} fires in every minute of hour {hour}, 60 times, because the minute is a star",
        subject.words(),
        written.text
    );
    let fixed = written.text.replacen(minute, "0", 1);
    Some(Finding::new(&SCHEDULE_EVERY_MINUTE, &written.at, message, format!("for once in the hour write {fixed}")))
}

fn day_or_weekday(subject: &Subject<'_>, written: &Written<'_>) -> Option<Finding> {
    let calendar = written.calendar().filter(|calendar| !calendar.day.star && !calendar.weekday.star)?;
    let [_, _, day, _, weekday] = written.fields()?;
    let per_month = (1..=28).filter(|day| calendar.has_day(*day, day % 7)).count();
    let message = format!(
        "{}: {} fires on the days {day} of the month and, besides, on each day of the week {weekday}: {per_month} of 28 days",
        subject.words(),
        written.text
    );
    let fix = match subject.kind {
        Object::SidecarCronJob => "set one of the two day fields, and leave the other days out by spec.exclude",
        _ => "set one of the two day fields, and let the program check the other; a SidecarCronJob has spec.exclude",
    };
    Some(Finding::new(&SCHEDULE_DAY_OR_WEEKDAY, &written.at, message, fix.into()))
}

fn clock_changes(
    subject: &Subject<'_>,
    schedule: &Node<'_>,
    written: &Written<'_>,
    now: DateTime<Utc>,
) -> Option<Finding> {
    let zone = Zone::parse(schedule.at("timeZone").text()?).ok()?;
    let is_ours = subject.kind == Object::SidecarCronJob;
    if is_ours && schedule.at("dstPolicy").is("RunOnce") {
        return None;
    }
    let until = now.checked_add_days(Days::new(DAYS_AHEAD))?;
    let changes = dst::changes(written.calendar()?, zone, (now, until), MOST, &mut Budget::of(STEPS)).ok()?;
    let excluded = exclusions(subject, schedule);
    let told: Vec<String> = changes.into_iter().filter_map(|change| told(change, zone, &excluded)).collect();
    if told.is_empty() {
        return None;
    }
    let message = format!("{}: {} in {zone} {}", subject.words(), written.text, told.join(", and "));
    let fix = match is_ours {
        true => "set dstPolicy: RunOnce, or choose another hour",
        false => "choose another hour, or a SidecarCronJob with dstPolicy: RunOnce",
    };
    Some(Finding::new(&SCHEDULE_CLOCK_CHANGE, &written.at, message, fix.into()))
}

/// The calendars of `spec.exclude`.
fn exclusions(subject: &Subject<'_>, schedule: &Node<'_>) -> Vec<Calendar> {
    let written = schedule.at("exclude").items().into_iter().filter_map(|at| Written::of(subject, at));
    written.filter_map(|written| written.calendar().copied()).collect()
}

fn told(change: Change, zone: Zone, excluded: &[Calendar]) -> Option<String> {
    let is_excluded = |wall: NaiveDateTime| {
        excluded.iter().any(|c| {
            let day = c.month.has(wall.month()) && c.has_day(wall.day(), wall.weekday().num_days_from_sunday());
            day && c.hour.has(wall.hour()) && c.minute.has(wall.minute())
        })
    };
    let (wall, what) = match change {
        Change::LeftOut(wall) => (wall, "does not run at"),
        Change::Twice(at) => (zone.wall(at.timestamp())?, "runs twice at"),
    };
    (!is_excluded(wall)).then(|| format!("{what} {}", wall.format("%Y-%m-%d %H:%M")))
}
