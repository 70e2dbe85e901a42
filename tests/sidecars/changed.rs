//! "What a webhook makes of the Pod is seen, said, and overcome." The webhooks here are policies: the API server calls them
//! as it calls webhooks, once, and the Pod that comes back is the same.

use sidecarjob::api::Phase;

use crate::manifest::{MODES, job, pod, shell, standin};
use crate::support::{World, eventually, is_true, world};

/// A policy for the Pods of the namespace that changes them by that patch.
fn policy(namespace: &str, patch: &str) -> String {
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
        [JSONPatch{{op: "add", path: "/metadata/annotations", value: {{"acme.com/injected": "1"}}}}].filter(p, !has(object.metadata.annotations)) +
        [JSONPatch{{op: "add", path: "/metadata/annotations/acme.com~1injected", value: "1"}}] +
        ({patch})
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {{name: {namespace}}}
spec: {{policyName: {namespace}}}
"#
    )
}

/// Puts the policy in force.
async fn change(w: &World, patch: &str) {
    w.kubectl_ok(&["apply", "-f", "-"], &policy(&w.namespace, patch));
    eventually("the policy is in force", || async {
        let probe =
            ["run", "probe", "--image=busybox:1.37", "--dry-run=server", "-o", "jsonpath={.metadata.annotations}"];
        String::from_utf8_lossy(&w.kubectl(&probe, "").stdout).contains("acme.com").then_some(())
    })
    .await;
}

fn undo(w: &World) {
    w.kubectl_ok(&["delete", "-f", "-"], &policy(&w.namespace, "[]"));
}

/// Takes restartPolicy from every init container.
const STRIPS: &str = r#"(has(object.spec.initContainers) ? lists.range(size(object.spec.initContainers)) : []).filter(i,
          has(object.spec.initContainers[i].restartPolicy)).map(i,
          JSONPatch{op: "remove", path: "/spec/initContainers/" + string(i) + "/restartPolicy"})"#;

/// Moves the first init container to the containers, as a plain one.
const MAKES_PLAIN: &str = r#"has(object.spec.initContainers) ? [
          JSONPatch{op: "remove", path: "/spec/initContainers/0/restartPolicy"},
          JSONPatch{op: "move", from: "/spec/initContainers/0", path: "/spec/containers/-"}] : []"#;

/// Another command for the main container.
const CHANGES_MAIN: &str = r#"object.spec.containers[0].name != "main" ? [] : [
          JSONPatch{op: "replace", path: "/spec/containers/0/command", value: ["true"]}]"#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_pod_that_hangs_since_restart_policy_was_stripped_is_replaced_and_the_run_goes_on_managed() {
    world("stripped", &[], |w| async move {
        change(&w, STRIPS).await;
        let spec = "  backoffLimit: 0\n  sidecars: [{name: side}]";
        w.apply(&job("stripped", spec, &[shell("main", "sleep 1"), standin("side", "")])).await;
        let condition = w.condition("stripped", "PodChanged").await;
        let status = w.until("stripped", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        undo(&w);
        assert_eq!(condition.reason, "RestartPolicyStripped");
        assert!(condition.message.contains("acme.com/injected"), "{}", condition.message);
        assert_eq!(w.event("stripped", "RestartPolicyStripped").await, condition.message);
        assert_eq!((status.succeeded, status.failed), (Some(1), Some(0)), "the Pod that hung counts for nothing");
        let pod = w.pods_of("stripped").await.pop().expect("the second Pod");
        assert_eq!(pod.metadata.annotations.as_ref().expect("some")["sidecarjob.dev/mode"], "managed");
        assert!(w.logs(&pod, "side").await.contains("got TERMINATED"));
    })
    .await;
}

/// The standard form: it stands among the init containers, and nobody has to name it.
#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_native_sidecar_of_the_template_that_is_stripped_time_and_again_ends_as_a_plain_one() {
    world("standard", &[], |w| async move {
        change(&w, STRIPS).await;
        let init = format!(
            "      restartPolicy: Never\n      initContainers:\n      - {{{}, restartPolicy: Always}}\n",
            standin("side", "")
        );
        w.apply(&pod("standard", "  backoffLimit: 0", &init, &[shell("main", "sleep 1")])).await;
        let condition = w.condition("standard", "PodChanged").await;
        let status = w.until("standard", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        undo(&w);
        assert_eq!((condition.reason.as_str(), status.failed), ("RestartPolicyStripped", Some(0)));
        let pod = w.pods_of("standard").await.pop().expect("the second Pod");
        assert!(w.logs(&pod, "side").await.contains("got TERMINATED"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_was_turned_plain_is_stopped_and_said() {
    world("plain", &[], |w| async move {
        change(&w, MAKES_PLAIN).await;
        w.apply(&job("plain", "  sidecars: [{name: side}]", &[shell("main", "sleep 1"), standin("side", "")])).await;
        let condition = w.condition("plain", "PodChanged").await;
        w.until("plain", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        undo(&w);
        assert_eq!(condition.reason, "SidecarMadePlain");
        let pods = w.pods_of("plain").await;
        assert_eq!(pods.len(), 1, "this Pod could go on");
        assert!(w.logs(&pods[0], "side").await.contains("got TERMINATED"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_was_changed_is_said() {
    world("mainchanged", &[], |w| async move {
        change(&w, CHANGES_MAIN).await;
        for (name, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&job(name, &spec, &[shell("main", "exit 5"), standin("side", "")])).await;
        }
        for (name, _) in MODES {
            let condition = w.condition(name, "PodChanged").await;
            let status = w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            assert_eq!(condition.reason, "MainContainerChanged", "{name}");
            assert!(condition.message.contains("main container main has another command"), "{name}");
            assert!(is_true(&status, "PodChanged"), "{name}: it stays when the Pod is not looked at any more");
        }
        undo(&w);
    })
    .await;
}
