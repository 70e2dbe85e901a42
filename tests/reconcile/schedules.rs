//! A schedule against a scripted API server: what fails is told, and a queue that is told to stop ends.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use sidecarjob::api::SidecarCronJob;
use sidecarjob::controller::error::Fatal;
use sidecarjob::controller::schedules::Schedules;
use sidecarjob::controller::schedules::reconcile::{on_error, reconcile};
use sidecarjob::controller::turns::Turns;
use tokio::sync::watch;

use super::*;

const WEBHOOK: &str = "Internal error occurred: failed calling webhook \"w.example.com\": connection refused";
const RUNS: &str = "/namespaces/ns/sidecarjobs";
const CRON_STATUS: &str = "/sidecarcronjobs/hourly/status";

/// Answers with the script, and fails on what is not in it.
fn scripted(script: Vec<Call>) -> (Client, Sent) {
    let (script, sent) = (Arc::new(Mutex::new(script.into_iter())), Arc::new(Mutex::new(Vec::new())));
    let kept = sent.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (script, kept) = (script.clone(), kept.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body: Value = serde_json::from_slice(&body.collect_bytes().await?).unwrap_or_default();
            let call = format!("{} {}", parts.method, parts.uri.path());
            let next = script.lock().expect("not poisoned").next();
            let (method, path, answer) = next.unwrap_or_else(|| panic!("a call that is not in the script: {call}"));
            assert!(
                parts.method == method && parts.uri.path().ends_with(path),
                "expected {method} …{path}, got {call}"
            );
            kept.lock().expect("not poisoned").push((call, body.clone()));
            let (code, answer) = answer(&body);
            let answer = Body::from(serde_json::to_vec(&answer).expect("JSON"));
            Ok::<_, kube::Error>(Response::builder().status(code).body(answer).expect("a response"))
        }
    });
    (Client::new(service, "ns"), sent)
}

fn hourly() -> SidecarCronJob {
    serde_json::from_value(json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob",
        "metadata": {"name": "hourly", "namespace": "ns", "uid": "cron-uid", "resourceVersion": "10", "generation": 1,
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "schedules": ["0 * * * *"], "timeZone": "Etc/UTC",
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}}}
        }
    }))
    .expect("a SidecarCronJob")
}

/// A SidecarCronJob of which each test sets the clock: so many seconds after 01:00.
fn at_one(seconds: i64) -> DateTime<Utc> {
    "2026-01-01T01:00:00Z".parse::<DateTime<Utc>>().expect("a time") + TimeDelta::seconds(seconds)
}

fn stalled(sent: &Mutex<Vec<(String, Value)>>) -> Vec<String> {
    let sent = sent.lock().expect("not poisoned");
    let word = |status: &Value| match condition(status, "Stalled").filter(|c| c["status"] == "True") {
        Some(c) => format!("{}: {}", c["reason"].as_str().expect("text"), c["message"].as_str().expect("text")),
        None => "no".into(),
    };
    sent.iter().filter(|(call, _)| call.starts_with("PUT")).map(|(_, body)| word(&body["status"])).collect()
}

#[tokio::test]
async fn a_run_that_a_webhook_holds_up_is_told_from_the_second_try_on_until_it_is_created() {
    static PASSED: AtomicI64 = AtomicI64::new(0);
    fn now() -> DateTime<Utc> {
        at_one(PASSED.load(Ordering::SeqCst))
    }
    let down = || on(Method::POST, RUNS, refuses(500, "InternalError", WEBHOOK));
    let not_there = || on(Method::GET, "", refuses(404, "NotFound", "no such SidecarJob"));
    let script = vec![
        down(),
        not_there(), // an answer of 500 may hide that it was created: nothing is decided before that is known
        on(Method::PUT, CRON_STATUS, stored(11)), // its first one
        down(),
        not_there(),
        on(Method::PUT, CRON_STATUS, stored(12)),
        on(Method::POST, RUNS, stored(1013)),
        on(Method::PUT, CRON_STATUS, stored(14)),
    ];
    let ((client, sent), (events, told)) = (scripted(script), listener());
    let ctx = Schedules::at(client, events, Arc::new(now));
    for _ in 0..3 {
        reconcile(Arc::new(Watched::from(hourly())), ctx.clone()).await.expect("a wait, no error");
        PASSED.fetch_add(20, Ordering::SeqCst);
    }
    assert_eq!(stalled(&sent), ["no".to_owned(), format!("JobRefused: {WEBHOOK}"), "no".into()]);
    let events = super::told(&told, 2).await;
    assert_eq!(events[0], ("FailedCreate".into(), format!("Error creating job: {WEBHOOK}")));
    assert_eq!(events[1].0, "SuccessfulCreate");
}

