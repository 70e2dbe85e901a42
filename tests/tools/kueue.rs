//! Kueue and SidecarJobs: Pods of a run wait in a queue, and a suspended run takes no quota. `make tools` runs this on a
//! cluster that has Kueue, with its own manifests.

#[path = "../support/mod.rs"]
mod support;

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::json;
use sidecarjob::api::Phase;
use support::{World, eventually, is_true, world};

/// A queue of this namespace whose quota is one tenth of a CPU.
fn queue(w: &World) {
    let name = &w.namespace;
    let yaml = format!(
        r#"
apiVersion: kueue.x-k8s.io/v1beta2
kind: ResourceFlavor
metadata: {{name: default}}
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {{name: {name}}}
spec:
  namespaceSelector: {{}}
  resourceGroups:
  - coveredResources: [cpu]
    flavors:
    - name: default
      resources: [{{name: cpu, nominalQuota: 100m}}]
---
apiVersion: kueue.x-k8s.io/v1beta2
kind: LocalQueue
metadata: {{name: small}}
spec: {{clusterQueue: {name}}}
"#
    );
    w.kubectl_ok(&["apply", "--server-side", "-f", "-"], &yaml);
}

/// A run that takes the whole quota: half for its main container, half for its sidecar.
fn run(name: &str, spec: &str, main: &str) -> String {
    let side = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
{spec}
  sidecars: [{{name: side}}]
  template:
    metadata:
      labels: {{kueue.x-k8s.io/queue-name: small}}
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 1
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"], resources: {{requests: {{cpu: 50m}}}}}}
      - {{name: side, image: "busybox:1.37", command: [sh, -c, "{side}"], resources: {{requests: {{cpu: 50m}}}}}}
"#
    )
}

/// The Pod waits: Kueue has not admitted it.
fn is_gated(pod: &Pod) -> bool {
    let gates = pod.spec.as_ref().and_then(|spec| spec.scheduling_gates.as_ref());
    gates.is_some_and(|gates| gates.iter().any(|gate| gate.name == "kueue.x-k8s.io/admission"))
}

async fn waits(w: &World, name: &str) {
    eventually(&format!("the Pod of {name} waits in the queue"), || async {
        w.pods_of(name).await.iter().any(is_gated).then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Kueue: run make tools"]
async fn a_run_waits_until_the_queue_has_room_and_goes_through_its_end() {
    world("kueue", &[], |w| async move {
        queue(&w);
        w.apply(&run("first", "", "sleep 5")).await;
        w.until("first", "running", |s| s.ready == Some(1)).await;
        w.apply(&run("second", "", "exit 0")).await;
        waits(&w, "second").await;
        let status = w.until("second", "seen", |s| s.active == Some(1)).await;
        assert_eq!((status.phase, status.ready), (Some(Phase::Pending), Some(0)));
        w.until("first", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        w.until("second", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        for name in ["first", "second"] {
            assert_eq!(w.pods_of(name).await.len(), 1, "{name}: one Pod was enough");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Kueue: run make tools"]
async fn a_run_that_is_suspended_gives_its_quota_back_and_gets_in_line_again() {
    world("kueuesuspend", &[], |w| async move {
        queue(&w);
        w.apply(&run("first", "", "sleep 1000")).await;
        w.until("first", "running", |s| s.ready == Some(1)).await;
        w.apply(&run("second", "", "sleep 1000")).await;
        waits(&w, "second").await;
        w.patch("first", json!({"spec": {"suspend": true}})).await;
        w.until("first", "suspended", |s| is_true(s, "Suspended")).await;
        w.until("second", "running", |s| s.ready == Some(1)).await;
        w.patch("first", json!({"spec": {"suspend": false}})).await;
        waits(&w, "first").await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Kueue: run make tools"]
async fn a_pod_that_kueue_evicts_counts_as_failed_unless_the_failure_policy_ignores_it() {
    world("kueueevict", &[], |w| async move {
        queue(&w);
        let ignore =
            "  podFailurePolicy:\n    rules:\n    - action: Ignore\n      onPodConditions: [{type: TerminationTarget}]";
        for (name, spec, failed) in [("plain", "", Some(1)), ("ignoring", ignore, Some(0))] {
            w.apply(&run(name, spec, "sleep 1000")).await;
            w.until(name, "running", |s| s.ready == Some(1)).await;
            let pod = w.pods_of(name).await.remove(0);
            let workloads = w.kubectl_ok(&["get", "workloads.kueue.x-k8s.io", "-o", "name"], "");
            let of_pod = |line: &&str| line.contains(&pod.name_any());
            let workload = workloads.lines().find(of_pod).expect("Kueue made a Workload of the Pod").to_owned();
            w.kubectl_ok(&["patch", &workload, "--type=merge", "-p", r#"{"spec":{"active":false}}"#], "");
            let status = w.until(name, "the Pod is gone", |s| s.failed == failed && s.ready == Some(0)).await;
            eprintln!("{name}: {:?}", status.last_failure);
            w.patch(name, json!({"spec": {"suspend": true}})).await;
            w.until(name, "suspended", |s| s.phase == Some(Phase::Suspended) && s.terminating == Some(0)).await;
        }
    })
    .await;
}
