//! Has each query of the dashboard data? A real Prometheus scrapes a real controller, under which a run of each kind ran.

use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kube::api::{Api, DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::Value;

use crate::picture;
use crate::prometheus::{Prometheus, free_port, get, values};
use crate::support::{World, world};
use crate::tools::{promtool, root, words};

/// Queries that have no data here, and why that is right. A query of this list that has data fails the test, too.
const EMPTY: [(&str, &str); 0] = [];

/// What promtool says of names that are those of the built-in Job controller, so that its dashboards work with ours.
const NOT_OURS: &str = "job_finished_indexes_total";

/// A panel of the dashboard.
pub struct Panel {
    pub title: String,
    pub kind: String,
    /// Legend and query.
    pub queries: Vec<(String, String)>,
}

/// All panels with queries, the variables filled in.
pub fn panels() -> Vec<Panel> {
    let text = std::fs::read_to_string(root().join("config/monitoring/dashboard.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let fill = |expr: &str| expr.replace("$namespace", ".*").replace("$__rate_interval", "30s");
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let panels = dashboard["panels"].as_array().expect("panels").iter().filter(|panel| panel["type"] != "row");
    let panels = panels.map(|panel| Panel {
        title: words(&panel["title"]),
        kind: words(&panel["type"]),
        queries: panel["targets"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|target| (words(&target["legendFormat"]), fill(&words(&target["expr"]))))
            .collect(),
    });
    panels.collect()
}

pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

fn run(name: &str, spec: &str, main: &str, side: &str) -> String {
    format!(
        r#"
apiVersion: sidecarjob.dev/v1alpha1
kind: SidecarJob
metadata: {{name: {name}}}
spec:
  backoffLimit: 0
  sidecars: [{{name: side}}]
{spec}
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 12
      containers:
      - {{name: main, image: "busybox:1.37", command: [sh, -c, "{main}"]}}
      - {{name: side, image: "busybox:1.37", command: [sh, -c, "{side}"]}}
"#
    )
}

/// A sidecar that stops when it is told, and one that does not.
const HEARS: &str = "trap 'exit 0' TERM; while :; do sleep 0.2; done";
const DEAF: &str = "trap '' TERM; while :; do sleep 1; done";

async fn create(w: &World, group: &str, version: &str, kind: &str, yaml: &str) {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let object: DynamicObject = serde_saphyr::from_str(yaml).expect("YAML");
    let api: Api<DynamicObject> = Api::namespaced_with(w.client.clone(), &w.namespace, &resource);
    api.create(&PostParams::default(), &object).await.expect("created");
}

/// A run of each kind: Complete, Failed, with a sidecar that the kubelet has to kill, a Job, and a schedule with these times.
async fn runs_of_each_kind(w: &World, when: &str) {
    w.apply(&run("complete", "", "sleep 1", HEARS)).await;
    w.apply(&run("failed", "", "exit 3", HEARS)).await;
    w.apply(&run("deaf", "  sidecarMode: Managed", "sleep 1", DEAF)).await;
    let job = run("job", "", "sleep 1", HEARS)
        .replace("sidecarjob.dev/v1alpha1", "batch/v1")
        .replace("SidecarJob", "Job")
        .replace("{name: job}", "{name: job, annotations: {sidecarjob.dev/sidecars: side}}")
        .replace("  sidecars: [{name: side}]", "  managedBy: sidecarjob.dev/controller");
    create(w, "batch", "v1", "Job", &job).await;
    let template = run("x", "", "sleep 1", HEARS);
    let (_, spec) = template.split_once("spec:\n").expect("a spec");
    let spec: String = spec.lines().map(|line| format!("    {line}\n")).collect();
    let schedule = format!(
        "apiVersion: sidecarjob.dev/v1alpha1\nkind: SidecarCronJob\nmetadata: {{name: report}}\nspec:\n  schedule: \"{when}\"\n  \
         jobTemplate:\n    spec:\n{spec}"
    );
    create(w, "sidecarjob.dev", "v1alpha1", "SidecarCronJob", &schedule).await;
    run_now(w, "report");
}

/// Starts a run of that schedule.
fn run_now(w: &World, schedule: &str) {
    let args = ["cron", "run", schedule, "--namespace", &w.namespace];
    let out = Command::new(env!("CARGO_BIN_EXE_sidecarjob")).args(args).output().expect("it runs");
    assert!(out.status.success(), "{}", words(&out));
}

/// Until Prometheus has what each of them leaves.
async fn all_is_scraped(w: &World, prometheus: &Prometheus) {
    for expr in [
        "sidecarjob_complete{name=\"complete\"}",
        "sidecarjob_failed{name=\"failed\"}",
        "sidecarjob_sidecar_stops_total{kind=\"SidecarJob\",method=\"Deadline\",result=\"killed\"} > 0",
        "sidecarjob_sidecar_stops_total{kind=\"Job\",result=\"succeeded\"} > 0",
        "job_controller_jobs_finished_total",
        "sidecarcronjob_status_last_run_succeeded > 0",
        "sidecarjob_sidecar_stop_duration_seconds_count{kind=\"SidecarJob\",method=\"Native\"} > 0",
        "sidecarjob_controller_jobs_finished_total{result=\"succeeded\"} > 0",
    ] {
        prometheus.until(expr).await;
    }
    // The first observation begins a series; the next one is an increase, for as long as a query looks back.
    w.apply(&run("again", "", "sleep 1", HEARS)).await;
    for expr in [
        "increase(sidecarjob_sidecar_stop_duration_seconds_count{kind=\"SidecarJob\",method=\"Native\"}[30s]) > 0",
        "increase(sidecarjob_controller_jobs_finished_total{result=\"succeeded\"}[30s]) > 0",
    ] {
        prometheus.until(expr).await;
    }
}

#[tokio::test]
#[ignore = "needs a cluster: run make test"]
async fn each_query_of_the_dashboard_has_data_of_a_real_controller() {
    let port = free_port();
    let address = format!("--bind-address=127.0.0.1:{port}");
    world("dashboard", &[&address], |w| async move {
        let (prometheus, begin) = (Prometheus::start(port).await, now());
        prometheus.until("sidecarjob_controller_leading > 0").await;
        let is_picture = std::env::var_os("UPDATE_PICTURE").is_some();
        runs_of_each_kind(&w, if is_picture { "* * * * *" } else { "0 * * * *" }).await;
        all_is_scraped(&w, &prometheus).await;
        if is_picture {
            more_runs(&w).await;
        }
        the_metrics_are_as_promtool_wants_them(port);
        each_query_has_data(&prometheus, begin).await;
        the_rules_are_evaluated_without_an_error(&prometheus);
        if is_picture {
            picture::write(&prometheus, &panels(), (begin, now()));
        }
    })
    .await;
}

/// For a picture of some minutes.
async fn more_runs(w: &World) {
    for n in 0..12 {
        let main = format!("sleep {}; exit {}", 2 + n % 5 * 3, i32::from(n % 4 == 3));
        w.apply(&run(&format!("etl-{n}"), "", &main, if n % 5 == 4 { DEAF } else { HEARS })).await;
        tokio::time::sleep(Duration::from_secs(15)).await; // the pace of the picture
    }
}

/// `promtool check metrics` on the real text.
fn the_metrics_are_as_promtool_wants_them(port: u16) {
    let answer = get(port, "/metrics").expect("an answer");
    let (_, text) = answer.split_once("\r\n\r\n").expect("a body");
    let out = words(&promtool(&["check", "metrics"], text));
    let wrong: Vec<&str> = out.lines().filter(|line| !line.trim().is_empty() && !line.contains(NOT_OURS)).collect();
    assert_eq!(wrong, [""; 0], "promtool check metrics");
}

/// What is wrong with the answer to a query of this panel, if anything is.
fn wrong(prometheus: &Prometheus, panel: &Panel, expr: &str, begin: f64) -> Option<String> {
    let range = (panel.kind != "stat" && panel.kind != "table").then(|| (begin, now(), 1.0));
    let may_be_empty = EMPTY.iter().any(|(known, _)| *known == expr);
    match prometheus.query(expr, range) {
        Err(error) => Some(format!("{}: {expr}: {error}", panel.title)),
        Ok(series) if series.iter().all(|series| values(series).is_empty()) != may_be_empty => {
            Some(format!("{}: {expr}: {} series", panel.title, series.len()))
        }
        Ok(_) => None,
    }
}

/// Each query has data once. A range query has those of a moment ago only with its next step.
async fn each_query_has_data(prometheus: &Prometheus, begin: f64) {
    let panels = panels();
    let all = panels.iter().flat_map(|panel| panel.queries.iter().map(move |(_, expr)| (panel, expr.as_str())));
    let mut all: Vec<_> = all.collect();
    assert!(all.len() > 30, "the queries were found: {}", all.len());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answers = all.iter().map(|query| (*query, wrong(prometheus, query.0, query.1, begin)));
        let (rest, why): (Vec<_>, Vec<_>) = answers.filter_map(|(query, wrong)| Some((query, wrong?))).unzip();
        if rest.is_empty() {
            return;
        }
        let words = "without data, or with data against the list of exceptions";
        assert!(Instant::now() < deadline, "{words}:\n{}", why.join("\n"));
        all = rest;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn the_rules_are_evaluated_without_an_error(prometheus: &Prometheus) {
    let answer = prometheus.json("/api/v1/rules").expect("an answer");
    let groups = answer["data"]["groups"].as_array().expect("groups").iter();
    let rules: Vec<&Value> = groups.flat_map(|group| group["rules"].as_array().expect("rules")).collect();
    assert!(rules.len() > 10, "the rules were found");
    for rule in rules {
        assert_ne!(rule["health"], "err", "{rule}");
    }
}
