//! What does `describe` show of a SidecarCronJob?

use chrono::{DateTime, Utc};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::SidecarCronJob;
use crate::cli::describe::text::Page;
use crate::cli::when;

/// Fills the page.
pub fn tell(page: &mut Page, cron: &SidecarCronJob, now: DateTime<Utc>) {
    let (spec, status) = (&cron.spec, cron.status.clone().unwrap_or_default());
    let schedules: Vec<&str> = spec.schedule.iter().chain(&spec.schedules).map(String::as_str).collect();
    page.field("Schedule", schedules.join(" | "));
    page.field("Except", spec.exclude.join(" | "));
    page.field("Time zone", spec.time_zone.clone().unwrap_or_else(|| "UTC".into()));
    page.field("Suspend", if spec.suspend == Some(true) { "yes: no run starts" } else { "no" });
    page.field("Concurrency", format!("{:?}", spec.concurrency_policy.unwrap_or_default()));
    let deadline = spec.starting_deadline_seconds.map_or(String::new(), |s| format!("{s}s"));
    page.field("Starting limit", deadline);
    let time = |at: Option<&Time>| at.map(when::of);
    let past =
        |at: Option<&Time>| time(at).map_or(String::new(), |at| format!("{} ({})", when::utc(at), when::ago(at, now)));
    let next = time(status.next_schedule_time.as_ref()).map(|at| {
        let local = status.next.clone().unwrap_or_else(|| when::utc(at));
        format!("{local} (in {})", when::between(now, at))
    });
    page.field("Next", next.unwrap_or_else(|| "none".into()));
    page.field("Last schedule", past(status.last_schedule_time.as_ref()));
    page.field("Last success", past(status.last_successful_time.as_ref()));
    page.field("Last failure", past(status.last_failure_time.as_ref()));
    page.field("Last result", status.last_result.clone().unwrap_or_default());
    page.field("Last duration", status.last_run_duration.clone().unwrap_or_default());
    page.field("Succeeded", status.success_rate.clone().unwrap_or_default());
    let missed = status.missed_runs.filter(|n| *n > 0);
    let last =
        time(status.last_missed_time.as_ref()).map_or(String::new(), |at| format!(", the last {}", when::ago(at, now)));
    page.field("Missed times", missed.map_or(String::new(), |n| format!("{n}{last}")));
    let active: Vec<&str> = status.active.iter().map(|run| run.name.as_str()).collect();
    page.field("Active runs", active.join(", "));
    let queued: Vec<String> = status.queued.iter().map(|at| when::utc(when::of(at))).collect();
    page.field("Queued", queued.join(", "));
    page.conditions(&status.conditions, now);
    runs(page, &status, now);
}

fn runs(page: &mut Page, status: &crate::api::SidecarCronJobStatus, now: DateTime<Utc>) {
    if status.recent_runs.is_empty() {
        return;
    }
    page.section("Recent runs");
    let mut rows = vec![["NAME", "RESULT", "FOR", "STARTED", "DURATION"].map(ToOwned::to_owned).to_vec()];
    rows.extend(status.recent_runs.iter().rev().map(|run| {
        let time = |at: Option<&Time>| at.map(when::of);
        let (start, end) = (time(run.start_time.as_ref()), time(run.finish_time.as_ref()));
        let took = start.zip(end).map_or(String::new(), |(start, end)| when::between(start, end));
        vec![
            run.name.clone(),
            run.result.clone(),
            time(run.scheduled_time.as_ref()).map_or("by hand".into(), when::utc),
            start.map_or(String::new(), |at| when::ago(at, now)),
            took,
        ]
    }));
    page.table(rows);
}
