//! A candidate in front of an API server of one Lease, which fails as the test says. Time passes when nobody has anything
//! to do.

use std::sync::Arc;

use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use parking_lot::Mutex;
use serde_json::json;
use tokio::time::Instant;
use tower::{BoxError, service_fn};

use super::super::record::LEASE_DURATION;
use super::*;

/// What the API server does with the next calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mood {
    #[default]
    Works,
    /// Answers 500.
    Fails,
    /// Does not answer, and does nothing.
    Hangs,
    /// Does what it is told, and does not answer.
    HangsAfterwards,
    /// Answers 403.
    Forbids,
}

#[derive(Default)]
struct State {
    mood: Mood,
    lease: Option<Lease>,
    version: u64,
    /// The time of each write that was taken, and who wrote it.
    written: Vec<(Duration, String)>,
    calls: usize,
}

/// The API server, and the time since boot.
#[derive(Clone)]
struct Server(Arc<Mutex<State>>, Instant);

impl Server {
    fn new() -> Self {
        Self(Arc::default(), Instant::now())
    }

    fn now(&self) -> Duration {
        Duration::from_secs(1_000) + self.1.elapsed()
    }

    fn holder(&self) -> String {
        let lease = self.0.lock().lease.clone();
        lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default()
    }

    /// Somebody else writes.
    fn writes(&self, change: impl FnOnce(&mut Lease)) {
        let mut state = self.0.lock();
        state.version += 1;
        let version = state.version.to_string();
        let lease = state.lease.get_or_insert_default();
        lease.metadata.uid = Some("uid".into());
        lease.metadata.name = Some(LEASE.into());
        lease.metadata.resource_version = Some(version);
        change(lease);
    }

    fn held_by(&self, holder: &str) {
        self.writes(|lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some(holder.into());
            spec.lease_duration_seconds = Some(15);
        });
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let is_of_the_watch = query.contains("watch=") || query.contains("fieldSelector=");
        let mood = self.0.lock().mood;
        if is_of_the_watch || mood == Mood::Hangs {
            self.0.lock().calls += usize::from(!is_of_the_watch);
            return std::future::pending().await; // no candidate here is helped by its watch
        }
        let body = body.collect_bytes().await?;
        let answer = self.take(&parts.method, &body, mood);
        if mood == Mood::HangsAfterwards {
            std::future::pending::<()>().await;
        }
        let (code, answer) = answer;
        Ok(Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()))?)
    }

    fn take(&self, method: &Method, body: &[u8], mood: Mood) -> (StatusCode, serde_json::Value) {
        let refusal = |code: u16| {
            let reason = if code == 404 { "NotFound" } else { "Else" };
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
                                "reason": reason, "message": format!("code {code}")});
            (StatusCode::from_u16(code).unwrap(), status)
        };
        self.0.lock().calls += 1;
        match mood {
            Mood::Fails => return refusal(500),
            Mood::Forbids => return refusal(403),
            Mood::Works | Mood::Hangs | Mood::HangsAfterwards => {}
        }
        let stored = self.0.lock().lease.clone();
        let Some(stored) = stored.or_else(|| (*method == Method::POST).then(Lease::default)) else {
            return refusal(404);
        };
        if *method == Method::GET {
            return (StatusCode::OK, json!(stored));
        }
        let new: Lease = serde_json::from_slice(body).unwrap();
        if new.metadata.resource_version != stored.metadata.resource_version {
            return refusal(409);
        }
        self.writes(|lease| lease.spec.clone_from(&new.spec));
        let (now, holder) = (self.now(), self.holder());
        let mut state = self.0.lock();
        state.written.push((now, holder));
        (StatusCode::OK, json!(state.lease))
    }

    fn candidate(&self, identity: &str) -> Candidate {
        let (server, clock) = (self.clone(), self.clone());
        let service = service_fn(move |request| server.clone().answer(request));
        let clock: SinceBoot = Arc::new(move || clock.now());
        let gate = Gate::new(clock.clone());
        let api = Api::namespaced(Client::new(service, "ns"), "ns");
        let election = Election { api, identity: identity.into(), gate: gate.clone(), clock, seen: Seen::default() };
        let (holding, held) = watch::channel(false);
        let (release, released) = watch::channel(false);
        Candidate { gate, held, release, task: tokio::spawn(election.run(holding, released)) }
    }
}

struct Candidate {
    gate: Gate,
    held: watch::Receiver<bool>,
    release: watch::Sender<bool>,
    task: tokio::task::JoinHandle<Result<(), LeaseError>>,
}

impl Candidate {
    async fn won(&mut self) {
        self.held.wait_for(|held| *held).await.expect("it goes on");
    }

