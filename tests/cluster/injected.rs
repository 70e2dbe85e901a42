//! "Sidecars that somebody else puts into the Pod are stopped": a container that admission adds as a plain one.

use sidecarjob::api::Phase;

use crate::support::{World, eventually, world};

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

const JOB: &str = r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {name: meshed}
spec:
  backoffLimit: 0
  sidecars: [{name: proxy}]
  injectedContainers: Sidecar
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers: [{name: main, image: "busybox:1.37", command: [sh, -c, "sleep 1"]}]
"#;

async fn inject(w: &World) {
    w.kubectl_ok(&["apply", "-f", "-"], &injector(&w.namespace));
    eventually("the injection is in force", || async {
        let probe =
            ["run", "probe", "--image=busybox:1.37", "--dry-run=server", "-o", "jsonpath={.spec.containers[*].name}"];
        String::from_utf8_lossy(&w.kubectl(&probe, "").stdout).contains("proxy").then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_plain_container_that_admission_adds_is_stopped_and_decides_nothing() {
    world("injected", &[], |w| async move {
        inject(&w).await;
        w.apply(JOB).await;
        let status = w.until("meshed", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        w.kubectl_ok(&["delete", "-f", "-"], &injector(&w.namespace));
        assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)), "its exit code 3 fails nothing");
        assert!(!status.conditions.iter().any(|c| c.type_ == "SidecarMissing"), "it was found in the Pod");
        let pod = w.pods_of("meshed").await.remove(0);
        let names: Vec<_> = pod.spec.as_ref().expect("a spec").containers.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["main", "proxy"], "it was added as a plain container");
        assert!(w.logs(&pod, "proxy").await.contains("drained"));
    })
    .await;
}