#[tokio::test]
async fn a_status_that_can_not_be_written_is_told_by_an_event_and_a_delete_in_the_status_too() {
    fn now() -> DateTime<Utc> {
        at_one(-60)
    }
    let down = || on(Method::PUT, CRON_STATUS, refuses(500, "InternalError", WEBHOOK));
    let ((client, _), (events, told)) = (scripted(vec![down(), down()]), listener());
    let ctx = Schedules::at(client, events, Arc::new(now));
    let watched = Arc::new(Watched::from(hourly()));
    for seconds in [1, 2] {
        let error = reconcile(watched.clone(), ctx.clone()).await.expect_err("an error");
        assert_eq!(
            on_error(watched.clone(), &error, ctx.clone()),
            Action::requeue(std::time::Duration::from_secs(seconds))
        );
    }
    let note = format!("failed to write the status: {WEBHOOK}; it is tried again");
    assert_eq!(super::told(&told, 1).await, [("StepFailed".into(), note)]);

    let down = || on(Method::DELETE, "/sidecarjobs/hourly-1", refuses(500, "InternalError", WEBHOOK));
    let first = on(Method::PUT, CRON_STATUS, stored(11)); // that the run has ended: then it may go
    let script = vec![first, down(), down(), on(Method::PUT, CRON_STATUS, stored(12))];
    let ((client, sent), (events, told)) = (scripted(script), listener());
    let ctx = Schedules::at(client, events, Arc::new(now));
    let mut old = hourly();
    old.spec.successful_jobs_history_limit = Some(0);
    ctx.runs.wrote(&done_run());
    for _ in 0..2 {
        reconcile(Arc::new(Watched::from(old.clone())), ctx.clone()).await.expect_err("an error");
    }
    let what = format!("StepFailed: failed to delete SidecarJob hourly-1: {WEBHOOK}");
    assert_eq!(stalled(&sent), ["no".to_owned(), what]);
    let events = super::told(&told, 1).await;
    assert_eq!(events[0], ("FailedDelete".into(), format!("Deleted job: {WEBHOOK}")));
}

fn done_run() -> SidecarJob {
    serde_json::from_value(json!({
        "metadata": {"name": "hourly-1", "namespace": "ns", "uid": "run-uid", "resourceVersion": "5", "labels": {"sidecarjob.dev/schedule": "hourly"},
                     "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:00:00Z"},
                     "ownerReferences": [{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob",
                                          "name": "hourly", "uid": "cron-uid", "controller": true}]},
        "spec": {"template": {}},
        "status": {"conditions": [{"type": "Complete", "status": "True", "reason": "X", "message": "",
                                   "lastTransitionTime": "2026-01-01T00:01:00Z"}]}
    }))
    .expect("a SidecarJob")
}

#[tokio::test]
async fn a_run_that_lost_its_label_is_found_under_its_name_and_its_time_does_not_run_again() {
    fn now() -> DateTime<Utc> {
        at_one(0)
    }
    let mut found = serde_json::to_value(done_run()).expect("JSON");
    (found["metadata"]["name"], found["metadata"]["labels"]) = (json!("hourly-29453820"), json!({}));
    let script = vec![
        on(Method::POST, RUNS, refuses(409, "AlreadyExists", "it exists")),
        on(Method::GET, "/sidecarjobs/hourly-29453820", move |_| (200, found.clone())),
        on(Method::PUT, CRON_STATUS, stored(11)),
    ];
    let (client, sent) = scripted(script);
    let ctx = Schedules::at(client, listener().0, Arc::new(now));
    reconcile(Arc::new(Watched::from(hourly())), ctx).await.expect("no call that is not in the script");
    let status = sent.lock().expect("not poisoned")[2].1["status"].clone();
    assert_eq!((&status["lastScheduleTime"], &status["activeCount"]), (&json!("2026-01-01T01:00:00Z"), &json!(0)));
}

/// Runs schedules against an API server that answers the first calls, and then nothing any more.
async fn stopped_after(answered: usize) -> Result<(), Fatal> {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let (stop, stopped) = watch::channel(false);
    let (events, _) = listener();
    let schedules = Schedules::at(Client::new(mock, "ns"), events, Arc::new(wall));
    let working = tokio::spawn(schedules.run(None, Turns::new(1), stopped));
    let mut held = Vec::new();
    for n in 0..=answered {
        let (request, send) = loop {
            let (request, send) = handle.next_request().await.expect("a call");
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
            if !is_watch {
                break (request, send);
            }
            held.push((request, send)); // a watch without news
        };
        if n == answered {
            held.push((request, send));
            break;
        }
        let empty = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []});
        send.send_response(Response::new(Body::from(serde_json::to_vec(&empty).expect("JSON"))));
    }
    stop.send_replace(true);
    working.await.expect("it ends")
}

fn wall() -> DateTime<Utc> {
    at_one(0)
}

#[tokio::test(start_paused = true)]
async fn schedules_that_are_told_to_stop_end_whichever_list_does_not_answer() {
    for (answered, what) in [(0, "whether there are any"), (1, "their runs"), (2, "the SidecarCronJobs")] {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(600), stopped_after(answered)).await;
        assert!(ended.is_ok_and(|ended| ended.is_ok()), "the list of {what} hangs");
    }
}
