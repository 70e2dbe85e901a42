//! What comes off the wire: the same from JSON and from protobuf, in pieces of any size; and what a watch does about failures.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use http_body_util::StreamBody;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use k8s_openapi::api::core::v1 as core;
use kube::api::ListParams;
use kube::runtime::watcher::{self, Event as Told};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::frames::Frames;
use super::pods::PodApi;
use super::whole::Whole;
use super::*;
use crate::api::{SharedJob, SidecarJob};
use crate::controller::managed::Managed;
use crate::controller::watched::Watched;
use crate::engine::observed::{self, wire::Pod};

/// A Pod as an API server of Kubernetes 1.37 gave it, in both forms.
const POD_JSON: &[u8] = include_bytes!("../../../tests/wire/pod.json");
const POD: &[u8] = include_bytes!("../../../tests/wire/pod.pb");

/// A field of a protobuf message that has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    prost::encoding::encode_varint(content.len() as u64, &mut bytes);
    bytes.extend(content);
    bytes
}

fn envelope(kind: &str, message: &[u8]) -> Vec<u8> {
    let type_meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), field(1, &type_meta), field(2, message)].concat()
}

/// The Pod's message without its envelope: what follows its kind.
fn message() -> &'static [u8] {
    let begin = POD.windows(11).position(|some| some.starts_with(b"Pod\x12")).expect("a kind") + 4;
    let length = prost::encoding::decode_varint(&mut &POD[begin..]).expect("a length") as usize;
    let begin = begin + prost::encoding::encoded_len_varint(length as u64);
    &POD[begin..begin + length]
}

fn frame(type_: &str, object: &[u8]) -> Vec<u8> {
    let event = [field(1, type_.as_bytes()), field(2, &field(1, object))].concat();
    [(event.len() as u32).to_be_bytes().to_vec(), event].concat()
}

fn line(type_: &str, object: &Value) -> Vec<u8> {
    format!("{{\"type\":\"{type_}\",\"object\":{object}}}\n").into_bytes()
}

/// As Kubernetes writes a Status of a watch that is too old.
fn expired() -> Vec<u8> {
    let code = [6 << 3, 0x9a, 0x03]; // 410
    let parts = [field(2, b"Failure"), field(3, b"too old resource version"), field(4, b"Expired"), code.to_vec()];
    envelope("Status", &parts.concat())
}

fn pod_json() -> Value {
    serde_json::from_slice(POD_JSON).expect("JSON")
}

/// What is read of a watch whose bytes come in such pieces.
async fn hear<T: Wire>(format: Format, bytes: &[u8], piece: usize) -> Vec<kube::Result<Event<T>>> {
    let pieces: Vec<Bytes> = bytes.chunks(piece).map(|some| some.to_vec().into()).collect();
    let service = tower::service_fn(move |_: Request<Body>| {
        let pieces = pieces.clone().into_iter().map(|piece| Ok::<_, Infallible>(hyper::body::Frame::data(piece)));
        std::future::ready(Ok::<_, Infallible>(Response::new(StreamBody::new(futures::stream::iter(pieces)))))
    });
    let client = Client::new(service, "ns");
    let answer = client.send(Request::get("/").body(Body::empty()).expect("a request")).await.expect("an answer");
    let mut frames = Frames::of(answer.into_body(), format);
    let mut heard = Vec::new();
    while let Some(event) = frames.next().await {
        heard.push(event);
    }
    heard
}

