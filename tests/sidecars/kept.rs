//! `endedPods: Keep`: Pods that still run when the run ends are ended by the kubelet, and their logs stay. In both modes.

use kube::ResourceExt;
use sidecarjob::api::Phase;

use crate::manifest::{MODES, end, pod, shell, standin};
use crate::support::{World, eventually, is_true, world};

/// A run that ends although its Pod still runs; what ends the run, and how many Pods it counts as failed.
const ENDS: [(&str, &str, &str); 2] = [
    ("late", "  activeDeadlineSeconds: 30\n  backoffLimit: 0", "DeadlineExceeded"),
    ("again", "  backoffLimit: 1", "BackoffLimitExceeded"),
];

/// Its main container fails at once, and is restarted, or works until it is told to end.
fn containers(name: &str) -> [String; 2] {
    let main =
        if name == "again" { shell("main", "echo at work; exit 3") } else { shell("main", "echo at work; sleep 600") };
    [main, standin("side", "")]
}

async fn ended(w: &World, name: &str, reason: &str) {
    let status = w.until(name, "finished", |s| is_true(s, "Finished")).await;
    let counts = (status.phase, status.succeeded.unwrap_or(0), status.failed.unwrap_or(0));
    assert_eq!(counts, (Some(Phase::Failed), 0, 1), "{name}");
    assert_eq!(status.reason.as_deref(), Some(reason), "{name}");
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn pods_and_logs_of_a_run_that_ends_before_its_pod_stay_with_keep_and_go_with_delete() {
    world("kept", &[], |w| async move {
        let mut runs = Vec::new();
        for (suffix, mode) in MODES {
            for (name, spec, reason) in ENDS {
                for ended_pods in ["Keep", "Delete"] {
                    let run = format!("{name}-{}-{suffix}", ended_pods.to_lowercase());
                    let spec = format!(
                        "{spec}\n  endedPods: {ended_pods}\n  sidecarMode: {mode}\n  sidecars: [{{name: side}}]"
                    );
                    let more = "      restartPolicy: OnFailure\n      terminationGracePeriodSeconds: 3\n";
                    w.apply(&pod(&run, &spec, more, &containers(name))).await;
                    runs.push((run, reason, ended_pods == "Keep"));
                }
            }
        }
        for (run, reason, keeps) in runs {
            ended(&w, &run, reason).await;
            if !keeps {
                eventually(&format!("the Pods of {run} are gone"), || async {
                    w.pods_of(&run).await.is_empty().then_some(())
                })
                .await;
                continue;
            }
            let pod = w.pods_of(&run).await.pop().unwrap_or_else(|| panic!("{run}: the Pod stays"));
            assert!(pod.metadata.deletion_timestamp.is_none(), "{run}: nobody deletes the Pod");
            assert_eq!(pod.status.as_ref().and_then(|s| s.reason.as_deref()), Some("DeadlineExceeded"), "{run}");
            assert!(w.logs(&pod, "main").await.contains("at work"), "{run}: the logs stay");
            assert!(end(&pod, "side").finished_at.is_some(), "{run}: no container runs");
            // The status counts the Pod before the controller removes the finalizer.
            eventually(&format!("the Pod of {run} is released"), || async {
                let pod = w.pods_of(&run).await.pop().unwrap_or_else(|| panic!("{run}: the Pod stays"));
                pod.finalizers().is_empty().then_some(())
            })
            .await;
            assert!(w.event(&run, "PodEnded").await.contains(&pod.name_any()), "{run}");
        }
    })
    .await;
}
