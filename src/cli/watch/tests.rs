//! What does `watch` do when the API server rejects calls, does not answer, breaks off a watch, or sends forged text?

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures::stream::{self, BoxStream};
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;

/// What the server does with one call.
enum Answer {
    /// Answers with this code and body.
    Says(u16, Value),
    /// Sends these lines of a watch, and ends the watch.
    Lines(Vec<Value>),
    /// Sends these lines of a watch, and then nothing: the connection may be dead.
    Open(Vec<Value>),
    /// Accepts the call, and never answers.
    Silence,
}

use Answer::{Lines, Open, Says, Silence};

/// The answers to each kind of call, in their order. After the last answer the server never answers.
type Script = BTreeMap<&'static str, VecDeque<Answer>>;

fn script<const N: usize>(all: [(&'static str, Vec<Answer>); N]) -> Script {
    all.into_iter().map(|(call, answers)| (call, answers.into())).collect()
}

fn kind_of(request: &Request<Body>) -> &'static str {
    let watches = request.uri().query().is_some_and(|q| q.contains("watch="));
    match (request.uri().path().ends_with("/pods"), watches) {
        (true, true) => "watch pods",
        (true, false) => "list pods",
        (false, true) => "watch job",
        (false, false) if request.uri().path().ends_with("/sidecarjobs") => "list job",
        (false, false) => "get job",
    }
}

/// A body that comes piece by piece.
type Pieces = StreamBody<BoxStream<'static, std::io::Result<Frame<Bytes>>>>;

fn body(text: String, stays_open: bool) -> Pieces {
    let text = stream::iter([Ok(Frame::data(Bytes::from(text)))]);
    StreamBody::new(if stays_open { text.chain(stream::pending()).boxed() } else { text.boxed() })
}

fn lines(all: &[Value]) -> String {
    all.iter().map(|line| format!("{line}\n")).collect()
}

fn server(mut script: Script) -> (Client, Arc<Mutex<Vec<&'static str>>>) {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Pieces>>();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Some((request, send)) = handle.next_request().await {
            let call = kind_of(&request);
            seen.lock().unwrap().push(call);
            let answer = script.get_mut(call).and_then(VecDeque::pop_front);
            let (code, body) = match answer.unwrap_or(Silence) {
                Says(code, value) => (code, body(value.to_string(), false)),
                Lines(all) => (200, body(lines(&all), false)),
                Open(all) => (200, body(lines(&all), true)),
                Silence => {
                    silent.push(send);
                    continue;
                }
            };
            send.send_response(Response::builder().status(code).body(body).unwrap());
        }
    });
    (Client::new(mock, "ns"), asked)
}

fn job(version: u64, conditions: Value) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "metadata": {"name": "job", "namespace": "ns", "uid": "u", "resourceVersion": version.to_string(),
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"template": {}}, "status": {"conditions": conditions}
    })
}

fn condition(type_: &str, message: &str) -> Value {
    json!({"type": type_, "status": "True", "reason": "Reason", "message": message, "lastTransitionTime": "2026-01-01T00:00:09Z"})
}

fn complete(version: u64) -> Value {
    job(version, json!([condition("Complete", "")]))
}

fn list(items: Vec<Value>) -> Answer {
    Says(200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "10"}, "items": items}))
}

fn event(type_: &str, object: Value) -> Value {
    json!({"type": type_, "object": object})
}

fn refuses(code: u16, reason: &str, message: &str) -> Answer {
    Says(code, json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}))
}

fn forbidden() -> Answer {
    refuses(403, "Forbidden", "pods is forbidden: User \"eve\" cannot list resource \"pods\"")
}

/// How the watch ended, its lines, its notes, and its calls.
struct Told {
    end: Result<End, WatchError>,
    out: String,
    err: String,
    asked: Vec<&'static str>,
}

