//! "What a status says at the end": in both modes the same, and true.

use sidecarjob::api::Phase;

use crate::manifest::{MODES, job, shell, standin};
use crate::support::{is_true, world};

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn at_its_end_a_run_says_that_all_its_sidecars_have_stopped() {
    world("words", &["--pod-failure-backoff=1s"], |w| async move {
        let sides = ["a", "b", "c"];
        let list: Vec<String> = sides.iter().map(|name| format!("{{name: {name}}}")).collect();
        // How main ends, what else the spec says, and what stands there at the end.
        let cases = [
            ("good", "sleep 1", "  backoffLimit: 0", Phase::Complete, "3/3 stopped"),
            ("tried", "sleep 1; exit 1", "  backoffLimit: 1", Phase::Failed, "6/6 stopped"),
            ("many", "sleep 1", "  completions: 3\n  parallelism: 2", Phase::Complete, "9/9 stopped"),
        ];
        for (mode_name, mode) in MODES {
            for (name, main, more, ..) in cases {
                let spec = format!("{more}\n  sidecarMode: {mode}\n  sidecars: [{}]", list.join(", "));
                let containers: Vec<String> =
                    [shell("main", main)].into_iter().chain(sides.map(|s| standin(s, "-drain 300ms"))).collect();
                w.apply(&job(&format!("{name}-{mode_name}"), &spec, &containers)).await;
            }
        }
        for (mode_name, _) in MODES {
            for (name, _, _, phase, sidecars) in cases {
                let name = format!("{name}-{mode_name}");
                let status = w.until(&name, "finished", |s| is_true(s, "Finished")).await;
                assert_eq!((status.phase, status.sidecars.as_deref()), (Some(phase), Some(sidecars)), "{name}");
            }
        }
    })
    .await;
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn a_run_that_was_suspended_has_no_sidecars_that_run() {
    world("wordsusp", &[], |w| async move {
        for (name, mode) in MODES {
            let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
            w.apply(&job(name, &spec, &[standin("main", ""), standin("side", "")])).await;
            w.until(name, "runs", |s| s.sidecars.as_deref() == Some("1/1 running")).await;
            w.patch(name, serde_json::json!({"spec": {"suspend": true}})).await;
        }
        for (name, _) in MODES {
            let over = |s: &sidecarjob::api::SidecarJobStatus| s.active == Some(0) && s.terminating == Some(0);
            let status = w.until(name, "all Pods have ended", |s| s.phase == Some(Phase::Suspended) && over(s)).await;
            assert_eq!(status.sidecars, None, "{name}");
        }
    })
    .await;
}
