//! What does a backfill do that is interrupted and repeated? The API server is in memory, and its history limit is 0.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// An API server with the schedule, the record in its status, and the runs that exist.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    record: Vec<backfilled::Span>,
    recent: Vec<Value>,
    /// The result of each run, by its name.
    runs: BTreeMap<String, Option<&'static str>>,
    created: Vec<String>,
    /// Codes that the server answers next, by the kind of call: `POST`, `WATCH`, `LIST`, `GET`.
    trouble: BTreeMap<&'static str, VecDeque<u16>>,
    /// So many runs end, and the history limit deletes them at once; the others go on.
    ends: usize,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                let (code, text) = server.0.lock().unwrap().answer(parts.method.as_str(), &parts.uri.to_string(), body);
                if text.is_empty() {
                    tokio::time::sleep(std::time::Duration::from_secs(60)).await; // a watch without events
                }
                Ok::<_, String>(Response::builder().status(code).body(Body::from(text.into_bytes())).unwrap())
            }
        });
        Client::new(service, "ns")
    }

    fn state<T>(&self, of: impl FnOnce(&mut State) -> T) -> T {
        of(&mut self.0.lock().unwrap())
    }
}

impl State {
    fn answer(&mut self, method: &str, uri: &str, body: Value) -> (u16, String) {
        let call = match method {
            "GET" if uri.contains("watch=") => "WATCH",
            "GET" if uri.contains("fieldSelector") => "LIST",
            other => other,
        };
        let trouble = self.trouble.iter_mut().find(|(of, _)| **of == call).and_then(|(_, codes)| codes.pop_front());
        if let Some(code) = trouble {
            let status =
                json!({"kind": "Status", "status": "Failure", "code": code, "reason": "x", "message": "no luck"});
            return (code, status.to_string());
        }
        let asked = uri.split("metadata.name%3D").nth(1).map(|rest| rest.split('&').next().unwrap_or(rest).to_owned());
        match call {
            "POST" => self.create(&body),
            "GET" => {
                let status = json!({"backfilled": self.record, "recentRuns": self.recent});
                let mut cron = serde_json::to_value(cron()).unwrap();
                cron["status"] = status;
                (200, cron.to_string())
            }
            "LIST" => {
                let there = asked.filter(|name| self.runs.contains_key(name));
                let items: Vec<Value> = there.iter().map(|name| run(name, self.runs[name])).collect();
                (200, json!({"metadata": {"resourceVersion": "1"}, "items": items}).to_string())
            }
            _ => (200, self.watched(&asked.unwrap_or_default())),
        }
    }

    /// A create of a run that ran before breaks the promise of a backfill.
    fn create(&mut self, body: &Value) -> (u16, String) {
        let name = body["metadata"]["name"].as_str().unwrap().to_owned();
        if self.runs.contains_key(&name) {
            return (
                409,
                json!({"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "there"}).to_string(),
            );
        }
        let at: DateTime<Utc> = body["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        self.record = backfilled::with(&self.record, [at]);
        self.runs.insert(name.clone(), None);
        self.created.push(name);
        (201, body.to_string())
    }

    /// The watch shows the end of the run, and the history limit deletes the run.
    fn watched(&mut self, name: &str) -> String {
        if self.ends == 0 || self.runs.remove(name).is_none() {
            return String::new(); // the watch ends, and the client opens it again
        }
        self.ends -= 1;
        let end = if name.ends_with('7') { "Failed" } else { "Complete" };
        self.recent.insert(0, json!({"name": name, "result": end}));
        self.recent.truncate(10);
        format!("{}\n", json!({"type": "MODIFIED", "object": run(name, Some(end))}))
    }
}

fn run(name: &str, end: Option<&str>) -> Value {
    let end = end.map(|end| json!({"type": end, "status": "True", "reason": "", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}));
    json!({
        "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob", "metadata": {"name": name, "namespace": "ns", "resourceVersion": "2"},
        "spec": {"template": {}}, "status": {"conditions": end.into_iter().collect::<Vec<_>>()}
    })
}

fn cron() -> SidecarCronJob {
    serde_json::from_value(json!({
        "metadata": {"name": "c", "namespace": "ns", "uid": "u"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "main"}]}}}}}
    }))
    .unwrap()
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + minute * 60, 0).unwrap()
}

