//! What Flux does with runs and schedules: kustomize-controller applies a Kustomization and waits for its objects.
//!
//! No source-controller runs: a test writes the status of a GitRepository itself, which says where the manifests are.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use sidecarjob::api::Phase;

use crate::manifests::{run, schedule};
use crate::support::{World, eventually, is_true, world};
use crate::{end, exists, field, folder, no_pods_of, run_by_hand};

/// A Kustomization, and the GitRepository that it applies; both have that name.
struct Kustomization<'a> {
    w: &'a World,
    name: &'static str,
    /// How many revisions there were.
    revisions: AtomicU32,
}

fn api(w: &World, group: &str, kind: &str) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(&format!("{group}.toolkit.fluxcd.io"), "v1", kind);
    Api::namespaced_with(w.client.clone(), &w.namespace, &ApiResource::from_gvk(&kind))
}

/// The `healthCheckExprs` that users add.
fn expressions() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib/flux/health-checks.yaml");
    let file: Value = serde_saphyr::from_str(&std::fs::read_to_string(path).expect("the file")).expect("YAML");
    file["spec"]["healthCheckExprs"].clone()
}

impl<'a> Kustomization<'a> {
    /// It waits for its objects; `more` is added to its spec.
    async fn new(w: &'a World, name: &'static str, more: Value, manifests: &str) -> Self {
        let new = Self { w, name, revisions: AtomicU32::new(0) };
        let source = json!({"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": name},
            "spec": {"url": "https://git.example.com/app", "interval": "1h"}});
        let mut object = json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name}, "spec": {"interval": "1h", "timeout": "100s", "prune": true, "wait": true,
            "path": "./", "targetNamespace": w.namespace, "sourceRef": {"kind": "GitRepository", "name": name}}});
        for (field, value) in more.as_object().into_iter().flatten() {
            object["spec"][field] = value.clone();
        }
        for (group, kind, object) in [("source", "GitRepository", source), ("kustomize", "Kustomization", object)] {
            let object = serde_json::from_value(object).expect("an object");
            api(w, group, kind).create(&PostParams::default(), &object).await.expect("created");
        }
        new.commit(manifests).await;
        new
    }

    /// The revision that was committed last.
    fn revision(&self) -> String {
        format!("main@sha1:{:040}", self.revisions.load(Ordering::Relaxed))
    }

    /// These manifests are in the source now, and no others.
    async fn commit(&self, manifests: &str) {
        self.revisions.fetch_add(1, Ordering::Relaxed);
        let path = format!("{}-{}-{}.tar.gz", self.w.namespace, self.name, self.revisions.load(Ordering::Relaxed));
        let archive = folder("TOOLS_ARTIFACTS").join(&path);
        let content = archive.with_extension("d");
        std::fs::create_dir(&content).expect("a folder");
        std::fs::write(content.join("all.yaml"), manifests).expect("written");
        let shell = |command: &str| {
            let out = Command::new("sh").args(["-ec", command, "sh"]).arg(&archive).arg(&content).output();
            let out = out.expect("sh runs");
            assert!(out.status.success(), "{command}: {}", String::from_utf8_lossy(&out.stderr));
            String::from_utf8(out.stdout).expect("UTF-8")
        };
        shell("tar -czf \"$1\" -C \"$2\" .");
        let digest = shell("sha256sum \"$1\" | cut -d' ' -f1");
        let artifact = json!({"path": path, "url": format!("http://127.0.0.1:8090/{path}"), "revision": self.revision(),
            "digest": format!("sha256:{}", digest.trim()), "lastUpdateTime": "2026-01-01T00:00:00Z"});
        let patch = Patch::Merge(json!({"status": {"artifact": artifact}}));
        let sources = api(self.w, "source", "GitRepository");
        sources.patch_status(self.name, &PatchParams::default(), &patch).await.expect("the patch is taken");
    }

    async fn status(&self) -> Option<Value> {
        let object = api(self.w, "kustomize", "Kustomization").get(self.name).await.ok()?;
        Some(object.data["status"].clone())
    }

    /// Waits until a condition of that type has that status and says these words; gives its reason and message.
    async fn condition(&self, type_: &str, want: &str, words: &str) -> String {
        eventually(&format!("{} is {type_}={want}: {words}", self.name), || async {
            let status = self.status().await?;
            let condition = status["conditions"].as_array()?.iter().find(|condition| condition["type"] == type_)?;
            let said = format!("{}: {}", condition["reason"].as_str()?, condition["message"].as_str()?);
            (condition["status"] == want && said.contains(words)).then_some(said)
        })
        .await
    }

    /// Waits until the last revision was tried, and the condition Ready has that status; gives its reason and message.
    async fn ready(&self, want: &str) -> String {
        eventually(&format!("{} has tried {}", self.name, self.revision()), || async {
            (self.status().await?["lastAttemptedRevision"] == self.revision()).then_some(())
        })
        .await;
        self.condition("Ready", want, "").await
    }

    /// Waits until kustomize-controller waits for the objects of the last revision.
    async fn waits(&self) {
        let words = format!("Running health checks for revision {}", self.revision());
        self.condition("Reconciling", "True", &words).await;
    }

    /// Lets kustomize-controller apply the same revision again, and waits until it has.
    async fn again(&self) {
        let now = format!("{:?}", std::time::SystemTime::now());
        let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
        let all = api(self.w, "kustomize", "Kustomization");
        all.patch(self.name, &PatchParams::default(), &Patch::Merge(patch)).await.expect("the patch is taken");
        eventually("it was applied again", || async {
            (self.status().await?["lastHandledReconcileAt"] == *now).then_some(())
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn a_kustomization_is_ready_when_its_run_is_complete_and_fails_when_it_has_failed() {
    for (what, with_expressions, code, want) in [
        ("kstatus, Complete", false, 0, "True"),
        ("kstatus, Failed", false, 3, "False"),
        ("contrib/flux, Complete", true, 0, "True"),
        ("contrib/flux, Failed", true, 3, "False"),
    ] {
        world("flux", &[], move |w| async move {
            let more = if with_expressions { json!({"healthCheckExprs": expressions()}) } else { json!({}) };
            let kustomization = Kustomization::new(&w, "app", more, &run("  name: migrate", "")).await;
            w.until("migrate", "its Pod is ready", |s| s.ready == Some(1)).await;
            kustomization.waits().await;
            end(&w, "migrate", code).await;
            let said = kustomization.ready(want).await;
            assert_eq!(said.contains("migrate status: 'Failed'"), code != 0, "{what}: {said}");
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn a_suspended_run_is_done_for_kstatus_and_with_contrib_flux_it_is_waited_for() {
    world("fluxsuspend", &[], |w| async move {
        let (early, late) = (run("  name: early", "  suspend: true"), run("  name: late", "  suspend: true"));
        let kstatus = Kustomization::new(&w, "kstatus", json!({}), &early).await;
        kstatus.ready("True").await;
        let exact = json!({"healthCheckExprs": expressions()});
        let exact = Kustomization::new(&w, "exact", exact, &late).await;
        w.until("late", "suspended", |s| is_true(s, "Suspended")).await;
        exact.waits().await;
        w.patch("late", json!({"spec": {"suspend": false}})).await;
        end(&w, "late", 0).await;
        exact.ready("True").await;
        assert_eq!(field(&w, "scj/late", ".status.phase"), "Complete");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn the_last_run_of_a_schedule_counts_with_contrib_flux_only() {
    world("fluxschedule", &[], |w| async move {
        for (name, more, want) in
            [("kstatus", json!({}), "True"), ("exact", json!({"healthCheckExprs": expressions()}), "False")]
        {
            let of = Box::leak(format!("of-{name}").into_boxed_str());
            let kustomization = Kustomization::new(&w, name, more, &schedule(of)).await;
            kustomization.ready("True").await;
            run_by_hand(&w, of).await;
            kustomization.again().await;
            let said = kustomization.ready(want).await;
            assert_eq!(said.contains("status: 'Failed'"), want == "False", "{name}: {said}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn a_kustomization_that_depends_on_the_run_comes_after_its_end() {
    world("fluxafter", &[], |w| async move {
        let first = Kustomization::new(&w, "first", json!({}), &run("  name: migrate", "")).await;
        let depends = json!({"dependsOn": [{"name": "first"}]});
        let second = Kustomization::new(&w, "second", depends, &crate::manifests::config("after", "")).await;
        w.until("migrate", "its Pod is ready", |s| s.ready == Some(1)).await;
        second.condition("Ready", "False", "DependencyNotReady").await;
        assert!(!exists(&w, "cm/after"), "too early");
        end(&w, "migrate", 0).await;
        first.ready("True").await;
        second.ready("True").await;
        assert!(exists(&w, "cm/after"));
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn to_apply_a_second_time_changes_nothing_before_and_after_the_end() {
    world("fluxagain", &[], |w| async move {
        let manifests = [run("  name: migrate", ""), schedule("nightly")].join("---\n");
        let kustomization = Kustomization::new(&w, "app", json!({"wait": false}), &manifests).await;
        w.until("migrate", "its Pod is ready", |s| s.ready == Some(1)).await;
        kustomization.ready("True").await;
        let versions = || ["scj/migrate", "sccj/nightly"].map(|object| field(&w, object, ".metadata.resourceVersion"));
        let before = versions();
        kustomization.again().await;
        assert_eq!(versions(), before, "while the run is under way");
        end(&w, "migrate", 0).await;
        w.until("migrate", "Complete", |s| s.phase == Some(Phase::Complete)).await;
        let before = versions();
        kustomization.again().await;
        assert_eq!(versions(), before, "after the end of the run");
        assert_eq!(w.pods_of("migrate").await.len(), 1, "it ran once");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn a_changed_template_is_refused_unless_the_annotation_lets_flux_replace_the_run() {
    for (what, annotation, replaced) in
        [("plain", "", false), ("force", "  annotations: {kustomize.toolkit.fluxcd.io/force: enabled}", true)]
    {
        world("fluxforce", &[], move |w| async move {
            let before = run(&format!("  name: migrate\n{annotation}"), "");
            let kustomization = Kustomization::new(&w, "app", json!({}), &before).await;
            end(&w, "migrate", 0).await;
            kustomization.ready("True").await;
            let first = field(&w, "scj/migrate", ".metadata.uid");
            let grace = "terminationGracePeriodSeconds";
            kustomization.commit(&before.replace(&format!("{grace}: 1"), &format!("{grace}: 2"))).await;
            if replaced {
                eventually("another run is there", || async {
                    let second = w.kubectl(&["get", "scj/migrate", "-o", "jsonpath={.metadata.uid}"], "");
                    let second = String::from_utf8_lossy(&second.stdout).into_owned();
                    (!second.is_empty() && second != first).then_some(())
                })
                .await;
                end(&w, "migrate", 0).await;
                kustomization.ready("True").await;
            } else {
                let said = kustomization.ready("False").await;
                assert!(said.contains("spec.template can't be changed"), "{what}: {said}");
                assert_eq!(field(&w, "scj/migrate", ".metadata.uid"), first, "{what}");
            }
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Flux: run make tools"]
async fn flux_prunes_a_run_under_way_with_its_pods_and_leaves_the_runs_of_a_schedule() {
    world("fluxprune", &[], |w| async move {
        let both = [run("  name: work", ""), schedule("nightly")].join("---\n");
        let kustomization = Kustomization::new(&w, "app", json!({"wait": false}), &both).await;
        w.until("work", "its Pod is ready", |s| s.ready == Some(1)).await;
        let by_hand = run_by_hand(&w, "nightly").await;
        kustomization.commit(&schedule("nightly")).await;
        kustomization.ready("True").await;
        w.gone("work").await;
        no_pods_of(&w, "work").await;
        assert!(exists(&w, &format!("scj/{by_hand}")), "the run of the schedule is there");
    })
    .await;
}
