//! Which series does each SidecarCronJob have?

use super::{Lines, Metric, known, when_true};
use crate::api::conditions::{reasons, schedule, types};
use crate::api::sidecarcronjob::ConcurrencyPolicy;
use crate::api::{SidecarCronJob, SidecarCronJobStatus};

/// Why a schedule needs help.
const STALLED: [&str; 7] = [
    schedule::UNPARSEABLE_SCHEDULE,
    schedule::INVALID_SCHEDULE,
    schedule::SCHEDULE_TOO_COMPLEX,
    schedule::UNSUPPORTED_SCHEDULE,
    schedule::UNKNOWN_TIME_ZONE,
    schedule::JOB_REFUSED,
    reasons::STEP_FAILED,
];

/// The metrics, in the order of the page.
pub const METRICS: [Metric<SidecarCronJob>; 16] = [
    Metric {
        name: "sidecarcronjob_info",
        help: "The schedule, its time zone and its concurrencyPolicy; always 1",
        write: info,
    },
    Metric {
        name: "sidecarcronjob_created",
        help: "When the SidecarCronJob was created, in seconds since 1970",
        write: |cron, lines| lines.time(cron.metadata.creation_timestamp.as_ref()),
    },
    Metric {
        name: "sidecarcronjob_spec_suspend",
        help: "1 if spec.suspend is true",
        write: |cron, lines| lines.flag(cron.spec.suspend == Some(true)),
    },
    Metric {
        name: "sidecarcronjob_spec_starting_deadline_seconds",
        help: "How many seconds after its time a run may start; absent without a limit",
        write: |cron, lines| lines.value(cron.spec.starting_deadline_seconds),
    },
    Metric {
        name: "sidecarcronjob_spec_successful_job_history_limit",
        help: "How many succeeded runs to keep",
        write: |cron, lines| lines.value(Some(cron.spec.successful_jobs_history_limit.unwrap_or(3))),
    },
    Metric {
        name: "sidecarcronjob_spec_failed_job_history_limit",
        help: "How many failed runs to keep",
        write: |cron, lines| lines.value(Some(cron.spec.failed_jobs_history_limit.unwrap_or(1))),
    },
    Metric {
        name: "sidecarcronjob_next_schedule_time",
        help: "The next scheduled time, in seconds since 1970; absent while suspended",
        write: |cron, lines| lines.time(status(cron).and_then(|status| status.next_schedule_time.as_ref())),
    },
    Metric {
        name: "sidecarcronjob_status_active",
        help: "Runs that are not finished",
        write: |cron, lines| lines.value(status(cron).map(|status| status.active_count.unwrap_or(0))),
    },
    Metric {
        name: "sidecarcronjob_status_last_schedule_time",
        help: "The scheduled time of the run that was last started or queued, in seconds since 1970",
        write: |cron, lines| lines.time(status(cron).and_then(|status| status.last_schedule_time.as_ref())),
    },
    Metric {
        name: "sidecarcronjob_status_last_successful_time",
        help: "When a run became Complete last, in seconds since 1970",
        write: |cron, lines| lines.time(status(cron).and_then(|status| status.last_successful_time.as_ref())),
    },
    Metric {
        name: "sidecarcronjob_status_last_failure_time",
        help: "When a run became Failed last, in seconds since 1970",
        write: |cron, lines| lines.time(status(cron).and_then(|status| status.last_failure_time.as_ref())),
    },
    Metric {
        name: "sidecarcronjob_status_last_missed_time",
        help: "The latest scheduled time that passed without a run, in seconds since 1970",
        write: |cron, lines| lines.time(status(cron).and_then(|status| status.last_missed_time.as_ref())),
    },
    Metric {
        name: "sidecarcronjob_status_missed_runs",
        help: "How many scheduled times passed without a run",
        write: |cron, lines| lines.value(status(cron).map(|status| status.missed_runs.unwrap_or(0))),
    },
    Metric {
        name: "sidecarcronjob_status_last_run_succeeded",
        help: "1 if the last finished run is Complete, 0 if it is Failed",
        write: |cron, lines| {
            if let Some(result) = status(cron).and_then(|status| status.last_result.as_ref()) {
                lines.flag(result == types::COMPLETE);
            }
        },
    },
    Metric {
        name: "sidecarcronjob_status_last_run_duration_seconds",
        help: "How long the last finished run took",
        write: |cron, lines| lines.value(status(cron).and_then(last_duration)),
    },
    Metric {
        name: "sidecarcronjob_status_stalled",
        help: "1 if the schedule needs help to go on; otherwise absent",
        write: |cron, lines| {
            if let Some(stalled) = status(cron).and_then(|status| when_true(&status.conditions, types::STALLED)) {
                lines.with(&[("reason", known(&stalled.reason, &STALLED))], 1);
            }
        },
    },
];

fn status(cron: &SidecarCronJob) -> Option<&SidecarCronJobStatus> {
    cron.status.as_ref()
}

fn info(cron: &SidecarCronJob, lines: &mut Lines) {
    let spec = &cron.spec;
    let several = spec.schedules.join(" | ");
    let policy = match spec.concurrency_policy.unwrap_or_default() {
        ConcurrencyPolicy::Allow => "Allow",
        ConcurrencyPolicy::Forbid => "Forbid",
        ConcurrencyPolicy::Replace => "Replace",
        ConcurrencyPolicy::Queue => "Queue",
    };
    let labels = [
        ("schedule", spec.schedule.as_deref().unwrap_or(&several)),
        ("timezone", spec.time_zone.as_deref().unwrap_or("UTC")),
        ("concurrency_policy", policy),
    ];
    lines.with(&labels, 1);
}

/// Seconds from the start to the end of the run that finished last.
fn last_duration(status: &SidecarCronJobStatus) -> Option<i64> {
    let finished =
        status.recent_runs.iter().filter_map(|run| Some((run.finish_time.as_ref()?, run.start_time.as_ref()?)));
    let (end, start) = finished.max_by_key(|(end, _)| end.0)?;
    Some((end.0.as_second() - start.0.as_second()).max(0))
}
