//! What single answers lead to: each code that an API server gives, and none at all.

use std::time::Duration;

use sidecarjob::controller::throttled::Throttled;

use super::*;

fn watched(job: SidecarJob) -> Arc<Watched<SidecarJob>> {
    Arc::new(Watched::from(job))
}

fn key() -> (String, String) {
    ("ns".into(), "job".into())
}

fn seconds(n: u64) -> Action {
    Action::requeue(Duration::from_secs(n))
}

#[tokio::test]
async fn pods_are_created_one_then_two_then_four_and_a_failure_ends_it_after_its_batch() {
    let script = vec![
        on(Method::POST, PODS, stored(11)),
        on(Method::POST, PODS, stored(12)),
        on(Method::POST, PODS, stored(13)),
        on(Method::POST, PODS, refuses(503, "ServiceUnavailable", "busy")),
        on(Method::POST, PODS, stored(14)),
        on(Method::POST, PODS, stored(15)),
        on(Method::POST, PODS, stored(16)),
        on(Method::PUT, STATUS, stored(17)),
    ];
    let many = job(json!({"completions": 20, "parallelism": 20}), json!(null));
    let (result, sent) = stage(script, vec![]).run(many).await;
    assert!(result.is_err(), "it is tried again");
    assert_eq!(sent[7].1["status"]["active"], 6, "what was taken is told");
}

#[tokio::test]
async fn pods_of_one_batch_that_are_refused_are_one_try() {
    let refused = || on(Method::POST, PODS, refuses(403, "Forbidden", "exceeded quota"));
    let script = vec![
        on(Method::POST, PODS, stored(11)),
        on(Method::POST, PODS, stored(12)),
        on(Method::POST, PODS, stored(13)),
        refused(),
        refused(),
        refused(),
        refused(),
        on(Method::PUT, STATUS, stored(17)),
    ];
    let many = job(json!({"completions": 20, "parallelism": 20}), json!(null));
    let Stage { ctx, server, .. } = stage(script, vec![]);
    reconcile(watched(many), ctx.clone()).await.expect("a refusal is no error");
    let refusal = ctx.memory.refusal(&key(), ctx.now()).expect("it is remembered");
    assert!(refusal.retry_at <= ctx.now() + chrono::TimeDelta::seconds(1), "not a minute: {refusal:?}");
    drop(ctx);
    server.await.expect("the script was followed to its end");
}

#[tokio::test]
async fn a_pod_that_was_counted_and_whose_owner_was_taken_away_does_not_count_again() {
    let mut counted = without_finalizer(pod("a", 5, "Succeeded", Some(0)), 6);
    counted["metadata"]["ownerReferences"] = json!([]);
    let status = json!({"observedGeneration": 1, "startTime": "2026-01-01T00:00:00Z", "succeeded": 1, "failed": 0});
    let script = vec![on(Method::POST, PODS, stored(11)), on(Method::PUT, STATUS, stored(12))];
    let two = job(json!({"completions": 2}), status);
    let (result, sent) = stage(script, vec![counted]).run(two).await;
    result.expect("well");
    assert_eq!(sent[1].1["status"]["succeeded"], 1, "it is not taken over");
}

#[tokio::test]
async fn a_pod_of_the_built_in_controllers_job_of_the_same_name_keeps_its_finalizer() {
    let mut theirs = pod("a", 5, "Running", None);
    theirs["metadata"]["ownerReferences"][0]["uid"] = json!("another-uid");
    theirs["metadata"]["labels"] = json!({"batch.kubernetes.io/controller-uid": "another-uid"});
    let script = vec![on(Method::POST, PODS, stored(11)), on(Method::PUT, STATUS, stored(12))];
    let (result, _) = stage(script, vec![theirs]).run(job(json!({}), json!(null))).await;
    result.expect("its finalizer is not ours to take");
}

