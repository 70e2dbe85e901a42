//! What Argo CD does with runs and schedules: its application controller and its repo server sync Applications.

mod application;

use application::{Application, How, WITH_SCRIPTS, WITHOUT};
use serde_json::json;
use sidecarjob::api::Phase;

use crate::manifests::{config, run, schedule};
use crate::support::{World, is_true, world};
use crate::{end, exists, field, no_pods_of, run_by_hand, runs};

const HOOK: &str = "  annotations: {argocd.argoproj.io/hook: PreSync}";
const HOOK_OF_HELM: &str = "  annotations: {helm.sh/hook: \"pre-install,pre-upgrade\"}";
const NO_HOOK: &str = "";
const WAVE_1: &str = "  annotations: {argocd.argoproj.io/sync-wave: \"1\"}";

/// A run, and a ConfigMap that comes after it: the run is such a hook, or it is in the wave before.
fn one_after_the_other(name: &str, hook: &str, spec: &str) -> [String; 2] {
    let after = if hook == NO_HOOK { WAVE_1 } else { "" };
    [run(&format!("  name: {name}\n{hook}"), spec), config(&format!("after-{name}"), after)]
}

async fn application(w: &World, argocd: &str, name: &str, manifests: &[String]) -> Application {
    let manifests: Vec<&str> = manifests.iter().map(String::as_str).collect();
    Application::new(w, argocd, name, How::default(), &manifests).await
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn a_sync_goes_on_when_the_run_is_complete_and_fails_when_it_has_failed() {
    for (what, name, hook, code, want) in [
        ("a hook that is Complete", "good-hook", HOOK, 0, "Succeeded"),
        ("a hook that has Failed", "bad-hook", HOOK, 3, "Failed"),
        ("a hook of Helm that has Failed", "helm-hook", HOOK_OF_HELM, 3, "Failed"),
        ("a wave whose run is Complete", "good-wave", NO_HOOK, 0, "Succeeded"),
        ("a wave whose run has Failed", "bad-wave", NO_HOOK, 3, "Failed"),
    ] {
        world("argo", &[], move |w| async move {
            let manifests = one_after_the_other(name, hook, "");
            let application = application(&w, WITH_SCRIPTS, name, &manifests).await;
            application.sync().await;
            w.until(name, "its Pod is ready", |s| s.ready == Some(1)).await;
            application.waits_for(&format!("sidecarjob.dev/SidecarJob/{name}")).await;
            assert!(!exists(&w, &format!("cm/after-{name}")), "{what}: too early");
            end(&w, name, code).await;
            let (phase, said) = application.ended().await;
            assert_eq!(phase, want, "{what}: {said}");
            assert_eq!(exists(&w, &format!("cm/after-{name}")), code == 0, "{what}: {said}");
            let is_told = said.contains("container main of Pod") && said.contains("exited with 3");
            assert_eq!(is_told, code != 0, "{what}: {said}");
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn a_suspended_run_holds_back_its_wave_until_it_is_resumed_and_complete() {
    world("argosuspend", &[], |w| async move {
        let manifests = one_after_the_other("later", NO_HOOK, "  suspend: true");
        let application = application(&w, WITH_SCRIPTS, "later", &manifests).await;
        application.sync().await;
        w.until("later", "suspended", |s| is_true(s, "Suspended")).await;
        application.waits_for("sidecarjob.dev/SidecarJob/later").await;
        application.health("Suspended").await;
        w.patch("later", json!({"spec": {"suspend": false}})).await;
        w.until("later", "its Pod is ready", |s| s.ready == Some(1)).await;
        application.waits_for("sidecarjob.dev/SidecarJob/later").await;
        assert!(!exists(&w, "cm/after-later"), "too early");
        end(&w, "later", 0).await;
        let (phase, said) = application.ended().await;
        assert_eq!(phase, "Succeeded", "{said}");
        assert!(exists(&w, "cm/after-later"), "{said}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn without_the_script_argo_cd_takes_a_run_for_done_as_soon_as_it_is_created() {
    for (name, hook) in [("hook", HOOK), ("wave", NO_HOOK)] {
        world("argoplain", &[], move |w| async move {
            let manifests = one_after_the_other(name, hook, "");
            let application = application(&w, WITHOUT, name, &manifests).await;
            application.sync().await;
            let (phase, said) = application.ended().await;
            assert_eq!(phase, "Succeeded", "{name}: {said}");
            assert!(exists(&w, &format!("cm/after-{name}")), "{name}: {said}");
            let status = w.until(name, "seen", |s| s.phase.is_some()).await;
            assert!(!is_true(&status, "Finished"), "{name}: nobody has ended the run");
            let (_, health, _) = application.compared().await;
            assert_eq!(health, "Healthy", "{name}, which still runs");
        })
        .await;
    }
}

/// Syncs, and ends the hook's run, which is the one that is not among these.
async fn sync_with_hook(w: &World, application: &Application, before: &[(String, String)]) {
    application.sync().await;
    let name = crate::support::eventually("the hook is created", || async {
        runs(w).await.into_iter().find(|run| !before.contains(run)).map(|(name, _)| name)
    })
    .await;
    end(w, &name, 0).await;
    let (phase, said) = application.ended().await;
    assert_eq!(phase, "Succeeded", "{said}");
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn each_sync_runs_the_hook_again_in_place_of_the_old_run_or_beside_it() {
    for (what, metadata, left) in [("a name", "  name: migrate", 1), ("generateName", "  generateName: migrate-", 2)] {
        world("argohook", &[], move |w| async move {
            let hook = "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation";
            let hook = run(&format!("{metadata}\n  annotations: {{{hook}}}"), "");
            let application = application(&w, WITH_SCRIPTS, "hook", &[hook, config("app", "")]).await;
            sync_with_hook(&w, &application, &[]).await;
            let first = runs(&w).await;
            sync_with_hook(&w, &application, &first).await;
            let second = runs(&w).await;
            assert_eq!(second.len(), left, "{what}: {second:?}");
            assert_eq!(second.contains(&first[0]), left == 2, "{what}: {second:?} after {first:?}");
            let (sync, health, differs) = application.compared().await;
            assert_eq!((sync.as_str(), health.as_str()), ("Synced", "Healthy"), "{what}: {differs:?}");
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn a_hook_that_is_deleted_at_its_end_by_its_ttl_does_not_fail_the_sync() {
    world("argottl", &[], |w| async move {
        let hook = run(&format!("  generateName: migrate-\n{HOOK}"), "  ttlSecondsAfterFinished: 0");
        let application = application(&w, WITH_SCRIPTS, "ttl", &[hook, config("app", "")]).await;
        sync_with_hook(&w, &application, &[]).await;
        crate::support::eventually("the run is gone", || async { runs(&w).await.is_empty().then_some(()) }).await;
    })
    .await;
}

/// Argo CD's three ways to compare: by the applied configuration, by who manages which field, on the server.
const HOWS: [(&str, How); 3] = [
    ("client", How { compare: "", options: &[] }),
    ("fields", How { compare: "", options: &["ServerSideApply=true"] }),
    ("server", How { compare: "ServerSideDiff=true", options: &["ServerSideApply=true"] }),
];

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn argo_cd_sees_no_difference_before_and_after_the_end_and_a_second_sync_changes_nothing() {
    for (name, how) in HOWS {
        world("argodiff", &[], move |w| async move {
            let metadata = format!("  name: {name}");
            let manifests = [run(&metadata, ""), schedule("nightly")];
            let application = Application::new(&w, WITH_SCRIPTS, name, how, &[&manifests[0], &manifests[1]]).await;
            application.sync().await;
            assert_eq!(application.ended().await.0, "Succeeded", "{name}");
            w.until(name, "its Pod is ready", |s| s.ready == Some(1)).await;
            let synced = |sync: &str, differs: &[String]| assert_eq!(sync, "Synced", "{name}: {differs:?}");
            let (sync, _, differs) = application.compared().await;
            synced(&sync, &differs);
            end(&w, name, 0).await;
            w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            application.health("Healthy").await;
            let (sync, _, differs) = application.compared().await;
            synced(&sync, &differs);

            let both = [format!("scj/{name}"), "sccj/nightly".to_owned()];
            let versions = || both.clone().map(|object| field(&w, &object, ".metadata.resourceVersion"));
            let before = versions();
            application.sync().await;
            assert_eq!(application.ended().await.0, "Succeeded", "{name}");
            assert_eq!(versions(), before, "{name}: the second sync writes nothing");

            application.commit(&[&run(&metadata, "  ttlSecondsAfterFinished: 9999"), &manifests[1]]);
            let (sync, _, differs) = application.compared().await;
            assert_eq!(
                (sync.as_str(), differs),
                ("OutOfSync", vec![format!("\"{name}\"")]),
                "{name}: a true difference"
            );
            application.sync().await;
            let (phase, said) = application.ended().await;
            assert_eq!(phase, "Succeeded", "{name}: {said}");
            let (sync, _, differs) = application.compared().await;
            synced(&sync, &differs);
        })
        .await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn pruning_deletes_a_run_under_way_with_its_pods_and_leaves_the_runs_of_a_schedule() {
    world("argoprune", &[], |w| async move {
        let (run, schedule) = (run("  name: work", ""), schedule("nightly"));
        let application = Application::new(&w, WITH_SCRIPTS, "prune", How::default(), &[&run, &schedule]).await;
        application.sync().await;
        assert_eq!(application.ended().await.0, "Succeeded");
        w.until("work", "its Pod is ready", |s| s.ready == Some(1)).await;
        let by_hand = run_by_hand(&w, "nightly").await;
        application.commit(&[&schedule]);
        application.sync().await;
        let (phase, said) = application.ended().await;
        assert_eq!(phase, "Succeeded", "{said}");
        w.gone("work").await;
        no_pods_of(&w, "work").await;
        assert!(exists(&w, &format!("scj/{by_hand}")), "the run of the schedule is there");
        let (sync, health, differs) = application.compared().await;
        assert_eq!((sync.as_str(), health.as_str()), ("Synced", "Degraded"), "its last run failed: {differs:?}");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster with Argo CD: run make tools"]
async fn a_changed_template_fails_the_sync_unless_the_run_may_be_replaced() {
    for (name, options, replaced) in [("plain", "", false), ("replace", "Force=true,Replace=true", true)] {
        world("argoforce", &[], move |w| async move {
            let metadata = format!("  name: {name}\n  annotations: {{argocd.argoproj.io/sync-options: \"{options}\"}}");
            let before = run(&metadata, "");
            let application = Application::new(&w, WITH_SCRIPTS, name, How::default(), &[&before]).await;
            application.sync().await;
            assert_eq!(application.ended().await.0, "Succeeded", "{name}");
            end(&w, name, 0).await;
            w.until(name, "Complete", |s| s.phase == Some(Phase::Complete)).await;
            let first = field(&w, &format!("scj/{name}"), ".metadata.uid");
            let after = before.replace("terminationGracePeriodSeconds: 1", "terminationGracePeriodSeconds: 2");
            application.commit(&[&after]);
            application.sync().await;
            let (phase, said) = application.ended().await;
            assert_eq!(phase, if replaced { "Succeeded" } else { "Failed" }, "{name}: {said}");
            assert_eq!(said.contains("spec.template can't be changed"), !replaced, "{name}: {said}");
            let second = field(&w, &format!("scj/{name}"), ".metadata.uid");
            assert_eq!(second != first, replaced, "{name}: {said}");
            if replaced {
                application.sync().await;
                let (phase, said) = application.ended().await;
                assert_eq!(phase, "Succeeded", "{name}: {said}");
                assert_ne!(
                    field(&w, &format!("scj/{name}"), ".metadata.uid"),
                    second,
                    "{name}: unchanged, and replaced"
                );
            }
        })
        .await;
    }
}