#[test]
fn a_pod_says_the_same_in_json_and_in_protobuf() {
    let from_json = json::object::<Pod>(POD_JSON).expect("a Pod").expect("no Status");
    let from_protobuf = protobuf::object::<Pod>(Bytes::from_static(POD)).expect("a Pod").expect("no Status");
    assert_eq!(from_json, from_protobuf);
    let seen = observed::Pod::from_wire(&from_protobuf).expect("it came from an API server");
    let names: Vec<&str> = seen.containers.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["proxy", "setup", "work", "helper"]);
    assert_eq!(seen.containers[2].state, observed::State::Terminated { exit: -137, at: time("2026-01-01T00:00:09Z") });
    let end =
        |n: usize| seen.containers[n].end.as_ref().map(|e| (e.exit, e.reason.as_deref(), e.started_at, e.finished_at));
    let (four, nine) = (time("2026-01-01T00:00:04Z"), time("2026-01-01T00:00:09Z"));
    assert_eq!(end(2), Some((-137, Some("Error"), four, nine)));
    let (one, two) = (time("2026-01-01T00:00:01Z"), time("2026-01-01T00:00:02Z"));
    assert_eq!(end(0), Some((1, Some("Error"), one, two)), "before its restart");
    assert_eq!((end(3), seen.node.as_deref()), (None, Some("node-17")));
    assert_eq!(seen.containers[2].rules[0].codes, [42, 43]);
    assert_eq!(seen.containers[0].up.since, time("2026-01-01T00:00:03Z"));
    assert_eq!(seen.containers[3].cant_start.as_deref(), Some("ImagePullBackOff"));
    assert_eq!((seen.number, seen.index), (Some(3), Some(2)));
    assert_eq!((seen.deletion_is_reported, seen.unready_since), (Some(false), time("2026-01-01T00:00:05Z")));
    assert_eq!((seen.deadline_seconds, seen.reason.as_deref()), (Some(7200), Some("Evicted")));
}

fn time(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    observed::time::parse(text)
}

#[test]
fn the_signal_and_the_message_of_a_container_that_ended_are_read_from_both_forms() {
    let json: Pod = serde_json::from_value(json!({
        "metadata": {"name": "a", "uid": "u"}, "spec": {"containers": [{"name": "main"}]},
        "status": {"containerStatuses": [{"name": "main", "state": {"terminated": {
            "exitCode": 137, "signal": 9, "reason": "OOMKilled", "message": "no memory"
        }}}]}
    }))
    .expect("a Pod");
    let terminated = [vec![1 << 3, 0x89, 0x01, 2 << 3, 9], field(3, b"OOMKilled"), field(4, b"no memory")].concat();
    let status = field(8, &[field(1, b"main"), field(2, &field(3, &terminated))].concat());
    let metadata = [field(1, b"a"), field(5, b"u")].concat();
    let spec = field(2, &field(1, b"main"));
    let message = [field(1, &metadata), field(2, &spec), field(3, &status)].concat();
    let pod = protobuf::object::<Pod>(envelope("Pod", &message).into()).expect("a Pod").expect("no Status");
    assert_eq!(pod, json);
    let seen = observed::Pod::from_wire(&pod).expect("it came from an API server");
    let end = seen.containers[0].end.as_ref().expect("it ended");
    assert_eq!((end.signal, end.message.as_deref()), (Some(9), Some("no memory")));
}

#[test]
fn what_is_absent_in_json_and_zero_in_protobuf_is_the_same() {
    let json: Pod = serde_json::from_value(json!({
        "metadata": {"name": "a", "uid": "u", "creationTimestamp": null, "labels": null},
        "status": {"containerStatuses": [{"name": "main", "state": {"waiting": {}}}]}
    }))
    .expect("a Pod");
    let zero_time = field(8, b"");
    let metadata = [field(1, b"a"), field(5, b"u"), vec![7 << 3, 0], zero_time].concat();
    let waiting = field(1, &field(1, b"")); // a reason that is empty
    let status =
        [field(1, b""), field(8, &[field(1, b"main"), field(2, &waiting)].concat()), vec![0x88, 0x01, 0]].concat();
    let protobuf: Pod = protobuf::read([field(1, &metadata), field(3, &status)].concat().into()).expect("a Pod");
    let (json, protobuf) = (observed::Pod::from_wire(&json), observed::Pod::from_wire(&protobuf));
    assert!(json.is_some());
    assert_eq!(json, protobuf);
}

