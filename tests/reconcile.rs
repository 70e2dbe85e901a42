//! The shell against a scripted API server: which calls, in which order, and what each answer leads to.
//!
//! A script is a list of expected calls with their answers. A call that is not in the script fails the test, so
//! silence is tested too.

#[path = "reconcile/busy.rs"]
mod busy;
#[path = "reconcile/failures.rs"]
mod failures;
#[path = "reconcile/jobs.rs"]
mod jobs;
#[path = "reconcile/schedules.rs"]
mod schedules;
#[path = "reconcile/tenants.rs"]
mod tenants;
#[path = "reconcile/told.rs"]
mod told;
#[path = "reconcile/watches.rs"]
mod watches;

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::Pod;
use kube::client::Body;
use kube::runtime::controller::Action;
use kube::runtime::watcher::Event as WatchEvent;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};
use sidecarjob::api::{SidecarJob, labels};
use sidecarjob::controller::clock::wall_clock;
use sidecarjob::controller::context::Context;
use sidecarjob::controller::error::Error;
use sidecarjob::controller::events::Events;
use sidecarjob::controller::managed::Managed;
use sidecarjob::controller::reconcile::{on_error, reconcile};
use sidecarjob::controller::views::pods::Pods;
use sidecarjob::controller::views::pods::owner::Owner;
use sidecarjob::controller::watched::Watched;
use sidecarjob::telemetry::Metrics;

/// One expected call: method, end of the path, and the answer from the body that was sent.
type Answer = Box<dyn Fn(&Value) -> (u16, Value) + Send>;
type Call = (Method, &'static str, Answer);

fn on(method: Method, path: &'static str, answer: impl Fn(&Value) -> (u16, Value) + Send + 'static) -> Call {
    (method, path, Box::new(answer))
}

/// Calls and their bodies; reasons and notes of events.
type Sent = Arc<Mutex<Vec<(String, Value)>>>;
type Told = Arc<Mutex<Vec<(String, String)>>>;

/// A controller whose API server knows only the script; what it was sent is kept.
struct Stage<K: Managed = SidecarJob> {
    ctx: Arc<Context<K>>,
    sent: Sent,
    /// Reasons and notes of the events.
    told: Told,
    /// Tells it to stop.
    stop: tokio::sync::watch::Sender<bool>,
    server: tokio::task::JoinHandle<()>,
}

fn stage(script: Vec<Call>, pods: Vec<Value>) -> Stage {
    stage_of(script, pods)
}

fn stage_of<K: Managed>(script: Vec<Call>, pods: Vec<Value>) -> Stage<K> {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let client = Client::new(mock, "ns");
    let (events_in, told) = listener();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let view = Pods::default();
    view.observe(WatchEvent::Init);
    for pod in pods {
        view.observe(WatchEvent::InitApply(serde_json::from_value(pod).expect("a Pod")));
    }
    view.observe(WatchEvent::InitDone);
    let ctx = Arc::new(Context { pods: Arc::new(view), stop: stopped, ..Context::at(client, events_in, wall_clock()) });
    let sent = Arc::new(Mutex::new(Vec::new()));
    let kept = sent.clone();
    let server = tokio::spawn(async move {
        for (method, path, answer) in script {
            let (request, send) = handle.next_request().await.expect("a call");
            let (parts, body) = request.into_parts();
            let body: Value =
                serde_json::from_slice(&body.collect().await.expect("a body").to_bytes()).unwrap_or_default();
            let seen = format!("{} {}", parts.method, parts.uri.path());
            assert!(
                parts.method == method && parts.uri.path().ends_with(path),
                "expected {method} …{path}, got {seen}"
            );
            kept.lock().expect("not poisoned").push((seen, body.clone()));
            let (code, answer) = answer(&body);
            let bytes = serde_json::to_vec(&answer).expect("JSON");
            let code = StatusCode::from_u16(code).expect("a code");
            send.send_response(Response::builder().status(code).body(Body::from(bytes)).expect("a response"));
        }
        let more = handle.next_request().await.map(|(request, _)| format!("{} {}", request.method(), request.uri()));
        assert_eq!(more, None, "a call that is not in the script");
    });
    Stage { ctx, sent, told, stop, server }
}

/// Hears the events.
fn listener() -> (Events, Told) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let heard = heard.clone();
        async move {
            let event: Value = serde_json::from_slice(&request.into_body().collect_bytes().await?).unwrap_or_default();
            let text =
                |fields: &[&str]| fields.iter().find_map(|field| event[field].as_str()).unwrap_or("again").to_owned();
            heard.lock().expect("not poisoned").push((text(&["reason"]), text(&["note", "message"])));
            let answer = json!({"metadata": {"name": "event"}, "regarding": {}, "involvedObject": {}});
            Ok::<_, kube::Error>(Response::new(Body::from(serde_json::to_vec(&answer).expect("JSON"))))
        }
    });
    (Events::start(Client::new(service, "ns")).0, told)
}

