//! batch/v1 Jobs whose `spec.managedBy` names this controller.

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, PostParams};

use super::support::{eventually, world};
use super::{absent, kubelet::Kubelet, manifest};

fn job(name: &str) -> Job {
    let text = format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations: {{sidecarjob.dev/sidecars: side}}\n\
         spec:\n  managedBy: sidecarjob.dev/controller\n  backoffLimit: 0{}",
        manifest::TEMPLATE
    );
    serde_saphyr::from_str(&text).expect("a Job")
}

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn a_job_completes_or_the_api_server_drops_managed_by() {
    world("jobs", &[], |w| async move {
        let w = &w; // the whole world: the controller is a part of it, and ends with it
        let _kubelet = Kubelet::play(&w.client, &w.namespace, false).await;
        let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
        let dry_run = PostParams { dry_run: true, ..PostParams::default() };
        let kept = jobs.create(&dry_run, &job("kept")).await.expect("taken").spec.expect("a spec").managed_by;
        if kept.is_none() {
            absent("jobs", "off before 1.32: the API server drops `managedBy`");
            return;
        }
        let mut bad = job("bad");
        let template = &mut bad.spec.as_mut().expect("a spec").template;
        template.metadata.get_or_insert_default().annotations = Some([("compat/exit-code".into(), "3".into())].into());
        for job in [job("good"), bad] {
            jobs.create(&PostParams::default(), &job).await.expect("created");
        }
        for (name, type_, counted) in [("good", "Complete", (Some(1), None)), ("bad", "Failed", (None, Some(1)))] {
            let status = eventually(&format!("Job {name} is {type_}"), || async {
                let status = jobs.get(name).await.ok()?.status?;
                let is = status.conditions.iter().flatten().any(|c| c.type_ == type_ && c.status == "True");
                is.then_some(status)
            })
            .await;
            let some = |count: Option<i32>| count.filter(|count| *count > 0);
            assert_eq!((some(status.succeeded), some(status.failed)), counted, "{name}");
        }
    })
    .await;
}
