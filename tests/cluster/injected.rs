//! "Sidecars that somebody else puts into the Pod are stopped": a container that admission adds as a plain one.

use std::collections::BTreeMap;

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};
use sidecarjob::api::{Phase, SidecarJobStatus};

use crate::support::{PATIENCE, World, eventually, is_true, world};

/// Adds a plain container to each Pod of the namespace, as an injecting webhook does.
fn injector(namespace: &str) -> String {
    format!(
        r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {{name: {namespace}}}
spec:
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
  - patchType: JSONPatch
    jsonPatch:
      expression: >
        [JSONPatch{{op: "add", path: "/spec/containers/-", value: Object.spec.containers{{
          name: "proxy", image: "busybox:1.37",
          command: ["sh", "-c", "trap 'echo drained; exit 3' TERM; while :; do sleep 0.1; done"]}}}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {{name: {namespace}}}
spec: {{policyName: {namespace}}}
"#
    )
}

/// A run whose sidecar is not in its template.
fn meshed(name: &str, spec: &str, main: &str) -> String {
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
{spec}
  sidecars: [{{name: proxy}}]
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers: [{{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"]}}]
"#
    )
}

async fn inject(w: &World) {
    w.kubectl_ok(&["apply", "-f", "-"], &injector(&w.namespace));
    eventually("the injection is in force", || async {
        let probe =
            ["run", "probe", "--image=busybox:1.37", "--dry-run=server", "-o", "jsonpath={.spec.containers[*].name}"];
        String::from_utf8_lossy(&w.kubectl(&probe, "").stdout).contains("proxy").then_some(())
    })
    .await;
}

/// What is said of a run at its end whose Pods all had the container.
fn says_it_was_found(status: &SidecarJobStatus, sidecars: &str) {
    let found = status.conditions.iter().find(|c| c.type_ == "SidecarMissing").expect("it was looked for");
    assert_eq!((found.status.as_str(), found.reason.as_str()), ("False", "AllFound"));
    assert_eq!(status.sidecars.as_deref(), Some(sidecars));
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_plain_container_that_admission_adds_is_stopped_and_decides_nothing() {
    world("injected", &[], |w| async move {
        inject(&w).await;
        for mode in ["Auto", "Managed"] {
            let name = mode.to_lowercase();
            let spec = format!("  backoffLimit: 0\n  sidecarMode: {mode}\n  injectedContainers: Sidecar");
            w.apply(&meshed(&name, &spec, "sleep 1")).await;
        }
        for name in ["auto", "managed"] {
            let status = w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)), "{name}: its exit code 3 fails nothing");
            says_it_was_found(&status, "1/1 stopped");
            let pod = w.pods_of(name).await.remove(0);
            let names: Vec<_> = pod.spec.as_ref().expect("a spec").containers.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(names, ["main", "proxy"], "{name}: it was added as a plain container");
            assert!(w.logs(&pod, "proxy").await.contains("drained"), "{name}");
        }
        w.kubectl_ok(&["delete", "-f", "-"], &injector(&w.namespace));
    })
    .await;
}

/// The last status of so many runs that end. No status on the way says that a sidecar is missing.
async fn ends_without_missing(w: &World, runs: usize) -> BTreeMap<String, SidecarJobStatus> {
    let mut changes = watcher(w.jobs(), watcher::Config::default()).default_backoff().applied_objects().boxed();
    let mut ends = BTreeMap::new();
    let all = async {
        while ends.len() < runs {
            let Some(Ok(run)) = changes.next().await else { continue };
            let (name, status) = (run.name_any(), run.status.unwrap_or_default());
            assert!(!is_true(&status, "SidecarMissing"), "{name}: {:?}", status.conditions);
            if is_true(&status, "Finished") {
                ends.insert(name, status);
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the runs end");
    ends
}

/// The Pods of the past are not looked at any more: during the wait before the next one, and at the end, there is none.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_admission_adds_is_not_missing_between_two_tries_nor_at_the_end() {
    world("retried", &["--pod-failure-backoff=2s"], |w| async move {
        inject(&w).await;
        w.apply(&meshed("retried", "  backoffLimit: 1", "sleep 1; exit 1")).await;
        w.apply(&meshed("done", "  backoffLimit: 1", "sleep 1")).await;
        let ends = ends_without_missing(&w, 2).await;
        for (name, phase, sidecars) in
            [("done", Phase::Complete, "1/1 stopped"), ("retried", Phase::Failed, "2/2 stopped")]
        {
            let status = &ends[name];
            assert_eq!(status.phase, Some(phase));
            says_it_was_found(status, sidecars);
            let events = w.events(name).await;
            assert!(!events.iter().any(|(reason, _)| reason == "SidecarMissing"), "{name}: {events:?}");
        }
        w.kubectl_ok(&["delete", "-f", "-"], &injector(&w.namespace));
    })
    .await;
}
