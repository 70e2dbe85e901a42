//! Which events are one event, in which order events are sent, and what a call without an answer delays.

use std::sync::{Arc, Mutex};

use hyper::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::api::SidecarJob;

#[test]
fn a_note_is_cut_at_1024_bytes_and_never_inside_a_letter() {
    assert_eq!(cut("short".into()), "short");
    let long = cut("ö".repeat(600));
    assert!(long.len() <= NOTE_MAX && long.ends_with("ö…"), "{long}");
}

fn job(name: &str, kind: Kind) -> Job {
    let mut job = SidecarJob::new(name, Default::default());
    job.metadata.namespace = Some("ns".into());
    job.metadata.uid = Some(format!("uid-{name}"));
    Job { kind, ..Job::from_wire(&job).expect("it has all of it") }
}

/// An event about a run.
pub fn told(namespace: &str, name: &str, reason: &str, note: &str) -> Told {
    let mut about = reference(&job(name, Kind::SidecarJob));
    about.namespace = Some(namespace.into());
    let (reason, note) = (reason.to_owned(), note.to_owned());
    Told { kind: Kind::SidecarJob, about, related: None, warning: false, action: reason.clone(), reason, note }
}

/// The calls that an API server got, one line for each.
type Sent = Arc<Mutex<Vec<String>>>;

/// Accepts all events, but never answers for an event about an object with the name `hangs`.
fn server() -> (Client, Sent) {
    let sent = Sent::default();
    let seen = sent.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let seen = seen.clone();
        async move {
            let (parts, body) = request.into_parts();
            let mut body: Value = serde_json::from_slice(&body.collect_bytes().await.expect("a body")).expect("JSON");
            let about = |body: &Value, field: &str| body[field]["name"].as_str().map(str::to_owned);
            let name = about(&body, "regarding").or(about(&body, "involvedObject")).unwrap_or_default();
            let text = [&body["note"], &body["message"]].into_iter().find_map(|text| text.as_str());
            let count = [&body["series"]["count"], &body["count"]].into_iter().find_map(Value::as_i64).unwrap_or(1);
            let line = format!("{} {}", text.unwrap_or("the same"), count);
            seen.lock().expect("not poisoned").push(line);
            if name == "hangs" {
                std::future::pending::<()>().await;
            }
            if parts.method == "PATCH" {
                body = json!({"metadata": {"name": "e"}, "regarding": {}, "involvedObject": {}});
            }
            let bytes = serde_json::to_vec(&body).expect("JSON");
            Ok::<_, std::convert::Infallible>(Response::new(Body::from(bytes)))
        }
    });
    (Client::new(service, "ns"), sent)
}

/// Sends all events; returns what was sent.
async fn send(tell: impl Fn(&Events)) -> Vec<String> {
    let (client, sent) = server();
    let (events, sending) = Events::start(client);
    tell(&events);
    drop(events);
    sending.await.expect("it ends");
    let sent = sent.lock().expect("not poisoned");
    sent.clone()
}

#[tokio::test]
async fn events_of_one_reason_about_different_things_are_different_events_and_the_same_is_counted() {
    for kind in [Kind::SidecarJob, Kind::Job] {
        let job = job("run", kind);
        let deleted = |events: &Events, pod: &str| {
            events.about_job(&job, Event::normal("SuccessfulDelete", format!("Deleted pod: {pod}")));
        };
        let sent = send(|events| ["a", "b", "c", "b", "b"].iter().for_each(|pod| deleted(events, pod))).await;
        let want = ["Deleted pod: a 1", "Deleted pod: b 1", "Deleted pod: c 1", "the same 2", "the same 3"];
        assert_eq!(sent, want, "{kind:?}, in the order in which they came");
    }
}

#[tokio::test]
async fn the_same_words_with_another_pod_or_container_are_another_event() {
    let job = job("run", Kind::SidecarJob);
    let pod = |name: &str| PodRef { name: name.into(), uid: format!("uid-{name}") };
    let event = || Event::normal("StoppingSidecar", "Asked it to stop");
    let sent = send(|events| {
        events.about_container(&job, event(), &pod("a"), "x");
        events.about_container(&job, event(), &pod("a"), "y");
        events.about_container(&job, event(), &pod("b"), "x");
        events.about_container(&job, event(), &pod("b"), "x");
    });
    assert_eq!(sent.await, ["Asked it to stop 1", "Asked it to stop 1", "Asked it to stop 1", "the same 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_holds_up_few_others_and_not_for_long() {
    let all: Vec<Job> = (0..100).map(|n| job(&format!("run-{n}"), Kind::SidecarJob)).collect();
    let begin = tokio::time::Instant::now();
    let (client, sent) = server();
    let (events, sending) = Events::start(client);
    events.about_job(&job("hangs", Kind::SidecarJob), Event::normal("X", "hangs"));
    all.iter().for_each(|job| events.about_job(job, Event::normal("X", "goes through")));
    let through = || sent.lock().expect("not poisoned").iter().filter(|line| line.starts_with("goes")).count();
    for _ in 0..10_000 {
        tokio::task::yield_now().await; // no time passes
    }
    assert!(
        through() >= 50 && begin.elapsed() == Duration::ZERO,
        "most do not wait for it, but {} do",
        100 - through()
    );
    drop(events);
    sending.await.expect("it ends");
    assert_eq!((through(), begin.elapsed()), (100, SENT_WITHIN));
}

#[tokio::test(start_paused = true)]
async fn events_of_a_namespace_that_get_no_answer_hold_up_no_other_namespace() {
    let (client, sent) = server();
    let (events, _sending) = Events::start(client);
    for n in 0..100 {
        let hangs = Job { uid: format!("uid-{n}"), ..job("hangs", Kind::SidecarJob) };
        events
            .0
            .queue
            .push(Told {
                about: ObjectReference { kind: Some(n.to_string()), ..reference(&hangs) },
                ..told("ns", "hangs", "X", "")
            })
            .expect("there is room");
    }
    let quiet = |n: usize| Job { namespace: "quiet".into(), ..job(&format!("run-{n}"), Kind::SidecarJob) };
    (0..100).for_each(|n| events.about_job(&quiet(n), Event::normal("X", "goes through")));
    for _ in 0..10_000 {
        tokio::task::yield_now().await; // no time passes
    }
    let sent = sent.lock().expect("not poisoned");
    let through = sent.iter().filter(|line| line.starts_with("goes")).count();
    assert_eq!((through, sent.len() - through), (100, SENDERS / 2), "of 100 each");
}

#[tokio::test]
async fn a_burst_of_events_about_one_run_is_cut_and_what_is_lost_is_counted() {
    let (client, sent) = server();
    let metrics = Metrics::default();
    let (events, sending) = Events::counted(client, metrics.clone(), Load::default());
    let run = job("run", Kind::SidecarJob);
    (0..1_000).for_each(|n| events.about_job(&run, Event::normal("SuccessfulCreate", format!("Created pod: {n}"))));
    events.about_job(&run, Event::normal("Completed", "Job completed"));
    drop(events);
    sending.await.expect("it ends");
    let sent = sent.lock().expect("not poisoned");
    assert_eq!((sent.len(), sent.last().map(String::as_str)), (26, Some("Job completed 1")));
    let line = "sidecarjob_controller_events_dropped_total{why=\"burst\"} 975";
    assert!(metrics.encode().contains(line), "{}", metrics.encode());
}
