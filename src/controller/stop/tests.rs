//! Attempts: made once, kept while their Pod goes on, and a missing right asked for once.

use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::{Request, Response};
use kube::client::Body;
use serde_json::json;

use super::*;
use crate::api::SidecarJob;

fn ask(pod: &str, way: Way) -> Ask {
    let pod = PodRef { name: pod.into(), uid: format!("uid-{pod}") };
    Ask { job: job(), pod, container: "side".into(), way }
}

fn job() -> Job {
    let mut job = SidecarJob::new("job", Default::default());
    job.metadata.namespace = Some("ns".into());
    job.metadata.uid = Some("job-uid".into());
    Job::from_wire(&job).unwrap()
}

fn exec() -> Way {
    serde_json::from_value(json!({"exec": {"command": ["quit"]}})).unwrap()
}

fn key() -> Key {
    ("ns".into(), "job".into())
}

/// Attempts against an API server that answers all with 403.
struct Stage {
    client: Client,
    events: Events,
    stops: Stops,
    woken: mpsc::UnboundedReceiver<Key>,
    calls: Arc<AtomicUsize>,
}

fn stage() -> Stage {
    let (mock, mut handle) = tower_test::mock::pair::<Request<Body>, Response<Body>>();
    let client = Client::new(mock, "ns");
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    tokio::spawn(async move {
        while let Some((request, send)) = handle.next_request().await {
            if request.uri().path().contains("/pods/") {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            let no = json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
                       "message": "pods \"a\" is forbidden: User \"x\" cannot create resource \"pods/exec\" in API group \"\""});
            let body = Body::from(serde_json::to_vec(&no).unwrap());
            send.send_response(Response::builder().status(403).body(body).unwrap());
        }
    });
    let (events, _) = Events::start(client.clone());
    let (wake, woken) = mpsc::unbounded_channel();
    Stage { client, events, stops: Stops::new(wake, None, crate::controller::clock::wall_clock()), woken, calls }
}

impl Stage {
    /// What came of it.
    async fn tried(&mut self, ask: Ask) -> Vec<AttemptState> {
        let uid = ask.pod.uid.clone();
        self.stops.ask(self.client.clone(), self.events.clone(), &key(), ask);
        assert_eq!(self.woken.recv().await, Some(key()), "it is looked at again");
        self.stops.attempts(&key(), &[&uid]).into_iter().map(|a| a.state).collect()
    }
}

#[tokio::test]
async fn a_right_that_is_missing_fails_the_attempt_and_is_asked_for_once() {
    let mut stage = stage();
    assert_eq!(stage.tried(ask("a", exec())).await, [AttemptState::Failed]);
    assert_eq!(stage.tried(ask("b", exec())).await, [AttemptState::Failed]);
    assert_eq!(stage.calls.load(Ordering::SeqCst), 1, "the second Pod costs no call");
}

#[tokio::test]
async fn a_signal_needs_an_image() {
    let mut stage = stage();
    assert_eq!(stage.tried(ask("a", Way::Signal("SIGTERM".into()))).await, [AttemptState::Failed]);
    assert_eq!(stage.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_was_tried_is_tried_once_and_forgotten_with_its_pod() {
    let mut stage = stage();
    stage.tried(ask("a", exec())).await;
    stage.stops.ask(stage.client.clone(), stage.events.clone(), &key(), ask("a", exec()));
    assert_eq!(stage.stops.attempts(&key(), &["uid-a"]).len(), 1);
    assert_eq!(stage.stops.attempts(&key(), &["uid-b"]), []);
    assert_eq!(stage.stops.attempts(&key(), &["uid-a"]), [], "a Pod that is over needs none");
}
