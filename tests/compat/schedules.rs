//! SidecarCronJobs.

use kube::api::{Api, ListParams, PostParams};
use sidecarjob::api::{Phase, SidecarCronJob};

use super::support::{eventually, world};
use super::{kubelet::Kubelet, manifest};

#[tokio::test]
#[ignore = "needs a cluster: run make compat"]
async fn a_schedule_creates_a_run_that_completes() {
    world("schedules", &[], |w| async move {
        let _kubelet = Kubelet::play(&w.client, &w.namespace, false).await;
        let template = manifest::TEMPLATE.replace("\n  ", "\n      ");
        let text = format!(
            "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarCronJob\nmetadata: {{name: minutely}}\nspec:\n  \
             schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      sidecars: [{{name: side}}]{template}"
        );
        let schedule: SidecarCronJob = serde_saphyr::from_str(&text).expect("a SidecarCronJob");
        let schedules: Api<SidecarCronJob> = Api::namespaced(w.client.clone(), &w.namespace);
        schedules.create(&PostParams::default(), &schedule).await.expect("created");
        let of_the_schedule = ListParams::default().labels("sidecarjob.dev/schedule=minutely");
        let jobs = w.jobs();
        eventually("a run of the schedule is Complete", || async {
            let runs = jobs.list(&of_the_schedule).await.ok()?;
            runs.items.into_iter().find(|run| run.status.as_ref().and_then(|s| s.phase) == Some(Phase::Complete))
        })
        .await;
    })
    .await;
}