/// Waits until so many events were told.
async fn told(told: &Mutex<Vec<(String, String)>>, n: usize) -> Vec<(String, String)> {
    for _ in 0..10_000 {
        let so_far = told.lock().expect("not poisoned").clone();
        if so_far.len() >= n {
            return so_far;
        }
        tokio::task::yield_now().await; // they are sent beside the work
    }
    panic!("{n} events were never told, but {:?}", told.lock().expect("not poisoned"));
}

/// The run of all stages.
fn owner() -> Owner {
    let job = job(json!({}), json!(null));
    job.as_owner().expect("it came from an API server")
}

impl Stage {
    /// One reconcile; then the script must be at its end.
    async fn run(self, job: SidecarJob) -> (Result<Action, Error>, Vec<(String, Value)>) {
        let Stage { ctx, sent, server, stop: _stop, told: _ } = self;
        let result = reconcile(Arc::new(Watched::from(job)), ctx.clone()).await;
        drop(ctx);
        server.await.expect("the script was followed to its end");
        let sent = std::mem::take(&mut *sent.lock().expect("not poisoned"));
        (result, sent)
    }
}

fn job(spec: Value, status: Value) -> SidecarJob {
    let mut job = json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid", "resourceVersion": "10", "generation": 1},
        "spec": {
            "sidecars": [{"name": "side"}],
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}, {"name": "side"}]}}
        },
        "status": status
    });
    for (key, value) in spec.as_object().expect("an object") {
        job["spec"][key] = value.clone();
    }
    serde_json::from_value(job).expect("a SidecarJob")
}

/// A Pod as the API server has it.
fn pod(uid: &str, version: u64, phase: &str, main_exit: Option<i32>) -> Value {
    let state = match main_exit {
        Some(code) => json!({"terminated": {"exitCode": code, "finishedAt": "2026-01-01T00:01:00Z"}}),
        None => json!({"running": {}}),
    };
    json!({
        "metadata": {
            "name": format!("job-{uid}"), "namespace": "ns", "uid": uid, "resourceVersion": version.to_string(),
            "creationTimestamp": "2026-01-01T00:00:00Z", "finalizers": [labels::TRACKING_FINALIZER],
            "labels": {labels::UID: "job-uid", labels::ATTEMPT: "0"},
            "ownerReferences": [{"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "name": "job",
                                 "uid": "job-uid", "controller": true}]
        },
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}],
                 "initContainers": [{"name": "side", "restartPolicy": "Always"}]},
        "status": {"phase": phase, "startTime": "2026-01-01T00:00:01Z",
                   "containerStatuses": [{"name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state}]}
    })
}

fn without_finalizer(mut pod: Value, version: u64) -> Value {
    pod["metadata"]["finalizers"] = json!([]);
    pod["metadata"]["resourceVersion"] = json!(version.to_string());
    pod
}

/// The API server stores what it was sent, under a new version.
fn stored(version: u64) -> impl Fn(&Value) -> (u16, Value) {
    move |body| {
        let mut object = body.clone();
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{version}"));
            object["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        (if version < 1000 { 200 } else { 201 }, object)
    }
}

fn refuses(code: u16, reason: &'static str, message: &'static str) -> impl Fn(&Value) -> (u16, Value) {
    move |_| {
        (
            code,
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}),
        )
    }
}

fn condition<'a>(status: &'a Value, type_: &str) -> Option<&'a Value> {
    status["conditions"].as_array()?.iter().find(|c| c["type"] == type_)
}

const PODS: &str = "/namespaces/ns/pods";
const STATUS: &str = "/sidecarjobs/job/status";

