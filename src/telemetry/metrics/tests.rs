//! What do the metrics count, and under which names?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::api::{SidecarCronJob, SidecarJob};
use crate::telemetry::in_view::Draining;
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

/// Objects of which each series is there.
#[derive(Debug)]
struct One;

impl InView for One {
    fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("SidecarJob", 1), ("Job", 1), ("SidecarCronJob", 1)]
    }

    fn runs(&self) -> Vec<Arc<SidecarJob>> {
        let condition = |type_: &str| {
            json!({
                "type": type_, "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"
            })
        };
        let time = "2026-01-01T00:00:00Z";
        let owner = json!({"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u", "controller": true});
        let wire = |conditions: Value| {
            json!({
                "metadata": {"namespace": "ns", "name": "a", "creationTimestamp": time, "ownerReferences": [owner]},
                "spec": {"template": {}, "completions": 1, "activeDeadlineSeconds": 1},
                "status": {
                    "active": 1, "ready": 1, "stopping": 1, "terminating": 1, "succeeded": 1, "failed": 1, "startTime": time,
                    "mainFinishedTime": time, "completionTime": time, "retries": {"used": 1}, "conditions": conditions
                }
            })
        };
        let all = [["Waiting", "Stalled"], ["Complete", "Failed"]].map(|types| json!(types.map(condition)));
        all.map(|conditions| Arc::new(serde_json::from_value(wire(conditions)).expect("a SidecarJob"))).into()
    }

    fn schedules(&self) -> Vec<Arc<SidecarCronJob>> {
        let time = "2026-01-01T00:00:00Z";
        let stalled =
            json!({"type": "Stalled", "status": "True", "reason": "R", "message": "", "lastTransitionTime": time});
        let wire = json!({
            "metadata": {"namespace": "ns", "name": "a", "creationTimestamp": time},
            "spec": {"schedule": "* * * * *", "startingDeadlineSeconds": 1, "jobTemplate": {"spec": {"template": {}}}},
            "status": {
                "nextScheduleTime": time, "lastScheduleTime": time, "lastSuccessfulTime": time, "lastFailureTime": time,
                "lastMissedTime": time, "lastResult": "Complete", "conditions": [stalled],
                "recentRuns": [{"name": "r", "startTime": time, "finishTime": time, "result": "Complete"}]
            }
        });
        vec![Arc::new(serde_json::from_value(wire).expect("a SidecarCronJob"))]
    }

    fn draining(&self) -> Vec<Draining> {
        vec![Draining { kind: Kind::SidecarJob, run: ("ns".into(), "a".into()), blocked: true }]
    }
}

/// A scrape in which each metric has a series.
fn everything() -> String {
    let metrics = Metrics::default();
    metrics.shows(Arc::new(One));
    metrics.managed_by_others(Kind::Job, "somebody");
    metrics.tracking_finalizer(true);
    for kind in Kind::ALL {
        let end = Counted {
            kind,
            indexed: true,
            completed_indexes: 1,
            end: Some(("succeeded", "CompletionsReached".into())),
            ..Counted::default()
        };
        metrics.status_written(&Counted { kind, ..Counted::default() }, &end);
        metrics.synced(kind, false, "tracking", true, Duration::ZERO);
        metrics.pod_created(kind, "new", true);
        metrics.failures_handled(kind, ["Ignore"]);
        metrics.of_pods().main_done(kind, true, 1.0);
        metrics.of_pods().sidecars_done(kind, "Native", 1.0);
    }
    metrics.pieces(Form::Prometheus).collect()
}

type Listed = BTreeMap<String, (String, BTreeSet<String>)>;

/// Each metric of a text with its type and its labels.
fn exposed(text: &str) -> Listed {
    let mut all = Listed::new();
    for line in text.lines() {
        if let Some((name, type_)) = line.strip_prefix("# TYPE ").and_then(|about| about.split_once(' ')) {
            all.insert(name.to_owned(), (type_.to_owned(), BTreeSet::new()));
        } else if !line.starts_with('#') {
            let (name, rest) = line.split_once(['{', ' ']).expect("a series");
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|f| all.contains_key(*f));
            let labels =
                rest.split_once('}').map_or("", |(labels, _)| labels).split("\",").filter_map(|l| l.split_once("=\""));
            let labels = labels.map(|(label, _)| label.to_owned()).filter(|label| label != "le");
            all.get_mut(family.unwrap_or(name)).unwrap_or_else(|| panic!("{line}: no TYPE")).1.extend(labels);
        }
    }
    all
}

/// Each row of the page's tables of metrics.
fn listed(page: &str) -> Listed {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].strip_prefix('`')?.strip_suffix('`')?;
        let is_type = ["counter", "gauge", "histogram"].contains(cells.get(1)?);
        let labels = cells.get(2)?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        is_type.then(|| (name.to_owned(), (cells[1].to_owned(), labels)))
    });
    rows.collect()
}

#[test]
fn the_page_lists_each_metric_with_its_type_and_labels_and_no_other() {
    let page = include_str!("../../../docs/metrics.md");
    let (exposed, listed) = (exposed(&everything()), listed(page));
    assert!(exposed.len() > 60, "the metrics were found: {}", exposed.len());
    let differing: Vec<_> = exposed.iter().filter(|(name, about)| listed.get(*name) != Some(about)).collect();
    assert!(differing.is_empty(), "docs/metrics.md does not have, or has otherwise: {differing:#?}");
    let too_many: Vec<_> = listed.keys().filter(|name| !exposed.contains_key(*name)).collect();
    assert!(too_many.is_empty(), "docs/metrics.md has, and no scrape shows: {too_many:?}");
}

#[test]
fn both_forms_of_a_scrape_have_the_series_of_each_object_and_only_the_newer_one_has_an_end() {
    let metrics = Metrics::default();
    metrics.shows(Arc::new(One));
    for (form, end) in [(Form::OpenMetrics, true), (Form::Prometheus, false)] {
        let text: String = metrics.pieces(form).collect();
        assert!(text.contains("sidecarcronjob_created{namespace=\"ns\",name=\"a\"} 1767225600"), "{text}");
        assert_eq!((text.ends_with("# EOF\n"), text.matches("# EOF").count()), (end, usize::from(end)));
    }
}

#[test]
fn a_process_that_stands_by_says_so_and_has_no_objects() {
    let metrics = Metrics::default();
    assert_has(&metrics, &["sidecarjob_controller_leading 0", "sidecarjob_controller_per_object_metrics 0"]);
    assert!(!metrics.encode().contains("sidecarjob_info"));
    metrics.leads();
    metrics.shows(Arc::new(One));
    assert_has(
        &metrics,
        &[
            "sidecarjob_controller_leading 1",
            "sidecarjob_controller_per_object_metrics 1",
            "sidecarjob_controller_objects{kind=\"SidecarJob\"} 1",
            "sidecarjob_pods_stopping{kind=\"SidecarJob\"} 1",
            "sidecarjob_pods_blocked{kind=\"SidecarJob\"} 1",
            "sidecarjob_pods_blocked{kind=\"Job\"} 0",
        ],
    );
}

#[test]
fn counters_with_few_words_begin_with_zero_so_that_the_first_increase_is_seen() {
    assert_has(
        &Metrics::default(),
        &[
            "sidecarjob_sidecar_stops_total{kind=\"SidecarJob\",method=\"Native\",result=\"killed\"} 0",
            "sidecarjob_controller_events_dropped_total{why=\"failed\"} 0",
            "sidecarjob_controller_schedule_syncs_total{result=\"error\"} 0",
        ],
    );
}
