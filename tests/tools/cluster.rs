//! The same on a real cluster: what its API server stores, what `kubectl wait` says, and what Argo CD's actions do.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use sidecarjob::api::Phase;

use crate::program;
use crate::support::{World, eventually, is_true, one_container, world, world_without_controller};

/// All of that kind, as JSON.
fn objects(w: &World, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("sidecarjob.dev", "v1alpha1", kind);
    Api::namespaced_with(w.client.clone(), &w.namespace, &ApiResource::from_gvk(&kind))
}

/// Keeps every version that a watch delivers, from now on.
async fn watch(w: &World, kind: &str) -> Arc<Mutex<Vec<Value>>> {
    let (api, seen) = (objects(w, kind), Arc::new(Mutex::new(Vec::new())));
    let list = api.list(&Default::default()).await.expect("listed");
    let from = list.metadata.resource_version.expect("a version");
    let params = WatchParams::default().timeout(290);
    let mut events = api.watch(&params, &from).await.expect("watched").boxed();
    let keep = seen.clone();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) = event {
                keep.lock().expect("no panic").push(serde_json::to_value(object).expect("JSON"));
            }
        }
    });
    seen
}

/// What kstatus and Argo CD say of the versions of that object, each answer once.
fn said(versions: &[Value], name: &str) -> Vec<String> {
    let versions: Vec<Value> = versions.iter().filter(|v| v["metadata"]["name"] == name).cloned().collect();
    let mut said: Vec<String> =
        program::judge(&versions).iter().map(|said| format!("{} {}", said.kstatus, said.argocd)).collect();
    said.dedup();
    said
}

