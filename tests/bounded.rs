//! However large a run is, its status fits: the API server takes no object above about 1 MiB.
//!
//! Patterns are drawn from a fixed seed; the worst ones are spelt out. That what a reconcile costs does not grow with the
//! Pods of the past is shown in `reconcile`.

#[allow(dead_code, reason = "the simulation asks it more questions")]
#[path = "world/dice.rs"]
mod dice;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use dice::Dice;
use serde_json::{Value, json};
use sidecarjob::api::SidecarJob;
use sidecarjob::engine::decide;
use sidecarjob::engine::observed::indexes::Indexes;
use sidecarjob::engine::observed::status::{History, Status};
use sidecarjob::engine::observed::{Job, Observed, Pod, Settings};

const MIB: usize = 1 << 20;

/// The larger of its two forms on the wire.
fn size(status: &Status) -> usize {
    let ours = serde_json::to_vec(&status.to_wire()).expect("JSON").len();
    ours.max(serde_json::to_vec(&status.to_batch(None)).expect("JSON").len())
}

/// A status with everything in it that is never more than so much: 500 UIDs, conditions with the longest message.
fn full(completed: Indexes, failed: Indexes) -> Status {
    let mut status = Status { completed, failed_indexes: Some(failed), ..Status::default() };
    status.uncounted_succeeded = (0..250).map(uid).collect();
    status.uncounted_failed = (250..500).map(uid).collect();
    status.history = WORST.clone();
    for type_ in ["FailureTarget", "Failed", "Finished", "Suspended", "Reconciling", "Stalled", "SidecarMissing"] {
        status.conditions.set(type_, true, "AReason", &"m".repeat(32_768), chrono::DateTime::UNIX_EPOCH);
    }
    status
}

/// What is left of the texts of tenants, of the worst of Pods.
static WORST: LazyLock<Arc<History>> = LazyLock::new(|| {
    let spec = json!({"completions": 40, "parallelism": 40, "completionMode": "Indexed", "backoffLimitPerIndex": 0});
    let mut seen = run(spec);
    seen.pods = (0..40).map(|n| Arc::new(failed_pod(n, 50, &"\u{1}".repeat(40_000)))).collect();
    let status = decide(&seen, now()).status.expect("its Pods have ended");
    assert_eq!((status.history.containers.len(), status.history.recent_pods.is_empty()), (32, false));
    let bytes = size_of_history(&status);
    println!("the history of the worst Pods: {bytes} bytes");
    status.history
});

/// Without the conditions and lists, whose sizes have tests of their own.
fn size_of_history(status: &Status) -> usize {
    let alone = Status { history: status.history.clone(), ..Status::default() };
    assert_eq!(Status::from_wire(&alone.to_wire()).history, status.history, "it is itself after a round trip");
    serde_json::to_vec(&alone.to_wire()).expect("JSON").len()
}

/// With so many containers, each of which failed, and this text wherever somebody can write one.
fn failed_pod(number: usize, containers: usize, text: &str) -> Pod {
    let containers: Vec<_> = (0..containers).map(|n| json!({"name": format!("c{n}-{text}")})).collect();
    let ended = json!({"terminated": {
        "exitCode": i32::MIN, "signal": i32::MAX, "reason": text, "message": text,
        "startedAt": "2026-01-01T00:00:01Z", "finishedAt": "2026-01-01T00:00:09Z"
    }});
    let statuses: Vec<_> =
        containers.iter().map(|c| json!({"name": c["name"], "restartCount": i32::MAX, "state": ended})).collect();
    pod_of(json!({
        "metadata": {"name": "p".repeat(253 - 10) + &format!("{number:010}"), "uid": uid(number),
                     "finalizers": ["sidecarjob.dev/job-tracking"], "creationTimestamp": "2026-01-01T00:00:00Z",
                     "labels": {"sidecarjob.dev/attempt": number.to_string()},
                     "annotations": {"batch.kubernetes.io/job-completion-index": number.to_string()}},
        "spec": {"containers": containers, "restartPolicy": "Never", "nodeName": "n".repeat(253)},
        "status": {"phase": "Failed", "startTime": "2026-01-01T00:00:01Z", "reason": text, "containerStatuses": statuses}
    }))
}

#[test]
fn whatever_became_of_its_pods_the_history_of_a_run_fits() {
    let mut dice = Dice::new(11);
    let characters = ["x", "é", "\u{1}", "\"", "\u{1F600}"];
    let mut seen = run(json!({"completions": 9, "backoffLimit": 1000, "parallelism": 40}));
    for round in 0..60 {
        let pods = 1 + dice.roll(4) as usize;
        seen.pods = (0..pods)
            .map(|n| {
                let text = characters[dice.roll(5) as usize].repeat(dice.roll(3_000) as usize);
                Arc::new(failed_pod(round * 10 + n, 1 + dice.roll(60) as usize, &text))
            })
            .collect();
        seen.settings.max_pods_per_sync = 0;
        let status = decide(&seen, now()).status.expect("its Pods have ended");
        let bytes = size_of_history(&status);
        assert!(bytes < 60_000, "round {round}: {bytes} bytes");
        seen.job.status = status;
    }
    assert!(!seen.job.status.history.recent_pods.is_empty());
}

fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(1_767_225_900, 0).expect("a time")
}

fn uid(n: usize) -> String {
    format!("{n:08x}-1234-1234-1234-123456789012")
}

fn assert_fits(what: &str, status: &Status) {
    let bytes = size(status);
    println!("{what}: {bytes} bytes");
    assert!(bytes < MIB, "{what}: {bytes} bytes");
}

#[test]
fn one_hundred_thousand_indexes_in_the_worst_pattern_and_500_uids_fit() {
    let every = |first: u32| (first..100_000).step_by(2).collect::<Indexes>();
    assert_fits("every other one completed, the others failed", &full(every(0), every(1)));
    assert_fits("every other one completed", &full(every(1), Indexes::default()));
    let pairs = (0..100_000_u32).filter(|i| i % 3 != 2).collect::<Indexes>();
    let rest = (0..100_000_u32).filter(|i| i % 3 == 2).collect::<Indexes>();
    assert_fits("pairs", &full(pairs, rest));
}

#[test]
fn the_largest_run_with_ten_thousand_failed_indexes_and_as_many_running_fits() {
    let top = i32::MAX.unsigned_abs();
    let failed: Indexes = (0..10_000).map(|n| top - 4 - n * 4).collect();
    let completed: Indexes = (0..20_000).map(|n| (top - 3 - n * 2, top - 3 - n * 2)).collect();
    assert_fits("single indexes of ten digits", &full(completed, failed));
}

#[test]
fn any_pattern_fits_and_reads_back_as_it_was() {
    let mut dice = Dice::new(7);
    for n in 0..10 {
        let (of_completed, of_failed) = (dice.roll(100), dice.roll(100));
        let (mut completed, mut failed) = (Vec::new(), Vec::new());
        for index in 0..100_000 {
            if dice.roll(100) < of_completed {
                completed.push(index);
            } else if dice.roll(100) < of_failed {
                failed.push(index);
            }
        }
        let status = full(completed.into_iter().collect(), failed.into_iter().collect());
        assert_fits(&format!("pattern {n}"), &status);
        let text = status.completed.to_string();
        assert_eq!(Indexes::parse(&text, 100_000), status.completed, "pattern {n}");
        let again = Status::from_wire(&status.to_wire());
        assert_eq!((again.completed, again.failed_indexes), (status.completed, status.failed_indexes), "pattern {n}");
    }
}

fn pod(number: usize) -> Pod {
    pod_of(json!({
        "metadata": {"name": format!("p{number}"), "uid": uid(number),
                     "finalizers": ["sidecarjob.dev/job-tracking"], "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "main"}], "restartPolicy": "Never"},
        "status": {"phase": "Succeeded"}
    }))
}

fn pod_of(wire: Value) -> Pod {
    Pod::from_wire(&serde_json::from_value(wire).expect("a Pod")).expect("a Pod")
}

/// A run without Pods.
fn run(spec: Value) -> Observed {
    let mut wire = json!({
        "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}}
    });
    for (field, value) in spec.as_object().expect("an object") {
        wire["spec"][field] = value.clone();
    }
    let job: SidecarJob = serde_json::from_value(wire).expect("a SidecarJob");
    Observed {
        job: Job::from_wire(&job).expect("a job"),
        pods: Vec::new(),
        unselected: Vec::new(),
        strays: Vec::new(),
        orphans: Vec::new(),
        next_number: 0,
        refusal: None,
        failing: None,
        attempts: Vec::new(),
        settings: Settings::default(),
    }
}

#[test]
fn thousands_of_pods_that_end_at_once_are_listed_500_at_a_time() {
    let mut seen = run(json!({"completions": 3000, "parallelism": 3000}));
    seen.pods = (0..3000).map(pod).map(Arc::new).collect();
    let mut listed = BTreeSet::new();
    for _ in 0..100 {
        let plan = decide(&seen, now());
        if let Some(status) = plan.status {
            assert!(status.uncounted().count() + status.counted.len() <= 500);
            listed.extend(status.counted.iter().cloned());
            seen.job.status = status;
        } else if plan.steps.is_empty() {
            break;
        }
        for pod in &mut seen.pods {
            Arc::make_mut(pod).tracked &=
                !plan.steps.iter().any(|step| step.to_string() == format!("release {}", pod.name));
        }
    }
    assert!(seen.job.status.is_finished());
    assert_eq!((seen.job.status.succeeded, listed.len() >= 2500), (3000, true));
}