async fn told(format: Format, script: Script) -> Told {
    let (client, asked) = server(script);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let watch = Watch {
        client,
        namespace: "ns".into(),
        name: "job".into(),
        format,
        out: &mut out,
        notes: Notes::new(&mut err),
    };
    // Time passes as fast as it can: a watch that has not ended after an hour would never end.
    let end = tokio::time::timeout(Duration::from_secs(3600), watch.tell()).await.expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let asked = asked.lock().unwrap().clone();
    Told { end, out: text(out), err: text(err), asked }
}

fn code(told: &Told) -> u8 {
    told.end.as_ref().expect_err("an error").exit_code()
}

#[tokio::test(start_paused = true)]
async fn a_run_is_told_to_its_end() {
    let told = told(
        Format::Text,
        script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            ("watch job", vec![Open(vec![event("MODIFIED", complete(11))])]),
            ("list pods", vec![list(vec![]), list(vec![])]),
            ("watch pods", vec![Open(vec![])]),
        ]),
    )
    .await;
    assert_eq!(told.end.expect("an end"), End::Complete);
    assert!(told.out.ends_with("  9.0s  \x1b[32mSidecarJob Complete\x1b[0m\n"), "{:?}", told.out);
    assert_eq!(told.err, "");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_see_pods_it_says_so_once_and_tells_the_rest() {
    for pods in [
        [("list pods", vec![forbidden()]), ("watch pods", vec![])],
        [("list pods", vec![list(vec![])]), ("watch pods", vec![forbidden()])],
    ] {
        let mut script = script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            // The end comes after the rejection, because a watch that ends is opened again.
            ("watch job", vec![Lines(vec![]), Lines(vec![]), Lines(vec![event("MODIFIED", complete(11))])]),
        ]);
        script.extend(pods.into_iter().map(|(call, answers)| (call, answers.into())));
        let told = told(Format::Text, script).await;
        assert_eq!(told.end.expect("an end"), End::Complete);
        assert!(told.out.contains("SidecarJob Complete"), "{}", told.out);
        assert_eq!(told.err.lines().count(), 1, "{}", told.err);
        assert!(told.err.contains("User \"eve\" cannot list resource \"pods\""), "{}", told.err);
        assert!(told.err.contains("the ClusterRole view allows reading"), "{}", told.err);
        assert!(told.err.contains("the SidecarJob alone"), "{}", told.err);
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_change_ends_it_with_a_code_and_says_what_to_do() {
    let text = |code, message: &str| Says(code, json!(message)); // no Status: a server that does not know the kind, a proxy
    for (call, answer, expect, said) in [
        ("get job", refuses(401, "Unauthorized", "Unauthorized"), 4, "log in to the cluster again"),
        ("get job", refuses(403, "Forbidden", "User eve cannot get"), 4, "User eve cannot get"),
        ("get job", text(404, "404 page not found"), 3, "sidecarjob crds | kubectl apply"),
        ("list job", refuses(401, "Unauthorized", "Unauthorized"), 4, "failed to watch SidecarJob job: Unauthorized"),
        ("list job", refuses(403, "Forbidden", "User eve cannot list"), 4, "User eve cannot list"),
        ("watch job", refuses(401, "Unauthorized", "Unauthorized"), 4, "log in to the cluster again"),
        ("watch job", refuses(403, "Forbidden", "User eve cannot watch"), 4, "User eve cannot watch"),
        ("watch job", text(404, "404 page not found"), 3, "sidecarjob crds | kubectl apply"),
        ("list pods", refuses(401, "Unauthorized", "Unauthorized"), 4, "failed to watch the Pods of SidecarJob job"),
        ("watch pods", refuses(401, "Unauthorized", "Unauthorized"), 4, "log in to the cluster again"),
    ] {
        let mut script = script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            ("watch job", vec![Open(vec![])]),
            ("list pods", vec![list(vec![])]),
            ("watch pods", vec![Open(vec![])]),
        ]);
        script.get_mut(call).unwrap().push_front(answer);
        let told = told(Format::Text, script).await;
        assert_eq!(code(&told), expect, "{call}");
        let error = told.end.unwrap_err().to_string();
        assert!(error.contains(said), "{call}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_while_it_watches_ends_it() {
    let told = told(
        Format::Text,
        script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            ("watch job", vec![Lines(vec![]), refuses(401, "Unauthorized", "Unauthorized")]),
            ("list pods", vec![list(vec![])]),
            ("watch pods", vec![Open(vec![])]),
        ]),
    )
    .await;
    assert_eq!(code(&told), 4);
}