/// A SidecarJob whose main container ends so, beside a sidecar that does not end by itself.
fn with_sidecar(name: &str, spec: &str, main: &str) -> String {
    let side = "trap 'exit 0' TERM; while :; do sleep 0.1; done";
    one_container(name, &format!("  sidecars: [{{name: side}}]\n{spec}"), main)
        + &format!("      - {{name: side, image: \"busybox:1.37\", command: [sh, -c, \"{side}\"]}}\n")
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_watch_sees_the_right_state_in_every_version_and_kubectl_wait_returns() {
    world("tools", &[], |w| async move {
        let seen = watch(&w, "SidecarJob").await;
        w.apply(&with_sidecar("good", "", "exit 0")).await;
        w.apply(&with_sidecar("bad", "  backoffLimit: 0", "exit 3")).await;
        w.apply(&with_sidecar("late", "  activeDeadlineSeconds: 2", "sleep 1000")).await;
        w.apply(&with_sidecar("paused", "  suspend: true", "exit 0")).await;
        w.until("paused", "Suspended", |s| s.phase == Some(Phase::Suspended)).await;
        w.kubectl_ok(&["wait", "scj/paused", "--for=condition=Suspended", "--timeout=120s"], "");
        w.patch("paused", json!({"spec": {"suspend": false}})).await;
        for (name, condition) in [("good", "Complete"), ("bad", "Failed"), ("late", "Failed"), ("paused", "Complete")] {
            let other = if condition == "Failed" { "Complete" } else { "Failed" };
            let wait = |condition: &str, timeout: &str| {
                let (name, condition) = (format!("scj/{name}"), format!("--for=condition={condition}"));
                w.kubectl(&["wait", &name, &condition, timeout], "")
            };
            for condition in ["Finished", condition] {
                assert!(wait(condition, "--timeout=120s").status.success(), "{name}: wait for {condition}");
            }
            let out = wait(other, "--timeout=1s");
            assert!(String::from_utf8_lossy(&out.stderr).contains("timed out"), "{name}: wait for {other}: {out:?}");
            w.kubectl_ok(
                &["patch", "scj", name, "--type=merge", "-p", r#"{"spec":{"ttlSecondsAfterFinished":9999}}"#],
                "",
            );
            assert!(wait(condition, "--timeout=120s").status.success(), "{name}: after a change of its spec");
        }
        let generation = |object: &Value| object["metadata"]["generation"].as_i64();
        let is_described = |object: &Value| object["status"]["observedGeneration"].as_i64() == generation(object);
        for (name, want) in [
            ("good", &["InProgress Progressing", "Current Healthy"][..]),
            ("bad", &["InProgress Progressing", "Failed Degraded"]),
            ("late", &["InProgress Progressing", "Failed Degraded"]),
            ("paused", &["InProgress Progressing", "Current Suspended", "InProgress Progressing", "Current Healthy"]),
        ] {
            let last = if name == "paused" { 3 } else { 2 };
            let versions = eventually(&format!("{name}: the watch shows the last version"), || async {
                let versions = seen.lock().expect("no panic").clone();
                let object = versions.iter().rfind(|v| v["metadata"]["name"] == name)?;
                (generation(object) == Some(last) && is_described(object)).then_some(versions)
            })
            .await;
            // After the change of its spec the status is outdated for a moment, as it is for any object.
            let after = [want, &["InProgress Progressing", want[want.len() - 1]]].concat();
            assert_eq!(said(&versions, name), after, "{name}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn before_a_controller_has_seen_an_object_no_tool_takes_it_for_done() {
    world_without_controller("toolsnew", |w| async move {
        w.apply(&one_container("new", "", "exit 0")).await;
        let cron = json!({
            "apiVersion": "sidecarjob.dev/v1alpha1", "kind": "SidecarCronJob", "metadata": {"name": "new"},
            "spec": {"schedule": "0 2 * * *", "jobTemplate": {"spec": w.jobs().get("new").await.expect("there").spec}}
        });
        let cron: DynamicObject = serde_json::from_value(cron).expect("an object");
        objects(&w, "SidecarCronJob").create(&PostParams::default(), &cron).await.expect("created");
        for kind in ["SidecarJob", "SidecarCronJob"] {
            let object = objects(&w, kind).get("new").await.expect("there");
            let said = program::judge(&[serde_json::to_value(object).expect("JSON")]).remove(0);
            let words = [&said.kstatus, &said.helm, &said.flux, &said.argocd].map(String::as_str);
            assert_eq!(words, ["InProgress", "InProgress", "InProgress", "Progressing"], "{kind}");
        }
    })
    .await;
}

/// What Argo CD does for an action on an object that exists: its patch of the spec.
async fn argo_cd(w: &World, kind: &str, name: &str, action: &str) {
    let api = objects(w, kind);
    let object = serde_json::to_value(api.get(name).await.expect("there")).expect("JSON");
    assert!(program::judge(std::slice::from_ref(&object))[0].actions.contains(&action.to_owned()), "{action}");
    for impact in program::act(action, &object) {
        if impact.operation == "create" {
            let new = serde_json::from_value(impact.resource).expect("an object");
            objects(w, "SidecarJob").create(&PostParams::default(), &new).await.expect("the API server takes the run");
        } else {
            let patch = Patch::Merge(json!({"spec": impact.resource["spec"]}));
            // The API server may have closed the connection while the program for the action was built.
            eventually("the API server takes the patch", || async {
                match api.patch(name, &PatchParams::default(), &patch).await {
                    Err(kube::Error::Service(_)) => None,
                    answer => Some(answer.expect("the API server takes the patch")),
                }
            })
            .await;
        }
    }
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn the_actions_of_argo_cd_do_what_they_say() {
    world("toolsargo", &[], |w| async move {
        w.apply(&with_sidecar("run", "", "sleep 1000")).await;
        w.until("run", "running", |s| s.ready == Some(1)).await;
        argo_cd(&w, "SidecarJob", "run", "suspend").await;
        w.until("run", "suspended", |s| s.phase == Some(Phase::Suspended) && s.terminating == Some(0)).await;
        argo_cd(&w, "SidecarJob", "run", "resume").await;
        w.until("run", "resumed", |s| s.ready == Some(1)).await;
        argo_cd(&w, "SidecarJob", "run", "terminate").await;
        let status = w.until("run", "terminated", |s| is_true(s, "Failed")).await;
        assert_eq!(status.reason.as_deref(), Some("DeadlineExceeded"));

        let file = program::root().join("config/samples/nightly.yaml");
        w.kubectl_ok(&["apply", "-f", file.to_str().expect("UTF-8")], "");
        let schedule = |w: &World| objects(w, "SidecarCronJob");
        let api = schedule(&w);
        eventually("the schedule is ready", || async {
            api.get("nightly").await.ok()?.data["status"]["next"].as_str().map(str::to_owned)
        })
        .await;
        argo_cd(&w, "SidecarCronJob", "nightly", "create-job").await;
        let jobs = w.jobs();
        let run = jobs.list(&kube::api::ListParams::default().labels("sidecarjob.dev/schedule=nightly")).await;
        let run = run.expect("listed").items.remove(0).metadata.name.expect("a name");
        w.until(&run, "Complete", |s| s.phase == Some(Phase::Complete)).await;
        eventually("the schedule knows the run", || async {
            let schedule = api.get("nightly").await.ok()?;
            let recent = schedule.data["status"]["recentRuns"].as_array()?.clone();
            recent.iter().any(|known| known["name"] == *run && known["result"] == "Complete").then_some(())
        })
        .await;
        argo_cd(&w, "SidecarCronJob", "nightly", "suspend").await;
        eventually("it is suspended", || async {
            let schedule = serde_json::to_value(api.get("nightly").await.ok()?).ok()?;
            (program::judge(std::slice::from_ref(&schedule))[0].message == "Suspended").then_some(())
        })
        .await;
        argo_cd(&w, "SidecarCronJob", "nightly", "resume").await;
    })
    .await;
}
