//! What does `logs` print, and what does it say when there is nothing to print?

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::stream::{self as streams, BoxStream, StreamExt};
use http::{Request, Response};
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// What the server answers to one call.
#[derive(Clone)]
enum Answer {
    /// An object.
    Says(u16, Value),
    /// The lines of a watch or a log, and the end of the answer.
    Text(&'static str),
    /// The lines, and a connection that breaks.
    Breaks(&'static str),
    /// The lines of a watch, and nothing more.
    Open(String),
}

use Answer::{Breaks, Open, Says, Text};

type Pieces = StreamBody<BoxStream<'static, std::io::Result<Frame<Bytes>>>>;

fn body(answer: Answer) -> (u16, Pieces) {
    let text = |text: String| streams::iter([Ok(Frame::data(Bytes::from(text)))]);
    let broken = || streams::iter([Err(std::io::Error::other("connection reset"))]);
    let (code, body) = match answer {
        Says(code, value) => (code, text(value.to_string()).boxed()),
        Text(lines) => (200, text(lines.to_owned()).boxed()),
        Breaks(lines) => (200, text(lines.to_owned()).chain(broken()).boxed()),
        Open(lines) => (200, text(lines).chain(streams::pending()).boxed()),
    };
    (code, StreamBody::new(body))
}

/// The answers to each call; the last one is repeated.
type Script = BTreeMap<&'static str, Vec<Answer>>;

/// `log POD CONTAINER`, with the words `previous` and `since`, or the kind of another call.
fn call_of(request: &Request<Body>) -> String {
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    let watches = query.contains("watch=");
    if let Some(pod) = path.strip_suffix("/log") {
        let pod = pod.rsplit('/').next().unwrap();
        let has = |word: &str| {
            if query.contains(word) { format!(" {}", word.trim_end_matches("Time=")) } else { String::new() }
        };
        let container = query.split("container=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
        return format!("log {pod} {container}{}{}{}", has("previous"), has("tail"), has("sinceTime="));
    }
    let what = if path.ends_with("/pods") {
        "pods"
    } else if path.contains("/pods/") {
        "pod"
    } else {
        "run"
    };
    let is_list = path.ends_with("s");
    format!(
        "{} {what}",
        if watches {
            "watch"
        } else if is_list {
            "list"
        } else {
            "get"
        }
    )
}

fn server(script: Script) -> (Client, Arc<Mutex<Vec<String>>>) {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Pieces>>();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        while let Some((request, send)) = handle.next_request().await {
            let call = call_of(&request);
            seen.lock().unwrap().push(call.clone());
            let count = counts.entry(call.clone()).or_default();
            let answers = script.get(call.as_str()).unwrap_or_else(|| panic!("{call} is not expected"));
            let answer = answers[(*count).min(answers.len() - 1)].clone();
            *count += 1;
            let (code, body) = body(answer);
            send.send_response(Response::builder().status(code).body(body).unwrap());
        }
    });
    (Client::new(mock, "ns"), asked)
}

fn run_with(spec: Value, status: Value) -> Value {
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
        "metadata": {"name": "etl", "namespace": "ns", "uid": "u", "resourceVersion": "9"}, "spec": spec, "status": status
    })
}

fn ended_as(type_: &str) -> Value {
    let condition = json!({"type": type_, "status": "True", "reason": "Why", "message": "", "lastTransitionTime": "2026-01-01T00:00:09Z"});
    run_with(json!({"template": {}}), json!({"conditions": [condition]}))
}

fn goes_on() -> Value {
    run_with(json!({"template": {}}), json!({}))
}

