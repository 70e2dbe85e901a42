//! What stands in the tables of `list`, and in which order? Pure.

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use crate::api::SidecarCronJob;
use crate::api::SidecarJob;
use crate::api::conditions::messages;
use crate::api::conditions::types;
use crate::cli::retry;
use crate::cli::when;

/// What a run needs, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    /// It is stalled: it gets no further without help.
    Stalled,
    /// It failed.
    Failed,
    /// Something other than its main containers holds it back.
    Waiting,
    /// It runs.
    Running,
    /// It does not run, and nobody has to do anything: pending, suspended.
    Resting,
    /// It is complete.
    Complete,
}

/// The words of a run.
struct Told {
    need: Need,
    status: String,
    message: String,
}

fn is_true<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.type_ == type_ && c.status == "True")
}

fn told(run: &SidecarJob, now: DateTime<Utc>) -> Told {
    let status = run.status.clone().unwrap_or_default();
    let condition = |type_| is_true(&status.conditions, type_);
    let phase =
        status.phase.map_or_else(|| crate::api::conditions::reasons::PENDING.into(), |phase| format!("{phase:?}"));
    if condition(types::COMPLETE).is_some() {
        return Told { need: Need::Complete, status: phase, message: String::new() };
    }
    if let Some(end) = condition(types::FAILED) {
        let text = status.last_failure.map(|failure| failure.text).filter(|text| !text.is_empty());
        return Told { need: Need::Failed, status: phase, message: text.unwrap_or_else(|| end.reason.clone()) };
    }
    if run.spec.suspend == Some(true) {
        let message = if run.metadata.deletion_timestamp.is_some() { "is being deleted" } else { "" };
        return Told { need: Need::Resting, status: phase, message: message.into() };
    }
    if let Some(stalled) = condition(types::STALLED) {
        return Told { need: Need::Stalled, status: types::STALLED.into(), message: stalled.message.clone() };
    }
    if let Some(waiting) = condition(types::WAITING) {
        return Told { need: Need::Waiting, status: phase, message: waiting.message.clone() };
    }
    let retry = retry::next(run, now).filter(|_| status.active.unwrap_or(0) == 0);
    if let Some(retry) = retry {
        return Told { need: Need::Waiting, status: phase, message: retry.sentence(now) };
    }
    if let Some(missing) = condition(types::SIDECAR_MISSING) {
        return Told { need: Need::Waiting, status: phase, message: missing.message.clone() };
    }
    let runs = status.active.unwrap_or(0) > 0 || condition(types::SUCCESS_CRITERIA_MET).is_some();
    let need = if runs || condition(types::FAILURE_TARGET).is_some() { Need::Running } else { Need::Resting };
    let message = match status.message {
        Some(message) if message != messages::JOB_RESUMED => message,
        _ => String::new(),
    };
    Told { need, status: phase, message }
}

/// Those that need somebody first, then the newest first. A schedule that is stalled, or whose last run failed, comes first.
pub fn sort(runs: &mut [SidecarJob], schedules: &mut [SidecarCronJob], now: DateTime<Utc>) {
    runs.sort_by_cached_key(|run| {
        let created = run.metadata.creation_timestamp.clone();
        (told(run, now).need, std::cmp::Reverse(created), run.namespace(), run.name_any())
    });
    schedules.sort_by_cached_key(|cron| (!needs_somebody(cron), cron.namespace(), cron.name_any()));
}

fn needs_somebody(cron: &SidecarCronJob) -> bool {
    cron.status.as_ref().is_some_and(|status| {
        is_true(&status.conditions, types::STALLED).is_some() || status.last_result.as_deref() == Some(types::FAILED)
    })
}

fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.into_iter().map(ToOwned::to_owned).collect()
}

fn age(of: Option<&Time>, now: DateTime<Utc>) -> String {
    of.map_or("<unknown>".into(), |at| when::between(when::of(at), now))
}

