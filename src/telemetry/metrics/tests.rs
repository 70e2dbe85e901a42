//! What do the metrics count, and under which names?

use super::*;
use crate::telemetry::words::WORDS;

fn counted(kind: Kind, succeeded: u32, failed: u32) -> Counted {
    Counted { kind, succeeded, failed, ..Counted::default() }
}

fn assert_has(metrics: &Metrics, lines: &[&str]) {
    let text = metrics.encode();
    for line in lines {
        assert!(text.lines().any(|l| l == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_status_write_counts_what_it_says_anew() {
    let metrics = Metrics::default();
    let at = |succeeded, failed| counted(Kind::SidecarJob, succeeded, failed);
    let end = || Counted { end: Some(("succeeded", "CompletionsReached".into())), ..at(3, 2) };
    metrics.status_written(&at(0, 0), &at(0, 2));
    metrics.status_written(&at(0, 2), &end());
    metrics.status_written(&end(), &end());
    assert_has(
        &metrics,
        &[
            "sidecarjob_controller_job_pods_finished_total{completion_mode=\"NonIndexed\",result=\"succeeded\"} 3",
            "sidecarjob_controller_job_pods_finished_total{completion_mode=\"NonIndexed\",result=\"failed\"} 2",
            "sidecarjob_controller_jobs_finished_total{completion_mode=\"NonIndexed\",result=\"succeeded\",reason=\"CompletionsReached\"} 1",
            "sidecarjob_controller_status_writes_total 3",
            "# EOF",
        ],
    );
}

#[test]
fn jobs_are_counted_under_the_names_of_the_built_in_controller() {
    let metrics = Metrics::default();
    let indexed = |completed_indexes, failed_indexes| Counted {
        indexed: true,
        per_index: true,
        completed_indexes,
        failed_indexes,
        ..counted(Kind::Job, completed_indexes, 0)
    };
    metrics.status_written(&indexed(5, 0), &indexed(2, 0));
    metrics.status_written(&indexed(2, 0), &indexed(4, 1));
    metrics.pod_created(Kind::Job, "new", true);
    metrics.failures_handled(Kind::Job, ["Ignore", "Ignore"]);
    metrics.tracking_finalizer(true);
    metrics.synced(Kind::Job, true, "tracking", true, Duration::from_millis(3));
    assert_has(
        &metrics,
        &[
            "job_controller_job_pods_finished_total{completion_mode=\"Indexed\",result=\"succeeded\"} 2",
            "job_controller_job_finished_indexes_total{status=\"succeeded\",backoffLimit=\"perIndex\"} 2",
            "job_controller_job_finished_indexes_total{status=\"failed\",backoffLimit=\"perIndex\"} 1",
            "job_controller_job_pods_creation_total{reason=\"new\",status=\"succeeded\"} 1",
            "job_controller_pod_failures_handled_by_failure_policy_total{action=\"Ignore\"} 2",
            "job_controller_terminated_pods_tracking_finalizer_total{event=\"add\"} 1",
            "job_controller_job_syncs_total{completion_mode=\"Indexed\",action=\"tracking\",result=\"success\"} 1",
        ],
    );
}

#[test]
fn names_that_tenants_choose_make_a_bounded_number_of_series() {
    let metrics = Metrics::default();
    for n in 0..1_000 {
        metrics.managed_by_others(Kind::Job, &format!("example.com/{n}"));
        metrics.managed_by_others(Kind::Job, "example.com/0");
        let end = Counted { end: Some(("failed", format!("Reason{n}"))), ..Counted::default() };
        metrics.status_written(&Counted::default(), &end);
    }
    let text = metrics.encode();
    for (family, other) in [
        ("job_controller_jobs_by_external_controller_total{", 980),
        ("sidecarjob_controller_jobs_finished_total{", 980),
    ] {
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(family)).collect();
        assert_eq!(lines.len(), WORDS + 1, "{lines:#?}");
        assert!(lines.iter().any(|line| line.ends_with(&format!("\"other\"}} {other}"))), "{lines:#?}");
    }
    let known = "job_controller_jobs_by_external_controller_total{controller_name=\"example.com/0\"} 1001";
    assert_has(&metrics, &[known]);
}