/// A Pod whose container main has this state.
fn pod(name: &str, attempt: u32, state: Value) -> Value {
    let id = format!("containerd://{name}");
    let mut state = state;
    if let Some(ended) = state.get_mut("terminated") {
        ended["containerID"] = json!(id);
    }
    let side = json!({"name": "side", "ready": true, "restartCount": 0, "image": "", "imageID": "", "containerID": "containerd://s",
        "state": {"running": {}}});
    let status = json!({"name": "main", "ready": true, "restartCount": 0, "image": "", "imageID": "", "containerID": id, "state": state});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "uid": name, "resourceVersion": "5",
            "labels": {"sidecarjob.dev/attempt": attempt.to_string()}, "annotations": {"sidecarjob.dev/main": "main"}},
        "spec": {"containers": [{"name": "main"}, {"name": "side"}]},
        "status": {"phase": "Running", "containerStatuses": [status, side]}
    })
}

fn of_index(mut pod: Value, index: u32) -> Value {
    pod["metadata"]["annotations"][crate::api::labels::COMPLETION_INDEX] = json!(index.to_string());
    pod
}

fn failed_pod(name: &str, attempt: u32) -> Value {
    pod(name, attempt, json!({"terminated": {"exitCode": 3}}))
}

fn running_pod(name: &str, attempt: u32) -> Value {
    pod(name, attempt, json!({"running": {}}))
}

fn list(items: &[Value]) -> Answer {
    Says(200, json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items}))
}

fn events(events: &[(&str, Value)]) -> Answer {
    Open(events.iter().map(|(type_, object)| format!("{}\n", json!({"type": type_, "object": object}))).collect())
}

/// stdout, stderr or the error with its exit code, and the calls.
async fn printed(line: &str, script: Script) -> (String, String, Vec<String>) {
    let args = Args::parse_from(["logs"].into_iter().chain(line.split_whitespace()));
    let (client, asked) = server(script);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let printer = Printer {
        args,
        client: client.clone(),
        namespace: "ns".into(),
        out: &mut out,
        notes: Notes::new(&mut err),
        line_is_open: false,
    };
    let end = match printer.args.target.kind {
        Kind::Pod => printer.of_pod().await,
        _ => printer.of_run::<SidecarJob>(client).await,
    };
    let mut err = String::from_utf8(err).unwrap();
    if let Err(error) = end {
        err += &format!("error {}: {error}\n", error.exit_code());
    }
    let asked = asked.lock().unwrap().clone();
    (String::from_utf8(out).unwrap(), err, asked)
}