#[tokio::test]
async fn a_new_job_costs_two_calls_the_pod_and_one_status_that_knows_of_it() {
    let script = vec![on(Method::POST, PODS, stored(11)), on(Method::PUT, STATUS, stored(12))];
    let (result, sent) = stage(script, vec![]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    let pod: Pod = serde_json::from_value(sent[0].1.clone()).unwrap();
    assert_eq!(pod.finalizers(), [labels::TRACKING_FINALIZER]);
    assert_eq!(pod.metadata.owner_references.as_ref().unwrap()[0].uid, "job-uid");
    assert_eq!(sent[1].1["status"]["active"], 1);
    assert!(sent[1].1["status"]["startTime"].is_string());
    assert_eq!(sent[1].1["metadata"]["resourceVersion"], "10", "written onto what it was decided from");
}

#[tokio::test]
async fn a_quiet_job_costs_no_call() {
    let first = stage(vec![on(Method::PUT, STATUS, stored(12))], vec![pod("a", 5, "Running", None)]);
    let (_, sent) = first.run(job(json!({}), json!(null))).await;
    let written = sent[0].1["status"].clone();
    let (result, sent) = stage(vec![], vec![pod("a", 5, "Running", None)]).run(job(json!({}), written)).await;
    assert_eq!((result.expect("well"), sent.len()), (Action::await_change(), 0));
}

#[tokio::test]
async fn that_a_pod_got_ready_is_held_back_for_a_second() {
    let first = stage(vec![on(Method::PUT, STATUS, stored(12))], vec![pod("a", 5, "Pending", None)]);
    let (_, sent) = first.run(job(json!({}), json!(null))).await;
    let written = sent[0].1["status"].clone();
    let mut ready = pod("a", 6, "Running", None);
    ready["status"]["conditions"] =
        json!([{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:05Z"}]);
    let (result, sent) = stage(vec![], vec![ready]).run(job(json!({}), written)).await;
    assert_eq!(sent.len(), 0);
    assert_ne!(result.expect("well"), Action::await_change(), "it is written later");
}

#[tokio::test]
async fn a_pod_that_succeeded_is_complete_in_one_status_write_and_then_let_go() {
    let done = pod("a", 5, "Succeeded", Some(0));
    let free = without_finalizer(done.clone(), 13);
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone()))];
    let (result, sent) =
        stage(script, vec![done]).run(job(json!({}), json!({"startTime": "2026-01-01T00:00:00Z"}))).await;
    result.expect("well");
    let status = &sent[0].1["status"];
    assert_eq!((&status["succeeded"], &status["phase"]), (&json!(1), &json!("Complete")));
    assert_eq!(status["uncountedTerminatedPods"], Value::Null);
    for type_ in ["SuccessCriteriaMet", "Complete", "Finished"] {
        assert_eq!(condition(status, type_).expect(type_)["status"], "True");
    }
    assert_eq!(
        sent[1].1,
        json!({"metadata": {"uid": "a", "$deleteFromPrimitiveList/finalizers": [labels::TRACKING_FINALIZER, labels::BATCH_TRACKING_FINALIZER]}})
    );
}

/// A managed Pod whose main container is done, with a sidecar that a webhook added.
fn managed_pod(version: u64, phase: &str, sidecar: Value) -> Value {
    let now =
        |seconds: i64| (wall_clock()() - chrono::TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let of = |name: &str, state: Value| json!({"name": name, "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state});
    let main = json!({"terminated": {"exitCode": 0, "finishedAt": now(5)}}); // before its deadline
    let mut pod = pod("a", version, phase, Some(0));
    pod["metadata"]["annotations"] = json!({labels::MODE: labels::MANAGED, labels::STOPPING_SINCE: now(4)});
    pod["spec"] = json!({
        "restartPolicy": "Never", "activeDeadlineSeconds": 1,
        "containers": [{"name": "main"}, {"name": "side"}, {"name": "proxy"}]
    });
    pod["status"] = json!({"phase": phase, "startTime": now(5), "containerStatuses": [
        of("main", main), of("side", sidecar.clone()), of("proxy", sidecar)
    ]});
    pod
}

#[tokio::test]
async fn what_a_pod_showed_is_said_at_the_end_when_it_is_not_in_view_any_more_and_costs_no_further_write() {
    let spec = || json!({"sidecarMode": "Managed", "sidecars": [{"name": "side"}, {"name": "proxy"}]});
    let draining = managed_pod(5, "Running", json!({"running": {}}));
    let first = stage(vec![on(Method::PUT, STATUS, stored(12))], vec![draining]);
    let (_, sent) = first.run(job(spec(), json!({"startTime": "2026-01-01T00:00:00Z"}))).await;
    let known = sent[0].1["status"].clone();
    assert_eq!((&known["phase"], &known["sidecars"]), (&json!("Stopping"), &json!("0/2 stopped")));
    let done = managed_pod(6, "Failed", json!({"terminated": {"exitCode": 143}}));
    let free = without_finalizer(done.clone(), 13);
    let script =
        vec![on(Method::PUT, STATUS, stored(14)), on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone()))];
    let (result, sent) = stage(script, vec![done]).run(job(spec(), known)).await;
    result.expect("well");
    let last = &sent[0].1["status"];
    assert_eq!((&last["phase"], &last["sidecars"]), (&json!("Complete"), &json!("2/2 stopped")));
    assert_eq!(condition(last, "SidecarMissing").expect("it was looked for")["status"], "False");
    let told = |name: &str, fields: [&str; 4]| {
        let all = last["containers"].as_array().expect("containers");
        let container = all.iter().find(|c| c["name"] == name).expect("it is told").clone();
        fields.map(|field| container[field].clone())
    };
    let main = told("main", ["role", "succeeded", "failed", "lastExitCode"]);
    assert_eq!(main, [json!("Main"), json!(1), json!(0), json!(0)]);
    let side = told("proxy", ["role", "succeeded", "failed", "lastExitCode"]);
    assert_eq!(side, [json!("Sidecar"), json!(0), json!(1), json!(143)]);
}

#[tokio::test]
async fn a_run_that_failed_says_why_in_one_write() {
    let failed = pod("a", 5, "Failed", Some(3));
    let free = without_finalizer(failed.clone(), 13);
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone()))];
    let stage = stage(script, vec![failed]);
    let events = stage.told.clone();
    let (result, sent) = stage.run(job(json!({"backoffLimit": 0}), json!(null))).await;
    result.expect("well");
    let status = &sent[0].1["status"];
    let words = "container main of Pod job-a exited with 3; 1 of 1 attempts failed";
    assert_eq!((&status["message"], &status["reason"]), (&json!(words), &json!("BackoffLimitExceeded")));
    let last = &status["lastFailure"];
    assert_eq!(
        (&last["text"], &last["podName"], &last["exitCode"]),
        (&json!("main exit 3"), &json!("job-a"), &json!(3))
    );
    assert_eq!(told(&events, 1).await[0], ("BackoffLimitExceeded".into(), words.into()));
}

