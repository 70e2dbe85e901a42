//! "Who ends the Pod, before or after the main container's own end": the table of docs/jobs.md, in both modes.
//!
//! Node shutdown and the kubelet's preemption end a Pod as an eviction does, and stop the node that all tests share:
//! `a_main_container_that_ended_with_its_pod_has_not_succeeded` has these rows.

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, EvictParams, Patch, PatchParams};
use serde_json::json;
use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, run, shell, standin};
use crate::support::{World, eventually, is_true, world};

/// Phase, succeeded and failed of a run that is finished.
async fn result(w: &World, name: &str) -> (Phase, i32, i32) {
    let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
    (status.phase.expect("a phase"), status.succeeded.unwrap_or(0), status.failed.unwrap_or(0))
}

const COMPLETE: (Phase, i32, i32) = (Phase::Complete, 1, 0);
const FAILED: (Phase, i32, i32) = (Phase::Failed, 0, 1);

/// The run's Pod, as soon as that container runs or, if `ended`, has ended.
async fn pod_when(w: &World, run: &str, container: &str, ended: bool) -> Pod {
    eventually(&format!("{container} of {run}"), || async {
        let pod = w.pods_of(run).await.into_iter().next()?;
        let state = pod.status.clone()?.container_statuses?.into_iter().find(|s| s.name == container)?.state?;
        (if ended { state.terminated.is_some() } else { state.running.is_some() }).then_some(pod)
    })
    .await
}

/// `main` works until it is told to end, and then exits with 0.
fn works() -> [String; 2] {
    [standin("main", ""), standin("side", "")]
}

