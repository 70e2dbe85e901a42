//! "Nothing hangs in silence": what is waited for, until when, and the end.

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use sidecarjob::api::Phase;

use crate::manifest::{end, job, pod, shell, standin};
use crate::support::{eventually, is_true, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_no_node_takes_is_waited_for_until_the_deadline_of_the_run() {
    world("nonode", &[], |w| async move {
        let spec = "  activeDeadlineSeconds: 25\n  sidecars: [{name: side}]";
        let nowhere = "      nodeSelector: {no.such/label: here}\n";
        w.apply(&pod("nonode", spec, nowhere, &[shell("main", "exit 0"), standin("side", "")])).await;
        let waiting = w.condition("nonode", "Waiting").await;
        assert_eq!(waiting.reason, "Unschedulable");
        assert!(waiting.message.contains("until") && waiting.message.contains("spec.activeDeadlineSeconds"));
        assert_eq!(w.condition("nonode", "Failed").await.reason, "DeadlineExceeded");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_image_that_can_not_be_pulled_is_said_and_bounded_by_the_sidecars_start_deadline() {
    world("noimage", &[], |w| async move {
        let spec = "  backoffLimit: 0\n  sidecars: [{name: side, start: {deadlineSeconds: 60}}]";
        let side = r#"name: side, image: "no.such.registry.test/x:1""#.to_owned();
        w.apply(&job("noimage", spec, &[shell("main", "exit 0"), side])).await;
        let status = w
            .until("noimage", "ContainerCantStart", |s| {
                s.conditions.iter().any(|c| c.reason == "ContainerCantStart" && c.status == "True")
            })
            .await;
        let waiting = status.conditions.into_iter().find(|c| c.type_ == "Waiting").expect("it is said");
        let message = waiting.message;
        assert!(message.contains("ImagePull") && message.contains("start.deadlineSeconds"), "{message}");
        w.condition("noimage", "Failed").await;
        assert!(w.event("noimage", "SidecarStartDeadlineExceeded").await.contains("sidecar side"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_ignores_sigterm_is_said_with_the_time_of_its_sigkill() {
    world("ignores", &[], |w| async move {
        let more = "      terminationGracePeriodSeconds: 16\n";
        let spec = "  sidecarMode: Managed\n  sidecars: [{name: side}]";
        w.apply(&pod("ignores", spec, more, &[shell("main", "exit 0"), standin("side", "-deaf")])).await;
        let waiting = w.condition("ignores", "Waiting").await;
        assert_eq!(waiting.reason, "SidecarStopping");
        assert!(waiting.message.contains("side of Pod") && waiting.message.contains("kills it at"));
        let status = w.until("ignores", "finished", |s| is_true(s, "Finished")).await;
        assert_eq!(status.phase, Some(Phase::Complete));
        assert_eq!(end(&w.pods_of("ignores").await[0], "side").exit_code, 137);
    })
    .await;
}

/// The node is an object without a kubelet; the test says in its place that main is done, and then nothing more.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_node_that_vanished_during_the_drain_is_waited_for_a_bounded_time_and_the_result_stays() {
    world("lostnode", &[], |w| async move {
        let nodes: Api<Node> = Api::all(w.client.clone());
        let name = format!("ghost-{}", w.namespace);
        let node: Node = serde_json::from_value(json!({"metadata": {"name": name}})).expect("a Node");
        nodes.create(&PostParams::default(), &node).await.expect("the Node is created");
        let more = format!("      terminationGracePeriodSeconds: 1\n      nodeName: {name}\n");
        let spec = "  backoffLimit: 0\n  sidecarMode: Managed\n  sidecars: [{name: side}]";
        w.apply(&pod("lost", spec, &more, &[shell("main", "exit 0"), standin("side", "")])).await;
        let pods = w.pods();
        let created = eventually("the Pod is there", || async { w.pods_of("lost").await.pop() }).await;
        let pod = created.metadata.name.expect("a name");
        let now = k8s_openapi::jiff::Timestamp::now().to_string();
        let container = |name: &str, state: serde_json::Value| {
            json!({"name": name, "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state})
        };
        let status = json!({"status": {"phase": "Running", "startTime": now, "containerStatuses": [
            container("main", json!({"terminated": {"exitCode": 0, "finishedAt": now}})),
            container("side", json!({"running": {"startedAt": now}}))
        ]}});
        pods.patch_status(&pod, &PatchParams::default(), &Patch::Strategic::<serde_json::Value>(status)).await.expect("told");
        let known = w.until("lost", "result known", |s| is_true(s, "SuccessCriteriaMet")).await;
        assert_eq!(known.phase, Some(Phase::Stopping));
        let waiting = w
            .until("lost", "KubeletSilent", |s| s.conditions.iter().any(|c| c.reason == "KubeletSilent" && c.status == "True"))
            .await;
        assert!(waiting.message.is_some());
        let done = w.until("lost", "finished", |s| is_true(s, "Finished")).await;
        assert_eq!((done.phase, done.succeeded, done.failed), (Some(Phase::Complete), Some(1), Some(0)));
        assert_eq!(done.main_finished_time, known.main_finished_time);
        let left: Option<Pod> = pods.get_opt(&pod).await.expect("asked");
        assert!(left.is_some(), "the Pod is not deleted: its logs are where its node is");
        let force = DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() };
        pods.delete(&pod, &force).await.expect("deleted");
        nodes.delete(&name, &DeleteParams::default()).await.expect("the Node is deleted");
    })
    .await;
}
