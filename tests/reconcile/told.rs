//! What fails is told: from the second time on, or at once if it took long; in the status and by an event, in the API
//! server's words, until it works.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use sidecarjob::api::SharedJob;

use super::jobs::{JOB_STATUS, batch_job};
use super::*;

const WEBHOOK: &str = "Internal error occurred: failed calling webhook \"w.example.com\": connection refused";

/// Makes time pass for the controller; how many seconds it is.
pub fn set_clock<K: Managed>(stage: &mut Stage<K>) -> Arc<AtomicI64> {
    let passed = Arc::new(AtomicI64::new(0));
    let (begin, seconds) = (stage.ctx.now(), passed.clone());
    let clock = move || begin + TimeDelta::seconds(seconds.load(Ordering::SeqCst));
    Arc::get_mut(&mut stage.ctx).expect("the only one").clock = Arc::new(clock);
    passed
}

/// Reconciles that object as often as it has turns, a minute apart.
async fn turns<K: Managed>(stage: &mut Stage<K>, object: K, n: usize) -> Vec<Result<Action, Error>> {
    let passed = set_clock(stage);
    let mut all = Vec::new();
    for _ in 0..n {
        all.push(reconcile(Arc::new(Watched::from(object.clone())), stage.ctx.clone()).await);
        passed.fetch_add(61, Ordering::SeqCst);
    }
    all
}

/// The condition Stalled of each status that was sent, as "reason: message", or "no".
fn stalled(sent: &Mutex<Vec<(String, Value)>>) -> Vec<String> {
    let sent = sent.lock().expect("not poisoned");
    let statuses = sent.iter().filter(|(call, _)| call.starts_with("PUT"));
    let word = |status: &Value| match condition(status, "Stalled").filter(|c| c["status"] == "True") {
        Some(c) => format!("{}: {}", c["reason"].as_str().expect("text"), c["message"].as_str().expect("text")),
        None => "no".into(),
    };
    statuses.map(|(_, body)| word(&body["status"])).collect()
}

fn not_there() -> Call {
    on(Method::GET, "", refuses(404, "NotFound", "no such Pod"))
}

#[tokio::test]
async fn a_webhook_that_is_down_or_too_slow_is_told_in_the_servers_words_until_a_pod_is_taken() {
    for (code, reason) in
        [(500, "InternalError"), (504, "Timeout"), (503, "ServiceUnavailable"), (429, "TooManyRequests")]
    {
        let down = || on(Method::POST, PODS, refuses(code, reason, WEBHOOK));
        let script = vec![
            down(),
            on(Method::PUT, STATUS, stored(11)),
            not_there(),
            down(),
            on(Method::PUT, STATUS, stored(12)),
            not_there(),
            on(Method::POST, PODS, stored(13)),
            on(Method::PUT, STATUS, stored(14)),
        ];
        let mut stage = stage(script, vec![]);
        let results = turns(&mut stage, job(json!({}), json!(null)), 3).await;
        assert!(results[0].is_err() && results[1].is_err() && results[2].is_ok(), "{code}: {results:?}");
        assert_eq!(stalled(&stage.sent), ["no".to_owned(), format!("PodRefused: {WEBHOOK}"), "no".into()], "{code}");
        let events = told(&stage.told, 2).await;
        assert_eq!(
            events[0],
            ("FailedCreate".into(), format!("Error creating: {WEBHOOK}")),
            "{code}: not the first time"
        );
        assert_eq!(events[1].0, "SuccessfulCreate", "{code}");
        let status = stage.sent.lock().unwrap()[4].1["status"].clone();
        assert_eq!((&status["phase"], &status["message"]), (&json!("Pending"), &json!(WEBHOOK)), "{code}");
    }
}

#[tokio::test]
async fn a_job_is_told_of_it_by_the_event_that_it_knows() {
    let down = || on(Method::POST, PODS, refuses(500, "InternalError", WEBHOOK));
    let script = vec![down(), on(Method::PUT, JOB_STATUS, stored(11)), not_there(), down()];
    let mut stage: Stage<SharedJob> = stage_of(script, vec![]);
    let results = turns(&mut stage, batch_job(json!({})), 2).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(told(&stage.told, 1).await, [("FailedCreate".into(), format!("Error creating: {WEBHOOK}"))]);
    assert_eq!(stalled(&stage.sent), ["no"], "a Job has no such condition, and a status without news is not written");
}

