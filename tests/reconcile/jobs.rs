//! A batch/v1 Job by managedBy goes the same way, with its own finalizer, path and rules for the end.

use sidecarjob::api::SharedJob;

use super::*;

pub const JOB_STATUS: &str = "/apis/batch/v1/namespaces/ns/jobs/job/status";

pub fn batch_job(status: Value) -> SharedJob {
    serde_json::from_value(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid", "resourceVersion": "10", "generation": 1},
        "spec": {
            "managedBy": labels::CONTROLLER, "completions": 1, "parallelism": 1, "backoffLimit": 6,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
            "template": {
                "metadata": {"labels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}
            }
        },
        "status": status
    }))
    .expect("a Job")
}

fn pod_of_job(phase: &str, exit: Option<i32>) -> Value {
    let mut pod = pod("a", 5, phase, exit);
    pod["metadata"]["finalizers"] = json!([labels::BATCH_TRACKING_FINALIZER]);
    pod["metadata"]["labels"]["batch.kubernetes.io/controller-uid"] = json!("job-uid");
    pod["metadata"]["ownerReferences"][0]["apiVersion"] = json!("batch/v1");
    pod["metadata"]["ownerReferences"][0]["kind"] = json!("Job");
    pod["spec"]["initContainers"] = json!([]);
    pod
}

async fn run(script: Vec<Call>, pods: Vec<Value>, job: SharedJob) -> Vec<(String, Value)> {
    let Stage { ctx, sent, server, .. } = stage_of::<SharedJob>(script, pods);
    reconcile(Arc::new(Watched::from(job)), ctx.clone()).await.expect("well");
    drop(ctx);
    server.await.expect("the script was followed to its end");
    std::mem::take(&mut *sent.lock().expect("not poisoned"))
}

#[tokio::test]
async fn a_new_job_gets_its_pod_with_kubernetes_own_finalizer_and_a_status_of_its_own_kind() {
    let script = vec![on(Method::POST, PODS, stored(11)), on(Method::PUT, JOB_STATUS, stored(12))];
    let sent = run(script, vec![], batch_job(json!({}))).await;
    let pod: Pod = serde_json::from_value(sent[0].1.clone()).unwrap();
    assert_eq!(pod.finalizers(), [labels::BATCH_TRACKING_FINALIZER]);
    let status = &sent[1].1["status"];
    assert_eq!((&status["active"], &status["phase"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn a_job_ends_in_two_writes_with_the_finalizer_gone_in_between() {
    let done = pod_of_job("Succeeded", Some(0));
    let free = without_finalizer(done.clone(), 13);
    let script = vec![
        on(Method::PUT, JOB_STATUS, stored(12)),
        on(Method::PATCH, "/pods/job-a", move |_| (200, free.clone())),
        on(Method::PUT, JOB_STATUS, stored(14)),
    ];
    let sent = run(script, vec![done], batch_job(json!({"startTime": "2026-01-01T00:00:00Z"}))).await;
    let (first, last) = (&sent[0].1["status"], &sent[2].1["status"]);
    assert_eq!(condition(first, "SuccessCriteriaMet").expect("known")["status"], "True");
    assert_eq!((condition(first, "Complete"), &first["uncountedTerminatedPods"]["succeeded"]), (None, &json!(["a"])));
    assert_eq!(condition(last, "Complete").expect("over")["status"], "True");
    assert_eq!((&last["succeeded"], &last["completionTime"].is_string()), (&json!(1), &true));
}

#[tokio::test]
async fn a_job_of_another_manager_costs_no_call() {
    let mut other = batch_job(json!({}));
    other.spec.as_mut().unwrap().managed_by = Some("example.com/other".into());
    assert_eq!(run(vec![], vec![pod_of_job("Succeeded", Some(0))], other).await, []);
}
