//! Schedules on the real thing: a run every minute, refusals at admission, a controller that is killed, runs by hand.
//!
//! A test that needs a time to come waits for the condition that follows from it, for two minutes at most.

mod support;

use std::process::{Command, Output};

use k8s_openapi::api::core::v1::Event;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use sidecarjob::api::{SidecarCronJob, SidecarCronJobStatus, SidecarJob, labels};
use support::{World, eventually, world, world_without_controller};

fn schedules(w: &World) -> Api<SidecarCronJob> {
    Api::namespaced(w.client.clone(), &w.namespace)
}

/// A schedule with these fields, whose runs take a moment.
fn cron(name: &str, spec: Value) -> SidecarCronJob {
    let container = json!({"name": "main", "image": "busybox:1.37", "command": ["sh", "-c", "echo \"$0 $GREETING\""], "args": ["as it is"]});
    let mut whole =
        json!({"jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}});
    for (key, value) in spec.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": whole})).expect("a SidecarCronJob")
}

async fn create(w: &World, cron: &SidecarCronJob) -> kube::Result<SidecarCronJob> {
    schedules(w).create(&PostParams::default(), cron).await
}

/// Waits, for longer than a minute, until the status is so.
async fn until(w: &World, name: &str, what: &str, is: impl Fn(&SidecarCronJobStatus) -> bool) -> SidecarCronJobStatus {
    let api = schedules(w);
    eventually(&format!("{name}: {what}"), || async { api.get(name).await.ok()?.status.filter(&is) }).await
}

async fn runs(w: &World, name: &str) -> Vec<SidecarJob> {
    let params = ListParams::default().labels(&format!("{}={name}", labels::SCHEDULE));
    w.jobs().list(&params).await.expect("listed").items
}

/// Reasons of the events about the schedule.
async fn told(w: &World, name: &str) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(w.client.clone(), &w.namespace);
    let about = format!("involvedObject.kind=SidecarCronJob,involvedObject.name={name}");
    let events = api.list(&ListParams::default().fields(&about)).await.expect("events are listed");
    events.items.into_iter().filter_map(|event| event.reason).collect()
}

fn condition(status: &SidecarCronJobStatus, type_: &str) -> Option<(String, String)> {
    let found = status.conditions.iter().find(|c| c.type_ == type_ && c.status == "True");
    found.map(|c| (c.reason.clone(), c.message.clone()))
}

fn sidecarjob(w: &World, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidecarjob"));
    command.args(args).args(["--namespace", &w.namespace]).output().expect("sidecarjob runs")
}

fn stdout(out: &Output) -> String {
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_nightly_sample_runs_every_minute_if_it_is_told_to() {
    world("nightly", &[], |w| async move {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/samples/nightly.yaml");
        let yaml = std::fs::read_to_string(file).expect("the sample");
        let cron: SidecarCronJob = serde_saphyr::from_str(&yaml).expect("a SidecarCronJob");
        create(&w, &cron).await.expect("the sample is taken as it is");
        let first = until(&w, "nightly", "it has a next time", |s| s.next.is_some()).await;
        let shown = stdout(&sidecarjob(&w, &["cron", "next", "nightly", "--count", "1"]));
        assert_eq!(Some(&shown), first.next.as_ref(), "the verb and the controller say the same");
        let patch = json!({"spec": {"schedule": "* * * * *"}});
        schedules(&w).patch("nightly", &PatchParams::default(), &Patch::Merge(patch)).await.expect("patched");
        let done = until(&w, "nightly", "a run succeeded", |s| s.last_successful_time.is_some()).await;
        assert_eq!(done.last_result.as_deref(), Some("Complete"));
        let run = done.recent_runs.iter().find(|run| run.result == "Complete").expect("remembered");
        let scheduled = run.scheduled_time.as_ref().expect("a time").0.as_second();
        assert_eq!(run.name, format!("nightly-{}", scheduled / 60));
        let job = w.jobs().get(&run.name).await.expect("kept");
        assert!(job.annotations()[labels::SCHEDULED_TIMESTAMP].contains("+0"), "in the zone of Berlin");
        let pods = w.pods_of(&run.name).await;
        assert!(w.logs(&pods[0], "ffwd").await.contains("flushed"), "it is a SidecarJob");
        let table = w.kubectl_ok(&["get", "sccj"], "");
        for word in ["SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE", "NEXT", "* * * * *", "Europe/Berlin"]
        {
            assert!(table.contains(word), "{word} is missing:\n{table}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_controller_that_is_killed_at_each_start_starts_each_time_once() {
    world("cronkill", &[], |mut w| async move {
        create(&w, &cron("often", json!({"schedule": "* * * * *", "successfulJobsHistoryLimit": 50})))
            .await
            .expect("created");
        for n in 1..=2 {
            eventually("a run is there", || async { (runs(&w, "often").await.len() >= n).then_some(()) }).await;
            w.kill_controller();
            w.start_controller();
        }
        let status = until(&w, "often", "both are done", |s| {
            s.recent_runs.iter().filter(|r| r.result == "Complete").count() >= 2
        })
        .await;
        let mut times: Vec<_> =
            runs(&w, "often").await.iter().map(|r| r.annotations()[labels::SCHEDULED_TIMESTAMP].clone()).collect();
        let all = times.len();
        times.sort();
        times.dedup();
        assert_eq!((times.len(), status.missed_runs), (all, Some(0)), "each time once, none missed");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_can_not_be_a_schedule_is_refused_at_admission() {
    world_without_controller("cronadmission", |w| async move {
        for (spec, words) in [
            (json!({"schedule": "0 24 * * *"}), "hour 0-23"),
            (json!({"schedule": "0 2 * *"}), "write five fields"),
            (json!({"schedule": "@reboot"}), "not a schedule"),
            (json!({"schedule": "0 0 * * 7"}), "day of week 0-6"),
            (json!({"schedule": ""}), "not a schedule"),
            (json!({"schedule": "TZ=UTC 0 2 * * *"}), "set spec.timeZone"),
            (json!({"schedule": "0 2 * * *", "timeZone": "europe/berlin"}), "unknown time zone"),
            (json!({"schedule": "0 2 * * *", "timeZone": "Local"}), "unknown time zone"),
            (json!({"schedule": "0 2 * * *", "timeZone": ""}), "unknown time zone"),
            (json!({}), "either spec.schedule or spec.schedules"),
            (json!({"schedule": "0 2 * * *", "schedules": ["0 3 * * *"]}), "either spec.schedule or spec.schedules"),
            (json!({"schedules": ["@every 1h", "0 3 * * *"]}), "can't be one of several"),
            (json!({"schedule": "0 2 * * *", "exclude": ["@every 1h"]}), "can't exclude times"),
            (json!({"schedule": "0 2 * * *", "queueLimit": 2}), "concurrencyPolicy Queue only"),
            (json!({"schedule": "0 2 * * *", "catchUp": "All", "concurrencyPolicy": "Replace"}), "exclude each other"),
            (json!({"schedule": "0 2 * * *", "startingDeadlineSeconds": -1}), "startingDeadlineSeconds"),
            (json!({"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}}),
             "spec.jobTemplate.spec.template.spec.restartPolicy must be Never or OnFailure"),
        ] {
            let refused = create(&w, &cron("refused", spec.clone())).await.err().map(|e| e.to_string()).unwrap_or_default();
            assert!(refused.contains(words), "{spec}: {refused}");
        }
        let long = "n".repeat(53);
        let refused = create(&w, &cron(&long, json!({"schedule": "@daily"}))).await.expect_err("refused").to_string();
        assert!(refused.contains("52 characters"), "{refused}");
        let names = ["H H * * *", "@every 1h30m", "*/5 1,2 ? JAN-mar FRI", "*-5 * * * *", "1,,2 0 * * *", "@weekly"];
        for (n, schedule) in names.iter().enumerate() {
            let spec = json!({"schedule": schedule, "timeZone": "America/Argentina/Buenos_Aires"});
            create(&w, &cron(&format!("taken-{n}"), spec)).await.unwrap_or_else(|e| panic!("{schedule}: {e}"));
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_admission_can_not_see_is_stalled_and_goes_on_when_it_is_mended() {
    world("cronstalled", &[], |w| async move {
        create(&w, &cron("never", json!({"schedule": "0 0 31 2 *"}))).await.expect("created");
        let status = until(&w, "never", "Stalled", |s| condition(s, "Stalled").is_some()).await;
        assert_eq!(condition(&status, "Stalled").expect("said").0, "InvalidSchedule");
        let mend = json!({"spec": {"schedule": "0 0 28 2 *"}});
        schedules(&w).patch("never", &PatchParams::default(), &Patch::Merge(mend)).await.expect("patched");
        let status = until(&w, "never", "Ready", |s| condition(s, "Ready").is_some()).await;
        assert_eq!((condition(&status, "Stalled"), status.next.is_some()), (None, true));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn suspended_nothing_starts_and_after_the_resume_it_does() {
    world("cronsuspend", &[], |w| async move {
        create(&w, &cron("paused", json!({"schedule": "@every 1s", "suspend": true}))).await.expect("created");
        until(&w, "paused", "seen", |s| condition(s, "Ready").is_some_and(|(reason, _)| reason == "Suspended")).await;
        assert_eq!(runs(&w, "paused").await.len(), 0);
        let resume = json!({"spec": {"suspend": false}});
        schedules(&w).patch("paused", &PatchParams::default(), &Patch::Merge(resume)).await.expect("patched");
        until(&w, "paused", "a run", |s| s.last_schedule_time.is_some()).await;
        schedules(&w).delete("paused", &DeleteParams::default()).await.expect("deleted");
        eventually("its runs are collected", || async { runs(&w, "paused").await.is_empty().then_some(()) }).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn runs_by_hand_and_a_backfill_leave_a_record_and_run_once() {
    world("cronhand", &[], |w| async move {
        create(&w, &cron("yearly", json!({"schedule": "0 0 1 1 *"}))).await.expect("created");
        let line = ["cron", "run", "yearly", "--arg", "changed", "--env", "GREETING=hello"];
        let name = stdout(&sidecarjob(&w, &line));
        w.condition(&name, "Complete").await;
        let run = w.jobs().get(&name).await.expect("there");
        let record: Value = serde_json::from_str(&run.annotations()[labels::STARTED_BY]).expect("JSON");
        assert_eq!((&record["args"], &record["env"]), (&json!(["changed"]), &json!(["GREETING=hello"])));
        assert!(record["user"].as_str().is_some_and(|user| !user.is_empty() && user != "unknown"), "{record}");
        assert!(w.logs(&w.pods_of(&name).await[0], "main").await.contains("changed hello"));
        let span = ["cron", "backfill", "yearly", "--from", "2023-06-01T00:00:00Z", "--to", "2025-06-01T00:00:00Z"];
        let first = stdout(&sidecarjob(&w, &span));
        let lines: Vec<&str> = first.lines().collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| line.ends_with("Complete")), "{first}");
        assert_eq!(stdout(&sidecarjob(&w, &span)).lines().count(), 2, "repeated, it finds them");
        let status = until(&w, "yearly", "all are seen", |s| s.recent_runs.len() == 3).await;
        assert_eq!(
            (status.last_schedule_time, status.missed_runs),
            (None, Some(0)),
            "the schedule itself did not move"
        );
        let out = sidecarjob(&w, &["cron", "run", "nobody"]);
        assert_eq!(out.status.code(), Some(3));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_backfill_that_is_repeated_runs_nothing_again_that_the_history_took() {
    world("cronagain", &[], |w| async move {
        let spec = json!({"schedule": "0 0 1 1 *", "successfulJobsHistoryLimit": 0});
        create(&w, &cron("yearly", spec)).await.expect("created");
        let span = [
            "cron",
            "backfill",
            "yearly",
            "--from",
            "2020-06-01T00:00:00Z",
            "--to",
            "2023-06-01T00:00:00Z",
            "--parallelism",
            "3",
        ];
        let lines = stdout(&sidecarjob(&w, &span));
        assert_eq!(lines.lines().filter(|line| line.ends_with("Complete")).count(), 3, "{lines}");
        eventually("the history takes them", || async { runs(&w, "yearly").await.is_empty().then_some(()) }).await;
        let before = until(&w, "yearly", "all are in the record", |s| {
            s.backfilled.iter().map(|span| span.times).sum::<i32>() == 3
        })
        .await;
        let again = sidecarjob(&w, &span);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(said.contains("3 of 3 ran in an earlier backfill"), "{said}");
        assert_eq!(stdout(&again).lines().filter(|line| line.ends_with("Complete")).count(), 3, "as they ended");
        let after = schedules(&w).get("yearly").await.expect("there").status.expect("a status");
        assert_eq!((after.recent_runs, after.backfilled), (before.recent_runs, before.backfilled), "nothing ran");
        let dry = stdout(&sidecarjob(&w, &[&span[..], &["--dry-run"]].concat()));
        assert_eq!(dry, "", "and nothing would");
        let once_more = sidecarjob(&w, &[&span[..], &["--again"]].concat());
        assert_eq!(stdout(&once_more).lines().count(), 3);
        assert!(!String::from_utf8_lossy(&once_more.stderr).contains("ran in an earlier backfill"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn replace_replaces_whatever_the_template_says_and_tells_nothing_missing() {
    world("cronreplace", &[], |w| async move {
        let mut long = cron("long", json!({"schedule": "* * * * *", "concurrencyPolicy": "Replace"}));
        let template = &mut long.spec.job_template;
        template.metadata.get_or_insert_default().annotations.extend([
            (labels::INSTANTIATE.to_owned(), labels::MANUAL.to_owned()),
            (labels::SCHEDULED_TIMESTAMP.to_owned(), "2020-01-01T00:00:00Z".to_owned()),
        ]);
        let pod = std::sync::Arc::make_mut(&mut template.spec.template).spec.as_mut().expect("a Pod");
        pod.containers[0].command =
            Some(["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"].map(Into::into).to_vec());
        create(&w, &long).await.expect("created");
        let status =
            until(&w, "long", "a run is replaced", |s| s.recent_runs.iter().any(|run| run.result == "Replaced")).await;
        assert_eq!(status.active.len(), 1, "{status:?}");
        eventually("the deletion is told", || async {
            told(&w, "long").await.contains(&"SuccessfulDelete".to_owned()).then_some(())
        })
        .await;
        assert!(!told(&w, "long").await.contains(&"MissingJob".to_owned()), "{:?}", told(&w, "long").await);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_that_goes_by_its_own_time_to_live_is_told_as_it_ended() {
    world("cronttl", &[], |w| async move {
        let mut brief = cron("brief", json!({"schedule": "@every 5s"}));
        brief.spec.job_template.spec.ttl_seconds_after_finished = Some(0);
        create(&w, &brief).await.expect("created");
        let status = until(&w, "brief", "a run has ended and is gone", |s| {
            s.last_successful_time.is_some() && s.active.is_empty()
        })
        .await;
        assert!(status.recent_runs.iter().all(|run| run.result == "Complete"), "{status:?}");
        let ready = condition(&status, "Ready").expect("it is ready");
        assert!(ready.1.contains("once a minute at most"), "{ready:?}");
        eventually("the end is told", || async {
            told(&w, "brief").await.contains(&"SawCompletedJob".to_owned()).then_some(())
        })
        .await;
        let told = told(&w, "brief").await;
        assert!(!told.contains(&"MissingJob".to_owned()) && told.contains(&"PeriodTooShort".to_owned()), "{told:?}");
    })
    .await;
}
