//! SidecarCronJob: the fields of batch/v1 `CronJobSpec` under their own names, for SidecarJobs, and what goes beyond them.
//!
//! The comments here are what `kubectl explain` shows. When a schedule fires is `cron`'s part, what is done then
//! `engine::schedule`'s. Of an enum, what its type says is shown, not its field. Every field that CronJob does not have is
//! off unless it is set.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::backfilled::Span;
use crate::api::sidecarjob::SidecarJobSpec;

/// Runs of a SidecarJob by a schedule, as batch/v1 CronJob makes Jobs.
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
    /// When to run, in the five fields of cron (minute, hour, day of month, month, day of week), or @yearly, @monthly,
    /// @weekly, @daily, @hourly, or @every with a duration as in @every 1h30m, counted from the last run. Read exactly as
    /// CronJob reads it. Besides, H stands for a number that is this object's own and always the same (H 2 * * *: some
    /// minute after 2; H/15, H(0-29) and H(0-29)/10 too). Either this or schedules must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,

    /// Several schedules, instead of one: a time of any of them is a time to run, one of several of them is one time. At
    /// most 16; @every can't be one of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedules: Vec<String>,

    /// Times that are left out: each is five fields of cron, and a time at whose minute one of them would fire is left out
    /// (* * 25 12 *: nothing on Christmas Day). At most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,

    /// The IANA time zone of the schedules, as in Europe/Berlin; upper and lower case matter. Absent: UTC (a CronJob's is
    /// that of the controller's machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,

    /// What becomes of times that a change of clocks leaves out, or has twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_policy: Option<DstPolicy>,

    /// Each run starts so many seconds late at most, always the same for this object and another number for the next, so
    /// that many objects of one schedule do not start at once. The scheduled time stays what it is. Absent or 0: none. At
    /// most 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_seconds: Option<i32>,

    /// A run that could not start within so many seconds of its time is missed. Absent: there is no such limit. It counts
    /// for runs that wait in a queue, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting_deadline_seconds: Option<i64>,

    /// What happens when a time has come while a run is still active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency_policy: Option<ConcurrencyPolicy>,

    /// With concurrencyPolicy Queue: how many may wait; a time for which there is no room is missed. Default 10, from 1 to
    /// 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<i32>,

    /// What is done with several times that passed while nothing could start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up: Option<CatchUp>,

    /// With catchUp All: how many at most. Default 10, from 1 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_limit: Option<i32>,

    /// true: nothing new starts until it is false again; times that pass count as missed then, and the latest of them
    /// runs if startingDeadlineSeconds allows. Runs that are active go on. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// The run: metadata and spec of the SidecarJob that is created.
    pub job_template: JobTemplate,

    /// How many succeeded runs are kept. Default 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successful_jobs_history_limit: Option<i32>,

    /// How many failed runs are kept. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_jobs_history_limit: Option<i32>,

    /// Seconds after its end at which a succeeded run is deleted, whatever the history limit. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_success: Option<i32>,

    /// Seconds after its end at which a failed run is deleted, whatever the history limit. Absent: never.
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
    /// The SidecarJob to run. May be changed at any time, for the runs to come.
    pub spec: SidecarJobSpec,
}

/// What a run carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateMetadata {
    /// Labels of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What becomes of times that a change of clocks leaves out, or has twice. CronJob (the default): skipped, and run
/// twice, as a CronJob does. RunOnce: run at the first instant after the gap, and the first time only. Schedules that
/// fire in every hour go by the time that passes and are not concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DstPolicy {
    /// Left out: skipped; twice: run twice.
    #[default]
    CronJob,
    /// Left out: at the first instant after; twice: the first time only.
    RunOnce,
}

/// What happens when a time has come while a run is still active. Allow (the default): both run. Forbid: the new one
/// does not start; it still may when the active one is done, if no newer time has come by then. Replace: the active
/// one is deleted first. Queue: it waits until the active ones are done, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// Runs may overlap.
    #[default]
    Allow,
    /// The new one does not start.
    Forbid,
    /// The active one is deleted.
    Replace,
    /// The new one waits.
    Queue,
}

/// What is done with several times that passed while nothing could start (controller down, suspended). Latest (the
/// default): the latest of them runs, as with a CronJob. All: each of them runs, the oldest first, at most
/// catchUpLimit of the latest. Not with concurrencyPolicy Replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CatchUp {
    /// The latest runs.
    #[default]
    Latest,
    /// Each runs.
    All,
}

/// What the controller has seen of a SidecarCronJob. Written by the controller only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SidecarCronJobStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Ready (the schedule is understood), Stalled (it is not, or runs are refused: somebody must help). Conditions of
    /// other types are left as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,

    /// Runs that are not finished.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<RunReference>,

    /// How many runs are not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_count: Option<i32>,

    /// The scheduled time of the run that was started last, or queued last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_schedule_time: Option<Time>,

    /// When a run became Complete last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_time: Option<Time>,

    /// When a run became Failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_time: Option<Time>,

    /// The latest scheduled time that passed without a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_missed_time: Option<Time>,

    /// How many scheduled times passed without a run. Of one absence (controller down, or suspended) at most 1000 are
    /// counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_runs: Option<i32>,

    /// The next scheduled time. Absent while suspended, and if there is none. jitterSeconds comes on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_schedule_time: Option<Time>,

    /// The same in the time zone, ready to print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,

    /// All schedules, ready to print.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,

    /// How the run that finished last ended: Complete or Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_result: Option<String>,

    /// Scheduled times that wait for active runs to finish (concurrencyPolicy Queue), oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queued: Vec<Time>,

    /// The latest runs, newest first, at most 10; they stay here when the SidecarJob is deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_runs: Vec<RecentRun>,

    /// Scheduled times that ran because somebody asked for them (cron backfill, cron run --as-of), whether their runs are
    /// still there or not: neither a backfill that is repeated nor the schedule runs them again. Times at equal distances
    /// are one entry. At least the latest 1000 times are kept.
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

/// A run, as it is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentRun {
    /// Name of the SidecarJob.
    pub name: String,
    /// For which time it ran; absent for a run that somebody started by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_time: Option<Time>,
    /// When it started; of an Active run it may not be written yet, since it is no reason for a write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,
    /// When it finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_time: Option<Time>,
    /// Active, Complete, Failed, Replaced: deleted for the next one (concurrencyPolicy Replace), or Deleted: gone before it
    /// was finished.
    pub result: String,
}