#[tokio::test]
async fn a_pod_of_several_that_has_ended_is_counted_in_one_write_and_then_let_go() {
    let done = pod("a", 5, "Succeeded", Some(0));
    let free = without_finalizer(done.clone(), 14);
    let script = vec![
        on(Method::POST, PODS, stored(11)), // the next one
        on(Method::PUT, STATUS, stored(12)),
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
    ];
    let (result, sent) = stage(script, vec![done]).run(job(json!({"completions": 2}), json!(null))).await;
    result.expect("well");
    assert_eq!((&sent[1].1["status"]["succeeded"], &sent[1].1["status"]["active"]), (&json!(1), &json!(1)));
    assert_eq!(sent[1].1["status"]["countedTerminatedPods"], json!(["a"]));
}

#[tokio::test]
async fn a_pod_that_drains_is_listed_then_counted_then_let_go() {
    let written = json!({"startTime": "2026-01-01T00:00:00Z"});
    let mut draining = pod("a", 5, "Running", Some(0));
    let now = wall_clock()().format("%Y-%m-%dT%H:%M:%SZ").to_string(); // its kubelet is not silent
    draining["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = json!(now);
    let first = stage(vec![on(Method::PUT, STATUS, stored(12))], vec![draining]);
    let (_, sent) = first.run(job(json!({"completions": 2}), written)).await;
    let listed = sent[0].1["status"].clone();
    assert_eq!((&listed["uncountedTerminatedPods"]["succeeded"], &listed["succeeded"]), (&json!(["a"]), &json!(0)));
    let done = pod("a", 6, "Succeeded", Some(0));
    let free = without_finalizer(done.clone(), 14);
    let script = vec![
        on(Method::POST, PODS, stored(11)), // the next one
        on(Method::PUT, STATUS, stored(13)),
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
    ];
    let (result, sent) = stage(script, vec![done]).run(job(json!({"completions": 2}), listed)).await;
    result.expect("well");
    let counted = &sent[1].1["status"];
    assert_eq!((&counted["uncountedTerminatedPods"], &counted["succeeded"]), (&Value::Null, &json!(1)));
    assert_eq!(counted["countedTerminatedPods"], json!(["a"]));
}

#[tokio::test]
async fn a_pod_that_exists_already_is_taken_if_it_is_ours() {
    let script = vec![
        on(Method::POST, PODS, refuses(409, "AlreadyExists", "exists")),
        on(Method::GET, "", |_| (200, pod("a", 5, "Running", None))),
        on(Method::PUT, STATUS, stored(12)),
    ];
    let (result, sent) = stage(script, vec![]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    assert_eq!(sent[2].1["status"]["active"], 1);
}

#[tokio::test]
async fn a_refused_pod_is_said_in_the_servers_words_and_tried_again_later() {
    for (code, reason) in [(422, "Invalid"), (403, "Forbidden"), (400, "BadRequest")] {
        let script =
            vec![on(Method::POST, PODS, refuses(code, reason, "the words")), on(Method::PUT, STATUS, stored(12))];
        let (result, sent) = stage(script, vec![]).run(job(json!({}), json!(null))).await;
        assert_ne!(result.expect("a refusal is no error"), Action::await_change(), "{code}: it is tried again");
        let stalled = condition(&sent[1].1["status"], "Stalled").expect("Stalled");
        assert_eq!((&stalled["status"], &stalled["message"]), (&json!("True"), &json!("the words")), "{code}");
    }
}

#[tokio::test]
async fn of_many_pods_that_are_refused_only_the_first_is_tried() {
    let script = vec![on(Method::POST, PODS, refuses(422, "Invalid", "no")), on(Method::PUT, STATUS, stored(12))];
    let many = json!({"completions": 100, "parallelism": 100});
    stage(script, vec![]).run(job(many, json!(null))).await.0.expect("a refusal is no error");
}

#[tokio::test]
async fn a_failing_api_server_is_an_error_and_what_was_done_is_written() {
    let script = vec![
        on(Method::POST, PODS, stored(11)),
        on(Method::POST, PODS, refuses(500, "InternalError", "etcd is tired")),
        on(Method::POST, PODS, stored(12)),
        on(Method::PUT, STATUS, stored(13)),
    ];
    let (result, sent) = stage(script, vec![]).run(job(json!({"completions": 5, "parallelism": 5}), json!(null))).await;
    let error = result.expect_err("an error").to_string();
    assert!(error.starts_with("failed to create Pod job-") && error.ends_with("etcd is tired"), "{error}");
    assert_eq!(sent[3].1["status"]["active"], 2, "the two that were taken");
}

#[tokio::test]
async fn a_pod_that_is_gone_when_its_finalizer_is_to_be_taken_counts_all_the_same() {
    let listed = json!({
        "startTime": "2026-01-01T00:00:00Z", "uncountedTerminatedPods": {"failed": ["a"]},
        "backoff": {"failures": 1, "lastFailureTime": "2200-01-01T00:00:00Z"}
    });
    let script =
        vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", refuses(404, "NotFound", "gone"))];
    let (result, sent) = stage(script, vec![pod("a", 5, "Failed", Some(1))]).run(job(json!({}), listed)).await;
    result.expect("well");
    assert_eq!(sent[0].1["status"]["failed"], 1);
}

#[tokio::test]
async fn after_a_status_write_the_metadata_alone_is_enough() {
    let answer = |sent: &Value| {
        let mut metadata = sent["metadata"].clone();
        metadata["resourceVersion"] = json!("12");
        (200, json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}))
    };
    let released = without_finalizer(pod("a", 5, "Succeeded", Some(0)), 13);
    let script =
        vec![on(Method::PUT, STATUS, answer), on(Method::PATCH, "/pods/job-a", move |_| (200, released.clone()))];
    let (result, sent) = stage(script, vec![pod("a", 5, "Succeeded", Some(0))]).run(job(json!({}), json!(null))).await;
    result.expect("well");
    assert_eq!(condition(&sent[0].1["status"], "Complete").expect("it is over")["status"], "True");
    assert_eq!(sent.len(), 2, "the status is known without being read: it is not written again");
}

