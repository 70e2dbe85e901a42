//! Which calls pass, and when.

use std::sync::Mutex;

use hyper::Response;
use tokio::sync::oneshot;
use tower::{ServiceExt, service_fn};

use super::*;

/// A clock that the test sets, in seconds since boot.
#[derive(Clone, Default)]
struct Uptime(Arc<AtomicU64>);

impl Uptime {
    fn gate(&self) -> Gate {
        let seconds = self.0.clone();
        Gate::new(Arc::new(move || Duration::from_secs(seconds.load(Ordering::SeqCst))))
    }

    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

fn request(method: Method, upgrade: bool) -> Request<Body> {
    let builder = Request::builder().method(method).uri("/x");
    let builder = if upgrade { builder.header(UPGRADE, "websocket") } else { builder };
    builder.body(Body::empty()).expect("a request")
}

/// Whether a call is sent.
async fn is_sent(gate: &Gate, calls: Calls, request: Request<Body>) -> bool {
    let sent = Arc::new(AtomicBool::new(false));
    let noted = sent.clone();
    let service = service_fn(move |_: Request<Body>| {
        let noted = noted.clone();
        async move {
            noted.store(true, Ordering::SeqCst);
            Ok::<_, BoxError>(Response::new(()))
        }
    });
    let answer = gate.layer(calls).layer(service).oneshot(request).await;
    assert_eq!(answer.is_ok(), sent.load(Ordering::SeqCst), "an error says that it was not sent");
    answer.is_ok()
}

#[tokio::test]
async fn what_changes_the_cluster_is_sent_only_while_the_lease_is_held() {
    for (what, method, upgrade, is_write) in [
        ("a read", Method::GET, false, false),
        ("a creation", Method::POST, false, true),
        ("a patch", Method::PATCH, false, true),
        ("a replacement", Method::PUT, false, true),
        ("a deletion", Method::DELETE, false, true),
        ("an exec", Method::GET, true, true),
    ] {
        let uptime = Uptime::default();
        let gate = uptime.gate();
        let sent = async || is_sent(&gate, Calls::Work, request(method.clone(), upgrade)).await;
        uptime.set(100);
        assert_eq!(sent().await, !is_write, "{what} before the Lease is held");
        gate.open_until(Duration::from_secs(110));
        uptime.set(109);
        assert!(sent().await, "{what} while it is held");
        uptime.set(110);
        assert_eq!(sent().await, !is_write, "{what} when it has run out");
        gate.open_until(Duration::from_secs(120));
        assert!(sent().await, "{what} after a renewal");
        gate.shut();
        assert_eq!(sent().await, !is_write, "{what} when it was lost");
        gate.open_for_good();
        uptime.set(1_000_000);
        assert!(sent().await, "{what} without a Lease");
    }
}

#[tokio::test]
async fn when_the_work_has_ended_events_still_pass_while_the_lease_lasts() {
    let uptime = Uptime::default();
    let gate = uptime.gate();
    gate.open_until(Duration::from_secs(10));
    gate.end_work().await;
    let post = || request(Method::POST, false);
    assert!(!is_sent(&gate, Calls::Work, post()).await);
    assert!(is_sent(&gate, Calls::Events, post()).await);
    uptime.set(10);
    assert!(!is_sent(&gate, Calls::Events, post()).await);
}

#[tokio::test]
async fn a_call_that_was_begun_and_not_sent_is_not_sent_when_the_lease_has_run_out() {
    let uptime = Uptime::default();
    let gate = uptime.gate();
    gate.open_until(Duration::from_secs(10));
    let (connected, connects) = oneshot::channel::<()>();
    let sent = Arc::new(AtomicBool::new(false));
    let (noted, connects) = (sent.clone(), Mutex::new(Some(connects)));
    let service = service_fn(move |_: Request<Body>| {
        let connects = connects.lock().expect("once").take().expect("once");
        let noted = noted.clone();
        async move {
            let _ = connects.await;
            noted.store(true, Ordering::SeqCst);
            Ok::<_, BoxError>(Response::new(()))
        }
    });
    let call = tokio::spawn(gate.layer(Calls::Work).layer(service).oneshot(request(Method::POST, false)));
    while *gate.0.under_way.borrow() == 0 {
        tokio::task::yield_now().await;
    }
    uptime.set(60);
    connected.send(()).expect("somebody waits");
    assert!(call.await.expect("no panic").is_err());
    assert!(!sent.load(Ordering::SeqCst));
}

#[tokio::test]
async fn the_work_has_ended_when_all_its_calls_are_answered() {
    let gate = Uptime::default().gate();
    gate.open_for_good();
    let (answer, answers) = oneshot::channel::<()>();
    let answers = Mutex::new(Some(answers));
    let service = service_fn(move |_: Request<Body>| {
        let answers = answers.lock().expect("once").take().expect("once");
        async move {
            let _ = answers.await;
            Ok::<_, BoxError>(Response::new(()))
        }
    });
    let call = tokio::spawn(gate.layer(Calls::Work).layer(service).oneshot(request(Method::POST, false)));
    while *gate.0.under_way.borrow() == 0 {
        tokio::task::yield_now().await;
    }
    let ends = tokio::spawn({
        let gate = gate.clone();
        async move { gate.end_work().await }
    });
    while !gate.0.closed.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    assert!(!ends.is_finished(), "a call is under way");
    answer.send(()).expect("somebody waits");
    ends.await.expect("no panic");
    assert!(call.await.expect("no panic").is_ok(), "and it is answered, not cut off");
}
