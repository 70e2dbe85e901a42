//! "What starts when, what is stopped when": with the annotation alone, on a real kubelet.

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::support::{policy::Policy, world_without_controller};
use super::{SIDE, completes, container, inits, job};

/// Adds a line to the Pod's journal.
fn note(words: &str) -> String {
    format!("echo {words} >>/journal/lines")
}

/// A sidecar that notes when it is told to stop and when it has drained, then prints the journal.
fn sidecar(name: &str, at_start: &str) -> Value {
    let drained = format!(
        "{}; sleep 1; {}; cat /journal/lines; exit 0",
        note(&format!("{name} is told")),
        note(&format!("{name} has drained"))
    );
    container(name, &format!("trap '{drained}' TERM; {at_start} while :; do sleep 0.1; done"))
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn sidecars_start_one_after_the_other_before_main_and_stop_in_the_reverse_order_after_it() {
    world_without_controller("order", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        // what is waited for before the next one: a startup probe, a postStart hook
        let mut first = sidecar("first", &format!("sleep 1; {}; touch /journal/up;", note("first is up")));
        first["startupProbe"] = json!({"exec": {"command": ["test", "-e", "/journal/up"]}, "periodSeconds": 1, "failureThreshold": 60});
        let mut second = sidecar("second", "");
        let hook = format!("sleep 1; {}", note("second is up"));
        second["lifecycle"] = json!({"postStart": {"exec": {"command": ["sh", "-c", hook]}}});
        let work = container("work", &format!("{}; {}", note("work begins"), note("work ends")));
        let setup = container("setup", &note("setup"));
        let mut containers = [first, work, second];
        let mut setups = [setup];
        let journal = json!([{"name": "journal", "mountPath": "/journal"}]);
        for container in containers.iter_mut().chain(&mut setups) {
            container["volumeMounts"] = journal.clone();
        }
        let more = json!({"volumes": [{"name": "journal", "emptyDir": {}}], "initContainers": setups, "terminationGracePeriodSeconds": 30});
        let pod = completes(&w, &job("order", Some("work"), &containers, more)).await;
        assert_eq!(inits(&pod), ["setup", "first*", "second*"]);
        let expected = [
            "setup", "first is up", "second is up", "work begins", "work ends",
            "second is told", "second has drained", "first is told", "first has drained",
        ];
        let journal = w.logs(&pod, "first").await; // which stops last
        assert_eq!(journal.lines().collect::<Vec<_>>(), expected);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_is_never_ready_or_ends_by_itself_holds_nobody_back() {
    world_without_controller("never-ready", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let mut unready = container("unready", SIDE);
        unready["readinessProbe"] = json!({"exec": {"command": ["false"]}, "periodSeconds": 1});
        unready["ports"] = json!([{"name": "http", "containerPort": 8080}]);
        // each start of it leaves a line, and main is done when there are two
        let mut ends = container("ends", &note("start"));
        let mut work = container("work", "until [ $(wc -l </journal/lines) -ge 2 ]; do sleep 0.1; done");
        for container in [&mut ends, &mut work] {
            container["volumeMounts"] = json!([{"name": "journal", "mountPath": "/journal"}]);
        }
        let more = json!({"volumes": [{"name": "journal", "emptyDir": {}}]});
        let pod = completes(&w, &job("never-ready", Some("work"), &[work, unready, ends], more)).await;
        assert_eq!(inits(&pod), ["unready*", "ends*"]);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn sidecars_that_do_not_end_share_the_grace_period_and_the_job_completes() {
    world_without_controller("deaf", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let deaf = |name: &str| container(name, "trap '' TERM; while :; do sleep 0.1; done");
        let containers = [deaf("first"), container("work", "true"), deaf("second")];
        let more = json!({"terminationGracePeriodSeconds": 12});
        let pod = completes(&w, &job("deaf", Some("work"), &containers, more)).await;
        let [first, second] = ["first", "second"].map(|name| killed(&pod, name));
        // whole seconds: the first one, told last, gets the two that are left to it and not another twelve
        let apart = first - second;
        assert!((1..=8).contains(&apart), "first is killed {apart} s after second");
    })
    .await;
}

/// When the init container of that name was killed, in seconds since 1970.
fn killed(pod: &Pod, name: &str) -> i64 {
    let statuses = pod.status.as_ref().and_then(|s| s.init_container_statuses.as_ref()).expect("statuses");
    let status = statuses.iter().find(|s| s.name == name).expect("its status");
    let ended = status.state.as_ref().and_then(|s| s.terminated.as_ref()).expect("it has ended");
    assert_eq!(ended.exit_code, 137, "{name}");
    ended.finished_at.as_ref().expect("a time").0.as_second()
}