#[tokio::test]
async fn between_two_tries_no_pod_is_tried_whatever_wakes_the_run() {
    let script = vec![
        on(Method::POST, PODS, refuses(500, "InternalError", WEBHOOK)),
        on(Method::PUT, STATUS, stored(11)),
        not_there(),
    ];
    let stage = stage(script, vec![]);
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    assert!(reconcile(watched.clone(), stage.ctx.clone()).await.is_err());
    let woken = reconcile(watched, stage.ctx.clone()).await.expect("it waits");
    assert_ne!(woken, Action::await_change());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_took_long_is_told_the_first_time() {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let mut stage = stage(vec![], vec![]);
    Arc::get_mut(&mut stage.ctx).expect("the only one").client = Client::new(mock, "ns");
    let server = tokio::spawn(async move {
        let held = handle.next_request().await.expect("the Pod"); // never answered
        let (request, send) = handle.next_request().await.expect("the status");
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let status: Value = serde_json::from_slice(&body).expect("JSON");
        send.send_response(Response::new(Body::from(body.to_vec())));
        drop(held);
        status
    });
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    reconcile(watched, stage.ctx.clone()).await.expect_err("an error");
    let status = server.await.expect("it was written");
    let stalled = condition(&status["status"], "Stalled").expect("Stalled");
    assert_eq!((&stalled["status"], &stalled["message"]), (&json!("True"), &json!("no answer within 40s")));
    assert_eq!(told(&stage.told, 1).await, [("FailedCreate".into(), "Error creating: no answer within 40s".into())]);
}

#[tokio::test]
async fn a_finalizer_that_can_not_be_taken_stalls_the_run_until_it_is() {
    let counted = json!({
        "startTime": "2026-01-01T00:00:00Z", "failed": 1, "countedTerminatedPods": ["a"],
        "backoff": {"failures": 1, "lastFailureTime": "2200-01-01T00:00:00Z"}
    });
    let ended = pod("a", 5, "Failed", Some(1));
    let free = without_finalizer(ended.clone(), 13);
    let down = || on(Method::PATCH, "/pods/job-a", refuses(500, "InternalError", WEBHOOK));
    let script = vec![
        down(),
        on(Method::PUT, STATUS, stored(11)),
        down(),
        on(Method::PUT, STATUS, stored(12)),
        down(), // nothing new
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
        on(Method::PUT, STATUS, stored(14)),
    ];
    let mut stage = stage(script, vec![ended]);
    let results = turns(&mut stage, job(json!({}), counted), 4).await;
    assert!(results[..3].iter().all(Result::is_err) && results[3].is_ok(), "{results:?}");
    let what = format!("failed to take the finalizer from Pod job-a: {WEBHOOK}");
    assert_eq!(stalled(&stage.sent), ["no".into(), format!("StepFailed: {what}"), "no".to_owned()]);
    let events = told(&stage.told, 2).await;
    assert_eq!(events[0], ("StepFailed".into(), format!("{what}; it is tried again")));
    assert_eq!(events[1].1, "again", "counted in the one before");
}

#[tokio::test]
async fn a_pod_that_can_not_be_deleted_is_told_as_a_job_tells_it() {
    let down = || on(Method::DELETE, "/pods/job-a", refuses(500, "InternalError", WEBHOOK));
    let running = pod("a", 5, "Running", None);
    let free = without_finalizer(running.clone(), 6);
    let script = vec![
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
        down(),
        on(Method::PUT, STATUS, stored(11)),
        down(),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let mut stage = stage(script, vec![running]);
    turns(&mut stage, job(json!({"suspend": true}), json!(null)), 2).await;
    let events = told(&stage.told, 2).await; // the first says that the run is suspended
    assert_eq!(events[1], ("FailedDelete".into(), format!("Error deleting: {WEBHOOK}")));
    assert_eq!(stalled(&stage.sent).last(), Some(&format!("StepFailed: failed to delete Pod job-a: {WEBHOOK}")));
}

#[tokio::test]
async fn a_controller_that_starts_anew_does_not_take_back_what_still_fails() {
    let what = format!("failed to take the finalizer from Pod job-a: {WEBHOOK}");
    let counted = json!({
        "startTime": "2026-01-01T00:00:00Z", "failed": 1, "countedTerminatedPods": ["a"],
        "backoff": {"failures": 1, "lastFailureTime": "2200-01-01T00:00:00Z"},
        "conditions": [{"type": "Stalled", "status": "True", "reason": "StepFailed", "message": what,
                        "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    });
    let script = vec![
        on(Method::PATCH, "/pods/job-a", refuses(500, "InternalError", WEBHOOK)),
        on(Method::PUT, STATUS, stored(11)),
    ];
    let mut stage = stage(script, vec![pod("a", 5, "Failed", Some(1))]);
    turns(&mut stage, job(json!({}), counted), 1).await;
    assert_eq!(stalled(&stage.sent), [format!("StepFailed: {what}")]);
}

fn conflict() -> Call {
    on(Method::PUT, STATUS, refuses(409, "Conflict", "the object has been modified"))
}

fn as_version(version: u64) -> Call {
    on(Method::GET, "/sidecarjobs/job", move |_| {
        let mut live = serde_json::to_value(job(json!({}), json!(null))).expect("JSON");
        live["metadata"]["resourceVersion"] = json!(version.to_string());
        (200, live)
    })
}

#[tokio::test]
async fn conflicts_in_a_row_wait_longer_and_after_three_the_api_server_is_asked_for_the_object() {
    let script = vec![conflict(), conflict(), conflict(), as_version(19), on(Method::PUT, STATUS, stored(20))];
    let stage = stage(script, vec![pod("a", 5, "Running", None)]);
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    for wait in [200, 400, 800] {
        let error = reconcile(watched.clone(), stage.ctx.clone()).await.expect_err("a conflict");
        assert_eq!(on_error(watched.clone(), &error, stage.ctx.clone()), Action::requeue(Duration::from_millis(wait)));
    }
    reconcile(watched, stage.ctx.clone()).await.expect("well");
    let written = stage.sent.lock().unwrap().last().unwrap().1["metadata"]["resourceVersion"].clone();
    assert_eq!(written, "19", "onto what the API server has");
}

#[tokio::test]
async fn conflicts_without_an_end_are_told() {
    let mut script = vec![conflict(), conflict(), conflict()];
    (0..3).for_each(|_| script.extend([as_version(19), conflict()]));
    script.truncate(script.len() - 1);
    let stage = stage(script, vec![pod("a", 5, "Running", None)]);
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    for _ in 0..5 {
        reconcile(watched.clone(), stage.ctx.clone()).await.expect_err("a conflict");
    }
    let note = "failed to write the status: the object has been modified; it is tried again";
    assert_eq!(told(&stage.told, 1).await, [("StepFailed".into(), note.into())]);
}

#[tokio::test]
async fn an_api_server_that_has_an_older_version_than_it_gave_before_was_restored_and_all_views_are_wrong() {
    let script = vec![conflict(), conflict(), conflict(), as_version(3)];
    let stage = stage(script, vec![pod("a", 5, "Running", None)]);
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    let mut errors = Vec::new();
    for _ in 0..3 {
        errors.push(reconcile(watched.clone(), stage.ctx.clone()).await.expect_err("an error"));
    }
    assert!(matches!(&errors[2], Error::WentBack(_)), "{errors:?}");
    assert!(errors[2].to_string().contains("SidecarJob ns/job"), "{}", errors[2]);
}

#[tokio::test]
async fn a_controller_that_is_told_to_stop_begins_nothing_further() {
    let stop = Arc::new(OnceLock::<tokio::sync::watch::Sender<bool>>::new());
    let tell = stop.clone();
    let stored = stored(12);
    let then_stop = move |body: &Value| {
        tell.get().expect("set").send_replace(true);
        stored(body)
    };
    let script = vec![
        on(Method::POST, PODS, super::stored(11)),
        on(Method::POST, PODS, then_stop),
        on(Method::POST, PODS, super::stored(13)),
    ];
    let many = job(json!({"completions": 1000, "parallelism": 1000}), json!(null));
    let Stage { ctx, server, stop: sender, .. } = stage(script, vec![]);
    stop.set(sender).expect("once");
    reconcile(Arc::new(Watched::from(many)), ctx.clone()).await.expect("no error");
    drop(ctx);
    server.await.expect("what was under way, two Pods, was ended, and no call came after it");
}

#[tokio::test(start_paused = true)]
async fn the_client_asks_again_where_it_was_throttled_and_not_for_longer_than_words_are_worth() {
    for (code, calls) in [(504, 1), (500, 1), (503, 10), (429, 10)] {
        let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
        let retry = tower::retry::RetryLayer::new(sidecarjob::controller::throttled::Throttled::default());
        let client = Client::new(tower::ServiceBuilder::new().layer(retry).service(mock), "ns");
        let server = tokio::spawn(async move {
            let mut n = 0;
            while let Some((_, send)) = handle.next_request().await {
                n += 1;
                let (_, status) = refuses(code, "Busy", "the words")(&json!(null));
                let bytes = serde_json::to_vec(&status).expect("JSON");
                send.send_response(Response::builder().status(code).body(Body::from(bytes)).expect("a response"));
            }
            n
        });
        let begin = tokio::time::Instant::now();
        let error = kube::Api::<Pod>::namespaced(client.clone(), "ns").get("x").await.expect_err("an error");
        assert!(sidecarjob::controller::error::message(&error) == "the words", "{code}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{code}: {:?}", begin.elapsed());
        drop(client);
        assert_eq!(server.await.expect("it ends"), calls, "{code}");
    }
}

/// The Pod succeeded, and the first try to write that down conflicts with somebody else's write.
#[tokio::test]
async fn people_hear_of_an_end_when_it_is_stored_and_not_before() {
    let done = || pod("a", 5, "Succeeded", Some(0));
    let conflict = vec![on(Method::PUT, STATUS, refuses(409, "Conflict", "the object has been modified"))];
    let mut first = stage(conflict, vec![done()]);
    let told_first = first.told.clone();
    turns(&mut first, job(json!({}), json!(null)), 1).await;
    let free = without_finalizer(done(), 6);
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone()))];
    let mut second = stage(script, vec![done()]);
    turns(&mut second, job(json!({}), json!(null)), 1).await;
    let events = told(&second.told, 1).await;
    assert_eq!(events[0].0, "Completed");
    assert_eq!(*told_first.lock().expect("not poisoned"), [], "its cause was not stored");
}
