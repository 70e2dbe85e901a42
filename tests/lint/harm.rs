//! What is observed of a run: the harm before the fix, and the good end after it.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use serde_json::Value;
use sidecarjob::api::{SidecarJob, labels};

use crate::cases::{Case, End, Harm};
use crate::support::{World, eventually};

/// A Job or a SidecarJob, and its Pods.
struct Run<'a> {
    w: &'a World,
    name: String,
    objects: Api<DynamicObject>,
    pods: String,
}

impl<'a> Run<'a> {
    fn of(w: &'a World, object: &Value) -> Self {
        let name = object["metadata"]["name"].as_str().expect("a name").to_owned();
        let (resource, label) = match object["kind"].as_str() {
            Some("Job") => (ApiResource::erase::<Job>(&()), "batch.kubernetes.io/job-name"),
            _ => (ApiResource::erase::<SidecarJob>(&()), labels::NAME),
        };
        let objects = Api::namespaced_with(w.client.clone(), &w.namespace, &resource);
        Self { w, pods: format!("{label}={name}"), name, objects }
    }

    async fn status(&self) -> Option<Value> {
        Some(self.objects.get(&self.name).await.ok()?.data["status"].clone())
    }

    /// `Complete` or `Failed`, with the reason, if the run has ended.
    async fn end(&self) -> Option<(String, String)> {
        let status = self.status().await?;
        let word = |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        let ended = |c: &&Value| c["status"] == "True" && ["Complete", "Failed"].contains(&&*word(c, "type"));
        let found = status["conditions"].as_array()?.iter().find(ended)?;
        Some((word(found, "type"), word(found, "reason")))
    }

    async fn ended(&self) -> (String, String) {
        eventually(&format!("{} has ended", self.name), || self.end()).await
    }

    async fn has_not_ended(&self) {
        assert_eq!(self.end().await, None, "{}: it goes on", self.name);
    }

    /// The Pods of the run.
    async fn pods(&self) -> Vec<Pod> {
        let params = ListParams::default().labels(&self.pods);
        self.w.pods().list(&params).await.map(|list| list.items).unwrap_or_default()
    }

    /// Waits until a container of a Pod is so; the Pod.
    async fn until(&self, container: &str, what: &str, is: impl Fn(&ContainerStatus) -> bool) -> Pod {
        eventually(&format!("{}: {container} {what}", self.name), || async {
            let pods = self.pods().await;
            pods.into_iter().find(|pod| status_of(pod, container).is_some_and(&is))
        })
        .await
    }

    /// The container runs a command that somebody sends, twice.
    fn answers_twice(&self, pod: &Pod, container: &str) {
        for _ in 0..2 {
            self.w.kubectl_ok(&["exec", &pod.name_any(), "-c", container, "--", "true"], "");
        }
    }
}

fn status_of<'a>(pod: &'a Pod, container: &str) -> Option<&'a ContainerStatus> {
    let status = pod.status.as_ref()?;
    let all = status.container_statuses.iter().chain(&status.init_container_statuses).flatten();
    all.into_iter().find(|status| status.name == container)
}

fn exit_code(status: &ContainerStatus) -> Option<i32> {
    let code = |state: &Option<ContainerState>| Some(state.as_ref()?.terminated.as_ref()?.exit_code);
    code(&status.state)
}

/// Waits for the harm.
pub async fn seen(w: &World, case: &Case) {
    let run = Run::of(w, &case.before);
    match case.harm {
        Harm::Hangs { over, alive } => {
            let pod = run.until(over, "has ended", |s| exit_code(s).is_some()).await;
            run.answers_twice(&pod, alive);
            run.has_not_ended().await;
        }
        Harm::NeverStarts { alive, waits } => {
            let waiting = |s: &ContainerStatus| s.state.as_ref().is_some_and(|state| state.waiting.is_some());
            let pod = run.until(waits, "waits", waiting).await;
            run.answers_twice(&pod, alive);
            run.has_not_ended().await;
        }
        Harm::Restarted(container) => {
            run.until(container, "was started again", |s| s.restart_count > 0).await;
            run.has_not_ended().await;
        }
        Harm::Retried => {
            eventually(&format!("{}: a second Pod", run.name), || async { (run.pods().await.len() > 1).then_some(()) })
                .await;
            run.has_not_ended().await;
            let failed = run.status().await.expect("a status")["failed"].as_i64();
            assert_eq!(failed.unwrap_or(0), 0, "{}: no failure is counted", run.name);
        }
        Harm::Fails(reason) => fails(&run, reason).await,
        Harm::FailsThough(reason) => {
            run.until("work", "has ended with 0", |s| exit_code(s) == Some(0)).await;
            fails(&run, reason).await;
        }
        Harm::Killed(container) => {
            run.until(container, "was killed", |s| exit_code(s) == Some(137)).await;
        }
        Harm::Gone => {
            eventually(&format!("{} is gone with its Pods", run.name), || async {
                let gone = run.objects.get_opt(&run.name).await.ok()?.is_none();
                (gone && run.pods().await.is_empty()).then_some(())
            })
            .await;
        }
    }
}

async fn fails(run: &Run<'_>, reason: &str) {
    assert_eq!(run.ended().await, ("Failed".to_owned(), reason.to_owned()), "{}", run.name);
}

/// Waits for the good end.
pub async fn ends_well(w: &World, case: &Case) {
    let run = Run::of(w, &case.after);
    let (end, reason) = run.ended().await;
    if let End::Failed(expected) = case.end {
        assert_eq!((&*end, &*reason), ("Failed", expected), "{}", run.name);
        return;
    }
    assert_eq!(end, "Complete", "{}: {reason}", run.name);
    match case.end {
        End::Drained(container) => {
            run.until(container, "has ended with 0", |s| exit_code(s) == Some(0)).await;
        }
        End::Logged(words) => {
            let pod = run.pods().await.pop().expect("its Pod is there");
            assert!(w.logs(&pod, "work").await.contains(words), "{}", run.name);
        }
        End::Complete | End::Failed(_) => {}
    }
}