/// `main` is done after a second; `side` drains for a while.
fn drains() -> [String; 2] {
    [shell("main", "sleep 1"), standin("side", "-drain 8s")]
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_whose_own_deadline_passes_before_main_is_done_has_failed() {
    world("deadline", &[], |w| async move {
        // Long enough for a busy node to start the containers, and shorter than the drain.
        let deadline = "      activeDeadlineSeconds: 25\n      terminationGracePeriodSeconds: 40\n";
        let drains = [shell("main", "sleep 1"), standin("side", "-drain 30s")];
        let mut runs = Vec::new();
        for mode in MODES {
            let cut = run(&w, "cut", mode, deadline, &works()).await;
            runs.push((mode, cut, run(&w, "done", mode, deadline, &drains).await));
        }
        for (mode, cut, done) in runs {
            assert_eq!(result(&w, &cut).await, FAILED, "{mode:?}");
            let pod = w.pods_of(&cut).await.remove(0);
            assert_eq!(end(&pod, "main").exit_code, 0, "{mode:?}: it was told to end, and did");
            assert_eq!(result(&w, &done).await, COMPLETE, "{mode:?}: the deadline passed while the sidecar drained");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_is_deleted_or_evicted_through_the_api_before_main_is_done_has_failed() {
    world("deleted", &[], |w| async move {
        for mode in MODES {
            let by_hand = run(&w, "by-hand", mode, "", &works()).await;
            let evicted = run(&w, "evicted", mode, "", &works()).await;
            let pod = pod_when(&w, &by_hand, "main", false).await.name_any();
            w.pods().delete(&pod, &DeleteParams::default()).await.expect("deleted");
            let pod = pod_when(&w, &evicted, "main", false).await.name_any();
            w.pods().evict(&pod, &EvictParams::default()).await.expect("evicted");
            for name in [by_hand, evicted] {
                assert_eq!(result(&w, &name).await, FAILED, "{name}");
            }
            let later = run(&w, "later", mode, "", &drains()).await;
            let pod = pod_when(&w, &later, "main", true).await.name_any();
            w.until(&later, "result known", |s| is_true(s, "SuccessCriteriaMet")).await;
            let _ = w.pods().delete(&pod, &DeleteParams::default()).await; // of the last moment: it may be done
            assert_eq!(result(&w, &later).await, COMPLETE, "{mode:?}: deleted while the sidecar drained");
        }
    })
    .await;
}

/// No controller is there to see main's end, so that the Pod alone says what happened.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn what_ended_while_no_controller_ran_is_judged_by_what_the_pod_says() {
    world("absent", &[], |w| async move {
        let mut w = w;
        let cut = run(&w, "cut", MODES[0], "", &works()).await;
        let done = run(&w, "done", MODES[0], "", &[shell("main", "sleep 5"), standin("side", "")]).await;
        let pods = [pod_when(&w, &cut, "main", false).await, pod_when(&w, &done, "main", false).await];
        let [cut_pod, done_pod] = pods.map(|pod| pod.name_any());
        w.kill_controller();
        ended(&w, &done_pod, |_| true).await;
        for pod in [&cut_pod, &done_pod] {
            w.pods().delete(pod, &DeleteParams::default()).await.expect("deleted");
        }
        for pod in [&cut_pod, &done_pod] {
            ended(&w, pod, |pod| pod.metadata.deletion_grace_period_seconds == Some(0)).await;
        }
        w.start_controller();
        assert_eq!(result(&w, &cut).await, FAILED, "main ended with its Pod");
        assert_eq!(result(&w, &done).await, COMPLETE, "the Pod had ended before it was deleted");
    })
    .await;
}

/// Waits until the Pod has ended, and more holds.
async fn ended(w: &World, pod: &str, more: impl Fn(&Pod) -> bool) {
    eventually(&format!("{pod} has ended"), || async {
        let pod = w.pods().get(pod).await.ok().filter(&more)?;
        ["Succeeded", "Failed"].contains(&pod.status?.phase?.as_str()).then_some(())
    })
    .await;
}

/// Where main exits with 0 the kubelet now and then forgets its eviction and says Succeeded: then that is its word, and
/// another Pod is tried.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_its_kubelet_evicts_before_main_is_done_has_failed() {
    world("evicted", &[], |w| async move {
        let volume = "      volumes: [{name: small, emptyDir: {sizeLimit: 1Mi}}]\n";
        let mount = ", volumeMounts: [{name: small, mountPath: /small}]";
        let fill = "trap 'exit 0' TERM; dd if=/dev/zero of=/small/big bs=1M count=4; while :; do sleep 0.1; done";
        let containers = [shell("main", fill) + mount, standin("side", "-exit 3")];
        for mode in MODES {
            for n in 0.. {
                assert!(n < 10, "{mode:?}: the kubelet never said Evicted");
                let name = run(&w, &format!("full-{n}"), mode, volume, &containers).await;
                let result = result(&w, &name).await;
                let status = w.pods_of(&name).await.remove(0).status.expect("a status");
                if status.reason.as_deref() == Some("Evicted") {
                    assert_eq!(result, FAILED, "{name}");
                    break;
                }
                assert_eq!((status.phase.as_deref(), result), (Some("Succeeded"), COMPLETE), "{name}");
            }
        }
    })
    .await;
}

/// The node has one slot, of which nobody else knows.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_the_scheduler_preempts_before_main_is_done_has_failed() {
    world("preempted", &[], |w| async move {
        let slot = format!("sidecarjob.test/slot-{}", std::process::id());
        let nodes: Api<Node> = Api::all(w.client.clone());
        let node = nodes.list(&Default::default()).await.expect("nodes").items;
        let node =
            node.into_iter().find(|n| n.labels().contains_key("kubernetes.io/os")).expect("a node with a kubelet");
        let capacity = |n: serde_json::Value| Patch::Merge(json!({"status": {"capacity": {slot.clone(): n}}}));
        nodes.patch_status(&node.name_any(), &PatchParams::default(), &capacity(json!("1"))).await.expect("a slot");
        let classes: Api<k8s_openapi::api::scheduling::v1::PriorityClass> = Api::all(w.client.clone());
        let class = w.namespace.clone();
        let object = json!({"metadata": {"name": class}, "value": 1000});
        classes.create(&Default::default(), &serde_json::from_value(object).expect("a class")).await.expect("created");
        let takes = |c: String| c + &format!(", resources: {{limits: {{\"{slot}\": 1}}}}");
        let [main, side] = works();
        for mode in MODES {
            let low = run(&w, "low", mode, "", &[takes(main.clone()), side.clone()]).await;
            pod_when(&w, &low, "main", false).await;
            let high = format!("      priorityClassName: {class}\n");
            let quick = [takes(shell("main", "exit 0")), standin("side", "")];
            let high = run(&w, "high", mode, &high, &quick).await;
            assert_eq!(result(&w, &low).await, FAILED, "{mode:?}");
            assert_eq!(result(&w, &high).await, COMPLETE, "{mode:?}");
        }
        classes.delete(&class, &DeleteParams::default()).await.expect("deleted");
        nodes.patch_status(&node.name_any(), &PatchParams::default(), &capacity(json!(null))).await.expect("no slot");
    })
    .await;
}

/// The Pod goes on where a probe or the OOM killer ends a container: its exit code is the kubelet's word too.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_a_probe_or_the_oom_killer_ends_is_judged_by_its_exit_code() {
    world("killed", &[], |w| async move {
        let probe = ", livenessProbe: {tcpSocket: {port: 9}, periodSeconds: 1, failureThreshold: 1}";
        let limit = ", resources: {limits: {memory: 24Mi}}";
        let hungry = "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done";
        for mode in MODES {
            let well = [standin("main", "") + probe, standin("side", "")];
            let well = run(&w, "probe-0", mode, "", &well).await;
            let badly = [standin("main", "-exit 3") + probe, standin("side", "")];
            let badly = run(&w, "probe-3", mode, "", &badly).await;
            let oom = [shell("main", hungry) + limit, standin("side", "")];
            let oom = run(&w, "oom", mode, "", &oom).await;
            assert_eq!(result(&w, &well).await, COMPLETE, "{mode:?}: as batch/v1, whose Pod reads Succeeded");
            assert_eq!(result(&w, &badly).await, FAILED, "{mode:?}");
            assert_eq!(result(&w, &oom).await, FAILED, "{mode:?}");
            assert_eq!(end(&w.pods_of(&oom).await[0], "main").exit_code, 137, "{mode:?}");
        }
    })
    .await;
}