fn script<const N: usize>(all: [(&'static str, Vec<Answer>); N]) -> Script {
    all.into_iter().collect()
}

/// Two attempts, and what they printed.
fn two_attempts() -> Script {
    script([
        ("get run", vec![Says(200, goes_on())]),
        ("list pods", vec![list(&[running_pod("etl-1", 1), failed_pod("etl-0", 0)])]),
        ("log etl-0 main", vec![Text("zero\n")]),
        ("log etl-1 main", vec![Text("\x1b[1mone\x1b[0m\nno end")]),
        ("log etl-1 side", vec![Text("beside\n")]),
    ])
}

#[tokio::test(start_paused = true)]
async fn the_log_that_is_asked_for_is_printed_as_it_is() {
    let both = "==> Pod etl-0, attempt 0, container main <==\nzero\n\n==> Pod etl-1, attempt 1, container main <==\n\
                \x1b[1mone\x1b[0m\nno end";
    let open = script([
        ("get run", vec![Says(200, goes_on())]),
        ("list pods", vec![list(&[failed_pod("etl-0", 0), failed_pod("etl-1", 1)])]),
        ("log etl-0 main", vec![Text("no end")]),
        ("log etl-1 main", vec![Text("one\n")]),
    ]);
    let (out, _, _) = printed("etl --all-attempts --prefix", open).await;
    assert_eq!(out, "[pod/etl-0/main] no end\n[pod/etl-1/main] one\n");
    for (line, expected) in [
        ("etl", "\x1b[1mone\x1b[0m\nno end"),
        ("etl -c side", "beside\n"),
        ("etl --previous", "zero\n"),
        ("etl --all-attempts", both),
        ("etl --prefix", "[pod/etl-1/main] \x1b[1mone\x1b[0m\n[pod/etl-1/main] no end"),
    ] {
        let (out, err, _) = printed(line, two_attempts()).await;
        assert_eq!((out.as_str(), err.as_str()), (expected, ""), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_shown_is_told_in_a_sentence() {
    let failure =
        json!({"text": "main exit 3", "podName": "etl-4", "time": "2026-01-01T00:00:09Z", "message": "disk full"});
    let lost = run_with(json!({"template": {}}), json!({"failed": 5, "lastFailure": failure}));
    let waits = pod("etl-0", 0, json!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}}));
    let suspended = run_with(json!({"template": {}, "suspend": true}), json!({}));
    let missing =
        json!({"kind": "Status", "code": 404, "reason": "NotFound", "message": "x", "details": {"name": "etl"}});
    for (line, run, pods, said) in [
        (
            "etl",
            lost,
            vec![],
            "error 3: no Pod of SidecarJob etl is left, and with the Pods their logs are gone; the status has kept of the last failure, of Pod etl-4: main exit 3: disk full; with spec.endedPods: Keep",
        ),
        (
            "etl",
            goes_on(),
            vec![],
            "error 1: SidecarJob etl has no Pod yet; --follow waits for it, kubectl sidecarjob why etl",
        ),
        ("etl", suspended, vec![], "error 1: SidecarJob etl has no Pod: it is suspended"),
        (
            "etl",
            goes_on(),
            vec![waits],
            "error 1: container main of Pod etl-0 has not started: ErrImagePull: no such image; kubectl sidecarjob why etl",
        ),
        (
            "etl -c x",
            goes_on(),
            vec![failed_pod("etl-0", 0)],
            "error 1: Pod etl-0 has no container x: its containers are main, side",
        ),
        ("etl -c x --all-attempts", goes_on(), vec![failed_pod("etl-0", 0)], "error 1: Pod etl-0 has no container x"),
        ("etl --previous", goes_on(), vec![failed_pod("etl-0", 0)], "error 1: nothing ran before"),
        (
            "etl --previous",
            run_with(json!({"template": {}, "completionMode": "Indexed", "completions": 3}), json!({})),
            vec![of_index(failed_pod("etl-0", 0), 0), of_index(failed_pod("etl-2", 1), 2)],
            "error 1: SidecarJob etl has Pods of several indexes, and which ran before depends on the index: give --index \
             too; the newest Pod has index 2",
        ),
        ("etl --index 3", goes_on(), vec![], "error 1: SidecarJob etl has no indexes"),
        (
            "etl --index 3",
            run_with(json!({"template": {}, "completionMode": "Indexed", "completions": 3}), json!({})),
            vec![],
            "error 1: SidecarJob etl has no index 3: its completions are 3, and its first index is 0",
        ),
    ] {
        let script = script([("get run", vec![Says(200, run)]), ("list pods", vec![list(&pods)])]);
        let (out, err, _) = printed(line, script).await;
        assert_eq!(out, "", "{line}");
        assert!(err.contains(said), "{line}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let (_, err, _) = printed("etl", script([("get run", vec![Says(404, missing)])])).await;
    assert!(err.starts_with("error 3: no SidecarJob etl in namespace ns"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_log_of_an_older_attempt_is_told_as_such() {
    let recent = json!([{"name": "etl-1", "attempt": 1, "result": "Failed"}, {"name": "etl-0", "attempt": 0, "result": "Failed"}]);
    let run = run_with(json!({"template": {}}), json!({"recentPods": recent}));
    let script = script([
        ("get run", vec![Says(200, run)]),
        ("list pods", vec![list(&[failed_pod("etl-0", 0)])]),
        ("log etl-0 main", vec![Text("zero\n")]),
    ]);
    let (out, err, _) = printed("etl", script).await;
    assert_eq!(out, "zero\n");
    assert_eq!(err, "note: Pod etl-1 of a later attempt is gone, and its log with it\n");
}

/// A run whose first Pod runs at the beginning; then it fails, another one comes, and the run is over.
fn grows(first: Vec<Answer>, second: Vec<Answer>) -> Script {
    script([
        ("get run", vec![Says(200, goes_on())]),
        ("list run", vec![list(&[goes_on()])]),
        (
            "list pods",
            vec![
                list(&[running_pod("etl-0", 0)]),
                list(&[running_pod("etl-0", 0)]),
                list(&[failed_pod("etl-0", 0), failed_pod("etl-1", 1)]),
            ],
        ),
        ("watch pods", vec![events(&[("MODIFIED", failed_pod("etl-0", 0)), ("ADDED", running_pod("etl-1", 1))])]),
        ("watch run", vec![events(&[("MODIFIED", ended_as("Complete"))])]),
        ("log etl-0 main", first),
        ("log etl-0 main since", vec![Text("2026-01-01T00:00:02Z two\n")]),
        ("log etl-1 main", second),
        ("log etl-1 main since", vec![Text("")]),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_run_is_followed_through_its_attempts_to_its_end() {
    let first = vec![Text("2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z two\n")];
    let (out, err, _) = printed("etl -f", grows(first.clone(), vec![Text("2026-01-01T00:00:03Z three\n")])).await;
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!((lines.join(" ").as_str(), err.as_str()), ("one three two", ""), "each line once");
    let (out, _, _) = printed("etl -f --timestamps", grows(first, vec![Text("")])).await;
    assert_eq!(out, "2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z two\n");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_loses_and_repeats_no_line() {
    let first = vec![Breaks("2026-01-01T00:00:01Z one\n2026-01-01T00:00:02Z tw")];
    let (out, err, asked) = printed("etl -f", grows(first, vec![Text("")])).await;
    assert_eq!(out, "one\ntwo\n");
    assert_eq!(err.matches("note: ").count(), 1, "{err}");
    assert!(err.contains("failed to read the log of container main of Pod etl-0: connection reset; retrying"), "{err}");
    assert!(asked.iter().any(|call| call == "log etl-0 main since"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_again_and_again_is_opened_more_and_more_slowly() {
    let script = script([
        ("get pod", vec![Says(200, running_pod("etl-0", 0))]),
        ("log etl-0 main", vec![Breaks("2026-01-01T00:00:01Z one\n")]),
        ("log etl-0 main since", vec![Breaks(""), Breaks(""), Breaks(""), Text("")]),
    ]);
    let started = tokio::time::Instant::now();
    let (out, _, asked) = printed("pod/etl-0 -f", script).await;
    assert_eq!(out, "one\n");
    assert!(asked.len() <= 8, "{asked:?}");
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(5), "{waited:?}"); // of the paused clock
}

#[tokio::test(start_paused = true)]
async fn a_tail_is_of_the_containers_that_were_there_at_the_beginning() {
    let text = "2026-01-01T00:00:02Z two\n";
    let mut script = grows(vec![], vec![Text("2026-01-01T00:00:03Z three\n")]);
    script.insert("log etl-0 main tail", vec![Text(text)]);
    let (out, _, asked) = printed("etl -f --tail 1", script).await;
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["three", "two"]);
    assert!(asked.iter().any(|call| call == "log etl-1 main"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_ends_the_command() {
    let forbidden = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "eve cannot get pods/log"});
    for line in ["etl -f", "etl"] {
        let (out, err, _) = printed(line, grows(vec![Says(403, forbidden.clone())], vec![Text("")])).await;
        assert_eq!(out, "");
        assert!(
            err.starts_with("error 1: failed to read the log of container main of Pod etl-0: eve cannot get"),
            "{err}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_printed_by_its_name() {
    let script = |log: &'static str| {
        script([
            ("get pod", vec![Says(200, running_pod("etl-0", 0))]),
            ("log etl-0 main", vec![Text(log)]),
            ("log etl-0 main since", vec![Text("")]),
        ])
    };
    assert_eq!(printed("pod/etl-0", script("one\n")).await.0, "one\n");
    assert_eq!(printed("pod/etl-0 -f", script("2026-01-01T00:00:01Z one\n")).await.0, "one\n");
    let (_, err, _) = printed("pod/etl-0 --index 1", script("")).await;
    assert!(err.contains("--index chooses a Pod of a run"), "{err}");
}