#[tokio::test]
async fn a_conflict_on_the_status_means_that_news_is_on_its_way() {
    let script = vec![on(Method::PUT, STATUS, refuses(409, "Conflict", "the object has been modified"))];
    let running = vec![pod("a", 5, "Running", None)];
    let stage = stage(script, running);
    let ctx = stage.ctx.clone();
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    let error = reconcile(watched.clone(), ctx.clone()).await.expect_err("a conflict");
    assert!(error.is_conflict());
    assert_eq!(on_error(watched.clone(), &error, ctx.clone()), Action::requeue(std::time::Duration::from_millis(200)));
}

#[tokio::test]
async fn errors_in_a_row_wait_longer_and_longer() {
    let fails = || on(Method::PUT, STATUS, refuses(500, "InternalError", "etcd is tired"));
    let stage = stage(vec![fails(), fails(), fails()], vec![pod("a", 5, "Running", None)]);
    let watched = Arc::new(Watched::from(job(json!({}), json!(null))));
    for seconds in [1, 2, 4] {
        let error = reconcile(watched.clone(), stage.ctx.clone()).await.expect_err("an error");
        let wait = on_error(watched.clone(), &error, stage.ctx.clone());
        assert_eq!(wait, Action::requeue(std::time::Duration::from_secs(seconds)));
    }
}

