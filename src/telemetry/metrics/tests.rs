//! What is counted, and under which name.

use super::*;
use crate::api::SidecarJobStatus;

fn job(succeeded: i32, failed: i32, end: Option<(&str, &str)>) -> SidecarJob {
    let conditions = end.map(|(type_, reason)| {
        serde_json::from_value(serde_json::json!({
            "type": type_, "status": "True", "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"
        }))
        .unwrap()
    });
    let status = SidecarJobStatus {
        succeeded: Some(succeeded),
        failed: Some(failed),
        conditions: conditions.into_iter().collect(),
        ..SidecarJobStatus::default()
    };
    SidecarJob { status: Some(status), ..SidecarJob::default() }
}

#[test]
fn a_status_write_counts_what_it_says_anew() {
    let metrics = Metrics::default();
    metrics.status_written(&job(0, 0, None), &job(0, 2, None));
    metrics.status_written(&job(0, 2, None), &job(3, 2, Some(("Complete", "CompletionsReached"))));
    metrics.status_written(
        &job(3, 2, Some(("Complete", "CompletionsReached"))),
        &job(3, 2, Some(("Complete", "CompletionsReached"))),
    );
    let text = metrics.encode();
    for line in [
        "sidecarjob_controller_pods_finished_total{result=\"succeeded\"} 3",
        "sidecarjob_controller_pods_finished_total{result=\"failed\"} 2",
        "sidecarjob_controller_jobs_finished_total{result=\"succeeded\",reason=\"CompletionsReached\"} 1",
        "sidecarjob_controller_status_writes_total 3",
        "# EOF",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}
