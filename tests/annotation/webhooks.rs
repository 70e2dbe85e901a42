//! "Whoever put them there": webhooks that inject, natively or not, in both orders, and ones that strip `restartPolicy`.

use serde_json::{Value, json};

use super::support::webhook::{Call, Webhooks};
use super::support::{eventually, policy::Policy, world_without_controller};
use super::{SIDE, annotation, completes, container, create, inits, job, plain};

fn meshed(name: &str) -> Value {
    job(name, Some("work"), &[container("work", "sleep 1")], json!({}))
}

/// A Job with a native sidecar of its author's own, which nothing names.
fn native(name: &str) -> Value {
    let mut own = container("own", SIDE);
    own["restartPolicy"] = json!("Always");
    job(name, Some("work"), &[container("work", "sleep 1")], json!({"initContainers": [own]}))
}

/// A sentence; what is called; the Job; its init containers (* native) and what was moved.
type Row = (&'static str, fn() -> Vec<Call>, fn(&str) -> Value, &'static [&'static str], Option<&'static str>);

const COMPLETES: &[Row] = &[
    ("injects-last", || vec![Call::once("/plain/proxy")], meshed, &["proxy*"], Some("proxy")),
    ("injects-first", || vec![Call::once("/plain-first/proxy")], meshed, &["proxy*"], Some("proxy")),
    ("called-again", || vec![Call::again("/plain/proxy")], meshed, &["proxy*"], Some("proxy")),
    ("injects-native", || vec![Call::once("/native/proxy")], meshed, &["proxy*"], None),
    (
        "two",
        || vec![Call::once("/plain/proxy"), Call::once("/plain/agent")],
        meshed,
        &["proxy*", "agent*"],
        Some("proxy,agent"),
    ),
    (
        "two-the-other-way-round",
        || vec![Call::once("/plain/agent"), Call::again("/plain-first/proxy")],
        meshed,
        &["proxy*", "agent*"],
        Some("proxy,agent"),
    ),
    (
        "plain-and-native",
        || vec![Call::once("/plain/agent"), Call::once("/native/proxy")],
        meshed,
        &["proxy*", "agent*"],
        Some("agent"),
    ),
    ("strips-what-was-native", || vec![Call::once("/strip")], native, &["own*"], None),
    (
        "strips-and-injects",
        || vec![Call::once("/strip"), Call::once("/plain/proxy")],
        native,
        &["own*", "proxy*"],
        Some("proxy"),
    ),
    (
        "injects-native-and-strips",
        || vec![Call::once("/plain/proxy"), Call::once("/strip")],
        native,
        &["own*", "proxy*"],
        Some("proxy"),
    ),
];

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_whatever_it_injects_or_strips_the_job_completes() {
    world_without_controller("hooks", |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        for (case, calls, job, inits_after, moved) in COMPLETES {
            hooks.register(&w, &calls()).await;
            let pod = completes(&w, &job(case)).await;
            assert_eq!(
                (plain(&pod), inits(&pod)),
                (vec!["work"], inits_after.iter().map(ToString::to_string).collect()),
                "{case}"
            );
            assert_eq!(annotation(&pod, "moved"), *moved, "{case}");
            let last = inits_after[inits_after.len() - 1].trim_end_matches('*');
            assert!(w.logs(&pod, last).await.contains("drained"), "{case}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_that_strips_again_after_the_mending_is_refused_in_words_and_not_left_to_hang() {
    world_without_controller("strips", |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        hooks.register(&w, &[Call::again("/strip")]).await;
        create(&w, &native("stripped"), &[]).expect("the Job is created");
        eventually("the Job's events tell it", || async {
            let events = w.kubectl_ok(&["events", "--for", "job/stripped"], "");
            (events.contains("A webhook took restartPolicy: Always from own again after it had been put back")
                && events.contains("run this as a SidecarJob"))
            .then_some(())
        })
        .await;
        // a Pod of our controller is not refused: that one sees what came back, and mends it
        let mut pod = native("x")["spec"]["template"].clone();
        pod["metadata"]["labels"] = json!({"sidecarjob.dev/uid": "x"});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]});
        let mut pod = pod;
        pod["metadata"]["name"] = json!("ours");
        create(&w, &pod, &["--dry-run=server"]).expect("taken");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn webhook_that_does_not_see_what_was_moved_is_refused_by_the_api_server() {
    world_without_controller("blind", |w| async move {
        let hooks = Webhooks::start(&w).await;
        let _policy = Policy::one_annotation(&w).await;
        hooks.register(&w, &[Call::once("/blind/proxy")]).await;
        assert_eq!(inits(&completes(&w, &meshed("once")).await), ["proxy*"], "called once, it does no harm");
        // called again it adds its container a second time, and nothing of ours comes after it
        hooks.register(&w, &[Call::again("/blind/proxy")]).await;
        create(&w, &meshed("twice"), &[]).expect("the Job is created");
        eventually("the Job's events tell it", || async {
            let events = w.kubectl_ok(&["events", "--for", "job/twice"], "");
            events.contains("Duplicate value: \"proxy\"").then_some(())
        })
        .await;
    })
    .await;
}