/// A head, and a row for each run.
pub fn of_runs(runs: &[SidecarJob], wide: bool, with_namespace: bool, now: DateTime<Utc>) -> Vec<Vec<String>> {
    let mut head = cells(["NAME", "STATUS", "COMPLETIONS", "SIDECARS", "DURATION", "AGE"]);
    head.extend(if wide { cells(["RETRIES", "REASON", "LAST FAILURE", "MESSAGE"]) } else { cells(["MESSAGE"]) });
    let row = |run: &SidecarJob| {
        let (told, status) = (told(run, now), run.status.clone().unwrap_or_default());
        let mut row = vec![run.name_any(), told.status];
        row.extend([status.completions, status.sidecars].map(Option::unwrap_or_default));
        row.push(status.duration.unwrap_or_else(|| runs_since(status.start_time.as_ref(), now)));
        row.push(age(run.metadata.creation_timestamp.as_ref(), now));
        if wide {
            let retries = status.retries.map(|r| match r.limit {
                Some(limit) => format!("{}/{limit}", r.used),
                None => r.used.to_string(),
            });
            row.push(retries.unwrap_or_default());
            row.push(status.reason.unwrap_or_default());
            row.push(status.last_failure.map(|failure| failure.text).unwrap_or_default());
        }
        row.push(told.message);
        (run.namespace(), row)
    };
    with_namespaces(head, runs.iter().map(row), with_namespace)
}

fn runs_since(start: Option<&Time>, now: DateTime<Utc>) -> String {
    start.map_or(String::new(), |at| when::between(when::of(at), now))
}

/// A head, and a row for each schedule.
pub fn of_schedules(all: &[SidecarCronJob], wide: bool, with_namespace: bool, now: DateTime<Utc>) -> Vec<Vec<String>> {
    let mut head = cells(["SCHEDULE OF", "TIMES", "NEXT", "LAST RESULT", "LAST RUN", "ACTIVE", "AGE"]);
    if wide {
        head.extend(cells(["MISSED", "SUCCEEDED", "LAST DURATION"]));
    }
    head.push("MESSAGE".into());
    let row = |cron: &SidecarCronJob| {
        let status = cron.status.clone().unwrap_or_default();
        let stalled = is_true(&status.conditions, types::STALLED).map(|c| c.message.clone());
        let suspended = cron.spec.suspend == Some(true);
        let mut row = vec![cron.name_any()];
        row.push(
            status.schedule.or_else(|| cron.spec.schedule.clone()).unwrap_or_else(|| cron.spec.schedules.join(", ")),
        );
        row.push(if suspended { "suspended".into() } else { status.next.unwrap_or_else(|| "none".into()) });
        row.push(status.last_result.unwrap_or_default());
        row.push(status.last_schedule_time.as_ref().map_or("never".into(), |at| when::ago(when::of(at), now)));
        row.push(status.active_count.unwrap_or(0).to_string());
        row.push(age(cron.metadata.creation_timestamp.as_ref(), now));
        if wide {
            row.push(status.missed_runs.unwrap_or(0).to_string());
            row.extend([status.success_rate, status.last_run_duration].map(Option::unwrap_or_default));
        }
        let queued = status.queued.len();
        let waits = (queued > 0).then(|| format!("{queued} times wait in the queue"));
        row.push(stalled.or(waits).unwrap_or_default());
        (cron.namespace(), row)
    };
    with_namespaces(head, all.iter().map(row), with_namespace)
}

fn with_namespaces(
    head: Vec<String>,
    rows: impl Iterator<Item = (Option<String>, Vec<String>)>,
    with_namespace: bool,
) -> Vec<Vec<String>> {
    let head = (Some("NAMESPACE".to_owned()), head);
    let row = |(namespace, row): (Option<String>, Vec<String>)| {
        let namespace = namespace.filter(|_| with_namespace);
        namespace.into_iter().chain(row).collect()
    };
    std::iter::once(head).chain(rows).map(row).collect()
}
