//! For each finding about a schedule: what CronJob's own controller, or ours, does with it.

use chrono::{DateTime, Datelike, Timelike, Utc};
use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};
use sidecarjob::api::{SidecarCronJob, SidecarCronJobStatus};

use crate::support::{World, eventually, world};
use crate::{lint, named, report};

/// The findings that this file shows.
pub const FINDINGS: [&str; 5] = [
    "schedule-never-fires",
    "schedule-clock-change",
    "schedule-every-minute",
    "schedule-day-or-weekday",
    "starting-deadline-too-short",
];

/// A schedule with these fields in its spec, of runs that end at once.
fn schedule(kind: &str, name: &str, fields: Value) -> Value {
    let container = json!({"name": "work", "image": "busybox:1.37", "command": ["true"]});
    let pod = json!({"restartPolicy": "Never", "containers": [container]});
    let version = if kind == "CronJob" { "batch/v1" } else { "sidecarjob.dev/v1alpha1" };
    let mut object = json!({
        "apiVersion": version, "kind": kind, "metadata": {},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}
    });
    object["spec"].as_object_mut().expect("a map").extend(fields.as_object().expect("a map").clone());
    named(object, name)
}

/// Creates the schedule, which has this finding, or none.
fn create(w: &World, object: &Value, finding: &[&str]) {
    assert_eq!(lint(object), finding, "{object}");
    w.kubectl_ok(&["create", "-f", "-"], &object.to_string());
}

/// Waits until the status of the SidecarCronJob is so.
async fn until(w: &World, name: &str, what: &str, is: impl Fn(&SidecarCronJobStatus) -> bool) -> SidecarCronJobStatus {
    let api: Api<SidecarCronJob> = Api::namespaced(w.client.clone(), &w.namespace);
    eventually(&format!("{name}: {what}"), || async { api.get(name).await.ok()?.status.filter(&is) }).await
}

