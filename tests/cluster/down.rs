//! "What holds a run up is said": an admission webhook that is down, for Pods, for finalizers, for runs of schedules.

use sidecarjob::api::{Phase, SidecarCronJob};

use crate::support::{World, eventually, one_container, world};

/// A webhook that nobody answers for, asked for these requests in the namespace of the test.
fn webhook(w: &World, name: &str, operation: &str, group: &str, resource: &str) -> String {
    format!(
        r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: {namespace}-{name}}}
webhooks:
- name: {name}.test.sidecarjob.dev
  clientConfig: {{url: "https://127.0.0.1:9/down"}}
  rules: [{{apiGroups: ["{group}"], apiVersions: ["*"], operations: [{operation}], resources: [{resource}]}}]
  namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}
  failurePolicy: Fail
  timeoutSeconds: 2
  sideEffects: None
  admissionReviewVersions: [v1]
"#,
        namespace = w.namespace
    )
}

/// Registers it, and waits until it is in the way: a request that only asks is refused.
async fn break_down(w: &World, webhook: &str, probe: &str, args: &[&str]) {
    w.kubectl_ok(&["apply", "-f", "-"], webhook);
    eventually("the webhook is in the way", || async {
        let out = w.kubectl(args, probe);
        String::from_utf8_lossy(&out.stderr).contains("failed calling webhook").then_some(())
    })
    .await;
}

const POD: &str = r#"{apiVersion: v1, kind: Pod, metadata: {name: probe}, spec: {containers: [{name: a, image: a}]}}"#;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_whose_webhook_is_down_says_so_until_the_webhook_is_back() {
    world("down", &[], |w| async move {
        let down = webhook(&w, "pods", "CREATE", "", "pods");
        break_down(&w, &down, POD, &["create", "--dry-run=server", "-f", "-"]).await;
        for mode in ["Native", "Managed"] {
            w.apply(&one_container(
                &format!("held-up-{}", mode.to_lowercase()),
                &format!("  sidecarMode: {mode}"),
                "exit 0",
            ))
            .await;
        }
        let batch = one_container("held-up-job", "  managedBy: sidecarjob.dev/controller", "exit 0")
            .replace("apiVersion: sidecarjob.dev/v1alpha1", "apiVersion: batch/v1")
            .replace("kind: SidecarJob", "kind: Job");
        w.kubectl_ok(&["create", "-f", "-"], &batch);
        for name in ["held-up-native", "held-up-managed"] {
            let stalled = w.condition(name, "Stalled").await;
            assert_eq!(stalled.reason, "PodRefused");
            assert!(stalled.message.contains("failed calling webhook"), "{}", stalled.message);
            let status = w.until(name, "its message", |s| s.message.is_some()).await;
            assert_eq!((status.phase, status.message), (Some(Phase::Pending), Some(stalled.message)));
            assert!(w.event(name, "FailedCreate").await.contains("failed calling webhook"));
        }
        let field = "--field-selector=involvedObject.kind=Job,involvedObject.name=held-up-job,reason=FailedCreate";
        eventually("the Job's event", || async {
            w.kubectl_ok(&["get", "events", field, "-o", "yaml"], "").contains("failed calling webhook").then_some(())
        })
        .await;
        w.kubectl_ok(&["delete", "-f", "-"], &down);
        for name in ["held-up-native", "held-up-managed"] {
            let status = w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            assert!(!status.conditions.iter().any(|c| c.type_ == "Stalled" && c.status == "True"));
        }
        assert!(!w.log().contains("failed with status"), "each try is one line, ours: {}", w.log());
        w.kubectl_ok(&["wait", "job/held-up-job", "--for=condition=Complete", "--timeout=120s"], "");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_finalizer_that_a_webhook_holds_back_is_said_until_it_is_taken() {
    world("held", &[], |w| async move {
        w.apply(&one_container("held", "  completions: 2", "sleep 5")).await;
        let pod = eventually("its Pod", || async { w.pods_of("held").await.pop() }).await;
        let name = pod.metadata.name.expect("a name");
        let down = webhook(&w, "updates", "UPDATE", "", "pods");
        break_down(&w, &down, "", &["label", "--dry-run=server", "pod", &name, "a=b"]).await;
        let stalled = w.condition("held", "Stalled").await;
        assert_eq!(stalled.reason, "StepFailed");
        assert!(stalled.message.starts_with("failed to take the finalizer from Pod"), "{}", stalled.message);
        assert!(w.event("held", "StepFailed").await.contains("failed calling webhook"));
        w.kubectl_ok(&["delete", "-f", "-"], &down);
        let status = w.until("held", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        assert_eq!(status.succeeded, Some(2));
        assert!(!status.conditions.iter().any(|c| c.type_ == "Stalled" && c.status == "True"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_schedule_whose_runs_a_webhook_holds_back_says_so_until_one_starts() {
    world("downcron", &[], |w| async move {
        let down = webhook(&w, "runs", "CREATE", "sidecarjob.dev", "sidecarjobs");
        let probe = one_container("probe", "  backoffLimit: 0", "exit 0");
        break_down(&w, &down, &probe, &["create", "--dry-run=server", "-f", "-"]).await;
        let run = one_container("x", "  suspend: true", "exit 0");
        let (_, spec) = run.split_once("spec:\n").expect("a spec");
        let indented: String = spec.lines().map(|line| format!("    {line}\n")).collect();
        let yaml = format!(
            "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarCronJob\nmetadata: {{name: minutely}}\nspec:\n  \
             schedule: \"* * * * *\"\n  jobTemplate:\n    spec:\n{indented}"
        );
        w.kubectl_ok(&["create", "-f", "-"], &yaml);
        let crons: kube::Api<SidecarCronJob> = kube::Api::namespaced(w.client.clone(), &w.namespace);
        let stalled = |is: &'static str| {
            let crons = crons.clone();
            async move {
                eventually(&format!("Stalled is {is}"), || async {
                    let all = crons.get("minutely").await.ok()?.status?.conditions;
                    all.into_iter().find(|c| c.type_ == "Stalled" && c.status == is)
                })
                .await
            }
        };
        let condition = stalled("True").await;
        assert_eq!(condition.reason, "JobRefused");
        assert!(condition.message.contains("failed calling webhook"), "{}", condition.message);
        let field = "--field-selector=involvedObject.kind=SidecarCronJob,reason=FailedCreate";
        eventually("its event", || async {
            w.kubectl_ok(&["get", "events", field, "-o", "yaml"], "").contains("failed calling webhook").then_some(())
        })
        .await;
        w.kubectl_ok(&["delete", "-f", "-"], &down);
        stalled("False").await;
    })
    .await;
}
