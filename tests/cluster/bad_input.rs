//! "A bad input gets a clear answer": what only the Pod's admission refuses, and names that are not there.

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;
use sidecarjob::api::Phase;

use crate::support::{eventually, is_true, one_container, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_template_that_the_api_server_refuses_is_said_in_its_words_without_a_hot_loop() {
    world("refused", &[], |w| async move {
        w.apply(&one_container("upper", "", "exit 0").replace("name: main", "name: UPPER CASE")).await;
        let stalled = w.condition("upper", "Stalled").await;
        assert_eq!(stalled.reason, "PodRefused");
        assert!(stalled.message.contains("UPPER CASE") && stalled.message.contains("name"), "{}", stalled.message);
        assert!(w.event("upper", "FailedCreate").await.contains("UPPER CASE"));
        let version = |job: sidecarjob::api::SidecarJob| job.metadata.resource_version;
        let before = version(w.jobs().get("upper").await.expect("there"));
        eventually("it is tried again", || async {
            use k8s_openapi::api::events::v1::Event;
            let api: Api<Event> = Api::namespaced(w.client.clone(), &w.namespace);
            let events = api.list(&Default::default()).await.ok()?;
            let tries = events.items.iter().filter_map(|e| e.series.as_ref()).map(|s| s.count).max();
            (tries >= Some(3)).then_some(())
        })
        .await;
        let after = version(w.jobs().get("upper").await.expect("there"));
        assert_eq!(before, after, "a try that is refused again writes nothing");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_quota_stalls_it_and_it_goes_on_when_there_is_room() {
    world("quota", &[], |w| async move {
        let quotas: Api<ResourceQuota> = Api::namespaced(w.client.clone(), &w.namespace);
        let quota = json!({"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}});
        quotas.create(&PostParams::default(), &serde_json::from_value(quota).unwrap()).await.expect("created");
        eventually("the quota is in force", || async { quotas.get("none").await.ok()?.status?.hard }).await;
        w.apply(&one_container("waits", "", "exit 0")).await;
        let stalled = w.condition("waits", "Stalled").await;
        assert!(stalled.message.contains("exceeded quota"), "{}", stalled.message);
        quotas.delete("none", &DeleteParams::default()).await.expect("deleted");
        let status = w.until("waits", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert!(!is_true(&status, "Stalled"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_image_policy_is_said_in_its_own_words() {
    world("policy", &[], |w| async move {
        let policy = format!(
            r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: {ns}}}
spec:
  matchConstraints:
    namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {ns}}}}}
    resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]
  validations:
  - expression: object.spec.containers.all(c, c.image.startsWith('registry.example.com/'))
    message: images come from registry.example.com only
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: {ns}}}
spec: {{policyName: {ns}, validationActions: [Deny]}}
"#,
            ns = w.namespace
        );
        w.kubectl_ok(&["apply", "-f", "-"], &policy);
        eventually("the policy is in force", || async {
            let out = w.kubectl(&["run", "probe", "--image=busybox:1.37", "--dry-run=server"], "");
            (!out.status.success()).then_some(())
        })
        .await;
        w.apply(&one_container("refused", "", "exit 0")).await;
        let stalled = w.condition("refused", "Stalled").await;
        assert_eq!(stalled.reason, "PodRefused");
        assert!(stalled.message.contains("images come from registry.example.com only"), "{}", stalled.message);
        w.kubectl_ok(&["delete", "-f", "-"], &policy);
        w.until("refused", "Complete", |s| s.phase == Some(Phase::Complete)).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_sidecar_that_is_not_there_is_said_and_stops_nothing() {
    world("missing", &[], |w| async move {
        w.apply(&one_container("typo", "  sidecars: [{name: istio-porxy}]", "exit 0")).await;
        let status = w.until("typo", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let missing = status.conditions.iter().find(|c| c.type_ == "SidecarMissing").expect("said");
        assert_eq!(missing.status, "True");
        assert!(missing.message.contains("\"istio-porxy\"") && missing.message.contains("main"), "{}", missing.message);
        assert!(w.event("typo", "SidecarMissing").await.contains("istio-porxy"));
        w.apply(&one_container("suspended", "  suspend: true\n  sidecars: [{name: later}]", "exit 0")).await;
        assert_eq!(w.condition("suspended", "SidecarMissing").await.reason, "NotInTemplate");
    })
    .await;
}