/// The lines, the notes, and the end of a backfill that is interrupted after a minute.
async fn backfill(
    server: &Server,
    minutes: i64,
    at_once: usize,
    again: bool,
) -> (String, String, Option<Result<End, String>>) {
    let (notes, told) = unbounded_channel();
    let (client, overrides, who) = (server.client(), Overrides::default(), "ann".to_owned());
    let backfill = Backfill { client, cron: cron(), overrides, who, again, notes };
    let times = (0..minutes).map(at).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = all(&backfill, times, at_once, told, (&mut out, &mut err));
    let end = tokio::time::timeout(std::time::Duration::from_secs(1_200), end).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(err), end.ok().map(|end| end.map_err(|e| e.to_string())))
}

fn count(text: &str, word: &str) -> usize {
    text.lines().filter(|line| line.ends_with(word)).count()
}

#[tokio::test(start_paused = true)]
async fn interrupted_and_repeated_it_runs_each_time_once_though_the_history_keeps_none() {
    for at_once in [1, 7] {
        let server = Server::default();
        server.state(|state| state.ends = 60);
        let (out, _, end) = backfill(&server, 100, at_once, false).await;
        assert_eq!((out.lines().count(), end), (60, None), "it is interrupted");
        server.state(|state| state.ends = 1_000);
        let (out, err, end) = backfill(&server, 100, at_once, false).await;
        assert_eq!((out.lines().count(), end), (100, Some(Ok(End::Bad))), "one in ten fails; {err}");
        assert!(count(&out, RAN) >= 40 && count(&out, "Deleted") == 0, "{out}");
        let created = server.state(|state| state.created.clone());
        let once: std::collections::BTreeSet<&String> = created.iter().collect();
        assert_eq!((once.len(), created.len()), (100, 100), "each once");
        let (_, _, end) = backfill(&server, 100, at_once, true).await;
        assert_eq!((end, server.state(|state| state.created.len())), (Some(Ok(End::Bad)), 200), "--again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_fails_for_a_while_is_asked_again() {
    for (call, codes) in [
        ("WATCH", vec![500; 8]),
        ("LIST", vec![503; 8]),
        ("POST", vec![500; 8]),
        ("GET", vec![429; 8]),
        ("WATCH", vec![403; 2]),
    ] {
        let server = Server::default();
        server.state(|state| state.ends = 10);
        server.state(|state| state.trouble.insert(call, codes.into()));
        let (out, err, end) = backfill(&server, 5, 2, false).await;
        assert_eq!((count(&out, "Complete"), end), (5, Some(Ok(End::Good))), "{call}: {err}");
        assert!(err.contains("no luck; retrying"), "{call}: {err}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_told_before_it_gives_up() {
    for (call, code) in [("POST", 403), ("WATCH", 401), ("LIST", 500)] {
        let server = Server::default();
        server.state(|state| state.ends = 2);
        let (out, ..) = backfill(&server, 2, 1, false).await;
        assert_eq!(count(&out, "Complete"), 2);
        server.state(|state| (state.trouble.insert(call, vec![code; 100].into()), state.ends = 9).1);
        let (out, err, end) = backfill(&server, 9, 1, false).await;
        let end = end.expect("it ends").expect_err("it gives up");
        assert!(end.contains("no luck"), "{end}");
        if call == "POST" {
            assert_eq!(count(&out, "Complete"), 2, "those that ran before: {out}");
            assert!(err.contains("6 times have not started: repeat the command to continue"), "{err}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_tells_a_deleted_run_from_one_that_the_history_took() {
    let server = Server::default();
    let name = |minute| crate::api::scheduled_run::name("c", at(minute));
    server.state(|state| {
        state.record = backfilled::with(&[], [at(0), at(1), at(2)]);
        state.recent = vec![json!({"name": name(0), "result": "Failed"}), json!({"name": name(1), "result": "Active"})];
        state.runs.insert(name(2), Some("Complete"));
    });
    let (out, _, end) = backfill(&server, 3, 1, false).await;
    let results: Vec<&str> = out.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!((results, end), (vec!["Failed", RAN, "Complete"], Some(Ok(End::Bad))));
    assert_eq!(server.state(|state| state.created.len()), 0);
}