    async fn ended(self) -> String {
        self.task.await.expect("no panic").expect_err("it was not asked to").to_string()
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_renew_stops_ten_seconds_after_its_last_renewal() {
    for (mood, why) in [
        (Mood::Fails, "code 500"),
        (Mood::Forbids, "code 403"),
        (Mood::Hangs, "no answer"),
        (Mood::HangsAfterwards, "no answer"),
    ] {
        let server = Server::new();
        let mut me = server.candidate("me");
        me.won().await;
        while server.0.lock().written.len() < 3 {
            tokio::time::sleep(RETRY_PERIOD).await; // time passes
        }
        let (last, _) = server.0.lock().written.last().cloned().unwrap();
        server.0.lock().mood = mood;
        let gate = me.gate.clone();
        let said = me.ended().await;
        assert!(said.contains("not renewed within 10s") && said.contains(why), "{mood:?}: {said}");
        assert_eq!(server.now() - last, RENEW_DEADLINE, "{mood:?}");
        assert!(!gate.is_open(), "{mood:?}");
        assert!(server.0.lock().calls < 20, "{mood:?}: it does not storm the API server");
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_in_time_is_no_loss() {
    for mood in [Mood::Fails, Mood::Hangs, Mood::HangsAfterwards, Mood::Forbids] {
        let server = Server::new();
        let mut me = server.candidate("me");
        me.won().await;
        server.0.lock().mood = mood;
        tokio::time::sleep(Duration::from_secs(8)).await; // time passes
        server.0.lock().mood = Mood::Works;
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!me.task.is_finished() && me.gate.is_open(), "{mood:?}");
        let lease = server.0.lock().lease.clone().and_then(|lease| lease.spec).expect("a record");
        assert_eq!(lease.lease_transitions, Some(0), "{mood:?}: it is one term");
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_do_with_the_lease_is_read_before_it_is_judged() {
    let server = Server::new();
    let mut me = server.candidate("me");
    me.won().await;
    server.writes(|lease| lease.metadata.labels = Some([("their".into(), "label".into())].into()));
    tokio::time::sleep(Duration::from_secs(5)).await; // time passes
    assert!(!me.task.is_finished() && me.gate.is_open(), "a label is no other holder");
    server.0.lock().lease = None;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(me.gate.is_open() && server.holder() == "me", "somebody deleted it: it is there again");
    server.held_by("you");
    let gate = me.gate.clone();
    assert!(me.ended().await.contains("you holds it"));
    assert!(!gate.is_open());
}

#[tokio::test(start_paused = true)]
async fn of_two_that_want_a_free_lease_one_gets_it_and_the_other_waits() {
    let server = Server::new();
    server.held_by("");
    let (mut a, mut b) = (server.candidate("a"), server.candidate("b"));
    tokio::select! {
        () = a.won() => {}
        () = b.won() => {}
    }
    tokio::time::sleep(Duration::from_secs(60)).await; // time passes
    assert!(*a.held.borrow() ^ *b.held.borrow(), "one of them");
    assert!(a.gate.is_open() ^ b.gate.is_open());
    let state = server.0.lock();
    assert!(state.written.windows(2).all(|pair| pair[0].1 == pair[1].1), "one holder: {:?}", state.written);
    assert_eq!(state.lease.as_ref().unwrap().spec.as_ref().unwrap().lease_transitions, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_silent_is_waited_for_and_then_succeeded() {
    let server = Server::new();
    server.held_by("you");
    let begin = server.now();
    let mut me = server.candidate("me");
    tokio::time::sleep(Duration::from_secs(7)).await; // time passes
    assert!(!*me.held.borrow());
    me.won().await;
    assert_eq!(server.now() - begin, LEASE_DURATION);
}

#[tokio::test(start_paused = true)]
async fn a_release_is_seen_by_a_look_where_the_watch_is_silent() {
    let server = Server::new();
    let mut first = server.candidate("first");
    first.won().await;
    let mut second = server.candidate("second");
    tokio::time::sleep(Duration::from_secs(3)).await; // time passes
    first.release.send_replace(true);
    first.task.await.expect("no panic").expect("given back");
    assert_eq!(server.holder(), "");
    let begin = server.now();
    second.won().await;
    assert!(server.now() - begin <= LOOK_AGAIN * 2, "{:?}", server.now() - begin);
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_given_back_also_after_a_renewal_without_an_answer() {
    let server = Server::new();
    let mut me = server.candidate("me");
    me.won().await;
    server.0.lock().mood = Mood::HangsAfterwards;
    tokio::time::sleep(RETRY_PERIOD + Duration::from_secs(1)).await; // a renewal is under way
    me.release.send_replace(true);
    server.0.lock().mood = Mood::Works;
    me.task.await.expect("no panic").expect("given back");
    assert_eq!(server.holder(), "");
}

#[tokio::test(start_paused = true)]
async fn a_candidate_without_the_right_says_so_at_the_start_and_is_patient_later() {
    let server = Server::new();
    server.0.lock().mood = Mood::Forbids;
    assert!(server.candidate("me").ended().await.contains("create its namespace and its Role"));
    server.0.lock().mood = Mood::Works;
    server.held_by("you");
    let me = server.candidate("me");
    tokio::time::sleep(Duration::from_secs(1)).await; // time passes
    server.0.lock().mood = Mood::Forbids;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!me.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_program_that_did_not_run_for_too_long_does_not_renew() {
    let server = Server::new();
    let mut me = server.candidate("me");
    me.won().await;
    let writes = server.0.lock().written.len();
    tokio::time::advance(Duration::from_secs(60)).await; // nothing ran meanwhile
    assert!(!me.gate.is_open(), "before anything has run");
    assert!(me.ended().await.contains("not run"));
    assert_eq!(server.0.lock().written.len(), writes);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_loop_shuts_the_gate() {
    let server = Server::new();
    let (served, clock) = (server.clone(), server.clone());
    let service = service_fn(move |request| served.clone().answer(request));
    let gate = Gate::new(Arc::new({
        let clock = clock.clone();
        move || clock.now()
    }));
    let breaks: SinceBoot = Arc::new(move || match clock.0.lock().written.len() {
        0..3 => clock.now(),
        _ => panic!("in the test"),
    });
    let api = Api::namespaced(Client::new(service, "ns"), "ns");
    let election = Election { api, identity: "me".into(), gate: gate.clone(), clock: breaks, seen: Seen::default() };
    let (holding, mut held) = watch::channel(false);
    let (_release, released) = watch::channel(false);
    let task = tokio::spawn(election.run(holding, released));
    held.wait_for(|held| *held).await.expect("it goes on");
    assert!(gate.is_open());
    assert!(task.await.is_err_and(|ended| ended.is_panic()));
    assert!(!gate.is_open());
}
