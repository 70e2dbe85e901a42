//! "Jobs that exist already: `spec.managedBy: sidecarjob.dev/controller`, nothing else changed."

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams};

use crate::support::{World, eventually, world};

/// A manifest of a Job with a sidecar that never exits by itself.
fn job(name: &str, head: &str, spec: &str) -> String {
    format!(
        r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
{head}
spec:
{spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 5
      containers:
      - {{name: work, image: "busybox:1.37", command: [sh, -c, "echo done"]}}
      - {{name: ffwd, image: "busybox:1.37", command: [sh, -c, "trap 'exit 0' TERM; while :; do sleep 0.1; done"]}}
"#
    )
}

const OURS: &str = "  managedBy: sidecarjob.dev/controller";
const MARKED: &str = "  annotations: {sidecarjob.dev/sidecars: ffwd}";

fn jobs(w: &World) -> Api<Job> {
    Api::namespaced(w.client.clone(), &w.namespace)
}

/// Waits until the Job has that condition.
async fn until(w: &World, name: &str, type_: &str) -> Job {
    let api = jobs(w);
    eventually(&format!("Job {name} is {type_}"), || async {
        let job = api.get(name).await.ok()?;
        let conditions = job.status.as_ref()?.conditions.as_deref()?;
        conditions.iter().any(|c| c.type_ == type_ && c.status == "True").then(|| job.clone())
    })
    .await
}

async fn pods_of(w: &World, job: &Job) -> Vec<Pod> {
    let selector = format!("batch.kubernetes.io/job-name={}", job.name_any());
    w.pods().list(&ListParams::default().labels(&selector)).await.expect("Pods are listed").items
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_with_a_plain_sidecar_completes_by_one_field_and_one_annotation() {
    world("jobs", &[], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], &job("cleanup", MARKED, OURS));
        w.kubectl_ok(&["wait", "--for=condition=Complete", "job/cleanup", "--timeout=90s"], "");
        let job = until(&w, "cleanup", "Complete").await;
        let status = job.status.as_ref().expect("a status");
        assert_eq!((status.succeeded, status.failed, status.active), (Some(1), None, None));
        let pods = pods_of(&w, &job).await;
        assert_eq!((pods.len(), pods[0].finalizers().len()), (1, 0), "one Pod, and nobody holds it");
        assert!(w.kubectl_ok(&["logs", "job/cleanup"], "").contains("done"), "kubectl logs takes the main container");
        w.kubectl_ok(&["delete", "job", "cleanup"], "");
        w.pods_gone().await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_cronjob_and_kubectl_create_job_from_it_work_unchanged() {
    world("cronjob", &[], |w| async move {
        let template: serde_json::Value = serde_saphyr::from_str(&job("x", MARKED, OURS)).expect("a Job");
        let cronjob = serde_json::json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"metadata": {"annotations": template["metadata"]["annotations"]},
                     "spec": template["spec"]}}
        });
        w.kubectl_ok(&["create", "-f", "-"], &cronjob.to_string());
        w.kubectl_ok(&["create", "job", "now", "--from=cronjob/nightly"], "");
        until(&w, "now", "Complete").await;
        let cronjobs: Api<CronJob> = Api::namespaced(w.client.clone(), &w.namespace);
        eventually("the CronJob has seen a Job of its own succeed", || async {
            cronjobs.get("nightly").await.ok()?.status?.last_successful_time
        })
        .await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_as_a_helm_chart_renders_it_is_upgraded_and_hooks_see_it_complete() {
    world("chart", &[], |w| async move {
        let head = "  labels: {app.kubernetes.io/managed-by: Helm, helm.sh/chart: app-1.0.0}\n  annotations: \
                    {helm.sh/hook: post-install, meta.helm.sh/release-name: app, sidecarjob.dev/sidecars: ffwd}";
        let spec = format!("{OURS}\n  backoffLimit: 1\n  ttlSecondsAfterFinished: 3600");
        let yaml = job("app-migrate", head, &spec);
        w.kubectl_ok(&["apply", "--server-side", "--field-manager=helm", "-f", "-"], &yaml);
        let done = until(&w, "app-migrate", "Complete").await;
        w.kubectl_ok(&["apply", "--server-side", "--field-manager=helm", "-f", "-"], &yaml);
        let again = jobs(&w).get("app-migrate").await.expect("there");
        assert_eq!(again.status, done.status, "the same chart again changes nothing");
        assert_eq!(again.labels()["helm.sh/chart"], "app-1.0.0", "what others wrote stays");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_of_another_manager_is_never_touched() {
    world("others", &[], |w| async move {
        w.kubectl_ok(&["apply", "-f", "-"], &job("theirs", MARKED, "  managedBy: example.com/other"));
        w.kubectl_ok(&["apply", "-f", "-"], &job("builtin", MARKED, "  suspend: true"));
        until(&w, "builtin", "Suspended").await;
        w.kubectl_ok(&["apply", "-f", "-"], &job("ours", MARKED, OURS));
        until(&w, "ours", "Complete").await; // by now it has seen the others, too
        for name in ["theirs", "builtin"] {
            let job = jobs(&w).get(name).await.expect("there");
            let managers: Vec<_> = job.managed_fields().iter().filter_map(|f| f.manager.clone()).collect();
            assert!(managers.iter().all(|m| !m.contains("sidecarjob")), "{name}: {managers:?}");
            assert_eq!(pods_of(&w, &job).await.len(), 0, "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn an_indexed_job_with_a_limit_for_each_index_runs_all_indexes_and_says_which_failed() {
    world("perindex", &["--pod-failure-backoff=100ms"], |w| async move {
        let spec =
            format!("{OURS}\n  completionMode: Indexed\n  completions: 4\n  parallelism: 2\n  backoffLimitPerIndex: 1");
        let yaml = job("parts", MARKED, &spec).replace("echo done", "test $JOB_COMPLETION_INDEX != 2");
        w.kubectl_ok(&["apply", "-f", "-"], &yaml);
        let status = until(&w, "parts", "Failed").await.status.expect("a status");
        assert_eq!(
            (status.completed_indexes.as_deref(), status.failed_indexes.as_deref(), status.failed),
            (Some("0,1,3"), Some("2"), Some(2))
        );
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_failure_policy_ends_a_job_with_words_that_outlive_its_pod() {
    world("failpolicy", &[], |w| async move {
        let rules = "[{action: FailJob, onExitCodes: {containerName: work, operator: In, values: [42]}}]";
        let spec = format!("{OURS}\n  backoffLimit: 6\n  podFailurePolicy: {{rules: {rules}}}");
        w.kubectl_ok(&["apply", "-f", "-"], &job("strict", MARKED, &spec).replace("echo done", "exit 42"));
        let job = until(&w, "strict", "Failed").await;
        let failed = job.status.as_ref().and_then(|s| s.conditions.as_ref()).expect("conditions");
        let failed = failed.iter().find(|c| c.type_ == "Failed").expect("just seen");
        let pod = pods_of(&w, &job).await.remove(0);
        let words = format!(
            "Container work for pod {}/{} failed with exit code 42 matching FailJob rule at index 0",
            w.namespace,
            pod.name_any()
        );
        assert_eq!((failed.reason.as_deref(), failed.message.as_deref()), (Some("PodFailurePolicy"), Some(&*words)));
    })
    .await;
}
