//! However large a run is, its status fits: the API server takes no object above about 1 MiB.
//!
//! Patterns are drawn from a fixed seed; the worst ones are spelt out. That what a reconcile costs does not grow with the
//! Pods of the past is shown in `reconcile`.

#[allow(dead_code, reason = "the simulation asks it more questions")]
#[path = "world/dice.rs"]
mod dice;

use std::collections::BTreeSet;
use std::sync::Arc;

use dice::Dice;
use serde_json::json;
use sidecarjob::api::SidecarJob;
use sidecarjob::engine::decide;
use sidecarjob::engine::observed::indexes::Indexes;
use sidecarjob::engine::observed::status::Status;
use sidecarjob::engine::observed::{Job, Observed, Settings};

const MIB: usize = 1 << 20;

/// The larger of its two forms on the wire.
fn size(status: &Status) -> usize {
    let ours = serde_json::to_vec(&status.to_wire()).expect("JSON").len();
    ours.max(serde_json::to_vec(&status.to_batch(None)).expect("JSON").len())
}

/// A status with everything in it that is never more than so much: 500 UIDs, conditions with the longest message.
fn full(completed: Indexes, failed: Indexes) -> Status {
    let mut status = Status { completed, failed_indexes: Some(failed), ..Status::default() };
    let uid = |n: usize| format!("{n:08x}-1234-1234-1234-123456789012");
    status.uncounted_succeeded = (0..250).map(uid).collect();
    status.uncounted_failed = (250..500).map(uid).collect();
    for type_ in ["FailureTarget", "Failed", "Finished", "Suspended", "Reconciling", "Stalled", "SidecarMissing"] {
        status.conditions.set(type_, true, "AReason", &"m".repeat(32_768), chrono::DateTime::UNIX_EPOCH);
    }
    status
}

fn assert_fits(what: &str, status: &Status) {
    let bytes = size(status);
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

fn pod(number: usize) -> sidecarjob::engine::observed::Pod {
    let wire = json!({
        "metadata": {"name": format!("p{number}"), "uid": format!("{number:08x}-1234-1234-1234-123456789012"),
                     "finalizers": ["sidecarjob.dev/job-tracking"], "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "main"}], "restartPolicy": "Never"},
        "status": {"phase": "Succeeded"}
    });
    let wire = serde_json::from_value(wire).expect("a Pod");
    sidecarjob::engine::observed::Pod::from_wire(&wire).expect("a Pod")
}

#[test]
fn thousands_of_pods_that_end_at_once_are_listed_500_at_a_time() {
    let job: SidecarJob = serde_json::from_value(json!({
        "metadata": {"name": "job", "namespace": "ns", "uid": "job-uid"},
        "spec": {"completions": 3000, "parallelism": 3000,
                 "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}}
    }))
    .expect("a SidecarJob");
    let mut seen = Observed {
        job: Job::from_wire(&job).expect("a job"),
        pods: (0..3000).map(pod).map(Arc::new).collect(),
        unselected: Vec::new(),
        strays: Vec::new(),
        orphans: Vec::new(),
        next_number: 0,
        refusal: None,
        failing: None,
        attempts: Vec::new(),
        settings: Settings::default(),
    };
    let mut listed = BTreeSet::new();
    let now = chrono::DateTime::from_timestamp(1_767_225_900, 0).expect("a time");
    for _ in 0..100 {
        let plan = decide(&seen, now);
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