#[tokio::test]
async fn events_are_read_whatever_the_pieces_they_come_in() {
    let pod = pod_json();
    let bookmark = json!({"kind": "Pod", "metadata": {"resourceVersion": "900", "creationTimestamp": null}});
    let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
    let lines =
        [line("ADDED", &pod), line("DELETED", &pod), line("BOOKMARK", &bookmark), line("ERROR", &gone)].concat();
    let at_900 = envelope("Pod", &field(1, &field(6, b"900")));
    let frames =
        [frame("ADDED", POD), frame("DELETED", POD), frame("BOOKMARK", &at_900), frame("ERROR", &expired())].concat();
    let object_first: Vec<u8> = [
        json!({"type": "ADDED", "object": pod}),
        json!({"type": "DELETED", "object": pod}),
        json!({"type": "BOOKMARK", "object": bookmark}),
        json!({"type": "ERROR", "object": gone}),
    ]
    .iter()
    .flat_map(|event| format!("{event}\n").into_bytes())
    .collect();
    let whole = json::object::<Pod>(POD_JSON).expect("a Pod").expect("no Status");
    for (what, format, bytes) in [
        ("JSON", Format::Json, &lines),
        ("JSON of another server", Format::Json, &object_first),
        ("protobuf", Format::Protobuf, &frames),
    ] {
        for (piece, cut) in [(bytes.len(), 0), (1, 0), (7, 0), (4_096, 0), (4_096, 5)] {
            let heard = hear::<Pod>(format, &bytes[..bytes.len() - cut], piece).await;
            let heard: Vec<_> = heard.into_iter().map(|event| event.expect("readable")).collect();
            let want = if cut > 0 { 3 } else { 4 };
            assert_eq!(heard.len(), want, "{what} in pieces of {piece}, {cut} bytes cut off");
            assert!(matches!(&heard[0], Event::Changed(pod) if *pod == whole), "{what}: {:?}", heard[0]);
            assert!(matches!(&heard[1], Event::Deleted(pod) if *pod == whole), "{what}: {:?}", heard[1]);
            assert!(matches!(&heard[2], Event::Bookmark(version) if version == "900"), "{what}: {:?}", heard[2]);
            let is_gone = |event: &Event<Pod>| matches!(event, Event::Error(status) if is_expired(status));
            assert!(heard.get(3).is_none_or(is_gone), "{what}: {:?}", heard[3]);
        }
    }
}

fn is_expired(status: &Status) -> bool {
    (status.code, status.reason.as_str(), status.message.as_str()) == (410, "Expired", "too old resource version")
}

#[tokio::test]
async fn what_is_no_event_is_an_error_and_no_panic() {
    for (what, format, bytes) in [
        ("a text", Format::Json, b"upstream connect error\n".to_vec()),
        ("an event without a type", Format::Json, b"{\"object\":{}}\n".to_vec()),
        ("an event of no type", Format::Json, line("EATEN", &pod_json())),
        ("a length beyond all objects", Format::Protobuf, vec![0xff; 64]),
        ("an object without its envelope", Format::Protobuf, frame("ADDED", message())),
        ("a message that is cut off", Format::Protobuf, frame("ADDED", &POD[..POD.len() / 2])),
        ("nothing", Format::Protobuf, vec![0, 0, 0, 0]),
    ] {
        let heard = hear::<Pod>(format, &bytes, bytes.len()).await;
        assert!(matches!(heard[0], Err(kube::Error::SerdeError(_))), "{what}: {:?}", heard[0]);
    }
}

fn runs(items: &[Value]) -> Vec<u8> {
    json!({"kind": "SidecarJobList", "metadata": {"resourceVersion": "7"}, "items": items}).to_string().into_bytes()
}

