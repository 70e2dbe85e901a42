//! Reasons of a SidecarCronJob's conditions and events: CronJob's own, if CronJob has the event.

/// Ready=True.
/// What to do: nothing.
pub const SCHEDULED: &str = "Scheduled";
/// Ready=True while `spec.suspend` is true.
/// What to do: set `spec.suspend` to false when runs may start again.
pub const SUSPENDED: &str = "Suspended";
/// Ready=False, Stalled=True: a schedule or an exclusion has a syntax error.
/// Event: Warning.
/// What to do: correct the schedule; `sidecarjob cron next EXPRESSION` says what is wrong.
pub const UNPARSEABLE_SCHEDULE: &str = "UnparseableSchedule";
/// Ready=False, Stalled=True: a schedule is valid and never fires, for example 31 February.
/// Event: Warning.
/// What to do: correct the schedule. A schedule that only runs by hand may stay so.
pub const INVALID_SCHEDULE: &str = "InvalidSchedule";
/// Ready=False, Stalled=True: the search for the next time takes too many steps. Nothing starts until the spec changes.
/// Event: Warning.
/// What to do: exclude whole hours or days, or write fewer schedules: docs/schedules.md.
pub const SCHEDULE_TOO_COMPLEX: &str = "ScheduleTooComplex";
/// Ready=False, Stalled=True: a schedule contains TZ or CRON_TZ.
/// Event: Warning.
/// What to do: set `spec.timeZone` instead.
pub const UNSUPPORTED_SCHEDULE: &str = "UnsupportedSchedule";
/// Ready=False, Stalled=True: the time zone is unknown.
/// Event: Warning.
/// What to do: correct `spec.timeZone`: a name of the IANA list, as in Europe/Berlin.
pub const UNKNOWN_TIME_ZONE: &str = "UnknownTimeZone";
/// Stalled=True: the API server rejects the run, or can't create it because a webhook is down; the message quotes
/// the API server.
/// What to do: correct what the API server complains about. The controller tries again at least once a minute.
pub const JOB_REFUSED: &str = "JobRefused";
/// Stalled=False after it was True.
/// What to do: nothing.
pub const RECOVERED: &str = "Recovered";
/// The controller created a run.
/// Event: Normal.
/// What to do: nothing.
pub const SUCCESSFUL_CREATE: &str = "SuccessfulCreate";
/// The controller deleted a run.
/// Event: Normal.
/// What to do: nothing.
pub const SUCCESSFUL_DELETE: &str = "SuccessfulDelete";
/// The controller could not create a run.
/// Event: Warning.
/// What to do: correct what the note says. The controller tries again.
pub const FAILED_CREATE: &str = "FailedCreate";
/// The controller could not delete a run.
/// Event: Warning.
/// What to do: correct what the note says. The controller tries again.
pub const FAILED_DELETE: &str = "FailedDelete";
/// A run finished.
/// Event: Normal.
/// What to do: nothing.
pub const SAW_COMPLETED_JOB: &str = "SawCompletedJob";
/// A run of this schedule that the controller did not start.
/// Event: Warning.
/// What to do: nothing if somebody created the run on purpose; `sidecarjob cron run` marks such a run.
pub const UNEXPECTED_JOB: &str = "UnexpectedJob";
/// An unfinished run is gone, and the controller did not delete it.
/// Event: Normal.
/// What to do: find out who deleted the run.
pub const MISSING_JOB: &str = "MissingJob";
/// A run is active and concurrencyPolicy is Forbid.
/// Event: Normal.
/// What to do: nothing; choose `concurrencyPolicy: Queue` if no time may be left out.
pub const JOB_ALREADY_ACTIVE: &str = "JobAlreadyActive";
/// A time waits, because concurrencyPolicy is Queue.
/// Event: Normal.
/// What to do: nothing.
pub const JOB_QUEUED: &str = "JobQueued";
/// A time passed without a run.
/// Event: Warning.
/// What to do: find out why no run could start, or raise `spec.startingDeadlineSeconds`.
pub const MISS_SCHEDULE: &str = "MissSchedule";
/// The period of @every is shorter than a minute; at most one run starts each minute.
/// Event: Warning.
/// What to do: write a period of a minute or more.
pub const PERIOD_TOO_SHORT: &str = "PeriodTooShort";
/// More than 100 times passed without a run.
/// Event: Warning.
/// What to do: find out why no controller ran, or set `spec.startingDeadlineSeconds`.
pub const TOO_MANY_MISSED_TIMES: &str = "TooManyMissedTimes";

/// Result of a run that is not finished.
pub const ACTIVE: &str = "Active";
/// Result of a run that the controller deleted to start the next one (concurrencyPolicy Replace).
pub const REPLACED: &str = "Replaced";
/// Result of a run that was gone before it was finished.
pub const DELETED: &str = "Deleted";
/// For `JOB_ALREADY_ACTIVE`.
pub const ALREADY_ACTIVE: &str = "Not starting job because prior execution is running and concurrency policy is Forbid";
/// For `TOO_MANY_MISSED_TIMES`.
pub const TOO_MANY_MISSED: &str =
    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
