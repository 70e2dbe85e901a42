//! "What the kubelet starts again in place": restartPolicyRules and the restartPolicy of single containers.

use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, run, shell, standin};
use crate::support::{is_true, world};

/// A rule of that action for exit code 42.
fn on_42(action: &str) -> String {
    let codes = "exitCodes: {operator: In, values: [42]}";
    format!(", restartPolicy: Never, restartPolicyRules: [{{action: {action}, {codes}}}]")
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_with_restart_rules_is_done_when_no_rule_matches_its_exit_code() {
    world("rules", &[], |w| async move {
        let counts = "      volumes: [{name: c, emptyDir: {}}]\n";
        let again = "if test -f /c/once; then exit 0; else touch /c/once; exit 42; fi";
        for mode in MODES {
            let rules = on_42("Restart");
            let [zero, seven] = [("exit 0", "zero"), ("exit 7", "seven")]
                .map(|(script, name)| (name, [shell("main", script) + &rules, standin("side", "")]));
            let zero = run(&w, zero.0, mode, "", &zero.1).await;
            let seven = run(&w, seven.0, mode, "", &seven.1).await;
            let mount = ", volumeMounts: [{name: c, mountPath: /c}]";
            let again = [shell("main", again) + &rules + mount, standin("side", "")];
            let again = run(&w, "again", mode, counts, &again).await;
            for (name, want) in [(&zero, Phase::Complete), (&seven, Phase::Failed), (&again, Phase::Complete)] {
                let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
                assert_eq!(status.phase, Some(want), "{name}");
            }
            let pods = w.pods_of(&again).await;
            assert_eq!((pods.len(), end(&pods[0], "main").exit_code), (1, 0), "{mode:?}: started again in its Pod");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_main_container_whose_end_starts_all_containers_again_is_not_done() {
    world("allagain", &[], |w| async move {
        let counts = "      volumes: [{name: c, emptyDir: {}}]\n";
        let again = "if test -f /c/once; then exit 0; else touch /c/once; exit 42; fi";
        let mount = ", volumeMounts: [{name: c, mountPath: /c}]";
        for mode in MODES {
            let main = shell("main", again) + &on_42("RestartAllContainers") + mount;
            let name = run(&w, "all", mode, counts, &[main, standin("side", "")]).await;
            let status = w.until(&name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!((status.phase, status.failed.unwrap_or(0)), (Some(Phase::Complete), 0), "{mode:?}");
            assert_eq!(w.pods_of(&name).await.len(), 1, "{mode:?}");
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_plain_container_that_is_always_restarted_is_a_sidecar_and_an_event_says_so() {
    world("always", &[], |w| async move {
        let endless = standin("endless", "") + ", restartPolicy: Always";
        for mode in MODES {
            let containers = [shell("main", "sleep 1"), standin("side", ""), endless.clone()];
            let name = run(&w, "always", mode, "", &containers).await;
            let status = w.until(&name, "finished", |s| is_true(s, "Finished")).await;
            assert_eq!(status.phase, Some(Phase::Complete), "{mode:?}");
            let said = w.event(&name, "TakenAsSidecar").await;
            assert!(said.contains("container endless is a sidecar"), "{mode:?}: {said}");
        }
    })
    .await;
}