#[tokio::test]
async fn a_pod_whose_creation_got_no_clear_answer_is_looked_for_before_anything_is_created() {
    let script = vec![
        on(Method::POST, PODS, refuses(500, "InternalError", "the connection broke")),
        on(Method::PUT, STATUS, stored(12)),
        on(Method::GET, "", |_| (200, pod("a", 5, "Running", None))),
        on(Method::PUT, STATUS, stored(13)),
    ];
    let Stage { ctx, sent, server, .. } = stage(script, vec![]);
    let job = watched(job(json!({}), json!(null)));
    assert!(reconcile(job.clone(), ctx.clone()).await.is_err());
    reconcile(job, ctx.clone()).await.expect("well");
    drop(ctx);
    server.await.expect("no second Pod is created");
    assert_eq!(sent.lock().expect("not poisoned")[3].1["status"]["active"], 1);
}

#[tokio::test]
async fn a_name_that_another_pod_has_is_passed_over() {
    let stranger = |_: &Value| {
        let mut pod = pod("x", 5, "Running", None);
        pod["metadata"]["ownerReferences"] = json!([]);
        (200, pod)
    };
    let script = vec![
        on(Method::POST, PODS, refuses(409, "AlreadyExists", "exists")),
        on(Method::GET, "", stranger),
        on(Method::POST, PODS, stored(11)),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let (result, sent) = stage(script, vec![]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    let name = |n: usize| sent[n].1["metadata"]["name"].clone();
    assert_ne!(name(0), name(2), "the next name");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_after_40_seconds_and_is_an_error() {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let mut stage = stage(vec![], vec![]);
    Arc::get_mut(&mut stage.ctx).expect("the only one").client = Client::new(mock, "ns");
    let held = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Some(request) = handle.next_request().await {
            held.push(request); // never answered
        }
    });
    let begin = tokio::time::Instant::now();
    let error = reconcile(watched(job(json!({}), json!(null))), stage.ctx.clone()).await.expect_err("an error");
    assert!(error.to_string().contains("no answer within 40s"), "{error}");
    assert_eq!(begin.elapsed().as_secs() / 40, 2, "the Pod, then the status that tells of it");
    held.abort();
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_waits_as_long_as_it_was_asked_to() {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let patient = tower::ServiceBuilder::new().layer(tower::retry::RetryLayer::new(Throttled::default())).service(mock);
    let mut stage = stage(vec![], vec![]);
    Arc::get_mut(&mut stage.ctx).expect("the only one").client = Client::new(patient, "ns");
    let server = tokio::spawn(async move {
        let (_, send) = handle.next_request().await.expect("the Pod");
        let later = Response::builder().status(429).header("Retry-After", "7").body(Body::empty());
        send.send_response(later.expect("a response"));
        for version in [11, 12] {
            let (request, send) = handle.next_request().await.expect("a call");
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            let (code, answer) = stored(version)(&serde_json::from_slice(&body).expect("JSON"));
            let bytes = serde_json::to_vec(&answer).expect("JSON");
            send.send_response(Response::builder().status(code).body(Body::from(bytes)).expect("a response"));
        }
    });
    let begin = tokio::time::Instant::now();
    reconcile(watched(job(json!({}), json!(null))), stage.ctx.clone()).await.expect("well");
    server.await.expect("all calls came");
    let waited = begin.elapsed();
    assert!(waited >= Duration::from_secs(7) && waited < Duration::from_secs(30), "{waited:?}");
}

#[tokio::test]
async fn a_status_that_is_refused_is_an_error_with_the_servers_words_and_waits_longer_each_time() {
    let refused = || on(Method::PUT, STATUS, refuses(422, "Invalid", "status.active: must be 0"));
    let script = vec![refused(), refused()];
    let stage = stage(script, vec![pod("a", 5, "Running", None)]);
    let job = watched(job(json!({}), json!(null)));
    for n in 1..=2 {
        let error = reconcile(job.clone(), stage.ctx.clone()).await.expect_err("an error");
        assert_eq!(error.to_string(), "failed to write the status: status.active: must be 0");
        assert!(!error.is_conflict());
        assert_eq!(on_error(job.clone(), &error, stage.ctx.clone()), seconds(n));
    }
    let note = "failed to write the status: status.active: must be 0; it is tried again";
    assert_eq!(told(&stage.told, 1).await, [("StepFailed".into(), note.into())], "the second time");
}

#[tokio::test]
async fn a_status_of_an_object_that_is_gone_is_an_error_and_what_was_remembered_is_forgotten() {
    let script = vec![on(Method::PUT, STATUS, refuses(404, "NotFound", "gone"))];
    let stage = stage(script, vec![pod("a", 5, "Running", None)]);
    stage.ctx.memory.refused(&key(), "a quota".into(), stage.ctx.now(), false);
    let error = reconcile(watched(job(json!({}), json!(null))), stage.ctx.clone()).await.expect_err("an error");
    assert!(error.to_string().ends_with("gone"), "{error}");
    assert_eq!(stage.ctx.memory.refusal(&key(), stage.ctx.now()), None);
}

#[tokio::test]
async fn a_deleted_namespace_takes_no_pods_and_that_is_no_error() {
    let terminating = |_: &Value| {
        let (code, mut status) = refuses(403, "Forbidden", "the namespace is being terminated")(&json!(null));
        status["details"] = json!({"causes": [{"reason": "NamespaceTerminating"}]});
        (code, status)
    };
    let script = vec![on(Method::POST, PODS, terminating), on(Method::PUT, STATUS, stored(12))];
    stage(script, vec![]).run(job(json!({}), json!(null))).await.0.expect("no error");
}

fn stray(labels: Value) -> Value {
    let mut pod = pod("a", 5, "Running", None);
    pod["metadata"]["ownerReferences"] = json!([]);
    pod["metadata"]["finalizers"] = json!([]);
    pod["metadata"]["labels"] = labels;
    pod
}

#[tokio::test]
async fn a_pod_without_an_owner_is_taken_over_after_a_look_whether_the_run_is_still_there() {
    let adopted = pod("a", 6, "Running", None);
    let script = vec![
        on(Method::GET, "/sidecarjobs/job", |_| (200, serde_json::to_value(job(json!({}), json!(null))).unwrap())),
        on(Method::PATCH, "/pods/job-a", move |_| (200, adopted.clone())),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let (result, sent) =
        stage(script, vec![stray(json!({labels::UID: "job-uid"}))]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    let patch = &sent[1].1["metadata"];
    assert_eq!((&patch["uid"], &patch["finalizers"]), (&json!("a"), &json!([labels::TRACKING_FINALIZER])));
    assert_eq!(patch["ownerReferences"][0]["uid"], "job-uid");
    assert_eq!(sent[2].1["status"]["active"], 1);
}

#[tokio::test]
async fn nothing_is_taken_over_for_a_run_that_is_another_by_now_or_being_deleted() {
    let is = |field: &'static str, value: &'static str| {
        move |_: &Value| {
            let mut other = serde_json::to_value(job(json!({}), json!(null))).unwrap();
            other["metadata"][field] = json!(value);
            (200, other)
        }
    };
    for answer in [is("uid", "another"), is("deletionTimestamp", "2026-01-01T00:00:00Z")] {
        let script = vec![on(Method::GET, "/sidecarjobs/job", answer)];
        let (result, _) =
            stage(script, vec![stray(json!({labels::UID: "job-uid"}))]).run(job(json!({}), json!(null))).await;
        assert!(matches!(result, Err(Error::Gone(_))), "{result:?}");
    }
}

#[tokio::test]
async fn a_pod_whose_labels_match_no_longer_is_let_go_before_another_takes_its_place() {
    let mut other = pod("a", 5, "Running", None);
    other["metadata"]["labels"] = json!({"app": "another"});
    let mut free = stray(json!({"app": "another"}));
    free["metadata"]["resourceVersion"] = json!("6");
    let script = vec![
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
        on(Method::POST, PODS, stored(11)),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let (result, sent) = stage(script, vec![other]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    assert_eq!(sent[0].1["metadata"]["ownerReferences"], json!([{"$patch": "delete", "uid": "job-uid"}]));
    assert_eq!(
        sent[0].1["metadata"]["$deleteFromPrimitiveList/finalizers"],
        json!([labels::TRACKING_FINALIZER, labels::BATCH_TRACKING_FINALIZER])
    );
}

/// A Pod that has ended with the finalizers of both kinds, as after `kubectl delete job --cascade=orphan`.
fn doubly_tracked() -> Value {
    let mut done = pod("a", 5, "Succeeded", Some(0));
    done["metadata"]["finalizers"] = json!([labels::TRACKING_FINALIZER, labels::BATCH_TRACKING_FINALIZER]);
    done
}

#[tokio::test]
async fn a_finalizer_that_somebody_puts_back_is_an_error_and_no_circle_of_patches() {
    let mut put_back = doubly_tracked();
    put_back["metadata"]["resourceVersion"] = json!("13");
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", move |_| (200, put_back.clone()))];
    let (result, _) = stage(script, vec![doubly_tracked()]).run(job(json!({}), json!(null))).await;
    assert!(matches!(result, Err(Error::NoEffect(_))), "{result:?}");
}

#[tokio::test]
async fn a_step_that_is_due_again_at_once_is_an_error_and_no_circle_of_calls() {
    let mut running = managed_pod(5, "Running", json!({"running": {}}));
    running["metadata"]["annotations"] = json!({labels::MODE: labels::MANAGED});
    running["spec"]["activeDeadlineSeconds"] = json!(null);
    let mut unchanged = running.clone();
    unchanged["metadata"]["resourceVersion"] = json!("13");
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", move |_| (200, unchanged.clone()))];
    let spec = json!({"sidecarMode": "Managed", "sidecars": [{"name": "side"}, {"name": "proxy"}]});
    let stage = stage(script, vec![running]);
    let result = reconcile(Arc::new(Watched::from(job(spec, json!(null)))), stage.ctx.clone()).await;
    assert!(matches!(result, Err(Error::NoEffect(_))), "{result:?}");
}

#[tokio::test]
async fn a_run_with_a_selector_of_its_own_reads_the_pods_of_its_namespace_and_adopts() {
    let mut adopted = pod("a", 6, "Running", None);
    adopted["metadata"]["labels"] = json!({"app": "etl", labels::UID: "job-uid"});
    let list = json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"},
                      "items": [stray(json!({"app": "etl"}))]});
    let script = vec![
        on(Method::GET, PODS, move |_| (200, list.clone())),
        on(Method::GET, "/sidecarjobs/job", |_| (200, serde_json::to_value(job(json!({}), json!(null))).unwrap())),
        on(Method::PATCH, "/pods/job-a", move |_| (200, adopted.clone())),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let spec = json!({"selector": {"matchLabels": {"app": "etl"}}, "manualSelector": true});
    let (result, sent) = stage(script, vec![stray(json!({"app": "etl"}))]).run(job(spec, json!(null))).await;
    result.expect("well");
    assert_eq!(sent[2].1["metadata"]["$deleteFromPrimitiveList/finalizers"], json!([labels::BATCH_TRACKING_FINALIZER]));
}

#[tokio::test]
async fn a_pod_of_ours_that_lost_its_owner_and_is_being_deleted_is_let_go_and_never_taken_over() {
    let mut going = stray(json!({labels::UID: "job-uid"}));
    going["metadata"]["finalizers"] = json!([labels::TRACKING_FINALIZER]);
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:05:00Z");
    let script = vec![
        on(Method::PATCH, "/pods/job-a", refuses(404, "NotFound", "gone")),
        on(Method::POST, PODS, stored(11)),
        on(Method::PUT, STATUS, stored(12)),
    ];
    stage(script, vec![going]).run(job(json!({}), json!(null))).await.0.expect("well");
}

#[tokio::test]
async fn ten_thousand_pods_of_the_past_cost_no_call_more() {
    let past = |n: usize| {
        let mut old = pod(&format!("old-{n}"), 5, "Succeeded", Some(0));
        old["metadata"]["finalizers"] = json!([]);
        old["metadata"]["labels"][labels::ATTEMPT] = json!(n.to_string());
        old
    };
    for past in [vec![], (0..10_000).map(past).collect()] {
        let running = job(json!({"completions": 20_000}), json!({"succeeded": past.len()}));
        let script = vec![on(Method::POST, PODS, stored(11)), on(Method::PUT, STATUS, stored(12))];
        let stage = stage(script, past);
        let kept = stage.ctx.pods.of(&owner());
        assert_eq!(kept.pods.len(), 0, "none of them is kept");
        stage.run(running).await.0.expect("well");
    }
}
