//! docs/sidecars.md, "What a run waits for": what the run waits for, until when, and how the run ends.

use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, job, pod, shell, standin};
use crate::support::{World, eventually, is_true, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_no_node_takes_is_waited_for_until_the_deadline_of_the_run() {
    world("nonode", &[], |w| async move {
        let nowhere = "      nodeSelector: {no.such/label: here}\n";
        for (name, mode) in MODES {
            let spec = format!("  activeDeadlineSeconds: 25\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &spec, nowhere, &[shell("main", "exit 0"), standin("side", "")])).await;
        }
        for (name, _) in MODES {
            let waiting = w.condition(name, "Waiting").await;
            assert_eq!(waiting.reason, "Unschedulable");
            assert!(waiting.message.contains("until") && waiting.message.contains("spec.activeDeadlineSeconds"));
        }
        for (name, _) in MODES {
            assert_eq!(w.condition(name, "Failed").await.reason, "DeadlineExceeded");
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(status.sidecars, None, "{name}: no sidecar ever ran");
        }
    })
    .await;
}

/// Waits until it is said that a container can't start, and gives the words.
async fn cant_start(w: &World, name: &str) -> String {
    let is = |c: &Condition| c.reason == "ContainerCantStart" && c.status == "True";
    let status = w.until(name, "ContainerCantStart", |s| s.conditions.iter().any(is)).await;
    status.conditions.into_iter().find(is).expect("just seen").message
}

const NO_IMAGE: &str = r#"image: "no.such.registry.test/x:1""#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_image_that_can_not_be_pulled_is_said_and_bounded_by_the_sidecars_start_deadline() {
    world("noimage", &[], |w| async move {
        let spec = |mode: &str, deadline: u32| {
            format!(
                "  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side, start: {{deadlineSeconds: {deadline}}}}}]"
            )
        };
        let side = || format!("name: side, {NO_IMAGE}");
        w.apply(&job("native", &spec("Native", 60), &[shell("main", "exit 0"), side()])).await;
        w.apply(&job("managed", &spec("Managed", 20), &[standin("main", ""), side()])).await;
        let message = cant_start(&w, "native").await;
        assert!(message.contains("ImagePull") && message.contains("start.deadlineSeconds"), "{message}");
        for (name, _) in MODES {
            w.condition(name, "Failed").await;
            assert!(w.event(name, "SidecarStartDeadlineExceeded").await.contains("sidecar side"), "{name}");
        }
        let status = w.until("managed", "finished", |s| is_true(s, "Finished")).await;
        assert!(!is_true(&status, "Waiting"), "main works beside it and waits for nobody");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_image_of_a_main_container_that_can_not_be_pulled_is_said_and_bounded_by_the_deadline_of_the_run() {
    world("nomain", &[], |w| async move {
        // Not even looked for: a registry that does not answer takes its time.
        let main = format!("name: main, {NO_IMAGE}, imagePullPolicy: Never");
        for (name, mode) in MODES {
            let spec = format!("  activeDeadlineSeconds: 30\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&job(name, &spec, &[main.clone(), standin("side", "")])).await;
        }
        for (name, _) in MODES {
            let message = cant_start(&w, name).await;
            assert!(
                message.contains("ErrImageNeverPull") && message.contains("spec.activeDeadlineSeconds"),
                "{name}: {message}"
            );
        }
        for (name, _) in MODES {
            assert_eq!(w.condition(name, "Failed").await.reason, "DeadlineExceeded", "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_ignores_sigterm_is_said_with_the_time_of_its_sigkill() {
    world("ignores", &[], |w| async move {
        let more = "      terminationGracePeriodSeconds: 16\n";
        for (name, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &spec, more, &[shell("main", "exit 0"), standin("side", "-deaf")])).await;
        }
        let mut waits = Vec::new();
        for (name, _) in MODES {
            waits.push(w.condition(name, "Waiting").await);
        }
        for ((name, _), waiting) in MODES.into_iter().zip(waits) {
            assert_eq!(waiting.reason, "SidecarStopping", "{name}");
            assert!(waiting.message.contains("still running: side"), "{name}: {}", waiting.message);
            assert!(waiting.message.contains("kills these containers at"), "{name}: {}", waiting.message);
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(
                (status.phase, status.sidecars.as_deref()),
                (Some(Phase::Complete), Some("1/1 stopped")),
                "{name}"
            );
            let killed = end(&w.pods_of(name).await[0], "side");
            assert_eq!(killed.exit_code, 137, "{name}");
            // The time that was told, to the second or so: what is killed ends a moment later.
            let told = waiting
                .message
                .rsplit_once("these containers at ")
                .expect("the time")
                .1
                .parse::<Timestamp>()
                .expect("a time");
            let late = killed.finished_at.expect("a time").0.as_second() - told.as_second();
            assert!((-1..=5).contains(&late), "{name}: killed {late} s after the time that was told");
        }
    })
    .await;
}

/// A hook takes its time from the Pod's one grace.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pre_stop_hook_that_takes_long_is_said_with_the_time_of_the_sigkill() {
    world("longhook", &[], |w| async move {
        let more = "      terminationGracePeriodSeconds: 16\n";
        let hook = ", lifecycle: {preStop: {exec: {command: [sleep, \"100\"]}}}";
        for (name, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            let side = shell("side", "trap 'exit 0' TERM; while :; do sleep 0.1; done") + hook;
            w.apply(&pod(name, &spec, more, &[shell("main", "sleep 1"), side])).await;
        }
        for (name, _) in MODES {
            assert_eq!(w.condition(name, "Waiting").await.reason, "SidecarStopping", "{name}");
        }
        for (name, _) in MODES {
            let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(status.phase, Some(Phase::Complete), "{name}");
            let said = status.conditions.iter().find(|c| c.type_ == "Waiting").expect("it was said");
            assert_eq!(said.message, "", "{name}: its kubelet was in time");
        }
    })
    .await;
}

/// A container's status, as a kubelet gives it.
fn container(name: &str, state: serde_json::Value) -> serde_json::Value {
    json!({"name": name, "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state})
}

/// Says in the place of a kubelet that main is done and its sidecar runs. The Pod.
async fn main_is_done(w: &World, run: &str, native: bool) -> String {
    let created = eventually("the Pod is there", || async { w.pods_of(run).await.pop() }).await;
    let pod = created.metadata.name.expect("a name");
    let now = Timestamp::now().to_string();
    let main = container("main", json!({"terminated": {"exitCode": 0, "finishedAt": now}}));
    let side = container("side", json!({"running": {"startedAt": now}}));
    let (init, plain) = if native { (json!([side]), json!([main])) } else { (json!([]), json!([main, side])) };
    let status = json!({"status": {
        "phase": "Running", "startTime": now, "initContainerStatuses": init, "containerStatuses": plain
    }});
    let patch = Patch::Strategic::<serde_json::Value>(status);
    w.pods().patch_status(&pod, &PatchParams::default(), &patch).await.expect("told");
    pod
}

/// The node is an object without a kubelet; the test says in its place that main is done, and then nothing more.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_node_that_vanished_during_the_drain_is_waited_for_a_bounded_time_and_the_result_stays() {
    world("lostnode", &[], |w| async move {
        let nodes: Api<Node> = Api::all(w.client.clone());
        let node_name = format!("ghost-{}", w.namespace);
        let node: Node = serde_json::from_value(json!({"metadata": {"name": node_name}})).expect("a Node");
        nodes.create(&PostParams::default(), &node).await.expect("the Node is created");
        let more = format!("      terminationGracePeriodSeconds: 1\n      nodeName: {node_name}\n");
        let mut left = Vec::new();
        for (name, mode) in MODES {
            let spec = format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&pod(name, &spec, &more, &[shell("main", "exit 0"), standin("side", "")])).await;
            let pod = main_is_done(&w, name, mode == "Native").await;
            let known = w.until(name, "result known", |s| is_true(s, "SuccessCriteriaMet")).await;
            assert_eq!(known.phase, Some(Phase::Stopping), "{name}");
            left.push((name, pod, known.main_finished_time));
        }
        let silent = |c: &Condition| c.reason == "KubeletSilent" && c.status == "True";
        for (name, pod, main_finished_time) in left {
            w.until(name, "KubeletSilent", |s| s.conditions.iter().any(silent)).await;
            let done = w.until(name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!((done.phase, done.succeeded, done.failed), (Some(Phase::Complete), Some(1), Some(0)), "{name}");
            assert_eq!(done.main_finished_time, main_finished_time, "{name}");
            assert_eq!(done.sidecars.as_deref(), Some("0/1 stopped"), "{name}: nobody has seen it stop");
            assert!(!is_true(&done, "Waiting"), "{name}: nothing is waited for any more");
            let there: Option<Pod> = w.pods().get_opt(&pod).await.expect("asked");
            assert!(there.is_some(), "{name}: the Pod is not deleted: its logs are where its node is");
            let force = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
            w.pods().delete(&pod, &force).await.expect("deleted");
        }
        nodes.delete(&node_name, &DeleteParams::default()).await.expect("the Node is deleted");
    })
    .await;
}
