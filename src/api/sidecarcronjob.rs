//! SidecarCronJob: the fields of batch/v1 `CronJobSpec` with their own names, for SidecarJobs, and more.
//!
//! `kubectl explain` shows these comments. For a field whose type is an enum it shows the comment of the enum, not of the
//! field. `cron` decides when a schedule fires, `engine::schedule` what happens then. Every field that CronJob does not
//! have is off unless it is set.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::backfilled::Span;
use crate::api::sidecarjob::SidecarJobSpec;

/// Creates SidecarJobs on a schedule, as batch/v1 CronJob creates Jobs.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "sidecarjob.dev",
    version = "v1alpha1",
    kind = "SidecarCronJob",
    plural = "sidecarcronjobs",
    shortname = "sccj",
    category = "all",
    category = "sidecarjobs",
    namespaced,
    status = "SidecarCronJobStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct SidecarCronJobSpec {
    /// When to run: the five fields of cron (minute, hour, day of month, month, day of week), or @yearly, @monthly,
    /// @weekly, @daily, @hourly, or @every with a duration, for example @every 1h30m, counted from the last run. CronJob
    /// parses these in exactly the same way. In addition, H stands for a number that is computed from the object's name
    /// and never changes (H 2 * * *: some minute after 2; also H/15, H(0-29) and H(0-29)/10). Give either schedule or
    /// schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,

    /// Several schedules instead of one. The object runs at the times of all of them; a time of several schedules is one
    /// time. At most 16. @every can't be one of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<String>,

    /// Times that do not run. Each entry is five fields of cron; a time does not run if an entry would fire in the same
    /// minute (* * 25 12 *: no run on Christmas Day). At most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,

    /// The IANA time zone of the schedules, for example Europe/Berlin; case-sensitive. Default: UTC (a CronJob uses the
    /// time zone of the controller's machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,

    /// What happens at times that a clock change skips or repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_policy: Option<DstPolicy>,

    /// The maximal delay of each run in seconds. The delay of one object is always the same, and other objects have other
    /// delays, so that many objects with the same schedule do not start at once. The scheduled time does not change.
    /// Default 0: no delay. At most 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_seconds: Option<i32>,

    /// A run is missed if it could not start within this many seconds of its time. Default: no limit. The limit also
    /// applies to runs that wait in a queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_deadline_seconds: Option<i64>,

    /// What happens at a scheduled time while a run is still active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_policy: Option<ConcurrencyPolicy>,

    /// With concurrencyPolicy Queue: how many times may wait. If the queue is full, a time is missed. Default 10, from 1
    /// to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<i32>,

    /// What happens with several times that passed while no run could start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,

    /// With catchUp All: how many missed times run at most. Default 10, from 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_limit: Option<i32>,

    /// true: no run starts until this field is false again. Times that pass meanwhile count as missed, and the latest of
    /// them runs after the resume if startingDeadlineSeconds allows. Active runs go on. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// The run: metadata and spec of the SidecarJobs that the controller creates.
    pub job_template: JobTemplate,

    /// How many succeeded runs to keep. Default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful_jobs_history_limit: Option<i32>,

    /// How many failed runs to keep. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_jobs_history_limit: Option<i32>,

    /// Seconds after the end of a succeeded run at which the controller deletes it, whatever the history limit. Default:
    /// never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_success: Option<i32>,

    /// Seconds after the end of a failed run at which the controller deletes it, whatever the history limit. Default:
    /// never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_failure: Option<i32>,
}

/// Metadata and spec of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTemplate {
    /// Labels and annotations of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,
    /// The spec of the SidecarJob. You may change it at any time; the change applies to later runs.
    pub spec: SidecarJobSpec,
}

/// Labels and annotations of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateMetadata {
    /// Labels of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What happens at times that a clock change skips or repeats. CronJob (the default): a skipped time does not run and a
