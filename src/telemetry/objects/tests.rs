//! Which series do objects have, and how much is written in one go?

use serde_json::{Value, json};

use super::*;

fn run(name: &str, spec: Value, status: Value) -> Arc<SidecarJob> {
    let mut wire = json!({
        "metadata": {"namespace": "ns", "name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"template": {}}, "status": status
    });
    for (key, value) in spec.as_object().expect("an object") {
        wire["spec"][key] = value.clone();
    }
    Arc::new(serde_json::from_value(wire).expect("a SidecarJob"))
}

fn schedule(name: &str, spec: Value, status: Value) -> Arc<SidecarCronJob> {
    let mut wire = json!({
        "metadata": {"namespace": "ns", "name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"jobTemplate": {"spec": {"template": {}}}}, "status": status
    });
    for (key, value) in spec.as_object().expect("an object") {
        wire["spec"][key] = value.clone();
    }
    Arc::new(serde_json::from_value(wire).expect("a SidecarCronJob"))
}

fn condition(type_: &str, reason: &str) -> Value {
    json!({"type": type_, "status": "True", "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

/// The series without the labels that all have, of metrics with these names.
fn series(runs: Vec<Arc<SidecarJob>>, schedules: Vec<Arc<SidecarCronJob>>, about: &[&str]) -> Vec<String> {
    let text: String = pieces(runs, schedules, &[]).collect();
    let of = |line: &&str| about.iter().any(|name| line.starts_with(&format!("{name}{{")));
    let short = |line: &str| line.replace("namespace=\"ns\",name=\"a\"", "").replace("{,", "{").replace("{}", "");
    text.lines().filter(of).map(short).collect()
}

#[test]
fn a_run_that_goes_on_says_where_its_pods_are_and_one_that_is_finished_how_it_ended() {
    let on = json!({"active": 2, "ready": 1, "stopping": 1, "succeeded": 1, "failed": 0, "startTime": "2026-01-01T00:00:10Z"});
    let about =
        ["sidecarjob_status_active", "sidecarjob_status_ready", "sidecarjob_status_stopping", "sidecarjob_complete"];
    assert_eq!(
        series(vec![run("a", json!({}), on)], vec![], &about),
        ["sidecarjob_status_active 2", "sidecarjob_status_ready 1", "sidecarjob_status_stopping 1"]
    );
    let conditions = json!([condition("Complete", "CompletionsReached"), condition("Finished", "CompletionsReached")]);
    let done = json!({"active": 0, "ready": 0, "stopping": 0, "succeeded": 3, "conditions": conditions});
    assert_eq!(
        series(vec![run("a", json!({}), done)], vec![], &about),
        ["sidecarjob_status_active 0", "sidecarjob_complete{condition=\"true\"} 1"]
    );
}

#[test]
fn why_a_run_failed_waits_or_is_stalled_is_one_of_few_words() {
    for (conditions, want) in [
        (
            json!([condition("Failed", "DeadlineExceeded")]),
            "sidecarjob_failed{condition=\"true\",reason=\"DeadlineExceeded\"} 1",
        ),
        (json!([condition("Failed", "Somebodys")]), "sidecarjob_failed{condition=\"true\",reason=\"Other\"} 1"),
        (json!([condition("Waiting", "KubeletSilent")]), "sidecarjob_status_waiting{reason=\"KubeletSilent\"} 1"),
        (json!([condition("Stalled", "PodRefused")]), "sidecarjob_status_stalled{reason=\"PodRefused\"} 1"),
    ] {
        let about = ["sidecarjob_failed", "sidecarjob_status_waiting", "sidecarjob_status_stalled"];
        assert_eq!(series(vec![run("a", json!({}), json!({"conditions": conditions}))], vec![], &about), [want]);
    }
    let failed = json!({"conditions": [condition("Stalled", "BackoffLimitExceeded"), condition("Finished", "x")]});
    assert_eq!(series(vec![run("a", json!({}), failed)], vec![], &["sidecarjob_status_stalled"]), [""; 0]);
}

#[test]
fn the_spec_is_told_with_its_defaults() {
    let about =
        ["sidecarjob_spec_completions", "sidecarjob_spec_parallelism", "sidecarjob_spec_active_deadline_seconds"];
    for (spec, want) in [
        (json!({}), vec!["sidecarjob_spec_parallelism 1", "sidecarjob_spec_completions 1"]),
        (json!({"parallelism": 4}), vec!["sidecarjob_spec_parallelism 4"]),
        (
            json!({"completions": 3, "activeDeadlineSeconds": 60}),
            vec![
                "sidecarjob_spec_parallelism 1",
                "sidecarjob_spec_completions 3",
                "sidecarjob_spec_active_deadline_seconds 60",
            ],
        ),
    ] {
        assert_eq!(series(vec![run("a", spec.clone(), json!({}))], vec![], &about), want, "{spec}");
    }
}

#[test]
fn a_schedule_says_its_times_and_its_last_run() {
    let status = json!({
        "nextScheduleTime": "2026-01-01T02:00:00Z", "activeCount": 1, "missedRuns": 2, "lastResult": "Failed",
        "recentRuns": [
            {"name": "c", "result": "Active", "startTime": "2026-01-01T01:00:00Z"},
            {"name": "b", "result": "Failed", "startTime": "2026-01-01T00:00:00Z", "finishTime": "2026-01-01T00:00:42Z"},
        ],
        "conditions": [condition("Stalled", "JobRefused")]
    });
    let cron = schedule("a", json!({"schedule": "0 * * * *", "timeZone": "Europe/Berlin"}), status);
    let about = [
        "sidecarcronjob_info",
        "sidecarcronjob_next_schedule_time",
        "sidecarcronjob_status_active",
        "sidecarcronjob_status_missed_runs",
        "sidecarcronjob_status_last_run_succeeded",
        "sidecarcronjob_status_last_run_duration_seconds",
        "sidecarcronjob_status_stalled",
    ];
    assert_eq!(
        series(vec![], vec![cron], &about),
        [
            "sidecarcronjob_info{schedule=\"0 * * * *\",timezone=\"Europe/Berlin\",concurrency_policy=\"Allow\"} 1",
            "sidecarcronjob_next_schedule_time 1767232800",
            "sidecarcronjob_status_active 1",
            "sidecarcronjob_status_missed_runs 2",
            "sidecarcronjob_status_last_run_succeeded 0",
            "sidecarcronjob_status_last_run_duration_seconds 42",
            "sidecarcronjob_status_stalled{reason=\"JobRefused\"} 1",
        ]
    );
}

#[test]
fn no_text_of_a_tenant_breaks_a_line() {
    let cron = schedule("a", json!({"schedule": "a\"b\\c\nd"}), json!({}));
    assert_eq!(
        series(vec![], vec![cron], &["sidecarcronjob_info"]),
        ["sidecarcronjob_info{schedule=\"a\\\"b\\\\c\\nd\",timezone=\"UTC\",concurrency_policy=\"Allow\"} 1"]
    );
}

#[test]
fn the_runs_with_blocked_pods_are_named() {
    let pod =
        |name: &str, blocked| Draining { kind: crate::api::Kind::SidecarJob, run: ("ns".into(), name.into()), blocked };
    let draining = [pod("a", true), pod("b", false), pod("a", true)];
    let text: String = pieces(vec![], vec![], &draining).collect();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("sidecarjob_status_blocked{")).collect();
    assert_eq!(lines, ["sidecarjob_status_blocked{namespace=\"ns\",name=\"a\"} 2"]);
}

#[test]
fn all_series_of_a_metric_stand_together_and_no_piece_has_more_than_some_objects() {
    let runs: Vec<_> = (0..1_000).map(|n| run(&format!("run-{n}"), json!({}), json!({"active": 1}))).collect();
    let pieces: Vec<String> = pieces(runs, vec![], &[]).collect();
    let most = pieces.iter().map(|piece| piece.lines().filter(|line| !line.starts_with('#')).count()).max();
    assert_eq!(most, Some(AT_ONCE));
    let text = pieces.concat();
    let names = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('{').next());
    let mut blocks: Vec<&str> = names.collect();
    blocks.dedup();
    let mut once = blocks.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(blocks.len(), once.len(), "each metric is one block");
    assert_eq!(text.lines().filter(|line| line.starts_with("sidecarjob_status_active{")).count(), 1_000);
}
