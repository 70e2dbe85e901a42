//! Does each alert fire when it should, and not otherwise?

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::tools::{folder, promtool, root, rules, words, yaml};

/// Writes the rules and their tests where promtool reads them.
fn written(name: &str, change: impl Fn(&mut Value)) -> std::path::PathBuf {
    let folder = folder(name);
    std::fs::write(folder.join("rules.json"), rules(change).to_string()).expect("written");
    std::fs::copy(root().join("tests/monitoring/rules.test.yaml"), folder.join("rules.test.yaml")).expect("copied");
    folder
}

fn description_alone(alert: &mut Value) {
    alert["annotations"] = json!({"description": alert["annotations"]["description"]});
}

#[test]
#[ignore = "needs promtool: run make test"]
fn each_alert_fires_when_it_should_and_not_otherwise() {
    let folder = written("rules", description_alone);
    let file = |name: &str| folder.join(name).display().to_string();
    for args in [["check", "rules", &file("rules.json")], ["test", "rules", &file("rules.test.yaml")]] {
        let out = promtool(&args, "");
        assert!(out.status.success(), "promtool {args:?}:\n{}", words(&out));
    }
    std::fs::remove_dir_all(folder).expect("removed");
}

/// So that the test above can fail.
#[test]
#[ignore = "needs promtool: run make test"]
fn an_alert_that_fires_too_early_fails_its_test() {
    let folder = written("early", |alert| {
        description_alone(alert);
        alert["for"] = json!("0s");
    });
    let out = promtool(&["test", "rules", &folder.join("rules.test.yaml").display().to_string()], "");
    assert!(!out.status.success(), "{}", words(&out));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn each_alert_has_a_test_that_it_fires_and_one_that_it_does_not() {
    let tests = yaml("tests/monitoring/rules.test.yaml");
    let mut fires: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for case in tests["tests"].as_array().expect("tests").iter().flat_map(|t| t["alert_rule_test"].as_array()).flatten()
    {
        let name = case["alertname"].as_str().expect("a name");
        fires.entry(name).or_default().insert(case["exp_alerts"].is_array());
    }
    let alerts = alerts();
    assert_eq!(fires.keys().map(ToString::to_string).collect::<BTreeSet<_>>(), alerts.keys().cloned().collect());
    let half: Vec<_> = fires.iter().filter(|(_, both)| both.len() < 2).collect();
    assert!(half.is_empty(), "tested only in one way: {half:?}");
}

/// The alerts by name.
fn alerts() -> BTreeMap<String, Value> {
    let spec = rules(|_| {});
    let groups = spec["groups"].as_array().expect("groups").iter();
    let all = groups.flat_map(|group| group["rules"].as_array().expect("rules"));
    all.map(|alert| (alert["alert"].as_str().expect("a name").to_owned(), alert.clone())).collect()
}

#[test]
fn each_alert_says_what_happened_what_it_means_and_what_to_do_and_the_page_lists_it() {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).expect("the page");
    let listed: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `SidecarJob").or(line.strip_prefix("| `SidecarCronJob")))
        .collect();
    let alerts = alerts();
    assert!(alerts.len() > 10, "the alerts were found");
    for (name, alert) in &alerts {
        for part in ["summary", "description", "runbook"] {
            assert!(alert["annotations"][part].as_str().is_some_and(|text| text.len() > 15), "{name}: {part}");
        }
        let severity = alert["labels"]["severity"].as_str().unwrap_or_default();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        let row = format!("| `{name}` | {severity} |");
        assert!(page.contains(&row), "docs/metrics.md has no row that begins with {row}");
    }
    assert_eq!(listed.len(), alerts.len(), "docs/metrics.md lists an alert that is not there: {listed:?}");
}

/// The rule that docs/metrics.md gives to users of the kubernetes-mixin.
#[test]
#[ignore = "needs promtool: run make test"]
fn with_the_rule_of_the_page_a_pod_that_drains_does_not_page_anybody() {
    let page = std::fs::read_to_string(root().join("docs/metrics.md")).expect("the page");
    let expr =
        page.split("```promql\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the rule of the page");
    let owner = |pod: &str, kind: &str| {
        json!({
            "series": format!("kube_pod_owner{{job=\"kube-state-metrics\",namespace=\"ns\",pod=\"{pod}\",owner_kind=\"{kind}\"}}"),
            "values": "1+0x30"
        })
    };
    let pending = |pod: &str| {
        json!({
            "series": format!("kube_pod_status_phase{{job=\"kube-state-metrics\",namespace=\"ns\",pod=\"{pod}\",phase=\"Pending\"}}"),
            "values": "1+0x30"
        })
    };
    let rules =
        json!({"groups": [{"name": "mixin", "rules": [{"alert": "KubePodNotReady", "expr": expr, "for": "15m"}]}]});
    let pods = [("run", "SidecarJob"), ("job", "Job"), ("app", "ReplicaSet")];
    let series: Vec<Value> = pods.iter().flat_map(|(pod, kind)| [owner(pod, kind), pending(pod)]).collect();
    let fires = json!([{"exp_labels": {"namespace": "ns", "pod": "app"}}]);
    let test = json!({"rule_files": ["rules.json"], "tests": [{"interval": "1m", "input_series": series,
        "alert_rule_test": [{"eval_time": "20m", "alertname": "KubePodNotReady", "exp_alerts": fires}]}]});
    let folder = folder("mixin");
    std::fs::write(folder.join("rules.json"), rules.to_string()).expect("written");
    std::fs::write(folder.join("test.json"), test.to_string()).expect("written");
    let out = promtool(&["test", "rules", &folder.join("test.json").display().to_string()], "");
    assert!(out.status.success(), "{}", words(&out));
    std::fs::remove_dir_all(folder).expect("removed");
}
