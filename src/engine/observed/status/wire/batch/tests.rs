//! The status of a batch/v1 Job.

use serde_json::json;

use super::*;
use crate::engine::tests::fixture::{at, job, pod};

#[test]
fn a_jobs_status_is_what_the_api_server_takes() {
    let finished = |success: bool| {
        let pod = if success { pod(0).succeeded(5) } else { pod(0).failed(5) };
        job().batch().started(1).backoff_limit(0).pods([pod]).stored(10).pods([]).next(11).to_batch(None)
    };
    let condition = |status: &JobStatus, type_: &str| {
        status.conditions.iter().flatten().any(|c| c.type_ == type_ && c.status == "True")
    };
    for (success, interim, end) in [(true, "SuccessCriteriaMet", "Complete"), (false, "FailureTarget", "Failed")] {
        let status = finished(success);
        assert!(condition(&status, interim) && condition(&status, end), "{status:?}");
        assert_eq!(status.conditions.iter().flatten().count(), 2, "no word of ours among a Job's");
        assert_eq!(status.completion_time.is_some(), success);
        assert!(status.start_time.is_some());
        assert_eq!((status.active, status.ready, status.terminating), (None, Some(0), Some(0)));
        assert_eq!(status.uncounted_terminated_pods, Some(UncountedTerminatedPods::default()));
        assert_eq!((status.succeeded, status.failed), if success { (Some(1), None) } else { (None, Some(1)) });
    }
}

#[test]
fn a_job_that_fails_while_suspended_gets_the_start_time_that_the_api_server_asks_for() {
    let seen = job().batch().backoff_limit(0).suspended().pods([pod(0).failed(5)]).stored(10).pods([]);
    assert!(seen.next(11).to_batch(None).start_time.is_some());
}

#[test]
fn it_is_itself_after_a_round_trip() {
    for seen in [
        job().batch().pods([pod(0)]),
        job().batch().completions(5).parallelism(2).pods([pod(0).succeeded(8), pod(1).failed(9)]),
        job().batch().indexed(4).per_index(0).completed("0").pods([
            pod(0).index(1).failed(3),
            pod(1).index(2),
            pod(2).index(3),
        ]),
        job().batch().suspended(),
    ] {
        let status = Status { backoff: None, ..seen.next(10) };
        let text = serde_json::to_string(&status.to_batch(None)).unwrap();
        assert_eq!(Status::from_batch(&serde_json::from_str(&text).unwrap()), status, "{text}");
    }
}

#[test]
fn conditions_that_others_wrote_stay_as_they_are_to_the_letter() {
    let theirs: JobCondition =
        serde_json::from_value(json!({"type": "Theirs", "status": "Unknown", "lastProbeTime": "2026-01-01T00:00:07Z"}))
            .unwrap();
    let before = JobStatus { conditions: Some(vec![theirs.clone()]), ..JobStatus::default() };
    let mut status = Status::from_batch(&before);
    status.conditions.set("FailureTarget", true, "r", "m", at(5));
    let after = status.to_batch(Some(&before)).conditions.unwrap();
    assert_eq!((after.len(), &after[0]), (2, &theirs));
    assert_eq!(after[1].last_probe_time, after[1].last_transition_time);
}