fn is_stalled(status: &SidecarCronJobStatus) -> bool {
    let reason = |c: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| c.reason == "InvalidSchedule";
    status.conditions.iter().any(|c| c.type_ == "Stalled" && c.status == "True" && reason(c))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_schedule_without_times_is_stalled_and_one_that_is_no_schedule_is_refused() {
    world("lint-never", &[], |w| async move {
        let ours = |name: &str, fields: Value| schedule("SidecarCronJob", name, fields);
        let rows = [
            ("31-february", json!({"schedule": "0 0 31 2 *"})),
            ("all-excluded", json!({"schedule": "0 2 * * *", "exclude": ["* 2 * * *"]})),
        ];
        for (name, fields) in rows {
            create(&w, &ours(name, fields), &["schedule-never-fires"]);
            until(&w, name, "it is stalled", is_stalled).await;
        }
        create(&w, &ours("mended", json!({"schedule": "0 0 28 2 *"})), &[]);
        until(&w, "mended", "it has a next time", |status| status.next.is_some()).await;
        for fields in [json!({"schedule": "tomorrow"}), json!({"schedule": "0 2 * * *", "timeZone": "Europe/Berln"})] {
            let object = schedule("CronJob", "refused", fields);
            assert_eq!(lint(&object), ["schedule-never-fires"]);
            let out = w.kubectl(&["create", "-f", "-"], &object.to_string());
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(!out.status.success() && said.contains("invalid"), "{said}");
        }
    })
    .await;
}

/// The next clock change that the message of the finding names, as "2027-03-14 02:30".
fn date_in_message(object: &Value) -> DateTime<Utc> {
    let message = report(object)["findings"][0]["message"].as_str().expect("a message").to_owned();
    let (_, date) = message.split_once("does not run at ").expect("a time that is skipped");
    let date = chrono::NaiveDateTime::parse_from_str(&date[..16], "%Y-%m-%d %H:%M").expect("a date");
    date.and_utc()
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_controller_passes_over_the_time_that_a_clock_change_skips() {
    world("lint-clock", &[], |w| async move {
        let zone = "America/New_York";
        let daily = schedule("CronJob", "daily", json!({"schedule": "30 2 * * *", "timeZone": zone}));
        assert_eq!(lint(&daily), ["schedule-clock-change"]);
        // The day of the change alone: the next time of the controller is in another year, and with RunOnce on that day.
        let skipped = date_in_message(&daily);
        let on_that_day = format!("30 2 {} {} *", skipped.day(), skipped.month());
        let ours = |name: &str, more: Value| {
            let mut fields = json!({"schedule": on_that_day, "timeZone": zone});
            fields.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
            schedule("SidecarCronJob", name, fields)
        };
        create(&w, &ours("skips", json!({})), &["schedule-clock-change"]);
        create(&w, &ours("mended", json!({"dstPolicy": "RunOnce"})), &[]);
        let next = |status: &SidecarCronJobStatus| status.next.clone().expect("a time");
        let skips = next(&until(&w, "skips", "it has a next time", |s| s.next.is_some()).await);
        let mended = next(&until(&w, "mended", "it has a next time", |s| s.next.is_some()).await);
        let day = skipped.format("%Y-%m-%d").to_string();
        assert!(mended.contains(&day), "{mended}: on {day}");
        assert!(!skips.contains(&skipped.year().to_string()), "{skips}: not in the year of {day}");
    })
    .await;
}

/// The scheduled times of the Jobs of a CronJob, in minutes.
async fn ran(w: &World, name: &str) -> Vec<i64> {
    let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
    let jobs = jobs.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
    let names = jobs.into_iter().filter_map(|job| job.metadata.name);
    let mut minutes: Vec<i64> =
        names.filter_map(|job| job.strip_prefix(name)?.strip_prefix('-')?.parse().ok()).collect();
    minutes.sort_unstable();
    minutes
}

async fn has_run(w: &World, name: &str, times: usize) -> Vec<i64> {
    eventually(&format!("{name} has run {times} times"), || async {
        Some(ran(w, name).await).filter(|minutes| minutes.len() >= times)
    })
    .await
}

/// These wait for minutes of the real clock, so all of them wait together.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn cronjobs_fire_in_each_minute_or_on_either_day_or_never_and_not_after_the_fix() {
    world("lint-cron", &[], |w| async move {
        let now = Utc::now();
        let (hour, weekday) = (now.hour(), now.weekday().num_days_from_sunday());
        // Neither the next hour nor the next day may change what is seen.
        let (hours, weekdays) = (format!("{hour},{}", (hour + 1) % 24), format!("{weekday},{}", (weekday + 1) % 7));
        let far = if now.day() > 15 { 5 } else { 25 };
        let cron = |name: &str, text: &str, deadline: Option<i64>| {
            let mut fields = json!({"schedule": text, "timeZone": "Etc/UTC", "successfulJobsHistoryLimit": 10});
            if let Some(deadline) = deadline {
                fields["startingDeadlineSeconds"] = json!(deadline);
            }
            schedule("CronJob", name, fields)
        };
        let far_minute = (now.minute() + 30) % 60;
        create(&w, &cron("star", &format!("* {hours} * * *"), None), &["schedule-every-minute"]);
        create(&w, &cron("star-mended", &format!("{far_minute} {hours} * * *"), None), &[]);
        create(&w, &cron("either", &format!("* * {far} * {weekdays}"), None), &["schedule-day-or-weekday"]);
        create(&w, &cron("either-mended", &format!("* * {far} * *"), None), &[]);
        create(&w, &cron("late", "* * * * *", Some(0)), &["starting-deadline-too-short"]);
        create(&w, &cron("late-mended", "* * * * *", Some(60)), &[]);
        create(&w, &cron("every", "@every 1m", Some(30)), &["schedule-never-fires"]);
        create(&w, &cron("every-mended", "@every 1m", Some(90)), &[]);

        has_run(&w, "late-mended", 1).await;
        has_run(&w, "every-mended", 1).await;
        has_run(&w, "either", 1).await;
        let minutes = has_run(&w, "star", 2).await;
        assert_eq!(minutes[1] - minutes[0], 1, "one minute after the other");
        for name in ["star-mended", "either-mended", "late", "every"] {
            assert_eq!(ran(&w, name).await, [0; 0], "{name}");
        }
    })
    .await;
}
