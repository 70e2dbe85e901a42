//! What does an answer of the API server mean, and what does the error say?

use serde_json::json;

use super::*;

fn answer(code: u16, reason: &str, message: &str, name: Option<&str>) -> kube::Error {
    let status =
        json!({"code": code, "reason": reason, "message": message, "details": name.map(|n| json!({"name": n}))});
    kube::Error::Api(Box::new(serde_json::from_value(status).unwrap()))
}

#[test]
fn each_answer_has_a_meaning_and_a_code() {
    let text = "Failed to parse error data"; // kube's reason for an answer in plain text
    for (code, reason, name, kind, exit) in [
        (401, "Unauthorized", None, Kind::Unauthorized, 4),
        (401, text, None, Kind::Unauthorized, 4),
        (403, "Forbidden", Some("job"), Kind::Forbidden, 4),
        (403, text, None, Kind::Forbidden, 4),
        (404, "NotFound", Some("job"), Kind::NoObject, 3),
        (404, "NotFound", None, Kind::NotServed, 3),
        (404, text, None, Kind::NotServed, 3),
        (400, "BadRequest", None, Kind::Refused, 5),
        (405, "MethodNotAllowed", None, Kind::Refused, 5),
        (422, "Invalid", Some("job"), Kind::Refused, 5),
        (408, "Timeout", None, Kind::Busy, 5),
        (409, "Conflict", Some("job"), Kind::Busy, 5),
        (409, "AlreadyExists", Some("job"), Kind::Taken, 5),
        (410, "Expired", None, Kind::Busy, 5),
        (429, "TooManyRequests", None, Kind::Busy, 5),
        (500, "InternalError", None, Kind::Busy, 5),
        (503, text, None, Kind::Busy, 5),
        (504, "Timeout", None, Kind::Busy, 5),
    ] {
        let failure = Failure::of("read it", &answer(code, reason, "words", name));
        assert_eq!((failure.kind, failure.kind.exit_code()), (kind, exit), "{code} {reason}");
        assert_eq!(failure.kind.is_passing(), kind == Kind::Busy);
        let watched = watcher::Error::WatchStartFailed(answer(code, reason, "words", name));
        assert_eq!(Failure::of_watch("watch it", &watched).kind, kind, "{code} {reason}");
    }
}

#[test]
fn a_failure_says_what_was_tried_why_it_failed_and_what_to_do() {
    let failure = Failure::of("read SidecarJob job", &answer(401, "Unauthorized", "Unauthorized", None));
    assert_eq!(
        failure.to_string(),
        "failed to read SidecarJob job: Unauthorized; log in to the cluster again, or choose other credentials with \
         --context or --kubeconfig"
    );
    assert_eq!(failure.without_advice(), "failed to read SidecarJob job: Unauthorized");
    let taken = Failure::of("create it", &answer(409, "AlreadyExists", "etl already exists", Some("etl")));
    assert!(
        taken
            .to_string()
            .ends_with("; the name is taken: choose another name, or look at the object that has the name")
    );
    let silent = Failure::of("read it", &answer(503, "", "", None));
    assert_eq!(silent.without_advice(), "failed to read it: the API server answered 503");
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_told_with_its_cause() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // the listener is closed again
    let client = kube::Client::try_from(kube::Config::new(format!("http://{gone}").parse().unwrap())).unwrap();
    let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::namespaced(client, "ns");
    let failure = call("read Pod a", pods.get("a")).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable);
    assert!(failure.to_string().contains("Connection refused"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_gets_no_answer_ends() {
    let failure = call("read it", std::future::pending::<kube::Result<()>>()).await.unwrap_err();
    assert_eq!(failure.without_advice(), "failed to read it: no answer within 30s");
    assert_eq!(failure.kind, Kind::Unreachable);
}
