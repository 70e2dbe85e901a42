//! "A stranger with a hanging Job gets it to complete with one `kubectl apply -k` and one line of YAML": what
//! docs/one-annotation.md says, word by word.

use std::path::Path;
use std::process::Command;

use kube::api::Api;

use super::install::Installed;
use super::support::{eventually, policy, world_without_controller};
use super::{annotation, complete, inits, pod_of};
use k8s_openapi::api::batch::v1::Job;

/// The blocks of that language in the page, in their order.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().expect("closed").to_string() + "\n").collect()
}

/// Runs commands of the page as a reader does, in that folder, with that namespace as the default.
fn run(commands: &str, folder: &Path, namespace: &str) -> String {
    let kubectl = std::env::var("KUBECTL").unwrap_or("kubectl".into());
    let shell = commands.replace("kubectl ", &format!("{kubectl} --namespace {namespace} "));
    let out = Command::new("sh").args(["-ec", &shell]).current_dir(folder).output().expect("sh runs");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{commands}: {said}");
    said
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_page_holds_what_it_says() {
    let _alone = super::install::ALONE.lock().await;
    let page = include_str!("../../docs/one-annotation.md");
    let (manifests, commands) = (blocks(page, "yaml"), blocks(page, "sh"));
    let [hangs, fixed] = [&manifests[0], &manifests[1]];
    let [install, anew, remove] = <[String; 3]>::try_from(commands).expect("three steps");
    assert!(install.starts_with("kubectl apply -k ") && remove.starts_with("kubectl delete -k "), "{install}{remove}");
    let warning = page.split("`kubectl apply` warns: `").nth(1).and_then(|rest| rest.split("…`").next());
    let warning = warning.expect("the page says what it warns of").replace('\n', " ");
    let added: Vec<_> = fixed.lines().filter(|l| !hangs.lines().any(|h| h == *l)).collect();
    assert_eq!(added.iter().filter(|l| l.contains("sidecarjob.dev/main")).count(), 1, "one line says it: {added:?}");
    assert_eq!(added.len(), 3, "besides it only `metadata` and `annotations` are new: {added:?}");
    let (hangs, fixed) = (hangs.clone(), fixed.clone());
    world_without_controller("page", |w| async move {
        let jobs: Api<Job> = Api::namespaced(w.client.clone(), &w.namespace);
        w.kubectl_ok(&["apply", "-f", "-"], &hangs);
        let name = "cleanup-cluster";
        let pods = w.pods();
        eventually("the work is done and ffwd still runs", || async {
            let pod = pods.get_opt(pod_of(&w, name).await.metadata.name.as_deref()?).await.ok()??;
            let state =
                |c: &str| pod.status.as_ref()?.container_statuses.as_ref()?.iter().find(|s| s.name == c)?.state.clone();
            (state(name)?.terminated?.exit_code == 0 && state("ffwd")?.running.is_some()).then_some(())
        })
        .await;
        let status = jobs.get(name).await.expect("there").status.expect("a status");
        assert_eq!((status.active, status.succeeded), (Some(1), None), "the Job hangs");

        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let _installed = Installed(format!("{}/config/components/policy", root.display()));
        run(&install, root, &w.namespace);
        eventually("the policy is in force", || async { policy::annotation_is_in_force(&w).then_some(()) }).await;
        let refused = w.kubectl(&["apply", "-f", "-"], &fixed);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("field is immutable"), "{refused:?}");
        let folder = std::env::temp_dir().join(&w.namespace);
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(folder.join("job.yaml"), &fixed))
            .expect("written");
        let said = run(&anew, &folder, &w.namespace);
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(said.contains(&warning), "{warning:?} is not in: {said}");
        let pod = complete(&w, name).await;
        assert_eq!(inits(&pod), ["ffwd*"]);
        assert_eq!(annotation(&pod, "moved"), Some("ffwd"), "it is seen what was done");
        assert!(w.logs(&pod, "ffwd").await.contains("flushed"), "ffwd had time to flush");
        run(&remove, root, &w.namespace);
        assert_eq!(super::install::ours(&w), [""; 0]);
    })
    .await;
}
