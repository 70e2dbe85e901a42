//! "A plain Job, CronJob or what a chart creates completes beside its plain sidecars": with the built-in controllers.

use kube::ResourceExt;
use kube::api::{Api, ListParams};
use serde_json::{Value, json};

use super::support::{eventually, policy::Policy, world_without_controller};
use super::{SIDE, annotation, completes, container, create, inits, job, plain, pod_of};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_completes_beside_a_sidecar_that_never_ends_and_the_sidecar_drains() {
    world_without_controller("job", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/config/samples/one-annotation.yaml");
        let sample: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).expect("the sample")).expect("YAML");
        let pod = completes(&w, &sample).await;
        assert_eq!((plain(&pod), inits(&pod)), (vec!["cleanup-cluster"], vec!["ffwd*".to_string()]));
        assert_eq!((annotation(&pod, "moved"), annotation(&pod, "sidecars")), (Some("ffwd"), Some("ffwd")));
        assert!(w.logs(&pod, "cleanup-cluster").await.contains("the cluster is clean"));
        assert!(w.logs(&pod, "ffwd").await.contains("flushed"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn two_main_containers_and_on_failure() {
    world_without_controller("two-mains", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        // `load` fails at first and is restarted by the kubelet, while the sidecar goes on
        let load = "test -e /shared/tried && exit 0; touch /shared/tried; exit 1";
        let mut containers = [container("extract", "sleep 1"), container("side", SIDE), container("load", load)];
        containers[2]["volumeMounts"] = json!([{"name": "shared", "mountPath": "/shared"}]);
        let more = json!({"restartPolicy": "OnFailure", "volumes": [{"name": "shared", "emptyDir": {}}]});
        let mut object = job("etl", Some("extract,load"), &containers, more);
        object["spec"]["backoffLimit"] = json!(6);
        let pod = completes(&w, &object).await;
        assert_eq!((plain(&pod), inits(&pod)), (vec!["extract", "load"], vec!["side*".to_string()]));
        assert!(w.logs(&pod, "side").await.contains("drained"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_that_fails_fails_the_job_though_the_sidecar_ran() {
    world_without_controller("fails", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        create(
            &w,
            &job("fails", Some("work"), &[container("work", "exit 3"), container("side", SIDE)], json!({})),
            &[],
        )
        .expect("created");
        let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
        eventually("the Job has failed", || async {
            let status = jobs.get("fails").await.ok()?.status?;
            status.conditions?.iter().any(|c| c.type_ == "Failed" && c.status == "True").then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_cronjob_creates_jobs_that_complete() {
    world_without_controller("cronjob", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        let job = job("x", Some("work"), &[container("work", "sleep 1"), container("side", SIDE)], json!({}));
        let cron = json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
            "spec": {"schedule": "* * * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": job["spec"]}}
        });
        create(&w, &cron, &[]).expect("created");
        let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
        let by_schedule = eventually("the schedule has created a Job", || async {
            jobs.list(&ListParams::default()).await.ok()?.items.pop()
        })
        .await;
        let pod = super::complete(&w, &by_schedule.name_any()).await;
        assert_eq!(inits(&pod), ["side*"]);
        w.kubectl_ok(&["create", "job", "by-hand", "--from=cronjob/nightly"], "");
        assert_eq!(inits(&super::complete(&w, "by-hand").await), ["side*"]);
    })
    .await;
}

/// What is left of a Pod when all is taken that differs from Pod to Pod.
fn essence(pod: &Pod) -> String {
    let mut pod = serde_json::to_value(pod).expect("JSON");
    let meta = &pod["metadata"];
    let kept = json!({"annotations": meta["annotations"], "labels": meta["labels"], "finalizers": meta["finalizers"]});
    pod["metadata"] = kept;
    pod["status"] = Value::Null;
    serde_json::to_string_pretty(&pod).expect("JSON")
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_pod_of_a_deployment_without_the_annotation_is_untouched_byte_for_byte() {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": {"of.their/own": "x"}},
                "spec": {
                    "automountServiceAccountToken": false, "terminationGracePeriodSeconds": 1,
                    "initContainers": [container("setup", "true"), container("mesh", SIDE)],
                    "containers": [container("web", SIDE), container("side", SIDE)]
                }
            }
        }
    });
    let mut deployment = deployment;
    deployment["spec"]["template"]["spec"]["initContainers"][1]["restartPolicy"] = json!("Always");
    world_without_controller("untouched", |w| async move {
        let pods = w.pods();
        let only_pod = |what: &'static str| {
            let (pods, w) = (pods.clone(), &w);
            let deployment = &deployment;
            async move {
                create(w, deployment, &[]).expect("created");
                let labels = ListParams::default().labels("app=web");
                let pod = eventually(what, || async {
                    let pod = pods.list(&labels).await.ok()?.items.pop()?;
                    pod.spec.as_ref()?.node_name.is_some().then_some(pod)
                })
                .await;
                w.kubectl_ok(&["delete", "deployment", "web", "--cascade=foreground", "--wait=true"], "");
                eventually("it is gone", || async { pods.list(&labels).await.ok()?.items.is_empty().then_some(()) })
                    .await;
                essence(&pod)
            }
        };
        let before = only_pod("its Pod before").await;
        let _policy = Policy::one_annotation(&w).await;
        let after = only_pod("its Pod with the policy").await;
        assert!(before.contains("\"side\""), "{before}");
        assert_eq!(before, after);
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_job_without_the_annotation_is_left_alone() {
    world_without_controller("unmarked", |w| async move {
        let _policy = Policy::one_annotation(&w).await;
        create(&w, &job("plain", None, &[container("work", "true"), container("side", SIDE)], json!({})), &[])
            .expect("created");
        let pod = pod_of(&w, "plain").await;
        assert_eq!((plain(&pod), inits(&pod).len()), (vec!["work", "side"], 0));
        assert_eq!((annotation(&pod, "moved"), annotation(&pod, "sidecars")), (None, None));
    })
    .await;
}
