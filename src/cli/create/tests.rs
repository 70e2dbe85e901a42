//! Which names are tried, what is written into a new run, and what happens when an answer gets lost?

use std::sync::{Arc, Mutex};

use http::{Request as HttpRequest, Response};
use kube::client::Body;

use super::*;

fn new(name: Name, object: Value) -> New {
    New { object, name, record: Record::new("ann", "2026-11-24T01:00:00Z".parse().unwrap(), None), is_dry: false }
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

#[test]
fn a_name_is_as_asked_for_and_never_too_long() {
    let long = "n".repeat(63);
    let plain = json!({"spec": {}});
    let indexed = json!({"spec": {"completionMode": "Indexed", "completions": 101}});
    let absurd = json!({"spec": {"completionMode": "Indexed", "completions": i64::MIN}});
    let rows = [
        (Name::Exact("etl".into()), &plain, 0, Some("etl".to_owned())),
        (Name::Exact("etl".into()), &plain, 1, None),
        (Name::Rerun("etl".into(), 1), &plain, 0, Some("etl-r1".into())),
        (Name::Rerun("etl".into(), 3), &plain, 2, Some("etl-r5".into())),
        (Name::Rerun(long.clone(), 1), &plain, 0, Some(format!("{}-r1", &long[..60]))),
        (Name::Rerun(long.clone(), 1), &indexed, 0, Some(format!("{}-r1", &long[..56]))),
        (Name::Rerun(format!("{}-.x", "n".repeat(57)), 10), &plain, 0, Some(format!("{}-r10", "n".repeat(57)))),
        (Name::Rerun("etl".into(), 1), &plain, MOST_NAMES, None),
        (Name::ByHand("etl".into(), 1_795_482_000), &plain, 0, Some("etl-m1795482000".into())),
        (Name::ByHand("etl".into(), 1_795_482_000), &plain, 1, Some("etl-m1795482000-2".into())),
        (Name::ByHand(long.clone(), 1_795_482_000), &plain, 9, Some(format!("{}-m1795482000-10", &long[..48]))),
        (Name::Rerun("etl".into(), u32::MAX), &plain, 5, Some(format!("etl-r{}", u32::MAX))),
        (Name::Exact("etl".into()), &absurd, 0, Some("etl".into())),
    ];
    for (name, object, n, expected) in rows {
        let made = new(name.clone(), object.clone()).at_try(n, "ns");
        assert_eq!(made.as_ref().map(name_of), expected.as_deref(), "{name:?} at try {n}");
    }
    for (prefix, length) in [("etl-", 9), (long.as_str(), 63)] {
        let generated = new(Name::Generated(prefix.into()), plain.clone());
        let (a, b) = (generated.at_try(0, "ns").unwrap(), generated.at_try(1, "ns").unwrap());
        assert_ne!(name_of(&a), name_of(&b));
        assert_eq!(name_of(&a).len(), length);
        assert!(name_of(&a).starts_with(&prefix[..length - 5]));
    }
}

#[test]
fn a_new_run_says_who_started_it_and_keeps_what_is_there() {
    let object = json!({"metadata": {"generateName": "etl-", "annotations": {
        "team": "a", labels::STARTED_BY: r#"{"args":["x"],"user":"eve"}"#
    }}});
    let mut new = new(Name::Exact("etl".into()), object);
    new.record = Record::new("ann", "2026-11-24T01:00:00Z".parse().unwrap(), Some(("from", "job/etl".into())));
    let made = new.at_try(0, "ns").unwrap();
    let metadata = &made["metadata"];
    assert_eq!((&metadata["namespace"], &metadata["generateName"]), (&json!("ns"), &Value::Null));
    assert_eq!(metadata["annotations"]["team"], "a");
    let mut record: Value =
        serde_json::from_str(metadata["annotations"][labels::STARTED_BY].as_str().unwrap()).unwrap();
    assert_eq!(record["id"].take().as_str().map(str::len), Some(16));
    let expected = json!({"user": "ann", "time": "2026-11-24T01:00:00Z", "from": "job/etl", "args": ["x"], "id": null});
    assert_eq!(record, expected);
}

#[test]
fn metadata_that_is_none_is_left_to_the_api_server() {
    for metadata in [json!({"annotations": 5}), json!({"annotations": ["a"]})] {
        let made = new(Name::Exact("etl".into()), json!({"metadata": metadata})).at_try(0, "ns").unwrap();
        assert_eq!(made["metadata"]["annotations"], metadata["annotations"]);
    }
}

/// An API server with a store. It loses the answers to the creates that `lost` counts, after it has stored the object or
/// before; all objects in `taken` exist.
struct Server {
    lost: u32,
    stores_lost: bool,
    taken: Vec<&'static str>,
}

/// What was created, and the error, on that server.
async fn created(server: Server, name: Name) -> (Vec<String>, Result<String, String>) {
    let (mock, mut handle) = tower_test::mock::pair::<HttpRequest<Body>, Response<Body>>();
    let stored: Arc<Mutex<Vec<Value>>> = Arc::default();
    let seen = stored.clone();
    tokio::spawn(async move {
        let mut lost = server.lost;
        while let Some((request, send)) = handle.next_request().await {
            let status = |code: u16, reason: &str| {
                let details = json!({"name": "x"});
                (
                    code,
                    json!({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": reason, "details": details}),
                )
            };
            let (parts, body) = request.into_parts();
            let (code, answer) = if parts.method == "POST" {
                assert!(parts.uri.query().unwrap().contains("fieldValidation=Strict"), "{}", parts.uri);
                let object: Value = serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap();
                let name = name_of(&object).to_owned();
                let is_there = seen.lock().unwrap().iter().any(|there| name_of(there) == name);
                let loses = lost > 0;
                lost = lost.saturating_sub(1);
                if (!loses || server.stores_lost) && !is_there && !server.taken.contains(&name.as_str()) {
                    seen.lock().unwrap().push(object.clone());
                }
                if loses {
                    status(504, "Timeout")
                } else if is_there || server.taken.contains(&name.as_str()) {
                    status(409, "AlreadyExists")
                } else {
                    (201, object)
                }
            } else {
                let name = parts.uri.path().rsplit('/').next().unwrap().to_owned();
                let found = seen.lock().unwrap().iter().find(|there| name_of(there) == name).cloned();
                let other = server.taken.contains(&name.as_str()).then(|| json!({"metadata": {"name": name}}));
                found.or(other).map_or_else(|| status(404, "NotFound"), |object| (200, object))
            };
            send.send_response(
                Response::builder().status(code).body(Body::from(answer.to_string().into_bytes())).unwrap(),
            );
        }
    });
    let cluster = Cluster { namespace: None, kubeconfig: None, context: Some("prod".into()) };
    let made = new(name, json!({"spec": {}})).create(&cluster, &Client::new(mock, "ns"), "ns").await;
    let names = stored.lock().unwrap().iter().map(|object| name_of(object).to_owned()).collect();
    (names, made.map(|object| name_of(&object).to_owned()).map_err(|error| error.to_string()))
}

#[tokio::test(start_paused = true)]
async fn one_command_makes_one_run_whatever_answers_get_lost() {
    for (lost, stores_lost) in [(0, false), (1, false), (1, true), (2, false), (2, true), (3, true)] {
        let names = [
            Name::Exact("etl-r1".into()),
            Name::Rerun("etl".into(), 1),
            Name::Generated("etl-".into()),
            Name::ByHand("etl".into(), 5),
        ];
        for name in names {
            let (stored, made) = created(Server { lost, stores_lost, taken: vec![] }, name.clone()).await;
            assert_eq!(stored.len(), 1, "{name:?}, {lost} lost answers: {stored:?}");
            assert_eq!(made.as_ref().ok(), stored.first(), "{name:?}, {lost} lost answers");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_passed_over_or_told() {
    let server = |taken: &[&'static str]| Server { lost: 0, stores_lost: false, taken: taken.to_vec() };
    let (_, made) = created(server(&["etl-r1", "etl-r2"]), Name::Rerun("etl".into(), 1)).await;
    assert_eq!(made, Ok("etl-r3".into()));
    let (stored, made) = created(server(&["etl"]), Name::Exact("etl".into())).await;
    assert_eq!(stored, [""; 0]);
    assert!(made.clone().unwrap_err().contains("SidecarJob etl exists already in namespace ns"), "{made:?}");
    assert!(made.clone().unwrap_err().contains("kubectl delete scj etl -n ns --context prod"), "{made:?}");
    let (_, made) = created(Server { lost: 1, ..server(&["etl"]) }, Name::Exact("etl".into())).await;
    assert!(made.unwrap_err().contains("exists already"), "the lost answer was no create of ours");
}

#[tokio::test(start_paused = true)]
async fn two_runs_by_hand_in_one_second_have_two_names() {
    let server = Server { lost: 0, stores_lost: false, taken: vec!["etl-m5"] };
    let (stored, made) = created(server, Name::ByHand("etl".into(), 5)).await;
    assert_eq!((stored.len(), made), (1, Ok("etl-m5-2".into())));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_does_not_exist_is_told() {
    let (mock, mut handle) = tower_test::mock::pair::<HttpRequest<Body>, Response<Body>>();
    tokio::spawn(async move {
        let (_, send) = handle.next_request().await.unwrap();
        let details = json!({"name": "ns", "kind": "namespaces"});
        let status = json!({"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound", "message": "no", "details": details});
        send.send_response(Response::builder().status(404).body(Body::from(status.to_string().into_bytes())).unwrap());
    });
    let cluster = Cluster { namespace: None, kubeconfig: None, context: None };
    let new = new(Name::Exact("etl".into()), json!({"spec": {}}));
    let error = new.create(&cluster, &Client::new(mock, "ns"), "ns").await.unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(error.to_string().starts_with("there is no namespace ns: choose another one with -n"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_well_is_told_after_a_few_tries() {
    let (stored, made) =
        created(Server { lost: 99, stores_lost: false, taken: vec![] }, Name::Exact("etl".into())).await;
    assert_eq!(stored, [""; 0]);
    let said = made.unwrap_err();
    assert_eq!(
        said,
        "failed to create SidecarJob etl: Timeout; kubectl sidecarjob list -n ns --context prod shows whether SidecarJob etl \
         exists all the same"
    );
}