#[test]
fn a_run_is_read_without_managed_fields_and_one_that_cant_be_read_stops_no_other() {
    let run = |name: &str, spec: Value| {
        let managed = json!([{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]);
        json!({"metadata": {"name": name, "resourceVersion": "5", "managedFields": managed}, "spec": spec})
    };
    let fits = json!({"template": {"spec": {"containers": [{"name": "main"}]}}});
    let all = [run("a", fits.clone()), run("b", json!({"template": 5})), run("c", fits.clone())];
    let list = json::list::<Watched<SidecarJob>>(&runs(&all)).expect("a list");
    let names: Vec<_> = list.items.iter().map(kube::ResourceExt::name_any).collect();
    assert_eq!((names, list.resource_version.as_str()), (vec!["a".into(), "b".into(), "c".into()], "7"));
    let read: Vec<bool> = list.items.iter().map(|run| run.0.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
    let why = list.items[1].0.as_ref().map(|_| ()).expect_err("unreadable");
    assert!(why.error.contains("invalid type") && !why.error.contains("line"), "{why}");
    let first = list.items[0].0.as_ref().expect("readable");
    assert_eq!(first.metadata.managed_fields, None);
    let typed: SidecarJob = serde_json::from_value(all[0].clone()).expect("a SidecarJob");
    assert_eq!((&first.spec, &first.status), (&typed.spec, &typed.status));
}

#[test]
fn a_run_that_is_finished_is_kept_without_its_template() {
    let rows = [
        ("no status", json!(null), true),
        ("a run that goes on", json!({"conditions": [condition("Complete", "False")]}), true),
        (
            "a result that is known, while sidecars stop",
            json!({"conditions": [condition("FailureTarget", "True")]}),
            true,
        ),
        ("Complete", json!({"conditions": [condition("Complete", "True")]}), false),
        ("Failed", json!({"conditions": [condition("Finished", "True"), condition("Failed", "True")]}), false),
    ];
    for (case, status, kept) in rows {
        let spec = json!({"template": {"spec": {"containers": [{"name": "main"}]}}, "ttlSecondsAfterFinished": 5});
        let object = json!({"metadata": {"name": "a", "resourceVersion": "5"}, "spec": spec, "status": status});
        let bytes = object.to_string().into_bytes();
        let run = json::object::<Watched<SidecarJob>>(&bytes).expect("one").expect("one").0.expect("readable");
        let job = json::object::<Watched<SharedJob>>(&bytes).expect("one").expect("one").0.expect("readable");
        let of_job = job.spec.as_ref().expect("a spec");
        assert_eq!((run.spec.template.spec.is_some(), job.template.spec.is_some()), (kept, kept), "{case}");
        let ttl = (run.spec.ttl_seconds_after_finished, of_job.ttl_seconds_after_finished);
        assert_eq!(ttl, (Some(5), Some(5)), "{case}");
    }
}

#[test]
fn a_job_keeps_the_labels_that_its_template_alone_has() {
    let labels = json!({"app": "etl", "job-name": "a", "batch.kubernetes.io/controller-uid": "u"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main"}]}});
    let metadata = json!({"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "5"});
    let object = json!({"metadata": metadata, "spec": {"template": template}});
    let read = json::object::<Watched<SharedJob>>(object.to_string().as_bytes()).expect("one").expect("one");
    let job = read.0.expect("readable");
    let written: Value = serde_json::from_slice(&job.status_write().expect("JSON")).expect("JSON");
    assert_eq!(written["spec"]["template"], template, "a status is written with the whole Job");
    let (spec, apart) = (job.observe().expect("the engine's form").spec, json!({"app": "etl"}));
    assert_eq!(json!(spec.template.metadata.as_ref().expect("metadata").labels), apart);
    assert_eq!(json!(spec.labels), json!({"job-name": "a", "batch.kubernetes.io/controller-uid": "u"}));
}

fn condition(type_: &str, status: &str) -> Value {
    json!({"type": type_, "status": status, "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

#[test]
fn all_other_metadata_of_a_run_is_read() {
    let metadata = json!({
        "name": "a", "generateName": "a-", "namespace": "ns", "selfLink": "/x", "uid": "u", "resourceVersion": "5", "generation": 3,
        "creationTimestamp": "2026-01-01T00:00:00Z", "deletionTimestamp": "2026-01-01T00:00:09Z",
        "deletionGracePeriodSeconds": 30, "labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["e/f"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "X", "name": "x", "uid": "y", "controller": true}]
    });
    let object = json!({"metadata": metadata, "spec": {"template": {}}});
    let read = json::object::<Watched<SidecarJob>>(object.to_string().as_bytes()).expect("one").expect("one");
    assert_eq!(serde_json::to_value(&read.0.expect("readable").metadata).expect("JSON"), metadata);
}

/// The calls, and when each came, in seconds since the first.
type Calls = Arc<Mutex<Vec<(String, f32)>>>;

/// Answers each call with the next of these: code, media type, body.
fn server(answers: Vec<(u16, &'static str, Vec<u8>)>) -> (Client, Calls) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (kept, answers) = (calls.clone(), Arc::new(Mutex::new(answers.into_iter())));
    let begin = Instant::now();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (kept, answers) = (kept.clone(), answers.clone());
        async move {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let watch = query.split('&').find(|part| part.starts_with("resourceVersion="));
            let is_watch = query.contains("watch=true");
            let what = if is_watch { format!("watch {}", watch.unwrap_or_default()) } else { "list".into() };
            let accept = request.headers().get(ACCEPT).expect("what is understood is said").to_str().expect("text");
            assert!(accept.ends_with("application/json") || accept.contains("application/json;"), "{accept}");
            kept.lock().expect("not poisoned").push((what, begin.elapsed().as_secs_f32()));
            let next = answers.lock().expect("not poisoned").next();
            let Some((code, media_type, body)) = next else { return std::future::pending().await };
            let answer = Response::builder().status(StatusCode::from_u16(code).expect("a code"));
            let answer = answer.header(CONTENT_TYPE, media_type).body(Body::from(body)).expect("an answer");
            Ok::<_, Infallible>(answer)
        }
    });
    (Client::new(service, "ns"), calls)
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const PROTOBUF_WATCH: &str = "application/vnd.kubernetes.protobuf;stream=watch";

fn pod_list(next: &str) -> Vec<u8> {
    let metadata = [field(2, b"10"), field(3, next.as_bytes())].concat();
    envelope("PodList", &[field(1, &metadata), field(2, message())].concat())
}

/// The first `n` things that the watch says, in words.
async fn says(client: Client, n: usize) -> Vec<String> {
    let api: Api<core::Pod> = Api::all(client);
    let told = watch::watch::<_, Pod>(api, None).take(n).map(|event| match event {
        Ok(Told::Init) => "begin".to_owned(),
        Ok(Told::InitApply(pod)) => format!("has {}", pod.metadata.name),
        Ok(Told::InitDone) => "done".to_owned(),
        Ok(Told::Apply(pod)) => format!("changed {}", pod.metadata.name),
        Ok(Told::Delete(pod)) => format!("deleted {}", pod.metadata.name),
        Err(watcher::Error::InitialListFailed(_)) => "list failed".to_owned(),
        Err(watcher::Error::WatchStartFailed(_)) => "no watch".to_owned(),
        Err(error) => error.to_string(),
    });
    told.collect().await
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_then_the_watch_in_whatever_form_the_server_answers() {
    let in_json = json!({"metadata": {"resourceVersion": "10"}, "items": [pod_json()]}).to_string().into_bytes();
    for (what, last, events) in [
        ("all protobuf", (PROTOBUF, pod_list("")), (PROTOBUF_WATCH, frame("MODIFIED", POD))),
        ("JSON all the same", ("application/json", in_json.clone()), ("", line("MODIFIED", &pod_json()))),
    ] {
        let answers =
            vec![(200, PROTOBUF, pod_list("there is more")), (200, last.0, last.1), (200, events.0, events.1)];
        let (client, calls) = server(answers);
        let name = "run-0-x7k2p";
        let all = [
            "begin".to_owned(),
            format!("has {name}"),
            format!("has {name}"),
            "done".into(),
            format!("changed {name}"),
        ];
        assert_eq!(says(client, 5).await, all, "{what}");
        let calls: Vec<_> = calls.lock().expect("not poisoned").iter().map(|(call, _)| call.clone()).collect();
        assert_eq!(calls, ["list", "list", "watch resourceVersion=10"], "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_wait_longer_and_a_new_list_does_not_end_the_row() {
    let fails = || (500, "text/plain", b"etcd is tired".to_vec());
    let answers = vec![
        fails(),
        fails(),
        (200, PROTOBUF, pod_list("")),
        fails(), // the watch
        (200, PROTOBUF_WATCH, frame("ERROR", &expired())),
        (200, PROTOBUF, pod_list("")),
        (410, PROTOBUF, expired()),
        (200, PROTOBUF, pod_list("")),
        (200, PROTOBUF_WATCH, frame("MODIFIED", POD)), // only this ends it
        fails(),
    ];
    let (client, calls) = server(answers);
    says(client, 20).await;
    let calls = calls.lock().expect("not poisoned").clone();
    let waits: Vec<(&str, f32)> = calls
        .iter()
        .zip([0.0].into_iter().chain(calls.iter().map(|(_, at)| *at)))
        .map(|((call, at), before)| (call.split(' ').next().unwrap_or_default(), ((at - before) * 10.0).round() / 10.0))
        .collect();
    let want = [
        ("list", 0.0),
        ("list", 0.8),
        ("list", 1.6),
        ("watch", 1.6),
        ("watch", 3.2),
        ("list", 6.4),
        ("watch", 6.4),
        ("list", 12.8),
        ("watch", 12.8),
        ("watch", 0.8), // it had ended at once
        ("watch", 1.6),
    ];
    assert_eq!(waits[..want.len()], want);
}

#[tokio::test]
async fn the_api_server_is_quoted_whether_it_answers_in_protobuf_in_json_or_in_text() {
    let terminating = [field(4, &field(1, b"NamespaceTerminating"))].concat();
    let code = [6 << 3, 0x93, 0x03].to_vec(); // 403
    let parts = [field(3, b"no"), field(4, b"Forbidden"), field(5, &terminating), code].concat();
    let in_json = json!({"kind": "Status", "code": 403, "message": "no", "reason": "Forbidden",
                         "details": {"causes": [{"reason": "NamespaceTerminating"}]}});
    for (what, media_type, body, is_terminating) in [
        ("protobuf", PROTOBUF, envelope("Status", &parts), true),
        ("JSON", "application/json", in_json.to_string().into_bytes(), true),
        ("text", "text/plain", b"no".to_vec(), false),
    ] {
        let (client, _) = server(vec![(403, media_type, body)]);
        let pods = PodApi::of(&client, "ns");
        let Err(kube::Error::Api(status)) = pods.list(&ListParams::default()).await else { panic!("{what}: refused") };
        assert_eq!((status.code, status.message.as_str()), (403, "no"), "{what}");
        assert_eq!(crate::controller::call::is_terminating(&status), is_terminating, "{what}");
    }
}

#[test]
fn a_status_write_of_our_own_kinds_has_no_spec_and_that_of_a_job_is_the_whole_job() {
    let metadata = json!({
        "name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "7", "labels": {"l": "v"}, "generation": 2
    });
    let spec = json!({"template": {"spec": {"containers": [{"name": "main"}]}}});
    let object = |api: &str, kind: &str| json!({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec, "status": {"active": 1}});
    let sent = |body: serde_json::Result<Vec<u8>>| serde_json::from_slice::<Value>(&body.expect("JSON")).expect("JSON");
    let ours: SidecarJob = serde_json::from_value(object("sidecarjob.dev/v1alpha1", "SidecarJob")).expect("a run");
    let job: SharedJob = serde_json::from_value(object("batch/v1", "Job")).expect("a Job");
    assert_eq!(
        sent(ours.status_write()),
        json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarJob",
            "metadata": {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "7"}, "status": {"active": 1}
        })
    );
    let whole = sent(job.status_write());
    assert_eq!((&whole["spec"], &whole["metadata"]["labels"]), (&spec, &json!({"l": "v"})));
}
