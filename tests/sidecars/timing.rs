//! "Managed mode adds at most a second to the sidecar's own drain": main's end to Pod's end, both modes in the same run.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::{WatchStreamExt, watcher};

use crate::manifest::{job, said_at, shell, standin};
use crate::support::{PATIENCE, World, world};

/// How many runs of each mode.
const RUNS: usize = 10;
/// How long the sidecar takes from SIGTERM to its end, seconds.
const DRAIN: f64 = 1.0;

/// The machine's uptime in seconds: the clock that the containers print too.
fn uptime() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").expect("Linux");
    text.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

/// From main's end to the Pod's end as the watch shows it.
async fn measure(w: &World, mode: &str, n: usize) -> f64 {
    let name = format!("{}-{n}", mode.to_lowercase());
    let spec = format!("  sidecarMode: {mode}\n  sidecars: [{{name: side}}]");
    let main = shell("main", "sleep 2; cut -d' ' -f1 /proc/uptime | tr '\\\\n' ' '; echo ended");
    let config = watcher::Config::default().labels(&format!("sidecarjob.dev/name={name}"));
    let mut pods = watcher(w.pods(), config).applied_objects().boxed();
    w.apply(&job(&name, &spec, &[main, standin("side", &format!("-drain {DRAIN}s"))])).await;
    let ended = |pod: &Pod| {
        let phase = pod.status.as_ref().and_then(|s| s.phase.clone()).unwrap_or_default();
        phase == "Succeeded" || phase == "Failed"
    };
    let seen = async {
        while let Some(pod) = pods.try_next().await.expect("the watch goes on") {
            if ended(&pod) {
                return (uptime(), pod);
            }
        }
        panic!("the watch ended")
    };
    let (end, pod) = tokio::time::timeout(PATIENCE, seen).await.expect("the Pod ends");
    let main = said_at(w, &pod, "main", "ended").await;
    let told = said_at(w, &pod, "side", "got TERM").await;
    eprintln!(
        "{} {mode}: main's end to SIGTERM {:.2} s, to Pod's end {:.2} s",
        pod.name_any(),
        told - main,
        end - main
    );
    end - main
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn managed_mode_adds_at_most_a_second_to_what_native_sidecars_take() {
    world("timing", &[], |w| async move {
        let (mut native, mut managed) = (Vec::new(), Vec::new());
        for n in 0..RUNS {
            native.push(measure(&w, "Native", n).await);
            managed.push(measure(&w, "Managed", n).await);
        }
        let (native, managed) = (median(native), median(managed));
        println!(
            "main's end to Pod's end, median of {RUNS}, drain {DRAIN} s: native {native:.2} s, managed {managed:.2} s, \
             managed adds {:.2} s to native",
            managed - native
        );
        assert!(managed - native <= 1.0, "native {native:.2} s, managed {managed:.2} s");
    })
    .await;
}