/// repeated time runs twice, as with a CronJob. RunOnce: a skipped time runs at the first instant after the gap, and a
/// repeated time runs the first time only. This field does not affect schedules that fire in every hour: they follow the
/// elapsed time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DstPolicy {
    /// A skipped time does not run; a repeated time runs twice.
    #[default]
    CronJob,
    /// A skipped time runs at the first instant after the gap; a repeated time runs the first time only.
    RunOnce,
}

/// What happens at a scheduled time while a run is still active. Allow (the default): both run. Forbid: the new run does
/// not start; it starts when the active run is done, if no newer time has come by then. Replace: the controller deletes
/// the active run first. Queue: the new run waits until the active runs are done, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// Runs may overlap.
    #[default]
    Allow,
    /// The new run does not start.
    Forbid,
    /// The controller deletes the active run.
    Replace,
    /// The new run waits.
    Queue,
}

/// What happens with several times that passed while no run could start (controller down, suspended). Latest (the
/// default): the latest of them runs, as with a CronJob. All: each of them runs, the oldest first, at most catchUpLimit
/// of the latest. Can't be combined with concurrencyPolicy Replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CatchUp {
    /// The latest missed time runs.
    #[default]
    Latest,
    /// Each missed time runs.
    All,
}

/// What the controller has observed of a SidecarCronJob. Only the controller writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SidecarCronJobStatus {
    /// The generation of the spec that this status describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Ready (the schedule is valid), Stalled (the schedule is invalid, or the API server rejects runs: somebody must
    /// help). The controller does not change conditions of other types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,

    /// Runs that are not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<RunReference>,

    /// How many runs are not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_count: Option<i32>,

    /// The scheduled time of the run that was last started or queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_schedule_time: Option<Time>,

    /// When the last run became Complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_time: Option<Time>,

    /// When the last run became Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_time: Option<Time>,

    /// The latest scheduled time that passed without a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_missed_time: Option<Time>,

    /// How many scheduled times passed without a run. After one interruption (controller down, or suspended) the
    /// controller counts at most 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_runs: Option<i32>,

    /// The next scheduled time, without the delay of jitterSeconds. Absent while suspended, and if there is no next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_schedule_time: Option<Time>,

    /// The next scheduled time in the time zone of the schedules, ready to print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,

    /// All schedules, ready to print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,

    /// The result of the last finished run: Complete or Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<String>,

    /// How long the last finished run took, from its start to its end, ready to print: `2m31s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run_duration: Option<String>,

    /// How many of the finished runs in recentRuns succeeded, ready to print: `9/10`. Runs that were replaced or deleted do not
    /// count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_rate: Option<String>,

    /// Scheduled times that wait for active runs to finish (concurrencyPolicy Queue), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<Time>,

    /// The latest runs, newest first, at most 10. A run stays here after its SidecarJob is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_runs: Vec<RecentRun>,

    /// Scheduled times that ran because somebody asked for them (cron backfill, cron run --as-of), whether their runs
    /// still exist or not. Neither a repeated backfill nor the schedule runs these times again. Times at equal distances
    /// are one entry. The status keeps at least the latest 1000 times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backfilled: Vec<Span>,
}

/// A run that is not finished.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunReference {
    /// `sidecarjob.dev/v1alpha1`
    pub api_version: String,
    /// `SidecarJob`
    pub kind: String,
    /// Name of the SidecarJob.
    pub name: String,
    /// Namespace of the SidecarJob.
    pub namespace: String,
    /// UID of the SidecarJob.
    pub uid: String,
}

/// A run in the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentRun {
    /// Name of the SidecarJob.
    pub name: String,
    /// The scheduled time of the run. Absent for a run that somebody started by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<Time>,
    /// When the run started. May be absent for an Active run, because the start alone causes no write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When the run finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_time: Option<Time>,
    /// Active, Complete, Failed, Replaced (the controller deleted the run to start the next one, concurrencyPolicy
    /// Replace), or Deleted (the run was gone before it finished).
    pub result: String,
}