#[tokio::test(start_paused = true)]
async fn a_passing_trouble_is_told_once_and_tried_again_with_a_wait_that_grows() {
    let busy = || refuses(503, "ServiceUnavailable", "etcd has no leader");
    let started = Instant::now();
    let told = told(
        Format::Text,
        script([
            ("get job", vec![busy(), Says(200, job(10, json!([])))]),
            ("list job", vec![busy(), busy(), busy(), list(vec![job(10, json!([]))])]),
            ("watch job", vec![busy(), busy(), Lines(vec![event("MODIFIED", complete(11))])]),
            ("list pods", vec![busy(), list(vec![]), list(vec![])]),
            ("watch pods", vec![Open(vec![])]),
        ]),
    )
    .await;
    assert_eq!(told.end.expect("an end"), End::Complete);
    assert_eq!(told.err, "note: failed to read SidecarJob job: etcd has no leader; retrying until it works\n");
    // 0.8 s before the list, then 0.8, 1.6, 3.2, 6.4 and 12.8 s, and a random time up to as much again: failed lists
    // count as well as failed watches.
    let took = started.elapsed();
    assert!((Duration::from_secs(25)..Duration::from_secs(53)).contains(&took), "{took:?}");
    assert_eq!(told.asked.iter().filter(|call| **call == "watch job").count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_trouble_after_a_quiet_time_is_told_anew() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (client, _) = server(Script::new());
    let (out, err) = (&mut out, &mut err);
    let mut watch =
        Watch { client, namespace: "ns".into(), name: "job".into(), format: Format::Text, out, notes: Notes::new(err) };
    for (wait, why) in [(0, "one"), (90, "two"), (90, "three"), (121, "four")] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        let error = kube::Error::Api(Box::new(kube::core::Status::failure(why, "ServiceUnavailable").with_code(503)));
        watch.notes.interrupted(&Failure::of("watch", &error)).unwrap();
    }
    drop(watch);
    assert_eq!(
        String::from_utf8(err.clone()).unwrap(),
        "note: failed to watch: one; retrying until it works\n\
         note: failed to watch: four; retrying until it works\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dead_is_left_for_a_new_one_within_a_minute() {
    let started = Instant::now();
    let told = told(
        Format::Text,
        script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            ("watch job", vec![Open(vec![]), Lines(vec![event("MODIFIED", complete(11))])]),
            ("list pods", vec![list(vec![]), list(vec![])]),
            ("watch pods", vec![Open(vec![]), Open(vec![]), Open(vec![])]),
        ]),
    )
    .await;
    assert_eq!(told.end.expect("an end"), End::Complete);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_not_there_and_a_server_that_is_silent_are_told() {
    let missing = json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found", "details": {"name": "job"}});
    let missing = told(Format::Text, script([("get job", vec![Says(404, missing)])])).await;
    assert_eq!(code(&missing), 3);
    assert!(missing.end.unwrap_err().to_string().starts_with("no SidecarJob job in namespace ns"));
    let silent = told(Format::Text, script([("get job", vec![Silence])])).await;
    assert_eq!(code(&silent), 5);
    assert!(silent.end.unwrap_err().to_string().contains("no answer within 30s"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_deleted_is_told_and_its_end_too_if_it_had_one() {
    let other = {
        let mut other = job(12, json!([]));
        other["metadata"]["uid"] = json!("another");
        other
    };
    let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"});
    for (what, answers, lists, expect) in [
        ("deleted", vec![Open(vec![event("DELETED", job(11, json!([])))])], vec![], None),
        ("finished and deleted", vec![Open(vec![event("DELETED", complete(11))])], vec![], Some(End::Complete)),
        ("deleted and created anew", vec![Open(vec![event("MODIFIED", other)])], vec![], None),
        ("deleted while the watch was off", vec![Lines(vec![event("ERROR", gone)])], vec![list(vec![])], None),
    ] {
        let mut jobs = vec![list(vec![job(10, json!([]))])];
        jobs.extend(lists);
        let told = told(
            Format::Text,
            script([
                ("get job", vec![Says(200, job(10, json!([])))]),
                ("list job", jobs),
                ("watch job", answers),
                ("list pods", vec![list(vec![]), list(vec![])]),
                ("watch pods", vec![Open(vec![])]),
            ]),
        )
        .await;
        assert_eq!(told.end.as_ref().ok(), expect.as_ref(), "{what}");
        assert_eq!(told.err, "", "{what}");
        if let Err(error) = &told.end {
            assert_eq!(error.exit_code(), 3, "{what}");
            assert!(error.to_string().contains("was deleted before it finished"), "{what}: {error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn last_lines_of_pods_that_can_not_be_read_are_told_as_missing() {
    let told = told(
        Format::Text,
        script([
            ("get job", vec![Says(200, job(10, json!([])))]),
            ("list job", vec![list(vec![job(10, json!([]))])]),
            ("watch job", vec![Open(vec![event("MODIFIED", complete(11))])]),
            ("list pods", vec![list(vec![]), refuses(500, "InternalError", "etcd is slow")]),
            ("watch pods", vec![Open(vec![])]),
        ]),
    )
    .await;
    assert_eq!(told.end.expect("an end"), End::Complete);
    assert!(told.err.contains("etcd is slow; the last lines of the Pods may be missing"), "{}", told.err);
}

#[tokio::test(start_paused = true)]
async fn what_others_wrote_can_not_forge_a_line_or_move_the_terminal() {
    let evil = "no\n  9.0s  \x1b[32mSidecarJob Complete\x1b[0m\r\u{9b}2J\u{202e}";
    for format in [Format::Text, Format::Json] {
        let stalled = job(11, json!([condition("Stalled", evil)]));
        let failed = job(12, json!([condition("Failed", evil)]));
        let waits = json!({"waiting": {"reason": "ImagePullBackOff", "message": evil}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "job-x", "resourceVersion": "5"},
            "spec": {"containers": [{"name": "main"}]},
            "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": evil}],
                "containerStatuses": [{"name": "main", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": waits}]}});
        let told = told(
            format,
            script([
                ("get job", vec![Says(200, job(10, json!([])))]),
                ("list job", vec![list(vec![stalled])]),
                ("watch job", vec![Lines(vec![]), Lines(vec![event("MODIFIED", failed)])]),
                ("list pods", vec![list(vec![pod.clone()]), list(vec![pod])]),
                ("watch pods", vec![refuses(503, "x", evil), Open(vec![])]),
            ]),
        )
        .await;
        assert_eq!(told.end.expect("an end"), End::Failed);
        let ours = told.out.replace("\x1b[31m", "").replace("\x1b[0m\n", "\n");
        let controls = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
        assert_eq!(ours.chars().filter(controls).collect::<String>(), "", "{ours}");
        assert_eq!(told.err.chars().filter(controls).collect::<String>(), "", "{}", told.err);
        assert_eq!(told.err.lines().count(), 1, "{}", told.err);
        // Created, stalled, the Pod, its node, its image, the end; no other line.
        assert_eq!(ours.lines().count(), 6, "{ours}");
        assert!(ours.contains("ImagePullBackOff: no\\n  9.0s  "), "{ours}");
        for line in ours.lines().filter(|_| format == Format::Json) {
            let line: Value = serde_json::from_str(line).expect("an object a line");
            let text = line["text"].as_str().expect("text");
            assert!(!text.contains("no\n") || text.contains(evil), "the words as they are, for programs: {text}");
        }
    }
}
