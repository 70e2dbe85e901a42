//! Attempts are made once, in turns of the namespaces, and stay while their Pod goes on; a missing permission is
//! reported once.

use std::sync::atomic::{AtomicUsize, Ordering};

use ::http::{Request, Response};
use kube::client::Body;
use serde_json::json;

use super::*;
use crate::api::SidecarJob;

fn ask(pod: &str, way: Way) -> Ask {
    let pod = PodRef { name: pod.into(), uid: format!("uid-{pod}") };
    Ask { pod, container: "side".into(), way }
}

fn job() -> Job {
    let mut job = SidecarJob::new("job", Default::default());
    job.metadata.namespace = Some("ns".into());
    job.metadata.uid = Some("job-uid".into());
    Job::from_wire(&job).unwrap()
}

/// The time of the tests.
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
const FAILED: AttemptState = AttemptState::Failed(NOW);

fn exec() -> Way {
    serde_json::from_value(json!({"exec": {"command": ["quit"]}})).unwrap()
}

fn key() -> Key {
    ("ns".into(), "job".into())
}

/// Attempts against an API server that answers every call with 403.
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
    Stage { client, events, stops: Stops::new(wake, None, Places::new(AT_ONCE), Arc::new(|| NOW)), woken, calls }
}

impl Stage {
    /// Makes the attempt; returns all results.
    async fn tried(&mut self, ask: Ask) -> Vec<AttemptState> {
        let uid = ask.pod.uid.clone();
        self.stops.ask(self.client.clone(), self.events.clone(), &key(), &job(), ask);
        assert_eq!(self.woken.recv().await, Some(key()), "it is looked at again");
        self.stops.attempts(&key(), &HashSet::from([uid.as_str()])).into_iter().map(|a| a.state).collect()
    }
}

#[tokio::test]
async fn a_right_that_is_missing_fails_the_attempt_and_is_asked_for_once() {
    let mut stage = stage();
    assert_eq!(stage.tried(ask("a", exec())).await, [FAILED]);
    assert_eq!(stage.tried(ask("b", exec())).await, [FAILED]);
    assert_eq!(stage.calls.load(Ordering::SeqCst), 1, "the second Pod costs no call");
}

#[tokio::test]
async fn a_signal_needs_an_image() {
    let mut stage = stage();
    assert_eq!(stage.tried(ask("a", Way::Signal("SIGTERM".into()))).await, [FAILED]);
    assert_eq!(stage.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_was_tried_is_tried_once_and_forgotten_with_its_pod() {
    let mut stage = stage();
    stage.tried(ask("a", exec())).await;
    stage.stops.ask(stage.client.clone(), stage.events.clone(), &key(), &job(), ask("a", exec()));
    assert_eq!(stage.stops.attempts(&key(), &HashSet::from(["uid-a"])).len(), 1);
    assert_eq!(stage.stops.attempts(&key(), &HashSet::from(["uid-b"])), []);
    assert_eq!(stage.stops.attempts(&key(), &HashSet::from(["uid-a"])), [], "a Pod that is over needs none");
}

/// An API server that never answers, and the calls of each namespace.
fn silent() -> (Client, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        seen.lock().push(request.uri().path().split('/').nth(4).unwrap_or_default().to_owned());
        std::future::pending::<Result<Response<Body>, String>>()
    });
    (Client::new(service, "ns"), asked)
}

/// Waits until no task makes progress; no time passes.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// Runs of two namespaces: `a` has many sidecars that never answer, `b` has one.
struct Tenants {
    stops: Stops,
    client: Client,
    events: Events,
    asked: Arc<Mutex<Vec<String>>>,
    now: Arc<Mutex<DateTime<Utc>>>,
}

impl Tenants {
    fn new() -> Self {
        let (client, asked) = silent();
        let (events, _) = Events::start(stage().client);
        let now = Arc::new(Mutex::new(NOW));
        let clock = now.clone();
        let stops =
            Stops::new(mpsc::unbounded_channel().0, None, Places::new(AT_ONCE), Arc::new(move || *clock.lock()));
        Self { stops, client, events, asked, now }
    }

    fn ask(&self, namespace: &str, pod: &str) {
        let key = (namespace.to_owned(), "job".to_owned());
        let job = Job { namespace: namespace.into(), ..job() };
        self.stops.ask(self.client.clone(), self.events.clone(), &key, &job, ask(pod, exec()));
    }

    /// How many sidecars of `a` and `b` were asked.
    fn asked(&self) -> (usize, usize) {
        let asked = self.asked.lock();
        let of = |namespace: &str| asked.iter().filter(|one| *one == namespace).count();
        (of("a"), of("b"))
    }

    /// How many attempts of `a` wait for a place, are under way, have succeeded, and have failed.
    fn states(&self) -> [usize; 4] {
        let uids: Vec<String> = (0..MANY).map(|n| format!("uid-{n}")).collect();
        let uids: HashSet<&str> = uids.iter().map(String::as_str).collect();
        let all = self.stops.attempts(&("a".into(), "job".into()), &uids);
        let count = |is: fn(AttemptState) -> bool| all.iter().filter(|a| is(a.state)).count();
        [
            count(|state| matches!(state, AttemptState::Queued(_))),
            count(|state| matches!(state, AttemptState::UnderWay(_))),
            count(|state| matches!(state, AttemptState::Heard(_))),
            count(|state| matches!(state, AttemptState::Failed(_))),
        ]
    }
}

const MANY: usize = 1_000;

#[tokio::test(start_paused = true)]
async fn a_thousand_sidecars_that_never_answer_take_half_of_the_places_and_wait_unasked() {
    let tenants = Tenants::new();
    (0..MANY).for_each(|n| tenants.ask("a", &n.to_string()));
    settle().await;
    assert_eq!((tenants.asked(), tenants.states()), ((AT_ONCE / 2, 0), [MANY - AT_ONCE / 2, AT_ONCE / 2, 0, 0]));
    tenants.ask("b", "x");
    settle().await;
    assert_eq!(tenants.asked(), (AT_ONCE / 2, 1), "another namespace's sidecar is asked at once");
    tokio::time::sleep(ANSWER_WITHIN + Duration::from_millis(1)).await;
    settle().await;
    assert_eq!((tenants.asked().0, tenants.states()), (AT_ONCE, [MANY - AT_ONCE, AT_ONCE / 2, AT_ONCE / 2, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_that_waited_too_long_for_a_place_is_not_asked_any_more() {
    let tenants = Tenants::new();
    (0..MANY).for_each(|n| tenants.ask("a", &n.to_string()));
    settle().await;
    *tenants.now.lock() = NOW + QUEUED_WITHIN;
    tokio::time::sleep(ANSWER_WITHIN + Duration::from_millis(1)).await;
    settle().await;
    assert_eq!((tenants.asked().0, tenants.states()), (AT_ONCE / 2, [0, 0, AT_ONCE / 2, MANY - AT_ONCE / 2]));
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_ends_while_its_sidecar_waits_for_a_place_costs_no_call() {
    let tenants = Tenants::new();
    (0..MANY).for_each(|n| tenants.ask("a", &n.to_string()));
    settle().await;
    assert_eq!(
        tenants.stops.attempts(&("a".into(), "job".into()), &HashSet::new()).len(),
        AT_ONCE / 2,
        "those under way"
    );
    tokio::time::sleep(ANSWER_WITHIN + Duration::from_millis(1)).await;
    settle().await;
    assert_eq!(tenants.asked().0, AT_ONCE / 2);
}