#[tokio::test]
async fn a_job_of_another_manager_is_left_alone() {
    let other = job(json!({"managedBy": "example.com/other"}), json!(null));
    let (result, sent) = stage(vec![], vec![pod("a", 5, "Succeeded", Some(0))]).run(other).await;
    assert_eq!((result.expect("well"), sent.len()), (Action::await_change(), 0));
}

#[tokio::test]
async fn a_plain_sidecar_is_stopped_by_the_deadline_after_the_result_is_stored() {
    let running = draining();
    let stopping = running.clone();
    let patched = move |patch: &Value| {
        let mut pod = stopping.clone();
        pod["spec"]["activeDeadlineSeconds"] = patch["spec"]["activeDeadlineSeconds"].clone();
        pod["metadata"]["resourceVersion"] = json!("13");
        (200, pod)
    };
    let script = vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", patched)];
    let (result, sent) = stage(script, vec![running]).run(job(json!({"sidecarMode": "Managed"}), json!(null))).await;
    result.expect("well");
    assert_eq!(condition(&sent[0].1["status"], "SuccessCriteriaMet").expect("known")["status"], "True");
    assert!(sent[1].1["spec"]["activeDeadlineSeconds"].as_i64() >= Some(1));
    assert_eq!(sent[1].1["metadata"]["uid"], "a", "only this very Pod");
}

/// A Pod with a plain sidecar that still runs after the main container.
fn draining() -> Value {
    let mut running = pod("a", 5, "Running", Some(0));
    running["spec"]["initContainers"] = json!([]);
    running["spec"]["containers"] = json!([{"name": "main"}, {"name": "side"}]);
    running["status"]["containerStatuses"].as_array_mut().expect("a list").push(
        json!({"name": "side", "ready": true, "restartCount": 0, "image": "", "imageID": "", "state": {"running": {}}}),
    );
    running["metadata"]["annotations"] = json!({labels::MODE: labels::MANAGED});
    running
}

#[tokio::test]
async fn while_a_reconcile_goes_on_the_watch_may_show_its_own_status_write() {
    let context = Arc::new(Mutex::new(None::<Arc<Context<SidecarJob>>>));
    let (watch, shown) = (context.clone(), Arc::new(Mutex::new(Vec::new())));
    let seen = shown.clone();
    let patched = move |patch: &Value| {
        let ctx = watch.lock().expect("not poisoned").take().expect("the stage is set");
        let mut written = job(json!({"sidecarMode": "Managed"}), json!(null));
        written.metadata.resource_version = Some("12".into());
        let is_news = ctx.memory.view_took_in(&WatchEvent::Apply(Watched::from(written)));
        seen.lock().expect("not poisoned").push(is_news);
        let mut pod = draining();
        pod["spec"]["activeDeadlineSeconds"] = patch["spec"]["activeDeadlineSeconds"].clone();
        pod["metadata"]["resourceVersion"] = json!("13");
        (200, pod)
    };
    let script = vec![on(Method::PUT, STATUS, stored(12)), on(Method::PATCH, "/pods/job-a", patched)];
    let stage = stage(script, vec![draining()]);
    *context.lock().expect("not poisoned") = Some(stage.ctx.clone());
    let (result, sent) = stage.run(job(json!({"sidecarMode": "Managed"}), json!(null))).await;
    result.expect("the decision after the echo has what was written");
    assert_eq!(
        (sent.len(), shown.lock().expect("not poisoned").clone()),
        (2, vec![false]),
        "and nothing is written twice"
    );
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_skipped() {
    let stage = stage(vec![], vec![]);
    let broken: Result<Watched<SidecarJob>, _> =
        serde_json::from_value(json!({"apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
                                      "metadata": {"name": "x"}, "spec": {"template": 5}}));
    let result = reconcile(Arc::new(broken.expect("guarded")), stage.ctx.clone()).await;
    assert_eq!(result.expect("skipped"), Action::await_change());
}
